"""What all operations on a key's material have in common: the members of their answers, DryRun, GrantTokens.

How we know: the members from the model (botocore 1.44.5), their order as recorded from AWS; DryRun as recorded on
GenerateDataKeyPair; GrantTokens from the guide.
"""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, answered_members, key_of, refusal, request, set_scene
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
"""What each answers, in the scene; KeyOrigin of Decrypt is in no model."""

AWS = botocore.session.get_session().get_service_model("kms")
DRY_RUN = ("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")


def having(member: str) -> list[str]:
    """The operations above whose request has a member, by the model."""
    return [name for name in ANSWERS if member in AWS.operation_model(name).input_shape.members]


@pytest.fixture(autouse=True)
def blob(keytrail_clean: KeytrailServer, kms: Any) -> bytes:
    return set_scene(keytrail_clean, kms)


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
    """How we know: docs."""
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
