"""The canonical form of a request, which Signature Version 4 signs.

Source: IAM User Guide, "Create a signed AWS API request", the step "Create a canonical request".
"""

import hashlib
from collections.abc import Mapping, Sequence
from urllib.parse import quote, unquote

from keytrail.messages import Request

_UNRESERVED = "-_.~"


def canonical_request(request: Request, headers: Mapping[str, str], signed_headers: Sequence[str]) -> str:
    """The canonical form of a request; `headers` are those of `headers_of`.

    Raises KeyError if a signed header is not among them.
    """
    return "\n".join(
        (
            request.method,
            _canonical_path(request.path),
            _canonical_query(request.query),
            *[f"{name}:{headers[name]}" for name in signed_headers],
            "",
            ";".join(signed_headers),
            hashlib.sha256(request.body or b"").hexdigest(),
        )
    )


def headers_of(request: Request) -> dict[str, str]:
    """A request's headers by name in lower case.

    Values are without outer and repeated spaces; those of the same name are joined by commas.
    """
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.headers:
        name, value = raw_name.decode("latin-1"), " ".join(raw_value.decode("latin-1").split())
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _canonical_path(path: str) -> str:
    """The path as services other than S3 sign it: without `.`, `..` and repeated slashes, and encoded once more."""
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(quote(segment, safe=_UNRESERVED))
    end = "/" if segments and path.endswith("/") else ""
    return f"/{'/'.join(segments)}{end}"


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
    """The names and values of a query string, decoded, in order."""
    pairs = []
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        pairs.append((unquote(name), unquote(value)))
    return pairs
