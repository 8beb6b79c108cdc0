"""Whether what a filter of events names exists. If not, no event would match, and a test of that would always pass."""

from collections.abc import Mapping
from functools import cache

from keytrail import errors
from keytrail.errors import AwsError
from keytrail.operations import SERVICES
from keytrail.spelling import suggestion
from keytrail.trail import SERVICE_EVENT_NAMES, Selection


def require_known(selection: Selection) -> None:
    """Raise ValueError if a selection's event name, event source or error code is none that an event can have."""
    _require_known_source(selection.event_source)
    if selection.event_name is not None:
        _require_known_name(selection.event_name, selection.event_source, called=selection.called)
    if selection.error_code is not None:
        _require_known_error_code(selection.error_code)


@cache
def _operations() -> Mapping[str, frozenset[str]]:
    """The names of the operations of each event source."""
    return {f"{service.name}.amazonaws.com": frozenset(service.operations) for service in SERVICES.values()}


@cache
def _error_codes() -> Mapping[str, str]:
    """The errorCode that CloudTrail has for each error, by the error's own code."""
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, AwsError)]
    return {each.code: each.trail_code for each in classes if each is not AwsError}


@cache
def _error_codes_of_ec2() -> frozenset[str]:
    """The errorCodes of EC2."""
    from keytrail.wire import ec2_query  # imported late, for a quicker start

    return frozenset(ec2_query.trail_codes())


def _require_known_source(source: str | None) -> None:
    if source is not None and source not in _operations():
        services = ", ".join(sorted(name.partition(".")[0] for name in _operations()))
        raise ValueError(f"there is no event source {source}; the services here are {services} (kms.amazonaws.com)")


def _require_known_name(name: str, source: str | None, *, called: bool) -> None:
    homes = [each for each, operations in _operations().items() if name in operations]
    if source is not None and homes and source not in homes:
        raise ValueError(f"{name} is an operation of {homes[0].partition('.')[0]}, not of {source.partition('.')[0]}")
    if homes or (name in SERVICE_EVENT_NAMES and not called):
        return
    if name in SERVICE_EVENT_NAMES:
        raise ValueError(f"{name} is what KMS does by itself, not a call: events(eventName={name!r}) has it")
    known = frozenset().union(*_operations().values()) if source is None else _operations()[source]
    bare = name.rpartition(":")[2]
    hint = suggestion(bare, known) or "; the names are AWS's, such as Decrypt"
    if bare in known:
        hint = f"; did you mean {bare}?"
    raise ValueError(f"there is no operation {name}{hint}")


def _require_known_error_code(code: str) -> None:
    codes = _error_codes()
    if code in codes.values() or code in _error_codes_of_ec2():
        return
    hint = f"; CloudTrail's code for it is {codes[code]}" if code in codes else suggestion(code, codes.values())
    raise ValueError(f"no event has the error code {code}{hint}")
