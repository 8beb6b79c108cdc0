"""Entry: an event as the trail keeps it, at its place among the others, and what it shares with others like it."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from keytrail.domain.principal import Principal
from keytrail.trail.event import Event, resource_type
from keytrail.trail.packing import unpack

Position = tuple[datetime, int]
"""A place in every timeline: the time of an event and its number."""

IndexKey = tuple[str, str, str, str]
"""Account, Region, LookupEvents' name of an attribute (empty: any event), and the attribute's value."""

_FEW = 32


class Frame:
    """What the calls of one caller to one operation have in common, and the timelines that their events stand in."""

    __slots__ = (
        *("key", "name", "region", "principal", "recipient", "read_only", "source", "source_ip", "user_agent"),
        *("invoked_by", "timelines", "count"),
    )

    def __init__(self, key: tuple[object, ...], event: Event) -> None:
        """Take the parts from an event."""
        self.key = key
        self.name = event.name
        self.region = event.region
        self.principal: Principal | None = event.principal
        self.recipient = event.recipient
        self.read_only = event.read_only
        self.source = event.source
        self.source_ip = event.source_ip
        self.user_agent = event.user_agent
        self.invoked_by = event.invoked_by
        self.timelines: tuple[Timeline, ...] = ()
        self.count = 0


class Entry(NamedTuple):
    """An event at its place: by time, then in the order in which events were written. No two have one number."""

    time: datetime
    number: int
    frame: Frame
    event_id: str
    request_id: str | None
    resources: tuple[tuple[str, str], ...] | None
    error: tuple[str, str | None] | None
    shared_event_id: str | None
    packed: bytes
    """The rest of it, as packing.py writes it."""

    @property
    def position(self) -> Position:
        """Where the entry stands."""
        return self.time, self.number

    @property
    def event(self) -> Event:
        """The event, put together again."""
        frame = self.frame
        parameters, elements, additional, details = unpack(self.packed)
        code, message = self.error if self.error is not None else (None, None)
        return Event(
            event_id=self.event_id,
            request_id=self.request_id,
            time=self.time,
            name=frame.name,
            region=frame.region,
            principal=frame.principal,
            recipient=frame.recipient,
            read_only=frame.read_only,
            request_parameters=parameters,
            response_elements=elements,
            additional=additional,
            resources=self.resources,
            error_code=code,
            error_message=message,
            shared_event_id=self.shared_event_id,
            source_ip=frame.source_ip,
            user_agent=frame.user_agent,
            invoked_by=frame.invoked_by,
            source=frame.source,
            service_details=details,
        )


class Timeline:
    """Entries in their order. Adding at the end and taking from the front cost the same however many there are."""

    __slots__ = ("_first", "entries", "key", "resources")

    def __init__(self, key: IndexKey | None = None, entries: list[Entry] | None = None) -> None:
        """Begin with entries in their order."""
        self.key = key
        self.entries: list[Entry] = entries if entries is not None else []
        self.resources: tuple[tuple[str, str], ...] | None = None
        """The resources of those of its events that have but one, to be shared among them."""
        self._first = 0

    def __len__(self) -> int:
        """How many entries there are."""
        return len(self.entries) - self._first

    def __iter__(self) -> Iterator[Entry]:
        """The entries, oldest first."""
        return islice(self.entries, self._first, None)

    def ends_before(self, entry: Entry) -> bool:
        """Whether the entry's place is the end; of timelines with all entries and with some, then of both."""
        entries = self.entries
        return len(entries) == self._first or entries[-1] < entry

    def begins_with(self, entries: list[Entry]) -> bool:
        """Whether these are the first entries."""
        return self.entries[self._first : self._first + len(entries)] == entries

    def insert(self, entry: Entry) -> None:
        """Add an entry at its place."""
        if self.ends_before(entry):
            self.entries.append(entry)
        else:
            insort(self.entries, entry, lo=self._first)

    def remove(self, entry: Entry) -> None:
        """Take an entry out that is there."""
        entries, first = self.entries, self._first
        if entries[first] is entry:
            self.drop(1)
        else:
            del entries[bisect_left(entries, entry, lo=first)]

    def drop(self, count: int) -> None:
        """Take the first entries out."""
        entries, first = self.entries, self._first + count
        if first > _FEW and 2 * first > len(entries):
            del entries[:first]
            first = 0
        else:
            entries[self._first : first] = [None] * count  # type: ignore[list-item]
        self._first = first

    def newest(self, since: datetime | None, until: datetime | None, before: Position | None) -> Iterator[Entry]:
        """Backwards from whichever end comes first, down to `since`."""
        at = len(self.entries)
        for end in ((until,) if until is not None else None, before):
            if end is not None:
                at = bisect_left(self.entries, end, lo=self._first, hi=at)
        for place in range(at - 1, self._first - 1, -1):
            entry = self.entries[place]
            if since is not None and entry.time < since:
                return
            yield entry


def frame_key(event: Event) -> tuple[object, ...]:
    """What events of one frame have in common."""
    return (
        event.name,
        event.region,
        event.principal,
        event.recipient,
        event.read_only,
        _resource_types(event),
        event.source,
        event.source_ip,
        event.user_agent,
        event.invoked_by,
    )


def _resource_types(event: Event) -> tuple[str, ...]:
    if not event.resources:
        return ()
    kinds = [resource_type(arn) for _, arn in event.resources]
    return tuple(kinds if len(kinds) == 1 else dict.fromkeys(kinds))


def frame_index_keys(event: Event) -> list[IndexKey]:
    """What all events of a frame are found by."""
    account, region = event.recipient, event.region
    keys = [
        (account, region, "", ""),
        (account, region, "EventName", event.name),
        (account, region, "ReadOnly", "true" if event.read_only else "false"),
        (account, region, "EventSource", event.source),
    ]
    keys += [(account, region, "ResourceType", kind) for kind in _resource_types(event)]
    username, access_key_id = event.username, event.access_key_id
    if username is not None:
        keys.append((account, region, "Username", username))
        if access_key_id is not None:
            keys.append((account, region, "AccessKeyId", access_key_id))
    return keys
