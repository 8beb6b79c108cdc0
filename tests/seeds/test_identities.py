"""Users, roles and service control policies in seeds: what they mean, and how mistakes in them are reported."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from keytrail.authorization.identities import Identities
from keytrail.domain.principal import Principal
from keytrail.seeds import SeedError, read_document
from keytrail.seeds.seed import Seed
from keytrail.settings import Settings

ACCOUNT, OTHER = "111122223333", "444455556666"
USER, ROLE = f"arn:aws:iam::{ACCOUNT}:user/alice", f"arn:aws:iam::{ACCOUNT}:role/app/Reader"
SCP = f"arn:aws:organizations::{ACCOUNT}:policy/o-exampleorgid/service_control_policy/p-{{}}"
ALLOW = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}
DENY = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "kms:*", "Resource": "*"}}
TRUST = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"},
}


def read(document: Mapping[str, Any]) -> Seed:
    return read_document(
        json.dumps(document).encode(), Settings(), datetime(2026, 11, 24, tzinfo=UTC), name="seed.json"
    )


def scp(name: str = "one", policy: Any = DENY, **members: Any) -> dict[str, Any]:
    return {"Arn": SCP.format(name), "Policy": policy, **members}


def organization(**members: Any) -> dict[str, Any]:
    return {"organization": {"Id": "o-exampleorgid", **members}}


def statement(**members: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": {**ALLOW["Statement"], **members}}  # type: ignore[dict-item]


MISTAKES: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "a session": (
        {"identities": [{"Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Reader/one"}]},
        "identities[0].Arn: expected the ARN of a user or a role",
    ),
    "twice": (
        {"identities": [{"Arn": USER}, {"Arn": USER}]},
        f"identities[1].Arn: {USER} appears twice, first at seed.json: identities[0].Arn; keep one",
    ),
    "a user's trust policy": (
        {"identities": [{"Arn": USER, "TrustPolicy": TRUST}]},
        "identities[0].TrustPolicy: only a role has this; leave it out",
    ),
    "a principal in an identity policy": (
        {"identities": [{"Arn": USER, "Policies": {"own": statement(Principal="*")}}]},
        "identities[0].Policies.own: MalformedPolicyDocumentException: Policy contains a statement with a principal",
    ),
    "no resource in a boundary": (
        {"identities": [{"Arn": USER, "PermissionsBoundary": {"Statement": {"Effect": "Allow", "Action": "*"}}}]},
        "identities[0].PermissionsBoundary: MalformedPolicyDocumentException: ",
    ),
    "a resource in a trust policy": (
        {"identities": [{"Arn": ROLE, "TrustPolicy": statement(Principal="*")}]},
        "identities[0].TrustPolicy: MalformedPolicyDocumentException: ",
    ),
    "no JSON": (
        {"identities": [{"Arn": ROLE, "Policies": {"own": "{"}}]},
        "identities[0].Policies.own: MalformedPolicyDocumentException: the policy is not a well-formed JSON document",
    ),
    "an operator that does not exist": (
        {"serviceControlPolicies": [scp(policy=statement(Condition={"StringSame": {"a": "b"}}), Accounts=[ACCOUNT])]},
        "serviceControlPolicies[0].Policy: MalformedPolicyDocumentException: Policy contains a condition operator",
    ),
    "no accounts": (
        {"serviceControlPolicies": [scp()]},
        "serviceControlPolicies[0].Accounts: name the accounts that it applies to, or attach it in an organization",
    ),
    "accounts in a tree": (
        organization(ServiceControlPolicies=[scp(Accounts=[ACCOUNT])]),
        "organization.ServiceControlPolicies[0].Accounts: it applies to where it is attached; leave Accounts out",
    ),
    "an account in two places": (
        organization(
            Accounts=[{"Account": ACCOUNT}], OrganizationalUnits=[{"Name": "a", "Accounts": [{"Account": ACCOUNT}]}]
        ),
        f"organization.OrganizationalUnits[0].Accounts[0].Account: the member account {ACCOUNT} appears twice",
    ),
    "an ARN of something else": (
        {"serviceControlPolicies": [{"Arn": USER, "Policy": DENY, "Accounts": [ACCOUNT]}]},
        "serviceControlPolicies[0].Arn: ",
    ),
    "a misspelt member": (
        {"identities": [{"Arn": USER, "PermissionBoundary": ALLOW}]},
        "there is no member PermissionBoundary; did you mean PermissionsBoundary?",
    ),
}


@pytest.mark.parametrize(("document", "problem"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_with_its_path_and_a_remedy(document: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(SeedError) as caught:
        read(document)
    (problem_line,) = caught.value.problems
    assert problem_line.startswith("seed.json: ")
    assert problem in problem_line


def test_an_identity_policy_may_have_the_conditions_that_a_key_policy_may_not() -> None:
    """How we know: docs, kms-behaviour F.4: only a key policy refuses the condition keys of tags and aliases."""
    condition = {
        "StringEquals": {"aws:ResourceTag/team": "a"},
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": "b"},
    }
    seed = read({"identities": [{"Arn": USER, "Policies": {"own": statement(Condition=condition)}}]})
    assert list(seed.identities) == [USER]


def test_an_account_has_the_levels_from_the_root_to_itself() -> None:
    """How we know: docs, AWS Organizations User Guide, "SCP evaluation"."""
    seed = read(
        {
            **organization(
                ManagementAccount="999999999999",
                ServiceControlPolicies=[scp("root")],
                OrganizationalUnits=[
                    {
                        "ServiceControlPolicies": [scp("unit")],
                        "Accounts": [{"Account": ACCOUNT, "ServiceControlPolicies": [scp("account")]}],
                    }
                ],
                Accounts=[{"Account": OTHER}],
            ),
            "serviceControlPolicies": [scp("listed", Accounts=[OTHER])],
        }
    )

    def names(account: str) -> list[list[str]]:
        levels = seed.memberships[account].service_control_policies
        return [[policy.arn.rpartition("-")[2] for policy in level] for level in levels]

    assert names(ACCOUNT) == [["root"], ["unit"], ["account"]]
    assert sorted(names(OTHER)) == [[], ["listed"], ["root"]]
    assert names("999999999999") == []
    assert {membership.organization_id for membership in seed.memberships.values()} == {"o-exampleorgid"}


def test_a_session_has_the_policies_of_its_role_whatever_the_roles_path() -> None:
    """How we know: docs, IAM User Guide, "IAM identifiers": a session's ARN has the role's name without its path."""
    identities = Identities()
    identities.declare(read({"identities": [{"Arn": ROLE, "Policies": {"own": ALLOW}}]}).identities)
    session = Principal.from_arn(f"arn:aws:sts::{ACCOUNT}:assumed-role/Reader/one")
    policies = identities.policies_of(session, strict=False)
    assert ([policy.name for policy in policies.identity_policies], policies.arn) == (["own"], ROLE)


def test_service_control_policies_do_not_apply_to_service_linked_roles() -> None:
    """How we know: docs, AWS Organizations User Guide, "Tasks and entities not restricted by SCPs"."""
    identities = Identities()
    seed = read({"serviceControlPolicies": [scp(Accounts=[ACCOUNT])]})
    identities.declare(seed.identities, seed.memberships)
    linked = Principal.from_arn(f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS")
    assert identities.policies_of(linked, strict=False).service_control_policies == ()
    assert len(identities.policies_of(Principal.from_arn(USER), strict=False).service_control_policies) == 1


def test_a_reset_goes_back_to_the_identities_of_the_start() -> None:
    identities, user = Identities(), Principal.from_arn(USER)
    identities.declare(read({"identities": [{"Arn": USER, "Policies": {"own": ALLOW}}]}).identities)
    first = identities.snapshot()
    later = read({"identities": [{"Arn": USER}], "serviceControlPolicies": [scp(Accounts=[ACCOUNT])]})
    identities.declare(later.identities, later.memberships)
    policies = identities.policies_of(user, strict=False)
    assert (len(policies.identity_policies), len(policies.service_control_policies)) == (0, 1)
    identities.restore(first)
    policies = identities.policies_of(user, strict=False)
    assert (len(policies.identity_policies), len(policies.service_control_policies)) == (1, 0)
