"""EventLog: the trail's events, in the order in which they were written, by their ids, and in event histories."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, takewhile

from keytrail.trail.event import Event
from keytrail.trail.event_history import Attribute, EventHistory
from keytrail.trail.selection import Selection
from keytrail.trail.stored_event import StoredEvent, TimeAndNumber, time_and_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which events are looked for: those of an account and a Region with `since <= time < until`, newest first.

    `attribute` is a name of LookupEvents' with the value that it shall have, or None for any event. None for a
    moment sets no bound.
    """

    account: str
    region: str
    attribute: Attribute | None = None
    since: datetime | None = None
    until: datetime | None = None

    def admits(self, event: StoredEvent) -> bool:
        """Whether an event is of the account and the Region, and of the time."""
        return (
            (event.group.recipient, event.group.region) == (self.account, self.region)
            and (self.since is None or self.since <= event.time)
            and (self.until is None or event.time < self.until)
        )


_AT_ONCE = 64
"""So many events leave a full log together: in a row they cost a third, for the processor has all at hand."""


class EventLog:
    """Events, at most so many: of more, those that were written first are gone. Not thread-safe."""

    def __init__(self, max_events: int) -> None:
        """Begin with no events."""
        self.last_number = 0
        """The number of the event that was written last, whether it is still here or not."""
        self._max_events = max_events
        self._leave_at_once = min(1 + max_events // _AT_ONCE, _AT_ONCE)
        self._written: deque[StoredEvent] = deque()
        self._by_id: dict[str, StoredEvent] = {}
        self._histories: dict[tuple[str, str], EventHistory] = {}

    def write(self, event: Event, packed: bytes) -> None:
        """Add an event, with what `pack` makes of it."""
        self.last_number += 1
        stored = self._history(event.recipient, event.region).add(event, self.last_number, packed)
        self._written.append(stored)
        self._by_id[stored.event_id] = stored
        if len(self._written) > self._max_events:
            for _ in range(self._leave_at_once):
                self._remove_first()

    def event(self, event_id: str) -> StoredEvent | None:
        """The event with this id, if it is still here."""
        return self._by_id.get(event_id)

    def events(self) -> list[StoredEvent]:
        """All events, oldest first."""
        return sorted(self._written, key=time_and_number)

    def lookup(self, query: Query, before: TimeAndNumber | None, limit: int) -> list[StoredEvent]:
        """The newest events that a query asks for: at most `limit` of those that come before a time and number."""
        if query.attribute is not None and query.attribute[0] == "EventId":
            event = self._by_id.get(query.attribute[1])
            there = event is not None and query.admits(event) and (before is None or time_and_number(event) < before)
            return [event] if event is not None and there else []
        history = self._histories.get((query.account, query.region))
        if history is None:
            return []
        return history.newest(query.attribute, query.since, query.until, before, limit)

    def candidates(self, selection: Selection, after: int) -> list[StoredEvent]:
        """Those events whose number is higher than `after`, or few of them, with all that a selection asks for."""
        if after:
            return list(takewhile(lambda event: event.number > after, reversed(self._written)))
        if selection.event_id is not None:
            event = self._by_id.get(selection.event_id)
            return [event] if event is not None else []
        attribute = selection.attribute()
        histories = (
            history
            for (account, region), history in self._histories.items()
            if selection.account in (None, account) and selection.region in (None, region)
        )
        return list(chain.from_iterable(history.having(attribute) for history in histories))

    def copy(self) -> "EventLog":
        """Another one with the same events."""
        copy = EventLog(self._max_events)
        copy.last_number = self.last_number
        copy._written = self._written.copy()
        copy._find_again(self._written)
        return copy

    def restore_account(self, account: str, earlier: "EventLog") -> None:
        """Let an account have just the events that it had in an earlier copy."""
        others = [event for event in self._written if event.group.recipient != account]
        restored = [event for event in earlier._written if event.group.recipient == account]
        self._histories = {place: history for place, history in self._histories.items() if place[0] != account}
        self._by_id = {event.event_id: event for event in others}
        self._written = deque(sorted((*others, *restored), key=lambda event: event.number))
        self._find_again(restored)
        while len(self._written) > self._max_events:
            self._remove_first()

    def _find_again(self, events: Iterable[StoredEvent]) -> None:
        """Let events be found that are in the order already."""
        for event in events:
            self._by_id[event.event_id] = event
            self._history(event.group.recipient, event.group.region).add_stored(event)

    def _history(self, account: str, region: str) -> EventHistory:
        history = self._histories.get((account, region))
        if history is None:
            history = self._histories[account, region] = EventHistory()
        return history

    def _remove_first(self) -> None:
        event = self._written.popleft()
        if self._by_id.get(event.event_id) is event:
            del self._by_id[event.event_id]
        place = event.group.recipient, event.group.region
        history = self._histories[place]
        history.remove(event)
        if not history:
            del self._histories[place]
