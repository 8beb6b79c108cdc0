"""LookupEvents: the events of the last 90 days, as CloudTrail's event history gives them. And that there are no trails.

An account needs no trail for its event history, and here it has none (decision 78).
Source: CloudTrail API Reference, "LookupEvents", "DescribeTrails", "GetTrailStatus"; CloudTrail User Guide, "Working
with CloudTrail event history"; requests and answers of 2026-09 (radkawar/stackd, cloudtrail/lookup_inputs.json and
owned_service_principal.json).
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from keytrail.call import Call, Reply
from keytrail.domain.arn import partition_of
from keytrail.errors import (
    CloudTrailARNInvalidException,
    InvalidEventCategoryException,
    InvalidLookupAttributesException,
    InvalidMaxResultsException,
    InvalidNextTokenException,
    InvalidTimeRangeException,
    InvalidTrailNameException,
    TrailNotFoundException,
)
from keytrail.operation import operation
from keytrail.trail import Query, StoredEvent, TimeAndNumber, time_and_number

ATTRIBUTE_KEYS = frozenset(
    {"EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource", "AccessKeyId"}
)
"""The attributes by which LookupEvents can filter."""

HISTORY = timedelta(days=90)
"""How far back LookupEvents goes."""

_MAX_RESULTS = 50
_MAX_VALUE_LENGTH = 2000
_SECOND = timedelta(seconds=1)
_SHORTEST_NAME, _LONGEST_NAME = 3, 128
_TRAIL_NAME = re.compile(r"[A-Za-z0-9._-]+")
_TRAIL_ARN = re.compile(r"arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:[0-9]{12}:trail/[A-Za-z0-9._-]{3,128}")


def _check_members(members: Mapping[str, object]) -> None:
    """Check the service model's constraints, for CloudTrail answers with errors of its own, not ValidationException."""
    # unverified: CloudTrail's words, and that it has no ValidationException for any of these; recorded are only the
    # codes for a ReadOnly that is neither true nor false, and for a StartTime in the future
    _check_attributes(members.get("LookupAttributes", ()))
    size = members.get("MaxResults", _MAX_RESULTS)
    if not isinstance(size, int) or not 1 <= size <= _MAX_RESULTS:
        raise InvalidMaxResultsException(f"MaxResults must be between 1 and {_MAX_RESULTS}; it is {size}.")
    start, end = members.get("StartTime"), members.get("EndTime")
    if isinstance(start, datetime) and isinstance(end, datetime) and start > end:
        raise InvalidTimeRangeException("The start time must not be after the end time.")
    if members.get("EventCategory", "insight") != "insight":
        raise InvalidEventCategoryException(f"{members['EventCategory']} is no event category; insight is one.")


def _check_attributes(attributes: object) -> None:
    assert isinstance(attributes, Sequence)
    if len(attributes) > 1:
        raise InvalidLookupAttributesException("You can specify at most one lookup attribute.")
    for attribute in attributes:
        key, value = attribute.get("AttributeKey"), attribute.get("AttributeValue")
        if key not in ATTRIBUTE_KEYS:
            raise InvalidLookupAttributesException(f"The lookup attribute key {key or 'null'} is not valid.")
        if value is None or not 1 <= len(value) <= _MAX_VALUE_LENGTH:
            raise InvalidLookupAttributesException(
                f"The value of the lookup attribute {key} must have 1 to {_MAX_VALUE_LENGTH} characters."
            )
        if key == "ReadOnly" and value not in ("true", "false"):
            raise InvalidLookupAttributesException("The value of the lookup attribute ReadOnly must be true or false.")


@operation(service="cloudtrail", authorization="*", modelled=False, rules=_check_members, quota=2)
def lookup_events(
    call: Call,
    *,
    lookup_attributes: Sequence[Mapping[str, str]] = (),
    start_time: datetime | None = None,
    end_time: datetime | None = None,
    event_category: str | None = None,
    max_results: int = _MAX_RESULTS,
    next_token: str | None = None,
) -> Reply:
    """List the matching events of the caller's account and Region, newest first."""
    if start_time is not None and start_time > call.now:
        raise InvalidTimeRangeException("The start time must not be in the future.")
    query = _query(call, lookup_attributes, start_time, end_time)
    digest = _digest(call, lookup_attributes, start_time, end_time, event_category)
    before = _position(digest, next_token) if next_token is not None else None
    if event_category is not None:
        return {"Events": []}  # there are no Insights events here: CloudTrail makes them of unusual rates over days
    stored = call.trail.lookup(query, before, max_results + 1)
    reply: dict[str, object] = {"Events": [_entry(each) for each in stored[:max_results]]}
    if len(stored) > max_results:
        reply["NextToken"] = _token(digest, time_and_number(stored[max_results - 1]))
    return reply


@operation(service="cloudtrail", authorization="*", quota=10)
def describe_trails(call: Call, *, trail_name_list: Sequence[str] = (), include_shadow_trails: bool = True) -> Reply:
    """List the trails of the account: there are none, whichever are asked for."""
    return {"trailList": []}


@operation(service="cloudtrail", authorization="in function", modelled=False, quota=10)
def get_trail_status(call: Call, *, name: str = "") -> Reply:
    """Refuse: the trail that is asked for is none of the account's."""
    arn = name if name.startswith("arn:") else _trail_arn(call, name)
    if not _TRAIL_ARN.fullmatch(arn):
        raise CloudTrailARNInvalidException(f"{name} is not a valid trail ARN.")
    call.authorize_on(arn, "cloudtrail:GetTrailStatus")
    raise TrailNotFoundException(f"Unknown trail: {arn} for the user: {call.account}")


def _trail_arn(call: Call, name: str) -> str:
    # unverified: codes and words; not in AWS's docs or issues, these are another emulator's (getmoto/moto)
    if len(name) < _SHORTEST_NAME:
        raise InvalidTrailNameException(
            f"Trail name too short. Minimum allowed length: {_SHORTEST_NAME} characters. "
            f"Specified name length: {len(name)} characters."
        )
    if len(name) > _LONGEST_NAME:
        raise InvalidTrailNameException(
            f"Trail name too long. Maximum allowed length: {_LONGEST_NAME} characters. "
            f"Specified name length: {len(name)} characters."
        )
    if not _TRAIL_NAME.fullmatch(name):
        raise InvalidTrailNameException(
            "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), "
            "hyphens (-), and underscores (_)."
        )
    return f"arn:{partition_of(call.region)}:cloudtrail:{call.region}:{call.account}:trail/{name}"


def _query(call: Call, attributes: Sequence[Mapping[str, str]], start: datetime | None, end: datetime | None) -> Query:
    since = call.now - HISTORY
    if start is not None:  # an event's time is a whole second, and both ends of the range are inclusive
        since = max(since, start if not start.microsecond else start.replace(microsecond=0) + _SECOND)
    until = min(end.replace(microsecond=0), datetime.max.replace(tzinfo=UTC) - _SECOND) + _SECOND if end else None
    delay = call.settings.trail_delay
    if delay:
        newest_shown = call.now - delay
        until = min(until, newest_shown) if until is not None else newest_shown
    attribute = (attributes[0]["AttributeKey"], attributes[0]["AttributeValue"]) if attributes else None
    return Query(account=call.account, region=call.region, attribute=attribute, since=since, until=until)


def _entry(stored: StoredEvent) -> dict[str, object]:
    event = stored.event
    entry: dict[str, object] = {
        "EventId": event.event_id,
        "EventName": event.name,
        "ReadOnly": "true" if event.read_only else "false",
        "EventTime": event.time.replace(microsecond=0),
        "EventSource": event.source,
        "Resources": [
            {"ResourceName": name} if kind is None else {"ResourceType": kind, "ResourceName": name}
            for name, kind in stored.listed
        ],
        "CloudTrailEvent": event.text(),
    }
    if event.username is not None:
        entry["Username"] = event.username
    if event.access_key_id is not None:
        entry["AccessKeyId"] = event.access_key_id
    return entry


def _digest(call: Call, *query: object) -> str:
    """A hash that differs between queries, so that a token works only for the query that it came from."""
    return hashlib.sha256(repr((call.account, call.region, *query)).encode()).hexdigest()


def _token(digest: str, position: TimeAndNumber) -> str:
    time, number = position
    place = f"{time.isoformat()}/{number}".encode().hex()
    return f"{hashlib.sha256(f'{digest}/{place}'.encode()).hexdigest()[:32]}{place}"


def _position(digest: str, token: str) -> TimeAndNumber:
    """Where a page begins. Raises InvalidNextTokenException for a token of another query."""
    try:
        time, _, number = bytes.fromhex(token[32:]).decode().partition("/")
        position = datetime.fromisoformat(time), int(number)
    except ValueError:
        position = None
    if position is None or _token(digest, position) != token:
        raise InvalidNextTokenException("The NextToken is not valid, or was given for another query.")
    return position
