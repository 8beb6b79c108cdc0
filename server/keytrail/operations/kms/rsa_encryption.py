"""Encrypt and decrypt with an RSA key, for Encrypt, Decrypt and ReEncrypt. Both can be slow: call them in a Later."""

from keytrail.crypto import rsa_oaep
from keytrail.crypto.symmetric import NotAuthentic
from keytrail.domain.key import Key
from keytrail.errors import InvalidCiphertextException, ValidationException


def encrypt(key: Key, algorithm: str, plaintext: bytes) -> bytes:
    """The ciphertext, as long as the modulus. Raises ValidationException if the plaintext is too long."""
    longest = rsa_oaep.longest_plaintext(key.spec, algorithm)
    if len(plaintext) > longest:
        raise ValidationException(
            f"Algorithm {algorithm} and key spec {key.spec} cannot encrypt data larger than {longest} bytes."
        )
    return rsa_oaep.encrypt(key.require_pair(), algorithm, plaintext)


def decrypt(key: Key, algorithm: str, ciphertext: bytes | None) -> bytes:
    """The plaintext; empty without a ciphertext (a dry run that ignores it). Raises InvalidCiphertextException."""
    if ciphertext is None:
        return b""
    try:
        return rsa_oaep.decrypt(key.require_pair(), algorithm, ciphertext)
    except NotAuthentic:
        raise InvalidCiphertextException from None
