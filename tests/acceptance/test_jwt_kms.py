"""jwt-kms for Python: JSON Web Signatures by a key of KMS, which PyJWT verifies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.acceptance.program import SCRIPTS, Program, tried
from tests.acceptance.running import Runner, expect_last_use
from tests.support import key_arn

PROGRAM = Program(
    name="jwt-kms", pip=("jwt-kms==0.1.4", "boto3==1.44.8", "pyjwt[crypto]==2.15.1"), how="`AWS_ENDPOINT_URL`"
)
ISSUER = "bbbb0004-12ab-34cd-56ef-1234567890ab"


@tried("RS256, PS384, ES256 and ES384 tokens, which PyJWT verifies by the JWK")
@pytest.mark.parametrize(
    ("spec", "algorithm"),
    [("RSA_2048", "RS256"), ("RSA_2048", "PS384"), ("ECC_NIST_P256", "ES256"), ("ECC_NIST_P384", "ES384")],
)
def test_pyjwt_verifies_its_tokens(
    run: Runner, keytrail_clean: KeytrailServer, kms: Any, spec: str, algorithm: str
) -> None:
    keytrail_clean.load({"keys": [{"KeyId": ISSUER, "KeySpec": spec, "KeyUsage": "SIGN_VERIFY"}]})
    claims = run("python", SCRIPTS / "jwt_of_kms.py", ISSUER, algorithm)
    assert json.loads(claims) == {"order": 66}
    [sign] = keytrail_clean.calls("Sign", key=key_arn(ISSUER))
    assert sign.record["requestParameters"]["messageType"] == "DIGEST"
    expect_last_use(kms, ISSUER, sign)
