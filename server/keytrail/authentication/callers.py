"""Callers: the known access keys, and the principal that sent a request, whose signature is checked.

Source: IAM User Guide, "AWS security credentials"; the error messages as recorded from AWS.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from keytrail.authentication.credential_scope import CredentialScope
from keytrail.authentication.sessions import IssuedSessions, Sessions
from keytrail.authentication.signature import check_age, check_signature, read_signature
from keytrail.domain.arn import is_account
from keytrail.domain.credential import Credential
from keytrail.domain.principal import Principal
from keytrail.errors import (
    ExpiredTokenException,
    UnrecognizedClientException,
)
from keytrail.journal import Journal
from keytrail.messages import Request

_MAX_CACHED = 4096
_TOLERANCE = {"sts": timedelta(minutes=15)}
"""By service: how far the time of a signature may be from now, as recorded from AWS."""
_DEFAULT_TOLERANCE = timedelta(minutes=5)


class Callers:
    """The access keys of callers: those that seeds declare, those that STS issued, and account ids.

    Any other access key stands for the root of the default account. With `strict` it is refused.
    """

    def __init__(self, default_account: str, *, strict: bool = False) -> None:
        """Start without declared credentials. `default_account`: the account of unknown access keys."""
        self._default_account = default_account
        self._strict = strict
        self._journal: Journal | None = None
        self._declared: Mapping[str, Credential] = {}
        self._principals: frozenset[str] = frozenset()
        """The ARNs of the users and roles that declared credentials belong to."""
        self.sessions = Sessions()
        """The temporary credentials that STS issued."""
        # A cache. It saves 6 us of every request by an undeclared caller.
        self._roots: dict[tuple[str | None, str], Principal] = {}

    def keep(self, journal: Journal) -> None:
        """Note all changes from now on in a journal."""
        self._journal = journal
        self.sessions.keep(journal)

    def declare(self, credentials: Mapping[str, Credential]) -> None:
        """Add credentials by access key id; they replace earlier ones."""
        self._set({**self._declared, **credentials})

    def _set(self, credentials: Mapping[str, Credential]) -> None:
        if self._journal is not None:
            self._journal.note("part", "credentials", credentials)
        principals = (credential.principal for credential in credentials.values())
        self._declared = credentials
        self._principals = frozenset(principal.role_arn or principal.arn for principal in principals)

    def declares(self, principal: Principal) -> bool:
        """Whether declared credentials belong to a user, or to a role or a session of it."""
        return (principal.role_arn or principal.arn) in self._principals

    def snapshot(self) -> tuple[Mapping[str, Credential], IssuedSessions]:
        """The credentials declared so far, and those of the sessions issued so far, for `restore`."""
        return self._declared, self.sessions.snapshot()

    def restore(self, snapshot: tuple[Mapping[str, Credential], IssuedSessions]) -> None:
        """Go back to the credentials and sessions of a snapshot."""
        declared, issued = snapshot
        self._set(declared)
        self.sessions.restore(issued)

    def secret_of(self, access_key_id: str) -> str | None:
        """The secret access key of an access key; None if it is not known."""
        credential = self._known(access_key_id)
        return credential.secret_access_key if credential is not None else None

    def account_of(self, access_key_id: str) -> str:
        """The account of an access key.

        Raises UnrecognizedClientException for a forgotten session, and, with `strict`, for any unknown access key.
        """
        credential = self._known(access_key_id)
        if credential is not None:
            return credential.principal.account
        if self._strict or self.sessions.issued(access_key_id):
            raise unrecognized()
        return self._default_account

    def _known(self, access_key_id: str) -> Credential | None:
        return self._declared.get(access_key_id) or self.sessions.get(access_key_id)

    def identify(
        self, scope: CredentialScope, request: Request, region: str, service: str, now: datetime, *, clock_moved: bool
    ) -> Principal:
        """The principal that sent the request. One that is not declared is a root in the Region's partition.

        `clock_moved`: whether `now` differs from real time, so that the age of a signature cannot be checked.

        Raises InvalidSignatureException, IncompleteSignatureException, UnrecognizedClientException or
        ExpiredTokenException if the access key is known and its signature, token or age is wrong. With `strict`, raises
        UnrecognizedClientException for an unknown access key, and MissingAuthenticationTokenException without any.
        """
        access_key_id = scope.access_key_id
        credential = self._known(access_key_id or "")
        if credential is not None:
            _check(credential, scope, request, service, now, clock_moved=clock_moved)
            return credential.principal
        if self._strict:
            _check_unknown(access_key_id, request)
        return self._root(access_key_id, region)

    def lend(self, access_key_id: str | None, region: str, now: datetime) -> Principal:
        """The principal of an access key on whose behalf an AWS service calls: the service checked the signature.

        Raises ExpiredTokenException for expired credentials, and UnrecognizedClientException for an unknown access key
        with `strict`, or for a forgotten session.
        """
        credential = self._known(access_key_id or "")
        if credential is not None:
            _require_unexpired(credential, now)
            return credential.principal
        if self._strict and (access_key_id is None or not is_account(access_key_id)):
            raise unrecognized()
        return self._root(access_key_id, region)

    def _root(self, access_key_id: str | None, region: str) -> Principal:
        principal = self._roots.get((access_key_id, region))
        if principal is None:
            if access_key_id is not None and self.sessions.issued(access_key_id):
                raise _unrecognized_token()
            account = access_key_id if access_key_id is not None and is_account(access_key_id) else None
            principal = Principal.root(account or self._default_account, access_key_id, region=region)
            # With `strict`, it is the root only. Else it is not declared, and stands for anybody in its account.
            principal = replace(principal, declared=self._strict)
            if len(self._roots) < _MAX_CACHED:
                self._roots[access_key_id, region] = principal
        return principal


def _check(
    credential: Credential, scope: CredentialScope, request: Request, service: str, now: datetime, *, clock_moved: bool
) -> None:
    if credential.secret_access_key is None and credential.session_token is None and credential.expiration is None:
        return
    if request.body is None:  # too large, so it is refused later, and the body is not there to check the signature
        return
    parts = read_signature(request)
    if parts.credential != scope.credential:  # the signature is another access key's than the caller's
        raise unrecognized()
    expected = credential.session_token
    # A seed may leave out the token of temporary credentials; then any is right.
    if (parts.token or None) != expected and (expected is not None or _is_long_term(scope.access_key_id or "")):
        raise _unrecognized_token()
    _require_unexpired(credential, now)
    if credential.secret_access_key is not None:
        if not clock_moved:
            check_age(parts, now, _TOLERANCE.get(service, _DEFAULT_TOLERANCE))
        check_signature(request, parts, credential.secret_access_key, service)


def _require_unexpired(credential: Credential, now: datetime) -> None:
    if credential.is_expired(now):
        raise ExpiredTokenException("The security token included in the request is expired")


def _is_long_term(access_key_id: str) -> bool:
    """Whether an access key is that of a user or a root, with which no session token goes.

    Source: IAM User Guide, "IAM identifiers", "Understanding unique ID prefixes": AKIA; temporary ones have ASIA.
    """
    return access_key_id.startswith("AKIA")


def _check_unknown(access_key_id: str | None, request: Request) -> None:
    """Refuse any access key but an account id. The signature is not compared: an account id has no secret."""
    read_signature(request)
    if access_key_id is None or not is_account(access_key_id):
        raise unrecognized()


def unrecognized() -> UnrecognizedClientException:
    """The error for an unknown access key, as recorded of KMS (radkawar/stackd, kms/multi_region_permissions.json)."""
    return UnrecognizedClientException("The security token included in the request is invalid.")


def _unrecognized_token() -> UnrecognizedClientException:
    """The error for a session token that is none, as recorded of KMS and STS (same, iam/sts_preferences.json)."""
    return UnrecognizedClientException("The security token included in the request is invalid")
