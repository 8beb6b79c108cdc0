"""RSAES-OAEP (RFC 8017, 7.1) with an empty label; MGF1 uses the same hash as the label."""

from typing import Any

from keytrail.crypto.key_pair import KeyPair
from keytrail.crypto.symmetric import NotAuthentic

_HASHES = {"RSAES_OAEP_SHA_1": "SHA1", "RSAES_OAEP_SHA_256": "SHA256"}


def _padding(algorithm: str) -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    digest = getattr(hashes, _HASHES[algorithm])()
    return padding.OAEP(padding.MGF1(digest), digest, None)


def encrypt(pair: KeyPair, algorithm: str, plaintext: bytes) -> bytes:
    """A ciphertext as long as the modulus; raises ValueError for a plaintext that is too long for the key."""
    ciphertext: bytes = pair.private.public_key().encrypt(plaintext, _padding(algorithm))
    return ciphertext


def decrypt(pair: KeyPair, algorithm: str, ciphertext: bytes) -> bytes:
    """The plaintext; raises NotAuthentic for what was not encrypted under this key by this algorithm."""
    try:
        plaintext: bytes = pair.private.decrypt(ciphertext, _padding(algorithm))
    except ValueError:
        raise NotAuthentic from None
    return plaintext
