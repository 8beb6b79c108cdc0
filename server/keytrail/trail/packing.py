"""What an event alone has, in few bytes: a record is rendered when it is read, and most never are."""

from collections.abc import Callable, Mapping

import msgspec

from keytrail.trail.event import Event, Verbatim

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
    """The event's requestParameters, responseElements, additionalEventData and serviceEventDetails."""
    packed = _encode((event.request_parameters, event.response_elements, event.additional, event.service_details))
    return packed if packed != _NOTHING else _NOTHING


def unpack(packed: bytes) -> _Parts:
    """What `pack` was given."""
    return _decode(packed)
