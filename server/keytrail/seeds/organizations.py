"""Reading the organization of a seed, and its service control policies and resource control policies."""

from collections.abc import Iterator, Sequence

from keytrail.authorization.policy import PolicyType
from keytrail.domain.organization import ControlPolicy, Level, Membership
from keytrail.seeds.document import (
    AttachedPolicies,
    ControlPolicyMember,
    OrganizationalUnitMember,
    OrganizationMember,
    ResourceControlPolicyMember,
    ServiceControlPolicyMember,
)
from keytrail.seeds.reader import SeedReader
from keytrail.seeds.seed import Seed

_Attached = tuple[Level, Level]
"""The service control policies and the resource control policies of one place."""


def read_service_control_policies(path: str, members: list[ServiceControlPolicyMember], reader: SeedReader) -> None:
    """Add service control policies outside of an organization. Those that name an account are one level of policies."""
    for account, policies in _by_account(path, members, PolicyType.SCP, reader).items():
        _attach(reader.seed, account, Membership(service_control_policies=(policies,)))


def read_resource_control_policies(path: str, members: list[ResourceControlPolicyMember], reader: SeedReader) -> None:
    """Add resource control policies outside of an organization."""
    for account, policies in _by_account(path, members, PolicyType.RCP, reader).items():
        _attach(reader.seed, account, Membership(resource_control_policies=policies))


def read_organization(path: str, member: OrganizationMember, reader: SeedReader) -> None:
    """Add an organization. An account has the policies of each level from the organization's root to itself."""
    for account, item_path, levels in _members_of(path, member, (), reader):
        rule = "an account is at one place in one organization"
        reader.require_once(item_path, f"the member account {account}", rule)
        reached = () if account == member.management_account else levels
        controls = tuple(policy for _, level in reached for policy in level)
        _attach(reader.seed, account, Membership(member.id, tuple(level for level, _ in reached), controls))
    if member.management_account is not None and member.management_account not in reader.seed.memberships:
        _attach(reader.seed, member.management_account, Membership(member.id))


def _by_account(
    path: str, members: Sequence[ControlPolicyMember], policy_type: PolicyType, reader: SeedReader
) -> dict[str, Level]:
    by_account: dict[str, Level] = {}
    for index, member in enumerate(members):
        item_path = f"{path}[{index}]"
        policy = _control_policy(item_path, member, policy_type, reader)
        if not member.accounts:
            message = "name the accounts that it applies to, or attach it in an organization"
            reader.add_problem(f"{item_path}.Accounts", message)
        for account in member.accounts:
            by_account[account] = (*by_account.get(account, ()), policy)
    return by_account


def _members_of(
    path: str,
    member: OrganizationMember | OrganizationalUnitMember,
    above: tuple[_Attached, ...],
    reader: SeedReader,
) -> Iterator[tuple[str, str, tuple[_Attached, ...]]]:
    levels = (*above, _attached(path, member, reader))
    for index, account in enumerate(member.accounts):
        item_path = f"{path}.Accounts[{index}]"
        own = _attached(item_path, account, reader)
        yield account.account, f"{item_path}.Account", (*levels, own)
    for index, unit in enumerate(member.organizational_units):
        yield from _members_of(f"{path}.OrganizationalUnits[{index}]", unit, levels, reader)


def _attached(path: str, member: AttachedPolicies, reader: SeedReader) -> _Attached:
    services = _level(f"{path}.ServiceControlPolicies", member.service_control_policies, PolicyType.SCP, reader)
    resources = _level(f"{path}.ResourceControlPolicies", member.resource_control_policies, PolicyType.RCP, reader)
    return services, resources


def _level(path: str, members: Sequence[ControlPolicyMember], policy_type: PolicyType, reader: SeedReader) -> Level:
    for index, member in enumerate(members):
        if member.accounts:
            message = "it applies to where it is attached; leave Accounts out"
            reader.add_problem(f"{path}[{index}].Accounts", message)
    return tuple(
        _control_policy(f"{path}[{index}]", member, policy_type, reader) for index, member in enumerate(members)
    )


def _attach(seed: Seed, account: str, membership: Membership) -> None:
    other = seed.memberships.get(account, Membership())
    seed.memberships[account] = Membership(
        membership.organization_id or other.organization_id,
        (*other.service_control_policies, *membership.service_control_policies),
        (*other.resource_control_policies, *membership.resource_control_policies),
    )


def _control_policy(
    path: str,
    member: ControlPolicyMember,
    policy_type: PolicyType,
    reader: SeedReader,
) -> ControlPolicy:
    return ControlPolicy(member.arn, reader.policy(f"{path}.Policy", member.policy, policy_type))
