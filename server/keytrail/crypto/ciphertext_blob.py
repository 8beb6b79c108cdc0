"""The bytes of a symmetric CiphertextBlob.

The layout is AWS's: `01 02 02 00 78`, the 32 bytes of the key material id, `01`, 16 bytes, a 4-byte length, and a
DER structure (PKCS #7 EncryptedData, RFC 2315, with AES-256-GCM, RFC 5084). So a blob has the same length as AWS's for
the same plaintext, and its base64 begins in the same way, with AQICAH. AWS does not document the 16 bytes and the last
11. Here the 16 bytes are the key id, and the last 11 a check sum of everything before them. The check sum distinguishes
a damaged blob from one whose key was deleted.
"""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from keytrail.crypto import symmetric
from keytrail.crypto.der import der
from keytrail.crypto.randomness import NONCE_SIZE

_MAGIC = bytes.fromhex("0102020078")
_HEADER_SIZE = len(_MAGIC) + 32 + 1 + 16 + 4
# unverified: what the 11 bytes are by which AWS's encrypted content is longer than plaintext and tag; AWS documents
# nothing of the format
_CHECK_SIZE = 11

_UUID_FORM, _MULTI_REGION_FORM = 1, 2

_ENCRYPTED_DATA = bytes.fromhex("06092a864886f70d010706")
_DATA = bytes.fromhex("06092a864886f70d010701")
_AES_256_GCM = bytes.fromhex("060960864801650304012e")
_NONCE_MARKER = _AES_256_GCM + b"\x30\x11\x04\x0c"
"""The bytes immediately before the nonce."""


class NotABlob(Exception):
    """The bytes are not a CiphertextBlob of Keytrail, or are damaged."""


@dataclass(frozen=True, slots=True)
class CiphertextBlob:
    """The parts of a blob; `sealed` is ciphertext and tag, `header` the associated data before the context."""

    key_id: str
    material_id: str
    header: bytes
    nonce: bytes
    sealed: bytes

    def open(self, material: bytes, encryption_context: Mapping[str, str]) -> bytes:
        """The plaintext. Raises symmetric.NotAuthentic if material or context are not those of `seal`."""
        aad = self.header + canonical(encryption_context)
        return symmetric.decrypt(material, self.nonce, self.sealed, aad)


def canonical(encryption_context: Mapping[str, str]) -> bytes:
    """An encryption context as bytes: the pairs sorted by name, a 4-byte length before each name and value.

    Two contexts have the same bytes exactly if they have the same pairs, in any order.
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
    """Encrypt a plaintext under this material, bound to the encryption context. Returns the blob."""
    header = _header(key_id, material_id)
    nonce, sealed = symmetric.encrypt(material, plaintext, header + canonical(encryption_context))
    before, between = _frame(len(sealed))
    whole = b"".join((header, before, nonce, between, sealed))
    return whole + _check_sum(whole)


def _header(key_id: str, material_id: str) -> bytes:
    form, digits = _UUID_FORM, key_id.replace("-", "")
    if key_id.startswith("mrk-"):
        form, digits = _MULTI_REGION_FORM, key_id[4:]
    # The byte before the key id, always 01 in AWS, says whether it is the id of a multi-Region key.
    return b"".join((_MAGIC, bytes.fromhex(material_id), bytes([form]), bytes.fromhex(digits)))


@lru_cache(maxsize=512)  # 2 us of the 40 that an Encrypt takes in process
def _frame(size: int) -> tuple[bytes, bytes]:
    """The bytes before the nonce, with the 4-byte length, and the bytes between the nonce and `size` sealed bytes."""
    algorithm = der(0x30, _AES_256_GCM + der(0x30, der(0x04, bytes(NONCE_SIZE)) + b"\x02\x01\x10"))
    body = _encrypted_data(_DATA + algorithm, bytes(size + _CHECK_SIZE))
    nonce_start = body.index(_NONCE_MARKER) + len(_NONCE_MARKER)
    before = struct.pack(">I", len(body)) + body[:nonce_start]
    return before, body[nonce_start + NONCE_SIZE : -(size + _CHECK_SIZE)]


def read(blob: bytes) -> CiphertextBlob:
    """The parts of a blob. Raises NotABlob unless every byte is as `seal` wrote it."""
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
    # The check sum has been verified, so the structure is right: find nonce and sealed bytes in it.
    marker = body.find(_NONCE_MARKER)
    if marker < 0:
        raise NotABlob
    nonce_start = marker + len(_NONCE_MARKER)
    nonce_end = nonce_start + NONCE_SIZE
    length_start = nonce_end + len(b"\x02\x01\x10") + 1
    first = body[length_start]
    start = length_start + 1 + (first & 0x7F if first & 0x80 else 0)
    return body[nonce_start:nonce_end], body[start:-_CHECK_SIZE]


def _check_sum(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:_CHECK_SIZE]
