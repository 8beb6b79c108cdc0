"""Running programs: the caller and the keys that are there, the commands, and what KMS knows of them afterwards."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from keytrail.environment import REMOVED, aws_variables
from keytrail.server import KeytrailServer
from keytrail.trail import RecordedCall
from tests.support import ACCOUNT, ALIAS, ELSEWHERE, KEY, MAC_KEY, MRK, OTHER_KEY, REGION, SIGNING_KEY

CALLER = f"arn:aws:iam::{ACCOUNT}:user/acceptance"
ACCESS_KEY, SECRET = "AKIAACCEPTANCE000001", "acceptance/secret+0123456789abcdefghijkl"

SEED: Mapping[str, Any] = {
    "credentials": [{"AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET, "Principal": CALLER}],
    "identities": [
        {
            "Arn": CALLER,
            "Policies": {
                "all": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
            },
        }
    ],
    "keys": [
        {
            "KeyId": KEY,
            "CreationDate": "300 days ago",
            "Aliases": [ALIAS],
            "Tags": {"team": "payments"},
            "LastUsage": {"Operation": "Encrypt", "Timestamp": "120 days ago"},
        },
        {"KeyId": OTHER_KEY, "CreationDate": "200 days ago"},
        {"KeyId": MRK, "CreationDate": "100 days ago", "Replicas": [{"Region": ELSEWHERE}]},
        {"KeyId": MAC_KEY, "KeySpec": "HMAC_256"},
        {"KeyId": SIGNING_KEY, "KeySpec": "ECC_NIST_P256"},
    ],
}
"""Of every test: KEY with ALIAS, OTHER_KEY, a multi-Region key, a key for MACs, one to sign with."""


class Runner:
    """Runs commands as somebody does who has installed the program and set the variables."""

    def __init__(self, home: Path, server: KeytrailServer, folder: Path) -> None:
        self.folder = folder
        """The working directory of the commands, and their HOME; empty at first."""
        path = os.pathsep.join([str(home / "bin"), str(home / "node_modules/.bin"), os.environ["PATH"]])
        kept = {
            name: value for name, value in os.environ.items() if name not in REMOVED and not name.startswith("AWS_")
        }
        self.environment: dict[str, str] = {
            **kept,
            **aws_variables(server.url, region=REGION),
            **{"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET},
            **{"PATH": path, "NODE_PATH": str(home / "node_modules"), "HOME": str(folder)},
        }
        """The variables of the commands, which a test may change."""

    def __call__(
        self,
        *words: str | Path,
        given: str | bytes = b"",
        fails: bool = False,
        timeout: float = 120,
        **variables: str,
    ) -> str:
        """Run a command; gives what it prints. `given` is its standard input, `variables` are added to the environment.

        The test fails, with all that it printed, if it takes more than so many seconds, or does not end with 0. With
        `fails`, if it ends with 0; it gives standard output and error then.
        """
        command = [str(word) for word in words]
        try:
            done = subprocess.run(
                command,
                input=given.encode() if isinstance(given, str) else given,
                env=self.environment | variables,
                cwd=self.folder,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            printed = ((late.stdout or b"") + (late.stderr or b"")).decode(errors="replace")
            pytest.fail(f"{command} was not done after {timeout} seconds:\n{printed}", pytrace=False)
        printed = (done.stdout + done.stderr).decode(errors="replace")
        if (done.returncode != 0) is not fails:
            pytest.fail(f"{command} ended with {done.returncode}:\n{printed}")
        return printed if fails else done.stdout.decode()


def expect_last_use(kms: Any, key_id: str, call: RecordedCall) -> None:
    """Fail unless a call is the key's last use, and was made by the caller of the programs.

    `kms` is a boto3 client of the key's Region.
    """
    usage = kms.get_key_last_usage(KeyId=key_id)["KeyLastUsage"]
    found = (usage["Operation"], usage["CloudTrailEventId"], usage["KmsRequestId"])
    assert found == (call.operation, call.event_id, call.request_id)
    assert (call.principal, call.error_code) == (CALLER, None)
