"""boto3, in an environment of its own."""

from __future__ import annotations

from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.acceptance.program import SCRIPTS, Program, tried
from tests.acceptance.running import ACCESS_KEY, Runner, expect_last_use
from tests.support import ELSEWHERE, KEY, MRK, OTHER_KEY, key_arn

PROGRAM = Program(
    name="boto3",
    pip=("boto3==1.44.8",),
    how='`AWS_ENDPOINT_URL`, or `boto3.client("kms", endpoint_url=...)`',
)

SCRIPT = SCRIPTS / "boto3_client.py"


@tried("encrypt, decrypt, data keys, signatures, MACs, several Regions")
def test_everyday_cryptography(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    run("python", SCRIPT, "cryptography")
    [decrypt] = keytrail_clean.calls("Decrypt", key=key_arn(), encryption_context={"order": "66"})
    expect_last_use(kms, KEY, decrypt)
    [elsewhere] = keytrail_clean.calls("Decrypt", region=ELSEWHERE)
    assert elsewhere.keys == (key_arn(MRK, region=ELSEWHERE),)


@tried("every paginator")
def test_every_paginator_comes_to_an_end(run: Runner, keytrail_clean: KeytrailServer) -> None:
    run("python", SCRIPT, "paginators")
    assert len(keytrail_clean.calls("ListKeys")) == 5


@tried("`client.exceptions` and messages")
def test_errors_are_the_clients_exceptions(run: Runner, keytrail_clean: KeytrailServer) -> None:
    run("python", SCRIPT, "errors")
    assert [call.error_code for call in keytrail_clean.calls(access_key_id=ACCESS_KEY) if call.error_code] == [
        *("NotFoundException", "InvalidCiphertextException", "DisabledException"),
    ]


@tried("retries after throttling, lost connections and errors of the service: standard and adaptive")
@pytest.mark.parametrize("mode", ["standard", "adaptive"])
def test_it_tries_again(run: Runner, keytrail_clean: KeytrailServer, kms: Any, mode: str) -> None:
    keytrail_clean.add_fault(Operations="Encrypt", Count=1, Error="ThrottlingException")
    keytrail_clean.add_fault(Operations="Encrypt", Count=1, Drop="before")
    keytrail_clean.add_fault(Operations="Encrypt", Count=1, Error="KMSInternalException")
    run("python", SCRIPT, "retries", AWS_RETRY_MODE=mode, AWS_MAX_ATTEMPTS="5")
    [encrypt] = keytrail_clean.calls("Encrypt", key=key_arn(OTHER_KEY), succeeded=True)
    expect_last_use(kms, OTHER_KEY, encrypt)


@tried("the endpoint in code")
def test_code_says_where_the_server_is(run: Runner, keytrail_clean: KeytrailServer) -> None:
    run("python", SCRIPT, "endpoint", keytrail_clean.url, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="true")
    assert len(keytrail_clean.calls("ListKeys")) == 1
