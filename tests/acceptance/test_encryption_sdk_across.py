"""Messages of the AWS Encryption SDK that one language seals and the other opens."""

from __future__ import annotations

from typing import Any

from keytrail.server import KeytrailServer
from tests.acceptance import test_encryption_sdk_javascript as javascript
from tests.acceptance import test_encryption_sdk_python as python
from tests.acceptance.program import Program, tried
from tests.acceptance.running import Runner, expect_last_use
from tests.support import KEY

PROGRAM = Program(
    name="AWS Encryption SDK, from Python to JavaScript and back",
    version=f"{python.PROGRAM.shown_version} and {javascript.PROGRAM.shown_version}",
    pip=python.PROGRAM.pip,
    npm=javascript.PROGRAM.npm,
    how="`AWS_ENDPOINT_URL`",
)

MESSAGE = "order 66, naïve ✓"


def expect_two_uses(server: KeytrailServer, kms: Any) -> None:
    """One data key, opened once; the opening is the key's last use."""
    [generate, decrypt] = server.calls()
    assert (generate.operation, decrypt.operation) == ("GenerateDataKey", "Decrypt")
    assert generate.encryption_context == decrypt.encryption_context
    expect_last_use(kms, KEY, decrypt)


@tried("Python seals, JavaScript opens")
def test_javascript_opens_what_python_sealed(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    sealed = run("python", python.SCRIPT, "seal", given=MESSAGE)
    assert run("node", javascript.SCRIPT, "openSealed", given=sealed) == MESSAGE
    expect_two_uses(keytrail_clean, kms)


@tried("JavaScript seals, Python opens")
def test_python_opens_what_javascript_sealed(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    sealed = run("node", javascript.SCRIPT, "seal", given=MESSAGE)
    assert run("python", python.SCRIPT, "open_sealed", given=sealed) == MESSAGE
    expect_two_uses(keytrail_clean, kms)
