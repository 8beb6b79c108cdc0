"""ML-KEM-512 (FIPS 203) by kyber-py, in the shape of `cryptography`'s classes for ML-KEM-768 and -1024.

DER in seed form: RFC 9935. Imported at the first use of such a key.
"""

import os
from typing import Any, Self

from kyber_py.ml_kem import ML_KEM_512

CIPHERTEXT_SIZE = 768
_SEED_SIZE = 64
# PrivateKeyInfo, version 0, id-alg-ml-kem-512 (2.16.840.1.101.3.4.4.1), an OCTET STRING with [0] seed.
_PKCS8_PREFIX = bytes.fromhex("3054020100300b060960864801650304040104428040")
# SubjectPublicKeyInfo: the same algorithm, a BIT STRING of 800 bytes.
_SPKI_PREFIX = bytes.fromhex("30820332300b06096086480165030404010382032100")


class PublicKey:
    """An encapsulation key of 800 bytes."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def encapsulate(self) -> tuple[bytes, bytes]:
        """(shared secret of 32 bytes, ciphertext of 768)."""
        secret, ciphertext = ML_KEM_512.encaps(self.raw)
        return secret, ciphertext

    def public_bytes(self, encoding: Any, format: Any) -> bytes:
        """DER SubjectPublicKeyInfo, the one form there is."""
        return _SPKI_PREFIX + self.raw


class PrivateKey:
    """A decapsulation key, known by its seed of 64 bytes (d, z)."""

    def __init__(self, seed: bytes) -> None:
        self.seed = seed
        self.public_raw, self.expanded = ML_KEM_512.key_derive(seed)

    @classmethod
    def generate(cls) -> Self:
        """A new random key."""
        return cls(os.urandom(_SEED_SIZE))

    @classmethod
    def from_pkcs8(cls, der: bytes) -> Self:
        """Read the seed form; raises ValueError for anything else."""
        seed = der.removeprefix(_PKCS8_PREFIX)
        if len(seed) != _SEED_SIZE or len(der) == _SEED_SIZE:
            raise ValueError("Not an ML-KEM-512 private key in seed form")
        return cls(seed)

    def public_key(self) -> PublicKey:
        """The encapsulation key."""
        return PublicKey(self.public_raw)

    def private_bytes(self, encoding: Any, format: Any, encryption_algorithm: Any) -> bytes:
        """DER PKCS #8 in seed form, the one form there is."""
        return _PKCS8_PREFIX + self.seed

    def decapsulate(self, ciphertext: bytes) -> bytes:
        """The shared secret; ValueError for a wrong length, implicit rejection for other damage."""
        if len(ciphertext) != CIPHERTEXT_SIZE:
            raise ValueError("An ML-KEM-512 ciphertext has 768 bytes")
        secret: bytes = ML_KEM_512.decaps(self.expanded, ciphertext)
        return secret
