"""WSGI (PEP 3333): environs out of requests, requests out of environs, and an application's answer as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest

from keytrail.http import wsgi
from keytrail.messages import Request


def asked(path: str = "/_keytrail/health", query: str = "", body: bytes = b"", **headers: str) -> Request:
    fields = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request("POST", path, query, fields, body, "192.0.2.7")


def test_an_environ_has_the_path_decoded_and_the_query_as_sent() -> None:
    environ = wsgi.environ_of(asked("/_keytrail/f%C3%A4%2Fx", "a=%31&b"))
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/_keytrail/fä/x"
    assert (environ["QUERY_STRING"], environ["REQUEST_METHOD"], environ["REMOTE_ADDR"]) == (
        "a=%31&b",
        "POST",
        "192.0.2.7",
    )


def test_an_environ_has_the_headers_by_their_names_in_wsgi() -> None:
    request = Request("GET", "/", "", [(b"content-type", b"text/x"), (b"x-y", b"\xe4"), (b"x-y", b"2")])
    environ = wsgi.environ_of(request)
    assert (environ["CONTENT_TYPE"], environ["HTTP_X_Y"]) == ("text/x", "ä,2")


@pytest.mark.parametrize("header", [{"content_length": "3"}, {"transfer_encoding": "chunked"}])
def test_an_environ_has_the_body_whole_however_it_was_sent(header: dict[str, str]) -> None:
    environ = wsgi.environ_of(asked(body=b"abc", **header))
    assert (environ["CONTENT_LENGTH"], environ["wsgi.input"].read()) == ("3", b"abc")
    assert "HTTP_TRANSFER_ENCODING" not in environ


def test_an_answer_is_read_whole_and_closed() -> None:
    closed = []

    class Pieces:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"a", b"b"])

        def close(self) -> None:
            closed.append(True)

    def application(environ: Any, start_response: Any) -> Pieces:
        start_response("404 Not Found", [("X-Y", "z")])(b"written ")
        return Pieces()

    assert wsgi.call(application, asked()) == (404, [("X-Y", "z"), ("Content-Length", "10")], b"written ab")
    assert closed


def test_an_application_that_fails_while_it_answers_is_closed_too() -> None:
    def application(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"a"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        wsgi.call(application, asked())


def environ(body: bytes, **more: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        **more,
    }


def test_a_request_out_of_an_environ_has_what_was_sent() -> None:
    request = wsgi.request_of(
        environ(b"{}", RAW_URI="/%41?b=%43", QUERY_STRING="b=%43", HTTP_X_AMZ_TARGET="x", REMOTE_ADDR="192.0.2.7"), 10
    )
    assert (request.path, request.query, request.body, request.source_ip) == ("/%41", "b=%43", b"{}", "192.0.2.7")
    assert request.header(b"x-amz-target") == "x"


def test_a_body_that_is_too_large_is_drained_and_none() -> None:
    large = environ(bytes(200_000))
    assert wsgi.request_of(large, 100_000).body is None
    assert large["wsgi.input"].read() == b""
    assert wsgi.request_of(environ(bytes(100_000)), 100_000).body == bytes(100_000)


def test_the_source_of_a_request_is_the_servers_and_no_headers() -> None:
    """A WSGI server that stands behind a proxy it trusts sets REMOTE_ADDR itself."""
    environ = wsgi.environ_of(
        asked(x_forwarded_for="203.0.113.7", forwarded="for=203.0.113.7", x_real_ip="203.0.113.7")
    )
    assert wsgi.request_of(environ, 100).source_ip == "192.0.2.7"
