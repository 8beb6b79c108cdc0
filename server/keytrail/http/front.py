"""POST /: an HTTP request in, KMS's answer out.

Not a Flask view: a view costs nine times as much as the answer. The headers are those recorded from AWS and no
others; Date is the HTTP server's.
"""

import time
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from keytrail.dispatch import Dispatcher
from keytrail.messages import AS_EVER, Content, Delivery, Later, Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CONTROL = "/_keytrail"
"""Where the control API is; everything else is the service's."""

SAME_HEADERS = (
    ("Cache-Control", "no-cache, no-store, must-revalidate, private"),
    ("Content-Type", "application/x-amz-json-1.1"),
    ("Expires", "0"),
    ("Pragma", "no-cache"),
)

XML_HEADERS = (("Content-Type", "text/xml"),)
"""Of STS, as recorded from AWS."""

JSON_HEADERS = (("Content-Type", "application/json"),)
"""Of STS where JSON is asked for."""

MOST_DRAINED = 64 * 1024 * 1024
"""Up to this size a body that is too large is read and dropped, so that the client hears the answer."""


def is_control(path: str) -> bool:
    """Whether a path is one of the control API."""
    return path.startswith(CONTROL + "/")


HEADERS = {Content.AWS_JSON: SAME_HEADERS, Content.XML: XML_HEADERS, Content.JSON: JSON_HEADERS}
"""By what the body is."""


def headers(response: Response) -> list[tuple[str, str]]:
    """The headers that go with an answer, but for Date."""
    return [
        *HEADERS[response.content],
        ("Content-Length", str(len(response.body))),
        ("x-amzn-RequestId", response.request_id),
    ]


def answer(dispatcher: Dispatcher, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """The same for WSGI."""
    path = environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ.get("PATH_INFO", "/")
    response = dispatcher.answer(
        Request(
            environ["REQUEST_METHOD"],
            path.partition("?")[0],
            environ.get("QUERY_STRING", ""),
            _headers(environ),
            _body(environ, dispatcher.settings.max_body),
            environ.get("REMOTE_ADDR", ""),
        )
    )
    if isinstance(response, Later):
        response = response.work()
    if response.delivery is not AS_EVER:
        return _delivered(response, response.delivery, start_response)
    start_response(f"{response.status} {HTTPStatus(response.status).phrase}", headers(response))
    return [response.body if environ["REQUEST_METHOD"] != "HEAD" else b""]


def _delivered(response: Response, delivery: Delivery, start_response: "StartResponse") -> Iterable[bytes]:
    """An answer that a fault delays, cuts or forbids. WSGI cannot close a connection, but what it raises does.

    Raises ConnectionAbortedError.
    """
    time.sleep(delivery.delay)
    if delivery.drop:
        raise ConnectionAbortedError("a fault rule drops this connection")
    start_response(f"{response.status} {HTTPStatus(response.status).phrase}", headers(response))
    if delivery.truncate is not None and response.body:
        return _broken_off(delivery.part_of(response.body))
    return [response.body]


def _broken_off(part: bytes) -> Iterator[bytes]:
    yield part
    raise ConnectionAbortedError("a fault rule cuts this answer")


def _headers(environ: "WSGIEnvironment") -> list[tuple[bytes, bytes]]:
    named = [(name[5:], value) for name, value in environ.items() if name.startswith("HTTP_")]
    named += [(name, environ[name]) for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)]
    return [(name.replace("_", "-").lower().encode("latin-1"), value.encode("latin-1")) for name, value in named]


def _body(environ: "WSGIEnvironment", limit: int) -> bytes | None:
    """The request's body; None if it is larger than the limit."""
    stream = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH") or (str(limit + 1) if environ.get("HTTP_TRANSFER_ENCODING") else "0")
    size = int(length) if length.isdecimal() else 0
    body = bytes(stream.read(min(size, limit + 1)))
    left = min(size, MOST_DRAINED) - len(body)
    while len(body) > limit and left > 0 and (piece := stream.read(min(left, 65536))):
        left -= len(piece)
    return body if len(body) <= limit else None
