"""The bytes of the requests that the benchmarks send."""

import json
from dataclasses import dataclass

HOST = "127.0.0.1"
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=000000000000/20261124/us-east-1/kms/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=abc"
)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


def kms(operation: str, **members) -> bytes:
    """A call of KMS. The signature is well-formed, and wrong: the servers here do not check it."""
    return http(
        "POST",
        "/",
        json.dumps(members, separators=(",", ":")).encode(),
        {
            "X-Amz-Target": f"TrentService.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": AUTHORIZATION,
        },
    )


def http(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def half_a_header() -> bytes:
    return kms("ListKeys").partition(b"Authorization")[0]


def half_a_body() -> bytes:
    return kms("DescribeKey", KeyId="1234abcd-12ab-34cd-56ef-1234567890ab")[:-20]


def whole_answer(data: bytes) -> int | None:
    """How long the answer at the start of `data` is in all, or None while its head is incomplete."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = data[:end].lower()
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        raise ValueError(f"an answer without Content-Length: {head!r}")
    return end + 4 + int(head[at + 17 :].split(b"\r\n", 1)[0])


def parse(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    return Answer(int(first.split(" ")[1]), headers, body)
