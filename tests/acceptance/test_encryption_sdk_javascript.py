"""The AWS Encryption SDK for JavaScript, on Node.js."""

from __future__ import annotations

from typing import Any

from keytrail.server import KeytrailServer
from tests.acceptance.program import SCRIPTS, Program, tried
from tests.acceptance.running import Runner, expect_last_use, operations
from tests.support import ELSEWHERE, KEY, MRK, OTHER_KEY, key_arn

PROGRAM = Program(
    name="AWS Encryption SDK for JavaScript",
    npm=("@aws-crypto/client-node@5.0.2",),
    how="`AWS_ENDPOINT_URL`",
)

SCRIPT = SCRIPTS / "encryption_sdk.cjs"


@tried("keyrings of several keys, discovery with a filter of accounts, encryption context")
def test_a_message_under_two_keys_is_opened_with_either(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    run("node", SCRIPT, "multi")
    assert operations(keytrail_clean) == ["GenerateDataKey", "Encrypt", "Decrypt", "Decrypt", "Decrypt"]
    [generate] = keytrail_clean.calls("GenerateDataKey")
    assert generate.encryption_context is not None
    assert generate.encryption_context["order"] == "66"
    expect_last_use(kms, KEY, keytrail_clean.calls("Decrypt", key=key_arn())[-1])
    expect_last_use(kms, OTHER_KEY, keytrail_clean.calls("Decrypt", key=key_arn(OTHER_KEY))[-1])


@tried("multi-Region keys: MRK-aware keyrings, and discovery by a replica")
def test_a_replica_opens_what_the_primary_sealed(
    run: Runner, keytrail_clean: KeytrailServer, keytrail_client: Any
) -> None:
    run("node", SCRIPT, "multiRegion")
    decrypts = keytrail_clean.calls("Decrypt", region=ELSEWHERE)
    assert [call.keys for call in decrypts] == [(key_arn(MRK, region=ELSEWHERE),)] * 2
    expect_last_use(keytrail_client(region=ELSEWHERE), MRK, decrypts[-1])


@tried("cached data keys")
def test_fifty_messages_cost_one_data_key(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    run("node", SCRIPT, "caching")
    assert operations(keytrail_clean) == ["GenerateDataKey", "Decrypt"]
    [decrypt] = keytrail_clean.calls("Decrypt")
    expect_last_use(kms, KEY, decrypt)
