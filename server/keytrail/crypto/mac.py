"""HMAC (RFC 2104) with SHA-2."""

import hmac
from collections.abc import Mapping

SECRET_SIZES: Mapping[str, int] = {"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64}
"""Bytes of a secret, by key spec: as many as the digest has."""


def generate(algorithm: str, secret: bytes, message: bytes) -> bytes:
    """The MAC of a message by HMAC_SHA_224, _256, _384 or _512."""
    return hmac.digest(secret, message, f"sha{algorithm[-3:]}")


def verify(algorithm: str, secret: bytes, message: bytes, mac: bytes) -> bool:
    """Whether this is the MAC of the message. Compares in constant time."""
    return hmac.compare_digest(generate(algorithm, secret, message), mac)
