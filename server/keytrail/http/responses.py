"""What goes with an answer over HTTP, as it was recorded from AWS.

Source: kms-behaviour A.2, for the names in their case and order; for CloudTrail and STS, answers of 2026-09
(radkawar/stackd, cloudtrail/owned_service_principal.json and service_management_events.json). There is no Server, no
x-amzn-ErrorType, and no Connection, though an answer of KMS of 2026-09 has `Connection: keep-alive`
(radkawar/stackd, appconfig/kms_context_native.json): to HTTP/1.1 it says nothing.
"""

from collections.abc import Mapping
from http import HTTPStatus

from keytrail.messages import JSON, JSON_11, Content, Response

Headers = list[tuple[str, str]]
"""Names, in the case in which they are sent, and values."""

_CACHE = ("Cache-Control", "no-cache, no-store, must-revalidate, private")
_EXPIRES, _PRAGMA = ("Expires", "0"), ("Pragma", "no-cache")
"""What KMS says about caches. CloudTrail and STS say nothing."""

_KMS_TYPE = ("Content-Type", JSON_11)
_TYPES: Mapping[Content, Headers] = {
    Content.JSON_11: [("Content-Type", JSON_11)],
    Content.XML: [("Content-Type", "text/xml")],
    Content.JSON: [("Content-Type", JSON)],
    Content.CBOR: [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")],
    Content.EC2: [("Cache-Control", "no-cache, no-store"), ("Content-Type", "text/xml;charset=UTF-8")],
    Content.REST_JSON: [("Content-Type", JSON)],
    Content.FRONT_END: [],
}

STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
"""Status codes with their phrases."""


def headers_of(response: Response, date: str | None = None) -> Headers:
    """The headers of an answer, in the order of AWS. Without a date it is the HTTP server that adds Date."""
    request_id, length = ("x-amzn-RequestId", response.request_id), ("Content-Length", str(len(response.body)))
    if response.content is Content.KMS:
        if date is not None:
            return [request_id, _CACHE, _EXPIRES, _PRAGMA, ("Date", date), _KMS_TYPE, length]
        return [request_id, _CACHE, _EXPIRES, _PRAGMA, _KMS_TYPE, length]
    error_type = [("x-amzn-ErrorType", response.error_type)] if response.error_type else []
    dates = [("Date", date)] if date is not None else []
    return [request_id, *_TYPES[response.content], *error_type, length, *dates]
