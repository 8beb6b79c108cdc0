"""Identities: the users, roles and organizations that seeds declare, and the policies of a caller among them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from keytrail.authorization.policy import Policy, PolicyType
from keytrail.domain.identity import Identity
from keytrail.domain.organization import Membership
from keytrail.domain.principal import Principal
from keytrail.journal import Journal

_MAX_CACHED = 4096
_TWELVE_HOURS = 43_200
_NO_MEMBERSHIP = Membership()
_SERVICE_LINKED = (":role/aws-service-role/", ":role/AWSServiceRoleFor")
"""What the ARN of a service-linked role contains. The second is for a session, whose ARN lacks the role's path."""


@dataclass(frozen=True, slots=True)
class PrincipalPolicies:
    """The policies of a caller, and what else IAM and Organizations know of it."""

    root: bool = False
    """Whether it needs no identity policy, because it is its account's root or counts as that."""
    lenient: bool = False
    """Whether it needs no Allow of a key policy for keys of its own account. Session policies still limit it."""
    identity_policies: tuple[Policy, ...] = ()
    permissions_boundary: tuple[Policy, ...] = ()
    """At most one."""
    session_policies: tuple[Policy, ...] = ()
    service_control_policies: tuple[Policy, ...] = ()
    """From the organization's root to the account."""
    scp_levels: tuple[tuple[Policy, ...], ...] = ()
    """The policies of each level that has an Allow. All other levels have FullAWSAccess too."""
    service_linked: bool = False
    """Whether it is a service-linked role, which no policy of an organization reaches."""
    organization_id: str | None = None
    memberships: Mapping[str, Membership] = field(default_factory=dict)
    """Of all accounts in organizations, by account id: condition keys also ask about the resource's account."""
    tags: Mapping[str, str] | None = None
    arn: str | None = None
    """The ARN of the user or role that a seed declares; a role's has its path."""
    role_arn: str | None = None
    """The ARN of its role, with its path; None if it has none, or if the path is not known."""

    @property
    def unrestricted(self) -> bool:
        """Whether the caller has no policy of its own that could deny anything."""
        return self.root and not (
            self.service_control_policies
            or self.permissions_boundary
            or self.session_policies
            or self.identity_policies
        )


_ROOT = PrincipalPolicies(root=True)
_LENIENT_ROOT = PrincipalPolicies(root=True, lenient=True)
_NONE = PrincipalPolicies()


def _is_session_of_role(principal: Principal) -> bool:
    """Whether the caller is a session that AssumeRole issued. If no seed declares its role, it counts as undeclared."""
    return principal.session is not None and principal.kind == "assumed-role"


class Identities:
    """The declared users, roles and organizations of all accounts.

    The mappings are replaced, never changed, so reads take no lock.
    """

    def __init__(self) -> None:
        """Start without any."""
        self._journal: Journal | None = None
        self._known: Mapping[str, Identity] = {}
        self._memberships: Mapping[str, Membership] = {}
        self._resource_control_policies: Mapping[str, tuple[Policy, ...]] = {}
        self._roles: Mapping[tuple[str, str], Identity] = {}
        """By account and name without path."""
        self._unique_ids: Mapping[str, str] = {}
        """The ARNs of users and roles, by IAM's unique id."""
        self._declared_accounts: frozenset[str] = frozenset()
        # A cache. It saves 6 us of every request by a declared caller.
        self._policies: dict[Principal, tuple[bool, PrincipalPolicies]] = {}

    def get(self, arn: str) -> Identity | None:
        """The user or role with this ARN; None for one that no seed declares."""
        return self._known.get(arn)

    def has_role_named(self, role_arn: str) -> bool:
        """Whether a role with the name in an ARN is declared, whatever its path: names are unique in an account."""
        return (role_arn.split(":")[4], role_arn.rpartition("/")[2]) in self._roles

    def max_session_duration(self, role_arn: str) -> int:
        """The longest session of a role, in seconds; for a role that no seed declares, twelve hours."""
        role = self.get(role_arn)
        return role.max_session_duration if role is not None else _TWELVE_HOURS

    def keep(self, journal: Journal) -> None:
        """Note all changes from now on in a journal."""
        self._journal = journal

    def declare(self, identities: Mapping[str, Identity], memberships: Mapping[str, Membership] | None = None) -> None:
        """Add identities by ARN, and memberships by account id; they replace earlier ones."""
        self._set({**self._known, **identities}, {**self._memberships, **(memberships or {})})

    def snapshot(self) -> tuple[Mapping[str, Identity], Mapping[str, Membership]]:
        """The identities and memberships declared so far, for `restore`."""
        return self._known, self._memberships

    def restore(self, snapshot: tuple[Mapping[str, Identity], Mapping[str, Membership]]) -> None:
        """Go back to the identities and memberships of a snapshot."""
        self._set(*snapshot)

    def _set(self, known: Mapping[str, Identity], memberships: Mapping[str, Membership]) -> None:
        if self._journal is not None:
            self._journal.note("part", "identities", known)
            self._journal.note("part", "memberships", memberships)
        self._known, self._memberships, self._policies = known, memberships, {}
        self._roles = {
            (identity.account, arn.rpartition("/")[2]): identity for arn, identity in known.items() if ":role/" in arn
        }
        self._declared_accounts = frozenset(identity.account for identity in known.values())
        self._unique_ids = {Principal.from_arn(arn).unique_id: arn for arn in known}
        self._resource_control_policies = {
            account: tuple(Policy(PolicyType.RCP, rcp.arn, rcp.document) for rcp in rcps)
            for account, membership in memberships.items()
            if (rcps := membership.resource_control_policies)
        }

    def resource_control_policies(self, account: str) -> tuple[Policy, ...]:
        """The policies that limit what anybody may do with an account's resources."""
        return self._resource_control_policies.get(account, ())

    @property
    def declared_accounts(self) -> frozenset[str]:
        """The accounts of which users or roles are declared."""
        return self._declared_accounts

    def arn_of(self, unique_id: str) -> str | None:
        """The ARN of a declared user or role with IAM's unique id; None if there is none."""
        return self._unique_ids.get(unique_id)

    def declares(self, principal: Principal) -> bool:
        """Whether a seed declares a user, a role, or the role of a session."""
        return self._identity(principal) is not None

    def policies_of(self, principal: Principal, *, strict: bool) -> PrincipalPolicies:
        """The policies of a caller.

        A declared user, role or service without policies in a seed is treated as if its own policies allowed all of
        KMS, so that key policies decide. A session that AssumeRole issued for a role that no seed declares is treated
        like an undeclared caller. With `strict`, both have no policies. No service control policy applies to a service.
        """
        if not (self._known or self._memberships or principal.session_policies or _is_session_of_role(principal)):
            if not principal.declared:
                return _ROOT if strict else _LENIENT_ROOT
            return _NONE if strict and principal.kind != "root" else _ROOT
        cache = self._policies
        cached = cache.get(principal)
        if cached is None or cached[0] != strict:
            cached = strict, self._collect(principal, strict=strict)
            if len(cache) < _MAX_CACHED:
                cache[principal] = cached
        return cached[1]

    def _collect(self, principal: Principal, *, strict: bool) -> PrincipalPolicies:
        if principal.kind == "service":
            return replace(_NONE if strict else _ROOT, memberships=self._memberships)
        identity = self._identity(principal)
        membership = self._memberships.get(principal.account, _NO_MEMBERSHIP)
        full = principal.kind == "root" or (identity is None and not strict)
        boundary = identity.permissions_boundary if identity is not None else None
        role = (identity.arn if identity is not None else principal.role_arn) or ""
        path_is_known = identity is not None or _is_session_of_role(principal)
        service_linked = any(part in role for part in _SERVICE_LINKED)
        levels = () if service_linked else _scp_levels(membership)
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
            scp_levels=tuple(level for level in levels if any(map(_allows_anything, level))),
            service_linked=service_linked,
            organization_id=membership.organization_id,
            memberships=self._memberships,
            tags=identity.tags if identity is not None else None,
            arn=identity.arn if identity is not None else None,
            role_arn=role if path_is_known and principal.role_arn is not None else None,
        )

    def _identity(self, principal: Principal) -> Identity | None:
        """The declared user or role of a caller. A session's ARN has the name of its role, but not the path."""
        identity = self._known.get(principal.role_arn or principal.arn)
        if identity is not None or principal.kind != "assumed-role":
            return identity
        return self._roles.get((principal.account, principal.name.partition("/")[0]))


def _scp_levels(membership: Membership) -> tuple[tuple[Policy, ...], ...]:
    levels = membership.service_control_policies
    return tuple(tuple(Policy(PolicyType.SCP, scp.arn, scp.document) for scp in level) for level in levels)


def _allows_anything(policy: Policy) -> bool:
    return any(statement.allows for statement in policy.statements)
