"""Random identifiers and key material."""

import os


def new_uuid() -> str:
    """A random lower-case UUID (RFC 9562, version 4)."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def new_symmetric_material() -> bytes:
    """256 random bits."""
    return os.urandom(32)


def random_bytes(count: int) -> bytes:
    """`count` bytes from the operating system's generator."""
    return os.urandom(count)
