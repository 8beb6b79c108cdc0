"""Selection: which events a test asks for, and by which attribute they are found soonest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from keytrail.trail.event import Event, Verbatim
from keytrail.trail.stored_event import EventGroup, StoredEvent

CONTEXTS = ("EncryptionContext", "SourceEncryptionContext", "DestinationEncryptionContext")
"""Where a request has an encryption context."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Events that are all that is asked for; None asks for nothing.

    `since <= time < until`, aware moments. `key` is a key's ARN or id, of whichever account and Region. `called`:
    just what callers called, each call once (not the copy in the key owner's account, not what KMS did by itself).
    """

    event_id: str | None = None
    request_id: str | None = None
    key: str | None = None
    event_name: str | None = None
    event_source: str | None = None
    error_code: str | None = None
    succeeded: bool | None = None
    account: str | None = None
    """The account that has the event; of what is `called`, the caller's."""
    region: str | None = None
    access_key_id: str | None = None
    username: str | None = None
    source_ip: str | None = None
    user_agent: str | None = None
    """A part of it."""
    encryption_context: Mapping[str, str] | None = None
    """Pairs that are in the request's encryption context; of ReEncrypt's two, in either."""
    since: datetime | None = None
    until: datetime | None = None
    called: bool = False

    def attribute(self) -> tuple[str, str] | None:
        """LookupEvents' attribute that the fewest events share, as a rule, of those asked for."""
        asked = (
            ("ResourceName", self.key),
            ("AccessKeyId", self.access_key_id),
            ("Username", self.username),
            ("EventName", self.event_name),
            ("EventSource", self.event_source),
        )
        return next(((name, value) for name, value in asked if value is not None), None)

    def admits(self, event: StoredEvent) -> bool:
        """Whether an event is all that is asked for; what is packed is looked at last."""
        group = event.group
        asked = (
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
            all(wanted is None or wanted == value for wanted, value in asked)
            and self.succeeded in (None, event.error_code is None)
            and (self.key is None or _concerns(event, self.key))
            and (self.user_agent is None or self.user_agent in group.user_agent)
            and (self.since is None or self.since <= event.time)
            and (self.until is None or event.time < self.until)
            and (not self.called or _is_call(group))
            and (self.access_key_id is None or self.access_key_id == group.access_key_id)
            and (self.username is None or self.username == group.username)
            and (self.encryption_context is None or _has_context(event.event, self.encryption_context))
        )


def _concerns(event: StoredEvent, key: str) -> bool:
    end = key if key.startswith("arn:") else f":key/{key}"
    return any(arn == key or arn.endswith(end) for _, arn in event.resources or ())


def _is_call(group: EventGroup) -> bool:
    return group.principal is not None and group.recipient == group.principal.account and group.invoked_by is None


def _has_context(event: Event, wanted: Mapping[str, str]) -> bool:
    sent = event.request_parameters or {}
    contexts = [context.data for name in CONTEXTS if isinstance(context := sent.get(name), Verbatim)]
    return any(wanted.items() <= context.items() for context in contexts or [{}])
