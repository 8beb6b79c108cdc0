"""What goes with an answer of KMS, CloudTrail or STS over HTTP, as it was recorded from AWS.

Source: kms-behaviour A.2, for the names in their case and order. AWS sends neither Server nor Connection, and no
x-amzn-ErrorType.
"""

from http import HTTPStatus

from keytrail.messages import Content, Response

Headers = list[tuple[str, str]]
"""Names, in the case in which they are sent, and values."""

_NOT_CACHED = (
    ("Cache-Control", "no-cache, no-store, must-revalidate, private"),
    ("Expires", "0"),
    ("Pragma", "no-cache"),
)

_CACHING: dict[Content, tuple[tuple[str, str], ...]] = {
    Content.AWS_JSON: _NOT_CACHED,  # unverified: that CloudTrail sends them too
    Content.JSON: (),
    Content.XML: (),
}
"""What an answer says about caches: STS nothing."""

STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
"""Status codes with their phrases."""


def headers_of(response: Response, date: str | None = None) -> Headers:
    """The headers of an answer, in the order of AWS. Without a date it is the HTTP server that adds Date."""
    # unverified: that the headers of CloudTrail and STS have the order of KMS's
    return [
        ("x-amzn-RequestId", response.request_id),
        *_CACHING[response.content],
        *([("Date", date)] if date is not None else []),
        ("Content-Type", response.content.value),
        ("Content-Length", str(len(response.body))),
    ]
