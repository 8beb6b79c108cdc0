"""Selection: which events a test asks for, and which of the index's timelines leads to them soonest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from keytrail.trail.entry import Entry, Frame
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

    def admits(self, entry: Entry) -> bool:
        """Whether an event is all that is asked for; what is packed is looked at last."""
        frame = entry.frame
        code = entry.error[0] if entry.error is not None else None
        asked = (
            (self.event_id, entry.event_id),
            (self.request_id, entry.request_id),
            (self.event_name, frame.name),
            (self.event_source, frame.source),
            (self.error_code, code),
            (self.account, frame.recipient),
            (self.region, frame.region),
            (self.source_ip, frame.source_ip),
        )
        return (
            all(wanted is None or wanted == value for wanted, value in asked)
            and self.succeeded in (None, code is None)
            and (self.key is None or _concerns(entry, self.key))
            and (self.user_agent is None or self.user_agent in frame.user_agent)
            and (self.since is None or self.since <= entry.time)
            and (self.until is None or entry.time < self.until)
            and (not self.called or _is_call(frame))
            and self._admits_the_rest(entry)
        )

    def _admits_the_rest(self, entry: Entry) -> bool:
        if self.access_key_id is None and self.username is None and self.encryption_context is None:
            return True
        event = entry.event
        return (
            self.access_key_id in (None, event.access_key_id)
            and self.username in (None, event.username)
            and (self.encryption_context is None or _has_context(event, self.encryption_context))
        )


def _concerns(entry: Entry, key: str) -> bool:
    end = key if key.startswith("arn:") else f":key/{key}"
    return any(arn == key or arn.endswith(end) for _, arn in entry.resources or ())


def _is_call(frame: Frame) -> bool:
    return frame.principal is not None and frame.recipient == frame.principal.account and frame.invoked_by is None


def _has_context(event: Event, wanted: Mapping[str, str]) -> bool:
    sent = event.request_parameters or {}
    contexts = [context.data for name in CONTEXTS if isinstance(context := sent.get(name), AsSent)]
    return any(wanted.items() <= context.items() for context in contexts or [{}])
