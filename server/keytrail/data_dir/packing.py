"""MessagePack: how values become bytes in a data folder. A value has its own type's fields, by their names."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from keytrail.plain_values import plain_datetime


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return plain_datetime(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError(f"a data folder cannot contain a {type(value)}")


encode = msgspec.msgpack.Encoder(enc_hook=_plain).encode


def decoder(kind: Any) -> Callable[[bytes], Any]:
    """Reads values of a type. Raises msgspec.DecodeError for bytes that are no such value."""
    return msgspec.msgpack.Decoder(kind).decode
