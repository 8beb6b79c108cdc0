"""The wire by hand: requests as no client library would send them, and answers as they really came."""

from __future__ import annotations

import base64
import json
import re
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from keytrail.messages import Request

JSON_11 = "application/x-amz-json-1.1"
REQUEST_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def authorization(access_key_id: str = "000000000000", region: str = "us-east-1", service: str = "kms") -> str:
    """An Authorization header with this credential scope; the signature is nonsense."""
    scope = f"{access_key_id}/20261124/{region}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date;x-amz-target, Signature=00"


def signed(
    url: str,
    body: bytes | str,
    headers: Mapping[str, str],
    credentials: tuple[str, str] | tuple[str, str, str],
    *,
    region: str = "us-east-1",
    service: str = "kms",
    method: str = "POST",
) -> dict[str, str]:
    """The headers, and those of a signature by botocore: the other side of our own."""
    request = AWSRequest(method, url, headers=dict(headers), data=body)
    SigV4Auth(Credentials(*credentials), service, region).add_auth(request)
    return dict(request.headers.items())


def request_of(target: str, body: bytes, credential: str = "", **headers: str) -> Request:
    """A POST as the front reads it, for tests that ask the dispatcher itself."""
    named = {"x-amz-target": target, "authorization": credential or authorization(), **headers}
    return Request(
        "POST", "/", "", [(name.encode(), value.encode()) for name, value in named.items()], body, "127.0.0.1"
    )


def wire_value(value: object) -> object:
    """A Python value as JSON 1.1 sends it: bytes as base64."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {name: wire_value(inner) for name, inner in value.items()}
    return [wire_value(inner) for inner in value] if isinstance(value, list) else value


def post(
    server: Any,
    operation: str,
    body: Mapping[str, Any] | list[Any] | bytes | str = b"{}",
    *,
    account: str = "000000000000",
    region: str = "us-east-1",
    headers: Mapping[str, str] | None = None,
    prefix: str = "TrentService.",
    secret: str | None = None,
) -> requests.Response:
    """POST an operation: members as a mapping, or the bytes of a body. With a secret, the signature is right."""
    if isinstance(body, (Mapping, list)):
        body = json.dumps(wire_value(body))
    sent = {
        "Content-Type": JSON_11,
        "X-Amz-Target": prefix + operation,
        "Authorization": authorization(account, region),
        **(headers or {}),
    }
    data = body.encode() if isinstance(body, str) else body
    if secret is not None:
        del sent["Authorization"]
        sent = signed(server.url + "/", data, sent, (account, secret), region=region)
    return requests.post(server.url + "/", data=data, headers=sent, timeout=20)


def error_of(answer: requests.Response) -> tuple[int, str, str | None]:
    """Status, code and message (None where the body has no such member) of a refusal."""
    document = answer.json()
    return answer.status_code, document["__type"], document.get("message", document.get("Message"))


def connect(server: Any) -> socket.socket:
    """A TCP connection to the server that gives up after five seconds."""
    place = urlsplit(server.url)
    return socket.create_connection((place.hostname, place.port), timeout=5)


def read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """One HTTP answer from a connection: status, headers in lower case, body."""
    with connection.makefile("rb") as stream:
        status = int(stream.readline().split()[1])
        headers = {}
        while line := stream.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return status, headers, stream.read(int(headers.get("content-length", 0)))
