"""OrderedEvents: events in the order of their times."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from keytrail.trail.stored_event import StoredEvent, TimeAndNumber, time_and_number

_FEW = 32


class OrderedEvents:
    """Events by time, then by number.

    To append one and to remove the first cost the same however many there are: a removed one leaves a gap at the front,
    and the gaps are closed once they are the half.
    """

    __slots__ = ("_events", "_first")

    def __init__(self) -> None:
        """Begin with none."""
        self._events: list[StoredEvent] = []
        self._first = 0

    def __len__(self) -> int:
        """How many there are."""
        return len(self._events) - self._first

    def __iter__(self) -> Iterator[StoredEvent]:
        """Oldest first."""
        return islice(self._events, self._first, None)

    def end_before(self, event: StoredEvent) -> bool:
        """Whether the event comes after all of these."""
        if len(self._events) == self._first:
            return True
        last = self._events[-1]
        return last.time < event.time or (last.time == event.time and last.number < event.number)

    def begin_with(self, event: StoredEvent) -> bool:
        """Whether the event, which is one of these, is the first."""
        return self._events[self._first] is event

    def append(self, event: StoredEvent) -> None:
        """Add an event that comes after all of these."""
        self._events.append(event)

    def insert(self, event: StoredEvent) -> None:
        """Add an event at its place."""
        insort(self._events, event, lo=self._first, key=time_and_number)

    def remove_first(self) -> None:
        """Take the first event out."""
        events, first = self._events, self._first
        events[first] = None  # type: ignore[call-overload]
        first += 1
        if first > _FEW and 2 * first > len(events):
            del events[:first]
            first = 0
        self._first = first

    def remove(self, event: StoredEvent) -> None:
        """Take an event out, which is one of these."""
        del self._events[self._index(time_and_number(event))]

    def newest(
        self, since: datetime | None, until: datetime | None, before: TimeAndNumber | None
    ) -> Iterator[StoredEvent]:
        """Newest first, from `until` or `before`, whichever is earlier, down to `since`; None sets no bound."""
        end = len(self._events)
        if until is not None:
            end = self._index((until, 0))  # numbers begin with 1
        if before is not None:
            end = min(end, self._index(before))
        for at in range(end - 1, self._first - 1, -1):
            event = self._events[at]
            if since is not None and event.time < since:
                return
            yield event

    def _index(self, of: TimeAndNumber) -> int:
        return bisect_left(self._events, of, lo=self._first, key=time_and_number)
