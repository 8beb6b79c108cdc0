"""Tagged trees: values in which each node has the type of its shape.

`tagged` makes a tree from members (as json11 returns them: mappings by KMS's names, bytes, aware datetimes), and checks
their types. `members` is its inverse.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from keytrail.wire.codec_error import CodecError, expected, map_step
from keytrail.wire.json11 import INTEGERS
from keytrail.wire.service_model import Shape


@dataclass(frozen=True, slots=True)
class Structure:
    """Names and values in the model's order, without absent members."""

    members: tuple[tuple[str, "Value"], ...] = ()


@dataclass(frozen=True, slots=True)
class List:
    """Values in order."""

    items: tuple["Value", ...] = ()


@dataclass(frozen=True, slots=True)
class Map:
    """Keys and values in their original order."""

    entries: tuple[tuple[str, "Value"], ...] = ()


@dataclass(frozen=True, slots=True)
class String:
    """Any text."""

    text: str


@dataclass(frozen=True, slots=True)
class Enum:
    """One of the texts that the model lists, or one that AWS has added since."""

    text: str


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes, not their base64."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""

    flag: bool


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number."""

    number: int


@dataclass(frozen=True, slots=True)
class Timestamp:
    """An aware datetime."""

    moment: datetime


Value = Structure | List | Map | String | Enum | Blob | Boolean | Integer | Timestamp
"""A value of any shape."""


def tagged(shape: Shape, value: object) -> Value:
    """The tree of a value of this shape; a member that is None is absent. Raises CodecError for a wrong type."""
    return _TAGS[shape.type](shape, value)


def members(value: Value) -> Any:
    """The members that the tree was made from. Raises CodecError if it is not a tree."""
    untag = _UNTAG.get(type(value))
    if untag is None:
        raise expected("a tagged value", value)
    return untag(value)


def _tagged_inside(shape: Shape, value: object, step: str) -> Value:
    try:
        return tagged(shape, value)
    except CodecError as error:
        error.within(step)
        raise


def _structure(shape: Shape, value: object) -> Structure:
    if not isinstance(value, Mapping):
        raise expected("a mapping", value)
    values = ((name, member, value.get(name)) for name, member in shape.members.items())
    return Structure(
        tuple((name, _tagged_inside(member, inner, f".{name}")) for name, member, inner in values if inner is not None)
    )


def _list(shape: Shape, value: object) -> List:
    assert shape.member is not None
    if not isinstance(value, (list, tuple)):
        raise expected("a list", value)
    return List(tuple(_tagged_inside(shape.member, inner, f"[{index}]") for index, inner in enumerate(value)))


def _map(shape: Shape, value: object) -> Map:
    assert shape.member is not None
    if not isinstance(value, Mapping):
        raise expected("a mapping", value)
    for name in value:
        if not isinstance(name, str):
            raise expected("keys that are strings", name)
        _require_unicode(name)
    return Map(tuple((name, _tagged_inside(shape.member, inner, map_step(name))) for name, inner in value.items()))


def _string(shape: Shape, value: object) -> String | Enum:
    if not isinstance(value, str):
        raise expected("a string", value)
    _require_unicode(value)
    return Enum(str(value)) if shape.enum else String(str(value))


def _require_unicode(text: str) -> None:
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise CodecError("contains a surrogate, which cannot be encoded")


def _blob(_: Shape, value: object) -> Blob:
    if not isinstance(value, bytes):
        raise expected("bytes", value)
    return Blob(value)


def _boolean(_: Shape, value: object) -> Boolean:
    if not isinstance(value, bool):
        raise expected("a boolean", value)
    return Boolean(value)


def _integer(_: Shape, value: object) -> Integer:
    if not isinstance(value, int) or isinstance(value, bool):
        raise expected("a whole number", value)
    if value not in INTEGERS:
        raise CodecError("out of the range of an integer")
    return Integer(value)


def _timestamp(_: Shape, value: object) -> Timestamp:
    if not isinstance(value, datetime):
        raise expected("a datetime", value)
    if value.utcoffset() is None:
        raise CodecError("expected an aware datetime, got a naive one")
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise CodecError("out of the range of a moment") from None
    return Timestamp(value)


_TAGS: Mapping[str, Callable[[Shape, object], Value]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "blob": _blob,
    "boolean": _boolean,
    "integer": _integer,
    "long": _integer,
    "timestamp": _timestamp,
}

_UNTAG: Mapping[type, Callable[[Any], object]] = {
    Structure: lambda value: {name: members(inner) for name, inner in value.members},
    List: lambda value: [members(inner) for inner in value.items],
    Map: lambda value: {name: members(inner) for name, inner in value.entries},
    String: lambda value: value.text,
    Enum: lambda value: value.text,
    Blob: lambda value: value.data,
    Boolean: lambda value: value.flag,
    Integer: lambda value: value.number,
    Timestamp: lambda value: value.moment,
}
