"""OrderedEvents: events in the order of their times."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice

from keytrail.trail.stored_event import StoredEvent, TimeAndNumber, time_and_number

_MIN_GAP = 32


class OrderedEvents:
    """Events by time, then by number.

    To append an event and to remove the first cost the same with more events: a removed first event leaves a gap at the
    front of the list, and the gap is closed when it is more than half of the list.
    """

    __slots__ = ("_events", "_first")

    def __init__(self) -> None:
        """Begin empty."""
        self._events: list[StoredEvent] = []
        self._first = 0

    def __len__(self) -> int:
        """How many events there are."""
        return len(self._events) - self._first

    def __iter__(self) -> Iterator[StoredEvent]:
        """The events, oldest first."""
        return islice(self._events, self._first, None)

    def all_before(self, event: StoredEvent) -> bool:
        """Whether the event comes after all of these."""
        if len(self._events) == self._first:
            return True
        last = self._events[-1]
        return last.time < event.time or (last.time == event.time and last.number < event.number)

    def is_first(self, event: StoredEvent) -> bool:
        """Whether an event, which must be one of these, is the first."""
        return self._events[self._first] is event

    def append(self, event: StoredEvent) -> None:
        """Add an event that comes after all of these (`all_before`)."""
        self._events.append(event)

    def unchecked_append(self) -> Callable[[StoredEvent], None]:
        """What does as `append`, several times as fast."""
        return self._events.append

    def insert(self, event: StoredEvent) -> None:
        """Add an event where it belongs in the order."""
        insort(self._events, event, lo=self._first, key=time_and_number)

    def remove_first(self) -> None:
        """Remove the first event."""
        events, first = self._events, self._first
        events[first] = None  # type: ignore[call-overload]
        first += 1
        if first > _MIN_GAP and 2 * first > len(events):
            del events[:first]
            first = 0
        self._first = first

    def remove(self, event: StoredEvent) -> None:
        """Remove an event, which must be one of these."""
        if self._events[-1] is event:
            self._events.pop()
            return
        del self._events[self._index(time_and_number(event))]

    def newest(
        self, since: datetime | None, until: datetime | None, before: TimeAndNumber | None
    ) -> Iterator[StoredEvent]:
        """The events with `since <= time < until` that come before `before`, newest first; None sets no bound."""
        begin = self._first if since is None else self._index((since, 0))  # numbers begin with 1
        end = len(self._events)
        if until is not None:
            end = self._index((until, 0))
        if before is not None:
            end = min(end, self._index(before))
        for index in range(end - 1, begin - 1, -1):
            yield self._events[index]

    def _index(self, position: TimeAndNumber) -> int:
        """The index of the first event that is not before this time and number."""
        return bisect_left(self._events, position, lo=self._first, key=time_and_number)
