"""CBOR as Smithy's RPC v2 has it: decoding and encoding of members.

Only what the protocol uses is read: integers, floating-point numbers, texts, bytes, arrays, maps, true, false, null and
epoch times (tag 1). Decoders of all of CBOR do more with bytes from a stranger: regular expressions, huge numbers,
references. Source: Smithy, "Smithy RPC v2 CBOR protocol"; RFC 8949.
"""

import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from keytrail.wire.aws_json import decoder as json_decoder
from keytrail.wire.codec_error import CodecError, map_step, wrong_type
from keytrail.wire.service_model import Shape

_DEEPEST = 64
"""How deep arrays and maps may be nested."""

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_INDEFINITE = 31
_LENGTHS = {24: ">B", 25: ">H", 26: ">I", 27: ">Q"}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_CONSTANTS = {20: False, 21: True, 22: None, 23: None}
"""23 is `undefined`, which is as good as absent."""

_EPOCH = 1
_BREAK = object()


def parse(data: bytes) -> object:
    """The one data item that the bytes are; an epoch time is an aware datetime. Raises CodecError."""
    reader = _Reader(data)
    item = reader.item(0)
    if item is _BREAK or not reader.at_end:
        raise CodecError("not CBOR: expected one data item")
    return item


class _Reader:
    """Reads data items one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self._data)

    def item(self, depth: int) -> Any:
        """The next item, or `_BREAK`."""
        if depth > _DEEPEST:
            raise CodecError("nested too deeply")
        (first,) = self._take(1)
        kind, detail = first >> 5, first & 31
        if kind == _SIMPLE:
            return self._simple(detail)
        if detail == _INDEFINITE:
            return self._indefinite(kind, depth)
        return self._definite(kind, self._number(detail), depth)

    def _definite(self, kind: int, number: int, depth: int) -> object:
        """An item whose number, or length, is this one."""
        if kind in (_UNSIGNED, _NEGATIVE):
            return number if kind == _UNSIGNED else -1 - number
        if kind in (_BYTES, _TEXT):
            return self._string(kind, number)
        if kind == _TAG:
            return self._tagged(number, depth)
        # Each entry has a byte at least, so a false length ends with the bytes.
        if kind == _ARRAY:
            return [self._entry(depth) for _ in range(number)]
        return {self._name(depth): self._entry(depth) for _ in range(number)}

    def _take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            raise CodecError("not CBOR: it ends too early")
        self._at += size
        return taken

    def _number(self, detail: int) -> int:
        if detail < 24:
            return detail
        if detail not in _LENGTHS:
            raise CodecError("not CBOR: a reserved length")
        form = _LENGTHS[detail]
        number: int = struct.unpack(form, self._take(struct.calcsize(form)))[0]
        return number

    def _string(self, kind: int, length: int) -> bytes | str:
        taken = self._take(length)
        try:
            return taken if kind == _BYTES else taken.decode()
        except UnicodeDecodeError:
            raise CodecError("not CBOR: a text is not in UTF-8") from None

    def _simple(self, detail: int) -> object:
        if detail in _FLOATS:
            form = _FLOATS[detail]
            return struct.unpack(form, self._take(struct.calcsize(form)))[0]
        if detail == _INDEFINITE:
            return _BREAK
        if detail not in _CONSTANTS:
            raise CodecError("an unknown simple value")
        return _CONSTANTS[detail]

    def _indefinite(self, kind: int, depth: int) -> object:
        if kind in (_BYTES, _TEXT):
            chunks: list[Any] = []
            while (chunk := self.item(depth + 1)) is not _BREAK:
                if type(chunk) is not (bytes if kind == _BYTES else str):
                    raise CodecError("not CBOR: a chunk of another type")
                chunks.append(chunk)
            return b"".join(chunks) if kind == _BYTES else "".join(chunks)
        if kind == _ARRAY:
            items = []
            while (item := self.item(depth + 1)) is not _BREAK:
                items.append(item)
            return items
        if kind == _MAP:
            entries = {}
            while (name := self.item(depth + 1)) is not _BREAK:
                entries[_text_key(name)] = self._entry(depth)
            return entries
        raise CodecError("not CBOR: this type has a length")

    def _entry(self, depth: int) -> object:
        item = self.item(depth + 1)
        if item is _BREAK:
            raise CodecError("not CBOR: an unexpected break")
        return item

    def _name(self, depth: int) -> str:
        return _text_key(self._entry(depth))

    def _tagged(self, tag: int, depth: int) -> object:
        value = self._entry(depth)
        if tag != _EPOCH or type(value) not in (int, float):
            raise CodecError("a tag other than that of epoch times")
        try:
            return datetime.fromtimestamp(value, UTC)  # type: ignore[arg-type]
        except (ValueError, OverflowError, OSError):
            raise CodecError("out of the range of a moment") from None


def _text_key(key: object) -> str:
    if not isinstance(key, str):
        raise wrong_type("a text as key", key)
    return key


def decode(shape: Shape, value: object) -> Any:
    """The value of this shape in what `parse` returned, as `aws_json` returns it. Raises CodecError."""
    return _READERS[shape.type](shape, value)


def _inside(shape: Shape, value: object, step: str) -> object:
    try:
        return decode(shape, value)
    except CodecError as error:
        error.within(step)
        raise


def _structure(shape: Shape, value: object) -> object:
    if not isinstance(value, dict):
        raise wrong_type("a map", value)
    return {
        name: _inside(shape.members[name], inner, f".{name}")
        for name, inner in value.items()
        if name in shape.members and inner is not None
    }


def _list(shape: Shape, value: object) -> object:
    assert shape.member is not None
    if not isinstance(value, list):
        raise wrong_type("an array", value)
    return [_inside(shape.member, inner, f"[{index}]") for index, inner in enumerate(value) if inner is not None]


def _map(shape: Shape, value: object) -> object:
    assert shape.member is not None
    if not isinstance(value, dict):
        raise wrong_type("a map", value)
    return {name: _inside(shape.member, inner, map_step(name)) for name, inner in value.items() if inner is not None}


def _blob(_: Shape, value: object) -> object:
    if not isinstance(value, bytes):
        raise wrong_type("bytes", value)
    return value


def _timestamp(_: Shape, value: object) -> object:
    if not isinstance(value, datetime):
        raise wrong_type("an epoch time", value)
    return value


def _as_in_json(shape: Shape, value: object) -> object:
    return json_decoder(shape)(value)


_READERS: Mapping[str, Callable[[Shape, object], object]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "blob": _blob,
    "timestamp": _timestamp,
    **dict.fromkeys(("string", "integer", "long", "boolean"), _as_in_json),
}


def encode(value: object) -> bytes:
    """The bytes of a value of any shape, or of an error; moments are epoch times."""
    import cbor2

    return cbor2.dumps(value, datetime_as_timestamp=True, timezone=UTC)
