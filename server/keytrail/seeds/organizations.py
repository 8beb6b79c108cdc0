"""Reading the organization of a seed, and its service control policies and resource control policies."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from keytrail.authorization.policy import PolicyType
from keytrail.domain.organization import ControlPolicy, Level, Membership
from keytrail.seeds.caller_members import (
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


class _Place(NamedTuple):
    """A root, a unit or an account in an organization."""

    path: str
    """The ids above it, and its own if it is no account: see `Membership.path`."""
    levels: tuple[_Attached, ...]
    """What is attached above it, and to itself."""


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
    root_id = member.root_id or f"r-{_derived(member.id, 4)}"
    root = _Place(f"{member.id}/{root_id}/", (_attached(path, member, reader),))
    for account, item_path, place in _members_of(path, member, root, reader):
        rule = "an account is at one place in one organization"
        reader.require_once(item_path, f"the member account {account}", rule)
        reached = () if account == member.management_account else place.levels
        controls = tuple(policy for _, level in reached for policy in level)
        _attach(reader.seed, account, Membership(member.id, tuple(level for level, _ in reached), controls, place.path))
    if member.management_account is not None and member.management_account not in reader.seed.memberships:
        _attach(reader.seed, member.management_account, Membership(member.id, path=root.path))


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
    place: _Place,
    reader: SeedReader,
) -> Iterator[tuple[str, str, _Place]]:
    """The accounts below the root or a unit, which is at `place`."""
    for index, account in enumerate(member.accounts):
        item_path = f"{path}.Accounts[{index}]"
        own = _attached(item_path, account, reader)
        yield account.account, f"{item_path}.Account", _Place(place.path, (*place.levels, own))
    for index, unit in enumerate(member.organizational_units):
        item_path = f"{path}.OrganizationalUnits[{index}]"
        unit_id = unit.id or f"ou-{place.path.split('/')[1].removeprefix('r-')}-{_derived(f'{place.path}{index}', 8)}"
        # Two parts of `organizations` may be of the same one, with different policies: each account has one.
        first = reader.first_place(f"{item_path}.Id", f"{unit_id} in {item_path.partition('.')[0]}")
        if first is not None:
            reader.add_problem(
                f"{item_path}.Id", f"{unit_id} appears twice, first at {first}; every unit has its own id"
            )
        own = _attached(item_path, unit, reader)
        yield from _members_of(item_path, unit, _Place(f"{place.path}{unit_id}/", (*place.levels, own)), reader)


def _derived(name: str, length: int) -> str:
    """Hex digits for an id that the document leaves out: always the same for the same place."""
    return hashlib.sha256(name.encode()).hexdigest()[:length]


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
        membership.path or other.path,
    )


def _control_policy(
    path: str,
    member: ControlPolicyMember,
    policy_type: PolicyType,
    reader: SeedReader,
) -> ControlPolicy:
    return ControlPolicy(member.arn, reader.policy(f"{path}.Policy", member.policy, policy_type))
