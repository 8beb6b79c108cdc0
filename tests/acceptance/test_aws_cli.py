"""The AWS CLI, version 1, which is the one on PyPI."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

from keytrail.server import KeytrailServer
from tests.acceptance.program import Program, tried
from tests.acceptance.running import Runner, expect_last_use
from tests.support import ALIAS, KEY, key_arn

PROGRAM = Program(
    name="AWS CLI",
    pip=("awscli==1.46.3",),
    how="`AWS_ENDPOINT_URL`, or `--endpoint-url` for one command",
)


@tried("encrypt and decrypt files")
def test_a_file_is_encrypted_and_decrypted(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    (run.folder / "order").write_bytes(b"order \x00\xff 66")
    sealed = run(
        "aws", "kms", "encrypt", "--key-id", ALIAS, "--plaintext", "fileb://order", "--query", "CiphertextBlob"
    )
    (run.folder / "sealed").write_bytes(b64decode(json.loads(sealed)))
    opened = run("aws", "kms", "decrypt", "--ciphertext-blob", "fileb://sealed", "--query", "Plaintext")
    assert b64decode(json.loads(opened)) == b"order \x00\xff 66"
    [decrypt] = keytrail_clean.calls("Decrypt", key=key_arn())
    assert "aws-cli/1." in decrypt.record["userAgent"]
    expect_last_use(kms, KEY, decrypt)
