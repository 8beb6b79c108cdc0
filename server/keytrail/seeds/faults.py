"""Reading fault rules, from a seed and for the control API."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from keytrail.domain.arn import is_alias, is_key_id
from keytrail.domain.fault import LONGEST_LATENCY, FaultRule, Latency
from keytrail.operations import SERVICES
from keytrail.regions import region_problem
from keytrail.seeds.decoding import convert
from keytrail.seeds.error import SeedError
from keytrail.seeds.fault_members import FaultMember, LatencyMember
from keytrail.seeds.reader import SeedReader
from keytrail.settings import Settings
from keytrail.spelling import nearest

COMMON_ERRORS = ("AccessDeniedException", "InternalFailure", "ServiceUnavailable", "ThrottlingException")
"""Errors of every operation, which no service model declares. Source: KMS API Reference, "Common Errors"."""

_Problem = tuple[str, str]
"""The member that is wrong (empty for the whole rule), and the message."""

_PARAMETERS: Mapping[str, tuple[str, str]] = {
    "uniform": ("Low", "High"),
    "normal": ("Mean", "Deviation"),
    "lognormal": ("Median", "Sigma"),
}
"""By distribution: the members that it needs. It may have no others."""

_ALL_PARAMETERS = [name for names in _PARAMETERS.values() for name in names]


def read_rule(data: bytes, settings: Settings) -> FaultRule:
    """The rule in a JSON object. The settings say which Regions there are. Raises SeedError."""
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        example = '{"Operations": "Decrypt", "Count": 1, "Error": "KMSInternalException"}'
        raise SeedError([f"expected a JSON object such as {example}; {error}"]) from None
    member = convert(document, FaultMember)
    problems = list(_problems(member, settings))
    if problems:
        raise SeedError(": ".join(filter(None, problem)) for problem in problems)
    return _rule(member)


def read_fault(path: str, member: FaultMember, reader: SeedReader) -> None:
    """Add a fault rule."""
    problems = list(_problems(member, reader.settings))
    for name, message in problems:
        reader.add_problem(f"{path}.{name}" if name else path, message)
    if not problems:
        reader.seed.faults.append(_rule(member))


def _problems(member: FaultMember, settings: Settings) -> Iterator[_Problem]:
    """All that is wrong with a rule."""
    yield from _problems_of_operations(member)
    if member.region is not None and (problem := region_problem(member.region, settings.extra_regions)):
        yield "Region", problem
    name = member.key_id
    if name is not None and not (is_key_id(name.rpartition(":key/")[2]) or is_alias(name)):
        yield "KeyId", f"expected the id or the ARN of a key, alias/... or the ARN of one; got {name!r}"
    when = [name for name in ("Call", "Count", "Probability") if getattr(member, name.lower()) is not None]
    if len(when) > 1:
        yield when[1], f"a rule has one of Call, Count and Probability; leave out this or {when[0]}"
    ends = [name for name in ("Error", "Drop", "Truncate") if getattr(member, name.lower()) is not None]
    if len(ends) > 1:
        yield ends[1], f"a rule has one of Error, Drop and Truncate; leave out this or {ends[0]}"
    if not ends and member.latency is None:
        yield "", "a rule needs one of Error, Latency, Drop and Truncate"
    if member.hits > member.calls:
        yield "Hits", f"are more than the {member.calls} Calls; a rule strikes only calls that it is about"
    if member.message is not None and member.error is None:
        yield "Message", "is the message of an error; add Error"
    if member.latency is not None:
        yield from _problems_of_latency(member.latency)


def _rule(member: FaultMember) -> FaultRule:
    """The rule of a document without problems."""
    return FaultRule(
        service=member.service,
        operations=_operations(member),
        key=member.key_id,
        account=member.account,
        region=member.region,
        call=member.call,
        count=member.count,
        probability=member.probability,
        seed=member.seed,
        error=member.error,
        message=member.message,
        latency=_latency(member.latency) if member.latency is not None else None,
        drop=member.drop,
        truncate=member.truncate,
        calls=member.calls,
        hits=member.hits,
        document=_written(member),
    )


def _operations(member: FaultMember) -> frozenset[str]:
    """The operations that the rule is about: of those it names (by default all of the service) those with its error."""
    model, error = SERVICES[member.service].model.operations, member.error
    names = _named_operations(member) or model
    return frozenset(name for name in names if error is None or error in (*model[name].errors, *COMMON_ERRORS))


def _named_operations(member: FaultMember) -> list[str]:
    return [member.operations] if isinstance(member.operations, str) else member.operations


def _problems_of_operations(member: FaultMember) -> Iterator[_Problem]:
    service, error = member.service, member.error
    model, named = SERVICES[service].model.operations, _named_operations(member)
    unknown = next((name for name in named if name not in model), None)
    if unknown is not None:
        yield "Operations", f"{service} has no operation {unknown}; {_suggestion(unknown, model)}"
        return
    if error is None:
        return
    with_error = _operations(member)
    without_error = sorted(set(named) - with_error)
    if without_error or not with_error:
        place = without_error[0] if without_error else service
        declared = model[place].errors if without_error else {code for each in model.values() for code in each.errors}
        yield "Error", f"{place} does not answer {error}; {_suggestion(error, {*declared, *COMMON_ERRORS})}"


def _suggestion(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f"did you mean {near}?" if near else f"choose from {', '.join(sorted(known))}"


def _latency(member: float | LatencyMember) -> Latency:
    if not isinstance(member, LatencyMember):
        return Latency("fixed", member)
    first, second = (getattr(member, name.lower()) for name in _PARAMETERS[member.distribution])
    return Latency(member.distribution, first, second)


def _problems_of_latency(member: float | LatencyMember) -> Iterator[_Problem]:
    if not isinstance(member, LatencyMember):
        if not 0 <= member <= LONGEST_LATENCY:
            yield "Latency", f"expected 0 to {LONGEST_LATENCY:.0f} milliseconds, got {member}"
        return
    names = _PARAMETERS[member.distribution]
    sent = {name: value for name in _ALL_PARAMETERS if (value := getattr(member, name.lower())) is not None}
    if sent.keys() != set(names):
        yield "Latency", f"a {member.distribution} distribution has {names[0]} and {names[1]}, no others"
        return
    first, second = (sent[name] for name in names)
    if not all(math.isfinite(value) and 0 <= value <= LONGEST_LATENCY for value in (first, second)):
        yield "Latency", f"expected {names[0]} and {names[1]} from 0 to {LONGEST_LATENCY:.0f}"
    elif member.distribution == "uniform" and first > second:
        yield "Latency.Low", "is above High; exchange them"


def _written(member: FaultMember) -> dict[str, Any]:
    """The rule as it was written: its members by name, without those that are left out."""
    document: dict[str, Any] = msgspec.to_builtins(member)
    if isinstance(document.get("Latency"), dict):
        document["Latency"] = {name: value for name, value in document["Latency"].items() if value is not None}
    return {name: value for name, value in document.items() if value not in (None, [])}
