"""The client's side of importing key material, and what several test files ask of keys with some."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
)

START = datetime(2027, 1, 1, tzinfo=UTC)
FIRST, SECOND, THIRD = (bytes([number]) * 32 for number in (1, 2, 3))
NO_EXPIRY = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
NEW, EXISTING = {"ImportType": "NEW_KEY_MATERIAL"}, {"ImportType": "EXISTING_KEY_MATERIAL"}
OAEP = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256")
AES = ("RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256")


def oaep(public: bytes, digest: hashes.HashAlgorithm, plaintext: bytes) -> bytes:
    key = load_der_public_key(public)
    assert isinstance(key, rsa.RSAPublicKey)
    return key.encrypt(plaintext, padding.OAEP(padding.MGF1(digest), digest, None))


def wrap(public: bytes, algorithm: str, material: bytes, aes_key: bytes | None = None) -> bytes:
    """Key material, wrapped by kms-behaviour E.8: under the public key, or under an AES key that is under it."""
    digest = hashes.SHA1() if algorithm.endswith("SHA_1") else hashes.SHA256()
    if algorithm in OAEP:
        return oaep(public, digest, material)
    aes_key = aes_key or os.urandom(32)
    return oaep(public, digest, aes_key) + keywrap.aes_key_wrap_with_padding(aes_key, material)


def parameters(kms: Any, key_id: str, algorithm: str = OAEP[1], spec: str = "RSA_2048") -> dict[str, Any]:
    answer = kms.get_parameters_for_import(KeyId=key_id, WrappingAlgorithm=algorithm, WrappingKeySpec=spec)
    return dict(answer)


def request(
    kms: Any, key_id: str, material: bytes, algorithm: str = OAEP[1], spec: str = "RSA_2048", **members: Any
) -> dict[str, Any]:
    """A request of ImportKeyMaterial, without an expiry unless told."""
    given = parameters(kms, key_id, algorithm, spec)
    wrapped = wrap(given["PublicKey"], algorithm, material)
    members = members if "ValidTo" in members else {**NO_EXPIRY, **members}
    return {"KeyId": key_id, "ImportToken": given["ImportToken"], "EncryptedKeyMaterial": wrapped, **members}


def put(kms: Any, key_id: str, material: bytes, algorithm: str = OAEP[1], **members: Any) -> dict[str, Any]:
    return dict(kms.import_key_material(**request(kms, key_id, material, algorithm, **members)))


def create(kms: Any, **members: Any) -> str:
    return str(kms.create_key(Origin="EXTERNAL", **members)["KeyMetadata"]["KeyId"])


def imported(kms: Any, *materials: bytes, **members: Any) -> str:
    """A key into which these were imported, and rotated to, one after the other."""
    key_id = create(kms, **members)
    put(kms, key_id, materials[0])
    for material in materials[1:]:
        put(kms, key_id, material, **NEW)
        kms.rotate_key_on_demand(KeyId=key_id)
    return key_id


def metadata(kms: Any, key_id: str) -> dict[str, Any]:
    return dict(kms.describe_key(KeyId=key_id)["KeyMetadata"])


def state(kms: Any, key_id: str) -> str:
    return str(metadata(kms, key_id)["KeyState"])


def current(kms: Any, key_id: str) -> str:
    return str(metadata(kms, key_id)["CurrentKeyMaterialId"])


def materials(kms: Any, key_id: str) -> list[dict[str, Any]]:
    return list(kms.list_key_rotations(KeyId=key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"])


def standing(kms: Any, key_id: str) -> list[tuple[str, str]]:
    return [(entry["KeyMaterialState"], entry["ImportState"]) for entry in materials(kms, key_id)]


def days(count: float) -> datetime:
    return START + timedelta(days=count)


def pkcs8(private: Any) -> bytes:
    return bytes(private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def spki(private: Any) -> bytes:
    return bytes(private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
