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


@lru_cache(maxsize=1024)
def _read(credential: str) -> CredentialScope:
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
        # Bound to this instance: its answers depend on what is declared.
        self.principal_of = lru_cache(maxsize=1024)(self._principal_of)

    def declare(self, principals: Mapping[str, Principal]) -> None:
        """Make access keys known; a key declared before gets its new principal."""
        self._declared = {**self._declared, **principals}
        self.principal_of.cache_clear()

    def keep(self) -> None:
        """What is declared now is what `reset` comes back to."""
        self._initial = self._declared

    def reset(self) -> None:
        """Forget what was declared since `keep`."""
        self._declared = self._initial
        self.principal_of.cache_clear()

    def _principal_of(self, access_key_id: str | None) -> Principal:
        declared = self._declared.get(access_key_id or "")
        if declared is not None:
            return declared
        if access_key_id is not None and is_account(access_key_id):
            return Principal.root(access_key_id, access_key_id)
        return Principal.root(self._default_account, access_key_id)
