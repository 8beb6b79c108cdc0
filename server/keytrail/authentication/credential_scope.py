"""Reading the credential scope of a Signature Version 4 request: its access key and its Region.

Source: IAM User Guide, "Elements of an AWS API request signature".
"""

import re
from typing import NamedTuple
from urllib.parse import parse_qs

from keytrail.errors import InvalidSignatureException

_REGION = re.compile(r"[a-z0-9-]{1,32}")
_MAX_ACCESS_KEY_LENGTH = 128
"""Source: IAM API Reference, AccessKey."""


class CredentialScope(NamedTuple):
    """The access key id and the Region of a request; None for what the request lacks."""

    access_key_id: str | None
    region: str | None


def read_credential_scope(authorization: str, query: str) -> CredentialScope:
    """The credential scope of an Authorization header, or of a presigned query string.

    Raises InvalidSignatureException if the Region has the wrong form, or the credential is too long.
    """
    _, separator, rest = authorization.partition("Credential=")
    if separator:
        return _read(rest.partition(",")[0].strip())
    if "X-Amz-Credential=" in query:
        return _read(parse_qs(query).get("X-Amz-Credential", [""])[0])
    return CredentialScope(None, None)


def _read(credential: str) -> CredentialScope:
    if len(credential) > 2 * _MAX_ACCESS_KEY_LENGTH:
        raise InvalidSignatureException("The credential is longer than any access key and scope can be.")
    words = credential.split("/")
    if len(words) < 5:
        return CredentialScope(words[0] or None, None)
    region = words[-3]
    if not _REGION.fullmatch(region):
        raise InvalidSignatureException(f"Credential should be scoped to a valid Region, not '{region}'. ")
    return CredentialScope("/".join(words[:-4]) or None, region)
