"""ML-KEM (FIPS 203)."""

from keytrail.crypto.key_pair import KeyPair
from keytrail.crypto.symmetric import NotAuthentic


def encapsulate(pair: KeyPair) -> tuple[bytes, bytes]:
    """A new shared secret of 32 bytes, and the ciphertext that carries it."""
    secret, ciphertext = pair.private.public_key().encapsulate()
    return secret, ciphertext


def decapsulate(pair: KeyPair, ciphertext: bytes) -> bytes:
    """The shared secret of 32 bytes; raises NotAuthentic for a ciphertext of a wrong length.

    Any other damage gives another secret (implicit rejection): ML-KEM does not tell.
    """
    try:
        secret: bytes = pair.private.decapsulate(ciphertext)
    except ValueError:
        raise NotAuthentic from None
    return secret
