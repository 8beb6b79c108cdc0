"""Ciphertext blobs and AES-256-GCM, by themselves.

How we know: the blob's layout was recorded from AWS (kms-behaviour E.5); PKCS #7 EncryptedData: RFC 2315; AES-GCM in
it: RFC 5084; AES-GCM: NIST's test vectors in tests/vectors/aes-gcm.json.
"""

from __future__ import annotations

import base64
import json
import uuid
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keytrail.crypto import ciphertext_blob as blobs
from keytrail.crypto import randomness, symmetric
from keytrail.crypto.ciphertext_blob import NotABlob
from keytrail.crypto.symmetric import NotAuthentic
from tests.support import KEY, MRK
from tests.support.paths import VECTORS_FOLDER

VECTORS: dict[str, Any] = json.loads((VECTORS_FOLDER / "aes-gcm.json").read_text())
MATERIAL = bytes(range(32))
MATERIAL_ID = symmetric.material_id(MATERIAL)
CONTEXT = {"order": "17", "team": "payments"}


def sealed(plaintext: bytes = b"attack at dawn", context: dict[str, str] | None = None, key_id: str = KEY) -> bytes:
    return blobs.seal(key_id, MATERIAL_ID, MATERIAL, plaintext, CONTEXT if context is None else context)


def opened(blob: bytes, context: dict[str, str] | None = None, material: bytes = MATERIAL) -> bytes:
    return blobs.read(blob).open(material, CONTEXT if context is None else context)


# ---- AES-256-GCM


def vector_name(vector: dict[str, Any]) -> str:
    return f"{len(vector['ciphertext']) // 2} bytes, {len(vector['aad']) // 2} of associated data"


def parts(vector: dict[str, Any]) -> tuple[bytes, bytes, bytes, bytes]:
    """Key, nonce, ciphertext with tag, associated data."""
    key, nonce, aad = (bytes.fromhex(vector[name]) for name in ("key", "nonce", "aad"))
    return key, nonce, bytes.fromhex(vector["ciphertext"] + vector["tag"]), aad


@pytest.mark.parametrize("vector", VECTORS["authentic"], ids=vector_name)
def test_the_vectors_of_nist_are_decrypted(vector: dict[str, Any]) -> None:
    assert symmetric.decrypt(*parts(vector)) == bytes.fromhex(vector["plaintext"])


@pytest.mark.parametrize("vector", VECTORS["not_authentic"], ids=vector_name)
def test_the_vectors_of_nist_that_must_fail_are_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(NotAuthentic):
        symmetric.decrypt(*parts(vector))


@given(plaintext=st.binary(max_size=200), aad=st.binary(max_size=50))
def test_encrypted_data_decrypts_and_every_nonce_is_new(plaintext: bytes, aad: bytes) -> None:
    nonce, ciphertext = symmetric.encrypt(MATERIAL, plaintext, aad)
    assert (len(nonce), len(ciphertext)) == (12, len(plaintext) + 16)
    assert symmetric.decrypt(MATERIAL, nonce, ciphertext, aad) == plaintext
    assert symmetric.encrypt(MATERIAL, plaintext, aad)[0] != nonce


# ---- The layout of a blob


@pytest.mark.parametrize("size", [1, 14, 16, 32, 100, 128, 256, 1024, 4096])
def test_a_blob_is_laid_out_as_aws_lays_it_out(size: int) -> None:
    blob = sealed(bytes(size))
    assert blob[:5] == bytes.fromhex("0102020078")
    assert blob[5:37].hex() == MATERIAL_ID
    assert blob[37] == 1
    assert int.from_bytes(blob[54:58], "big") == len(blob) - 58
    assert base64.b64encode(blob).startswith(b"AQICAH")
    assert len(blob) <= 6144, "what Encrypt makes, Decrypt takes"


def test_the_blob_of_a_data_key_is_as_long_as_in_aws() -> None:
    assert len(sealed(bytes(32), {})) == len(sealed(bytes(32), CONTEXT)) == 184
    # The two recorded blobs have the length 00 00 00 73.
    assert sealed(bytes(21))[54:58].hex() == "00000073"


def der(data: bytes) -> list[tuple[int, Any]]:
    """DER as (tag, content) pairs; constructed ones as lists. Fails unless every length fits exactly."""
    found = []
    while data:
        tag, length, at = data[0], data[1], 2
        if length & 0x80:
            at += length & 0x7F
            length = int.from_bytes(data[2:at], "big")
            assert length >= 0x80, "DER writes lengths as short as can be"
        content = data[at : at + length]
        assert len(content) == length
        found.append((tag, der(content) if tag & 0x20 else content))
        data = data[at + length :]
    return found


SEQUENCE, INTEGER, OID, OCTETS, EXPLICIT_0, IMPLICIT_0 = 0x30, 0x02, 0x06, 0x04, 0xA0, 0x80


@pytest.mark.parametrize("size", [1, 32, 100, 101, 102, 117, 128, 200, 256, 4096])
def test_the_rest_of_a_blob_is_pkcs7_encrypted_data_with_aes_256_gcm(size: int) -> None:
    ((_, content),) = der(sealed(bytes(size))[58:])
    (kind, (explicit, ((_, encrypted_data),))) = content
    assert kind == (OID, bytes.fromhex("2a864886f70d010706")), "encryptedData, 1.2.840.113549.1.7.6"
    assert explicit == EXPLICIT_0
    version, (_, info) = encrypted_data
    assert version == (INTEGER, b"\0")
    content_type, (_, algorithm), (tag, ciphertext) = info
    assert content_type == (OID, bytes.fromhex("2a864886f70d010701")), "data, 1.2.840.113549.1.7.1"
    assert algorithm[0] == (OID, bytes.fromhex("60864801650304012e")), "aes256-GCM, 2.16.840.1.101.3.4.1.46"
    (nonce_tag, nonce), tag_length = algorithm[1][1]
    assert (nonce_tag, len(nonce)) == (OCTETS, 12)
    assert tag_length == (INTEGER, b"\x10")
    assert (tag, len(ciphertext)) == (IMPLICIT_0, size + 16 + 11)


@pytest.mark.parametrize("key_id", [KEY, MRK])
def test_a_blob_has_the_ids_of_its_key_and_its_material(key_id: str) -> None:
    read = blobs.read(sealed(key_id=key_id))
    assert (read.key_id, read.material_id) == (key_id, MATERIAL_ID)


def test_two_blobs_of_one_plaintext_differ() -> None:
    assert len({sealed() for _ in range(50)}) == 50


# ---- What opens a blob, and what does not


@given(plaintext=st.binary(min_size=1, max_size=4096), context=st.dictionaries(st.text(), st.text(), max_size=5))
def test_a_sealed_blob_opens(plaintext: bytes, context: dict[str, str]) -> None:
    assert opened(sealed(plaintext, context), context) == plaintext


@settings(max_examples=300)
@given(plaintext=st.binary(min_size=1, max_size=64), data=st.data())
def test_a_blob_with_any_bit_flipped_is_refused(plaintext: bytes, data: st.DataObject) -> None:
    blob = sealed(plaintext)
    bit = data.draw(st.integers(0, len(blob) * 8 - 1))
    flipped = (int.from_bytes(blob, "big") ^ (1 << bit)).to_bytes(len(blob), "big")
    with pytest.raises((NotABlob, NotAuthentic)):
        opened(flipped)


def test_a_blob_with_each_of_its_bits_flipped_is_refused() -> None:
    blob = sealed()
    for bit in range(len(blob) * 8):
        flipped = (int.from_bytes(blob, "big") ^ (1 << bit)).to_bytes(len(blob), "big")
        with pytest.raises((NotABlob, NotAuthentic)):
            opened(flipped)


@given(blob=st.binary(max_size=300) | st.binary(max_size=300).map(lambda rest: bytes.fromhex("0102020078") + rest))
def test_other_bytes_are_refused(blob: bytes) -> None:
    with pytest.raises(NotABlob):
        blobs.read(blob)


@given(data=st.data())
def test_a_blob_that_was_cut_or_lengthened_is_refused(data: st.DataObject) -> None:
    blob = sealed()
    changed = data.draw(
        st.integers(0, len(blob) - 1).map(lambda size: blob[:size])
        | st.binary(min_size=1).map(lambda more: blob + more)
    )
    with pytest.raises(NotABlob):
        blobs.read(changed)


def test_a_blob_that_was_changed_with_a_right_crc_is_refused() -> None:
    """The code under the key's material finds it, in the frame too: whoever has no key can make a CRC."""
    blob = sealed()
    for at in range(len(blob) - 4):
        changed = blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 : -4]
        with pytest.raises((NotABlob, NotAuthentic)):
            opened(changed + zlib.crc32(changed).to_bytes(4, "big"))


def test_other_material_does_not_open_a_blob() -> None:
    with pytest.raises(NotAuthentic):
        opened(sealed(), material=bytes(32))


CONTEXTS = {
    "none": ({"a": "b"}, {}),
    "one where there was none": ({}, {"a": "b"}),
    "an empty pair where there was none": ({}, {"": ""}),
    "another value": ({"a": "b"}, {"a": "c"}),
    "another name": ({"a": "b"}, {"c": "b"}),
    "one pair more": ({"a": "b"}, {"a": "b", "c": "d"}),
    "one pair less": ({"a": "b", "c": "d"}, {"a": "b"}),
    "another split": ({"ab": "c"}, {"a": "bc"}),
    "name and value changed about": ({"a": "b"}, {"b": "a"}),
    "two pairs for one": ({"a": "b", "c": "d"}, {"a": "bcd"}),
    "values changed about": ({"a": "b", "c": "d"}, {"a": "d", "c": "b"}),
    "another case of a name": ({"Team": "x"}, {"team": "x"}),
    "another case of a value": ({"team": "X"}, {"team": "x"}),
    "another form of a letter": ({"é": "x"}, {"e\u0301": "x"}),
    "a zero byte more": ({"a": "b"}, {"a": "b\0"}),
    "a length inside": ({"a": "b\0\0\0\1c"}, {"a": "b", "c": ""}),
}


@pytest.mark.parametrize(("context", "other"), CONTEXTS.values(), ids=CONTEXTS)
def test_another_encryption_context_is_refused(context: dict[str, str], other: dict[str, str]) -> None:
    blob = sealed(context=context)
    assert opened(blob, context) == b"attack at dawn"
    with pytest.raises(NotAuthentic):
        opened(blob, other)


CONTEXT_VALUES = st.dictionaries(st.text("ab\0\1", max_size=4), st.text("ab\0\1", max_size=4), max_size=4)


@settings(max_examples=500)
@given(one=CONTEXT_VALUES, other=CONTEXT_VALUES)
def test_two_contexts_have_the_same_bytes_only_if_they_have_the_same_pairs(
    one: dict[str, str], other: dict[str, str]
) -> None:
    assert (blobs.canonical(one) == blobs.canonical(other)) == (one == other)


@given(context=st.dictionaries(st.text(), st.text(), min_size=2, max_size=6), data=st.data())
def test_the_order_of_a_context_is_irrelevant(context: dict[str, str], data: st.DataObject) -> None:
    shuffled = dict(data.draw(st.permutations(list(context.items()))))
    assert opened(sealed(context=context), shuffled) == b"attack at dawn"


# ---- Material and identifiers


def test_derived_material_is_always_the_same_for_a_seed_and_differs_between_seeds() -> None:
    # The bytes are a promise: ciphertexts in users' repositories depend on them (as in test_fixtures.py).
    assert symmetric.derive_material(KEY) == symmetric.derive_material(KEY)
    made = {symmetric.derive_material(str(seed)) for seed in range(100)}
    assert len(made) == 100
    assert {len(material) for material in made} == {32}


def test_a_material_id_is_64_hex_digits_and_different_for_every_material() -> None:
    ids = {symmetric.material_id(bytes([n]) * 32) for n in range(100)}
    assert len(ids) == 100
    assert all(len(bytes.fromhex(name)) == 32 for name in ids)
    assert MATERIAL.hex() not in MATERIAL_ID


def test_ids_are_random_uuids_of_version_4() -> None:
    made = [randomness.new_uuid() for _ in range(1000)]
    assert len(set(made)) == 1000
    for text in made:
        read = uuid.UUID(text)
        assert (str(read), read.version, read.variant) == (text, 4, uuid.RFC_4122)
    assert {text[19] for text in made} == set("89ab")


@pytest.mark.parametrize("count", [0, 1, 32, 1024])
def test_random_bytes_have_the_requested_length(count: int) -> None:
    assert len(randomness.random_bytes(count)) == count
