"""The AWS SDK for JavaScript, version 3, on Node.js."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.acceptance.program import SCRIPTS, Program, tried
from tests.acceptance.running import Runner, expect_last_use
from tests.support import ELSEWHERE, KEY, MRK, OTHER_KEY, key_arn

PROGRAM = Program(
    name="AWS SDK for JavaScript 3",
    npm=("@aws-sdk/client-kms@3.1164.0", "@aws-sdk/credential-providers@3.1164.0"),
    how="`AWS_ENDPOINT_URL`, or `new KMSClient({endpoint: ...})`",
)

SCRIPT = SCRIPTS / "sdk.cjs"


@tried("encrypt, decrypt, data keys, signatures that Node verifies, several Regions")
def test_everyday_cryptography(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    run("node", SCRIPT, "cryptography")
    [decrypt] = keytrail_clean.calls("Decrypt", key=key_arn(), encryption_context={"order": "66"})
    assert "aws-sdk-js/3." in decrypt.record["userAgent"]
    expect_last_use(kms, KEY, decrypt)
    [elsewhere] = keytrail_clean.calls("Decrypt", region=ELSEWHERE)
    assert elsewhere.keys == (key_arn(MRK, region=ELSEWHERE),)


@tried("`GetKeyLastUsage`, with dates")
def test_it_knows_when_a_key_was_last_used(run: Runner, kms: Any) -> None:
    usage = json.loads(run("node", SCRIPT, "lastUsage"))
    expected = kms.get_key_last_usage(KeyId=KEY)["KeyLastUsage"]
    assert usage["Operation"] == expected["Operation"] == "Encrypt"
    assert usage["Timestamp"] == f"{expected['Timestamp'].replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


@tried("paginators")
def test_its_paginators_come_to_an_end(run: Runner, keytrail_clean: KeytrailServer) -> None:
    assert len(json.loads(run("node", SCRIPT, "paginators"))) == 5
    assert len(keytrail_clean.calls("ListKeys")) == 5


@tried("errors as classes, with their messages")
def test_errors_are_the_sdks_classes(run: Runner, keytrail_clean: KeytrailServer) -> None:
    run("node", SCRIPT, "errors")
    assert [call.error_code for call in keytrail_clean.calls("Decrypt")] == ["InvalidCiphertextException"]


@tried("retries after throttling, lost connections and errors of the service: standard and adaptive")
@pytest.mark.parametrize("mode", ["standard", "adaptive"])
def test_it_tries_again(run: Runner, keytrail_clean: KeytrailServer, kms: Any, mode: str) -> None:
    keytrail_clean.add_fault(Operations="Encrypt", Count=1, Error="ThrottlingException")
    keytrail_clean.add_fault(Operations="Encrypt", Count=1, Drop="before")
    keytrail_clean.add_fault(Operations="Encrypt", Count=1, Error="KMSInternalException")
    run("node", SCRIPT, "retries", AWS_RETRY_MODE=mode, AWS_MAX_ATTEMPTS="5")
    [encrypt] = keytrail_clean.calls("Encrypt", key=key_arn(OTHER_KEY), succeeded=True)
    expect_last_use(kms, OTHER_KEY, encrypt)


@tried("credentials of an assumed role (`fromTemporaryCredentials`)")
def test_it_assumes_a_role(run: Runner, keytrail_clean: KeytrailServer) -> None:
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:ListKeys", "Resource": "*"}]}
    keytrail_clean.load(
        {
            "identities": [
                {
                    "Arn": "arn:aws:iam::000000000000:role/Auditor",
                    "Policies": {"list": allowed},
                    "TrustPolicy": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}
                        ],
                    },
                }
            ]
        }
    )
    run("node", SCRIPT, "role")
    [listed] = keytrail_clean.calls("ListKeys")
    assert listed.principal == "arn:aws:sts::000000000000:assumed-role/Auditor/node"


@tried("the endpoint in code")
def test_code_says_where_the_server_is(run: Runner, keytrail_clean: KeytrailServer) -> None:
    run("node", SCRIPT, "endpoint", keytrail_clean.url, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="true")
    assert len(keytrail_clean.calls("ListKeys")) == 1
