"""What a Signature Version 4 credential scope says: by which access key, and in which Region.

Source: IAM User Guide, "Elements of an AWS API request signature".
"""

import re
from typing import NamedTuple
from urllib.parse import parse_qs

from keytrail.errors import InvalidSignatureException

_REGION = re.compile(r"[a-z0-9-]{1,32}")
_LONGEST_ACCESS_KEY = 128
"""IAM API Reference, AccessKey."""


class CredentialScope(NamedTuple):
    """The access key and the Region that a request was signed for; None where it does not say."""

    access_key_id: str | None
    region: str | None


def read_credential_scope(authorization: str, query: str) -> CredentialScope:
    """The credential scope of an Authorization header, or of a presigned query string.

    Raises InvalidSignatureException if the scope names no possible Region.
    """
    _, found, rest = authorization.partition("Credential=")
    if found:
        return _read(rest.partition(",")[0].strip())
    if "X-Amz-Credential=" in query:
        return _read(parse_qs(query).get("X-Amz-Credential", [""])[0])
    return CredentialScope(None, None)


def _read(credential: str) -> CredentialScope:
    if len(credential) > 2 * _LONGEST_ACCESS_KEY:
        raise InvalidSignatureException("The credential is longer than any access key and scope can be.")
    words = credential.split("/")
    if len(words) < 5:
        return CredentialScope(words[0] or None, None)
    region = words[-3]
    if not _REGION.fullmatch(region):
        raise InvalidSignatureException(f"Credential should be scoped to a valid Region, not '{region}'. ")
    return CredentialScope("/".join(words[:-4]) or None, region)
