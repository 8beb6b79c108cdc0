"""Fault rules as documents say them: in a seed, and to the control API."""

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from keytrail.domain.arn import is_alias, is_key_id
from keytrail.domain.fault import LONGEST_LATENCY, FaultRule, Latency
from keytrail.seeds.document import FaultMember, LatencyMember
from keytrail.seeds.parsing import SeedError, Wrong, convert

FaultCheck = Callable[[str, Collection[str], str | None], frozenset[str]]
"""Service, operations, error: the operations that a rule is about; ValueError for what a model does not have."""


_PARAMETERS: Mapping[str, tuple[str, str]] = {
    "uniform": ("Low", "High"),
    "normal": ("Mean", "Deviation"),
    "lognormal": ("Median", "Sigma"),
}
"""The members that a distribution needs; it may have no others."""


def read_rule(data: bytes, check: FaultCheck) -> FaultRule:
    """The rule that a JSON object is. Raises SeedError."""
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        example = '{"Operations": "Decrypt", "Count": 1, "Error": "KMSInternalException"}'
        raise SeedError([f"expected a JSON object such as {example}; {error}"]) from None
    problems: list[str] = []
    rule = read_fault(
        "", convert(document, FaultMember), check, lambda *wrong: problems.append(": ".join(filter(None, wrong)))
    )
    if rule is None:
        raise SeedError(problems)
    return rule


def read_fault(path: str, member: FaultMember, check: FaultCheck | None, wrong: Wrong) -> FaultRule | None:
    """The rule; None, if something is wrong with it."""
    problems: list[tuple[str, str]] = []
    operations = [member.operations] if isinstance(member.operations, str) else member.operations
    about: frozenset[str] = frozenset()
    try:
        if check is None:
            raise ValueError("no fault rules are taken here")
        about = check(member.service, operations, member.error)
    except ValueError as error:
        place, _, what = str(error).partition(": ")
        problems.append((f".{place}", what) if what else ("", place))
    name = member.key_id
    if name is not None and not (is_key_id(name.rpartition(":key/")[2]) or is_alias(name)):
        problems.append((".KeyId", f"expected the id or the ARN of a key, alias/... or the ARN of one; got {name!r}"))
    when = [name for name in ("Call", "Count", "Probability") if getattr(member, name.lower()) is not None]
    if len(when) > 1:
        problems.append((f".{when[1]}", f"a rule has one of Call, Count and Probability; drop it or {when[0]}"))
    ends = [name for name in ("Error", "Drop", "Truncate") if getattr(member, name.lower()) is not None]
    if len(ends) > 1:
        problems.append((f".{ends[1]}", f"a call has one end; make it a rule of its own, or drop {ends[0]}"))
    if not ends and member.latency is None:
        problems.append(("", "say what shall happen: Error, Latency, Drop or Truncate"))
    if member.message is not None and member.error is None:
        problems.append((".Message", "is the message of an error; give Error too"))
    latency = _latency(member.latency, problems) if member.latency is not None else None
    for place, what in problems:
        wrong(f"{path}{place}".lstrip("."), what)
    if problems:
        return None
    return FaultRule(
        service=member.service,
        operations=about,
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


def _latency(member: float | LatencyMember, problems: list[tuple[str, str]]) -> Latency | None:
    if not isinstance(member, LatencyMember):
        if not 0 <= member <= LONGEST_LATENCY:
            problems.append((".Latency", f"expected 0 to {LONGEST_LATENCY:.0f} milliseconds, got {member}"))
        return Latency("fixed", member)
    names = _PARAMETERS[member.distribution]
    given = {name: value for name in _NAMES if (value := getattr(member, name.lower())) is not None}
    if given.keys() != set(names):
        problems.append((".Latency", f"a {member.distribution} distribution has {names[0]} and {names[1]}, no others"))
        return None
    first, second = (given[name] for name in names)
    if not all(math.isfinite(value) and 0 <= value <= LONGEST_LATENCY for value in (first, second)):
        problems.append((".Latency", f"expected {names[0]} and {names[1]} from 0 to {LONGEST_LATENCY:.0f}"))
    elif member.distribution == "uniform" and first > second:
        problems.append((".Latency.Low", "is above High; exchange them"))
    return Latency(member.distribution, first, second)


_NAMES = [name for names in _PARAMETERS.values() for name in names]


def _written(member: FaultMember) -> dict[str, Any]:
    """The members that say something, under their names."""
    document: dict[str, Any] = msgspec.to_builtins(member)
    if isinstance(document.get("Latency"), dict):
        document["Latency"] = {name: value for name, value in document["Latency"].items() if value is not None}
    return {name: value for name, value in document.items() if value not in (None, [])}
