"""@rumblefishdev/eth-signer-kms: ethers' Signer on a secp256k1 key."""

from __future__ import annotations

import json
from typing import Any

from keytrail.server import KeytrailServer
from tests.acceptance.program import SCRIPTS, Program, tried
from tests.acceptance.running import Runner, expect_last_use
from tests.support import key_arn

PROGRAM = Program(
    name="@rumblefishdev/eth-signer-kms",
    npm=("@rumblefishdev/eth-signer-kms@4.3.1", "@aws-sdk/client-kms@3.1164.0", "ethers@6.17.0"),
    how="`AWS_ENDPOINT_URL`, which the SDK's client reads",
)
WALLET = "bbbb0002-12ab-34cd-56ef-1234567890ab"


@tried("address; messages, typed data and transactions, whose signer ethers recovers")
def test_ethers_recovers_the_address_of_the_key(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    keytrail_clean.load({"keys": [{"KeyId": WALLET, "KeySpec": "ECC_SECG_P256K1", "KeyUsage": "SIGN_VERIFY"}]})
    found = json.loads(run("node", SCRIPTS / "eth_signer_kms.cjs", WALLET))
    assert set(found) == {"address", "message", "typed", "transaction"}
    assert set(found.values()) == {found["address"]}
    signs = keytrail_clean.calls("Sign", key=key_arn(WALLET))
    assert [sign.record["requestParameters"]["messageType"] for sign in signs] == ["DIGEST"] * 3
    expect_last_use(kms, WALLET, signs[-1])
