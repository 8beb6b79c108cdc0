"""Index: events in the order of their times, as a whole and by each attribute that LookupEvents finds them by.

A page costs the same wherever it begins and however many events there are. Events leave in the order in which they
came, which is nearly always that of their times: then each is the first of every timeline that it is in.
"""

import heapq
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, takewhile
from typing import NamedTuple

from keytrail.trail.event import RESOURCE_TYPE, Event
from keytrail.trail.selection import Selection

Position = tuple[datetime, int]
"""A place in every timeline: the time of an event and its number."""

_Key = tuple[str, str, str, str]
"""Account, Region, LookupEvents' name of an attribute (empty: any event), and the attribute's value."""

_FEW = 32


class Entry(NamedTuple):
    """An event at its place: by time, then in the order in which events were written. No two have one number."""

    time: datetime
    number: int
    event: Event

    @property
    def position(self) -> Position:
        """Where the entry stands."""
        return self.time, self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which events are looked for: those of an account and a Region with `since <= time < until`, newest first.

    `attribute` is a name of LookupEvents' with the value that it shall have, or None for any event. None for a
    moment sets no bound.
    """

    account: str
    region: str
    attribute: tuple[str, str] | None = None
    since: datetime | None = None
    until: datetime | None = None

    def admits(self, event: Event) -> bool:
        """Whether an event is of the account and the Region, and of the time."""
        return (
            (event.recipient, event.region) == (self.account, self.region)
            and (self.since is None or self.since <= event.time)
            and (self.until is None or event.time < self.until)
        )


class Index:
    """Events in their order. Not thread-safe: the trail's lock is around it."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        """Begin with some entries, in any order."""
        self._arrived: deque[Entry] = deque()
        self._all = _Timeline()
        self._by: dict[_Key, _Timeline] = {}
        self._arns: dict[tuple[str, str, str], dict[str, None]] = {}
        self._places: dict[tuple[str, str], None] = {}
        for entry in sorted(entries):
            self.add(entry)
        self._arrived = _by_arrival(self._all)

    def __len__(self) -> int:
        """How many events there are."""
        return len(self._all)

    def __iter__(self) -> Iterator[Entry]:
        """The entries, oldest first."""
        return iter(self._all)

    def add(self, entry: Entry) -> None:
        """Put an event at its place."""
        self._arrived.append(entry)
        self._all.add(entry)
        for key in _keys(entry.event):
            timeline = self._by.get(key)
            if timeline is None:
                timeline = self._by[key] = _Timeline()
                self._places[key[:2]] = None
                if key[2] == "ResourceName":
                    self._arns.setdefault((*key[:2], _id_in(key[3])), {})[key[3]] = None
            timeline.add(entry)

    def pop_first(self) -> Event:
        """Take the event out that came first."""
        entry = self._arrived.popleft()
        self._all.remove(entry)
        for key in _keys(entry.event):
            timeline = self._by[key]
            timeline.remove(entry)
            if not len(timeline):
                del self._by[key]
                if key[2] == "ResourceName":
                    self._forget_arn(key)
                elif not key[2]:
                    del self._places[key[:2]]
        return entry.event

    def find(self, query: Query, before: Position | None, limit: int) -> list[Entry]:
        """The newest events that a query asks for: at most `limit` of those that stand before a position."""
        timelines = [self._by[key] for key in self._asked(query) if key in self._by]
        found = (timeline.newest(query.since, query.until, before) for timeline in timelines)
        return list(islice(heapq.merge(*found, reverse=True), limit))

    def candidates(self, selection: Selection) -> list[Entry]:
        """The events among which those of a selection are, oldest first: of the shortest timelines that have them."""
        attribute = selection.attribute()
        if attribute is None and selection.account is None:
            return list(self._all)
        places = [
            place
            for place in self._places
            if selection.account in (None, place[0]) and selection.region in (None, place[1])
        ]
        queries = (Query(account=account, region=region, attribute=attribute) for account, region in places)
        timelines = [self._by[key] for query in queries for key in self._asked(query) if key in self._by]
        return list(heapq.merge(*timelines))

    def arrived_after(self, number: int) -> list[Entry]:
        """The events that were written after the one of this number, oldest first."""
        late = list(takewhile(lambda entry: entry.number > number, reversed(self._arrived)))
        return sorted(late)

    def replace_account(self, account: str, entries: Iterable[Entry]) -> None:
        """Let an account have just these events; those of others stay as they are."""
        others = [entry for entry in self._all if entry.event.recipient != account]
        self._by = {key: timeline for key, timeline in self._by.items() if key[0] != account}
        self._arns = {place: arns for place, arns in self._arns.items() if place[0] != account}
        self._places = {place: None for place in self._places if place[0] != account}
        entries = sorted(entries)
        self._all = _Timeline()
        for entry in entries:
            self.add(entry)
        self._all = _Timeline(sorted((*others, *entries)))
        self._arrived = _by_arrival(self._all)

    def _asked(self, query: Query) -> list[_Key]:
        name, value = query.attribute or ("", "")
        values: Iterable[str] = (value,)
        if name == "ResourceName" and not value.startswith("arn:"):
            values = self._arns.get((query.account, query.region, value), ())
        return [(query.account, query.region, name, wanted) for wanted in values]

    def _forget_arn(self, key: _Key) -> None:
        place = (*key[:2], _id_in(key[3]))
        arns = self._arns[place]
        del arns[key[3]]
        if not arns:
            del self._arns[place]


class _Timeline:
    """Entries in their order. Adding at the end and taking from the front cost the same however many there are."""

    __slots__ = ("_entries", "_first")

    def __init__(self, entries: list[Entry] | None = None) -> None:
        self._entries: list[Entry] = entries if entries is not None else []
        self._first = 0

    def __len__(self) -> int:
        return len(self._entries) - self._first

    def __iter__(self) -> Iterator[Entry]:
        return islice(self._entries, self._first, None)

    def add(self, entry: Entry) -> None:
        entries = self._entries
        if len(entries) == self._first or entries[-1] < entry:
            entries.append(entry)
        else:  # brought from the past, or by a call that ended later than one that began later
            insort(entries, entry, lo=self._first)

    def remove(self, entry: Entry) -> None:
        entries = self._entries
        if entries[self._first] is not entry:
            del entries[bisect_left(entries, entry, lo=self._first)]
            return
        entries[self._first] = None  # type: ignore[call-overload]
        self._first += 1
        if self._first > _FEW and 2 * self._first > len(entries):
            del entries[: self._first]
            self._first = 0

    def newest(self, since: datetime | None, until: datetime | None, before: Position | None) -> Iterator[Entry]:
        """Backwards from whichever end comes first, down to `since`."""
        at = len(self._entries)
        for end in ((until,) if until is not None else None, before):
            if end is not None:
                at = bisect_left(self._entries, end, lo=self._first, hi=at)
        for place in range(at - 1, self._first - 1, -1):
            entry = self._entries[place]
            if since is not None and entry.time < since:
                return
            yield entry


def _keys(event: Event) -> list[_Key]:
    """What an event is found by."""
    account, region = event.recipient, event.region
    keys = [
        (account, region, "", ""),
        (account, region, "EventName", event.name),
        (account, region, "ReadOnly", "true" if event.read_only else "false"),
        (account, region, "EventSource", event.source),
    ]
    if event.resources:
        keys.append((account, region, "ResourceType", RESOURCE_TYPE))
        keys += [(account, region, "ResourceName", arn) for arn in dict.fromkeys(arn for _, arn in event.resources)]
    username = event.username
    if username is not None:
        keys.append((account, region, "Username", username))
        if event.access_key_id is not None:
            keys.append((account, region, "AccessKeyId", event.access_key_id))
    return keys


def _by_arrival(entries: Iterable[Entry]) -> deque[Entry]:
    return deque(sorted(entries, key=lambda entry: entry.number))


def _id_in(arn: str) -> str:
    """What an ARN names, without where: a key's id, or an alias with its `alias/`."""
    return arn.split(":", 5)[-1].removeprefix("key/")
