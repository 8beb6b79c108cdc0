"""The control API answers no page of another site.

How we know: docs/control-api.md, "The control API"; the Fetch standard and RFC 6454 (which requests of browsers have
an Origin),
RFC 9110 section 7.2 (Host).
"""

from __future__ import annotations

import pytest
import requests

from keytrail.http.app import create_app
from keytrail.http.foreign_sites import why_foreign
from keytrail.server import KeytrailServer
from keytrail.settings import Settings
from tests.support import ACCOUNT
from tests.support.raw_http import Client
from tests.support.wire import post

SETTINGS = Settings(control_hosts="kms.example.com, Other.Example.com", host="keytrail.example.org")

OWN = [
    "127.0.0.1:4599",
    "192.0.2.7",
    "[::1]:4599",
    "[2001:db8::7]",
    "localhost:4599",
    "LOCALHOST",
    "localhost.",
    "app.localhost:4599",
    "kms:4599",
    "my_service",
    "host.docker.internal:4599",
    "keytrail.ci.svc.cluster.local:4599",
    "kms.test",
    "kms.example.com",
    "KMS.example.com:80",
    "other.example.com",
    "keytrail.example.org:4599",
    "",
]
FOREIGN = [
    "attacker.example.com:4599",
    "attacker.example.com.",
    "kms.example.com.attacker.example.com",
    "localhost.attacker.example.com",
    "127.0.0.1.attacker.example.com",
    "attacker.example.com,localhost",
    "attacker.example.com,a.localhost",
    "attacker.example.com:80:localhost",
    "[attacker.example.com]",
    ".",
]


@pytest.mark.parametrize("host", OWN)
def test_a_host_that_no_other_site_can_have_is_answered(host: str) -> None:
    assert why_foreign({"HTTP_HOST": host}, SETTINGS) is None


@pytest.mark.parametrize("host", FOREIGN)
def test_another_host_may_be_a_rebound_name_and_is_refused(host: str) -> None:
    why = why_foreign({"HTTP_HOST": host}, SETTINGS)
    assert why is not None
    assert repr(host) in why
    assert "KEYTRAIL_CONTROL_HOSTS" in why


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:4599", "127.0.0.1:4599"),
        ("http://localhost:4599", "LocalHost:4599"),
        ("https://kms", "kms"),
        ("http://[::1]:4599", "[::1]:4599"),
        ("https://kms.example.com:8443", "kms:4599"),
    ],
)
def test_a_page_of_the_server_itself_or_of_a_configured_host_is_answered(origin: str, host: str) -> None:
    assert why_foreign({"HTTP_HOST": host, "HTTP_ORIGIN": origin}, SETTINGS) is None


@pytest.mark.parametrize(("origin", "is_own"), [("https://kms", True), ("http://kms", False)])
def test_what_came_by_https_is_not_of_a_page_that_came_by_http(origin: str, is_own: bool) -> None:
    """Without ports, these are two servers: one on 443, one on 80."""
    why = why_foreign({"HTTP_HOST": "kms", "HTTP_ORIGIN": origin, "wsgi.url_scheme": "https"}, SETTINGS)
    assert (why is None) == is_own


@pytest.mark.parametrize(
    "origin",
    [
        "https://attacker.example.com",
        "http://localhost:3000",
        "http://127.0.0.1",
        "http://localhost:4599.attacker.example.com",
        "null",
        "file://",
        "http://[",
        "localhost:4599",
    ],
)
def test_a_page_of_another_origin_is_refused(origin: str) -> None:
    why = why_foreign({"HTTP_HOST": "localhost:4599", "HTTP_ORIGIN": origin}, SETTINGS)
    assert why is not None
    assert repr(origin) in why


@pytest.mark.parametrize(
    "headers",
    [{"Host": "attacker.example.com"}, {"Origin": "https://attacker.example.com"}, {"Origin": "null"}],
    ids=["rebound name", "another site", "sandboxed frame"],
)
def test_another_sites_page_resets_nothing_and_reads_nothing(
    keytrail_clean: KeytrailServer, headers: dict[str, str]
) -> None:
    key_id = post(keytrail_clean, "CreateKey", account=ACCOUNT).json()["KeyMetadata"]["KeyId"]
    for method, path in (("POST", "reset"), ("GET", "events"), ("GET", "health"), ("GET", "nowhere")):
        url = f"{keytrail_clean.url}/_keytrail/{path}"
        answer = requests.request(method, url, headers=headers, timeout=5)
        assert answer.status_code == 403
        assert "This is not answered" in answer.json()["error"]
    assert key_id in {key["KeyId"] for key in post(keytrail_clean, "ListKeys", account=ACCOUNT).json()["Keys"]}


def test_a_configured_host_may_do_everything() -> None:
    with KeytrailServer(control_hosts="kms.example.com") as server:
        headers = {"Host": "kms.example.com", "Origin": "https://kms.example.com"}
        assert requests.post(f"{server.url}/_keytrail/reset", headers=headers, timeout=5).status_code == 200


def test_a_client_of_http_1_0_needs_no_host(keytrail_clean: KeytrailServer) -> None:
    with Client(keytrail_clean) as client:
        client.send(b"GET /_keytrail/health HTTP/1.0\r\n\r\n")
        assert client.read_answer().status == 200


def test_the_mounted_application_refuses_them_too() -> None:
    client = create_app(Settings()).test_client()
    assert client.get("/_keytrail/health").status_code == 200
    assert client.get("/_keytrail/health", headers={"Host": "attacker.example.com"}).status_code == 403


def test_kms_answers_under_any_host(keytrail_clean: KeytrailServer) -> None:
    """Clients reach KMS under AWS's own names; and what it answers to is signed."""
    headers = {"Host": "kms.us-east-1.amazonaws.com"}
    assert post(keytrail_clean, "ListKeys", account=ACCOUNT, headers=headers).status_code == 200


@pytest.mark.parametrize("hosts", ["kms.example.com:4599", "https://kms.example.com", "*", "kms example"])
def test_a_configured_host_is_a_name_and_nothing_else(hosts: str) -> None:
    with pytest.raises(ValueError, match=r"control_hosts: expected names such as kms\.example\.com without port"):
        Settings(control_hosts=hosts)
