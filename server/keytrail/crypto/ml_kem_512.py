"""ML-KEM-512 (FIPS 203) by kyber-py, in the shape of `cryptography`'s classes for ML-KEM-768 and -1024.

kyber-py is pure Python: making a key, encapsulating and decapsulating take 3 to 5 ms each. DER with the private key
as its seed: RFC 9935. Imported with the first such key.
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
    """An encapsulation key of 800 bytes."""

    def __init__(self, raw: bytes) -> None:
        """Hold one."""
        self._raw = raw

    def encapsulate(self) -> tuple[bytes, bytes]:
        """A fresh shared secret of 32 bytes, and its ciphertext of 768."""
        secret, ciphertext = ML_KEM_512.encaps(self._raw)
        return secret, ciphertext

    def public_bytes(self, encoding: Any, format: Any) -> bytes:
        """DER SubjectPublicKeyInfo, the one form there is."""
        return _SPKI_PREFIX + self._raw

    def public_bytes_raw(self) -> bytes:
        """The 800 bytes."""
        return self._raw


class PrivateKey:
    """A decapsulation key, known by its seed of 64 bytes (d, z)."""

    def __init__(self, seed: bytes) -> None:
        """Expand a seed."""
        self._seed = seed
        self._public, self._expanded = ML_KEM_512.key_derive(seed)

    @classmethod
    def generate(cls) -> Self:
        """A fresh key."""
        return cls(os.urandom(_SEED_SIZE))

    @classmethod
    def from_seed_bytes(cls, seed: bytes) -> Self:
        """The key of a seed."""
        return cls(seed)

    @classmethod
    def from_pkcs8(cls, der: bytes) -> Self:
        """Read PKCS #8 with a seed. Raises ValueError for anything else."""
        if not der.startswith(_PKCS8_PREFIX) or len(der) != len(_PKCS8_PREFIX) + _SEED_SIZE:
            raise ValueError("no private key of ML_KEM_512")
        return cls(der[len(_PKCS8_PREFIX) :])

    def public_key(self) -> PublicKey:
        """The encapsulation key."""
        return PublicKey(self._public)

    def private_bytes(self, encoding: Any, format: Any, encryption_algorithm: Any) -> bytes:
        """DER PKCS #8 with the seed, the one form there is."""
        return _PKCS8_PREFIX + self._seed

    def decapsulate(self, ciphertext: bytes) -> bytes:
        """The shared secret of a ciphertext of 768 bytes; of an altered one pseudo-random bytes."""
        secret: bytes = ML_KEM_512.decaps(self._expanded, ciphertext)
        return secret
