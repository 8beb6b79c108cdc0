"""Reading the credential scope of a Signature Version 4 request: its access key and its Region.

Source: IAM User Guide, "Elements of an AWS API request signature".
"""

import re
from typing import NamedTuple

from keytrail.authentication.canonical_request import query_pairs
from keytrail.errors import IncompleteSignatureException, InvalidSignatureException

_REGION = re.compile(r"[a-z0-9-]{1,32}")
_MAX_ACCESS_KEY_LENGTH = 128
"""Source: IAM API Reference, AccessKey."""


class CredentialScope(NamedTuple):
    """The access key id and the Region of a request; None for what the request lacks."""

    access_key_id: str | None
    region: str | None
    credential: str | None
    """Where both are from: `<id>/<date>/<region>/<service>/aws4_request`."""


def read_credential_scope(authorization: str, query: str) -> CredentialScope:
    """The credential scope of an Authorization header, or of a presigned query string.

    Raises InvalidSignatureException if the Region has the wrong form, or the credential is too long, and
    IncompleteSignatureException if there are two credentials.
    """
    _, separator, rest = authorization.partition("Credential=")
    if separator:
        if "Credential=" in rest:
            raise more_than_one("Authorization header", "Credential")
        return _read(rest.partition(",")[0].strip().partition(" ")[0])
    given = [value for name, value in query_pairs(query) if name == "X-Amz-Credential"] if query else []
    if len(given) > 1:
        raise more_than_one("AWS query-string", "X-Amz-Credential")
    return _read(given[0]) if given else CredentialScope(None, None, None)


def more_than_one(place: str, name: str) -> IncompleteSignatureException:
    """The error for a parameter of a signature that is there twice: no two readers may read it differently."""
    # unverified: code and words; not in AWS's docs, recordings or issues
    return IncompleteSignatureException(f"{place} must include '{name}' only once.")


def _read(credential: str) -> CredentialScope:
    if len(credential) > 2 * _MAX_ACCESS_KEY_LENGTH:
        raise InvalidSignatureException("The credential is longer than any access key and scope can be.")
    words = credential.split("/")
    if len(words) < 5:
        return CredentialScope(words[0] or None, None, credential)
    region = words[-3]
    if not _REGION.fullmatch(region):
        raise InvalidSignatureException(f"Credential should be scoped to a valid Region, not '{region}'. ")
    return CredentialScope("/".join(words[:-4]) or None, region, credential)
