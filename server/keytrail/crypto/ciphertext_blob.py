"""The bytes of a symmetric CiphertextBlob.

Laid out as AWS's are: `01 02 02 00 78`, the 32 bytes of the key material id, `01`, 16 bytes, a 4-byte length,
and a DER structure (PKCS #7 EncryptedData, RFC 2315, with AES-256-GCM, RFC 5084). So a blob here is as long as
AWS's for the same plaintext and begins with the same base64, AQICAH. What AWS keeps to itself is ours: the 16
bytes are the key id, and the end of the encrypted content is a check sum over all before it, so that a blob
which was damaged anywhere is told from one whose key is gone.
"""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from keytrail.crypto import symmetric
from keytrail.crypto.der import der
from keytrail.crypto.keygen import NONCE_SIZE

_MAGIC = bytes.fromhex("0102020078")
_HEADER_SIZE = len(_MAGIC) + 32 + 1 + 16 + 4
# AWS's encrypted content is 11 bytes longer than plaintext and tag. # unverified: what these bytes are
_CHECK_SIZE = 11

_UUID_FORM, _MULTI_REGION_FORM = 1, 2

_ENCRYPTED_DATA = bytes.fromhex("06092a864886f70d010706")
_DATA = bytes.fromhex("06092a864886f70d010701")
_AES_256_GCM = bytes.fromhex("060960864801650304012e")
_NONCE_MARKER = _AES_256_GCM + b"\x30\x11\x04\x0c"
"""What the nonce stands behind."""


class NotABlob(Exception):
    """These bytes are no blob of ours, or were damaged."""


@dataclass(frozen=True, slots=True)
class CiphertextBlob:
    """What a blob says in the clear, and its sealed part."""

    key_id: str
    material_id: str
    header: bytes
    nonce: bytes
    sealed: bytes

    def open(self, material: bytes, encryption_context: Mapping[str, str]) -> bytes:
        """The plaintext; raises symmetric.NotAuthentic for other material or another context."""
        aad = self.header + canonical(encryption_context)
        return symmetric.decrypt(material, self.nonce, self.sealed, aad)


def canonical(encryption_context: Mapping[str, str]) -> bytes:
    """An encryption context as bytes: pairs in the order of their names, each part behind its length.

    Two contexts give the same bytes only if they hold the same pairs, whatever their order.
    """
    if not encryption_context:
        return b"\0\0\0\0"
    parts = [struct.pack(">I", len(encryption_context))]
    for pair in sorted(encryption_context.items()):
        for text in pair:
            data = text.encode()
            parts += (struct.pack(">I", len(data)), data)
    return b"".join(parts)


def seal(
    key_id: str, material_id: str, material: bytes, plaintext: bytes, encryption_context: Mapping[str, str]
) -> bytes:
    """The blob of a plaintext under this key's material, bound to its encryption context."""
    header = _header(key_id, material_id)
    nonce, sealed = symmetric.encrypt(material, plaintext, header + canonical(encryption_context))
    before, between = _frame(len(sealed))
    whole = b"".join((header, before, nonce, between, sealed))
    return whole + _check_sum(whole)


def _header(key_id: str, material_id: str) -> bytes:
    form, digits = _UUID_FORM, key_id.replace("-", "")
    if key_id.startswith("mrk-"):
        form, digits = _MULTI_REGION_FORM, key_id[4:]
    # The form of the key id hides in the version byte before it, which AWS always writes as 01.
    return b"".join((_MAGIC, bytes.fromhex(material_id), bytes([form]), bytes.fromhex(digits)))


@lru_cache(maxsize=512)  # 2 us of the 40 that an Encrypt takes in process
def _frame(size: int) -> tuple[bytes, bytes]:
    """What stands before the nonce, length included, and between it and `size` sealed bytes."""
    algorithm = der(0x30, _AES_256_GCM + der(0x30, der(0x04, bytes(NONCE_SIZE)) + b"\x02\x01\x10"))
    body = _encrypted_data(_DATA + algorithm, bytes(size + _CHECK_SIZE))
    at = body.index(_NONCE_MARKER) + len(_NONCE_MARKER)
    before = struct.pack(">I", len(body)) + body[:at]
    return before, body[at + NONCE_SIZE : -(size + _CHECK_SIZE)]


def read(blob: bytes) -> CiphertextBlob:
    """Take a blob apart; raises NotABlob unless every byte is as `seal` wrote it."""
    if len(blob) < _HEADER_SIZE or not blob.startswith(_MAGIC):
        raise NotABlob
    if _check_sum(blob[:-_CHECK_SIZE]) != blob[-_CHECK_SIZE:]:
        raise NotABlob
    header = blob[: _HEADER_SIZE - 4]
    form, digits = header[37], header[38:].hex()
    if form == _MULTI_REGION_FORM:
        key_id = f"mrk-{digits}"
    else:
        key_id = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    nonce, sealed = _sealed_part(blob[_HEADER_SIZE:])
    return CiphertextBlob(key_id, header[5:37].hex(), header, nonce, sealed)


def _encrypted_data(content: bytes, sealed: bytes) -> bytes:
    info = der(0x30, content + der(0x80, sealed))
    return der(0x30, _ENCRYPTED_DATA + der(0xA0, der(0x30, b"\x02\x01\x00" + info)))


def _sealed_part(body: bytes) -> tuple[bytes, bytes]:
    # The check sum has vouched for the structure; what is left is to find its two variable parts.
    at = body.find(_NONCE_MARKER)
    if at < 0:
        raise NotABlob
    at += len(_NONCE_MARKER)
    nonce = body[at : at + NONCE_SIZE]
    at += NONCE_SIZE + len(b"\x02\x01\x10") + 1
    first = body[at]
    at += 1 + (first & 0x7F if first & 0x80 else 0)
    return nonce, body[at:-_CHECK_SIZE]


def _check_sum(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:_CHECK_SIZE]
