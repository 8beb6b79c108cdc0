"""GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext.

How we know: recorded from AWS, unless a test says otherwise. What is made is read by `cryptography` alone and by
OpenSSL's command line.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

from keytrail.crypto import key_pool
from keytrail.crypto.key_pool import KeyPool
from keytrail.domain.key_material import is_supported
from keytrail.server import KeytrailServer
from tests.support import ALIAS, KEY, alias_arn, key_arn, load_sample_seed, refusal
from tests.support import invoke as call

OPERATIONS = ["GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"]
RSA_SIZES = {"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096}
CURVES: dict[str, type[ec.EllipticCurve]] = {
    "ECC_NIST_P256": ec.SECP256R1,
    "ECC_NIST_P384": ec.SECP384R1,
    "ECC_NIST_P521": ec.SECP521R1,
    "ECC_SECG_P256K1": ec.SECP256K1,
}
KEMS = ["ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"]
EVERY = [*RSA_SIZES, *CURVES, "ECC_NIST_EDWARDS25519", *KEMS]
"""Every KeyPairSpec of the model but SM2, which is of the China Regions."""
SPECS = [spec for spec in EVERY if is_supported(spec)]
OLD_OPENSSL = {"ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"}
"""Specs that OpenSSL reads from 3.5 on only."""
DRY_RUN = ("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")


@pytest.fixture(autouse=True)
def sample_seed(keytrail_clean: KeytrailServer, kms: Any) -> None:
    load_sample_seed(keytrail_clean, kms)


def is_of(spec: str, private: object) -> bool:
    """Whether a parsed private key is of the spec."""
    if spec in RSA_SIZES:
        return isinstance(private, rsa.RSAPrivateKey) and private.key_size == RSA_SIZES[spec]
    if spec in CURVES:
        return isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, CURVES[spec])
    if spec == "ECC_NIST_EDWARDS25519":
        return isinstance(private, ed25519.Ed25519PrivateKey)
    return isinstance(private, getattr(mlkem, f"MLKEM{spec.removeprefix('ML_KEM_')}PrivateKey", ()))


# ---- Shape


@pytest.mark.parametrize("name", [KEY, key_arn(), ALIAS, alias_arn()])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_pair_is_answered_with_its_key_and_material(operation: str, name: str, kms: Any) -> None:
    """How we know: recorded; KeyMaterialId from the model."""
    answer = call(kms, operation, KeyId=name, KeyPairSpec="ECC_NIST_P256")
    plaintext = {"PrivateKeyPlaintext"} if operation == "GenerateDataKeyPair" else set()
    always = {"PrivateKeyCiphertextBlob", "PublicKey", "KeyId", "KeyPairSpec", "KeyMaterialId"}
    assert set(answer) - {"ResponseMetadata"} == always | plaintext
    assert (answer["KeyId"], answer["KeyPairSpec"]) == (key_arn(), "ECC_NIST_P256")
    assert answer["KeyMaterialId"] == kms.describe_key(KeyId=KEY)["KeyMetadata"]["CurrentKeyMaterialId"]


# ---- Rules


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec != "ML_KEM_512"])  # which `cryptography` lacks
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_pair_is_der_of_its_spec_and_both_halves_belong_together(operation: str, spec: str, kms: Any) -> None:
    """How we know: AWS docs: PKCS #8 and SubjectPublicKeyInfo."""
    pair = call(kms, operation, KeyId=KEY, KeyPairSpec=spec)
    opened = kms.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"])["Plaintext"]
    assert pair.get("PrivateKeyPlaintext", opened) == opened
    private: Any = load_der_private_key(opened, None)
    assert is_of(spec, private)
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert public == pair["PublicKey"]


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec in KEMS])
def test_a_private_kem_key_is_its_seed_and_as_long_for_every_size(spec: str, kms: Any) -> None:
    """How we know: AWS docs; the form is that of RFC 9935: 64 bytes of seed, in 86 of DER."""
    pair = kms.generate_data_key_pair(KeyId=KEY, KeyPairSpec=spec)
    size = {"ML_KEM_512": 800, "ML_KEM_768": 1184, "ML_KEM_1024": 1568}[spec]
    assert len(pair["PublicKey"]) == 22 + size
    assert len(pair["PrivateKeyPlaintext"]) == 86
    assert pair["PrivateKeyPlaintext"][20:22] == b"\x80\x40"
    assert kms.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"])["Plaintext"] == pair["PrivateKeyPlaintext"]


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec not in OLD_OPENSSL])
def test_openssl_reads_both_halves(spec: str, kms: Any, tmp_path: Path) -> None:
    pair = kms.generate_data_key_pair(KeyId=KEY, KeyPairSpec=spec)
    path = tmp_path / "private.der"
    path.write_bytes(pair["PrivateKeyPlaintext"])
    made = subprocess.run(
        ["openssl", "pkey", "-inform", "DER", "-in", str(path), "-pubout", "-outform", "DER"],
        capture_output=True,
        check=True,
    )
    assert made.stdout == pair["PublicKey"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_private_key_is_bound_to_its_encryption_context(operation: str, kms: Any) -> None:
    """How we know: AWS docs."""
    pair = call(kms, operation, KeyId=KEY, KeyPairSpec="ECC_NIST_P256", EncryptionContext={"a": "1"})
    blob = pair["PrivateKeyCiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "1"})["KeyId"] == key_arn()
    assert refusal(kms, "Decrypt", CiphertextBlob=blob) == ("InvalidCiphertextException", "")


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec not in ("RSA_3072", "RSA_4096")])
def test_no_pair_comes_twice(spec: str, kms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_pool, "POOL", KeyPool(sizes={}))
    made = {kms.generate_data_key_pair(KeyId=KEY, KeyPairSpec=spec)["PublicKey"] for _ in range(4)}
    assert len(made) == 4


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_dry_run_ends_in_its_own_exception_and_is_no_use(operation: str, spec: str, kms: Any) -> None:
    assert refusal(kms, operation, KeyId=KEY, KeyPairSpec=spec, DryRun=True) == DRY_RUN
    assert kms.get_key_last_usage(KeyId=KEY)["KeyLastUsage"] == {}


# ---- Refusals


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("dry", [False, True])
@pytest.mark.parametrize(("spec", "region"), [("SM2", "us-east-1"), *[(spec, "cn-north-1") for spec in KEMS]])
def test_a_pair_is_refused_where_kms_does_not_have_its_spec(
    spec: str, region: str, dry: bool, operation: str, keytrail_client: Callable[..., Any]
) -> None:
    """How we know: measured for CreateKey of SM2; for pairs, and for ML-KEM in China, inferred."""
    kms = keytrail_client(region=region)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    assert refusal(kms, operation, KeyId=key, KeyPairSpec=spec, DryRun=dry) == (
        "UnsupportedOperationException",
        f"KeySpec {spec} is not supported in this Region",
    )


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("spec", ["SYMMETRIC_DEFAULT", "ML_DSA_44", "HMAC_256", "rsa_2048"])
def test_a_spec_is_one_of_a_pair(operation: str, spec: str, kms: Any) -> None:
    """How we know: model, in the form of the errors that are measured."""
    code, message = refusal(kms, operation, KeyId=KEY, KeyPairSpec=spec)
    assert code == "ValidationException"
    start = f"1 validation error detected: Value '{spec}' at 'keyPairSpec' failed to satisfy constraint: "
    assert message.startswith(start + "Member must satisfy enum value set: [")
