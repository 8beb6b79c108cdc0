"""What bounds and empowers callers by themselves: the identities and organizations that fixtures declare."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from keytrail.authorization.policy import Document, Kind, read_policy
from keytrail.domain.identity import Identity
from keytrail.domain.organization import Membership
from keytrail.domain.principal import Principal

_SERVICE_LINKED = (":role/aws-service-role/", ":role/AWSServiceRoleFor")
"""Roles that AWS services bring along; the second is how a session tells of one, without its path."""


@dataclass(frozen=True, slots=True)
class PrincipalPolicies:
    """What speaks for and against a caller before any resource is looked at."""

    root: bool = False
    """Its account's root, or as good as that: it needs no identity policy."""
    lenient: bool = False
    """Never denied for want of an Allow on what its own account has, but by its own session policy."""
    policies: tuple[Document, ...] = ()
    boundary: tuple[Document, ...] = ()
    sessions: tuple[Document, ...] = ()
    controls: tuple[Document, ...] = ()
    """Service control policies, from the organization's root to the account."""
    levels: tuple[tuple[Document, ...], ...] = ()
    """Those of each level that lists what is allowed; of the others, FullAWSAccess is one."""
    organization_id: str | None = None
    memberships: Mapping[str, Membership] = field(default_factory=dict)
    """Of every account that an organization has: of the resource's, too."""
    tags: Mapping[str, str] | None = None
    arn: str | None = None
    """Of the user or role that fixtures declare, a role's with its path."""

    @property
    def unbound(self) -> bool:
        """Whether nothing of the caller's own can deny it anything."""
        return self.root and not (self.controls or self.boundary or self.sessions or self.policies)


_ROOT, _LENIENT_ROOT, _NOBODY = (
    PrincipalPolicies(root=True),
    PrincipalPolicies(root=True, lenient=True),
    PrincipalPolicies(),
)
_STRICT_POLICIES = {False: _ROOT, True: _NOBODY}
"""Of callers whom no fixture declares: a root, and a session of a role."""


def _of_no_fixture(principal: Principal) -> bool:
    """Whether it is a session that STS made, of a role; if no fixture has the role, it is as good as undeclared."""
    return principal.session is not None and principal.kind == "assumed-role"


class Identities:
    """What IAM knows of the principals of all accounts. Values are replaced whole, so reads take no lock."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._known: Mapping[str, Identity] = {}
        self._memberships: Mapping[str, Membership] = {}
        self._standings: dict[Principal, tuple[bool, PrincipalPolicies]] = {}

    def get(self, arn: str) -> Identity | None:
        """The user or role with this ARN; None for one that no fixture declares."""
        return self._known.get(arn)

    def max_session_duration(self, role_arn: str) -> int:
        """For how many seconds a role may be assumed at most; one that no fixture declares, half a day."""
        role = self.get(role_arn)
        return role.max_session_duration if role is not None else _HALF_A_DAY

    def declare(self, identities: Mapping[str, Identity], memberships: Mapping[str, Membership] | None = None) -> None:
        """Make identities known by their ARNs, and memberships by account; one declared before is replaced."""
        self._set({**self._known, **identities}, {**self._memberships, **(memberships or {})})

    def snapshot(self) -> tuple[Mapping[str, Identity], Mapping[str, Membership]]:
        """The identities and memberships that are declared by now, for `restore`."""
        return self._known, self._memberships

    def restore(self, snapshot: tuple[Mapping[str, Identity], Mapping[str, Membership]]) -> None:
        """Know the identities and memberships of a snapshot and no others."""
        self._set(*snapshot)

    def _set(self, known: Mapping[str, Identity], memberships: Mapping[str, Membership]) -> None:
        self._known, self._memberships, self._standings = known, memberships, {}

    def standing(self, principal: Principal, *, strict: bool) -> PrincipalPolicies:
        """What speaks for and against a caller.

        A declared user, role or service of which no fixture tells the policies has all of KMS through them, so that
        key policies decide; a session that STS made of such a role is as lenient a case as a caller that is not
        declared. With `strict` they have no policies. A service is under no service control policy.
        """
        if not (self._known or self._memberships or principal.session_policies):
            if not principal.declared or _of_no_fixture(principal):
                return _STRICT_POLICIES[principal.declared] if strict else _LENIENT_ROOT
            return _NOBODY if strict and principal.kind != "root" else _ROOT
        standings = self._standings
        known = standings.get(principal)
        if known is None or known[0] != strict:
            known = strict, self._standing(principal, strict=strict)
            if len(standings) < _REMEMBERED:
                standings[principal] = known
        return known[1]

    def _standing(self, principal: Principal, *, strict: bool) -> PrincipalPolicies:
        if principal.kind == "service":
            return replace(_NOBODY if strict else _ROOT, memberships=self._memberships)
        identity = self._identity(principal)
        membership = self._memberships.get(principal.account, _ALONE)
        full = principal.kind == "root" or (identity is None and not strict)
        boundary = identity.permissions_boundary if identity is not None else None
        role = (identity.arn if identity is not None else principal.role_arn) or ""
        levels = () if any(mark in role for mark in _SERVICE_LINKED) else _documents(membership)
        return PrincipalPolicies(
            root=full or not principal.declared,
            lenient=not strict and (not principal.declared or (identity is None and _of_no_fixture(principal))),
            policies=tuple(
                Document(Kind.IDENTITY, name, text)
                for name, text in (identity.policies if identity is not None else {}).items()
            ),
            boundary=(Document(Kind.BOUNDARY, "", boundary),) if boundary is not None else (),
            sessions=tuple(Document(Kind.SESSION, "", text) for text in principal.session_policies),
            controls=tuple(document for level in levels for document in level),
            levels=tuple(level for level in levels if any(map(_lists_what_is_allowed, level))),
            organization_id=membership.organization_id,
            memberships=self._memberships,
            tags=identity.tags if identity is not None else None,
            arn=identity.arn if identity is not None else None,
        )

    def _identity(self, principal: Principal) -> Identity | None:
        """The declared user or role behind a caller; a session tells its role's name, but not the path."""
        known = self._known.get(principal.role_arn or principal.arn)
        if known is not None or principal.kind != "assumed-role":
            return known
        name = principal.name.partition("/")[0]
        roles = (identity for identity in self._known.values() if identity.account == principal.account)
        return next((role for role in roles if role.arn.endswith(f"/{name}") and ":role/" in role.arn), None)


def _documents(membership: Membership) -> tuple[tuple[Document, ...], ...]:
    return tuple(tuple(Document(Kind.SCP, scp.arn, scp.document) for scp in level) for level in membership.levels)


def _lists_what_is_allowed(document: Document) -> bool:
    return any(statement.allows for statement in read_policy(document.text, document.kind))


_ALONE = Membership()
_REMEMBERED = 4096
_HALF_A_DAY = 43_200
