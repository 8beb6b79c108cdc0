"""POST /: an HTTP request in, KMS's answer out.

Not a Flask view: a view costs nine times as much as the answer. The headers are those recorded from AWS and no
others; Date is the HTTP server's.
"""

import time
from collections.abc import Iterable, Iterator
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from keytrail.authentication.canonical_request import Sent
from keytrail.dispatch import Dispatcher, Request, Response, Struck, Unfinished
from keytrail.faults import Plan

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


def respond(dispatcher: Dispatcher, method: str, path: str, request: Request) -> Response | Unfinished | Struck:
    """Answer a request to the service; any method and path but POST / name no operation of a JSON service."""
    if method != "POST" or path not in ("/", ""):
        request = request._replace(target="")
    return dispatcher.answer(request)


def headers(response: Response) -> list[tuple[str, str]]:
    """The headers that go with an answer, but for Date."""
    return [
        *(XML_HEADERS if response.xml else JSON_HEADERS if response.plain_json else SAME_HEADERS),
        ("Content-Length", str(len(response.body))),
        ("x-amzn-RequestId", response.request_id),
    ]


def answer(dispatcher: Dispatcher, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """The same for WSGI."""
    method = environ["REQUEST_METHOD"]
    request = Request(
        environ.get("HTTP_X_AMZ_TARGET", ""),
        _body(environ, dispatcher.settings.max_body),
        environ.get("HTTP_AUTHORIZATION", ""),
        environ.get("QUERY_STRING", ""),
        environ.get("REMOTE_ADDR", ""),
        environ.get("HTTP_USER_AGENT", ""),
        partial(_sent, environ),
    )
    response = respond(dispatcher, method, environ.get("PATH_INFO", "/"), request)
    plan = None
    if isinstance(response, Struck):
        response, plan = response
    if isinstance(response, Unfinished):
        response = response.finish()
    if plan is not None:
        return _struck(response, plan, start_response)
    start_response(f"{response.status} {HTTPStatus(response.status).phrase}", headers(response))
    return [response.body if method != "HEAD" else b""]


def _struck(response: Response, plan: Plan, start_response: "StartResponse") -> Iterable[bytes]:
    """An answer that a fault delays, cuts or forbids. WSGI cannot close a connection, but what it raises does.

    Raises ConnectionAbortedError.
    """
    time.sleep(plan.delay)
    if plan.drop:
        raise ConnectionAbortedError("a fault rule drops this connection")
    start_response(f"{response.status} {HTTPStatus(response.status).phrase}", headers(response))
    if plan.truncate is not None and response.body:
        return _broken_off(plan.cut(response.body))
    return [response.body]


def _broken_off(part: bytes) -> Iterator[bytes]:
    yield part
    raise ConnectionAbortedError("a fault rule cuts this answer")


def _sent(environ: "WSGIEnvironment") -> Sent:
    headers = [(name[5:].replace("_", "-"), value) for name, value in environ.items() if name.startswith("HTTP_")]
    headers += [
        (name.replace("_", "-"), environ[name]) for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)
    ]
    path = environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ.get("PATH_INFO", "/")
    return Sent(environ["REQUEST_METHOD"], path.partition("?")[0], headers)


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
