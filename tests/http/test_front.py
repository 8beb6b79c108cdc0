"""The front over raw sockets: what a client may send and when, and the bytes and the order of its answers.

How we know: kms-behaviour A.2 for the bytes of an answer, RFC 9112 and RFC 9110 for the rest.
"""

from __future__ import annotations

import json
import logging
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
import requests

from keytrail.call import Call
from keytrail.domain.key import Key
from keytrail.http import front, request_reader
from keytrail.http.front import MANY
from keytrail.http.request_reader import MOST_HEAD
from keytrail.messages import Later
from keytrail.operations.kms import OPERATIONS
from keytrail.server import KeytrailServer
from tests.support import KEY, OTHER_KEY, SAMPLE_SEED
from tests.support.raw_http import Answer, Client, kms, kms_head
from tests.support.wire import REQUEST_ID, post

MIB = 1024 * 1024


class SlowWork:
    """Encrypt, as an operation that takes as long as a test likes."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

    def function(self, call: Call, key: Key, **members: object) -> Later[Mapping[str, object]]:
        return Later(lambda: self._work(key))

    def _work(self, key: Key) -> Mapping[str, object]:
        self.begun.set()
        assert self.go_on.wait(20)
        return {"KeyId": key.arn}


SLOW = SlowWork()


@pytest.fixture(scope="module")
def module_server() -> Iterator[KeytrailServer]:
    """A server of which Encrypt is slow work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(OPERATIONS, "Encrypt", replace(OPERATIONS["Encrypt"], function=SLOW.function))
        server = KeytrailServer(fixtures=SAMPLE_SEED, tls_port=0)
    with server:
        yield server


@pytest.fixture
def server(module_server: KeytrailServer) -> KeytrailServer:
    module_server.reset()
    return module_server


@pytest.fixture(params=[(0, False), (MANY, False), (0, True)], ids=["alone", "among many", "by TLS"])
def client(server: KeytrailServer, request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client, alone or among so many that the server lets their answers leave together; or one that speaks TLS."""
    others, tls = request.param
    with ExitStack() as stack:
        for _ in range(others):
            stack.enter_context(Client(server))
        yield stack.enter_context(Client(server, tls=tls))


@pytest.fixture
def slow(server: KeytrailServer) -> Iterator[SlowWork]:
    """The slow work of the server, which begins with the test and ends with it at the latest."""
    SLOW.begun.clear()
    SLOW.go_on.clear()
    yield SLOW
    SLOW.go_on.set()


ENCRYPT = kms("Encrypt", b'{"KeyId": "%s", "Plaintext": "eA=="}' % KEY.encode())


def random_bytes(count: int, *headers: str) -> bytes:
    """A call whose answer tells how many bytes were asked for: to tell the answers of one connection apart."""
    return kms("GenerateRandom", b'{"NumberOfBytes": %d}' % count, *headers)


def count_of(answer: Answer) -> int:
    """How many random bytes an answer has."""
    assert answer.status == 200, answer
    return len(json.loads(answer.body)["Plaintext"]) * 3 // 4


# ---- The bytes of an answer

STATUS_LINES = {
    "CreateKey": "HTTP/1.1 200 OK",
    "DescribeKey": "HTTP/1.1 400 Bad Request",
    "GenerateRandom": "HTTP/1.1 400 Bad Request",
}


@pytest.mark.parametrize(("operation", "line"), STATUS_LINES.items())
def test_an_answer_of_kms_has_awss_headers_in_their_case_and_order(client: Client, operation: str, line: str) -> None:
    client.send(kms(operation))
    answer = client.read_answer()
    assert answer.line == line
    values = dict(answer.headers)
    assert re.fullmatch(REQUEST_ID, values["x-amzn-RequestId"])
    assert answer.headers == [
        ("x-amzn-RequestId", values["x-amzn-RequestId"]),
        ("Cache-Control", "no-cache, no-store, must-revalidate, private"),
        ("Expires", "0"),
        ("Pragma", "no-cache"),
        ("Date", values["Date"]),
        ("Content-Type", "application/x-amz-json-1.1"),
        ("Content-Length", str(len(answer.body))),
    ]


@pytest.mark.parametrize(("accept", "content_type"), [("*/*", "text/xml"), ("application/json", "application/json")])
def test_an_answer_of_sts_says_nothing_of_caches(client: Client, accept: str, content_type: str) -> None:
    body = "Action=GetCallerIdentity&Version=2011-06-15"
    client.send(
        f"POST / HTTP/1.1\r\nHost: sts\r\nContent-Type: application/x-www-form-urlencoded\r\nAccept: {accept}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    answer = client.read_answer()
    assert answer.names == ["x-amzn-RequestId", "Content-Type", "Content-Length", "Date"]
    assert answer.header("Content-Type") == content_type


def test_head_and_body_leave_in_one_write(server: KeytrailServer) -> None:
    """Some clients read once; others wait for the second packet until their own acknowledgement is due."""
    for _ in range(50):
        with Client(server) as client:
            client.send(random_bytes(1024))
            whole = client.socket.recv(65536)
            head, _, body = whole.partition(b"\r\n\r\n")
            assert f"Content-Length: {len(body)}".encode() in head.split(b"\r\n")


def test_the_date_is_the_real_one_of_the_second_whatever_the_endpoints_clock_says(server: KeytrailServer) -> None:
    server.clock.set("2031-01-01T00:00:00Z")
    dates = set()
    with Client(server) as client:
        deadline = time.monotonic() + 5
        while len(dates) < 2 and time.monotonic() < deadline:
            for path in ("/", "/_keytrail/health"):
                client.send(f"GET {path} HTTP/1.1\r\nHost: kms\r\n\r\n".encode())
                dates.add(parsedate_to_datetime(client.read_answer().header("Date") or ""))
            time.sleep(0.02)
    assert len(dates) > 1, "it goes on"
    now = datetime.now(UTC)
    assert all(now - timedelta(seconds=10) < date <= now for date in dates)


# ---- Requests in any pieces


def test_a_request_may_come_byte_by_byte(client: Client) -> None:
    for byte in random_bytes(9):
        client.send(bytes([byte]))
    assert count_of(client.read_answer()) == 9


def test_requests_that_come_at_once_are_answered_in_their_order(client: Client) -> None:
    counts = [3 * number for number in range(1, 200)]
    client.send(b"".join(random_bytes(count) for count in counts))
    assert [count_of(client.read_answer()) for _ in counts] == counts


def test_the_answers_of_many_connections_go_to_whom_they_belong(server: KeytrailServer) -> None:
    counts = [3 * number for number in range(1, 41)]
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(server)) for _ in counts]
        for _ in range(5):
            for client, count in zip(clients, counts, strict=True):
                client.send(random_bytes(count) + random_bytes(count + 300))
            for client, count in zip(clients, counts, strict=True):
                assert [count_of(client.read_answer()), count_of(client.read_answer())] == [count, count + 300]


def test_what_was_answered_is_sent_though_the_client_or_its_last_request_ends_the_connection(
    server: KeytrailServer, client: Client
) -> None:
    client.send(random_bytes(3) + random_bytes(6, "Connection: close"))
    assert [count_of(client.read_answer()), count_of(client.read_answer())] == [3, 6]
    with Client(server) as half_closing:
        half_closing.send(random_bytes(3) + random_bytes(6))
        half_closing.end()
        assert [count_of(half_closing.read_answer()), count_of(half_closing.read_answer())] == [3, 6]
        assert half_closing.read_rest() == b""


def test_half_a_request_behind_a_whole_one_is_answered_once_it_is_whole(client: Client) -> None:
    first, second = random_bytes(3), random_bytes(6)
    client.send(first + second[:40])
    assert count_of(client.read_answer()) == 3
    assert client.is_silent()
    client.send(second[40:])
    assert count_of(client.read_answer()) == 6


CHUNKED = kms_head("GenerateRandom", "Transfer-Encoding: chunked")


def test_a_body_may_come_in_chunks_with_extensions_and_a_trailer(client: Client) -> None:
    client.send(
        CHUNKED + b'8;x=y\r\n{"Number\r\nD\r\nOfBytes": 12}\r\n0\r\nX-Amz-Target: TrentService.Nonsense\r\n\r\n'
    )
    assert count_of(client.read_answer()) == 12
    client.send(random_bytes(3))
    assert count_of(client.read_answer()) == 3


@pytest.mark.parametrize(("body", "status"), [(b"", 400), (b"{}", 200)])
def test_an_upgrade_to_another_protocol_is_taken_no_notice_of(client: Client, body: bytes, status: int) -> None:
    """The JDK's HttpClient asks for HTTP/2 with its first request (RFC 9110 section 7.8)."""
    upgrade = (
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
    )
    client.send(kms("ListKeys", body, *upgrade) + random_bytes(3))
    assert client.read_answer().status == status
    assert count_of(client.read_answer()) == 3
    client.send(random_bytes(6))
    assert count_of(client.read_answer()) == 6


@pytest.mark.parametrize(
    "line", ["POST / HTTP/1.1", "POST /? HTTP/1.1", "POST http://kms.us-east-1.amazonaws.com/ HTTP/1.1"]
)
def test_the_service_is_at_the_root_in_whatever_form(client: Client, line: str) -> None:
    client.send(f"{line}\r\nHOST: kms\r\nX-AMZ-TARGET: TrentService.ListKeys\r\nContent-Length: 2\r\n\r\n{{}}".encode())
    assert client.read_answer().status == 200


# ---- Leave to send the body (RFC 9110 section 10.1.1)

EXPECT = "Expect: 100-continue"


def test_a_client_that_waits_for_leave_to_send_its_body_gets_it(client: Client) -> None:
    client.send(kms_head("GenerateRandom", EXPECT, "Content-Length: 20"))
    assert client.read_answer().line == "HTTP/1.1 100 Continue"
    client.send(b'{"NumberOfBytes": 3}')
    assert count_of(client.read_answer()) == 3


def test_a_client_that_sends_its_body_without_waiting_gets_its_answer_alone(client: Client) -> None:
    client.send(random_bytes(3, EXPECT))
    assert count_of(client.read_answer()) == 3


def test_leave_is_given_after_the_answers_that_are_due_before(slow: SlowWork, client: Client) -> None:
    client.send(ENCRYPT + kms_head("GenerateRandom", EXPECT, "Content-Length: 20"))
    assert slow.begun.wait(20)
    assert client.is_silent()
    slow.go_on.set()
    assert client.read_answer().status == 200
    assert client.read_answer().status == 100
    client.send(b'{"NumberOfBytes": 3}')
    assert count_of(client.read_answer()) == 3


def test_no_leave_is_given_to_a_body_that_is_too_large_nor_to_http_1_0(server: KeytrailServer) -> None:
    with Client(server) as client:
        client.send(kms_head("ListKeys", EXPECT, f"Content-Length: {65 * MIB}"))
        assert client.read_answer().status == 413
    with Client(server) as client:
        client.send(kms("ListKeys", b"{}", EXPECT, version="1.0")[:-1])
        assert client.is_silent()
        client.send(b"}")
        assert client.read_answer().status == 200


# ---- The end of a connection

CLOSING = {
    "HTTP/1.0": kms("ListKeys", version="1.0"),
    "HTTP/1.0 that asks for more": kms("ListKeys", b"{}", "Connection: keep-alive", version="1.0"),
    "Connection: close": kms("ListKeys", b"{}", "Connection: close"),
}


@pytest.mark.parametrize("request_bytes", CLOSING.values(), ids=CLOSING)
def test_a_last_request_is_answered_and_what_follows_it_dropped(client: Client, request_bytes: bytes) -> None:
    client.send(request_bytes + random_bytes(3))
    answer = client.read_answer()
    assert (answer.status, answer.header("Connection")) == (200, "close")
    assert client.read_rest() == b""


def test_a_client_that_has_sent_all_gets_its_answers_and_then_the_end(slow: SlowWork, client: Client) -> None:
    client.send(ENCRYPT + random_bytes(3))
    assert slow.begun.wait(20)
    client.end()
    slow.go_on.set()
    assert client.read_answer().status == 200
    assert count_of(client.read_answer()) == 3
    assert client.read_rest() == b""


def test_a_silent_connection_is_closed_after_a_while_but_not_while_its_answer_is_due(
    slow: SlowWork, server: KeytrailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "IDLE", 0.1)
    with Client(server) as waiting, Client(server) as half, Client(server) as silent:
        waiting.send(ENCRYPT)
        half.send(kms("ListKeys")[:-1])
        assert slow.begun.wait(20)
        begin = time.monotonic()
        assert half.read_rest() == silent.read_rest() == b""
        assert time.monotonic() - begin < 2
        slow.go_on.set()
        assert waiting.read_answer().status == 200
        waiting.send(random_bytes(3))
        assert count_of(waiting.read_answer()) == 3


def test_a_client_that_goes_away_before_its_answer_harms_nobody(
    slow: SlowWork, server: KeytrailServer, caplog: pytest.LogCaptureFixture
) -> None:
    with Client(server) as gone, Client(server) as reset:
        gone.send(ENCRYPT + kms("CreateKey"))
        reset.send(ENCRYPT)
        reset.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close by RST
        assert slow.begun.wait(20)
    assert post(server, "ListKeys").status_code == 200
    slow.go_on.set()
    deadline = time.monotonic() + 5
    while len(server.events(eventName="Encrypt")) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(server.events(eventName="Encrypt")) == 2, "what was begun is done"
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


# ---- HEAD


@pytest.mark.parametrize("path", ["/", "/_keytrail/health"])
def test_the_answer_to_head_has_the_length_of_a_body_and_none(client: Client, path: str) -> None:
    client.send(f"HEAD {path} HTTP/1.1\r\nHost: kms\r\n\r\n".encode() + random_bytes(3))
    assert int(client.read_answer(of_head=True).header("Content-Length") or 0) > 0
    assert count_of(client.read_answer()) == 3


# ---- Answers that take long


def test_what_comes_behind_slow_work_waits_for_its_turn(slow: SlowWork, server: KeytrailServer, client: Client) -> None:
    client.send(ENCRYPT + random_bytes(3) + b"GET /_keytrail/health HTTP/1.1\r\nHost: kms\r\n\r\n" + random_bytes(6))
    assert slow.begun.wait(20)
    assert post(server, "ListKeys").status_code == 200, "other connections are not held up"
    assert client.is_silent()
    assert server.events(eventName="GenerateRandom") == [], "nor is it carried out before"
    slow.go_on.set()
    assert "KeyId" in json.loads(client.read_answer().body)
    assert count_of(client.read_answer()) == 3
    assert json.loads(client.read_answer().body) == {"status": "ready"}
    assert count_of(client.read_answer()) == 6


def test_what_comes_behind_a_delayed_answer_waits_too(server: KeytrailServer, client: Client) -> None:
    server.add_fault(Operations="ListKeys", Latency=200, Count=1)
    begin = time.monotonic()
    client.send(kms("ListKeys") + random_bytes(3))
    assert client.read_answer().status == 200
    assert time.monotonic() - begin >= 0.2
    assert count_of(client.read_answer()) == 3


def test_a_dropped_connection_answers_nothing_and_does_nothing_more(server: KeytrailServer, client: Client) -> None:
    server.add_fault(Operations="ListKeys", Drop="after", Latency=50)
    client.send(random_bytes(3) + kms("ListKeys") + kms("CreateKey"))
    assert count_of(client.read_answer()) == 3
    with pytest.raises((EOFError, ConnectionError)):
        client.read_answer()
    assert server.events(eventName="CreateKey") == []


def test_a_truncated_answer_is_the_last(server: KeytrailServer, client: Client) -> None:
    server.add_fault(Operations="GenerateRandom", Truncate=5, Count=1)
    client.send(random_bytes(3) + kms("CreateKey"))
    head, _, body = client.read_rest().partition(b"\r\n\r\n")
    assert (b"Content-Length: 20" in head, body) == (True, b'{"Pla')
    assert server.events(eventName="CreateKey") == []


# ---- Clients that do not read


def test_a_client_that_does_not_read_is_not_answered_without_end(server: KeytrailServer) -> None:
    calls = 8_000
    with Client(server, receive_buffer=4096) as client, ThreadPoolExecutor(1) as pool:
        client.socket.settimeout(30)
        sending = pool.submit(client.send, random_bytes(1023) * calls)
        answered, before = len(server.events()), -1
        while answered != before:
            time.sleep(0.2)
            before, answered = answered, len(server.events())
        assert 0 < answered < calls / 2
        assert post(server, "ListKeys").status_code == 200
        assert all(count_of(client.read_answer()) == 1023 for _ in range(calls))
        sending.result(20)


# ---- What is too large


def padded(size: int) -> bytes:
    """A body of so many bytes that asks for three."""
    body = b'{"NumberOfBytes": 3, "Padding": "%s"}'
    return body % (b"x" * (size - len(body) + 2))


def test_a_connection_is_good_for_the_next_request_after_a_body_that_is_too_large(client: Client) -> None:
    for size, status in ((MIB, 200), (MIB + 1, 413), (3 * MIB, 413), (MIB, 200)):
        client.send(kms("GenerateRandom", padded(size)))
        answer = client.read_answer()
        assert (answer.status, answer.header("Connection")) == (status, None)


@pytest.mark.parametrize("length", ["67108865", "99999999999"])
def test_a_body_that_is_announced_far_too_large_is_refused_to_a_client_that_still_sends_it(
    server: KeytrailServer, length: str
) -> None:
    with Client(server) as client:
        client.send(kms_head("ListKeys", f"Content-Length: {length}"))
        client.send(bytes(8 * MIB))  # all dropped: it must not make the system reset the connection
        answer = client.read_answer()
        assert (answer.status, answer.header("Connection")) == (413, "close")
        assert json.loads(answer.body)["__type"] == "RequestEntityTooLargeException"
        assert client.read_rest() == b""


ENDLESS = {
    "chunks": (CHUNKED, b"400\r\n" + b"x" * 1024 + b"\r\n"),
    "the extension of a chunk": (CHUNKED + b"2;x=", b"y" * 1024),
    "a trailer": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: " + b"y" * 1024 + b"\r\n"),
    "one header in a trailer": (CHUNKED + b"2\r\n{}\r\n0\r\nX: ", b"y" * 1024),
}


@pytest.mark.parametrize(("begin", "more"), ENDLESS.values(), ids=ENDLESS)
def test_there_is_an_end_to_what_is_read_of_a_body(
    client: Client, begin: bytes, more: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_reader, "DRAIN_LIMIT", 100_000)
    client.send(begin + 300 * more)
    answer = client.read_answer()
    assert (answer.status, answer.header("Connection")) == (413, "close")


HEADS = {
    "a line": (b"GET /", b"x"),
    "a name": (b"GET / HTTP/1.1\r\n", b"x"),
    "a value": (b"GET / HTTP/1.1\r\nX: ", b"x"),
    "many headers": (b"GET / HTTP/1.1\r\n", b"X: y\r\n"),
}


@pytest.mark.parametrize(("begin", "more"), HEADS.values(), ids=HEADS)
def test_there_is_an_end_to_a_head(client: Client, begin: bytes, more: bytes) -> None:
    client.send(begin + more * (MOST_HEAD // len(more)))
    answer = client.read_answer()
    assert (answer.status, answer.header("Connection")) == (431, "close")


def test_a_head_of_the_largest_size_is_read_and_one_that_is_larger_refused_though_it_came_at_once(
    server: KeytrailServer,
) -> None:
    for size, status in ((MOST_HEAD - 100, 200), (MOST_HEAD, 431)):
        with Client(server) as client:
            client.send(kms("ListKeys", b"{}", f"X-Padding: {'x' * size}") + random_bytes(3))
            assert client.read_answer().status == status


def test_what_is_no_http_is_refused_after_the_answers_that_are_due_before(slow: SlowWork, client: Client) -> None:
    client.send(ENCRYPT + b"nonsense\r\n\r\n" + random_bytes(3))
    assert slow.begun.wait(20)
    slow.go_on.set()
    assert client.read_answer().status == 200
    answer = client.read_answer()
    assert (answer.status, answer.header("Connection")) == (400, "close")
    assert client.read_rest() == b""


# ---- The end of the server


def test_a_stop_answers_what_is_in_flight_and_closes_the_rest_at_once(slow: SlowWork, server: KeytrailServer) -> None:
    with (
        Client(server) as waiting,
        Client(server) as half,
        Client(server) as silent,
        ThreadPoolExecutor(1) as pool,
    ):
        waiting.send(ENCRYPT + random_bytes(3))
        half.send(random_bytes(6)[:-1])
        silent.send(random_bytes(9))
        assert count_of(silent.read_answer()) == 9
        assert slow.begun.wait(20)
        stopped = pool.submit(server.stop)
        assert silent.read_rest() == b""
        slow.go_on.set()
        answers = [waiting.read_answer(), waiting.read_answer()]
        half.send(b"}")
        answers.append(half.read_answer())
        assert [answer.header("Connection") for answer in answers] == [None, "close", "close"]
        assert [count_of(answer) for answer in answers[1:]] == [3, 6]
        assert waiting.read_rest() == half.read_rest() == b""
        stopped.result(0.9)
        server.start()


def test_a_stop_without_requests_in_flight_takes_no_time() -> None:
    server = KeytrailServer().start()
    with Client(server) as client:
        client.send(random_bytes(3))
        assert count_of(client.read_answer()) == 3
        begin = time.monotonic()
        server.stop()
        assert time.monotonic() - begin < 0.2


# ---- Flask, for the control API alone


def test_flask_is_imported_at_the_first_control_call() -> None:
    code = """
import sys, requests
from keytrail.server import KeytrailServer
def heavy(): return sorted({"flask", "werkzeug"} & set(sys.modules))
with KeytrailServer() as server:
    requests.post(server.url, timeout=5)
    print(heavy())
    requests.get(server.url + "/_keytrail/health", timeout=5)
    print(heavy())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["[]", "['flask', 'werkzeug']"]


def test_a_control_call_may_come_in_chunks_and_percent_encoded(server: KeytrailServer, client: Client) -> None:
    seed = json.dumps({"keys": [{"KeyId": OTHER_KEY}]}).encode()
    client.send(b"POST /%5fkeytrail/fixtures?account=44445555%36666 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    client.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(seed), seed))
    answer = client.read_answer()
    assert (answer.status, answer.header("Content-Type")) == (200, "application/json")
    assert post(server, "DescribeKey", {"KeyId": OTHER_KEY}, account="444455556666").status_code == 200


def test_a_control_call_that_fails_inside_closes_its_connection_and_is_logged(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(front.wsgi, "call", fail)
    client.send(b"GET /_keytrail/health HTTP/1.1\r\n\r\n")
    with pytest.raises((EOFError, ConnectionError)):
        client.read_answer()
    assert "ZeroDivisionError" in caplog.text


# ---- Where a request comes from

GUARDED_KEY = "eeee0001-12ab-34cd-56ef-1234567890ab"
GUARD = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "kms:Encrypt",
            "Resource": "*",
            "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.7"}},
        },
    ],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Forwarded-For", "203.0.113.7"),
        ("Forwarded", "for=203.0.113.7"),
        ("X-Real-IP", "203.0.113.7"),
        ("X-Client-IP", "203.0.113.7"),
        ("True-Client-IP", "203.0.113.7"),
    ],
)
def test_a_request_comes_from_the_address_of_its_connection_and_not_from_that_in_a_header(
    server: KeytrailServer, name: str, value: str
) -> None:
    """Any caller could write it: neither aws:SourceIp nor the trail may believe it."""
    server.load({"keys": [{"KeyId": GUARDED_KEY, "Policy": GUARD}]})
    answer = post(server, "Encrypt", {"KeyId": GUARDED_KEY, "Plaintext": b"x"}, headers={name: value})
    assert answer.status_code == 200, answer.text
    (record,) = server.events(requestID=answer.headers["x-amzn-RequestId"])
    assert record["sourceIPAddress"] == "127.0.0.1"
    url = f"{server.url}/_keytrail/explain?requestId={answer.headers['x-amzn-RequestId']}"
    (decision,) = requests.get(url, headers={name: value}, timeout=5).json()["decisions"]
    assert decision["context"]["aws:sourceip"] == ["127.0.0.1"]
