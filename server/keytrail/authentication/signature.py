"""Checking the Signature Version 4 of a request.

Source: IAM User Guide, "Create a signed AWS API request"; the error messages as recorded from AWS.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from keytrail.authentication.canonical_request import canonical_request, headers_of, query_pairs
from keytrail.authentication.credential_scope import more_than_one
from keytrail.errors import (
    IncompleteSignatureException,
    InvalidSignatureException,
    MissingAuthenticationTokenException,
)
from keytrail.messages import Request

ALGORITHM = "AWS4-HMAC-SHA256"
_BASIC = "%Y%m%dT%H%M%SZ"  # the basic format of ISO 8601
_BASIC_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_TERMINATOR = "aws4_request"
_MAX_EXPIRES = 7 * 24 * 3600
_IN_QUERY = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
"""The parts of a signature in the query, besides X-Amz-Expires, in the order of the refusals."""
_ADDED_LATER = frozenset({"x-amz-security-token"})
"""Headers that may be added after signing."""

_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)


class Signature(NamedTuple):
    """The signature of a request, and what it was made from."""

    credential: str
    """Access key id and scope: `<id>/<date>/<region>/<service>/aws4_request`."""
    signed_headers: tuple[str, ...]
    signature: str
    signed_at: datetime
    token: str | None
    expires: str | None
    """X-Amz-Expires of a presigned request: for how many seconds it is valid; else None."""
    headers: Mapping[str, str]
    """The request's headers, as `headers_of` gives them."""


def read_signature(request: Request) -> Signature:
    """The signature of a request, from its Authorization header, else from its query.

    Raises IncompleteSignatureException if a part is missing, MissingAuthenticationTokenException if there is none, and
    InvalidSignatureException if there are two.
    """
    # unverified: that KMS answers as Kinesis does (mhart/kinesalite, test/connection.js); nothing of KMS was found
    headers = headers_of(request)
    query = dict(query_pairs(request.query)) if request.query else {}
    if request.authorization:
        if _IN_QUERY[0] in query:
            raise InvalidSignatureException(
                f"Found both '{_IN_QUERY[0]}' as a query-string param and 'Authorization' as HTTP header."
            )
        return _in_header(request.authorization, headers)
    if _IN_QUERY[0] not in query:
        raise MissingAuthenticationTokenException("Missing Authentication Token")
    return _in_query(query, headers)


def _in_header(text: str, headers: Mapping[str, str]) -> Signature:
    parts: dict[str, str] = {}
    date = headers.get("x-amz-date") or headers.get("date", "")
    if text.startswith("AWS4-"):
        for part in text.partition(" ")[2].replace(",", " ").split():
            name, separator, value = part.partition("=")
            if not separator:
                raise IncompleteSignatureException(
                    f"'{part}' not a valid key=value pair (missing equal-sign) in Authorization header: '{text}'."
                )
            if name in parts:
                raise more_than_one("Authorization header", name)
            parts[name] = value
    missing = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if not parts.get(name)
    ]
    if not date:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing:
        raise IncompleteSignatureException(f"{' '.join(missing)} Authorization={text}")
    return Signature(
        parts["Credential"],
        tuple(parts["SignedHeaders"].lower().split(";")),
        parts["Signature"],
        read_date(date),
        headers.get("x-amz-security-token"),
        None,
        headers,
    )


def _in_query(query: Mapping[str, str], headers: Mapping[str, str]) -> Signature:
    missing = [name for name in _IN_QUERY if not query.get(name)]
    if not missing and query[_IN_QUERY[0]] != ALGORITHM:
        missing = [_IN_QUERY[0]]
    if missing:
        sentences = [f"AWS query-string parameters must include '{name}'." for name in missing]
        raise IncompleteSignatureException(f"{' '.join(sentences)} Re-examine the query-string parameters.")
    _, credential, signature, signed_headers, date = (query[name] for name in _IN_QUERY)
    signed, token = tuple(signed_headers.lower().split(";")), query.get("X-Amz-Security-Token")
    return Signature(credential, signed, signature, read_date(date), token, query.get("X-Amz-Expires"), headers)


def check_signature(request: Request, parts: Signature, secret: str, service: str) -> None:
    """Raise InvalidSignatureException unless the request was signed with this secret for this service."""
    headers = parts.headers
    date, region, timestamp = _read_scope(parts.credential, service, parts.signed_at)
    _require_signed(headers, parts)
    try:
        canonical = canonical_request(request, headers, parts.signed_headers)
    except KeyError:
        # unverified: that AWS does not take a signed header that was not sent as an empty one; IAM's guide says only
        # that signed headers are in the request
        raise InvalidSignatureException(_MISMATCH) from None
    to_sign = "\n".join(
        (
            ALGORITHM,
            timestamp,
            f"{date}/{region}/{service}/{_TERMINATOR}",
            hashlib.sha256(canonical.encode()).hexdigest(),
        )
    )
    expected = hmac.new(_signing_key(secret, date, region, service), to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), parts.signature.encode()):
        raise InvalidSignatureException(_MISMATCH)


def check_age(parts: Signature, now: datetime, tolerance: timedelta) -> None:
    """Raise InvalidSignatureException for a signature that is too old, or from the future."""
    signed_at = parts.signed_at
    minutes = f"{tolerance // timedelta(minutes=1)} min."
    if signed_at > now + tolerance:
        raise InvalidSignatureException(
            f"Signature not yet current: {signed_at:{_BASIC}} is still later than {now + tolerance:{_BASIC}} "
            f"({now:{_BASIC}} + {minutes})"
        )
    if parts.expires is not None:
        seconds = int(parts.expires) if parts.expires.isdecimal() and len(parts.expires) < 9 else 0
        if not 1 <= seconds <= _MAX_EXPIRES:
            # unverified: the words; not in AWS's docs, recordings or issues
            raise InvalidSignatureException(f"X-Amz-Expires must be between 1 and {_MAX_EXPIRES} seconds")
        # unverified: the words for a presigned request; not in AWS's docs, recordings or issues
        tolerance, minutes = timedelta(seconds=seconds), f"{seconds} sec."
    if signed_at < now - tolerance:
        raise InvalidSignatureException(
            f"Signature expired: {signed_at:{_BASIC}} is now earlier than {now - tolerance:{_BASIC}} "
            f"({now:{_BASIC}} - {minutes})"
        )


def read_date(date: str) -> datetime:
    """The moment in an X-Amz-Date or Date header; raises IncompleteSignatureException if it is not one."""
    try:
        if _BASIC_DATE.fullmatch(date):
            return datetime.fromisoformat(date)
        from email.utils import parsedate_to_datetime

        return parsedate_to_datetime(date).astimezone(UTC)
    except ValueError:
        raise IncompleteSignatureException(
            f"Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"
        ) from None


def _read_scope(credential: str, service: str, moment: datetime) -> tuple[str, str, str]:
    """The date and the Region of a credential, and the moment of signing as the signature has it.

    Raises InvalidSignatureException if the scope is for another service or date.
    """
    words = credential.split("/")
    if len(words) < 5:
        raise IncompleteSignatureException(
            f"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{credential}'"
        )
    date, region, scope_service, terminator = words[-4:]
    timestamp = moment.isoformat(timespec="seconds").replace("-", "").replace(":", "")[:15] + "Z"
    wrong = ""
    if scope_service != service:
        wrong += f"Credential should be scoped to correct service: '{service}'. "
    if terminator != _TERMINATOR:
        wrong += f"Credential should be scoped with a valid terminator: '{_TERMINATOR}', not '{terminator}'. "
    if date != timestamp[:8]:
        wrong += (
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{date}' != '{timestamp[:8]}', from '{timestamp}'. "
        )
    if wrong:
        raise InvalidSignatureException(wrong)
    return date, region, timestamp


def _require_signed(headers: Mapping[str, str], parts: Signature) -> None:
    if "host" not in parts.signed_headers:
        raise InvalidSignatureException("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    unsigned = [
        name
        for name in headers
        if name.startswith("x-amz-") and name not in parts.signed_headers and name not in _ADDED_LATER
    ]
    if unsigned:  # unverified: the words; not in AWS's docs, recordings or issues
        raise InvalidSignatureException(f"'{unsigned[0]}' must be a 'SignedHeader' in the AWS Authorization.")


@lru_cache(maxsize=1024)  # saves 9 us of the 110 or so of a request whose signature is checked
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for word in (date, region, service, _TERMINATOR):
        key = hmac.digest(key, word.encode(), "sha256")
    return key
