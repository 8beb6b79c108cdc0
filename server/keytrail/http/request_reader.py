"""Bytes of HTTP -> Requests, by httptools (llhttp, the parser of Node.js)."""

from collections.abc import Callable
from urllib.parse import unquote

import httptools

from keytrail.messages import Request

CONTROL = "/_keytrail"
"""Where the control API is; everything else is the service's."""

CONSOLE = f"{CONTROL}/console"
"""Where the console's pages are, besides `/`."""

# unverified: that KMS takes as much; an Application Load Balancer does
MOST_HEAD = 64 * 1024
"""Bytes of a request's line and headers."""

CONTROL_BODY_LIMIT = 64 * 1024 * 1024
"""Bytes of the largest body that the control API takes."""

DRAIN_LIMIT = 64 * 1024 * 1024
"""Bytes of a body too large for its purpose that are read and dropped, so that the client can read the answer."""


def is_control(path: str) -> bool:
    """Whether a path, percent-encoded or not, is one of the control API."""
    return path != "/" and unquote(path).startswith(CONTROL + "/")


def is_console(method: str, path: str, accept: str) -> bool:
    """Whether a request is a browser's for a page of the console, if there is one."""
    if path == "/":
        return method in ("GET", "HEAD") and "text/html" in accept
    return unquote(path).startswith(CONSOLE + "/")


class Refused(Exception):
    """What has come is no request that anybody could answer. `status` is that of the answer, its message the text."""

    def __init__(self, status: int, text: str) -> None:
        """Refuse with this status and this text."""
        super().__init__(text)
        self.status = status


class RequestReader:
    """Reads the requests of one connection.

    `take` is called with each request as soon as it is complete, and with whether the connection may be kept. The body
    of a request that is too large is None: there are bounds for KMS's and for the control API's.
    """

    def __init__(
        self, take: Callable[[Request, bool], None], source_ip: str, max_body: int, scheme: str = "http"
    ) -> None:
        """Read requests that come from this address under this scheme, with bodies of so many bytes at most."""
        self._scheme = scheme
        self._take = take
        self._source_ip = source_ip
        self._max_body = max_body
        self._parser = httptools.HttpRequestParser(self)
        self.in_request = False
        """Whether a part of a request has come, and not yet all of it."""
        self.wants_continue = False
        """Whether the client waits for leave to send the body."""
        self.ended = False
        """Whether what comes is dropped, since the last request has come."""
        self._received = 0
        self._method = self._url = b""
        self._coming: list[tuple[bytes, bytes]] = []
        self._headers: list[tuple[bytes, bytes]] | None = None
        self._path = self._query = ""
        self._limit = 0
        self._body: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Read on. Raises Refused; from then on what comes is dropped."""
        if self.ended:
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            again = self._head_without_upgrade() + data[upgrade.args[0] :]
            self._parser = httptools.HttpRequestParser(self)
            self.feed(again)
            return
        except httptools.HttpParserCallbackError as error:
            raise error.__context__ or error from None
        except httptools.HttpParserError:
            if not self.ended:  # after `Connection: close` nothing may come, and if it does it is dropped
                raise _no_request() from None
        if self.in_request:
            self._check_size_so_far()

    def close(self) -> None:
        """Drop what comes from now on."""
        self.ended = True
        del self._parser, self._take  # they know us

    def _head_without_upgrade(self) -> bytes:
        """The head of the request, without its wish for another protocol, of which no notice is taken.

        RFC 9110 section 7.8. The parser would not read a body: the JDK's client asks for HTTP/2 in its first request.
        """
        line = b"%s %s HTTP/%s" % (self._method, self._url, self._parser.get_http_version().encode())
        fields = [b"%s: %s" % field for field in self._headers or () if field[0] != b"upgrade"]
        return b"\r\n".join([line, *fields, b"", b""])

    def _check_size_so_far(self) -> None:
        """Refuse a request of which a part has come if all of it will be too large."""
        if self._headers is None:
            if self._received > MOST_HEAD:
                raise _head_too_large()
            return
        announced = 0
        for name, value in self._headers:
            if name == b"content-length":
                announced = int(value)
            elif name == b"expect" and self._size == 0 and self._parser.get_http_version() != "1.0":
                self.wants_continue = value.lower() == b"100-continue"
        # What is received besides the body, extensions of chunks and trailers, has an end too.
        if max(announced, self._size, self._received - DRAIN_LIMIT) > DRAIN_LIMIT:
            self._complete(None, keep_alive=False)

    def _complete(self, body: bytes | None, *, keep_alive: bool) -> None:
        self.ended = not keep_alive
        headers = self._headers or ()
        method = self._method.decode("ascii")
        request = Request(method, self._path, self._query, headers, body, self._source_ip, self._scheme)
        self._take(request, keep_alive)

    # ---- What the parser calls. What these raise comes out of feed_data as a HttpParserCallbackError.

    def on_message_begin(self) -> None:
        """A request begins."""
        self.in_request = True
        self.wants_continue = False
        self._url = b""
        self._coming = []
        self._headers = None
        self._body = []
        self._size = 0

    def on_url(self, part: bytes) -> None:
        """A part of the target."""
        self._url += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or one of a trailer, which nobody reads."""
        self._coming.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """All headers have come."""
        self._headers, self._coming = self._coming, []
        url = self._url
        self._method = self._parser.get_method()
        if self._received > MOST_HEAD and _size_of(url, self._headers) > MOST_HEAD:
            raise _head_too_large()
        if url == b"/":
            self._path, self._query, self._limit = "/", "", self._max_body
            return
        try:
            target = httptools.parse_url(url)
        except httptools.HttpParserInvalidURLError:
            raise _no_request() from None
        if self._method == b"CONNECT":
            raise _no_request()
        self._path = (target.path or b"").decode("latin-1")
        self._query = (target.query or b"").decode("latin-1")
        self._limit = CONTROL_BODY_LIMIT if is_control(self._path) else self._max_body

    def on_body(self, part: bytes) -> None:
        """A part of the body."""
        self._size += len(part)
        if self._size <= self._limit:
            self._body.append(part)

    def on_message_complete(self) -> None:
        """The request is complete, unless it asks for another protocol: then it is read again without."""
        self.in_request = False
        self._received = 0
        if not self.ended and not self._parser.should_upgrade():
            # unverified: that KMS closes a connection of HTTP/1.0 whatever its client asks for; not in AWS's docs
            keep_alive = self._parser.should_keep_alive() and self._parser.get_http_version() != "1.0"
            self._complete(b"".join(self._body) if self._size <= self._limit else None, keep_alive=keep_alive)


def _no_request() -> Refused:
    return Refused(400, "Invalid HTTP request received.")


def _head_too_large() -> Refused:
    return Refused(431, f"The request's line and headers are larger than {MOST_HEAD} bytes.")


def _size_of(url: bytes, headers: list[tuple[bytes, bytes]]) -> int:
    return len(url) + sum(len(name) + len(value) for name, value in headers)
