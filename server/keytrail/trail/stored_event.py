"""StoredEvent: an event as the trail keeps it: small, and not tracked by the garbage collector.

A trail may have a million events, and the collector walks over every object that it tracks. It does not track these
structs (`gc=False` is safe: nothing that they refer to refers back to them), nor strings, bytes and tuples of strings.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from operator import attrgetter

import msgspec

from keytrail.domain.principal import Principal
from keytrail.plain_values import plain_datetime
from keytrail.trail.event import Event, Verbatim, access_key_id_in, username_in
from keytrail.trail.listed_resources import ListedResources

TimeAndNumber = tuple[datetime, int]
"""The order of events: by time, then by number."""


_VERBATIM = 1
_encode_map = msgspec.msgpack.Encoder().encode


def _encode_other(value: object) -> object:
    if isinstance(value, Verbatim):
        return msgspec.msgpack.Ext(_VERBATIM, _encode_map(value.data))
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, datetime):
        return plain_datetime(value)
    raise NotImplementedError(f"a record cannot contain a {type(value)}")


def _decode_verbatim(code: int, data: memoryview) -> object:
    assert code == _VERBATIM
    return Verbatim(msgspec.msgpack.decode(data))


_Parts = tuple[dict[str, object] | None, dict[str, object] | None, dict[str, object] | None, dict[str, object] | None]

_encode = msgspec.msgpack.Encoder(enc_hook=_encode_other).encode
_decode: Callable[[bytes], _Parts] = msgspec.msgpack.Decoder(_Parts, ext_hook=_decode_verbatim).decode

_SIZE = 640
"""Bytes of an event besides its packed parts, with its places in the lists: on average, as `make bench` measures."""

_EMPTY = _encode((None, None, None, None))


def pack(event: Event) -> bytes:
    """The parts of an event that only its record needs, as bytes.

    These are requestParameters, responseElements, additionalEventData and serviceEventDetails. They stay packed until
    somebody reads the record, and most records are never read.
    """
    packed = _encode((event.request_parameters, event.response_elements, event.additional, event.service_details))
    return packed if packed != _EMPTY else _EMPTY  # one object for all events without these parts


class EventGroup(msgspec.Struct, frozen=True, gc=False):
    """The values that the events of one caller and one operation share: a history has each group once."""

    name: str
    region: str
    principal: Principal | None
    recipient: str
    read_only: bool
    source: str
    source_ip: str
    user_agent: str
    invoked_by: str | None

    @property
    def username(self) -> str | None:
        """As username_in."""
        return username_in(self.recipient, self.principal)

    @property
    def access_key_id(self) -> str | None:
        """As access_key_id_in."""
        return access_key_id_in(self.recipient, self.principal)


class StoredEvent(msgspec.Struct, frozen=True, gc=False):
    """An event: searches compare its fields; `packed` is what only its record needs. Numbers are unique."""

    time: datetime
    number: int
    """How many events had been written, with this one."""
    group: EventGroup
    event_id: str
    request_id: str | None
    resources: tuple[tuple[str, str], ...] | None
    listed: ListedResources
    """What LookupEvents lists as Resources."""
    error_code: str | None
    error_message: str | None
    shared_event_id: str | None
    packed: bytes
    """What `pack` returned for the event."""

    @property
    def size(self) -> int:
        """The bytes of memory that the event takes, estimated: `packed` may be long, all else is an average."""
        return _SIZE + len(self.packed)

    @property
    def event(self) -> Event:
        """The event, unpacked."""
        group = self.group
        request_parameters, response_elements, additional, service_details = _decode(self.packed)
        return Event(
            event_id=self.event_id,
            request_id=self.request_id,
            time=self.time,
            name=group.name,
            region=group.region,
            principal=group.principal,
            recipient=group.recipient,
            read_only=group.read_only,
            request_parameters=request_parameters,
            response_elements=response_elements,
            additional=additional,
            resources=self.resources,
            error_code=self.error_code,
            error_message=self.error_message,
            shared_event_id=self.shared_event_id,
            source_ip=group.source_ip,
            user_agent=group.user_agent,
            invoked_by=group.invoked_by,
            source=group.source,
            service_details=service_details,
        )


def size_of(events: Collection[StoredEvent]) -> int:
    """The sum of the sizes of events."""
    return _SIZE * len(events) + sum([len(event.packed) for event in events])


time_and_number: Callable[[StoredEvent], TimeAndNumber] = attrgetter("time", "number")
"""The sort key of events."""
