"""Who is calling: the principal behind an access key, once its signature is seen to be right.

Source: IAM User Guide, "AWS security credentials"; the words of refusals as recorded from AWS.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from keytrail.authentication.credential_scope import CredentialScope
from keytrail.authentication.sessions import Sessions
from keytrail.authentication.signature import check_age, check_signature, read_signature
from keytrail.domain.arn import is_account
from keytrail.domain.credential import Credential
from keytrail.domain.principal import Principal
from keytrail.errors import (
    ExpiredTokenException,
    MissingAuthenticationTokenException,
    UnrecognizedClientException,
)
from keytrail.messages import Request

_REMEMBERED = 4096
_TOLERANCE = {"sts": timedelta(minutes=15)}
"""How far a signature's time may be from the service's; for others, five minutes. As recorded from AWS."""
_USUAL_TOLERANCE = timedelta(minutes=5)


class Callers:
    """The access keys that are known: those of the seeds and account ids; others are the default account's.

    A strict endpoint knows no others, and refuses them.
    """

    def __init__(self, default_account: str, *, strict: bool = False) -> None:
        """Begin with no credentials known."""
        self._default_account = default_account
        self._strict = strict
        self._declared: Mapping[str, Credential] = {}
        self.sessions = Sessions()
        """The temporary credentials that STS gave out."""
        # 6 us of every request by an undeclared caller.
        self._roots: dict[tuple[str | None, str], Principal] = {}

    def declare(self, credentials: Mapping[str, Credential]) -> None:
        """Make access keys known; a key declared before gets its new principal."""
        self._declared = {**self._declared, **credentials}

    def snapshot(self) -> Mapping[str, Credential]:
        """The access keys that are declared by now, for `restore`."""
        return self._declared

    def restore(self, snapshot: Mapping[str, Credential]) -> None:
        """Know the access keys of a snapshot and no others; all sessions are forgotten."""
        self._declared = snapshot
        self.sessions.reset()

    def secret_of(self, access_key_id: str) -> str | None:
        """The secret of an access key; None where it is not known."""
        credential = self._known(access_key_id)
        return credential.secret_access_key if credential is not None else None

    def account_of(self, access_key_id: str) -> str:
        """The account of an access key; raises UnrecognizedClientException for one that nobody has."""
        credential = self._known(access_key_id)
        if credential is not None:
            return credential.principal.account
        if self._strict or self.sessions.gave(access_key_id):
            raise unrecognized()
        return self._default_account

    def _known(self, access_key_id: str) -> Credential | None:
        return self._declared.get(access_key_id) or self.sessions.get(access_key_id)

    def identify(
        self, scope: CredentialScope, request: Request, region: str, service: str, now: datetime, *, moved: bool
    ) -> Principal:
        """Who sent the request; who is not declared is a root of the Region's partition.

        `moved` says that `now` is not the time of the world, so that no signature can be of that time.

        Raises InvalidSignatureException, IncompleteSignatureException, UnrecognizedClientException or
        ExpiredTokenException for a signature of a known access key that is not good, and, when strict,
        for an unknown one; then MissingAuthenticationTokenException for none at all, too.
        """
        access_key_id = scope.access_key_id
        credential = self._known(access_key_id or "")
        if credential is not None:
            _check(credential, request, service, now, moved=moved)
            return credential.principal
        if self._strict:
            _check_unknown(access_key_id, request)
        return self._root(access_key_id, region)

    def _root(self, access_key_id: str | None, region: str) -> Principal:
        principal = self._roots.get((access_key_id, region))
        if principal is None:
            if access_key_id is not None and self.sessions.gave(access_key_id):
                raise unrecognized()
            named = access_key_id if access_key_id is not None and is_account(access_key_id) else None
            principal = Principal.root(named or self._default_account, access_key_id, region=region)
            # To a strict endpoint it is the root and nobody else; it stands for nobody of its account.
            principal = replace(principal, declared=self._strict)
            if len(self._roots) < _REMEMBERED:
                self._roots[access_key_id, region] = principal
        return principal


def _check(credential: Credential, request: Request, service: str, now: datetime, *, moved: bool) -> None:
    if credential.secret_access_key is None and credential.session_token is None and credential.expiration is None:
        return
    if request.body is None:  # refused in any case, and there is nothing to compare the signature with
        return
    parts = read_signature(request)
    if credential.session_token is not None and parts.token != credential.session_token:
        raise unrecognized()
    if credential.is_expired(now):
        raise ExpiredTokenException("The security token included in the request is expired")
    if credential.secret_access_key is not None:
        if not moved:
            check_age(parts, now, _TOLERANCE.get(service, _USUAL_TOLERANCE))
        check_signature(request, parts, credential.secret_access_key, service)


def _check_unknown(access_key_id: str | None, request: Request) -> None:
    """Of those whom nobody declared, only an account's own number is somebody; its secret, nobody knows."""
    if not request.authorization and access_key_id is None:
        raise MissingAuthenticationTokenException("Missing Authentication Token")
    read_signature(request)
    if access_key_id is None or not is_account(access_key_id):
        raise unrecognized()


def unrecognized() -> UnrecognizedClientException:
    """What AWS says of an access key that it does not know, and of a token that is not the key's."""
    return UnrecognizedClientException("The security token included in the request is invalid.")
