"""Scalar values as text, for XML elements and the fields of AWS Query.

Blobs are base64, booleans `true` and `false`, integers decimal, timestamps ISO 8601 in UTC. Source: Smithy, "AWS query
protocol", "XML shape serialization".
"""

import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from keytrail.wire.aws_json import decoder
from keytrail.wire.codec_error import CodecError
from keytrail.wire.service_model import Shape

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_EPOCH_SECONDS = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,3})?")
# Eight digits without a time are epoch seconds, not a date. `fromisoformat` also accepts texts that are not ISO 8601.
_ISO_8601 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}(?=T))(T[0-9:]{2,8}([.,][0-9]{1,9})?(Z|[+-][0-9:]{2,5})?)?"
)
_BOOLEANS = {"true": True, "false": False}


def from_text(shape: Shape, text: str) -> object:
    """The value of a scalar shape. Raises CodecError."""
    return _READERS[shape.type](shape, text)


def to_text(shape: Shape, value: object) -> str:
    """The text of a scalar shape's value."""
    return _WRITERS[shape.type](value)


def _number(shape: Shape, text: str) -> object:
    if not _INTEGER.fullmatch(text):
        raise CodecError("expected a whole number, got other text")
    return decoder(shape)(int(text))


def _boolean(_: Shape, text: str) -> object:
    value = _BOOLEANS.get(text.strip())
    if value is None:
        raise CodecError("expected true or false, got other text")
    return value


def _moment(shape: Shape, text: str) -> object:
    """Read ISO 8601 (UTC if it has no offset) or epoch seconds."""
    text = text.strip()
    if _EPOCH_SECONDS.fullmatch(text):
        return decoder(shape)(float(text))
    try:
        if not _ISO_8601.fullmatch(text):
            raise ValueError
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise CodecError("expected ISO 8601 or epoch seconds, got other text") from None


_READERS: Mapping[str, Callable[[Shape, str], object]] = {
    "string": lambda _, text: text,
    # The base64 may have line breaks.
    "blob": lambda shape, text: decoder(shape)("".join(text.split())),
    "integer": _number,
    "long": _number,
    "boolean": _boolean,
    "timestamp": _moment,
}


def _iso_8601(value: object) -> str:
    """As AWS writes it, without a fraction or with milliseconds; with microseconds only if necessary."""
    assert isinstance(value, datetime)
    fraction = value.microsecond
    precision = "seconds" if fraction == 0 else "microseconds" if fraction % 1000 else "milliseconds"
    return value.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def _base64(value: object) -> str:
    assert isinstance(value, bytes)
    return binascii.b2a_base64(value, newline=False).decode()


_WRITERS: Mapping[str, Callable[[object], str]] = {
    "string": str,
    "blob": _base64,
    "integer": str,
    "long": str,
    "boolean": lambda value: "true" if value else "false",
    "timestamp": _iso_8601,
}
