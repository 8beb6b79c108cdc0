"""Random identifiers, nonces and bytes.

`os.urandom` releases the GIL, and with busy threads it costs more to get it back than to answer a whole request. So
the values that every request needs do not call it each time: identifiers, which are not secret, come from `random`,
and nonces are generated 256 at once.
"""

import os
from collections import deque
from random import Random

_identifiers = Random(os.urandom(32))
_nonces: deque[bytes] = deque()
_NONCES_AT_ONCE = 256
NONCE_SIZE = 12

_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def new_uuid() -> str:
    """A random lower-case UUID (RFC 9562, version 4)."""
    digits = "%032x" % _identifiers.getrandbits(128)  # noqa: UP031 - a third faster than an f-string
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"


def new_nonce() -> bytes:
    """12 bytes from the operating system's generator; each nonce is returned only once."""
    while True:
        try:
            return _nonces.popleft()
        except IndexError:
            data = os.urandom(NONCE_SIZE * _NONCES_AT_ONCE)
            _nonces.extend(data[start : start + NONCE_SIZE] for start in range(0, len(data), NONCE_SIZE))


def new_grant_id() -> str:
    """64 random hex digits."""
    return os.urandom(32).hex()


def new_grant_token() -> str:
    """A text that nobody can guess, in the characters of base64, as KMS's grant tokens are."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return "AQpA" + "".join(letters[byte & 63] for byte in os.urandom(192))


def random_bytes(count: int) -> bytes:
    """`count` bytes from the operating system's generator."""
    return os.urandom(count)
