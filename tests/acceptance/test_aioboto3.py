"""aioboto3: boto3 on asyncio, with aiohttp as its client of HTTP."""

from __future__ import annotations

from typing import Any

from keytrail.server import KeytrailServer
from tests.acceptance.program import SCRIPTS, Program, tried
from tests.acceptance.running import Runner, expect_last_use
from tests.support import KEY, key_arn

PROGRAM = Program(
    name="aioboto3",
    pip=("aioboto3==15.5.0",),
    how="`AWS_ENDPOINT_URL`",
)

SCRIPT = SCRIPTS / "aioboto3_client.py"


@tried("100 decryptions at once, paginators, exceptions")
def test_many_coroutines_call_at_once(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    run("python", SCRIPT)
    decrypts = keytrail_clean.calls("Decrypt", key=key_arn())
    assert len(decrypts) == 100
    expect_last_use(kms, KEY, decrypts[-1])
    assert {call.encryption_context["number"] for call in decrypts if call.encryption_context} == {
        str(number) for number in range(100)
    }
    [refused] = keytrail_clean.calls("DescribeKey")
    assert refused.error_code == "NotFoundException"
