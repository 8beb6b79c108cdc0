"""Who is calling: what a Signature Version 4 credential scope says.

Source: IAM User Guide, "Elements of an AWS API request signature". The signature itself is not checked yet.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs

from keytrail.domain.arn import is_account
from keytrail.domain.principal import Principal
from keytrail.errors import InvalidSignatureException

_REGION = re.compile(r"[a-z0-9-]{1,32}")
_LONGEST_ACCESS_KEY = 128
"""IAM API Reference, AccessKey."""
_REMEMBERED = 4096


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
    return _read_short(credential)


@lru_cache(maxsize=1024)
def _read_short(credential: str) -> CredentialScope:
    words = credential.split("/")
    if len(words) < 5:
        return CredentialScope(words[0] or None, None)
    region = words[-3]
    if not _REGION.fullmatch(region):
        raise InvalidSignatureException(f"Credential should be scoped to a valid Region, not '{region}'. ")
    return CredentialScope("/".join(words[:-4]) or None, region)


class Callers:
    """The principals behind access keys: those of the fixtures, account ids, and the default account."""

    def __init__(self, default_account: str) -> None:
        """Begin with no credentials known."""
        self._default_account = default_account
        self._declared: Mapping[str, Principal] = {}
        self._initial: Mapping[str, Principal] = {}
        self._roots: dict[tuple[str | None, str], Principal] = {}

    def declare(self, principals: Mapping[str, Principal]) -> None:
        """Make access keys known; a key declared before gets its new principal."""
        self._set({**self._declared, **principals})

    def keep(self) -> None:
        """What is declared now is what `reset` comes back to."""
        self._initial = self._declared

    def reset(self) -> None:
        """Forget what was declared since `keep`."""
        self._set(self._initial)

    def _set(self, declared: Mapping[str, Principal]) -> None:
        self._declared = declared

    def principal_of(self, access_key_id: str | None, region: str) -> Principal:
        """Who calls with this access key; who is not declared is a root of the Region's partition."""
        roots = self._roots
        principal = self._declared.get(access_key_id or "") or roots.get((access_key_id, region))
        if principal is None:
            named = access_key_id if access_key_id is not None and is_account(access_key_id) else None
            principal = Principal.root(named or self._default_account, access_key_id, region=region)
            if len(roots) < _REMEMBERED:
                roots[access_key_id, region] = principal
        return principal
