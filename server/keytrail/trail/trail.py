"""Trail: every call as a CloudTrail event, and each key's last usage. One place, one lock, one truth.

A use and its event are written together, so that the CloudTrailEventId of a last usage is the eventID of an
event that the trail has (until it is so old that it leaves; the usage never does).
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from keytrail.trail.entry import Entry, Position
from keytrail.trail.event import Event
from keytrail.trail.index import Index, Query
from keytrail.trail.packing import pack
from keytrail.trail.selection import Selection

_log = logging.getLogger("keytrail")

_Value = TypeVar("_Value")

_AT_ONCE = 32
"""So many calls are written together: one after another they cost half, and too few for a call to wait for long."""


class Use(NamedTuple):
    """A successful cryptographic operation on a key."""

    operation: str
    timestamp: datetime
    event_id: str
    request_id: str


Told = tuple[list[Event], Sequence[tuple[str, Use]]]
"""The events of a call, and the uses of keys (by ARN) that it was."""


class Trail:
    """Events in the order of their times, up to a bound; and the last use of each key. Thread-safe."""

    def __init__(
        self,
        max_events: int,
        usage_delay: timedelta = timedelta(0),
        deliver: Callable[[Iterable[Event]], None] | None = None,
    ) -> None:
        """Keep at most `max_events`; hide each use for `usage_delay`; `deliver` gets every event once."""
        self._lock = threading.Lock()
        self._max_events = max_events
        self._usage_delay = usage_delay
        self._deliver = deliver
        self._index = Index()
        self._untold: list[Callable[[], Told]] = []
        """What the latest calls have to tell; whatever reads or changes the rest catches up first."""
        self._uses_untold = False
        self._number = 0
        self._by_id: dict[str, Entry] = {}
        self._turns = 0
        self._uses: dict[str, tuple[int, Use]] = {}
        self._late: dict[str, deque[tuple[int, Use]]] = {}

    @property
    def usage_delay(self) -> timedelta:
        """How late a use shows."""
        return self._usage_delay

    @usage_delay.setter
    def usage_delay(self, delay: timedelta) -> None:
        """Of the uses that were so far nothing changes."""
        with self._lock:
            self._catch_up()
            self._usage_delay = delay

    def record(self, events: Iterable[Event], uses: Iterable[tuple[str, Use]] = ()) -> None:
        """Write the events of one call, and the uses of keys (by ARN) that it was."""
        told = list(events), list(uses)
        self.record_later(lambda: told, uses=bool(told[1]))

    def record_later(self, tell: Callable[[], Told], *, uses: bool) -> None:
        """Write what `tell` gives: when somebody looks, or with that of other calls. It must not call the trail.

        `uses` says whether there may be uses in it.
        """
        with self._lock:
            self._untold.append(tell)
            if uses:
                self._uses_untold = True
            if self._deliver is None and len(self._untold) < _AT_ONCE:
                return
            events = self._catch_up()
        if self._deliver is not None:
            self._deliver(events)

    def last_use(self, arn: str, now: datetime) -> Use | None:
        """The last use of a key that is old enough to show by now."""
        if self._uses_untold:
            with self._lock:
                self._catch_up()
        late = self._late.get(arn)
        if late is not None:
            with self._lock:
                if late and late[0][0] != self._turns:  # the clock was set back: the first is not the earliest
                    late = self._late[arn] = deque(sorted(late, key=lambda use: use[1].timestamp))
                while late and late[0][1].timestamp + self.usage_delay <= now:
                    self._show(arn, *late.popleft())
                if not late:
                    self._late.pop(arn, None)
        shown = self._uses.get(arn)
        return shown[1] if shown is not None else None

    def lately_used(self) -> str | None:
        """The ARN of a key with a use on record, of those there at the start the one that was used last."""
        with self._lock:
            self._catch_up()
            return next(reversed(self._uses), None)

    def forget(self, arn: str) -> None:
        """A key is deleted, and its usage with it."""
        with self._lock:
            self._catch_up()
            self._uses.pop(arn, None)
            self._late.pop(arn, None)

    def turned_back(self) -> None:
        """The clock was set back: uses until now shall not outdo those from here on, though they seem later."""
        with self._lock:
            self._catch_up()
            self._turns += 1

    def event(self, event_id: str) -> Event | None:
        """The event with this id, if the trail still has it."""
        with self._lock:
            self._catch_up()
            entry = self._by_id.get(event_id)
        return entry.event if entry is not None else None

    def events(self) -> list[Event]:
        """All events, oldest first, as of now."""
        with self._lock:
            self._catch_up()
            entries = list(self._index)
        return [entry.event for entry in entries]

    def lookup(self, query: Query, before: Position | None, limit: int) -> list[Entry]:
        """The newest events that a query asks for: at most `limit` of those that stand before a position."""
        with self._lock:
            self._catch_up()
            if query.attribute is None or query.attribute[0] != "EventId":
                return self._index.find(query, before, limit)
            entry = self._by_id.get(query.attribute[1])
        there = entry is not None and query.admits(entry) and (before is None or entry.position < before)
        return [entry] if entry is not None and there else []

    def select(self, selection: Selection, after: int = 0) -> list[Event]:
        """The events that are all that is asked for, oldest first; only those that came after a `mark()`."""
        with self._lock:
            self._catch_up()
            if selection.event_id is not None:
                entry = self._by_id.get(selection.event_id)
                entries = [entry] if entry is not None else []
            else:
                entries = self._index.arrived_after(after) if after else self._index.candidates(selection)
        return [entry.event for entry in entries if entry.number > after and selection.admits(entry)]

    def mark(self) -> int:
        """Where the trail is: the number of its latest event."""
        with self._lock:
            self._catch_up()
            return self._number

    def snapshot(self) -> "Trail":
        """A copy that later events do not touch."""
        copy = Trail(self._max_events)
        with self._lock:
            self._catch_up()
            copy._copy_from(self, None)
        return copy

    def restore(self, snapshot: "Trail", account: str | None = None) -> None:
        """Become what the snapshot is; with an account, only its events and its keys' uses do."""
        with self._lock:
            self._catch_up()
            self._copy_from(snapshot, account)

    def _copy_from(self, other: "Trail", account: str | None) -> None:
        if account is None:
            self._usage_delay, self._turns = other._usage_delay, other._turns
            self._index = Index(other._index)
            self._number = max(self._number, other._number)
            self._uses = dict(other._uses)
            self._late = {arn: deque(late) for arn, late in other._late.items()}
        else:
            back = [entry for entry in other._index if entry.frame.recipient == account]
            self._index.replace_account(account, back)
            self._uses = _mixed(self._uses, other._uses, account)
            self._late = {arn: deque(late) for arn, late in _mixed(self._late, other._late, account).items()}
        self._index.pop_first(max(0, len(self._index) - self._max_events))
        self._by_id = {entry.event_id: entry for entry in self._index}

    def _catch_up(self) -> list[Event]:
        """Write what was not written yet; gives its events."""
        if not self._untold:
            return []
        untold, self._untold, self._uses_untold = self._untold, [], False
        events: list[Event] = []
        packed: list[bytes] = []
        for tell in untold:
            try:
                told, uses = tell()
                packed += [pack(event) for event in told]
            except Exception as error:  # a bug of ours, and the calls of others shall be written all the same
                _log.error("an event could not be written", exc_info=error)
                continue
            events += told
            for arn, use in uses:
                self._use(arn, use)
        numbers = range(self._number + 1, self._number + 1 + len(events))
        self._number += len(events)
        placed = self._index.add(zip(events, numbers, packed, strict=True))
        self._by_id.update([(entry.event_id, entry) for entry in placed])
        for gone in self._index.pop_first(max(0, len(self._index) - self._max_events)):
            if self._by_id.get(gone.event_id) is gone:
                del self._by_id[gone.event_id]
        return events

    def _use(self, arn: str, use: Use) -> None:
        if not self.usage_delay:
            self._show(arn, self._turns, use)
            return
        late = self._late.setdefault(arn, deque())
        # GetKeyLastUsage tells whole seconds: of the uses in one second the last is enough.
        if late and late[-1][1].timestamp.replace(microsecond=0) == use.timestamp.replace(microsecond=0):
            late.pop()
        late.append((self._turns, use))

    def _show(self, arn: str, turns: int, use: Use) -> None:
        # Of concurrent uses the latest counts, whichever call ends last.
        shown = self._uses.get(arn)
        if shown is None or (shown[0], shown[1].timestamp) <= (turns, use.timestamp):
            self._uses[arn] = turns, use


def _mixed(mine: Mapping[str, _Value], theirs: Mapping[str, _Value], account: str) -> dict[str, _Value]:
    def owned(values: Mapping[str, _Value], *, by_account: bool) -> Iterator[tuple[str, _Value]]:
        return ((arn, value) for arn, value in values.items() if (arn.split(":")[4] == account) == by_account)

    return dict((*owned(mine, by_account=False), *owned(theirs, by_account=True)))
