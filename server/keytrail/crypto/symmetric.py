"""AES-256-GCM (NIST SP 800-38D) with a 12-byte nonce and a 16-byte tag."""

import hashlib
import hmac
from typing import TYPE_CHECKING

from keytrail.crypto.keygen import new_nonce

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class NotAuthentic(Exception):
    """The ciphertext, the tag or the associated data is not what was encrypted under this key."""


def _cipher(key: bytes) -> "AESGCM":
    # Imported at the first use: a start that encrypts nothing does not pay for it.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def encrypt(key: bytes, plaintext: bytes, associated_data: bytes) -> tuple[bytes, bytes]:
    """Encrypt under a fresh random nonce: (nonce of 12 bytes, ciphertext with its 16-byte tag)."""
    nonce = new_nonce()
    return nonce, _cipher(key).encrypt(nonce, plaintext, associated_data)


def decrypt(key: bytes, nonce: bytes, ciphertext: bytes, associated_data: bytes) -> bytes:
    """The plaintext, or NotAuthentic."""
    from cryptography.exceptions import InvalidTag

    try:
        return _cipher(key).decrypt(nonce, ciphertext, associated_data)
    except InvalidTag:
        raise NotAuthentic from None


def derive_material(seed: str) -> bytes:
    """256 bits that are always the same for the same seed (HMAC-SHA-256 under a fixed label)."""
    return hmac.digest(b"keytrail: key material from a seed", seed.encode(), "sha256")


def imported_material_id(key_id: str, material: bytes) -> str:
    """The 64 hex digits that name this material in the key of this id; in another key it has another name."""
    return hmac.digest(material, b"keytrail: key material id/" + key_id.encode(), hashlib.sha256).hex()


def material_id(material: bytes) -> str:
    """The 64 hex digits that name this material; they tell nothing about it."""
    return hmac.digest(material, b"keytrail: key material id", hashlib.sha256).hex()
