"""kmsauth, Lyft's tokens between services, which Confidant takes: a ciphertext whose context says who calls whom."""

from __future__ import annotations

from typing import Any

from keytrail.server import KeytrailServer
from tests.acceptance.program import SCRIPTS, Program, tried
from tests.acceptance.running import Runner, expect_last_use
from tests.support import ALIAS, KEY, key_arn

PROGRAM = Program(name="kmsauth", pip=("kmsauth==0.6.3",), how="`AWS_ENDPOINT_URL`, or its argument `endpoint_url`")


@tried("a token is made and validated; a token for another service is refused")
def test_a_token_is_made_and_validated(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    printed = run("python", SCRIPTS / "kmsauth_token.py", ALIAS)
    assert printed.splitlines() == [ALIAS, "refused: TokenValidationError"]
    context = {"from": "web", "to": "orders", "user_type": "service"}
    [encrypt] = keytrail_clean.calls("Encrypt", key=key_arn())
    assert encrypt.encryption_context == context
    [decrypt, refused] = keytrail_clean.calls("Decrypt")
    assert (decrypt.encryption_context, refused.error_code) == (context, "InvalidCiphertextException")
    expect_last_use(kms, KEY, decrypt)
