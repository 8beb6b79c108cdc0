"""GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial; what becomes of keys with imported material."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from keytrail.server import KeytrailServer
from keytrail.server_clock import ServerClock
from tests.support import POLICY, key_arn, outcomes, refusal
from tests.support.importing import (
    AES,
    EXISTING,
    FIRST,
    NEW,
    NO_EXPIRY,
    OAEP,
    SECOND,
    START,
    create,
    current,
    days,
    imported,
    materials,
    metadata,
    oaep,
    parameters,
    pkcs8,
    put,
    request,
    spki,
    standing,
    state,
    wrap,
)

RSA_KEY = rsa.generate_private_key(65537, 2048)


@pytest.fixture(autouse=True)
def start(keytrail_clock: ServerClock) -> None:
    keytrail_clock.freeze(START)


# Shape


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
def test_the_parameters_are_a_public_key_of_the_spec_and_a_token_for_24_hours(spec: str, kms: Any) -> None:
    """How we know: recorded; docs, 24 hours."""
    key_id = create(kms)
    answer = parameters(kms, key_id, spec=spec)
    public = load_der_public_key(answer["PublicKey"])
    assert isinstance(public, rsa.RSAPublicKey)
    assert public.key_size == int(spec[-4:])
    assert answer["KeyId"] == key_arn(key_id)
    assert answer["ParametersValidTo"] == START + timedelta(hours=24)
    assert set(answer) == {"KeyId", "PublicKey", "ImportToken", "ParametersValidTo", "ResponseMetadata"}
    assert len(answer["ImportToken"]) <= 6144


def test_an_import_answers_with_the_id_that_the_key_then_has(kms: Any) -> None:
    """How we know: recorded."""
    key_id = create(kms)
    assert "CurrentKeyMaterialId" not in metadata(kms, key_id)
    answer = put(kms, key_id, FIRST)
    assert answer["KeyId"] == key_arn(key_id)
    assert re.fullmatch("[0-9a-f]{64}", answer["KeyMaterialId"])
    assert answer["KeyMaterialId"] == current(kms, key_id)


def test_a_deletion_answers_with_the_id_that_the_key_keeps(kms: Any) -> None:
    """How we know: AWS docs; recorded, CurrentKeyMaterialId stays."""
    key_id = imported(kms, FIRST)
    material_id = current(kms, key_id)
    answer = kms.delete_imported_key_material(KeyId=key_id)
    assert (answer["KeyId"], answer["KeyMaterialId"]) == (key_arn(key_id), material_id)
    assert current(kms, key_id) == material_id


def test_the_expiration_of_a_key_shows_while_its_material_is_there(kms: Any) -> None:
    """How we know: recorded (ExpirationModel); model (ValidTo)."""
    key_id = create(kms)
    shown = {"ExpirationModel", "ValidTo"}
    assert not shown & set(metadata(kms, key_id))
    put(kms, key_id, FIRST, ValidTo=days(10))
    before = metadata(kms, key_id)
    assert (before["ExpirationModel"], before["ValidTo"]) == ("KEY_MATERIAL_EXPIRES", days(10))
    put(kms, key_id, FIRST)
    assert metadata(kms, key_id)["ExpirationModel"] == "KEY_MATERIAL_DOES_NOT_EXPIRE"
    assert "ValidTo" not in metadata(kms, key_id)
    kms.delete_imported_key_material(KeyId=key_id)
    assert not shown & set(metadata(kms, key_id))


@pytest.mark.parametrize(
    "kind",
    [
        {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
        {"KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "SIGN_VERIFY"},
    ],
)
def test_only_symmetric_keys_tell_of_material_ids(kind: dict[str, str], kms: Any) -> None:
    """How we know: recorded."""
    key_id = create(kms, **kind)
    material = bytes(32) if "HMAC" in kind["KeySpec"] else pkcs8(ed25519.Ed25519PrivateKey.generate())
    assert "KeyMaterialId" not in put(kms, key_id, material, spec="RSA_3072")
    assert "KeyMaterialId" not in kms.delete_imported_key_material(KeyId=key_id)
    assert "CurrentKeyMaterialId" not in metadata(kms, key_id)


# Rules: every kind of material, wrapped in every way


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
@pytest.mark.parametrize("algorithm", OAEP)
def test_a_symmetric_key_takes_material_under_every_wrapping_key(algorithm: str, spec: str, kms: Any) -> None:
    """How we know: KMS API Reference, GetParametersForImport."""
    key_id = create(kms)
    kms.import_key_material(**request(kms, key_id, FIRST, algorithm, spec))
    assert (state(kms, key_id), metadata(kms, key_id)["Enabled"]) == ("Enabled", True)
    blob = kms.encrypt(KeyId=key_id, Plaintext=b"attack at dawn")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"attack at dawn"


@pytest.mark.parametrize("algorithm", OAEP)
@pytest.mark.parametrize(("digest", "size"), [("224", 28), ("256", 32), ("384", 48), ("512", 64)])
def test_an_hmac_key_makes_the_macs_of_its_material(digest: str, size: int, algorithm: str, kms: Any) -> None:
    """How we know: AWS docs; RFC 2104, computed here."""
    key_id = create(kms, KeySpec=f"HMAC_{digest}", KeyUsage="GENERATE_VERIFY_MAC")
    material = os.urandom(size)
    put(kms, key_id, material, algorithm)
    mac = kms.generate_mac(KeyId=key_id, Message=b"m", MacAlgorithm=f"HMAC_SHA_{digest}")["Mac"]
    assert mac == hmac.digest(material, b"m", f"sha{digest}")


CURVES: dict[str, tuple[Any, str, Any]] = {
    "ECC_NIST_P256": (ec.SECP256R1(), "ECDSA_SHA_256", hashes.SHA256()),
    "ECC_NIST_P384": (ec.SECP384R1(), "ECDSA_SHA_384", hashes.SHA384()),
    "ECC_NIST_P521": (ec.SECP521R1(), "ECDSA_SHA_512", hashes.SHA512()),
    "ECC_SECG_P256K1": (ec.SECP256K1(), "ECDSA_SHA_256", hashes.SHA256()),
}


@pytest.mark.parametrize("algorithm", [*OAEP, *AES])
@pytest.mark.parametrize("spec", CURVES)
def test_an_elliptic_curve_key_signs_with_its_material(spec: str, algorithm: str, kms: Any) -> None:
    """How we know: AWS docs; P-521 is too long for plain OAEP under RSA_2048."""
    curve, signing, digest = CURVES[spec]
    private = ec.generate_private_key(curve)
    key_id = create(kms, KeySpec=spec, KeyUsage="SIGN_VERIFY")
    wrapping = "RSA_3072" if spec == "ECC_NIST_P521" and algorithm in OAEP else "RSA_2048"
    put(kms, key_id, pkcs8(private), algorithm, spec=wrapping)
    assert kms.get_public_key(KeyId=key_id)["PublicKey"] == spki(private)
    signature = kms.sign(KeyId=key_id, Message=b"m", SigningAlgorithm=signing)["Signature"]
    private.public_key().verify(signature, b"m", ec.ECDSA(digest))


def test_an_agreement_key_agrees_with_its_material(kms: Any) -> None:
    """How we know: AWS docs, "asymmetric key agreement key"; the secret computed here."""
    ours, theirs = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    key_id = create(kms, KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")
    put(kms, key_id, pkcs8(ours))
    answer = kms.derive_shared_secret(KeyId=key_id, KeyAgreementAlgorithm="ECDH", PublicKey=spki(theirs))
    assert answer["SharedSecret"] == theirs.exchange(ec.ECDH(), ours.public_key())
    assert answer["KeyOrigin"] == "EXTERNAL"


@pytest.mark.parametrize("algorithm", [*OAEP, *AES])
def test_an_edwards_key_signs_with_its_material(algorithm: str, kms: Any) -> None:
    """How we know: AWS docs."""
    private = ed25519.Ed25519PrivateKey.generate()
    key_id = create(kms, KeySpec="ECC_NIST_EDWARDS25519", KeyUsage="SIGN_VERIFY")
    put(kms, key_id, pkcs8(private), algorithm, spec="RSA_3072")
    signature = kms.sign(KeyId=key_id, Message=b"m", SigningAlgorithm="ED25519_SHA_512")["Signature"]
    private.public_key().verify(signature, b"m")


@pytest.mark.parametrize("algorithm", AES)
@pytest.mark.parametrize("usage", ["SIGN_VERIFY", "ENCRYPT_DECRYPT"])
def test_an_rsa_key_takes_its_material_behind_an_aes_key(usage: str, algorithm: str, kms: Any) -> None:
    """How we know: AWS docs; what it decrypts was encrypted here, what it signs is verified here."""
    key_id = create(kms, KeySpec="RSA_2048", KeyUsage=usage)
    put(kms, key_id, pkcs8(RSA_KEY), algorithm)
    if usage == "SIGN_VERIFY":
        signing = "RSASSA_PKCS1_V1_5_SHA_256"
        signature = kms.sign(KeyId=key_id, Message=b"m", SigningAlgorithm=signing)["Signature"]
        RSA_KEY.public_key().verify(signature, b"m", padding.PKCS1v15(), hashes.SHA256())
    else:
        blob = oaep(spki(RSA_KEY), hashes.SHA256(), b"m")
        answer = kms.decrypt(KeyId=key_id, CiphertextBlob=blob, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
        assert answer["Plaintext"] == b"m"


@pytest.mark.parametrize(("spec", "usage"), [("ML_DSA_44", "SIGN_VERIFY"), ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE")])
def test_post_quantum_keys_take_no_material(spec: str, usage: str, kms: Any) -> None:
    """How we know: recorded of ML-DSA; ML-KEM by likeness."""
    assert refusal(kms, "CreateKey", Origin="EXTERNAL", KeySpec=spec, KeyUsage=usage) == (
        "ValidationException",
        f"KeySpec {spec} is not supported for Origin EXTERNAL",
    )


def test_the_id_of_a_material_is_its_keys_own(kms: Any) -> None:
    """How we know: AWS docs, "based on the KMS key ID and the imported key material"."""
    one, other = imported(kms, FIRST), imported(kms, FIRST)
    assert current(kms, one) != current(kms, other)
    blob = kms.encrypt(KeyId=one, Plaintext=b"x")["CiphertextBlob"]
    assert refusal(kms, "Decrypt", CiphertextBlob=blob, KeyId=other)[0] == "IncorrectKeyException"


# Rules: deleted, and imported again


def test_old_ciphertexts_decrypt_once_their_material_is_back(kms: Any) -> None:
    """How we know: AWS docs; measured, "is pending import." without it, KeyId sent or not."""
    key_id = imported(kms, FIRST)
    material_id = current(kms, key_id)
    blob = kms.encrypt(KeyId=key_id, Plaintext=b"attack at dawn")["CiphertextBlob"]
    kms.delete_imported_key_material(KeyId=key_id)
    assert (state(kms, key_id), metadata(kms, key_id)["Enabled"]) == ("PendingImport", False)
    waits = "KMSInvalidStateException", f"{key_arn(key_id)} is pending import."
    assert refusal(kms, "Decrypt", CiphertextBlob=blob) == waits
    assert refusal(kms, "ReEncrypt", CiphertextBlob=blob, SourceKeyId=key_id, DestinationKeyId=key_id) == waits
    assert put(kms, key_id, FIRST)["KeyMaterialId"] == material_id
    assert state(kms, key_id) == "Enabled"
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"attack at dawn"


def test_a_key_without_material_may_lose_it_again(kms: Any) -> None:
    """How we know: AWS docs, no effect."""
    key_id = create(kms)
    assert kms.delete_imported_key_material(KeyId=key_id)["KeyId"] == key_arn(key_id)
    put(kms, key_id, FIRST)
    for _ in range(2):
        kms.delete_imported_key_material(KeyId=key_id)
        assert state(kms, key_id) == "PendingImport"


def test_a_disabled_key_is_enabled_by_an_import(kms: Any) -> None:
    """How we know: recorded of its current material; with one that it lost it is not even Disabled."""
    key_id = imported(kms, FIRST)
    kms.disable_key(KeyId=key_id)
    put(kms, key_id, FIRST)
    assert state(kms, key_id) == "Enabled"
    kms.disable_key(KeyId=key_id)
    kms.delete_imported_key_material(KeyId=key_id)
    assert state(kms, key_id) == "PendingImport"
    put(kms, key_id, FIRST)
    assert state(kms, key_id) == "Enabled"


def test_a_key_pending_deletion_stays_so_without_its_material(kms: Any) -> None:
    """How we know: AWS docs; once it is back, it waits for material (recorded)."""
    key_id = imported(kms, FIRST)
    kms.schedule_key_deletion(KeyId=key_id)
    kms.delete_imported_key_material(KeyId=key_id)
    assert state(kms, key_id) == "PendingDeletion"
    kms.cancel_key_deletion(KeyId=key_id)
    assert state(kms, key_id) == "PendingImport"
    assert refusal(kms, "EnableKey", KeyId=key_id)[0] == "KMSInvalidStateException"


def test_a_public_key_is_not_told_while_the_private_one_is_away(kms: Any) -> None:
    """How we know: radkawar/stackd testdata/aws/kms/imports_families.json, RSA_2048_public_missing."""
    key_id = create(kms, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    pending_import = ("KMSInvalidStateException", f"{key_arn(key_id)} is pending import.")
    assert refusal(kms, "GetPublicKey", KeyId=key_id) == pending_import
    private = ec.generate_private_key(ec.SECP256R1())
    put(kms, key_id, pkcs8(private))
    assert kms.get_public_key(KeyId=key_id)["PublicKey"] == spki(private)
    kms.delete_imported_key_material(KeyId=key_id)
    assert refusal(kms, "GetPublicKey", KeyId=key_id) == pending_import


@pytest.mark.parametrize("spec", ["SYMMETRIC_DEFAULT", "HMAC_256", "ECC_NIST_P256"])
@pytest.mark.parametrize("deleted", [True, False])
def test_a_key_takes_no_other_material_than_its_own(deleted: bool, spec: str, kms: Any) -> None:
    # How we know: KMS API Reference, IncorrectKeyMaterialException; of a symmetric key, unless it is said to be new.
    usage = {"SYMMETRIC_DEFAULT": "ENCRYPT_DECRYPT", "HMAC_256": "GENERATE_VERIFY_MAC"}.get(spec, "SIGN_VERIFY")
    key_id = create(kms, KeySpec=spec, KeyUsage=usage)
    own, other = (
        pkcs8(ec.generate_private_key(ec.SECP256R1())) if spec == "ECC_NIST_P256" else os.urandom(32) for _ in range(2)
    )
    put(kms, key_id, own)
    if deleted:
        kms.delete_imported_key_material(KeyId=key_id)
    before = state(kms, key_id)
    code, message = refusal(kms, "ImportKeyMaterial", **request(kms, key_id, other))
    assert code == "IncorrectKeyMaterialException"
    assert re.fullmatch(r"Imported key material does not have the expected identifier \([0-9a-f]{64}\)\.", message)
    assert state(kms, key_id) == before
    put(kms, key_id, own)
    assert state(kms, key_id) == "Enabled"


def test_of_first_imports_at_once_one_is_the_keys(kms: Any) -> None:
    """How we know: whoever comes second brings other material than the key's."""
    key_id = create(kms)
    requests = iter([request(kms, key_id, os.urandom(32)) for _ in range(6)])
    ends = outcomes(lambda: kms.import_key_material(**next(requests)), 6)
    assert ends == [*["IncorrectKeyMaterialException"] * 5, "ok"]


# Rules: tokens


def test_a_token_serves_more_than_once_and_beside_others(kms: Any) -> None:
    """How we know: AWS docs, each set is valid for 24 hours."""
    key_id = create(kms)
    members = request(kms, key_id, FIRST)
    parameters(kms, key_id)
    for _ in range(2):
        kms.import_key_material(**members)
        kms.delete_imported_key_material(KeyId=key_id)


def test_a_token_is_good_for_24_hours_less_a_moment(kms: Any, keytrail_clock: ServerClock) -> None:
    """How we know: AWS docs, ParametersValidTo; text unknown."""
    key_id = create(kms)
    members = request(kms, key_id, FIRST)
    keytrail_clock.set(START + timedelta(hours=24))
    assert refusal(kms, "ImportKeyMaterial", **members) == ("ExpiredImportTokenException", "")
    assert state(kms, key_id) == "PendingImport"
    keytrail_clock.set(START + timedelta(hours=24, seconds=-1))
    kms.import_key_material(**members)


@pytest.mark.parametrize("change", ["another key's", "cut", "altered", "made up", "longest"])
def test_a_token_of_something_else_is_invalid(change: str, kms: Any) -> None:
    """How we know: AWS docs, "invalid or is associated with a different KMS key"; text unknown."""
    key_id = create(kms)
    members = request(kms, key_id, FIRST)
    token = members["ImportToken"]
    members["ImportToken"] = {
        "another key's": lambda: request(kms, create(kms), FIRST)["ImportToken"],
        "cut": lambda: token[:-1],
        "altered": lambda: token[:-1] + bytes([token[-1] ^ 1]),
        "made up": lambda: b"x",
        "longest": lambda: bytes(6144),
    }[change]()
    assert refusal(kms, "ImportKeyMaterial", **members) == ("InvalidImportTokenException", "")
    assert state(kms, key_id) == "PendingImport"


# Refusals


def wrappable(kms: Any) -> tuple[str, bytes]:
    """A key of a spec that every wrapping algorithm fits, and material for it."""
    material = pkcs8(ec.generate_private_key(ec.SECP256R1()))
    return create(kms, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY"), material


@pytest.mark.parametrize(("used", "asked"), [(OAEP[0], OAEP[1]), (OAEP[1], OAEP[0]), (AES[0], AES[1])])
def test_material_wrapped_otherwise_than_asked_for_is_an_invalid_ciphertext(used: str, asked: str, kms: Any) -> None:
    """How we know: AWS docs, e.g. another OAEP hash."""
    key_id, material = wrappable(kms)
    given = parameters(kms, key_id, asked)
    members = {"KeyId": key_id, "ImportToken": given["ImportToken"], **NO_EXPIRY}
    members["EncryptedKeyMaterial"] = wrap(given["PublicKey"], used, material)
    assert refusal(kms, "ImportKeyMaterial", **members) == ("InvalidCiphertextException", "")


@pytest.mark.parametrize("algorithm", [OAEP[1], AES[1]])
def test_material_under_another_wrapping_key_is_an_invalid_ciphertext(algorithm: str, kms: Any) -> None:
    """How we know: AWS docs, public key and token are permanently linked."""
    key_id, material = wrappable(kms)
    members = request(kms, key_id, material, algorithm)
    members["ImportToken"] = parameters(kms, key_id, algorithm)["ImportToken"]
    assert refusal(kms, "ImportKeyMaterial", **members) == ("InvalidCiphertextException", "")


@pytest.mark.parametrize("damage", ["AES part", "short AES key"])
def test_a_damaged_aes_wrapping_is_an_invalid_ciphertext(damage: str, kms: Any) -> None:
    """How we know: AWS docs."""
    key_id, material = wrappable(kms)
    members = request(kms, key_id, material, AES[1])
    if damage == "AES part":
        wrapped = members["EncryptedKeyMaterial"]
        members["EncryptedKeyMaterial"] = wrapped[:-1] + bytes([wrapped[-1] ^ 1])
    else:
        given = parameters(kms, key_id, AES[1])
        members["ImportToken"] = given["ImportToken"]
        wrapped = oaep(given["PublicKey"], hashes.SHA256(), bytes(15)) + members["EncryptedKeyMaterial"][256:]
        members["EncryptedKeyMaterial"] = wrapped
    assert refusal(kms, "ImportKeyMaterial", **members) == ("InvalidCiphertextException", "")


@pytest.mark.parametrize(
    ("algorithm", "size"), [(OAEP[0], 255), (OAEP[1], 257), (OAEP[1], 1), (AES[0], 256), (AES[1], 264), (AES[1], 301)]
)
def test_encrypted_material_of_an_impossible_size_is_refused(algorithm: str, size: int, kms: Any) -> None:
    """How we know: reported."""
    key_id, material = wrappable(kms)
    members = {**request(kms, key_id, material, algorithm), "EncryptedKeyMaterial": bytes(size)}
    assert refusal(kms, "ImportKeyMaterial", **members) == ("ValidationException", "Invalid encrypted key size.")


@pytest.mark.parametrize(
    ("spec", "usage", "material"),
    [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", bytes(16)),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", bytes(33)),
        ("HMAC_384", "GENERATE_VERIFY_MAC", bytes(32)),
        ("ECC_NIST_P256", "SIGN_VERIFY", bytes(32)),
        ("ECC_NIST_P256", "SIGN_VERIFY", pkcs8(ec.generate_private_key(ec.SECP256K1()))),
        ("ECC_NIST_P256", "SIGN_VERIFY", spki(ec.generate_private_key(ec.SECP256R1()))),
        ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", pkcs8(ec.generate_private_key(ec.SECP256R1()))),
        ("RSA_3072", "SIGN_VERIFY", pkcs8(RSA_KEY)),
        ("RSA_2048", "SIGN_VERIFY", hashlib.sha256(b"no key").digest()),
    ],
    ids=[
        *("half a symmetric key", "a byte too many", "another HMAC key"),
        *(
            "a curve's scalar",
            "another curve",
            "a public key",
            "no Edwards curve",
            "a short RSA key",
            "a hash",
        ),
    ],
)
def test_material_that_is_none_of_the_keys_spec_is_an_invalid_ciphertext(
    spec: str, usage: str, material: bytes, kms: Any
) -> None:
    """How we know: recorded of symmetric and HMAC keys that are too short, and of BER for Ed25519."""
    key_id = create(kms, KeySpec=spec, KeyUsage=usage)
    algorithm = OAEP[1] if spec in ("SYMMETRIC_DEFAULT", "HMAC_384") else AES[1]
    members = request(kms, key_id, material, algorithm)
    assert refusal(kms, "ImportKeyMaterial", **members) == ("InvalidCiphertextException", "")
    assert state(kms, key_id) == "PendingImport"


@pytest.mark.parametrize(
    ("spec", "algorithm", "wrapping"),
    [
        ("SYMMETRIC_DEFAULT", "RSAES_PKCS1_V1_5", "RSA_2048"),
        ("SYMMETRIC_DEFAULT", "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048"),
        ("HMAC_512", "RSA_AES_KEY_WRAP_SHA_1", "RSA_4096"),
        ("RSA_2048", "RSAES_OAEP_SHA_256", "RSA_4096"),
        ("RSA_4096", "RSAES_OAEP_SHA_1", "RSA_4096"),
        ("ECC_NIST_P521", "RSAES_OAEP_SHA_1", "RSA_2048"),
        ("ECC_NIST_P521", "RSAES_OAEP_SHA_256", "RSA_2048"),
        ("ECC_NIST_EDWARDS25519", "RSAES_OAEP_SHA_1", "RSA_2048"),
    ],
)
def test_there_are_no_parameters_for_a_wrapping_that_cannot_be(
    spec: str, algorithm: str, wrapping: str, kms: Any
) -> None:
    """How we know: KMS API Reference, GetParametersForImport; the words, PKCS1 and Ed25519 recorded."""
    usage = {"SYMMETRIC_DEFAULT": "ENCRYPT_DECRYPT", "HMAC_512": "GENERATE_VERIFY_MAC"}.get(spec, "SIGN_VERIFY")
    members = {"WrappingAlgorithm": algorithm, "WrappingKeySpec": wrapping}
    key_id = create(kms, KeySpec=spec, KeyUsage=usage)
    assert refusal(kms, "GetParametersForImport", KeyId=key_id, **members) == (
        "ValidationException",
        f"Wrapping algorithm {algorithm} and wrapping key spec {wrapping} cannot be used to import a {spec} key.",
    )


def test_some_wrappings_are_for_china_and_some_for_the_rest(kms: Any, keytrail_client: Any) -> None:
    """How we know: AWS docs; the form of the words is measured for KeySpec SM2."""
    china = keytrail_client(region="cn-north-1")

    def message(client: Any, algorithm: str, wrapping: str) -> str:
        members = {"WrappingAlgorithm": algorithm, "WrappingKeySpec": wrapping}
        return refusal(client, "GetParametersForImport", KeyId=create(client), **members)[1]

    assert message(kms, "SM2PKE", "SM2") == "WrappingAlgorithm SM2PKE is not supported in this Region"
    assert message(kms, OAEP[1], "SM2") == "WrappingKeySpec SM2 is not supported in this Region"
    assert message(china, "SM2PKE", "SM2") == "Keytrail has no cryptography for keys of KeySpec SM2."
    assert message(china, AES[1], "RSA_2048") == f"WrappingAlgorithm {AES[1]} is not supported in this Region"
    fit = "cannot be used to import a SYMMETRIC_DEFAULT key."
    assert message(china, "SM2PKE", "RSA_2048") == f"Wrapping algorithm SM2PKE and wrapping key spec RSA_2048 {fit}"


@pytest.mark.parametrize("operation", ["GetParametersForImport", "ImportKeyMaterial", "DeleteImportedKeyMaterial"])
def test_a_key_of_kms_takes_no_material(operation: str, kms: Any) -> None:
    """How we know: recorded (GetParametersForImport)."""
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    members = {
        "GetParametersForImport": {"WrappingAlgorithm": OAEP[1], "WrappingKeySpec": "RSA_2048"},
        "ImportKeyMaterial": {"ImportToken": b"x", "EncryptedKeyMaterial": b"x"},
    }.get(operation, {})
    assert refusal(kms, operation, KeyId=key_id, **members) == (
        "UnsupportedOperationException",
        f"{key_arn(key_id)} origin is AWS_KMS which is not valid for this operation.",
    )


MISSING_DATE = "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"
IN_VAIN = "A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE"
PAST, TOO_LATE = "ValidTo must be in the future", "ValidTo must be less than 365 days in the future"
NEW_BY_ID = "Input parameter keyMaterialId cannot be used with NEW_KEY_MATERIAL importType."


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, MISSING_DATE),
        ({"ExpirationModel": "KEY_MATERIAL_EXPIRES"}, MISSING_DATE),
        ({"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE", "ValidTo": days(1)}, IN_VAIN),
        ({"ValidTo": START}, PAST),
        ({"ValidTo": days(-1)}, PAST),
        ({"ValidTo": days(365) + timedelta(seconds=1)}, TOO_LATE),
        ({"ValidTo": days(1), "ImportType": "NEW_KEY_MATERIAL", "KeyMaterialId": "0" * 64}, NEW_BY_ID),
    ],
)
def test_members_that_contradict_each_other_are_invalid(members: dict[str, Any], message: str, kms: Any) -> None:
    """How we know: recorded; the very bounds from the docs."""
    key_id = create(kms)
    valid = request(kms, key_id, FIRST, ValidTo=days(1))
    del valid["ValidTo"]
    assert refusal(kms, "ImportKeyMaterial", **valid, **members) == ("ValidationException", message)


def test_a_material_is_valid_for_365_days_at_most(kms: Any) -> None:
    """How we know: AWS docs."""
    key_id = create(kms)
    put(kms, key_id, FIRST, ValidTo=days(365))
    assert metadata(kms, key_id)["ValidTo"] == days(365)


@pytest.mark.parametrize("members", [NEW, EXISTING, {"KeyMaterialDescription": "d"}, {"KeyMaterialId": "0" * 64}])
def test_what_is_for_symmetric_keys_is_refused_for_others(members: dict[str, str], kms: Any) -> None:
    """How we know: recorded."""
    key_id = create(kms, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    (name,) = members
    assert refusal(kms, "ImportKeyMaterial", **request(kms, key_id, FIRST, **members)) == (
        "ValidationException",
        f"Input parameter {name[0].lower()}{name[1:]} cannot be used with HMAC_256 imported keys.",
    )


def test_the_material_must_have_the_id_that_is_sent(kms: Any) -> None:
    """How we know: AWS docs, KeyMaterialId."""
    key_id = imported(kms, FIRST, SECOND)
    first, second = (entry["KeyMaterialId"] for entry in materials(kms, key_id))
    kms.delete_imported_key_material(KeyId=key_id, KeyMaterialId=first)
    for wrong in (second, "0" * 64):
        members = request(kms, key_id, FIRST, KeyMaterialId=wrong)
        assert refusal(kms, "ImportKeyMaterial", **members) == (
            "IncorrectKeyMaterialException",
            f"Imported key material does not have the expected identifier ({wrong}).",
        )
    assert put(kms, key_id, FIRST, KeyMaterialId=first, **EXISTING)["KeyMaterialId"] == first
    assert state(kms, key_id) == "Enabled"


def test_a_material_that_is_not_the_keys_cannot_be_deleted(kms: Any) -> None:
    """How we know: recorded; of a key that never had any by likeness."""
    one, other = imported(kms, FIRST), create(kms)
    for key_id in (one, other):
        assert refusal(kms, "DeleteImportedKeyMaterial", KeyId=key_id, KeyMaterialId="0" * 64) == (
            "ValidationException",
            f"Key material (id: {'0' * 64}) has never been imported into KMS key {key_arn(key_id)}.",
        )
    assert state(kms, one) == "Enabled"


# The clock


def test_material_expires_at_its_moment(kms: Any, keytrail_clock: ServerClock, keytrail_clean: KeytrailServer) -> None:
    """How we know: AWS docs; the record, G: DeleteExpiredKeyMaterial."""
    key_id = create(kms)
    put(kms, key_id, FIRST, ValidTo=days(10))
    blob = kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"]
    keytrail_clock.set(days(10) - timedelta(seconds=1))
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert keytrail_clean.events(eventName="DeleteExpiredKeyMaterial") == []
    keytrail_clock.set(days(12))
    after = metadata(kms, key_id)
    assert (after["KeyState"], after["Enabled"]) == ("PendingImport", False)
    assert not {"ExpirationModel", "ValidTo"} & set(after)
    assert refusal(kms, "Decrypt", CiphertextBlob=blob)[0] == "KMSInvalidStateException"
    (record,) = keytrail_clean.events(eventName="DeleteExpiredKeyMaterial")
    assert record["eventTime"] == "2027-01-11T00:00:00Z"
    assert (record["eventType"], record["readOnly"]) == ("AwsServiceEvent", False)
    assert (record["requestParameters"], record["responseElements"]) == (None, None)
    assert record["serviceEventDetails"] == {"keyId": key_id, "keyMaterialId": after["CurrentKeyMaterialId"]}
    assert [resource["ARN"] for resource in record["resources"]] == [key_arn(key_id)]
    assert record["userIdentity"] == {"accountId": key_arn().split(":")[4], "invokedBy": "AWS Internal"}
    assert "requestID" not in record
    put(kms, key_id, FIRST, ValidTo=days(20))
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_each_material_expires_at_its_own_time(
    kms: Any, keytrail_clock: ServerClock, keytrail_clean: KeytrailServer
) -> None:
    """How we know: AWS docs; DescribeKey tells the earliest (model, ValidTo); expired ones stay listed (recorded)."""
    key_id = imported(kms, FIRST, SECOND)
    put(kms, key_id, FIRST, ValidTo=days(20))
    put(kms, key_id, SECOND, ValidTo=days(10))
    assert metadata(kms, key_id)["ValidTo"] == days(10)
    assert [entry["ValidTo"] for entry in materials(kms, key_id)] == [days(20), days(10)]
    keytrail_clock.set(days(30))
    assert state(kms, key_id) == "PendingImport"
    assert standing(kms, key_id) == [("NON_CURRENT", "IMPORTED"), ("CURRENT", "IMPORTED")]
    assert [entry["ValidTo"] for entry in materials(kms, key_id)] == [days(20), days(10)]
    put(kms, key_id, SECOND)
    assert state(kms, key_id) == "PendingImport"
    kms.delete_imported_key_material(KeyId=key_id, KeyMaterialId=materials(kms, key_id)[0]["KeyMaterialId"])
    assert standing(kms, key_id) == [("NON_CURRENT", "PENDING_IMPORT"), ("CURRENT", "IMPORTED")]
    assert not {"ExpirationModel", "ValidTo"} & set(materials(kms, key_id)[0])
    times = [record["eventTime"] for record in keytrail_clean.events(eventName="DeleteExpiredKeyMaterial")]
    assert times == ["2027-01-11T00:00:00Z", "2027-01-21T00:00:00Z"]


def test_an_import_sets_the_expiry_anew(kms: Any, keytrail_clock: ServerClock) -> None:
    """How we know: AWS docs, "Each time you reimport, you can eliminate or reset the expiration time"."""
    longer, for_ever, deleted = (create(kms) for _ in range(3))
    for key_id in (longer, for_ever, deleted):
        put(kms, key_id, FIRST, ValidTo=days(10))
    put(kms, longer, FIRST, ValidTo=days(20))
    put(kms, for_ever, FIRST)
    kms.delete_imported_key_material(KeyId=deleted)
    put(kms, deleted, FIRST, ValidTo=days(5))
    keytrail_clock.set(days(6))
    assert [state(kms, key_id) for key_id in (longer, for_ever, deleted)] == ["Enabled", "Enabled", "PendingImport"]
    keytrail_clock.set(days(11))
    assert [state(kms, key_id) for key_id in (longer, for_ever)] == ["Enabled", "Enabled"]
    keytrail_clock.set(days(21))
    assert [state(kms, key_id) for key_id in (longer, for_ever)] == ["PendingImport", "Enabled"]


def test_material_of_a_key_pending_deletion_expires_too(
    kms: Any, keytrail_clock: ServerClock, keytrail_clean: KeytrailServer
) -> None:
    """How we know: AWS docs, the state stays; of a key that is gone there is nothing left to expire."""
    kept, gone = create(kms), create(kms)
    for key_id in (kept, gone):
        put(kms, key_id, FIRST, ValidTo=days(10))
    kms.schedule_key_deletion(KeyId=kept, PendingWindowInDays=30)
    kms.schedule_key_deletion(KeyId=gone, PendingWindowInDays=7)
    keytrail_clock.set(days(11))
    assert state(kms, kept) == "PendingDeletion"
    (record,) = keytrail_clean.events(eventName="DeleteExpiredKeyMaterial")
    assert record["serviceEventDetails"]["keyId"] == kept


# Policies


def test_a_policy_bounds_wrapping_and_expiry(kms: Any) -> None:
    """How we know: kms-behaviour F.4: WrappingAlgorithm, WrappingKeySpec, ExpirationModel, ValidTo."""
    limit = int(days(30).timestamp())
    bounds: list[tuple[str, dict[str, dict[str, str]]]] = [
        ("GetParametersForImport", {"StringEquals": {"kms:WrappingAlgorithm": OAEP[0]}}),
        ("GetParametersForImport", {"StringNotEquals": {"kms:WrappingKeySpec": "RSA_2048"}}),
        ("ImportKeyMaterial", {"StringEquals": {"kms:ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}}),
        ("ImportKeyMaterial", {"NumericGreaterThan": {"kms:ValidTo": str(limit)}}),
    ]
    denies = [
        {"Effect": "Deny", "Principal": "*", "Action": f"kms:{name}", "Resource": "*", "Condition": condition}
        for name, condition in bounds
    ]
    key_id = create(kms, Policy=json.dumps({**POLICY, "Statement": [*POLICY["Statement"], *denies]}))
    for members in (
        {"WrappingAlgorithm": OAEP[0], "WrappingKeySpec": "RSA_2048"},
        {"WrappingAlgorithm": OAEP[1], "WrappingKeySpec": "RSA_3072"},
    ):
        assert refusal(kms, "GetParametersForImport", KeyId=key_id, **members)[0] == "AccessDeniedException"
    valid = request(kms, key_id, FIRST, ValidTo=days(30))
    assert refusal(kms, "ImportKeyMaterial", **{**valid, "ValidTo": days(31)})[0] == "AccessDeniedException"
    assert refusal(kms, "ImportKeyMaterial", **{**valid, **NO_EXPIRY})[0] == "AccessDeniedException"
    kms.import_key_material(**valid)
    assert state(kms, key_id) == "Enabled"


# The trail


def test_an_import_is_recorded_without_token_and_material(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: AWS docs; the form of dates, kms-behaviour G.1."""
    key_id = create(kms)
    answer = put(kms, key_id, FIRST, ValidTo=datetime(2027, 5, 21, 5, 47, 45, tzinfo=UTC), KeyMaterialDescription="d")
    (record,) = keytrail_clean.events(eventName="ImportKeyMaterial")
    assert record["requestParameters"] == {
        "keyId": key_id,
        "validTo": "2027-05-21T05:47:45Z",
        "keyMaterialDescription": "d",
    }
    assert record["responseElements"] == {"keyId": key_arn(key_id), "keyMaterialId": answer["KeyMaterialId"]}
    assert record["readOnly"] is False
    (record,) = keytrail_clean.events(eventName="GetParametersForImport")
    assert (record["readOnly"], record["responseElements"]) == (True, None)
