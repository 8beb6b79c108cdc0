"""Index: events in the order of their times, as a whole and by each attribute that LookupEvents finds them by.

A page costs the same wherever it begins and however many events there are. Events leave in the order in which they
came, which is nearly always that of their times: then each is the first of every timeline that it is in.
"""

import heapq
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice, takewhile

from keytrail.trail.entry import Entry, Frame, IndexKey, Position, Timeline, frame_index_keys, frame_key
from keytrail.trail.event import Event
from keytrail.trail.selection import Selection

Unplaced = tuple[Event, int, bytes]
"""An event, its number, and what packing.py makes of it."""


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

    def admits(self, entry: Entry) -> bool:
        """Whether an event is of the account and the Region, and of the time."""
        return (
            (entry.frame.recipient, entry.frame.region) == (self.account, self.region)
            and (self.since is None or self.since <= entry.time)
            and (self.until is None or entry.time < self.until)
        )


class Index:
    """Events in their order. Not thread-safe: the trail's lock is around it."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        """Begin with entries of another index, in any order."""
        self._arrived: deque[Entry] = deque()
        self._all = Timeline()
        self._frames: dict[tuple[object, ...], Frame] = {}
        self._by: dict[IndexKey, Timeline] = {}
        self._arns: dict[tuple[str, str, str], dict[str, None]] = {}
        self._places: dict[tuple[str, str], None] = {}
        self._copy(entries)
        self._arrived = _by_arrival(self._all)

    def __len__(self) -> int:
        """How many events there are."""
        return len(self._all)

    def __iter__(self) -> Iterator[Entry]:
        """The entries, oldest first."""
        return iter(self._all)

    def add(self, batch: Iterable[Unplaced]) -> list[Entry]:
        """Put events at their places: many at once, for then each costs a fraction."""
        entries = [self._entry(event, number, packed) for event, number, packed in batch]
        self._arrived.extend(entries)
        ordered = sorted(entries)
        if len(ordered) > 1 and self._all.ends_before(ordered[0]):
            self._extend(ordered)
        else:  # one; or brought from the past, or by a call that ended later than one that began later
            for entry in ordered:
                self._insert(entry)
        return entries

    def pop_first(self, count: int) -> list[Entry]:
        """Take the events out that came first."""
        gone = [self._arrived.popleft() for _ in range(count)]
        if len(gone) > 1 and self._all.begins_with(gone):
            self._drop(gone)
        else:
            for entry in gone:
                self._remove(entry)
        return gone

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
        others = [entry for entry in self._all if entry.frame.recipient != account]
        self._by = {key: timeline for key, timeline in self._by.items() if key[0] != account}
        self._arns = {place: arns for place, arns in self._arns.items() if place[0] != account}
        self._places = {place: None for place in self._places if place[0] != account}
        self._frames = {key: frame for key, frame in self._frames.items() if frame.recipient != account}
        self._all = Timeline()
        self._copy(entries)
        self._all = Timeline(None, sorted((*others, *self._all)))
        self._arrived = _by_arrival(self._all)

    def _copy(self, entries: Iterable[Entry]) -> None:
        self._extend(
            [
                entry._replace(frame=self._frames.get(entry.frame.key) or self._new_frame(entry.event))
                for entry in sorted(entries)
            ]
        )

    def _entry(self, event: Event, number: int, packed: bytes) -> Entry:
        frame = self._frames.get(frame_key(event)) or self._new_frame(event)
        resources = event.resources
        if resources is not None and len(resources) == 1:
            timeline = self._timeline((frame.recipient, frame.region, "ResourceName", resources[0][1]))
            if timeline.resources == resources:
                resources = timeline.resources
            else:
                timeline.resources = resources
        return Entry(
            event.time,
            number,
            frame,
            event.event_id,
            event.request_id,
            resources,
            (event.error_code, event.error_message) if event.error_code is not None else None,
            event.shared_event_id,
            packed,
        )

    def _extend(self, entries: list[Entry]) -> None:
        """Add entries that stand after all others, in their order."""
        self._all.entries += entries
        of_frames: dict[Frame, list[Entry]] = {}
        for entry in entries:
            of_frames.setdefault(entry.frame, []).append(entry)
            if entry.resources:
                for timeline in self._of_resources(entry):
                    timeline.entries.append(entry)
        frames_in: dict[Timeline, list[Frame]] = {}
        for frame, own in of_frames.items():
            frame.count += len(own)
            for timeline in frame.timelines:
                frames_in.setdefault(timeline, []).append(frame)
        # Many timelines get the same entries: put these in order but once.
        merged: dict[tuple[Frame, ...], list[Entry]] = {tuple(of_frames): entries}
        for timeline, frames in frames_in.items():
            together = tuple(frames)
            if together not in merged:
                merged[together] = sorted(chain.from_iterable(of_frames[frame] for frame in frames))
            timeline.entries += merged[together]

    def _insert(self, entry: Entry) -> None:
        """Add an entry wherever it stands."""
        entry.frame.count += 1
        for timeline in (self._all, *entry.frame.timelines, *self._of_resources(entry)):
            timeline.insert(entry)

    def _drop(self, entries: list[Entry]) -> None:
        """Take the first entries out."""
        self._all.drop(len(entries))
        counts: dict[Timeline, int] = {}
        for frame, count in Counter([entry.frame for entry in entries]).items():
            self._count_off(frame, count)
            for timeline in frame.timelines:
                counts[timeline] = counts.get(timeline, 0) + count
        for entry in entries:
            if entry.resources:
                for timeline in self._of_resources(entry):
                    counts[timeline] = counts.get(timeline, 0) + 1
        for timeline, count in counts.items():
            timeline.drop(count)
            self._forget_if_empty(timeline)

    def _remove(self, entry: Entry) -> None:
        """Take an entry out wherever it stands."""
        self._count_off(entry.frame, 1)
        self._all.remove(entry)
        for timeline in (*entry.frame.timelines, *self._of_resources(entry)):
            timeline.remove(entry)
            self._forget_if_empty(timeline)

    def _count_off(self, frame: Frame, count: int) -> None:
        frame.count -= count
        if not frame.count:
            del self._frames[frame.key]

    def _new_frame(self, event: Event) -> Frame:
        frame = Frame(frame_key(event), event)
        frame.timelines = tuple([self._timeline(key) for key in frame_index_keys(event)])
        self._frames[frame.key] = frame
        return frame

    def _timeline(self, key: IndexKey) -> Timeline:
        timeline = self._by.get(key)
        if timeline is None:
            timeline = self._by[key] = Timeline(key)
            if key[2] == "ResourceName":
                self._arns.setdefault((*key[:2], _id_in(key[3])), {})[key[3]] = None
            elif not key[2]:
                self._places[key[:2]] = None
        return timeline

    def _of_resources(self, entry: Entry) -> list[Timeline]:
        frame, resources = entry.frame, entry.resources or ()
        arns = [arn for _, arn in resources]
        return [
            self._timeline((frame.recipient, frame.region, "ResourceName", arn))
            for arn in (arns if len(arns) == 1 else dict.fromkeys(arns))
        ]

    def _forget_if_empty(self, timeline: Timeline) -> None:
        key = timeline.key
        if not len(timeline) and key is not None:
            del self._by[key]
            if key[2] == "ResourceName":
                self._forget_arn(key)
            elif not key[2]:
                del self._places[key[:2]]

    def _asked(self, query: Query) -> list[IndexKey]:
        name, value = query.attribute or ("", "")
        values: Iterable[str] = (value,)
        if name == "ResourceName" and not value.startswith("arn:"):
            values = self._arns.get((query.account, query.region, value), ())
        return [(query.account, query.region, name, wanted) for wanted in values]

    def _forget_arn(self, key: IndexKey) -> None:
        place = (*key[:2], _id_in(key[3]))
        arns = self._arns[place]
        del arns[key[3]]
        if not arns:
            del self._arns[place]


def _by_arrival(entries: Iterable[Entry]) -> deque[Entry]:
    return deque(sorted(entries, key=lambda entry: entry.number))


def _id_in(arn: str) -> str:
    """What an ARN names, without where: a key's id, or an alias with its `alias/`."""
    return arn.split(":", 5)[-1].removeprefix("key/")
