"""EventLog: the events of a trail: in the order of writing, by id, and in an event history per account and Region."""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, takewhile

from keytrail.trail.event import Event
from keytrail.trail.event_history import Attribute, EventHistory
from keytrail.trail.listed_resources import ListedResources
from keytrail.trail.selection import Selection, is_within
from keytrail.trail.stored_event import StoredEvent, TimeAndNumber, size_of, time_and_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query of LookupEvents: the events of an account in a Region with `since <= time < until`, newest first.

    `attribute`: only events with this attribute; None for all. `since`, `until`: None sets no bound.
    """

    account: str
    region: str
    attribute: Attribute | None = None
    since: datetime | None = None
    until: datetime | None = None

    def admits(self, event: StoredEvent) -> bool:
        """Whether an event is in the account, the Region and the time; `attribute` is not checked."""
        in_history = (event.group.recipient, event.group.region) == (self.account, self.region)
        return in_history and is_within(event.time, self.since, self.until)


_MAX_EVICTED = 64
"""A full log removes up to so many events together: each then costs a third, because the caches are warm."""


class EventLog:
    """At most `max_events` events of at most `max_bytes` in all: if there are more, those written first are removed.

    The last one stays, however large. Not thread-safe.
    """

    def __init__(self, max_events: int, max_bytes: float = math.inf) -> None:
        """Begin empty. `max_bytes`: of memory, as StoredEvent.size estimates it."""
        self.last_number = 0
        """The number of the event that was written last, even if it has been removed."""
        self._max_events, self._max_bytes = max_events, max_bytes
        self._evicted_at_once = min(1 + max_events // _MAX_EVICTED, _MAX_EVICTED)
        self._written: deque[StoredEvent] = deque()
        self._bytes = 0
        self._by_id: dict[str, StoredEvent] = {}
        self._histories: dict[tuple[str, str], EventHistory] = {}

    def count(self) -> int:
        """How many events there are."""
        return len(self._written)

    def write(self, event: Event, packed: bytes, listed: ListedResources) -> None:
        """Add an event, with what `pack` and `listed_resources` returned for it."""
        self.last_number += 1
        stored = self._history(event.recipient, event.region).add(event, self.last_number, packed, listed)
        self._written.append(stored)
        self._by_id[stored.event_id] = stored
        self._bytes += stored.size
        if len(self._written) > self._max_events:
            for _ in range(self._evicted_at_once):
                self._remove_first()
        while self._bytes > self._max_bytes and len(self._written) > 1:
            self._remove_first()

    def put_all(self, events: Iterable[StoredEvent], last_number: int) -> None:
        """Put events that were read from a data folder, in the order of their numbers."""
        self._written.extend(events)
        self.last_number = max(last_number, self._written[-1].number if self._written else 0)
        histories: dict[EventHistory, list[StoredEvent]] = {}
        of_group: dict[int, list[StoredEvent]] = {}
        for event in self._written:
            its_history = of_group.get(id(event.group))
            if its_history is None:
                history = self._history(event.group.recipient, event.group.region)
                its_history = of_group[id(event.group)] = histories.setdefault(history, [])
            its_history.append(event)
            self._by_id[event.event_id] = event
        for history, its_events in histories.items():
            history.add_all(its_events)
        self._bytes = size_of(self._written)
        self._shrink()

    def first_number(self) -> int:
        """The number of the event that was written first of those that are left; without any, of the next one."""
        return self._written[0].number if self._written else self.last_number + 1

    def event(self, event_id: str) -> StoredEvent | None:
        """The event with this id, unless it has been removed."""
        return self._by_id.get(event_id)

    def events(self) -> list[StoredEvent]:
        """All events, oldest first."""
        return sorted(self._written, key=time_and_number)

    def newest_first(self, after: int) -> list[StoredEvent]:
        """The events that were written after number `after`, the last one first."""
        if not after:
            return list(reversed(self._written))
        return list(takewhile(lambda event: event.number > after, reversed(self._written)))

    def lookup(self, query: Query, before: TimeAndNumber | None, limit: int) -> list[StoredEvent]:
        """The newest events that match a query: at most `limit`, only those before the time and number `before`."""
        if query.attribute is not None and query.attribute[0] == "EventId":
            event = self._by_id.get(query.attribute[1])
            if event is None or not query.admits(event) or (before is not None and time_and_number(event) >= before):
                return []
            return [event]
        history = self._histories.get((query.account, query.region))
        if history is None:
            return []
        return history.newest(query.attribute, query.since, query.until, before, limit)

    def candidates(self, selection: Selection, after: int) -> list[StoredEvent]:
        """A superset of the events that a selection admits and that were written after number `after`.

        It is all events after that number; if `after` is 0, those with the selection's most selective attribute.
        """
        if after:
            return self.newest_first(after)
        if selection.event_id is not None:
            event = self._by_id.get(selection.event_id)
            return [event] if event is not None else []
        attribute = selection.attribute()
        histories = (
            history
            for (account, region), history in self._histories.items()
            if selection.account in (None, account) and selection.region in (None, region)
        )
        return list(chain.from_iterable(history.events_with(attribute) for history in histories))

    def snapshot(self) -> tuple[StoredEvent, ...]:
        """The events, for `restore`."""
        return tuple(self._written)

    def restore(self, snapshot: Sequence[StoredEvent], account: str | None = None) -> None:
        """Go back to the events of a snapshot of this log; with an account, only its events.

        It costs about as much as the events that have come since, or have gone, for all others stay indexed.
        """
        ours, theirs = _by_number(self._written, account), _by_number(snapshot, account)
        gone = sorted(ours.keys() - theirs.keys(), reverse=True)
        back = sorted(theirs.keys() - ours.keys())
        if account is None and len(gone) > len(theirs):
            self._by_id, self._histories, self._bytes = {}, {}, 0
            gone, back = [], list(theirs)
        for number in gone:  # the newest first: they are the last in their lists
            self._unindex(ours[number])
        for number in back:
            event = theirs[number]
            self._bytes += event.size
            self._by_id[event.event_id] = event
            self._history(event.group.recipient, event.group.region).add_stored(event)
        if account is None:
            self._written = deque(snapshot)
        else:
            others = [event for event in self._written if event.group.recipient != account]
            self._written = deque(sorted((*others, *theirs.values()), key=lambda event: event.number))
        self._shrink()

    def _shrink(self) -> None:
        while len(self._written) > self._max_events or (self._bytes > self._max_bytes and len(self._written) > 1):
            self._remove_first()

    def _history(self, account: str, region: str) -> EventHistory:
        history = self._histories.get((account, region))
        if history is None:
            history = self._histories[account, region] = EventHistory()
        return history

    def _remove_first(self) -> None:
        self._unindex(self._written.popleft())

    def _unindex(self, event: StoredEvent) -> None:
        self._bytes -= event.size
        if self._by_id.get(event.event_id) is event:
            del self._by_id[event.event_id]
        owner = event.group.recipient, event.group.region
        history = self._histories[owner]
        history.remove(event)
        if not history:
            del self._histories[owner]


def _by_number(events: Iterable[StoredEvent], account: str | None) -> dict[int, StoredEvent]:
    """The events, or those of an account, by their numbers, which are never used again."""
    if account is None:
        return {event.number: event for event in events}
    return {event.number: event for event in events if event.group.recipient == account}
