"""HttpClient: requests to the control API of a server that runs elsewhere, by HTTP or HTTPS."""

from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit


class Answer(NamedTuple):
    """An answer of the control API."""

    status: int
    media_type: str
    body: bytes


_TIMEOUT = 60.0
"""Seconds to wait for an answer: a large seed takes a while."""


class HttpClient:
    """Asks the server at a URL. Each request has a connection of its own, and no proxy."""

    def __init__(self, url: str, token: str, ca_file: str | None) -> None:
        """Ask with this bearer token, if it is not empty, and trust the authority in a PEM file; None: the machine's.

        Raises ValueError for a URL that is not one of HTTP or HTTPS.
        """
        self.url = url.rstrip("/")
        self._token = token
        self.ca_file = ca_file
        self._place = urlsplit(self.url)
        if self._place.scheme not in ("http", "https") or not self._place.hostname:
            raise ValueError(f"expected the URL of a Keytrail server, such as http://127.0.0.1:4599, got {url!r}")

    @property
    def host(self) -> str:
        """The server's name or address."""
        return str(self._place.hostname)

    @property
    def is_secure(self) -> bool:
        """Whether it speaks HTTPS."""
        return self._place.scheme == "https"

    def exchange(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | None] = {},
        body: bytes | None = None,
        kind: str = "application/json",
        accept: str = "application/json",
    ) -> Answer:
        """The answer to a request; the path is below /_keytrail/. Raises ConnectionError.

        A parameter of the query that is None is left out; `kind` is the media type of the body, `accept` that of the
        answer, where the server has several.
        """
        parameters = urlencode({name: value for name, value in query.items() if value is not None})
        target = f"{self._place.path}/_keytrail/{path}{'?' if parameters else ''}{parameters}"
        headers = {"Accept": accept, **({"Authorization": f"Bearer {self._token}"} if self._token else {})}
        if body is not None:
            headers["Content-Type"] = kind
        try:
            with closing(self._connection()) as connection:
                connection.request(method, target, body, headers)
                answer = connection.getresponse()
                return Answer(answer.status, answer.headers.get_content_type(), answer.read())
        except (OSError, HTTPException) as error:
            raise ConnectionError(f"no Keytrail answers at {self.url}: {error or type(error).__name__}") from None

    def _connection(self) -> HTTPConnection:
        if not self.is_secure:
            return HTTPConnection(self.host, self._place.port, timeout=_TIMEOUT)
        import ssl

        context = ssl.create_default_context(cafile=self.ca_file)
        return HTTPSConnection(self.host, self._place.port, timeout=_TIMEOUT, context=context)
