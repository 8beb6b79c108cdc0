"""ML-KEM-512 (FIPS 203) with kyber-py, with the methods of `cryptography`'s classes for ML-KEM-768 and -1024.

kyber-py is pure Python: generating a key, encapsulating and decapsulating take 3 to 5 ms each. In DER the private key
is its seed (RFC 9935). This module is imported with the first such key.
"""

import os
from typing import Any, Self

from kyber_py.ml_kem import ML_KEM_512

_SEED_SIZE = 64
# PrivateKeyInfo, version 0, id-alg-ml-kem-512 (2.16.840.1.101.3.4.4.1), an OCTET STRING with [0] seed.
_PKCS8_PREFIX = bytes.fromhex("3054020100300b060960864801650304040104428040")
# SubjectPublicKeyInfo: the same algorithm, a BIT STRING of 800 bytes.
_SPKI_PREFIX = bytes.fromhex("30820332300b06096086480165030404010382032100")


class PublicKey:
    """An encapsulation key."""

    def __init__(self, raw: bytes) -> None:
        """Of its 800 bytes."""
        self._raw = raw

    def encapsulate(self) -> tuple[bytes, bytes]:
        """A new shared secret of 32 bytes, and its ciphertext of 768 bytes."""
        secret, ciphertext = ML_KEM_512.encaps(self._raw)
        return secret, ciphertext

    def public_bytes(self, encoding: Any, format: Any) -> bytes:
        """DER SubjectPublicKeyInfo; the arguments are ignored, because there is no other format."""
        return _SPKI_PREFIX + self._raw

    def public_bytes_raw(self) -> bytes:
        """The 800 bytes."""
        return self._raw


class PrivateKey:
    """A decapsulation key."""

    def __init__(self, seed: bytes) -> None:
        """Of its seed of 64 bytes (d, z)."""
        self._seed = seed
        self._public, self._expanded = ML_KEM_512.key_derive(seed)

    @classmethod
    def generate(cls) -> Self:
        """A new random key."""
        return cls(os.urandom(_SEED_SIZE))

    @classmethod
    def from_seed_bytes(cls, seed: bytes) -> Self:
        """The key of a seed."""
        return cls(seed)

    @classmethod
    def from_pkcs8(cls, der: bytes) -> Self:
        """Read PKCS #8 in DER with a seed. Raises ValueError for anything else."""
        if not der.startswith(_PKCS8_PREFIX) or len(der) != len(_PKCS8_PREFIX) + _SEED_SIZE:
            raise ValueError("no private key of ML_KEM_512")
        return cls(der[len(_PKCS8_PREFIX) :])

    def public_key(self) -> PublicKey:
        """The encapsulation key."""
        return PublicKey(self._public)

    def private_bytes(self, encoding: Any, format: Any, encryption_algorithm: Any) -> bytes:
        """DER PKCS #8 with the seed; the arguments are ignored, because there is no other format."""
        return _PKCS8_PREFIX + self._seed

    def decapsulate(self, ciphertext: bytes) -> bytes:
        """The shared secret in a ciphertext of 768 bytes; pseudo-random bytes if it was altered."""
        secret: bytes = ML_KEM_512.decaps(self._expanded, ciphertext)
        return secret
