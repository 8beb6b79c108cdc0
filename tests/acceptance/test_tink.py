"""Tink for Python: keysets and envelopes under a key of KMS."""

from __future__ import annotations

from typing import Any

from keytrail.server import KeytrailServer
from tests.acceptance.program import SCRIPTS, Program, tried
from tests.acceptance.running import Runner, expect_last_use
from tests.support import KEY, key_arn

PROGRAM = Program(
    name="Tink for Python", pip=("tink[awskms]==1.16.1",), how="`AWS_ENDPOINT_URL`, which the boto3 client reads"
)


@tried("envelope encryption, encrypted keysets, associated data as encryption context")
def test_envelopes_and_keysets_are_sealed_under_the_key(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    printed = run("python", SCRIPTS / "tink_aead.py", f"aws-kms://{key_arn()}")
    assert printed.splitlines() == ["envelope: order 66", "keyset: order 66", "refused: InvalidCiphertextException"]
    [_, keyset] = keytrail_clean.calls("Encrypt", key=key_arn())
    assert keyset.encryption_context == {"associatedData": b"department".hex()}
    [*_, opened, refused] = keytrail_clean.calls("Decrypt", key=key_arn())
    assert refused.error_code == "InvalidCiphertextException"
    expect_last_use(kms, KEY, opened)
