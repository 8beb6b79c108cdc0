"""Events of the trail as bytes, several hundred together: they share their groups, and are written and read quickly."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Any

import msgspec

from keytrail.data_dir.packing import decoder, encode
from keytrail.trail import StoredEvent
from keytrail.trail.stored_event import EventGroup

AT_ONCE = 500
"""How many events a chunk has at most. Encoding that many holds up the event loop for less than a millisecond."""


class _Event(msgspec.Struct, array_like=True, gc=False):
    """The fields of StoredEvent; the group by its index."""

    time: datetime
    number: int
    group: int
    event_id: str
    request_id: str | None
    resources: tuple[tuple[str, str], ...] | None
    listed: tuple[tuple[str, str | None], ...]
    error_code: str | None
    error_message: str | None
    shared_event_id: str | None
    packed: bytes


_rest: Callable[[StoredEvent | _Event], tuple[Any, ...]] = attrgetter(*_Event.__struct_fields__[3:])
"""The fields of an event after its time, its number and its group."""


class _Chunk(msgspec.Struct):
    groups: list[EventGroup]
    events: list[_Event]


_decode = decoder(_Chunk)


class Chunk(msgspec.Struct):
    """Events whose numbers are from `first` to `last`, in their order."""

    first: int
    last: int
    data: bytes


def encode_events(events: Sequence[StoredEvent]) -> Iterator[Chunk]:
    """Events, which are in the order of their numbers, as chunks."""
    rest = iter(events)
    while some := list(islice(rest, AT_ONCE)):
        yield Chunk(some[0].number, some[-1].number, encode(_chunk(some)))


def _chunk(events: list[StoredEvent]) -> _Chunk:
    indexes: dict[int, int] = {}
    groups: list[EventGroup] = []
    records = []
    for event in events:
        index = indexes.get(id(event.group))
        if index is None:
            index = indexes[id(event.group)] = len(groups)
            groups.append(event.group)
        records.append(_Event(event.time, event.number, index, *_rest(event)))
    return _Chunk(groups, records)


def decode_events(chunks: Iterable[bytes]) -> Iterator[StoredEvent]:
    """The events in chunks. Equal groups are one object. Raises msgspec.DecodeError."""
    known: dict[EventGroup, EventGroup] = {}
    for data in chunks:
        chunk = _decode(data)
        groups = [known.setdefault(group, group) for group in chunk.groups]
        for event in chunk.events:
            yield StoredEvent(event.time, event.number, groups[event.group], *_rest(event))
