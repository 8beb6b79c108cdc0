"""HMAC (FIPS 198-1) with SHA-2."""

import hmac
from collections.abc import Mapping

SECRET_SIZES: Mapping[str, int] = {"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64}
"""Bytes of a secret, by key spec: as many as the MAC has."""
_HASHES = {"HMAC_SHA_224": "sha224", "HMAC_SHA_256": "sha256", "HMAC_SHA_384": "sha384", "HMAC_SHA_512": "sha512"}


def generate(algorithm: str, secret: bytes, message: bytes) -> bytes:
    """The MAC of a message, of full length."""
    return hmac.digest(secret, message, _HASHES[algorithm])


def verify(algorithm: str, secret: bytes, message: bytes, mac: bytes) -> bool:
    """Whether it is the MAC of this message; takes as long wherever it differs."""
    return hmac.compare_digest(generate(algorithm, secret, message), mac)
