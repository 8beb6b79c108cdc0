"""StoredEvent: an event as the trail keeps it, small, and out of the garbage collector's sight.

A trail may hold a million events, and the collector walks over all that it tracks. It tracks neither these structs
(`gc=False`: nothing that they refer to refers back to them) nor strings, bytes and tuples of strings.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from operator import attrgetter

import msgspec

from keytrail.domain.principal import Principal
from keytrail.trail.event import Event, Verbatim, access_key_id_in, username_in

TimeAndNumber = tuple[datetime, int]
"""What events are in the order of: an event's time, then its number."""


_VERBATIM = 1
_encode_map = msgspec.msgpack.Encoder().encode


def _extended(value: object) -> object:
    if isinstance(value, Verbatim):
        return msgspec.msgpack.Ext(_VERBATIM, _encode_map(value.data))
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError(f"no record holds a {type(value)}")


def _restored(code: int, data: memoryview) -> object:
    assert code == _VERBATIM
    return Verbatim(msgspec.msgpack.decode(data))


_Parts = tuple[dict[str, object] | None, dict[str, object] | None, dict[str, object] | None, dict[str, object] | None]

_encode = msgspec.msgpack.Encoder(enc_hook=_extended).encode
_decode: Callable[[bytes], _Parts] = msgspec.msgpack.Decoder(_Parts, ext_hook=_restored).decode

_NOTHING = _encode((None, None, None, None))


def pack(event: Event) -> bytes:
    """What only a record shows of an event, in few bytes: a record is made when it is read, and most never are.

    requestParameters, responseElements, additionalEventData and serviceEventDetails.
    """
    packed = _encode((event.request_parameters, event.response_elements, event.additional, event.service_details))
    return packed if packed != _NOTHING else _NOTHING


class EventGroup(msgspec.Struct, frozen=True, gc=False):
    """What the events of one caller's calls of one operation have in common; they all refer to one of these."""

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
    """An event: by itself what a selection asks for, packed what only a record shows. No two have one number."""

    time: datetime
    number: int
    """It is the number-th event that was written."""
    group: EventGroup
    event_id: str
    request_id: str | None
    resources: tuple[tuple[str, str], ...] | None
    error_code: str | None
    error_message: str | None
    shared_event_id: str | None
    packed: bytes
    """The rest of it, as `pack` writes it."""

    @property
    def event(self) -> Event:
        """The event, put together again."""
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


time_and_number: Callable[[StoredEvent], TimeAndNumber] = attrgetter("time", "number")
"""What an event is put in order by."""
