"""Users, roles and service control policies of a seed: what the members mean, and whether IAM would have them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from keytrail.domain.identity import Identity
from keytrail.domain.organization import Membership, ServiceControlPolicy
from keytrail.domain.principal import Principal
from keytrail.errors import AwsError
from keytrail.seeds.identity_members import (
    IdentityMember,
    MemberAccountMember,
    OrganizationalUnitMember,
    OrganizationMember,
    ServiceControlPolicyMember,
)
from keytrail.seeds.parsing import Wrong
from keytrail.seeds.seed import Seed

PolicyCheck = Callable[..., object]
"""Raises AwsError for a document that is no policy of a kind: `check(document, "identity-based policy")`."""

_Level = tuple[ServiceControlPolicy, ...]


def read_identities(path: str, members: list[IdentityMember], seed: Seed, check: PolicyCheck, wrong: Wrong) -> None:
    """Add users and roles to the seed."""
    for at, member in enumerate(members):
        where = f"{path}[{at}]"
        try:
            principal = Principal.from_arn(member.arn)
        except ValueError:
            principal = None
        if principal is None or principal.kind not in ("user", "role"):
            wrong(f"{where}.Arn", f"expected the ARN of a user or a role, got {member.arn!r}; a session is its role's")
            continue
        if member.arn in seed.identities:
            wrong(f"{where}.Arn", f"{member.arn} stands twice; keep one")
        if member.trust_policy is not None and principal.kind != "role":
            wrong(f"{where}.TrustPolicy", "only a role has one; leave it out")
        if member.max_session_duration is not None and principal.kind != "role":
            wrong(f"{where}.MaxSessionDuration", "only a role has one; leave it out")

        def document(name: str, policy: str | dict[str, Any] | None, kind: str, where: str = where) -> str | None:
            return _document(f"{where}.{name}", policy, kind, check, wrong) if policy is not None else None

        policies = {
            name: document(f"Policies.{name}", policy, "identity-based policy") or ""
            for name, policy in member.policies.items()
        }
        seed.identities[member.arn] = Identity(
            arn=member.arn,
            account=principal.account,
            policies=policies,
            permissions_boundary=document("PermissionsBoundary", member.permissions_boundary, "permissions boundary"),
            trust_policy=document("TrustPolicy", member.trust_policy, "role trust policy"),
            max_session_duration=member.max_session_duration or 3600,
            tags=member.tags,
        )


def read_service_control_policies(
    path: str, members: list[ServiceControlPolicyMember], seed: Seed, check: PolicyCheck, wrong: Wrong
) -> None:
    """Add policies of a plain list to the accounts that each names: they are one level of each account's."""
    levels: dict[str, list[ServiceControlPolicy]] = {}
    for at, member in enumerate(members):
        where = f"{path}[{at}]"
        policy = _service_control_policy(where, member, check, wrong)
        if not member.accounts:
            wrong(f"{where}.Accounts", "name the accounts that it holds for, or attach it in an organization")
        for account in member.accounts:
            levels.setdefault(account, []).append(policy)
    for account, policies in levels.items():
        _attach(seed, account, Membership(levels=(tuple(policies),)))


def read_organization(path: str, member: OrganizationMember, seed: Seed, check: PolicyCheck, wrong: Wrong) -> None:
    """Add an organization: each account's policies are those on the way to it from the root."""
    for account, where, levels in _members_of(path, member, (), check, wrong):
        membership = seed.memberships.get(account)
        if membership is not None and membership.organization_id is not None:
            wrong(where, f"{account} stands twice; an account is in one place of one organization")
        _attach(seed, account, Membership(member.id, () if account == member.management_account else levels))
    if member.management_account is not None and member.management_account not in seed.memberships:
        _attach(seed, member.management_account, Membership(member.id))


def _members_of(
    path: str,
    member: OrganizationMember | OrganizationalUnitMember,
    above: tuple[_Level, ...],
    check: PolicyCheck,
    wrong: Wrong,
) -> Iterator[tuple[str, str, tuple[_Level, ...]]]:
    levels = (*above, _level(path, member, check, wrong))
    for at, account in enumerate(member.accounts):
        where = f"{path}.Accounts[{at}]"
        own = _level(where, account, check, wrong)
        yield account.account, f"{where}.Account", (*levels, own)
    for at, unit in enumerate(member.organizational_units):
        yield from _members_of(f"{path}.OrganizationalUnits[{at}]", unit, levels, check, wrong)


def _level(
    path: str,
    member: OrganizationMember | OrganizationalUnitMember | MemberAccountMember,
    check: PolicyCheck,
    wrong: Wrong,
) -> _Level:
    policies = member.service_control_policies
    for at, policy in enumerate(policies):
        if policy.accounts:
            wrong(f"{path}.ServiceControlPolicies[{at}].Accounts", "its place says whom it holds for; leave it out")
    return tuple(
        _service_control_policy(f"{path}.ServiceControlPolicies[{at}]", policy, check, wrong)
        for at, policy in enumerate(policies)
    )


def _attach(seed: Seed, account: str, membership: Membership) -> None:
    other = seed.memberships.get(account, Membership())
    organization_id = membership.organization_id or other.organization_id
    seed.memberships[account] = Membership(organization_id, (*other.levels, *membership.levels))


def _service_control_policy(
    path: str, member: ServiceControlPolicyMember, check: PolicyCheck, wrong: Wrong
) -> ServiceControlPolicy:
    document = _document(f"{path}.Policy", member.policy, "service control policy", check, wrong)
    return ServiceControlPolicy(member.arn, document)


def _document(path: str, policy: str | Mapping[str, Any], kind: str, check: PolicyCheck, wrong: Wrong) -> str:
    text = policy if isinstance(policy, str) else msgspec.json.encode(policy).decode()
    try:
        check(text, kind)
    except AwsError as error:
        wrong(path, f"{error.code}: {error.message}")
    return text
