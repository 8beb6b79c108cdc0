"""AWS JSON 1.1: decoding and encoding of members. Decoders and encoders are compiled once for each shape.

Members are a mapping by the service model's names. Blobs are bytes, timestamps aware datetimes. Absent members and
nulls are left out; members that the model lacks are ignored. Source: Smithy, "AWS JSON 1.1 protocol".
"""

import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec

from keytrail.errors import SerializationException
from keytrail.wire.codec_error import CodecError, map_step, wrong_type
from keytrail.wire.service_model import Shape

Decoder = Callable[[object], object]
Encoder = Callable[[object], object]

_parse = msgspec.json.Decoder().decode
_write = msgspec.json.Encoder(order="sorted").encode

INTEGERS = range(-(2**31), 2**31)
"""The range of an integer of the service models."""


def parse_body(body: bytes) -> dict[str, object]:
    """The JSON object that a request body is. Raises SerializationException, without a message as Kinesis's."""
    try:
        document = _parse(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise SerializationException from None
    if type(document) is not dict:
        raise SerializationException
    return document


def decode_document(shape: Shape, document: dict[str, object]) -> dict[str, object]:
    """The members in a request's JSON object. Raises SerializationException."""
    try:
        return decoder(shape)(document)  # type: ignore[return-value]
    except CodecError as error:
        raise SerializationException(error.kms_message) from None


def parse(text: str | bytes) -> object:
    """The document in a JSON text; bytes must be UTF-8. Raises CodecError."""
    try:
        return _parse(text)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise CodecError(f"not JSON: {error if isinstance(error, msgspec.DecodeError) else 'not Unicode'}") from None
    except RecursionError:
        raise CodecError("nested too deeply") from None


def encode_body(shape: Shape | None, reply: Mapping[str, object] | None) -> bytes:
    """The body of a reply: compact JSON, members in alphabetical order. Empty if there is no output shape."""
    if shape is None:
        return b""
    return encode(shape, reply or {})


def encode(shape: Shape, value: object) -> bytes:
    """The JSON text of a value of this shape: compact, members in alphabetical order."""
    return _write(encoder(shape)(value))


def document(shape: Shape, value: object) -> Any:
    """As `encode`, but before it becomes text: blobs are base64, timestamps epoch seconds."""
    return msgspec.to_builtins(encoder(shape)(value), order="sorted")


def encode_error(code: str, message_member: str, message: str | None) -> bytes:
    """The body of an error."""
    return _write(error_document(code, message_member, message))


def error_document(code: str, message_member: str, message: str | None) -> dict[str, object]:
    """An error as a JSON object. If `message` is None, it has no such member."""
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
        index = 0
        try:
            for index, inner in enumerate(value):  # noqa: B007 - the error needs it
                if inner is not None:
                    decoded.append(item(inner))
        except CodecError as error:
            error.within(f"[{index}]")
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
    """A value in a map of strings. KMS also accepts numbers and booleans there, and takes their JSON text."""
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
        # unverified: the words; Kinesis repeats the value, but KMS repeats no blob in its other errors
        raise CodecError("expected base64") from None


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
    except ValueError:  # more digits than Python converts; cannot come from JSON
        return "The number"


_SCALARS: Mapping[str, Decoder] = {
    "string": _string,
    "blob": _blob,
    "integer": _integer,
    "long": _integer,
    "boolean": _boolean,
    "timestamp": _timestamp,
}

_JAVA_TOKENS = {
    str: "STRING_VALUE",
    int: "NUMBER_VALUE",
    float: "DECIMAL_VALUE",
}

_EXPECTED = {
    "structure": "Expected null",
    "map": "Expected map or null",
    "list": "Expected list or null",
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


def _unexpected(value: object, java_type: str) -> CodecError:
    # unverified: that KMS has the words of other services; these are Kinesis's (mhart/kinesalite, test/helpers.js), and
    # for scalars in place of scalars those of CodeDeploy and SQS (aws/aws-cdk #27087, async-aws/aws #1667), newer ones
    return wrong_type(_IN_JSON[java_type], value, _kms_message(value, java_type))


def _kms_message(value: object, java_type: str) -> str:
    if isinstance(value, dict):
        return "Start of structure or map found where not expected."
    if isinstance(value, list):
        return "Start of list found where not expected"
    if java_type in _EXPECTED:
        return _EXPECTED[java_type]
    token = (
        ("TRUE_VALUE" if value else "FALSE_VALUE")
        if isinstance(value, bool)
        else _JAVA_TOKENS.get(type(value), "VALUE")
    )
    article = "an" if java_type[0] in "AI" else "a"
    return f"{token} can not be converted to {article} {java_type}"


@cache
def encoder(shape: Shape) -> Encoder:
    """The function that turns a value of this shape into one that msgspec can write as JSON."""
    if shape.type == "timestamp":
        return _epoch_seconds
    if not _contains_timestamp(shape):
        return _unchanged
    if shape.member is not None:
        item = encoder(shape.member)
        return lambda values: [item(value) for value in values]  # type: ignore[attr-defined]
    special = {name: encoder(member) for name, member in shape.members.items() if _contains_timestamp(member)}

    def encode(value: object) -> object:
        encoded = dict(value)  # type: ignore[call-overload]
        for name, member in special.items():
            if name in encoded:
                encoded[name] = member(encoded[name])
        return encoded

    return encode


@cache
def _contains_timestamp(shape: Shape) -> bool:
    inner = [*shape.members.values(), *([shape.member] if shape.member is not None else [])]
    return shape.type == "timestamp" or any(_contains_timestamp(member) for member in inner)


def _epoch_seconds(value: object) -> object:
    assert isinstance(value, datetime)
    return value.timestamp()


def _unchanged(value: object) -> object:
    return value
