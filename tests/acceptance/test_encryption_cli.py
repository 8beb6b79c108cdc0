"""The AWS Encryption SDK's command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from keytrail.server import KeytrailServer
from tests.acceptance.program import Program, tried
from tests.acceptance.running import CALLER, Runner, expect_last_use
from tests.support import KEY, MRK, OTHER_KEY, key_arn

PROGRAM = Program(
    name="AWS Encryption SDK CLI",
    pip=("aws-encryption-sdk-cli==4.3.0",),
    how="`AWS_ENDPOINT_URL`",
)

CONTEXT = ("--encryption-context", "order=66")


def encryption_cli(run: Runner, *words: str, **options: Any) -> str:
    """Run the command; what it says about the files is in `metadata`."""
    return run("aws-encryption-cli", *words, "--metadata-output", "metadata", "--overwrite-metadata", **options)


def wrapped_by(*keys: str) -> list[str]:
    """The options for keys."""
    return ["--wrapping-keys", *(f"key={key}" for key in keys)]


DISCOVERY = ("--wrapping-keys", "discovery=true", "discovery-account=000000000000", "discovery-partition=aws")


@tried("a file under two keys, opened by discovery")
def test_a_file_is_sealed_and_opened(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    order = run.folder / "order"
    order.write_bytes(b"order \x00\xff 66" * 10_000)
    files = ("--input", "order", "--output", "sealed")
    encryption_cli(run, "--encrypt", *files, *wrapped_by(key_arn(), key_arn(OTHER_KEY)), *CONTEXT)
    metadata = json.loads((run.folder / "metadata").read_text())
    assert len(metadata["header"]["encrypted_data_keys"]) == 2
    encryption_cli(run, "--decrypt", "--input", "sealed", "--output", "opened", *DISCOVERY, *CONTEXT)
    assert (run.folder / "opened").read_bytes() == order.read_bytes()
    assert [call.operation for call in keytrail_clean.calls()] == ["GenerateDataKey", "Encrypt", "Decrypt"]
    [decrypt] = keytrail_clean.calls("Decrypt")
    assert decrypt.encryption_context is not None
    assert decrypt.encryption_context["order"] == "66"
    expect_last_use(kms, decrypt.keys[0].partition("/")[2], decrypt)


@tried("standard input and output, sealed with a multi-Region key, opened with its replica")
def test_what_passes_through_pipes_is_opened_elsewhere(
    run: Runner, keytrail_clean: KeytrailServer, keytrail_client: Any
) -> None:
    through = ("--input", "-", "--output", "-", "--encode", "--decode")
    here, there = key_arn(MRK), key_arn(MRK, region="eu-west-1")
    sealed = encryption_cli(run, "--encrypt", *through[:5], *wrapped_by(here), given="order 66")
    opened = encryption_cli(run, "--decrypt", *through[:4], "--decode", *wrapped_by(there), given=sealed)
    assert opened == "order 66"
    [decrypt] = keytrail_clean.calls("Decrypt")
    assert decrypt.keys == (there,)
    expect_last_use(keytrail_client(region="eu-west-1"), MRK, decrypt)


@tried("folders, with cached data keys")
def test_the_files_of_a_folder_share_a_data_key(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    for number in range(5):
        write(run.folder / f"orders/{number}", f"order {number}")
    (run.folder / "sealed").mkdir()
    caching = ("--caching", "capacity=10", "max_age=600")
    folders = ("--input", "orders", "--output", "sealed", "--recursive")
    encryption_cli(run, "--encrypt", *folders, *wrapped_by(key_arn()), *caching)
    assert len(list((run.folder / "sealed").iterdir())) == 5
    [generate] = keytrail_clean.calls("GenerateDataKey")
    expect_last_use(kms, KEY, generate)


@tried("refusals")
def test_it_fails_if_the_key_cannot_be_used(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    kms.disable_key(KeyId=KEY)
    through = ("--input", "-", "--output", "-")
    printed = encryption_cli(run, "--encrypt", *through, *wrapped_by(key_arn()), given="order 66", fails=True)
    assert "unable to generate data key" in printed
    [refused] = keytrail_clean.calls("GenerateDataKey")
    assert (refused.principal, refused.error_code) == (CALLER, "DisabledException")


def write(path: Path, text: str) -> None:
    """Write a file, and make its folder."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
