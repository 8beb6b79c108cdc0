"""Sign, Verify and GetPublicKey.

How we know: measured on AWS, unless a test says otherwise. What is signed is verified by `cryptography` alone.
"""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import load_der_public_key

from keytrail.domain.key_spec import ALGORITHMS, KeyUsage
from keytrail.server import KeytrailServer
from tests.support import KEY, MAC_KEY, MESSAGE, SIGNING_KEY, key_arn, refusal, set_scene
from tests.support import invoke as call

SPECS = ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519"]
SPECS += ["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"]
WORKING = [
    (spec, algorithm)
    for spec in SPECS
    for algorithm in ALGORITHMS[spec][KeyUsage.SIGN_VERIFY]
    if algorithm != "ED25519_PH_SHA_512"
]
BOTH: dict[str, dict[str, Any]] = {"Sign": {}, "Verify": {"Signature": b"x"}}


@pytest.fixture(autouse=True)
def scene(keytrail_clean: KeytrailServer, kms: Any) -> None:
    """The scene, and a seeded key of each spec named by it."""
    set_scene(keytrail_clean, kms)
    keys = [
        {"KeyId": key_id(spec), "KeySpec": spec, "KeyUsage": "SIGN_VERIFY"} for spec in SPECS if spec != "ECC_NIST_P256"
    ]
    keytrail_clean.load({"keys": keys})


def key_id(spec: str) -> str:
    return SIGNING_KEY if spec == "ECC_NIST_P256" else f"bbbb{SPECS.index(spec):04}-12ab-34cd-56ef-1234567890ab"


def check(public_der: bytes, algorithm: str, signature: bytes) -> None:
    """Raise InvalidSignature unless the signature is MESSAGE's."""
    public: Any = load_der_public_key(public_der)
    digest: Any = getattr(hashes, f"SHA{algorithm[-3:]}", hashes.SHA256)()
    if algorithm.startswith("ECDSA"):
        public.verify(signature, MESSAGE, ec.ECDSA(digest))
    elif algorithm.startswith("RSASSA_PSS"):
        public.verify(signature, MESSAGE, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    elif algorithm.startswith("RSASSA"):
        public.verify(signature, MESSAGE, padding.PKCS1v15(), digest)
    else:
        public.verify(signature, MESSAGE)


# ---- Rules


@pytest.mark.parametrize(("spec", "algorithm"), WORKING)
def test_what_is_signed_verifies_offline_and_here(spec: str, algorithm: str, kms: Any) -> None:
    members = {"KeyId": key_id(spec), "Message": MESSAGE, "SigningAlgorithm": algorithm}
    made = call(kms, "Sign", **members)
    assert set(made) - {"ResponseMetadata"} == {"KeyId", "Signature", "SigningAlgorithm"}
    assert made["KeyId"] == key_arn(key_id(spec))
    public = kms.get_public_key(KeyId=key_id(spec))
    assert (public["KeySpec"], public["CustomerMasterKeySpec"], public["KeyUsage"]) == (spec, spec, "SIGN_VERIFY")
    assert public["SigningAlgorithms"] == list(ALGORITHMS[spec][KeyUsage.SIGN_VERIFY])
    check(public["PublicKey"], algorithm, made["Signature"])
    verified = call(kms, "Verify", **members, Signature=made["Signature"])
    assert (verified["SignatureValid"], verified["SigningAlgorithm"]) == (True, algorithm)
    changed = bytes([*made["Signature"][:-1], made["Signature"][-1] ^ 1])
    for wrong in (changed, made["Signature"][:-1], b"x"):
        assert refusal(kms, "Verify", **members, Signature=wrong) == ("KMSInvalidSignatureException", "")


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P384"])
def test_a_digest_is_signed_as_the_message_that_it_is_of(spec: str, kms: Any) -> None:
    algorithm = ALGORITHMS[spec][KeyUsage.SIGN_VERIFY][-1]
    digest = hashlib.new(f"sha{algorithm[-3:]}", MESSAGE).digest()
    made = kms.sign(KeyId=key_id(spec), Message=digest, MessageType="DIGEST", SigningAlgorithm=algorithm)
    check(kms.get_public_key(KeyId=key_id(spec))["PublicKey"], algorithm, made["Signature"])


def test_a_seeded_elliptic_key_is_the_same_in_every_run(kms: Any, keytrail_clean: KeytrailServer) -> None:
    before = kms.get_public_key(KeyId=SIGNING_KEY)["PublicKey"]
    keytrail_clean.reset()
    set_scene(keytrail_clean, kms)
    assert kms.get_public_key(KeyId=SIGNING_KEY)["PublicKey"] == before


def test_a_created_key_signs(kms: Any) -> None:
    for spec in ("RSA_2048", "ECC_NIST_P256"):
        key = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        algorithm = ALGORITHMS[spec][KeyUsage.SIGN_VERIFY][0]
        made = kms.sign(KeyId=key, Message=MESSAGE, SigningAlgorithm=algorithm)
        check(kms.get_public_key(KeyId=key)["PublicKey"], algorithm, made["Signature"])


# ---- Refusals


@pytest.mark.parametrize("operation", BOTH)
@pytest.mark.parametrize(
    ("spec", "algorithm", "message_type", "words"),
    [
        ("RSA_2048", "RSASSA_PSS_SHA_256", "DIGEST", "Digest is invalid length for algorithm RSASSA_PSS_SHA_256."),
        (
            "ECC_NIST_EDWARDS25519",
            "ED25519_PH_SHA_512",
            "DIGEST",
            "Digest is invalid length for algorithm ED25519_PH_SHA_512.",
        ),
        (
            "ECC_NIST_EDWARDS25519",
            "ED25519_SHA_512",
            "DIGEST",
            "Message type DIGEST is incompatible with algorithm ED25519_SHA_512.",
        ),
        (
            "ECC_NIST_EDWARDS25519",
            "ED25519_PH_SHA_512",
            "RAW",
            "Message type RAW is incompatible with algorithm ED25519_PH_SHA_512.",
        ),
        ("ML_DSA_44", "ML_DSA_SHAKE_256", "DIGEST", "Message type DIGEST is incompatible with key spec ML_DSA_44."),
    ],
)
def test_a_message_must_fit_its_type_and_algorithm(
    spec: str, algorithm: str, message_type: str, words: str, operation: str, kms: Any
) -> None:
    members = {"KeyId": key_id(spec), "Message": b"x", "MessageType": message_type, "SigningAlgorithm": algorithm}
    assert refusal(kms, operation, **members, **BOTH[operation]) == ("ValidationException", words)


@pytest.mark.parametrize("operation", BOTH)
def test_usage_is_told_before_state_and_state_before_algorithm(operation: str, kms: Any) -> None:
    kms.disable_key(KeyId=MAC_KEY)
    kms.disable_key(KeyId=SIGNING_KEY)
    members = {"Message": b"x", "SigningAlgorithm": "RSASSA_PSS_SHA_256", **BOTH[operation]}
    assert refusal(kms, operation, KeyId=MAC_KEY, **members) == (
        "InvalidKeyUsageException",
        f"{key_arn(MAC_KEY)} key usage is GENERATE_VERIFY_MAC which is not valid for {operation}.",
    )
    assert refusal(kms, operation, KeyId=SIGNING_KEY, **members)[0] == "DisabledException"


@pytest.mark.parametrize("key", [KEY, MAC_KEY])
def test_a_key_that_is_no_pair_has_no_public_key(key: str, kms: Any) -> None:
    assert refusal(kms, "GetPublicKey", KeyId=key) == ("UnsupportedOperationException", "")


def test_a_signature_that_does_not_verify_is_no_usage(kms: Any) -> None:
    """How we know: docs, only successful operations."""
    members = {"KeyId": SIGNING_KEY, "Message": MESSAGE, "SigningAlgorithm": "ECDSA_SHA_256"}
    refusal(kms, "Verify", **members, Signature=b"x")
    assert kms.get_key_last_usage(KeyId=SIGNING_KEY)["KeyLastUsage"] == {}
    call(kms, "Sign", **members)
    assert kms.get_key_last_usage(KeyId=SIGNING_KEY)["KeyLastUsage"]["Operation"] == "Sign"
