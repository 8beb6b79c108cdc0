"""Calls: the calls that a test compares, in a form that makes its assertions and their failures readable."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from keytrail.plain_values import plain_datetime
from keytrail.trail.event import Event


class RecordedCall(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One call: what assertions need most often, and its CloudTrail record.

    In JSON, as `/_keytrail/calls` has it, the names are in camelCase.
    """

    operation: str
    """The operation, such as `Decrypt`."""
    time: datetime
    """The time of the call by Keytrail's clock: aware, UTC, in milliseconds."""
    account: str
    """The caller's account."""
    region: str
    """The Region that was called."""
    principal: str
    """The caller's ARN."""
    keys: tuple[str, ...]
    """The ARNs in the record's resources: keys, and aliases."""
    encryption_context: Mapping[str, str] | None
    """The encryption context of the request, None if it has none; of ReEncrypt, the source's if it has one."""
    error_code: str | None
    """CloudTrail's errorCode; None if the call succeeded."""
    request_id: str | None
    """The x-amzn-RequestId of the response."""
    event_id: str
    """The record's eventID."""
    record: Mapping[str, Any]
    """The whole CloudTrail record."""

    @classmethod
    def of(cls, event: Event) -> "RecordedCall":
        """The call of an event."""
        return cls(
            operation=event.name,
            time=plain_datetime(event.time),
            account=event.recipient,
            region=event.region,
            principal=event.principal.arn if event.principal is not None else "",
            keys=tuple(arn for _, arn in event.resources or ()),
            encryption_context=next(map(dict, event.encryption_contexts), None),
            error_code=event.error_code,
            request_id=event.request_id,
            event_id=event.event_id,
            record=event.record(),
        )

    def __repr__(self) -> str:
        """The call in one line: time, operation, keys, encryption context, and error code or `ok`."""
        words = [f"{self.time:%H:%M:%S}.{self.time.microsecond // 1000:03}", self.operation]
        words += [arn.split(":", 5)[-1] for arn in self.keys]
        if self.encryption_context is not None:
            words.append(repr(self.encryption_context))
        return f"<{' '.join(words)} -> {self.error_code or 'ok'}>"


class Calls(list[RecordedCall]):
    """Calls, oldest first. The repr counts the other calls too: a failed assertion shows what was called instead."""

    def __init__(self, calls: Iterable[RecordedCall], others: Mapping[str, int]) -> None:
        """A list of calls; `others`: how many other calls there were, by operation."""
        super().__init__(calls)
        self.others = others

    def __repr__(self) -> str:
        """A line for each call, and how many other calls there were of each operation."""
        lines = [f"{len(self)} call{'' if len(self) == 1 else 's'}", *map(repr, self)]
        if self.others:
            lines.append("others: " + ", ".join(f"{count} {name}" for name, count in sorted(self.others.items())))
        return "\n  ".join(lines)


def calls_of(selected: Iterable[Event], every: Iterable[Event]) -> Calls:
    """The calls of the selected events; `every` has the events of all calls, the selected ones too."""
    selected = list(selected)
    others = Counter(event.name for event in every)
    others.subtract(event.name for event in selected)
    return Calls(map(RecordedCall.of, selected), +others)


def require_one(call: RecordedCall | str | None, event_id: str | None, action: str | None) -> None:
    """Raise TypeError unless exactly one of a call or request id, an event id and an action is there to explain."""
    if [call, event_id, action].count(None) != 2:
        raise TypeError('explain one thing: explain(call), explain("<request id>"), event_id=..., or action=...')
