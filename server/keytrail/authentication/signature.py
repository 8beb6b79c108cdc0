"""Signature Version 4, worked out again from what was sent, with the secret that only the two sides know.

Source: IAM User Guide, "Create a signed AWS API request"; the words of refusals as recorded from AWS.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from keytrail.authentication.canonical_request import canonical_request, headers_of, query_pairs
from keytrail.errors import IncompleteSignatureException, InvalidSignatureException
from keytrail.messages import Request

ALGORITHM = "AWS4-HMAC-SHA256"
_BASIC = "%Y%m%dT%H%M%SZ"
_BASIC_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_TERMINATOR = "aws4_request"
_LONGEST_EXPIRES = 7 * 24 * 3600
_ADDED_LATER = frozenset({"x-amz-security-token"})
"""Headers that may be added after the signature was made."""

_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)


class Signature(NamedTuple):
    """The parts of a signature. A presigned request is good for `expires` seconds; others have None there."""

    credential: str
    signed_headers: tuple[str, ...]
    signature: str
    moment: datetime
    token: str | None
    expires: str | None
    headers: Mapping[str, str]
    """Those of the request, as a signature wants them."""


def read_signature(request: Request) -> Signature:
    """The parts of a request's signature, from its header or else from its query.

    Raises IncompleteSignatureException where one is missing.
    """
    headers = headers_of(request)
    if request.authorization:
        return _in_header(request.authorization, headers)
    return _in_query(dict(query_pairs(request.query)), headers)


def _in_header(text: str, headers: Mapping[str, str]) -> Signature:
    parts: dict[str, str] = {}
    date = headers.get("x-amz-date") or headers.get("date", "")
    if text.startswith(ALGORITHM):
        for part in text.removeprefix(ALGORITHM).replace(",", " ").split():
            name, found, value = part.partition("=")
            if not found:
                raise IncompleteSignatureException(
                    f"'{part}' not a valid key=value pair (missing equal-sign) in Authorization header: '{text}'."
                )
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
        moment_of(date),
        headers.get("x-amz-security-token"),
        None,
        headers,
    )


def _in_query(query: Mapping[str, str], headers: Mapping[str, str]) -> Signature:
    needed = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
    if not all(query.get(name) for name in (*needed, "X-Amz-Expires")) or query[needed[0]] != ALGORITHM:
        raise IncompleteSignatureException(
            "AWS query-string parameters must include 'X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature', "
            "'X-Amz-SignedHeaders', 'X-Amz-Date' and 'X-Amz-Expires'. Re-examine the query-string parameters."
        )  # unverified: the words
    _, credential, signature, signed_headers, date = (query[name] for name in needed)
    signed, token = tuple(signed_headers.lower().split(";")), query.get("X-Amz-Security-Token")
    return Signature(credential, signed, signature, moment_of(date), token, query["X-Amz-Expires"], headers)


def check_signature(request: Request, parts: Signature, secret: str, service: str) -> None:
    """Raise InvalidSignatureException unless the request was signed with this secret for this service."""
    moment, headers = parts.moment, parts.headers
    date, region, at = _scope(parts.credential, service, moment)
    _require_signed(headers, parts)
    canonical = canonical_request(request, headers, parts.signed_headers)
    to_sign = "\n".join(
        (
            ALGORITHM,
            at,
            f"{date}/{region}/{service}/{_TERMINATOR}",
            hashlib.sha256(canonical.encode()).hexdigest(),
        )
    )
    right = hmac.new(_signing_key(secret, date, region, service), to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), parts.signature.encode()):
        raise InvalidSignatureException(_MISMATCH)


def check_age(parts: Signature, now: datetime, tolerance: timedelta) -> None:
    """Raise InvalidSignatureException for a signature that is too old by now, or lies in the future."""
    moment = parts.moment
    minutes = f"{tolerance // timedelta(minutes=1)} min."
    if moment > now + tolerance:
        raise InvalidSignatureException(
            f"Signature not yet current: {moment:{_BASIC}} is still later than {now + tolerance:{_BASIC}} "
            f"({now:{_BASIC}} + {minutes})"
        )
    if parts.expires is not None:
        seconds = int(parts.expires) if parts.expires.isdecimal() and len(parts.expires) < 9 else 0
        if not 1 <= seconds <= _LONGEST_EXPIRES:
            raise InvalidSignatureException(  # unverified: the words
                f"X-Amz-Expires must be between 1 and {_LONGEST_EXPIRES} seconds"
            )
        # unverified: the words for a presigned request
        tolerance, minutes = timedelta(seconds=seconds), f"{seconds} sec."
    if moment < now - tolerance:
        raise InvalidSignatureException(
            f"Signature expired: {moment:{_BASIC}} is now earlier than {now - tolerance:{_BASIC}} "
            f"({now:{_BASIC}} - {minutes})"
        )


def moment_of(date: str) -> datetime:
    """When the request was signed. Raises IncompleteSignatureException for what is no moment."""
    try:
        if _BASIC_DATE.fullmatch(date):
            return datetime.fromisoformat(date)
        from email.utils import parsedate_to_datetime

        return parsedate_to_datetime(date).astimezone(UTC)
    except ValueError:
        raise IncompleteSignatureException(
            f"Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"
        ) from None


def _scope(credential: str, service: str, moment: datetime) -> tuple[str, str, str]:
    """Date and Region of the scope, once it is one for this service and moment; and the moment as it is signed."""
    words = credential.split("/")
    if len(words) < 5:
        raise IncompleteSignatureException(
            f"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{credential}'"
        )
    date, region, named, terminator = words[-4:]
    signed_at = moment.isoformat(timespec="seconds").replace("-", "").replace(":", "")[:15] + "Z"
    wrong = ""
    if named != service:
        wrong += f"Credential should be scoped to correct service: '{service}'. "
    if terminator != _TERMINATOR:
        wrong += f"Credential should be scoped with a valid terminator: '{_TERMINATOR}', not '{terminator}'. "
    if date != signed_at[:8]:
        wrong += (
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{date}' != '{signed_at[:8]}', from '{signed_at}'. "
        )
    if wrong:
        raise InvalidSignatureException(wrong)
    return date, region, signed_at


def _require_signed(headers: Mapping[str, str], parts: Signature) -> None:
    if "host" not in parts.signed_headers:
        raise InvalidSignatureException("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    left_out = [
        name
        for name in headers
        if name.startswith("x-amz-") and name not in parts.signed_headers and name not in _ADDED_LATER
    ]
    if left_out:  # unverified: the words
        raise InvalidSignatureException(f"'{left_out[0]}' must be a 'SignedHeader' in the AWS Authorization.")


@lru_cache(maxsize=1024)  # 9 us of a verified request, of about 110
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for word in (date, region, service, _TERMINATOR):
        key = hmac.digest(key, word.encode(), "sha256")
    return key
