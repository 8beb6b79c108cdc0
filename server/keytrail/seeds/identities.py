"""Reading the users, roles, organization and service control policies of a seed."""

from collections.abc import Iterator

from keytrail.authorization.policy import PolicyType
from keytrail.domain.identity import Identity
from keytrail.domain.organization import Membership, ServiceControlPolicy
from keytrail.domain.principal import Principal
from keytrail.seeds.document import (
    IdentityMember,
    MemberAccountMember,
    OrganizationalUnitMember,
    OrganizationMember,
    PolicyDocument,
    ServiceControlPolicyMember,
)
from keytrail.seeds.reader import SeedReader
from keytrail.seeds.seed import Seed

_Level = tuple[ServiceControlPolicy, ...]


def read_identity(path: str, member: IdentityMember, reader: SeedReader) -> None:
    """Add a user or a role."""
    try:
        principal = Principal.from_arn(member.arn)
    except ValueError:
        principal = None
    if principal is None or principal.kind not in ("user", "role"):
        message = f"expected the ARN of a user or a role, got {member.arn!r}; for a session, give its role"
        reader.add_problem(f"{path}.Arn", message)
        return
    reader.require_once(f"{path}.Arn", member.arn, "keep one")
    if member.trust_policy is not None and principal.kind != "role":
        reader.add_problem(f"{path}.TrustPolicy", "only a role has this; leave it out")
    if member.max_session_duration is not None and principal.kind != "role":
        reader.add_problem(f"{path}.MaxSessionDuration", "only a role has this; leave it out")

    def policy(name: str, document: PolicyDocument | None, policy_type: PolicyType) -> str | None:
        return reader.policy(f"{path}.{name}", document, policy_type) if document is not None else None

    reader.seed.identities[member.arn] = Identity(
        arn=member.arn,
        account=principal.account,
        policies={
            name: reader.policy(f"{path}.Policies.{name}", document, PolicyType.IDENTITY)
            for name, document in member.policies.items()
        },
        permissions_boundary=policy("PermissionsBoundary", member.permissions_boundary, PolicyType.BOUNDARY),
        trust_policy=policy("TrustPolicy", member.trust_policy, PolicyType.TRUST),
        max_session_duration=member.max_session_duration or 3600,
        tags=member.tags,
    )


def read_service_control_policies(path: str, members: list[ServiceControlPolicyMember], reader: SeedReader) -> None:
    """Add service control policies outside of an organization. Those that name an account are one level of policies."""
    levels: dict[str, list[ServiceControlPolicy]] = {}
    for index, member in enumerate(members):
        item_path = f"{path}[{index}]"
        policy = _service_control_policy(item_path, member, reader)
        if not member.accounts:
            reader.add_problem(
                f"{item_path}.Accounts", "name the accounts that it applies to, or attach it in an organization"
            )
        for account in member.accounts:
            levels.setdefault(account, []).append(policy)
    for account, policies in levels.items():
        _attach(reader.seed, account, Membership(levels=(tuple(policies),)))


def read_organization(path: str, member: OrganizationMember, reader: SeedReader) -> None:
    """Add an organization. An account has the policies of each level from the organization's root to itself."""
    for account, item_path, levels in _members_of(path, member, (), reader):
        rule = "an account is at one place in one organization"
        reader.require_once(item_path, f"the member account {account}", rule)
        _attach(reader.seed, account, Membership(member.id, () if account == member.management_account else levels))
    if member.management_account is not None and member.management_account not in reader.seed.memberships:
        _attach(reader.seed, member.management_account, Membership(member.id))


def _members_of(
    path: str,
    member: OrganizationMember | OrganizationalUnitMember,
    above: tuple[_Level, ...],
    reader: SeedReader,
) -> Iterator[tuple[str, str, tuple[_Level, ...]]]:
    levels = (*above, _level(path, member, reader))
    for index, account in enumerate(member.accounts):
        item_path = f"{path}.Accounts[{index}]"
        own = _level(item_path, account, reader)
        yield account.account, f"{item_path}.Account", (*levels, own)
    for index, unit in enumerate(member.organizational_units):
        yield from _members_of(f"{path}.OrganizationalUnits[{index}]", unit, levels, reader)


def _level(
    path: str,
    member: OrganizationMember | OrganizationalUnitMember | MemberAccountMember,
    reader: SeedReader,
) -> _Level:
    policies = member.service_control_policies
    for index, policy in enumerate(policies):
        if policy.accounts:
            reader.add_problem(
                f"{path}.ServiceControlPolicies[{index}].Accounts",
                "it applies to where it is attached; leave Accounts out",
            )
    return tuple(
        _service_control_policy(f"{path}.ServiceControlPolicies[{index}]", policy, reader)
        for index, policy in enumerate(policies)
    )


def _attach(seed: Seed, account: str, membership: Membership) -> None:
    other = seed.memberships.get(account, Membership())
    organization_id = membership.organization_id or other.organization_id
    seed.memberships[account] = Membership(organization_id, (*other.levels, *membership.levels))


def _service_control_policy(path: str, member: ServiceControlPolicyMember, reader: SeedReader) -> ServiceControlPolicy:
    return ServiceControlPolicy(member.arn, reader.policy(f"{path}.Policy", member.policy, PolicyType.SCP))
