"""Writing organizations, from what each account keeps of its place in one: its path, and the policies on it.

The tree is made of the paths. A service control policy is attached where it was; resource control policies, which can
only deny, as far up as all accounts below have them. Units without accounts and the names of units are not kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from keytrail.domain.organization import ControlPolicy, Level, Membership
from keytrail.seeds.writing.source import Members, policy, present

_ABOVE = 2
"""The levels of policies of an account besides those of the units above it: the root's, and its own."""


@dataclass(slots=True)
class _Unit:
    """The root or a unit of an organization that is written."""

    service: Level | None = None
    """The service control policies that are attached; None: no account below has told yet."""
    accounts: list[str] = field(default_factory=list)
    units: dict[str, "_Unit"] = field(default_factory=dict)

    def members_below(self) -> list[str]:
        return [*self.accounts, *(account for unit in self.units.values() for account in unit.members_below())]


@dataclass(slots=True)
class _Organization:
    """An organization as its accounts agree on it. Accounts that disagree, from other seeds, are in another one."""

    organization_id: str
    root_id: str
    root: _Unit = field(default_factory=_Unit)
    management_account: str | None = None

    def take(self, account: str, membership: Membership) -> bool:
        """Add an account; False, and nothing changes, if what it has from above is not what the others have."""
        levels = _levels_of_organization(membership)
        is_managing = not levels
        if is_managing and self.management_account is not None:
            return False
        path, service = [self.root], [None if is_managing else levels[0]]
        for depth, unit_id in enumerate(_unit_ids(membership), 1):
            path.append(path[-1].units.get(unit_id) or _Unit())
            service.append(None if is_managing else levels[depth])
        if any(known.service not in (None, own) for known, own in zip(path, service, strict=True) if own is not None):
            return False
        for known, own in zip(path, service, strict=True):
            known.service = own if own is not None else known.service
        for above, below, unit_id in zip(path, path[1:], _unit_ids(membership), strict=False):
            above.units[unit_id] = below
        path[-1].accounts.append(account)
        if is_managing:
            self.management_account = account
        return True


def organization_parts(memberships: Mapping[str, Membership]) -> Members:
    """The parts of a seed for organizations and their policies: by account, what limits it."""
    organizations: list[_Organization] = []
    outside: dict[str, tuple[Level, Level]] = {}
    for account, membership in sorted(memberships.items()):
        if membership.organization_id is None or membership.path is None:
            scps = tuple(policy for level in membership.service_control_policies for policy in level)
            outside[account] = (scps, membership.resource_control_policies)
            continue
        count = len(membership.service_control_policies) - len(_levels_of_organization(membership))
        first = membership.service_control_policies[:count]
        outside[account] = (tuple(policy for level in first for policy in level), ())
        organization_id, root_id = membership.path.split("/")[:2]
        same = [each for each in organizations if (each.organization_id, each.root_id) == (organization_id, root_id)]
        if not any(each.take(account, membership) for each in same):
            organizations.append(_Organization(organization_id, root_id))
            organizations[-1].take(account, membership)
    written = [
        _organization(each, memberships) for each in sorted(organizations, key=lambda each: each.organization_id)
    ]
    return {
        "organization": written[0] if len(written) == 1 else None,
        "organizations": written if len(written) > 1 else [],
        "serviceControlPolicies": _outside({account: scps for account, (scps, _) in outside.items()}),
        "resourceControlPolicies": _outside({account: rcps for account, (_, rcps) in outside.items()}),
    }


def _unit_ids(membership: Membership) -> list[str]:
    return [] if membership.path is None else membership.path.split("/")[2:-1]


def _levels_of_organization(membership: Membership) -> tuple[Level, ...]:
    """The levels of policies from the root down to the account; none for the management account.

    A level before them has the policies outside of the organization.
    """
    count = len(_unit_ids(membership)) + _ABOVE
    levels = membership.service_control_policies
    return levels[-count:] if len(levels) >= count else ()


def _outside(levels: Mapping[str, Level]) -> list[Members]:
    """Policies with the accounts that they apply to; accounts with the same policies share the entries."""
    accounts: dict[Level, list[str]] = {}
    for account, level in levels.items():
        accounts.setdefault(level, []).append(account)
    return [
        {**_control_policy(control_policy), "Accounts": names}
        for level, names in accounts.items()
        for control_policy in level
    ]


def _organization(organization: _Organization, memberships: Mapping[str, Membership]) -> Members:
    return present(
        {
            "Id": organization.organization_id,
            "RootId": organization.root_id,
            "ManagementAccount": organization.management_account,
            **_unit_members(organization.root, organization, memberships, 0),
        }
    )


def _unit_members(
    unit: _Unit, organization: _Organization, memberships: Mapping[str, Membership], attached: int
) -> Members:
    """The root or a unit. `attached`: how many resource control policies of its accounts are attached above it."""
    reached = [account for account in unit.members_below() if account != organization.management_account]
    shared = _shared([memberships[account].resource_control_policies[attached:] for account in reached])
    return {
        **_attached(unit.service or (), shared),
        "Accounts": [
            present({"Account": account, **_own_policies(memberships[account], attached + len(shared))})
            for account in unit.accounts
        ],
        "OrganizationalUnits": [
            present({"Id": unit_id, **_unit_members(below, organization, memberships, attached + len(shared))})
            for unit_id, below in unit.units.items()
        ],
    }


def _own_policies(membership: Membership, attached: int) -> Members:
    levels = _levels_of_organization(membership)
    return _attached(levels[-1] if levels else (), membership.resource_control_policies[attached:])


def _shared(levels: list[Level]) -> Level:
    """What all levels begin with."""
    shared = []
    for policies in zip(*levels, strict=False):
        if len(set(policies)) > 1:
            break
        shared.append(policies[0])
    return tuple(shared)


def _attached(service: Iterable[ControlPolicy], resource: Iterable[ControlPolicy]) -> Members:
    return {
        "ServiceControlPolicies": [_control_policy(each) for each in service],
        "ResourceControlPolicies": [_control_policy(each) for each in resource],
    }


def _control_policy(control_policy: ControlPolicy) -> Members:
    return {"Arn": control_policy.arn, "Policy": policy(control_policy.document)}
