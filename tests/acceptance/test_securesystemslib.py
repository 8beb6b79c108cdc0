"""securesystemslib's AWSSigner, by which python-tuf and in-toto sign metadata."""

from __future__ import annotations

from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.acceptance.program import SCRIPTS, Program, tried
from tests.acceptance.running import Runner, expect_last_use
from tests.support import key_arn

PROGRAM = Program(name="securesystemslib", pip=("securesystemslib[awskms,crypto]==1.6.0",), how="`AWS_ENDPOINT_URL`")
SIGNER = "bbbb0001-12ab-34cd-56ef-1234567890ab"


@tried("import of a public key, signatures of all its schemes, which it verifies itself")
@pytest.mark.parametrize(
    ("spec", "scheme", "algorithm"),
    [
        ("ECC_NIST_P256", "ecdsa-sha2-nistp256", "ECDSA_SHA_256"),
        ("ECC_NIST_P384", "ecdsa-sha2-nistp384", "ECDSA_SHA_384"),
        ("RSA_2048", "rsassa-pss-sha256", "RSASSA_PSS_SHA_256"),
        ("RSA_3072", "rsa-pkcs1v15-sha512", "RSASSA_PKCS1_V1_5_SHA_512"),
    ],
)
def test_what_it_signs_it_verifies(
    run: Runner, keytrail_clean: KeytrailServer, kms: Any, spec: str, scheme: str, algorithm: str
) -> None:
    key = {"KeyId": SIGNER, "KeySpec": spec, "KeyUsage": "SIGN_VERIFY", "Aliases": ["alias/signer"]}
    keytrail_clean.load({"keys": [key]})
    assert run("python", SCRIPTS / "securesystemslib_signer.py", "alias/signer", scheme) == f"verified {scheme}\n"
    [sign] = keytrail_clean.calls("Sign", key=key_arn(SIGNER))
    assert (sign.record["requestParameters"]["signingAlgorithm"], sign.record["requestParameters"]["messageType"]) == (
        algorithm,
        "DIGEST",
    )
    expect_last_use(kms, SIGNER, sign)
