"""AES-256-GCM (NIST SP 800-38D) with a 12-byte nonce and a 16-byte tag; deriving and identifying its keys."""

import hashlib
import hmac
from typing import TYPE_CHECKING

from keytrail.crypto.randomness import new_nonce

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class NotAuthentic(Exception):
    """The ciphertext was not encrypted under this key with this associated data, or is damaged."""


def _cipher(key: bytes) -> "AESGCM":
    # Imported at the first use, to keep the start fast.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def encrypt(key: bytes, plaintext: bytes, associated_data: bytes) -> tuple[bytes, bytes]:
    """Encrypt with a new nonce. Returns the nonce (12 bytes), and the ciphertext followed by its 16-byte tag."""
    nonce = new_nonce()
    return nonce, _cipher(key).encrypt(nonce, plaintext, associated_data)


def decrypt(key: bytes, nonce: bytes, ciphertext: bytes, associated_data: bytes) -> bytes:
    """The plaintext. Raises NotAuthentic."""
    from cryptography.exceptions import InvalidTag

    try:
        return _cipher(key).decrypt(nonce, ciphertext, associated_data)
    except InvalidTag:
        raise NotAuthentic from None


def derive_material(seed: str) -> bytes:
    """32 bytes that are always the same for the same seed (HMAC-SHA-256 under a fixed label)."""
    return hmac.digest(b"keytrail: key material from a seed", seed.encode(), "sha256")


def imported_material_id(key_id: str, material: bytes) -> str:
    """The id of this material in the key of this id, 64 hex digits; in another key it has another id."""
    return hmac.digest(material, b"keytrail: key material id/" + key_id.encode(), hashlib.sha256).hex()


def material_id(material: bytes) -> str:
    """The id of this material, 64 hex digits, from which the material cannot be computed."""
    return hmac.digest(material, b"keytrail: key material id", hashlib.sha256).hex()
