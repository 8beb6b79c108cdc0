"""ML-KEM (FIPS 203): key encapsulation, of a shared secret of 32 bytes in a ciphertext."""

from keytrail.crypto.key_pair import KeyPair
from keytrail.crypto.symmetric import NotAuthentic

CIPHERTEXT_SIZES = {"ML_KEM_512": 768, "ML_KEM_768": 1088, "ML_KEM_1024": 1568}
"""Bytes of a ciphertext, by key spec."""


def encapsulate(pair: KeyPair) -> tuple[bytes, bytes]:
    """A fresh shared secret, and its ciphertext."""
    secret, ciphertext = pair.private.public_key().encapsulate()
    return bytes(secret), bytes(ciphertext)


def decapsulate(pair: KeyPair, ciphertext: bytes) -> bytes:
    """The shared secret. For an altered ciphertext it is pseudo-random bytes, always the same (implicit rejection).

    Raises NotAuthentic for a ciphertext of another length.
    """
    if len(ciphertext) != CIPHERTEXT_SIZES[pair.spec]:
        raise NotAuthentic
    return bytes(pair.private.decapsulate(ciphertext))
