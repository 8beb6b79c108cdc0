"""The page about troubles quotes what Keytrail really says."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from keytrail import KeytrailServer, pytest_plugin
from keytrail.cli import main
from tests.support.paths import ROOT

PAGE = (ROOT / "docs/troubleshooting.md").read_text()
QUOTED = re.findall(r"^> (.*)$", PAGE, re.MULTILINE)


def said(*words: str, **environment: str) -> list[str]:
    """The lines that the command prints."""
    return CliRunner().invoke(main, [*words], env=environment).output.splitlines()


def test_a_port_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    # Under pytest-xdist the message says more.
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert any(line.replace(port, "4599") in QUOTED for line in said("serve", "--port", port))


@pytest.mark.parametrize("member", ["Alias: alias/orders", "LastUsage: 20 days ago", ""])
def test_mistakes_of_a_seed(member: str, tmp_path: Path) -> None:
    seed = tmp_path / "orders.yaml"
    seed.write_text(f"keys: [{{KeyId: 1234abcd-12ab-34cd-56ef-1234567890ab, {member}}}]" if member else "")
    (line,) = said("check", str(seed))
    assert line.replace(f"{tmp_path}/", "") in QUOTED


def test_a_region_and_a_variable_that_are_mistyped() -> None:
    lines = said("serve", KEYTRAIL_REGION="us-esat-1", KEYTRAIL_USAGE_DELEY="5")
    assert len(lines) == 2
    assert set(lines) <= set(QUOTED)


def test_a_boto3_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "__version__", "1.40.0")
    with pytest.raises(RuntimeError) as refused:
        pytest_plugin._refuse_old_boto3()
    assert str(refused.value) in QUOTED


DECLARED = {
    "credentials": [
        {
            "AccessKeyId": "AKIAALICE00000000001",
            "SecretAccessKey": "secret",
            "Principal": "arn:aws:iam::000000000000:user/alice",
        }
    ]
}


@pytest.mark.parametrize(
    ("access_key_id", "code"),
    [("AKIAALICE00000000001", "InvalidSignatureException"), ("AKIANOBODY0000000001", "UnrecognizedClientException")],
)
def test_callers_that_are_refused_have_a_heading(access_key_id: str, code: str) -> None:
    with KeytrailServer(fixtures=DECLARED, strict=True) as server:
        kms = boto3.client(
            "kms",
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id=access_key_id,
            aws_secret_access_key="wrong",
        )
        with pytest.raises(ClientError, match=code):
            kms.list_keys()
    assert re.search(rf"^### {code}\b", PAGE, re.MULTILINE)


def test_each_quotation_is_provoked_here() -> None:
    assert len(QUOTED) == 7
