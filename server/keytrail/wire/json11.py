"""AWS JSON 1.1: documents to members and back, compiled once per shape.

Members are a mapping by the service model's names: blobs are bytes, timestamps aware datetimes, absent members
(and nulls) left out, members that the model lacks ignored. Source: Smithy, "AWS JSON 1.1 protocol".
"""

import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec

from keytrail.errors import SerializationException
from keytrail.wire.codec_error import CodecError, expected, map_step
from keytrail.wire.service_model import Shape

Decoder = Callable[[object], object]
Encoder = Callable[[object], object]

_parse = msgspec.json.Decoder().decode
_write = msgspec.json.Encoder(order="sorted").encode

INTEGERS = range(-(2**31), 2**31)
"""What an integer of the service models may be."""


def decode_body(shape: Shape, body: bytes) -> dict[str, object]:
    """The members in a request body; an empty body has none. Raises SerializationException."""
    try:
        document = parse(body) if body else {}
        if type(document) is not dict:
            raise SerializationException("Start of structure or map found where not expected.")
        return decoder(shape)(document)  # type: ignore[return-value]
    except CodecError as error:
        raise SerializationException(error.in_kms_words) from None


def parse(text: str | bytes) -> object:
    """The document in a JSON text, in UTF-8 if it is bytes. Raises CodecError."""
    try:
        return _parse(text)
    except (msgspec.DecodeError, UnicodeError) as error:
        # unverified: KMS's words for malformed JSON; none here
        raise CodecError(f"not JSON: {error if isinstance(error, msgspec.DecodeError) else 'not Unicode'}") from None
    except RecursionError:
        raise CodecError("nested too deeply") from None


def encode_body(shape: Shape | None, reply: Mapping[str, object] | None) -> bytes:
    """The body of a reply: compact JSON, members in alphabetical order; nothing where the model has none."""
    if shape is None:
        return b""
    return encode(shape, reply or {})


def encode(shape: Shape, value: object) -> bytes:
    """The JSON text of a value of this shape: compact, members in alphabetical order."""
    return _write(encoder(shape)(value))


def document(shape: Shape, value: object) -> Any:
    """What `encode` writes, before it is written: blobs are base64 text, moments epoch seconds."""
    return msgspec.to_builtins(encoder(shape)(value), order="sorted")


def encode_error(code: str, message_member: str, message: str | None) -> bytes:
    """The body of an error."""
    return _write(error_document(code, message_member, message))


def error_document(code: str, message_member: str, message: str | None) -> dict[str, object]:
    """An error as JSON shows it; without a message there is no such member."""
    return {"__type": code} if message is None else {"__type": code, message_member: message}


@cache
def decoder(shape: Shape) -> Decoder:
    """The function that turns a JSON value into a value of this shape, or raises CodecError."""
    if shape.type == "structure":
        return _structure_decoder({name: decoder(member) for name, member in shape.members.items()})
    if shape.member is not None:
        item = decoder(shape.member)
        return _list_decoder(item) if shape.type == "list" else _map_decoder(shape.member)
    return _SCALARS[shape.type]


def _structure_decoder(members: Mapping[str, Decoder]) -> Decoder:
    def decode(value: object) -> object:
        if not isinstance(value, dict):
            raise _unexpected(value, "structure")
        decoded = {}
        name = ""
        try:
            for name, inner in value.items():
                member = members.get(name)
                if member is not None and inner is not None:
                    decoded[name] = member(inner)
        except CodecError as error:
            error.within(f".{name}")
            raise
        return decoded

    return decode


def _list_decoder(item: Decoder) -> Decoder:
    def decode(value: object) -> object:
        if not isinstance(value, list):
            raise _unexpected(value, "list")
        decoded = []
        at = 0
        try:
            for at, inner in enumerate(value):  # noqa: B007 - it is used where something is wrong
                if inner is not None:
                    decoded.append(item(inner))
        except CodecError as error:
            error.within(f"[{at}]")
            raise
        return decoded

    return decode


def _map_decoder(values: Shape) -> Decoder:
    item = _text if values.type == "string" else decoder(values)

    def decode(value: object) -> object:
        if not isinstance(value, dict):
            raise _unexpected(value, "map")
        decoded = {}
        name = ""
        try:
            for name, inner in value.items():
                if inner is not None:
                    decoded[name] = item(inner)
        except CodecError as error:
            error.within(map_step(name))
            raise
        return decoded

    return decode


def _string(value: object) -> object:
    if not isinstance(value, str):
        raise _unexpected(value, "String")
    return value


def _text(value: object) -> object:
    """The value of a string map: KMS takes numbers and booleans for their text."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return _write(value).decode()
    raise _unexpected(value, "String")


def _blob(value: object) -> object:
    if not isinstance(value, str):
        raise _unexpected(value, "Blob")
    try:
        return binascii.a2b_base64(value.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise CodecError("expected base64", "The blob is not valid base64.") from None


def _integer(value: object) -> object:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise _unexpected(value, "Integer")
    if value not in INTEGERS:
        raise CodecError("out of the range of an integer", f"{_printed(value)} is out of the range of an Integer")
    return value


def _boolean(value: object) -> object:
    if type(value) is not bool:
        raise _unexpected(value, "Boolean")
    return value


def _timestamp(value: object) -> object:
    if type(value) not in (int, float):
        raise _unexpected(value, "Date")
    try:
        return datetime.fromtimestamp(value, UTC)  # type: ignore[arg-type]
    except (ValueError, OverflowError, OSError):
        raise CodecError("out of the range of a moment", f"{_printed(value)} is out of the range of a Date") from None


def _printed(number: object) -> str:
    try:
        return str(number)
    except ValueError:  # more digits than Python prints; no JSON text has them
        return "The number"


_SCALARS: Mapping[str, Decoder] = {
    "string": _string,
    "blob": _blob,
    "integer": _integer,
    "long": _integer,
    "boolean": _boolean,
    "timestamp": _timestamp,
}

_TOKENS = {
    str: "STRING_VALUE",
    int: "NUMBER_VALUE",
    float: "DECIMAL_VALUE",
    dict: "START_OBJECT",
    list: "START_ARRAY",
}

_IN_JSON = {
    "structure": "an object",
    "map": "an object",
    "list": "an array",
    "String": "a string",
    "Blob": "a string",
    "Integer": "a whole number",
    "Boolean": "a boolean",
    "Date": "a number",
}


def _unexpected(value: object, wanted: str) -> CodecError:
    # unverified: the words; AWS's JSON front ends have several for this
    token = ("TRUE_VALUE" if value else "FALSE_VALUE") if isinstance(value, bool) else _TOKENS.get(type(value), "VALUE")
    article = "an" if wanted[0] in "AI" else "a"
    return expected(_IN_JSON[wanted], value, f"{token} can not be converted to {article} {wanted}")


@cache
def encoder(shape: Shape) -> Encoder:
    """The function that turns a value of this shape into one that JSON can hold."""
    if shape.type == "timestamp":
        return _epoch_seconds
    if not _holds_timestamp(shape):
        return _as_it_is
    if shape.member is not None:
        item = encoder(shape.member)
        return lambda values: [item(value) for value in values]  # type: ignore[attr-defined]
    special = {name: encoder(member) for name, member in shape.members.items() if _holds_timestamp(member)}

    def encode(value: object) -> object:
        encoded = dict(value)  # type: ignore[call-overload]
        for name, member in special.items():
            if name in encoded:
                encoded[name] = member(encoded[name])
        return encoded

    return encode


@cache
def _holds_timestamp(shape: Shape) -> bool:
    inner = [*shape.members.values(), *([shape.member] if shape.member is not None else [])]
    return shape.type == "timestamp" or any(_holds_timestamp(member) for member in inner)


def _epoch_seconds(value: object) -> object:
    assert isinstance(value, datetime)
    return value.timestamp()


def _as_it_is(value: object) -> object:
    return value
