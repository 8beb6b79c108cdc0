"""CMS EnvelopedData (RFC 5652): a plaintext that only the owner of an RSA key can read.

In the form that KMS uses for attested environments: one KeyTransRecipientInfo by subject key identifier, RSAES-OAEP
with SHA-256 for hash and mask (RFC 4055), AES-256-CBC for the content. `cryptography` creates such envelopes only with
PKCS #1 v1.5 and only for certificates, so this module writes the DER itself.
"""

import os
from typing import TYPE_CHECKING

from keytrail.crypto.der import der

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_SEQUENCE, _SET, _OCTETS, _NULL = 0x30, 0x31, 0x04, b"\x05\x00"
_VERSION_2 = b"\x02\x01\x02"
"""The version of EnvelopedData, and of a recipient with a subject key identifier."""
_ENVELOPED_DATA = bytes.fromhex("06092a864886f70d010703")
_DATA = bytes.fromhex("06092a864886f70d010701")
_RSAES_OAEP = bytes.fromhex("06092a864886f70d010107")
_MGF1 = bytes.fromhex("06092a864886f70d010108")
_SHA_256 = der(_SEQUENCE, bytes.fromhex("0609608648016503040201"), _NULL)
_AES_256_CBC = bytes.fromhex("060960864801650304012a")
_BLOCK = 16

_OAEP_SHA_256 = der(
    _SEQUENCE,
    _RSAES_OAEP,
    der(_SEQUENCE, der(0xA0, _SHA_256), der(0xA1, der(_SEQUENCE, _MGF1, _SHA_256))),
)


def envelope(public: "RSAPublicKey", plaintext: bytes) -> bytes:
    """Encrypt a plaintext for the owner of the key. Returns a ContentInfo in DER. Raises ValueError for a small key."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.x509 import SubjectKeyIdentifier

    key, nonce = os.urandom(32), os.urandom(_BLOCK)
    digest = hashes.SHA256()
    recipient = der(
        _SEQUENCE,
        _VERSION_2,
        der(0x80, SubjectKeyIdentifier.from_public_key(public).digest),
        _OAEP_SHA_256,
        der(_OCTETS, public.encrypt(key, padding.OAEP(padding.MGF1(digest), digest, None))),
    )
    content = der(
        _SEQUENCE,
        _DATA,
        der(_SEQUENCE, _AES_256_CBC, der(_OCTETS, nonce)),
        der(0x80, _encrypt(key, nonce, plaintext)),
    )
    return der(_SEQUENCE, _ENVELOPED_DATA, der(0xA0, der(_SEQUENCE, _VERSION_2, der(_SET, recipient), content)))


def _encrypt(key: bytes, nonce: bytes, plaintext: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES256
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    missing = _BLOCK - len(plaintext) % _BLOCK
    encryptor = Cipher(AES256(key), CBC(nonce)).encryptor()
    return encryptor.update(plaintext + bytes([missing]) * missing) + encryptor.finalize()
