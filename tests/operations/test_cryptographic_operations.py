"""What all operations on a key's material have in common: the members of their answers, DryRun, GrantTokens.

How we know: the members from the model (botocore 1.44.5), their order as recorded from AWS; DryRun as recorded on
GenerateDataKeyPair; GrantTokens from kms-behaviour H.
"""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest

from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, POLICY, answered_members, key_of, load_sample_seed, refusal, request
from tests.support import invoke as call

ANSWERS = {
    "Decapsulate": ["EncapsulationAlgorithm", "KeyId", "SharedSecret"],
    "Decrypt": ["EncryptionAlgorithm", "KeyId", "KeyMaterialId", "KeyOrigin", "Plaintext"],
    "DeriveSharedSecret": ["KeyAgreementAlgorithm", "KeyId", "KeyOrigin", "SharedSecret"],
    "Encapsulate": ["EncapsulationAlgorithm", "KeyId", "SharedSecret", "SharedSecretCiphertextBlob"],
    "Encrypt": ["CiphertextBlob", "EncryptionAlgorithm", "KeyId"],
    "GenerateDataKey": ["CiphertextBlob", "KeyId", "KeyMaterialId", "Plaintext"],
    "GenerateDataKeyPair": [
        *("KeyId", "KeyMaterialId", "KeyPairSpec", "PrivateKeyCiphertextBlob", "PrivateKeyPlaintext", "PublicKey"),
    ],
    "GenerateDataKeyPairWithoutPlaintext": [
        *("KeyId", "KeyMaterialId", "KeyPairSpec", "PrivateKeyCiphertextBlob", "PublicKey"),
    ],
    "GenerateDataKeyWithoutPlaintext": ["CiphertextBlob", "KeyId", "KeyMaterialId"],
    "GenerateMac": ["KeyId", "Mac", "MacAlgorithm"],
    "GenerateRandom": ["Plaintext"],
    "GetPublicKey": ["CustomerMasterKeySpec", "KeyId", "KeySpec", "KeyUsage", "PublicKey", "SigningAlgorithms"],
    "ReEncrypt": [
        *("CiphertextBlob", "DestinationEncryptionAlgorithm", "DestinationKeyMaterialId", "KeyId"),
        *("SourceEncryptionAlgorithm", "SourceKeyId", "SourceKeyMaterialId"),
    ],
    "Sign": ["KeyId", "Signature", "SigningAlgorithm"],
    "Verify": ["KeyId", "SignatureValid", "SigningAlgorithm"],
    "VerifyMac": ["KeyId", "MacAlgorithm", "MacValid"],
}
"""What each answers, in the sample seed; KeyOrigin of Decrypt is in no model."""

AWS = botocore.session.get_session().get_service_model("kms")
DRY_RUN = ("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")


def having(member: str) -> list[str]:
    """The operations above whose request has a member, by the model."""
    return [name for name in ANSWERS if member in AWS.operation_model(name).input_shape.members]


@pytest.fixture(autouse=True)
def blob(keytrail_clean: KeytrailServer, kms: Any) -> bytes:
    return load_sample_seed(keytrail_clean, kms)


@pytest.mark.parametrize("operation", ANSWERS)
def test_an_answer_has_these_members_in_alphabetical_order(operation: str, kms: Any, blob: bytes) -> None:
    assert answered_members(kms, operation, **request(operation, blob)) == ANSWERS[operation]
    assert ANSWERS[operation] == sorted(ANSWERS[operation])


def test_all_but_two_have_a_dry_run_and_all_but_one_take_grant_tokens() -> None:
    assert set(ANSWERS) - set(having("DryRun")) == {"GenerateRandom", "GetPublicKey"}
    assert set(ANSWERS) - set(having("GrantTokens")) == {"GenerateRandom"}


@pytest.mark.parametrize("operation", having("DryRun"))
def test_a_dry_run_of_what_would_succeed_ends_in_its_own_exception(operation: str, kms: Any, blob: bytes) -> None:
    assert refusal(kms, operation, **request(operation, blob, DryRun=True)) == DRY_RUN
    assert call(kms, operation, **request(operation, blob, DryRun=False))


@pytest.mark.parametrize("operation", having("DryRun"))
def test_a_dry_run_on_a_disabled_key_is_the_real_failure(operation: str, kms: Any, blob: bytes) -> None:
    """How we know: AWS docs."""
    kms.disable_key(KeyId=key_of(operation))
    assert refusal(kms, operation, **request(operation, blob, DryRun=True))[0] == "DisabledException"


@pytest.mark.parametrize("operation", having("GrantTokens"))
def test_a_grants_token_is_taken_and_a_token_of_none_is_refused(operation: str, kms: Any, blob: bytes) -> None:
    grant = kms.create_grant(
        KeyId=key_of(operation), GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:role/Reader", Operations=["DescribeKey"]
    )
    assert call(kms, operation, **request(operation, blob, GrantTokens=[grant["GrantToken"]]))
    members = request(operation, blob, GrantTokens=[grant["GrantToken"], "of no grant"])
    assert refusal(kms, operation, **members)[0] == "InvalidGrantTokenException"


# ---- What a key policy sees of them


CONDITIONS = [
    *[(name, "kms:SigningAlgorithm", "ECDSA_SHA_256") for name in ("Sign", "Verify")],
    *[(name, "kms:MessageType", "RAW") for name in ("Sign", "Verify")],
    *[(name, "kms:MacAlgorithm", "HMAC_SHA_256") for name in ("GenerateMac", "VerifyMac")],
    ("DeriveSharedSecret", "kms:KeyAgreementAlgorithm", "ECDH"),
    *[(name, "kms:EncapsulationAlgorithm", "ML_KEM") for name in ("Encapsulate", "Decapsulate")],
    *[
        (name, "kms:DataKeyPairSpec", "ECC_NIST_P256")
        for name in ("GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext")
    ],
    *[
        (name, "kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT")
        for name in ANSWERS
        if name in ("Encrypt", "Decrypt", "ReEncrypt") or name.startswith("GenerateDataKey")
    ],
    *[(name, "kms:KeyOrigin", "AWS_KMS") for name in ANSWERS if name != "GenerateRandom"],
    *[
        (name, "kms:KeyUsage", usage)
        for name, usage in (
            ("Encrypt", "ENCRYPT_DECRYPT"),
            ("Sign", "SIGN_VERIFY"),
            ("GenerateMac", "GENERATE_VERIFY_MAC"),
            ("DeriveSharedSecret", "KEY_AGREEMENT"),
            ("Encapsulate", "ENCAPSULATE_DECAPSULATE"),
            ("GetPublicKey", "SIGN_VERIFY"),
        )
    ],
    ("Sign", "kms:KeySpec", "ECC_NIST_P256"),
    ("Encapsulate", "kms:KeySpec", "ML_KEM_768"),
]
"""A condition key and its value in the request of the sample seed, sent or by default."""


def policy(operation: str, operator: str, key: str, value: str) -> str:
    """A key policy that denies the operation on a condition."""
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": f"kms:{operation.replace('ReEncrypt', 'ReEncryptFrom')}",
        "Resource": "*",
        "Condition": {operator: {key: value}},
    }
    return json.dumps({**POLICY, "Statement": [*POLICY["Statement"], deny]})


@pytest.mark.parametrize(("operation", "key", "value"), CONDITIONS)
def test_a_policy_decides_by_what_the_request_asks_for(
    operation: str, key: str, value: str, kms: Any, blob: bytes
) -> None:
    """How we know: KMS Developer Guide, "Condition keys for AWS KMS"."""
    kms.put_key_policy(KeyId=key_of(operation), Policy=policy(operation, "StringNotEquals", key, value))
    assert call(kms, operation, **request(operation, blob))
    kms.put_key_policy(KeyId=key_of(operation), Policy=policy(operation, "StringEquals", key, value))
    assert refusal(kms, operation, **request(operation, blob))[0] == "AccessDeniedException"
