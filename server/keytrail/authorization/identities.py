"""The policies that a caller itself is under: those of the identities and organizations that seeds declare."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from keytrail.authorization.policy import Policy, PolicyType
from keytrail.domain.identity import Identity
from keytrail.domain.organization import Membership
from keytrail.domain.principal import Principal

_SERVICE_LINKED = (":role/aws-service-role/", ":role/AWSServiceRoleFor")
"""Roles that AWS services bring along, by what their ARNs contain; the second is a session's, which has no path."""


@dataclass(frozen=True, slots=True)
class PrincipalPolicies:
    """The policies of a caller, and what else its account and organization say of it."""

    root: bool = False
    """Whether it is its account's root, or as good as that: it needs no identity policy."""
    lenient: bool = False
    """Whether it needs no Allow for what its own account has: only its session policies can deny that implicitly."""
    identity_policies: tuple[Policy, ...] = ()
    permissions_boundary: tuple[Policy, ...] = ()
    """None or one."""
    session_policies: tuple[Policy, ...] = ()
    service_control_policies: tuple[Policy, ...] = ()
    """From the organization's root to the account."""
    scp_levels: tuple[tuple[Policy, ...], ...] = ()
    """Those of each level that lists what is allowed; to all others, FullAWSAccess is attached as well."""
    organization_id: str | None = None
    memberships: Mapping[str, Membership] = field(default_factory=dict)
    """By account, of every account that an organization has: the resource's may be one."""
    tags: Mapping[str, str] | None = None
    arn: str | None = None
    """Of the user or role that seeds declare, a role's with its path."""

    @property
    def unrestricted(self) -> bool:
        """Whether nothing of the caller's own can deny it anything."""
        return self.root and not (
            self.service_control_policies
            or self.permissions_boundary
            or self.session_policies
            or self.identity_policies
        )


_ROOT = PrincipalPolicies(root=True)
_LENIENT_ROOT = PrincipalPolicies(root=True, lenient=True)
_NONE = PrincipalPolicies()
_STRICT_POLICIES = {False: _ROOT, True: _NONE}
"""Of callers whom no seed declares, by whether it is a session of a role; else it is a root."""


def _is_session_of_role(principal: Principal) -> bool:
    """Whether it is a session that STS made, of a role; if no seed has the role, it is as good as undeclared."""
    return principal.session is not None and principal.kind == "assumed-role"


class Identities:
    """What IAM knows of the principals of all accounts. Values are replaced whole, so reads take no lock."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._known: Mapping[str, Identity] = {}
        self._memberships: Mapping[str, Membership] = {}
        # 6 us of every request by a declared caller.
        self._policies: dict[Principal, tuple[bool, PrincipalPolicies]] = {}

    def get(self, arn: str) -> Identity | None:
        """The user or role with this ARN; None for one that no seed declares."""
        return self._known.get(arn)

    def max_session_duration(self, role_arn: str) -> int:
        """For how many seconds a role may be assumed at most; one that no seed declares, half a day."""
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
        self._known, self._memberships, self._policies = known, memberships, {}

    def policies_of(self, principal: Principal, *, strict: bool) -> PrincipalPolicies:
        """The policies of a caller.

        A declared user, role or service of which no seed tells the policies has all of KMS through them, so that
        key policies decide; a session that STS made of such a role is as lenient a case as a caller that is not
        declared. With `strict` they have no policies. A service is under no service control policy.
        """
        if not (self._known or self._memberships or principal.session_policies):
            if not principal.declared or _is_session_of_role(principal):
                return _STRICT_POLICIES[principal.declared] if strict else _LENIENT_ROOT
            return _NONE if strict and principal.kind != "root" else _ROOT
        remembered = self._policies
        known = remembered.get(principal)
        if known is None or known[0] != strict:
            known = strict, self._find(principal, strict=strict)
            if len(remembered) < _REMEMBERED:
                remembered[principal] = known
        return known[1]

    def _find(self, principal: Principal, *, strict: bool) -> PrincipalPolicies:
        if principal.kind == "service":
            return replace(_NONE if strict else _ROOT, memberships=self._memberships)
        identity = self._identity(principal)
        membership = self._memberships.get(principal.account, _ALONE)
        full = principal.kind == "root" or (identity is None and not strict)
        boundary = identity.permissions_boundary if identity is not None else None
        role = (identity.arn if identity is not None else principal.role_arn) or ""
        levels = () if any(mark in role for mark in _SERVICE_LINKED) else _scp_levels(membership)
        return PrincipalPolicies(
            root=full or not principal.declared,
            lenient=not strict and (not principal.declared or (identity is None and _is_session_of_role(principal))),
            identity_policies=tuple(
                Policy(PolicyType.IDENTITY, name, text)
                for name, text in (identity.policies if identity is not None else {}).items()
            ),
            permissions_boundary=(Policy(PolicyType.BOUNDARY, "", boundary),) if boundary is not None else (),
            session_policies=tuple(Policy(PolicyType.SESSION, "", text) for text in principal.session_policies),
            service_control_policies=tuple(policy for level in levels for policy in level),
            scp_levels=tuple(level for level in levels if any(map(_lists_what_is_allowed, level))),
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


def _scp_levels(membership: Membership) -> tuple[tuple[Policy, ...], ...]:
    return tuple(tuple(Policy(PolicyType.SCP, scp.arn, scp.document) for scp in level) for level in membership.levels)


def _lists_what_is_allowed(policy: Policy) -> bool:
    return any(statement.allows for statement in policy.statements)


_ALONE = Membership()
_REMEMBERED = 4096
_HALF_A_DAY = 43_200
