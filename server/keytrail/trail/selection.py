"""Selection: which events a test asks for, and which of the index's timelines leads to them soonest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from keytrail.trail.event import AsSent, Event

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

    def admits(self, event: Event) -> bool:
        """Whether an event is all that is asked for."""
        asked = (
            (self.event_id, event.event_id),
            (self.request_id, event.request_id),
            (self.event_name, event.name),
            (self.event_source, event.source),
            (self.error_code, event.error_code),
            (self.account, event.recipient),
            (self.region, event.region),
            (self.access_key_id, event.access_key_id),
            (self.username, event.username),
            (self.source_ip, event.source_ip),
        )
        return (
            all(wanted is None or wanted == value for wanted, value in asked)
            and self.succeeded in (None, event.error_code is None)
            and (self.key is None or _concerns(event, self.key))
            and (self.user_agent is None or self.user_agent in event.user_agent)
            and (self.since is None or self.since <= event.time)
            and (self.until is None or event.time < self.until)
            and (not self.called or _is_call(event))
            and (self.encryption_context is None or _has_context(event, self.encryption_context))
        )


def _concerns(event: Event, key: str) -> bool:
    if key.startswith("arn:"):
        return event.concerns(key)
    return any(arn.endswith(f":key/{key}") for _, arn in event.resources or ())


def _is_call(event: Event) -> bool:
    return event.principal is not None and event.recipient == event.principal.account and event.invoked_by is None


def _has_context(event: Event, wanted: Mapping[str, str]) -> bool:
    sent = event.request_parameters or {}
    contexts = [context.data for name in CONTEXTS if isinstance(context := sent.get(name), AsSent)]
    return any(wanted.items() <= context.items() for context in contexts or [{}])
