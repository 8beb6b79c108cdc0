"""The Amazon S3 Encryption Client for Python, with moto's S3."""

from __future__ import annotations

from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.acceptance.program import SCRIPTS, Program, tried
from tests.acceptance.running import CALLER, Runner, expect_last_use
from tests.support import KEY, key_arn

PROGRAM = Program(
    name="Amazon S3 Encryption Client for Python",
    pip=("amazon-s3-encryption-client-python==4.0.0",),
    how="`AWS_ENDPOINT_URL_KMS`, and `AWS_ENDPOINT_URL_S3` for an S3 such as moto's",
)

SCRIPT = SCRIPTS / "s3_encryption_client.py"


@tried("objects, their encryption context, a large object")
@pytest.mark.usefixtures("moto")
def test_objects_are_opened_with_the_key_that_sealed_them(
    run: Runner, keytrail_clean: KeytrailServer, kms: Any
) -> None:
    run("python", SCRIPT, "objects")
    calls = keytrail_clean.calls()
    assert [call.operation for call in calls] == ["GenerateDataKey", "Decrypt"] * 2
    assert calls[1].encryption_context is not None
    assert calls[1].encryption_context["order"] == "66"
    expect_last_use(kms, KEY, calls[-1])


@tried("refusals")
@pytest.mark.usefixtures("moto")
def test_an_object_whose_key_is_disabled_stays_sealed(run: Runner, keytrail_clean: KeytrailServer) -> None:
    run("python", SCRIPT, "disabled")
    [refused] = keytrail_clean.calls("Decrypt", key=key_arn())
    assert (refused.principal, refused.error_code) == (CALLER, "DisabledException")
