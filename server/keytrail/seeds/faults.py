"""Fault rules as documents say them: in a seed, and to the control API."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from keytrail.domain.arn import is_alias, is_key_id
from keytrail.domain.fault import LONGEST_LATENCY, FaultRule, Latency
from keytrail.seeds.decoding import convert
from keytrail.seeds.document import FaultMember, LatencyMember
from keytrail.seeds.error import SeedError
from keytrail.seeds.reader import SeedReader
from keytrail.wire import service_model

COMMON_ERRORS = ("AccessDeniedException", "InternalFailure", "ServiceUnavailable", "ThrottlingException")
"""Errors of every operation, which no model declares (AWS's "Common Errors")."""

_Problems = list[tuple[str, str]]
"""The members that are wrong, or nothing, each with what would be right."""

_PARAMETERS: Mapping[str, tuple[str, str]] = {
    "uniform": ("Low", "High"),
    "normal": ("Mean", "Deviation"),
    "lognormal": ("Median", "Sigma"),
}
"""The members that a distribution needs; it may have no others."""


def read_rule(data: bytes) -> FaultRule:
    """The rule that a JSON object is. Raises SeedError."""
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        example = '{"Operations": "Decrypt", "Count": 1, "Error": "KMSInternalException"}'
        raise SeedError([f"expected a JSON object such as {example}; {error}"]) from None
    rule, problems = _read(convert(document, FaultMember))
    if rule is None:
        raise SeedError(": ".join(filter(None, problem)) for problem in problems)
    return rule


def read_fault(path: str, member: FaultMember, reader: SeedReader) -> None:
    """Add a fault rule."""
    rule, problems = _read(member)
    for name, what in problems:
        reader.problem(f"{path}.{name}" if name else path, what)
    if rule is not None:
        reader.seed.faults.append(rule)


def _read(member: FaultMember) -> tuple[FaultRule | None, _Problems]:
    """The rule; None, and what is wrong with it, if it cannot be one."""
    problems: _Problems = []
    operations = _operations(member, problems)
    name = member.key_id
    if name is not None and not (is_key_id(name.rpartition(":key/")[2]) or is_alias(name)):
        problems.append(("KeyId", f"expected the id or the ARN of a key, alias/... or the ARN of one; got {name!r}"))
    when = [name for name in ("Call", "Count", "Probability") if getattr(member, name.lower()) is not None]
    if len(when) > 1:
        problems.append((f"{when[1]}", f"a rule has one of Call, Count and Probability; drop it or {when[0]}"))
    ends = [name for name in ("Error", "Drop", "Truncate") if getattr(member, name.lower()) is not None]
    if len(ends) > 1:
        problems.append((f"{ends[1]}", f"a call has one end; make it a rule of its own, or drop {ends[0]}"))
    if not ends and member.latency is None:
        problems.append(("", "say what shall happen: Error, Latency, Drop or Truncate"))
    if member.message is not None and member.error is None:
        problems.append(("Message", "is the message of an error; give Error too"))
    latency = _latency(member.latency, problems) if member.latency is not None else None
    if problems:
        return None, problems
    rule = FaultRule(
        service=member.service,
        operations=operations,
        key=member.key_id,
        account=member.account,
        region=member.region,
        call=member.call,
        count=member.count,
        probability=member.probability,
        seed=member.seed,
        error=member.error,
        message=member.message,
        latency=latency,
        drop=member.drop,
        truncate=member.truncate,
        written=_written(member),
    )
    return rule, []


def _operations(member: FaultMember, problems: _Problems) -> frozenset[str]:
    """The operations that the rule is about: those named, or all of the service, that can answer with its error."""
    service, error = member.service, member.error
    model = service_model.load(service).operations
    named = [member.operations] if isinstance(member.operations, str) else member.operations
    unknown = next((name for name in named if name not in model), None)
    if unknown is not None:
        problems.append(("Operations", f"{service} has no operation {unknown}; {_near(unknown, model)}"))
        return frozenset()
    if error is None:
        return frozenset(named or model)
    able = frozenset(name for name in named or model if error in (*model[name].errors, *COMMON_ERRORS))
    unable = sorted(set(named) - able)
    if unable or not able:
        where = unable[0] if unable else service
        declared = model[where].errors if unable else {code for each in model.values() for code in each.errors}
        near = _near(error, {*declared, *COMMON_ERRORS})
        problems.append(("Error", f"{where} does not answer {error}; {near}"))
    return able


def _near(name: str, known: Iterable[str]) -> str:
    import difflib  # only for a mistake: every start would wait for it

    known = sorted(known)
    near = difflib.get_close_matches(name, known, 1, 0.6)
    return f"did you mean {near[0]}?" if near else f"choose from {', '.join(known)}"


def _latency(member: float | LatencyMember, problems: _Problems) -> Latency | None:
    if not isinstance(member, LatencyMember):
        if not 0 <= member <= LONGEST_LATENCY:
            problems.append(("Latency", f"expected 0 to {LONGEST_LATENCY:.0f} milliseconds, got {member}"))
        return Latency("fixed", member)
    names = _PARAMETERS[member.distribution]
    given = {name: value for name in _NAMES if (value := getattr(member, name.lower())) is not None}
    if given.keys() != set(names):
        problems.append(("Latency", f"a {member.distribution} distribution has {names[0]} and {names[1]}, no others"))
        return None
    first, second = (given[name] for name in names)
    if not all(math.isfinite(value) and 0 <= value <= LONGEST_LATENCY for value in (first, second)):
        problems.append(("Latency", f"expected {names[0]} and {names[1]} from 0 to {LONGEST_LATENCY:.0f}"))
    elif member.distribution == "uniform" and first > second:
        problems.append(("Latency.Low", "is above High; exchange them"))
    return Latency(member.distribution, first, second)


_NAMES = [name for names in _PARAMETERS.values() for name in names]


def _written(member: FaultMember) -> dict[str, Any]:
    """The members that say something, under their names."""
    document: dict[str, Any] = msgspec.to_builtins(member)
    if isinstance(document.get("Latency"), dict):
        document["Latency"] = {name: value for name, value in document["Latency"].items() if value is not None}
    return {name: value for name, value in document.items() if value not in (None, [])}
