"""@solana/keychain-aws-kms: Solana's signer on an Ed25519 key."""

from __future__ import annotations

import json
from typing import Any

from keytrail.server import KeytrailServer
from tests.acceptance.program import SCRIPTS, Program, tried
from tests.acceptance.running import Runner, expect_last_use
from tests.support import key_arn

PROGRAM = Program(
    name="@solana/keychain-aws-kms",
    npm=("@solana/keychain-aws-kms@0.2.1", "@aws-sdk/client-kms@3.1164.0"),
    how="`AWS_ENDPOINT_URL`, which the SDK's client reads",
)
WALLET = "bbbb0003-12ab-34cd-56ef-1234567890ab"


@tried("is it available; Ed25519 signatures, which Node.js verifies")
def test_its_signature_is_verified_with_the_public_key(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    keytrail_clean.load({"keys": [{"KeyId": WALLET, "KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "SIGN_VERIFY"}]})
    assert json.loads(run("node", SCRIPTS / "solana_keychain.cjs", WALLET)) == {"available": True, "verified": True}
    [sign] = keytrail_clean.calls("Sign", key=key_arn(WALLET))
    assert (sign.record["requestParameters"]["messageType"], sign.record["requestParameters"]["signingAlgorithm"]) == (
        "RAW",
        "ED25519_SHA_512",
    )
    expect_last_use(kms, WALLET, sign)
