"""WSGI (PEP 3333): a Request out of an environ, and an environ out of a Request."""

import sys
from collections.abc import Callable
from io import BytesIO
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from keytrail.http.request_reader import DRAIN_LIMIT
from keytrail.http.responses import Headers
from keytrail.messages import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_UNPREFIXED = {"CONTENT_TYPE", "CONTENT_LENGTH"}
"""Headers that an environ has without HTTP_."""


def request_of(environ: "WSGIEnvironment", max_body: int) -> Request:
    """The request that an environ is; its body is None if it is larger than `max_body` bytes."""
    path = environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ.get("PATH_INFO", "/")
    named = [(name[5:], value) for name, value in environ.items() if name.startswith("HTTP_")]
    named += [(name, environ[name]) for name in _UNPREFIXED if environ.get(name)]
    return Request(
        environ["REQUEST_METHOD"],
        path.partition("?")[0],
        environ.get("QUERY_STRING", ""),
        [(name.replace("_", "-").lower().encode("latin-1"), value.encode("latin-1")) for name, value in named],
        _body(environ, max_body),
        environ.get("REMOTE_ADDR", ""),
    )


def _body(environ: "WSGIEnvironment", limit: int) -> bytes | None:
    stream = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH") or (str(limit + 1) if environ.get("HTTP_TRANSFER_ENCODING") else "0")
    size = int(length) if length.isdecimal() else 0
    body = bytes(stream.read(min(size, limit + 1)))
    left = min(size, DRAIN_LIMIT) - len(body)
    while len(body) > limit and left > 0 and (piece := stream.read(min(left, 65536))):
        left -= len(piece)
    return body if len(body) <= limit else None


def call(application: "WSGIApplication", request: Request) -> tuple[int, Headers, bytes]:
    """The status, the headers and the whole body with which an application answers a request."""
    started: list[tuple[str, Headers]] = []
    pieces: list[bytes] = []

    def start_response(
        status: str,
        headers: Headers,
        exc_info: tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None = None,
    ) -> Callable[[bytes], object]:
        started.append((status, headers))
        return pieces.append

    answer = application(environ_of(request), start_response)
    try:
        pieces += answer
    finally:
        if hasattr(answer, "close"):
            answer.close()
    status, headers = started[-1]
    body = b"".join(pieces)
    if not any(name.lower() == "content-length" for name, _ in headers):
        headers = [*headers, ("Content-Length", str(len(body)))]
    return int(status.split()[0]), headers, body


def environ_of(request: Request) -> "WSGIEnvironment":
    """The environ of a request whose body has been read."""
    body = request.body or b""
    environ: dict[str, object] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "REMOTE_ADDR": request.source_ip,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "443" if request.scheme == "https" else "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in request.headers:
        name, value = raw_name.decode("latin-1").upper().replace("-", "_"), raw_value.decode("latin-1")
        if name not in _UNPREFIXED:
            name = f"HTTP_{name}"
        environ[name] = f"{environ[name]},{value}" if name in environ else value
    # What came in chunks has its length by now.
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    return environ
