"""POST /: a WSGI request in, KMS's answer out.

Written against WSGI itself rather than as a Flask view: a view costs nine times as much as the answer.
Headers as recorded from AWS (Date and Server are the HTTP server's).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from keytrail.dispatch import Dispatcher, Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CONTROL = "/_keytrail"
"""Where the control API is; everything else is the service's."""

_SAME_HEADERS = (
    ("Cache-Control", "no-cache, no-store, must-revalidate, private"),
    ("Content-Type", "application/x-amz-json-1.1"),
    ("Expires", "0"),
    ("Pragma", "no-cache"),
)

_STATUS = {
    200: "200 OK",
    400: "400 Bad Request",
    404: "404 Not Found",
    413: "413 Request Entity Too Large",
    500: "500 Internal Server Error",
    503: "503 Service Unavailable",
}

_DRAINED = 64 * 1024 * 1024
"""Up to this size a body that is too large is read and dropped, so that the client hears the answer."""


def is_control(environ: "WSGIEnvironment") -> bool:
    """Whether a request is to the control API."""
    path: str = environ.get("PATH_INFO", "/")
    return path.startswith(CONTROL + "/")


def answer(dispatcher: Dispatcher, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer a request to the service, whatever its method and path."""
    is_service = environ["REQUEST_METHOD"] == "POST" and environ.get("PATH_INFO", "/") in ("/", "")
    request = Request(
        environ.get("HTTP_X_AMZ_TARGET", "") if is_service else "",
        _body(environ, dispatcher.settings.max_body),
        environ.get("HTTP_AUTHORIZATION", ""),
        environ.get("QUERY_STRING", ""),
        environ.get("REMOTE_ADDR", ""),
        environ.get("HTTP_USER_AGENT", ""),
    )
    response = dispatcher.answer(request)
    start_response(_STATUS[response.status], _headers(response))
    return [response.body if environ["REQUEST_METHOD"] != "HEAD" else b""]


def _headers(response: Response) -> list[tuple[str, str]]:
    return [
        *_SAME_HEADERS,
        ("Content-Length", str(len(response.body))),
        ("x-amzn-RequestId", response.request_id),
    ]


def _body(environ: "WSGIEnvironment", limit: int) -> bytes | None:
    """The request's body; None if it is larger than the limit."""
    stream: Any = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH")
    if length:
        size = int(length) if length.isdecimal() else 0
        if size <= limit:
            data = stream.read(size)
            return bytes(data)
        left = size
    elif environ.get("HTTP_TRANSFER_ENCODING"):
        body = bytes(stream.read(limit + 1))
        if len(body) <= limit:
            return body
        left = _DRAINED
    else:
        return b""
    while 0 < left <= _DRAINED:
        chunk = stream.read(min(left, 65536))
        if not chunk:
            break
        left -= len(chunk)
    return None
