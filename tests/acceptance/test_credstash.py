"""credstash: secrets in DynamoDB, which moto is here, each with a data key of KMS."""

from __future__ import annotations

import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.acceptance.program import Program, tried
from tests.acceptance.running import Runner, expect_last_use
from tests.support import ALIAS, KEY, key_arn

PROGRAM = Program(
    name="credstash",
    pip=("credstash==1.17.1", "moto[dynamodb,server]==5.2.5"),
    how="`AWS_ENDPOINT_URL_KMS`; `AWS_ENDPOINT_URL_DYNAMODB` for moto's server",
)


@pytest.fixture
def dynamodb(installed: Path) -> Iterator[str]:
    """The address of moto's server, which runs until the test ends."""
    command = [str(installed / "bin/python"), "-u", "-m", "moto.server", "-p", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as moto:
        assert moto.stderr is not None
        line = next(line for line in moto.stderr if "Running on" in line)
        url = line.split()[-1]
        with urllib.request.urlopen(f"{url}/moto-api/"):
            yield url
        moto.terminate()


@tried("`setup`, `put`, `get`, with an encryption context; a wrong one is refused")
def test_a_secret_is_kept_and_read(run: Runner, keytrail_clean: KeytrailServer, kms: Any, dynamodb: str) -> None:
    run.environment["AWS_ENDPOINT_URL_DYNAMODB"] = dynamodb
    run("credstash", "setup")
    run("credstash", "put", "--key", ALIAS, "database", "swordfish", "app=web")
    assert run("credstash", "get", "database", "app=web").strip() == "swordfish"
    [generate] = keytrail_clean.calls("GenerateDataKey", key=key_arn())
    assert generate.encryption_context == {"app": "web"}
    expect_last_use(kms, KEY, keytrail_clean.calls("Decrypt", key=key_arn())[-1])
    refused = run("credstash", "get", "database", "app=another", fails=True)
    assert "Could not decrypt hmac key with KMS" in refused
