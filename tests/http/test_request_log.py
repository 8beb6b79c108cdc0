"""The log of requests: a line about each, whatever it was, and why it was refused.

How we know: docs/what-happened.md, "The log of requests". It is Keytrail's own; kms-behaviour has nothing of it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from keytrail.server import KeytrailServer
from tests.support import KEY
from tests.support.clients import shared_client
from tests.support.raw_http import Client
from tests.support.wire import REQUEST_ID, authorization, post

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Reader"
DENIES = {"Sid": "NotThis", "Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*"}
SEED = {
    "keys": [{"KeyId": KEY, "Account": ACCOUNT, "Region": "eu-west-1"}],
    "identities": [{"Arn": ROLE, "Policies": {"one": {"Version": "2012-10-17", "Statement": [DENIES]}}}],
    "credentials": [{"AccessKeyId": "AKIAREADER0000000001", "SecretAccessKey": "s", "Principal": ROLE}],
}
Lines = Callable[[], list[str]]


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Callable[[KeytrailServer], list[dict[str, Any]]]:
    """Stops a server, and gives the objects that it logged."""

    def read(server: KeytrailServer) -> list[dict[str, Any]]:
        server.stop()
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    return read


def test_a_line_has_time_operation_account_region_status_duration_and_request_id(log: Any) -> None:
    with KeytrailServer(fixtures=SEED, log_format="json") as server:
        answer = post(server, "DescribeKey", {"KeyId": KEY}, account=ACCOUNT, region="eu-west-1")
        [line] = log(server)
    assert datetime.now(UTC) - datetime.fromisoformat(line.pop("time")) < timedelta(minutes=1)
    assert 0 < line.pop("milliseconds") < 60_000
    assert line == {
        "status": 200,
        "service": "kms",
        "operation": "DescribeKey",
        "account": ACCOUNT,
        "region": "eu-west-1",
        "requestId": answer.headers["x-amzn-RequestId"],
    }


def test_a_refused_call_has_its_error_and_its_message(log: Any) -> None:
    with KeytrailServer(log_format="json") as server:
        post(server, "DescribeKey", {"KeyId": "alias/none"})
        [line] = log(server)
    assert (line["status"], line["errorCode"]) == (400, "NotFoundException")
    assert "alias/none" in line["errorMessage"]


@pytest.mark.parametrize(
    ("operation", "members", "why"),
    [
        ("Encrypt", {"KeyId": KEY, "Plaintext": b"x"}, "a statement of the identity-based policy denies it"),
        ("DisableKey", {"KeyId": KEY}, "no identity-based policy allows it"),
    ],
)
def test_a_call_that_is_not_allowed_says_why_and_names_the_url_that_explains_it(
    log: Any, operation: str, members: dict[str, Any], why: str
) -> None:
    with KeytrailServer(fixtures=SEED, log_format="json") as server:
        post(server, operation, members, account="AKIAREADER0000000001", region="eu-west-1", secret="s")
        explained = f"{server.url}/_keytrail/explain?requestId="
        [line] = log(server)
        assert line["errorCode"] == "AccessDeniedException"
        assert line["why"] == why
        assert line["explain"] == explained + line["requestId"]
        server.start()
        decision = requests.get(line["explain"], timeout=5).json()["decisions"][-1]
        assert (decision["allowed"], decision["reason"]) == (False, why)


def test_without_control_api_no_url_is_named(log: Any) -> None:
    with KeytrailServer(fixtures=SEED, log_format="json", control=False) as server:
        post(server, "DisableKey", {"KeyId": KEY}, account="AKIAREADER0000000001", region="eu-west-1", secret="s")
        [line] = log(server)
    assert "why" in line
    assert "explain" not in line


def test_every_request_has_its_line_whatever_it_is(log: Any) -> None:
    with KeytrailServer(log_format="json") as server:
        post(server, "Encypt")
        post(
            server, "DynamoDB_20120810.GetItem", prefix="", headers={"Authorization": authorization(service="dynamodb")}
        )
        shared_client(server.url, "sts", "us-east-1", ACCOUNT, "any", None).get_caller_identity()
        requests.get(f"{server.url}/orders/a.txt", timeout=5)
        requests.get(f"{server.url}/_keytrail/mark", timeout=5)
        requests.get(f"{server.url}/_keytrail/nothing", timeout=5)
        with Client(server) as client:
            client.send(b"no HTTP at all\r\n\r\n")
            client.read_rest()
        lines = log(server)
    assert [
        (line["status"], line["service"], line["operation"])
        if "service" in line
        else (line["status"], "", line["operation"])
        for line in lines
    ] == [
        (400, "kms", "Encypt"),
        (400, "dynamodb", "GetItem"),
        (200, "sts", "GetCallerIdentity"),
        (403, "", "GET /orders/a.txt"),
        (200, "", "GET /_keytrail/mark"),
        (404, "", "GET /_keytrail/nothing"),
        (400, "", "(not readable)"),
    ]


def test_slow_operations_and_broken_connections_have_their_lines(log: Any) -> None:
    with KeytrailServer(log_format="json") as server:
        signing = post(server, "CreateKey", {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}).json()["KeyMetadata"]
        members = {"KeyId": signing["KeyId"], "Message": b"x", "SigningAlgorithm": "RSASSA_PSS_SHA_256"}
        assert post(server, "Sign", members).status_code == 200
        server.add_fault(Operations="ListKeys", Drop="before")
        with pytest.raises(requests.ConnectionError):
            post(server, "ListKeys")
        lines = log(server)
    assert [(line["operation"], line["status"]) for line in lines] == [
        ("CreateKey", 200),
        ("Sign", 200),
        ("ListKeys", 0),
    ]


def test_health_checks_that_succeed_are_not_logged(log: Any) -> None:
    with KeytrailServer(log_format="json") as server:
        assert requests.get(f"{server.url}/_keytrail/health", timeout=5).status_code == 200
        assert log(server) == []


@pytest.mark.parametrize("settings", [{}, {"log_format": "text", "quiet": True}])
def test_a_server_in_python_is_quiet_unless_it_is_told_to_log(
    settings: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with KeytrailServer(**settings) as server:
        post(server, "ListKeys")
        assert not server.endpoint.dispatcher.tells_facts
    assert capsys.readouterr().err == ""


def test_what_a_client_sends_stays_one_line_and_no_terminal_obeys_it(capsys: pytest.CaptureFixture[str]) -> None:
    action = "A%1B%5D0;x%07%0A23:59:59%20%20200%C2%9B31m%E2%80%AE"
    for log_format in ("text", "json"):
        with KeytrailServer(log_format=log_format) as server:
            requests.post(
                server.url,
                data=f"Action={action}&Version=2011-06-15",
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                timeout=5,
            )
            post(server, "DescribeKey", {"KeyId": "alias/\n\x1b[2J"})
            requests.post(server.url, headers={"X-Amz-Target": b"\x9b31m"}, timeout=5)
        written = capsys.readouterr().err
        assert all(character == "\n" or character.isprintable() for character in written)
        assert len(written.splitlines()) == (6 if log_format == "text" else 3)


def test_a_log_line_is_written_while_the_server_runs(capsys: pytest.CaptureFixture[str]) -> None:
    with KeytrailServer(log_format="text") as server:
        post(server, "ListKeys")
        written, until = "", time.monotonic() + 10
        while "ListKeys" not in written and time.monotonic() < until:
            time.sleep(0.01)
            written += capsys.readouterr().err
    assert re.fullmatch(
        rf"\d\d:\d\d:\d\d  200 +\d+\.\d ms  ListKeys {{20}}000000000000  us-east-1 {{7}}{REQUEST_ID.pattern}\n", written
    )
