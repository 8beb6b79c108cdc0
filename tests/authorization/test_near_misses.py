"""Near misses: which statements almost allowed a request, and what they lacked.

How we know: docs/console.md. It is for people, so AWS has nothing like it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from keytrail.authorization.evaluation import Ground, Verdict
from keytrail.authorization.explanations import Explanation
from keytrail.authorization.near_misses import condition_keys, near_misses
from keytrail.authorization.policy import Policy, PolicyType
from keytrail.domain.principal import Principal
from tests.support import ACCOUNT, key_arn

READER = Principal.from_arn(f"arn:aws:iam::{ACCOUNT}:role/Reader")
WRITER = f"arn:aws:iam::{ACCOUNT}:role/Writer"


def statement(sid: str, **members: Any) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": READER.arn},
        "Action": "kms:Decrypt",
        "Resource": "*",
        **members,
    }


def explained(*statements: dict[str, Any], ground: Ground = Ground.IMPLICIT_DENY, **context: Any) -> Explanation:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    policy = Policy(PolicyType.KEY, "default", document)
    verdict = Verdict(ground, PolicyType.KEY)
    values = {f"kms:{name.lower()}": value for name, value in context.items()}
    return Explanation(READER, "kms:Decrypt", key_arn(), verdict, values, (policy,))


def lacks(*statements: dict[str, Any], **context: Any) -> dict[str | None, list[tuple[str, str, str | None]]]:
    misses = near_misses(explained(*statements, **context))
    return {miss.statement.sid: [tuple(lack) for lack in miss.lacks] for miss in misses}


def test_a_statement_lacks_the_action_the_principal_or_a_condition() -> None:
    via = {"StringEquals": {"kms:ViaService": ["s3.us-east-1.amazonaws.com"]}}
    assert lacks(
        statement("Other action", Action=["kms:Encrypt", "kms:DescribeKey"]),
        statement("Other principal", Principal={"AWS": WRITER}),
        statement("Condition", Condition=via),
        ViaService=None,
    ) == {
        "Other action": [("Action", '["kms:Encrypt", "kms:DescribeKey"]', "kms:Decrypt")],
        "Other principal": [("Principal", json.dumps({"AWS": WRITER}), READER.arn)],
        "Condition": [("Condition StringEquals kms:ViaService", '["s3.us-east-1.amazonaws.com"]', None)],
    }


def test_the_inverse_elements_are_named_as_they_are_written() -> None:
    inverse = {
        "Sid": "Not",
        "Effect": "Allow",
        "NotPrincipal": {"AWS": READER.arn},
        "NotAction": "kms:Dec*",
        "Resource": "*",
    }
    found = lacks(inverse)
    assert [element for element, _, _ in found["Not"]] == ["NotAction", "NotPrincipal"]


def test_the_nearest_are_the_first_and_what_lacks_more_than_two_is_left_out() -> None:
    far = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    two = statement("Two", Action="kms:Encrypt", Principal={"AWS": WRITER})
    three = statement("Three", Action="kms:Encrypt", Principal={"AWS": WRITER}, Condition=far)
    one = statement("One", Action="kms:Encrypt")
    assert list(lacks(three, two, one, ViaService=("ec2.us-east-1.amazonaws.com",))) == ["One", "Two"]
    assert list(lacks(three, ViaService=None)) == ["Three"], "it is the nearest there is"


def test_at_most_three_are_named() -> None:
    assert len(lacks(*(statement(str(number), Action="kms:Encrypt") for number in range(9)))) == 3


def test_a_condition_whose_value_nobody_looked_at_does_not_count() -> None:
    condition = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com", "kms:CallerAccount": "1" * 12}}
    found = lacks(statement("Both", Condition=condition), CallerAccount=(ACCOUNT,))
    assert [element for element, _, _ in found["Both"]] == ["Condition StringEquals kms:CallerAccount"]


def test_a_statement_that_delegates_to_the_account_lacks_nothing() -> None:
    root = statement("Account", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    other = statement("Other", Action="kms:Encrypt")
    assert lacks(root, other) == {"Other": [("Action", "kms:Encrypt", "kms:Decrypt")], "Account": []}


@pytest.mark.parametrize("ground", [Ground.ALLOWED, Ground.EXPLICIT_DENY])
def test_what_is_allowed_or_denied_by_a_statement_has_no_near_misses(ground: Ground) -> None:
    assert near_misses(explained(statement("Any", Action="kms:Encrypt"), ground=ground)) == []


def test_a_deny_is_no_near_miss() -> None:
    assert lacks(statement("Deny", Effect="Deny", Action="kms:Encrypt")) == {}


def test_the_condition_keys_of_a_policy_are_those_of_all_its_statements() -> None:
    one = statement("One", Condition={"StringEquals": {"kms:ViaService": "a", "aws:PrincipalTag/Team": "b"}})
    two = statement("Two", Condition={"Null": {"kms:GrantIsForAWSResource": "true"}})
    [policy] = explained(one, two).policies
    assert condition_keys(policy) == {"kms:viaservice", "aws:principaltag/team", "kms:grantisforawsresource"}
