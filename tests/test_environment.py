"""The variables that point AWS's SDKs and tools at a server.

How we know: AWS SDKs and Tools Reference Guide, "Settings reference"; botocore reads them here.
"""

from __future__ import annotations

import os
from typing import Any

import boto3
import pytest

from keytrail.environment import REMOVED, SERVICES, aws_environment, aws_variables
from keytrail.operation import SERVICES as ANSWERED
from keytrail.server import KeytrailServer
from tests.support import FOREIGN

URL = "http://127.0.0.1:4599"


def test_a_service_has_its_variable_unless_only_its_regions_are_answered_here() -> None:
    """EC2 and Account Management may be another emulator's, and follow AWS_ENDPOINT_URL."""
    ids = [service.model.title for name, service in ANSWERED.items() if name not in ("account", "ec2")]
    assert sorted(SERVICES) == sorted(name.upper().replace(" ", "_") for name in ids)


@pytest.mark.parametrize("service", ["kms", "sts", "cloudtrail", "s3", "dynamodb"])
def test_every_client_of_any_service_calls_the_server(service: str) -> None:
    with aws_environment(URL, FOREIGN, "eu-west-1"):
        client = boto3.client(service)
        credentials = boto3.Session().get_credentials()
    assert client.meta.endpoint_url == URL
    assert client.meta.region_name == "eu-west-1"
    assert credentials.access_key == FOREIGN


@pytest.mark.parametrize("name", REMOVED)
def test_what_leads_elsewhere_is_put_aside_and_comes_back(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "elsewhere")
    before = dict(os.environ)
    with aws_environment(URL) as variables:
        assert name not in os.environ
        assert variables == aws_variables(URL)
        assert variables.items() <= os.environ.items()
    assert dict(os.environ) == before


def test_with_an_authority_a_client_trusts_a_server_of_https() -> None:
    with KeytrailServer(tls_port=0) as server:
        with aws_environment(server.tls_url, FOREIGN, ca_file=server.ca_file):
            assert boto3.client("kms").list_keys()["Keys"] == []
        assert "AWS_CA_BUNDLE" not in aws_variables(server.tls_url)
        assert [call.operation for call in server.calls(account=FOREIGN)] == ["ListKeys"]


def test_the_default_session_of_boto3_is_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    session: Any = boto3.Session(aws_access_key_id="AKIAREAL", aws_secret_access_key="real", region_name="eu-west-1")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    with aws_environment(URL):
        assert boto3.client("kms").meta.region_name == "us-east-1"
        assert boto3.DEFAULT_SESSION is not session
    assert boto3.DEFAULT_SESSION is session


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy"])
def test_a_proxy_is_passed_by(name: str, monkeypatch: pytest.MonkeyPatch, keytrail_clean: KeytrailServer) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    with aws_environment(keytrail_clean.url) as variables:
        assert variables["NO_PROXY"] == "intranet.example,127.0.0.1"
        assert boto3.client("kms").list_keys()["Keys"] == []


def test_other_emulators_keep_their_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000")
    with aws_environment(URL):
        assert boto3.client("s3").meta.endpoint_url == "http://127.0.0.1:9000"
