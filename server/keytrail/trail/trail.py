"""Trail: every call as a CloudTrail event, and the last use of each key, behind one lock.

A use and its event are written together, so the CloudTrailEventId of a last use is the eventID of an event in the
trail. Old events are removed when there are too many; last uses are not.
"""

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from keytrail.trail.event import Event
from keytrail.trail.event_log import EventLog, Query
from keytrail.trail.last_uses import KeptUses, LastUses, Use
from keytrail.trail.listed_resources import listed_resources
from keytrail.trail.selection import Selection
from keytrail.trail.stored_event import StoredEvent, TimeAndNumber, pack, time_and_number


class IncompleteTrailError(RuntimeError):
    """The trail lacks a call that was asked for: Keytrail failed in it, or could not write its event."""


class MissingCall(NamedTuple):
    """A call of which the trail has no event."""

    number: int
    """The number that its event would have."""
    operation: str
    account: str
    """The caller's account; empty if it is not known."""
    reason: str


class TrailSnapshot(NamedTuple):
    """What a trail had at some time."""

    events: Sequence[StoredEvent]
    uses: LastUses


_MAX_MISSING = 100
"""How many missing calls are kept: one is enough to fail an assertion."""


class TrailChanges(NamedTuple):
    """What has changed in a trail since it was last written to a data folder."""

    rewritten: bool
    """Whether events and uses are all that there are, and not only those that came."""
    events: list[StoredEvent]
    """In the order of their numbers."""
    first_number: int
    """Events with smaller numbers are gone."""
    last_number: int
    uses: dict[str, KeptUses | None]
    """By the keys' ARNs; None: there is nothing."""
    times_set_back: int
    missing: list[MissingCall]


class Trail:
    """The latest events, and the last use of each key. Thread-safe."""

    def __init__(
        self,
        max_events: int,
        usage_delay: timedelta = timedelta(0),
        deliver: Callable[[Sequence[Event]], None] | None = None,
        *,
        max_bytes: float = math.inf,
    ) -> None:
        """Keep at most `max_events` and `max_bytes`; hide each use for `usage_delay`; `deliver` gets every event once.

        `max_bytes` are of memory, estimated.
        """
        self._lock = threading.Lock()
        self._log = EventLog(max_events, max_bytes)
        self._uses = LastUses(usage_delay)
        self._deliver = deliver
        self._missing: deque[MissingCall] = deque(maxlen=_MAX_MISSING)
        self._rewritten = False

    def keep_changes(self) -> None:
        """Remember which uses change from now on, for `changes`."""
        with self._lock:
            self._uses.changed = set()

    def changes(self, after: int) -> TrailChanges:
        """What has changed since the last call, which took the events up to the number `after`."""
        with self._lock:
            rewritten, self._rewritten = self._rewritten, False
            changed = self._uses.keys() if rewritten else self._uses.changed or set()
            self._uses.changed = set()
            return TrailChanges(
                rewritten,
                self._log.newest_first(0 if rewritten else after)[::-1],
                self._log.first_number(),
                self._log.last_number,
                {arn: self._uses.of(arn) for arn in changed},
                self._uses.times_set_back,
                list(self._missing),
            )

    def take_back(self, changes: TrailChanges) -> None:
        """Give out again what `changes` has given, for it was not written."""
        with self._lock:
            self._rewritten = self._rewritten or changes.rewritten
            if self._uses.changed is not None:
                self._uses.changed |= changes.uses.keys()

    def put_all(
        self,
        events: Iterable[StoredEvent],
        uses: Mapping[str, KeptUses],
        last_number: int,
        times_set_back: int,
        missing: Iterable[MissingCall],
    ) -> None:
        """Put what was read from a data folder into a trail that is empty."""
        with self._lock:
            self._log.put_all(events, last_number)
            self._uses.put_all(uses, times_set_back)
            self._missing.extend(missing)

    @property
    def usage_delay(self) -> timedelta:
        """How long each use is hidden."""
        return self._uses.delay

    @usage_delay.setter
    def usage_delay(self, delay: timedelta) -> None:
        """Set how long each use is hidden; uses that have been shown stay visible."""
        with self._lock:
            self._uses.delay = delay

    def record(self, events: Sequence[Event], uses: Sequence[tuple[str, Use]] = ()) -> None:
        """Write the events of one call, and its uses of keys, each with the key's ARN: all, or none if this raises.

        It costs the same with more events.
        """
        # An event that cannot be written raises here, before any is.
        parts = [(event, pack(event), listed_resources(event)) for event in events]
        with self._lock:
            for event, packed, listed in parts:
                self._log.write(event, packed, listed)
            for arn, use in uses:
                self._uses.add(arn, use)
        if self._deliver is not None:
            self._deliver(events)

    def note_missing(self, operation: str, account: str, reason: str) -> None:
        """Remember that a call was made of which the trail has no event; `reason` names its request."""
        with self._lock:
            self._log.last_number += 1
            self._missing.append(MissingCall(self._log.last_number, operation, account, reason))

    def require_complete(self, selection: Selection, after: int = 0) -> None:
        """Raise IncompleteTrailError if a call is missing that may be one of a selection.

        Without, a test would believe that the call was never made.
        """
        if selection.event_id is not None or selection.request_id is not None:
            return
        with self._lock:
            missing = [
                call
                for call in self._missing
                if call.number > after
                and selection.event_name in (None, call.operation)
                and selection.account in (None, call.account or selection.account)
            ]
        if missing:
            calls = "a call" if len(missing) == 1 else f"{len(missing)} calls"
            reasons = "; ".join(f"{call.operation}: {call.reason}" for call in missing[:3])
            raise IncompleteTrailError(f"The trail lacks {calls}, because Keytrail failed. {reasons}")

    def last_use(self, arn: str, now: datetime) -> Use | None:
        """As LastUses.last."""
        with self._lock:
            return self._uses.last(arn, now)

    def last_uses(self, now: datetime) -> dict[str, Use]:
        """As LastUses.all."""
        with self._lock:
            return self._uses.all(now)

    def count_hidden_uses(self, now: datetime) -> int:
        """Of how many keys the last use is hidden by now."""
        with self._lock:
            self._uses.all(now)
            return self._uses.count_hidden()

    def last_used_key(self) -> str | None:
        """As LastUses.last_used_key."""
        with self._lock:
            return self._uses.last_used_key()

    def forget(self, arn: str) -> None:
        """As LastUses.forget."""
        with self._lock:
            self._uses.forget(arn)

    def clock_set_back(self) -> None:
        """As LastUses.clock_set_back."""
        with self._lock:
            self._uses.clock_set_back()

    def event(self, event_id: str) -> Event | None:
        """The event with this id, if the trail still has it."""
        with self._lock:
            stored = self._log.event(event_id)
        return stored.event if stored is not None else None

    def events(self) -> list[Event]:
        """All events, oldest first, as of now."""
        with self._lock:
            stored = self._log.events()
        return [each.event for each in stored]

    def lookup(self, query: Query, before: TimeAndNumber | None, limit: int) -> list[StoredEvent]:
        """As EventLog.lookup."""
        with self._lock:
            return self._log.lookup(query, before, limit)

    def select(self, selection: Selection, after: int = 0) -> list[Event]:
        """The events of a selection, oldest first; only those that were written after the mark `after`."""
        with self._lock:
            candidates = self._log.candidates(selection, after)
        return [stored.event for stored in sorted(filter(selection.admits, candidates), key=time_and_number)]

    def newest(
        self,
        admits: Callable[[StoredEvent], bool],
        *,
        after: int = 0,
        before: int | None = None,
        limit: int,
    ) -> list[StoredEvent]:
        """At most `limit` events that `admits` wants, the one that was written last first.

        Only events with `after < number < before`. Under the lock the events are only listed.
        """
        with self._lock:
            written = self._log.newest_first(after)
        wanted = (event for event in written if (before is None or event.number < before) and admits(event))
        return list(islice(wanted, limit))

    def count(self) -> int:
        """How many events there are."""
        with self._lock:
            return self._log.count()

    def mark(self) -> int:
        """The number of the latest event: with it, `select` finds the events that are written from now on."""
        with self._lock:
            return self._log.last_number

    def snapshot(self) -> TrailSnapshot:
        """The present events and uses, for `restore`."""
        with self._lock:
            return TrailSnapshot(self._log.snapshot(), self._uses.copy())

    def restore(self, snapshot: TrailSnapshot, account: str | None = None) -> None:
        """Go back to a snapshot of this trail; with an account, only its events and its keys' uses."""
        with self._lock:
            self._rewritten = True
            kept = [] if account is None else [call for call in self._missing if call.account not in ("", account)]
            self._missing = deque(kept, maxlen=_MAX_MISSING)
            self._log.restore(snapshot.events, account)
            if account is None:
                changed = self._uses.changed
                self._uses = snapshot.uses.copy()
                self._uses.changed = changed
            else:
                self._uses.restore_account(account, snapshot.uses)
