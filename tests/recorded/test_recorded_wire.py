"""The front end answers what AWS's was recorded to answer, byte by byte: the tables in `wire`.

Each request is sent as it stands to a strict server. With an `operation`, it is a signed call of it in JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import yaml

from keytrail.server import KeytrailServer
from tests.recorded.replay import TABLES
from tests.support.raw_http import Client


class Recorded(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent, and the answer: its status, its body or the JSON in it, the names of its headers in their order."""

    case: str
    status: int
    methods: tuple[str, ...] = ("POST",)
    path: str = "/"
    operation: str | None = None
    prefix: str = "TrentService"
    headers: dict[str, str] = {}
    send: str = ""
    body: str | None = None
    json: dict[str, Any] | None = None
    names: list[str] | None = None

    @property
    def sent(self) -> dict[str, str]:
        """The headers that are sent."""
        if self.operation is None:
            return self.headers
        scope = "Credential=000000000000/20260912/us-east-1/kms/aws4_request"
        return {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"{self.prefix}.{self.operation}",
            "X-Amz-Date": "20260912T080000Z",
            "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
            **self.headers,
        }


class Table(msgspec.Struct, forbid_unknown_fields=True):
    """The requests of a source."""

    source: str
    requests: list[Recorded]


REQUESTS = [
    pytest.param(recorded, method, id=f"{path.stem}: {recorded.case} ({method})")
    for path in sorted((TABLES / "wire").glob("*.yaml"))
    for recorded in msgspec.convert(yaml.safe_load(path.read_text()), Table).requests
    for method in recorded.methods
]


@pytest.fixture(scope="module")
def strict() -> Iterator[KeytrailServer]:
    """A server that refuses what is not signed."""
    with KeytrailServer(strict=True) as server:
        yield server


@pytest.mark.parametrize(("recorded", "method"), REQUESTS)
def test_the_front_end_answers_as_aws_was_recorded_to(recorded: Recorded, method: str, strict: KeytrailServer) -> None:
    lines = [f"{name}: {value}" for name, value in recorded.sent.items()]
    head = [f"{method} {recorded.path} HTTP/1.1", "Host: kms", *lines, f"Content-Length: {len(recorded.send)}", "", ""]
    with Client(strict) as client:
        client.send("\r\n".join(head).encode() + recorded.send.encode())
        answer = client.read_answer()
    assert answer.status == recorded.status
    if recorded.body is not None:
        assert answer.body.decode() == recorded.body
    if recorded.json is not None:
        assert json.loads(answer.body) == recorded.json
        assert answer.header("Content-Type") == "application/x-amz-json-1.1"
    if answer.body.startswith(b"<") and recorded.status == 403:
        assert answer.header("Content-Type") is None
    if recorded.names is not None:
        assert answer.names == recorded.names
    assert answer.header("Content-Length") == str(len(answer.body))
