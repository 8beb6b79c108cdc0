"""Resource control policies in seeds: which documents Organizations takes, and where mistakes are reported.

How we know: recorded, kms-behaviour N.2 (radkawar/stackd testdata/aws/iam/resource_controls.json, cases `syntax_*`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from keytrail.seeds import SeedError, read_document
from keytrail.seeds.seed import Seed
from keytrail.settings import Settings

ACCOUNT, OTHER = "111122223333", "444455556666"
RCP = f"arn:aws:organizations::{ACCOUNT}:policy/o-exampleorgid/resource_control_policy/p-{{}}"
REFUSED = "The provided policy document does not meet the requirements of the specified policy type."


def read(document: Mapping[str, Any]) -> Seed:
    return read_document(
        json.dumps(document).encode(), Settings(), datetime(2026, 11, 24, tzinfo=UTC), name="seed.json"
    )


def statement(**members: Any) -> dict[str, Any]:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:*:*:queue"}
    return {name: value for name, value in {**deny, **members}.items() if value is not None}


def document(*statements: Mapping[str, Any], version: str | None = "2012-10-17") -> dict[str, Any]:
    body: dict[str, Any] = {"Statement": list(statements) if len(statements) > 1 else statements[0]}
    return {"Version": version, **body} if version is not None else body


def rcp(policy: Any, name: str = "one", **members: Any) -> dict[str, Any]:
    return {"Arn": RCP.format(name), "Policy": policy, **members}


TAKEN: Mapping[str, Mapping[str, Any]] = {
    "valid": document(statement()),
    "missing_version": document(statement(), version=None),
    "old_version": document(statement(), version="2008-10-17"),
    "unknown_action": document(statement(Action="sqs:StackdProbe")),
    "uppercase_service": document(statement(Action="SQS:SendMessage")),
    "principal_object": document(statement(Principal={"AWS": "*"})),
    "not_resource": document(statement(Resource=None, NotResource="arn:aws:sqs:*:*:queue")),
    "two statements": document(statement(), statement(Action=["kms:*", "sts:AssumeRole"], Resource="*")),
}
NOT_TAKEN: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "allow": (document(statement(Effect="Allow")), "its Effect must be Deny"),
    "action_star": (document(statement(Action="*")), "each Action must name a service"),
    "iam_service": (document(statement(Action="iam:CreateUser")), "each Action must name a service"),
    "principal_list": (document(statement(Principal=["*"])), "it must have a Principal"),
    "principal_account": (
        document(statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})),
        "it must have a Principal",
    ),
    "not_action": (
        document(statement(Action=None, NotAction="sqs:SendMessage")),
        "it must have an Action, and no NotAction",
    ),
    "not_principal": (document(statement(Principal=None, NotPrincipal="*")), "it must have a Principal"),
}


@pytest.mark.parametrize("policy", TAKEN.values(), ids=TAKEN)
def test_a_document_that_organizations_took_is_taken(policy: Mapping[str, Any]) -> None:
    seed = read({"resourceControlPolicies": [rcp(policy, Accounts=[ACCOUNT])]})
    (taken,) = seed.memberships[ACCOUNT].resource_control_policies
    assert taken.arn == RCP.format("one")


@pytest.mark.parametrize(("policy", "remedy"), NOT_TAKEN.values(), ids=NOT_TAKEN)
def test_a_document_that_organizations_refused_is_refused_with_a_remedy(policy: Mapping[str, Any], remedy: str) -> None:
    with pytest.raises(SeedError) as caught:
        read({"resourceControlPolicies": [rcp(policy, Accounts=[ACCOUNT])]})
    (problem,) = caught.value.problems
    place = "seed.json: resourceControlPolicies[0].Policy: MalformedPolicyDocumentException"
    assert problem.startswith(f"{place}: {REFUSED} Statement 0: {remedy}")


def test_an_account_has_the_policies_from_the_root_to_itself() -> None:
    """How we know: docs, AWS Organizations User Guide, "RCP evaluation"; the management account has none."""
    policy = document(statement())
    seed = read(
        {
            "organization": {
                "Id": "o-exampleorgid",
                "ManagementAccount": "999999999999",
                "ResourceControlPolicies": [rcp(policy, "root")],
                "OrganizationalUnits": [
                    {
                        "ResourceControlPolicies": [rcp(policy, "unit")],
                        "Accounts": [{"Account": ACCOUNT, "ResourceControlPolicies": [rcp(policy, "account")]}],
                    }
                ],
                "Accounts": [{"Account": OTHER}, {"Account": "999999999999"}],
            },
            "resourceControlPolicies": [rcp(policy, "listed", Accounts=[OTHER])],
        }
    )

    def names(account: str) -> list[str]:
        return [policy.arn.rpartition("-")[2] for policy in seed.memberships[account].resource_control_policies]

    assert names(ACCOUNT) == ["root", "unit", "account"]
    assert sorted(names(OTHER)) == ["listed", "root"]
    assert names("999999999999") == []


MISPLACED: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "no accounts": (
        {"resourceControlPolicies": [rcp(document(statement()))]},
        "resourceControlPolicies[0].Accounts: name the accounts that it applies to",
    ),
    "accounts in a tree": (
        {
            "organization": {
                "Id": "o-exampleorgid",
                "Accounts": [
                    {
                        "Account": ACCOUNT,
                        "ResourceControlPolicies": [rcp(document(statement()), Accounts=[ACCOUNT])],
                    }
                ],
            }
        },
        "organization.Accounts[0].ResourceControlPolicies[0].Accounts: it applies to where it is attached",
    ),
    "a service control policy's ARN": (
        {"resourceControlPolicies": [{"Arn": RCP.replace("resource", "service"), "Policy": {}, "Accounts": [ACCOUNT]}]},
        "resourceControlPolicies[0].Arn: ",
    ),
}


@pytest.mark.parametrize(("document", "problem"), MISPLACED.values(), ids=MISPLACED)
def test_a_mistake_is_reported_with_its_path(document: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(SeedError) as caught:
        read(document)
    assert any(line.startswith(f"seed.json: {problem}") for line in caught.value.problems)
