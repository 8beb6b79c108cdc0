"""jwt-on-kms for Node.js: JSON Web Tokens by a key of KMS.

It writes KMS's names of algorithms where JWA's belong, so no other library of JWTs reads its tokens: the signature is
what Node.js verifies.
"""

from __future__ import annotations

import json
from typing import Any

from keytrail.server import KeytrailServer
from tests.acceptance.program import SCRIPTS, Program, tried
from tests.acceptance.running import Runner, expect_last_use
from tests.support import key_arn

PROGRAM = Program(
    name="jwt-on-kms",
    npm=("jwt-on-kms@2.0.1", "@aws-sdk/client-kms@3.1164.0"),
    how="`AWS_ENDPOINT_URL`, which the SDK's client reads",
)
ISSUER = "bbbb0004-12ab-34cd-56ef-1234567890ab"


@tried("tokens signed with RSA-PSS, which it and Node.js verify by the public key")
def test_its_tokens_are_verified_by_the_public_key(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    keytrail_clean.load({"keys": [{"KeyId": ISSUER, "KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}]})
    *_, found = run("node", SCRIPTS / "jwt_on_kms.cjs", ISSUER).splitlines()  # it prints what it signs
    assert json.loads(found) == {"itself": True, "tampered": False, "node": True}
    [sign] = keytrail_clean.calls("Sign", key=key_arn(ISSUER))
    assert sign.record["requestParameters"]["signingAlgorithm"] == "RSASSA_PSS_SHA_256"
    expect_last_use(kms, ISSUER, sign)
