"""Calls: the calls that a test compares, in a form that makes its assertions and their failures readable."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from keytrail.trail.event import Event


class RecordedCall:
    """One call: what assertions need most often, and its CloudTrail record."""

    __slots__ = ("_event",)

    def __init__(self, event: Event) -> None:
        """Show the event of a call."""
        self._event = event

    @property
    def operation(self) -> str:
        """The operation, such as `Decrypt`."""
        return self._event.name

    @property
    def time(self) -> datetime:
        """The time of the call by Keytrail's clock: aware, UTC, in milliseconds."""
        return self._event.time

    @property
    def account(self) -> str:
        """The caller's account."""
        return self._event.recipient

    @property
    def region(self) -> str:
        """The Region that was called."""
        return self._event.region

    @property
    def principal(self) -> str:
        """The caller's ARN."""
        return self._event.principal.arn if self._event.principal is not None else ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The ARNs in the record's resources: keys, and aliases."""
        return tuple(arn for _, arn in self._event.resources or ())

    @property
    def encryption_context(self) -> dict[str, str] | None:
        """The encryption context of the request, None if it has none; of ReEncrypt, the source's if it has one."""
        return next(map(dict, self._event.encryption_contexts), None)

    @property
    def error_code(self) -> str | None:
        """CloudTrail's errorCode; None if the call succeeded."""
        return self._event.error_code

    @property
    def request_id(self) -> str | None:
        """The x-amzn-RequestId of the response."""
        return self._event.request_id

    @property
    def event_id(self) -> str:
        """The record's eventID."""
        return self._event.event_id

    @property
    def record(self) -> dict[str, Any]:
        """The whole CloudTrail record."""
        return self._event.record()

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
        self._others = others

    def __repr__(self) -> str:
        """A line for each call, and how many other calls there were of each operation."""
        lines = [f"{len(self)} call{'' if len(self) == 1 else 's'}", *map(repr, self)]
        if self._others:
            lines.append("others: " + ", ".join(f"{count} {name}" for name, count in sorted(self._others.items())))
        return "\n  ".join(lines)


def calls_of(selected: Iterable[Event], every: Iterable[Event]) -> Calls:
    """The calls of the selected events; `every` has the events of all calls, the selected ones too."""
    selected = list(selected)
    others = Counter(event.name for event in every)
    others.subtract(event.name for event in selected)
    return Calls(map(RecordedCall, selected), +others)
