"""Calls: what callers called, in a form that a test's assertion reads well."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from keytrail.trail.event import Event, Verbatim
from keytrail.trail.selection import CONTEXTS


class RecordedCall:
    """One call: its CloudTrail record, and what assertions ask of it most."""

    __slots__ = ("_event",)

    def __init__(self, event: Event) -> None:
        """Show an event."""
        self._event = event

    @property
    def operation(self) -> str:
        """The operation: `Decrypt`."""
        return self._event.name

    @property
    def time(self) -> datetime:
        """When, by Keytrail's clock: aware, UTC, milliseconds."""
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
        """The ARNs of the keys (and aliases) that the call found."""
        return tuple(arn for _, arn in self._event.resources or ())

    @property
    def encryption_context(self) -> dict[str, str] | None:
        """The encryption context that was sent; of ReEncrypt, the source's."""
        sent = self._event.request_parameters or {}
        return next((dict(context.data) for name in CONTEXTS if isinstance(context := sent.get(name), Verbatim)), None)

    @property
    def error_code(self) -> str | None:
        """CloudTrail's errorCode; None of a success."""
        return self._event.error_code

    @property
    def request_id(self) -> str | None:
        """The x-amzn-RequestId of the answer."""
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
        """The call in a line: time, operation, keys, context, outcome."""
        words = [f"{self.time:%H:%M:%S}.{self.time.microsecond // 1000:03}", self.operation]
        words += [arn.split(":", 5)[-1] for arn in self.keys]
        if self.encryption_context is not None:
            words.append(repr(self.encryption_context))
        return f"<{' '.join(words)} -> {self.error_code or 'ok'}>"


class Calls(list[RecordedCall]):
    """Calls, oldest first; of none, what it shows tells which others there were."""

    def __init__(self, calls: Iterable[RecordedCall], others: Mapping[str, int]) -> None:
        """Hold calls; `others` counts those that were not chosen, by operation."""
        super().__init__(calls)
        self._others = others

    def __repr__(self) -> str:
        """A line for each call, and how many others there were."""
        lines = [f"{len(self)} call{'' if len(self) == 1 else 's'}", *map(repr, self)]
        if self._others:
            lines.append("others: " + ", ".join(f"{count} {name}" for name, count in sorted(self._others.items())))
        return "\n  ".join(lines)


def calls_of(chosen: Iterable[Event], all_of_them: Iterable[Event]) -> Calls:
    """The chosen of all calls."""
    chosen = list(chosen)
    others = Counter(event.name for event in all_of_them)
    others.subtract(event.name for event in chosen)
    return Calls(map(RecordedCall, chosen), +others)
