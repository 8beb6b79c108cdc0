"""The canonical form of a request: what both sides of a signature sign.

Source: IAM User Guide, "Create a signed AWS API request", the step "Create a canonical request".
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol
from urllib.parse import quote, unquote

_UNRESERVED = "-_.~"


class Sent(NamedTuple):
    """Of an HTTP request, what only a signature asks for: nothing here is decoded or put in order."""

    method: str
    path: str
    headers: Sequence[tuple[str, str]]
    """Names in any case."""


class Signed(Protocol):
    """A request, as far as signatures go."""

    @property
    def authorization(self) -> str:
        """The Authorization header, or nothing."""

    @property
    def query(self) -> str:
        """What follows the question mark, as it was sent."""

    @property
    def body(self) -> bytes | None:
        """None: it was too large to be read."""

    @property
    def sent(self) -> Callable[[], Sent]:
        """Gives the rest, when somebody wants to know."""


def canonical_request(request: Signed, headers: Mapping[str, str], signed_headers: Sequence[str]) -> str:
    """The request in canonical form, with the headers that are signed."""
    sent = request.sent()
    return "\n".join(
        (
            sent.method,
            _canonical_path(sent.path),
            _canonical_query(request.query),
            *[f"{name}:{headers.get(name, '')}" for name in signed_headers],
            "",
            ";".join(signed_headers),
            hashlib.sha256(request.body or b"").hexdigest(),
        )
    )


def headers_of(sent: Sent) -> dict[str, str]:
    """Values by names in lower case, without outer and doubled spaces; several of one name joined by commas."""
    headers: dict[str, str] = {}
    for name, value in sent.headers:
        name, value = name.lower(), " ".join(value.split())
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _canonical_path(path: str) -> str:
    """The path as services other than S3 sign it: without `.`, `..` and doubled slashes, and encoded once more."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(quote(segment, safe=_UNRESERVED))
    end = "/" if kept and path.endswith("/") else ""
    return f"/{'/'.join(kept)}{end}"


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    encoded = [
        (quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED))
        for name, value in query_pairs(query)
        if name != "X-Amz-Signature"
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def query_pairs(query: str) -> list[tuple[str, str]]:
    """Names and values of a query, decoded, as they stand in it."""
    found = []
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        found.append((unquote(name), unquote(value)))
    return found
