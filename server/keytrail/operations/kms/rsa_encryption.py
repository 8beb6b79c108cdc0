"""What Encrypt, Decrypt and ReEncrypt do with an RSA key. The operations on the private key are slow."""

from keytrail.crypto import rsa_oaep
from keytrail.crypto.symmetric import NotAuthentic
from keytrail.domain.key import Key
from keytrail.errors import InvalidCiphertextException, ValidationException


def encrypt(key: Key, algorithm: str, plaintext: bytes) -> bytes:
    """The ciphertext, as long as the modulus. Raises ValidationException for too long a plaintext."""
    most = rsa_oaep.longest_plaintext(key.spec, algorithm)
    if len(plaintext) > most:
        raise ValidationException(
            f"Algorithm {algorithm} and key spec {key.spec} cannot encrypt data larger than {most} bytes."
        )
    return rsa_oaep.encrypt(key.require_pair(), algorithm, plaintext)


def decrypt(key: Key, algorithm: str, ciphertext: bytes | None) -> bytes:
    """The plaintext; nothing where the ciphertext is to be ignored. Raises InvalidCiphertextException."""
    if ciphertext is None:
        return b""
    try:
        return rsa_oaep.decrypt(key.require_pair(), algorithm, ciphertext)
    except NotAuthentic:
        raise InvalidCiphertextException from None
