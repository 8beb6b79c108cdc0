"""Selection: which events a test wants, and which of the events' attributes narrows the search best."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from keytrail.settings import read_moment
from keytrail.spelling import suggestion
from keytrail.trail.event import RECORD_MEMBERS
from keytrail.trail.event_history import KEY, id_in
from keytrail.trail.stored_event import EventGroup, StoredEvent

SEEDED = "keytrail fixtures"
"""The userAgent of the past uses that a seed describes: nobody called them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The events that have all of these values; None allows any value.

    `since <= time < until`: aware. `key`: a key's ARN or id, in any account and Region. `called`: only calls, each
    once: not the copy in the key owner's account, not a change that KMS made by itself, not the past in a seed.
    """

    event_id: str | None = None
    request_id: str | None = None
    key: str | None = None
    event_name: str | None = None
    event_source: str | None = None
    error_code: str | None = None
    succeeded: bool | None = None
    account: str | None = None
    """The account that has the event; with `called`, the caller's."""
    region: str | None = None
    access_key_id: str | None = None
    username: str | None = None
    source_ip: str | None = None
    user_agent: str | None = None
    """A part of the userAgent."""
    encryption_context: Mapping[str, str] | None = None
    """Pairs that the request's encryption context contains; for ReEncrypt, either of its two contexts."""
    since: datetime | None = None
    until: datetime | None = None
    called: bool = False

    def attribute(self) -> tuple[str, str] | None:
        """The selected attribute of an event history that usually has the fewest events; None if none is selected."""
        wanted = (
            (KEY, id_in(self.key) if self.key is not None else None),
            ("AccessKeyId", self.access_key_id),
            ("Username", self.username),
            ("EventName", self.event_name),
            ("EventSource", self.event_source),
        )
        return next(((name, value) for name, value in wanted if value is not None), None)

    def admits(self, event: StoredEvent) -> bool:
        """Whether an event has all of these values. Packed values are compared last, since unpacking them is slow."""
        group = event.group
        pairs = (
            (self.event_id, event.event_id),
            (self.request_id, event.request_id),
            (self.event_name, group.name),
            (self.event_source, group.source),
            (self.error_code, event.error_code),
            (self.account, group.recipient),
            (self.region, group.region),
            (self.source_ip, group.source_ip),
        )
        return (
            all(wanted is None or wanted == value for wanted, value in pairs)
            and self.succeeded in (None, event.error_code is None)
            and (self.key is None or _concerns(event, self.key))
            and (self.user_agent is None or self.user_agent in group.user_agent)
            and is_within(event.time, self.since, self.until)
            and (not self.called or _is_call(group))
            and (self.access_key_id is None or self.access_key_id == group.access_key_id)
            and (self.username is None or self.username == group.username)
            and (self.encryption_context is None or _has_context(event, self.encryption_context))
        )


FILTERS: Mapping[str, str] = {
    "account": "account",
    "region": "awsRegion",
    "access_key_id": "accessKeyId",
    "encryption_context": "encryptionContext",
    "error_code": "errorCode",
    "event_id": "eventId",
    "key": "key",
    "request_id": "requestID",
    "since": "since",
    "source_ip": "sourceIPAddress",
    "succeeded": "succeeded",
    "until": "until",
    "user_agent": "userAgent",
    "username": "userName",
}
"""The filters of calls: the field of Selection, which is the keyword in Python, and its name in the control API."""


def selection_of_calls(operation: str | None, service: str | None, filters: Mapping[str, object]) -> Selection:
    """The calls of an operation, of a service (`kms`), with further filters. None allows any value.

    Raises TypeError for a keyword that is no filter, ValueError for a `since` or `until` that is no moment.
    """
    for name in filters:
        if name not in FILTERS:
            names = ["operation", "service", *FILTERS]
            raise TypeError(
                f"there is no filter {name}{suggestion(name, names) or '; choose from ' + ', '.join(names)}"
            )
    fields: dict[str, Any] = {**filters, **{name: _moment(filters.get(name)) for name in ("since", "until")}}
    source = f"{service}.amazonaws.com" if service is not None else None
    return Selection(event_name=operation, event_source=source, **fields)


def with_members(records: Iterable[dict[str, Any]], members: Mapping[str, object]) -> list[dict[str, Any]]:
    """The records that have these members. Raises TypeError for a name that is not a member of any record."""
    for name in members:
        if name not in RECORD_MEMBERS:
            raise TypeError(f"no CloudTrail record has a member {name}{suggestion(name, RECORD_MEMBERS)}")
    return [record for record in records if all(record.get(name) == value for name, value in members.items())]


def _moment(value: object) -> object:
    if isinstance(value, str):
        return read_moment(value)
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def is_within(time: datetime, since: datetime | None, until: datetime | None) -> bool:
    """Whether `since <= time < until`; None sets no bound."""
    return (since is None or since <= time) and (until is None or time < until)


def _concerns(event: StoredEvent, key: str) -> bool:
    end = key if key.startswith("arn:") else f":key/{key}"
    return any(arn == key or arn.endswith(end) for _, arn in event.resources or ())


def _is_call(group: EventGroup) -> bool:
    is_own = group.principal is not None and group.recipient == group.principal.account
    # A service that calls on behalf of a caller makes a call; what KMS invokes is part of another call.
    return is_own and group.invoked_by != group.source and group.user_agent != SEEDED


def _has_context(event: StoredEvent, wanted: Mapping[str, str]) -> bool:
    contexts = event.event.encryption_contexts or [{}]
    return any(wanted.items() <= context.items() for context in contexts)
