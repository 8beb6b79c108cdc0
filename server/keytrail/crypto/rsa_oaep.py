"""RSAES-OAEP (RFC 8017, section 7.1), with the same hash for the mask, and without a label."""

from typing import Any

from keytrail.crypto.key_pair import KeyPair
from keytrail.crypto.symmetric import NotAuthentic

ALGORITHMS = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256")


def longest_plaintext(spec: str, algorithm: str) -> int:
    """How many bytes a key of this spec can encrypt at most."""
    digest = 20 if algorithm == "RSAES_OAEP_SHA_1" else 32
    return int(spec.removeprefix("RSA_")) // 8 - 2 * digest - 2


def encrypt(pair: KeyPair, algorithm: str, plaintext: bytes) -> bytes:
    """The ciphertext, as long as the modulus. Raises ValueError for a plaintext that is too long."""
    return bytes(pair.private.public_key().encrypt(plaintext, _padding(algorithm)))


def decrypt(pair: KeyPair, algorithm: str, ciphertext: bytes) -> bytes:
    """The plaintext. Raises NotAuthentic for anything else than a ciphertext of `encrypt`. Slow: 1 to 5 ms."""
    try:
        return bytes(pair.private.decrypt(ciphertext, _padding(algorithm)))
    except ValueError:
        raise NotAuthentic from None


def _padding(algorithm: str) -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    digest = hashes.SHA1() if algorithm == "RSAES_OAEP_SHA_1" else hashes.SHA256()
    return padding.OAEP(padding.MGF1(digest), digest, None)
