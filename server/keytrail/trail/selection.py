"""Selection: which events a test wants, and which of the events' attributes narrows the search best."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from keytrail.trail.event_history import KEY, id_in
from keytrail.trail.stored_event import EventGroup, StoredEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The events that have all of these values; None allows any value.

    `since <= time < until`: aware. `key`: a key's ARN or id, in any account and Region. `called`: only calls, each
    once: not the copy in the key owner's account, not a change that KMS made by itself.
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


def is_within(time: datetime, since: datetime | None, until: datetime | None) -> bool:
    """Whether `since <= time < until`; None sets no bound."""
    return (since is None or since <= time) and (until is None or time < until)


def _concerns(event: StoredEvent, key: str) -> bool:
    end = key if key.startswith("arn:") else f":key/{key}"
    return any(arn == key or arn.endswith(end) for _, arn in event.resources or ())


def _is_call(group: EventGroup) -> bool:
    return group.principal is not None and group.recipient == group.principal.account and group.invoked_by is None


def _has_context(event: StoredEvent, wanted: Mapping[str, str]) -> bool:
    contexts = event.event.encryption_contexts or [{}]
    return any(wanted.items() <= context.items() for context in contexts)
