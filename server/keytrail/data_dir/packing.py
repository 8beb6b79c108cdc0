"""MessagePack: how values become bytes in a data folder. A value has its own type's fields, by their names."""

from collections.abc import Callable
from typing import Any

import msgspec

from keytrail.plain_values import plain

encode = msgspec.msgpack.Encoder(enc_hook=plain).encode


def decoder(kind: Any) -> Callable[[bytes], Any]:
    """Reads values of a type. Raises msgspec.DecodeError for bytes that are no such value."""
    return msgspec.msgpack.Decoder(kind).decode
