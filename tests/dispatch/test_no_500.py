"""No input whatever makes the server fail: no status of 500, no silence, always a request id.

How we know: kms-behaviour A.2 (every answer has a request id) and kms-behaviour A.3 (a client's error is a 400).
hypothesis looks for the input that breaks it, on the model's own shapes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keytrail.operations.kms import OPERATIONS
from keytrail.server import KeytrailServer
from keytrail.wire import service_model
from tests.support import ALIAS, ELSEWHERE, KEY, MRK, SAMPLE_SEED, alias_arn, key_arn
from tests.support.wire import REQUEST_ID, authorization, connect, read_answer

MODEL = service_model.load("kms")
SESSION = requests.Session()
EFFORT = settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40)
    | st.sampled_from([KEY, MRK, ALIAS, key_arn(), alias_arn(), "AQICAHg=", "eA==", ELSEWHERE, "AES_256", "", "alias/"])
)
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def good_value(shape: service_model.Shape) -> st.SearchStrategy[Any]:
    """JSON values of the right type for a shape, in and out of its constraints."""
    if shape.type == "structure":
        return st.fixed_dictionaries({}, optional={name: good_value(member) for name, member in shape.members.items()})
    if shape.type == "list" and shape.member is not None:
        return st.lists(good_value(shape.member), max_size=3)
    return {
        "map": st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
        "blob": st.binary(max_size=200).map(lambda data: base64.b64encode(data).decode()),
        "boolean": st.booleans(),
        "integer": st.integers(-(2**31), 2**31 - 1) | st.integers(1, 64),
        "timestamp": st.floats(allow_nan=False, allow_infinity=False),
        "string": st.sampled_from(shape.enum) if shape.enum else SCALARS.filter(lambda v: isinstance(v, str)),
    }[shape.type]


def good_request(shape: service_model.Shape) -> st.SearchStrategy[dict[str, Any]]:
    """Requests that have all that is required, and often name a key of the sample seed."""
    members = {name: good_value(member) for name, member in shape.members.items()}
    for name in members.keys() & {"KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId"}:
        members[name] = st.sampled_from([KEY, MRK, key_arn(), ALIAS]) | members[name]
    required = {name: members.pop(name) for name in shape.required}
    return st.fixed_dictionaries(required, optional=members)


REQUESTS = {name: good_request(MODEL.operations[name].input) for name in OPERATIONS}
ANY_REQUESTS = {
    name: st.fixed_dictionaries({}, optional=dict.fromkeys(MODEL.operations[name].input.members, JSON_VALUES))
    for name in OPERATIONS
}


@pytest.fixture(scope="module")
def seeded() -> Iterator[KeytrailServer]:
    """A server with keys on which every operation can succeed."""
    with KeytrailServer(fixtures=SAMPLE_SEED) as server:
        yield server


def never_fails(answer: requests.Response) -> None:
    assert answer.status_code < 500, answer.text
    assert REQUEST_ID.fullmatch(answer.headers["x-amzn-RequestId"])
    if answer.status_code != 200:
        assert answer.json()["__type"]
        assert "Traceback" not in answer.text


def send(server: KeytrailServer, body: bytes, target: str, **headers: str) -> requests.Response:
    sent = {"X-Amz-Target": target, "Authorization": authorization(), **headers}
    return SESSION.post(server.url, data=body, headers=sent, timeout=10)


@EFFORT
@given(operation=st.sampled_from(sorted(MODEL.operations)), body=st.binary(max_size=200))
def test_no_bytes_in_a_body_make_it_fail(keytrail_server: KeytrailServer, operation: str, body: bytes) -> None:
    never_fails(send(keytrail_server, body, f"TrentService.{operation}"))


@EFFORT
@given(data=st.data(), operation=st.sampled_from(sorted(OPERATIONS)))
def test_no_json_value_of_any_member_makes_it_fail(
    keytrail_server: KeytrailServer, data: st.DataObject, operation: str
) -> None:
    request = json.dumps(data.draw(ANY_REQUESTS[operation])).encode()
    never_fails(send(keytrail_server, request, f"TrentService.{operation}"))


@settings(EFFORT, max_examples=400)
@given(data=st.data(), operation=st.sampled_from(sorted(OPERATIONS)))
def test_no_value_of_the_right_type_makes_it_fail(seeded: KeytrailServer, data: st.DataObject, operation: str) -> None:
    seeded.reset()
    never_fails(send(seeded, json.dumps(data.draw(REQUESTS[operation])).encode(), f"TrentService.{operation}"))


HEADER_TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=80)


@EFFORT
@given(
    value=HEADER_TEXT | HEADER_TEXT.map(lambda text: f"AWS4-HMAC-SHA256 Credential={text}, Signature=0"),
    name=st.sampled_from(
        ["Authorization", "X-Amz-Target", "User-Agent", "Content-Type", "X-Amz-Date", "X-Forwarded-For"]
    ),
)
def test_no_header_makes_it_fail(keytrail_server: KeytrailServer, name: str, value: str) -> None:
    headers = {"X-Amz-Target": "TrentService.ListKeys", "Authorization": authorization(), name: value}
    lines = "".join(f"{header}: {text}\r\n" for header, text in headers.items())
    with connect(keytrail_server) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: kms\r\nContent-Length: 2\r\n{lines}\r\n{{}}".encode("latin-1"))
        status, told, body = read_answer(connection)
    assert status < 500, body
    assert REQUEST_ID.fullmatch(told["x-amzn-requestid"])


@EFFORT
@given(query=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=60), signed=st.booleans())
def test_no_query_string_makes_it_fail(keytrail_server: KeytrailServer, query: str, signed: bool) -> None:
    query = f"X-Amz-Credential={query}" if signed else query
    with connect(keytrail_server) as connection:
        connection.sendall(
            f"POST /?{query.replace('#', '')} HTTP/1.1\r\nHost: kms\r\nX-Amz-Target: TrentService.ListKeys\r\n"
            f"Content-Length: 2\r\n\r\n{{}}".encode()
        )
        status, told, body = read_answer(connection)
    assert status < 500, body
    assert REQUEST_ID.fullmatch(told["x-amzn-requestid"])


@EFFORT
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    path=st.sampled_from(["health", "reset", "fixtures", "clock", "clock/advance", "events", "nonsense", ""]),
    query=st.sampled_from(["", "?account=1", "?keyArn=%00", "?eventId=%ff", "?%00=%00", "?account=000000000000"]),
    body=st.binary(max_size=60)
    | st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ["now", "frozen", "duration", "seconds", "keys", "credentials", "settings"], JSON_VALUES
        ),
    ).map(lambda members: json.dumps(members).encode()),
)
def test_no_control_call_makes_it_fail(
    keytrail_clean: KeytrailServer, method: str, path: str, query: str, body: bytes
) -> None:
    answer = SESSION.request(method, f"{keytrail_clean.url}/_keytrail/{path}{query}", data=body, timeout=10)
    assert answer.status_code < 500, answer.text
    assert isinstance(answer.json(), dict)


HEAD = b"POST / HTTP/1.1\r\nHost: kms\r\nX-Amz-Target: TrentService.ListKeys\r\n"
BROKEN_HTTP = {
    "a chunk of no size": HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
    "a chunk longer than it says": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx\r\n0\r\n\r\n",
    "a length that is no number": HEAD + b"Content-Length: abc\r\n\r\n{}",
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\n{}",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "a header without a colon": HEAD + b"nonsense\r\n\r\n",
    "no HTTP at all": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("data", BROKEN_HTTP.values(), ids=BROKEN_HTTP)
def test_what_is_no_http_is_refused_and_harms_nobody_else(keytrail_server: KeytrailServer, data: bytes) -> None:
    """The HTTP server itself refuses these, before there is a request that could have an id."""
    with connect(keytrail_server) as connection:
        connection.sendall(data)
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Traceback" not in answer
    never_fails(send(keytrail_server, b"{}", "TrentService.ListKeys"))


@pytest.mark.parametrize("sent", [HEAD, HEAD + b"Content-Length: 100\r\n\r\n", HEAD + b"Content-Length: 100\r\n\r\n{"])
def test_a_client_that_goes_away_in_the_middle_harms_nobody_else(keytrail_server: KeytrailServer, sent: bytes) -> None:
    keytrail_server.reset()
    for _ in range(20):
        with connect(keytrail_server) as connection:
            connection.sendall(sent)
    never_fails(send(keytrail_server, b"{}", "TrentService.DescribeKey"))
    names = {event["eventName"] for event in keytrail_server.events()}
    assert names == {"DescribeKey"}, "half a request is none"
