"""The AWS Encryption SDK for Python, with the keyrings of the Material Providers Library."""

from __future__ import annotations

from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.acceptance.program import SCRIPTS, Program, tried
from tests.acceptance.running import Runner, expect_last_use, operations
from tests.support import ELSEWHERE, KEY, MRK, OTHER_KEY, key_arn

PROGRAM = Program(
    name="AWS Encryption SDK for Python",
    pip=("aws-encryption-sdk[MPL]==4.0.7",),
    how="`AWS_ENDPOINT_URL`",
)

SCRIPT = SCRIPTS / "encryption_sdk.py"
RSA_KEY = "bbbb0001-12ab-34cd-56ef-1234567890ab"


@tried("keyrings of several keys, discovery with a filter of accounts, encryption context")
def test_a_message_under_two_keys_is_opened_with_either(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    run("python", SCRIPT, "multi")
    assert operations(keytrail_clean) == ["GenerateDataKey", "Encrypt", "Decrypt", "Decrypt", "Decrypt"]
    [generate] = keytrail_clean.calls("GenerateDataKey")
    assert generate.encryption_context is not None
    assert generate.encryption_context["order"] == "66"
    expect_last_use(kms, KEY, keytrail_clean.calls("Decrypt", key=key_arn())[-1])
    expect_last_use(kms, OTHER_KEY, keytrail_clean.calls("Decrypt", key=key_arn(OTHER_KEY))[-1])


@tried("the second key of a message when the first is disabled")
def test_the_second_key_opens_a_message_if_the_first_is_disabled(
    run: Runner, keytrail_clean: KeytrailServer, kms: Any
) -> None:
    run("python", SCRIPT, "second_key")
    [refused, opened] = keytrail_clean.calls("Decrypt")
    assert refused.error_code == "DisabledException"
    expect_last_use(kms, OTHER_KEY, opened)
    assert kms.get_key_last_usage(KeyId=KEY)["KeyLastUsage"]["Operation"] == "GenerateDataKey"


@tried("multi-Region keys: MRK-aware keyrings, and discovery by a replica")
def test_a_replica_opens_what_the_primary_sealed(
    run: Runner, keytrail_clean: KeytrailServer, keytrail_client: Any
) -> None:
    run("python", SCRIPT, "multi_region")
    decrypts = keytrail_clean.calls("Decrypt", region=ELSEWHERE, succeeded=True)
    assert [call.keys for call in decrypts] == [(key_arn(MRK, region=ELSEWHERE),)] * 2
    expect_last_use(keytrail_client(region=ELSEWHERE), MRK, decrypts[-1])
    usage = keytrail_client().get_key_last_usage(KeyId=MRK)["KeyLastUsage"]
    assert usage["Operation"] == "GenerateDataKey", "each Region has a last usage of its own"


@tried("the RSA keyring")
def test_the_public_key_seals_and_kms_opens(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    keytrail_clean.load({"keys": [{"KeyId": RSA_KEY, "KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}]})
    run("python", SCRIPT, "rsa")
    assert operations(keytrail_clean) == ["GetPublicKey", "Decrypt"]
    [decrypt] = keytrail_clean.calls("Decrypt")
    expect_last_use(kms, RSA_KEY, decrypt)


@tried("a required encryption context")
def test_what_the_context_requires_is_not_in_the_message(run: Runner, keytrail_clean: KeytrailServer) -> None:
    run("python", SCRIPT, "required_context")
    assert [call.error_code for call in keytrail_clean.calls("Decrypt")] == [None, "InvalidCiphertextException"]


@tried("the hierarchical keyring, with moto's DynamoDB")
@pytest.mark.usefixtures("moto")
def test_branch_keys_are_made_rotated_and_cached(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    run("python", SCRIPT, "hierarchical")
    called = operations(keytrail_clean)
    assert called.count("Decrypt") == 2, "20 messages, each key of the branch once"
    assert {"GenerateDataKeyWithoutPlaintext", "ReEncrypt"} <= set(called)
    expect_last_use(kms, KEY, keytrail_clean.calls("Decrypt")[-1])


@tried("cached data keys")
def test_fifty_messages_cost_one_data_key(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    run("python", SCRIPT, "caching")
    assert operations(keytrail_clean) == ["GenerateDataKey", "Decrypt"]
    [decrypt] = keytrail_clean.calls("Decrypt")
    expect_last_use(kms, KEY, decrypt)
