"""The grammar of policy documents: what IAM refuses, in its words, and what it takes.

How we know, unless a test says otherwise: reported, kms-behaviour N.2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from keytrail.authorization.elements import PolicyProblem
from keytrail.authorization.policy import PolicyType, read_policy
from keytrail.errors import MalformedPolicyDocumentException

SYNTAX, LEGACY = "Syntax errors in policy.", "The policy failed legacy parsing"
PREFACED = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
QUALIFIED = "Resource vendor must be fully qualified and cannot contain regexes."


def statement(**members: Any) -> dict[str, Any]:
    """A valid statement of an identity policy, with members replaced or, if None, left out."""
    good = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
    return {name: value for name, value in {**good, **members}.items() if value is not None}


def document(*statements: Mapping[str, Any], **members: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements) or [statement()], **members})


def problem_of(text: str, policy_type: PolicyType = PolicyType.IDENTITY) -> PolicyProblem:
    with pytest.raises(PolicyProblem) as caught:
        read_policy(text, policy_type)
    return caught.value


REFUSED: dict[str, tuple[str, str, str]] = {
    "no JSON": ("{", "", SYNTAX),
    "a list": ("[]", "", SYNTAX),
    "NaN": ('{"Version": NaN}', "", SYNTAX),
    "a member twice": ('{"Statement": [], "Statement": []}', "", SYNTAX),
    "no statement": ('{"Version": "2012-10-17"}', "Statement", SYNTAX),
    "another version": (document(Version="2013-10-17"), "Version", SYNTAX),
    "a version that is no text": (document(Version=["2012-10-17"]), "Version", SYNTAX),
    "an Id that is no text": (document(Id=[]), "Id", SYNTAX),
    "an unknown top-level element": (document(Condition={}), "Condition", SYNTAX),
    "a statement that is none": ('{"Statement": ["x"]}', "Statement[0]", SYNTAX),
    "an unknown element": (document(statement(Conditon={})), "Statement[0].Conditon", SYNTAX),
    "an element in the wrong case": (document(statement(), statement(condition={})), "Statement[1].condition", SYNTAX),
    "a Sid that is no text": (document(statement(Sid=[])), "Statement[0].Sid", SYNTAX),
    "no Effect": (document(statement(Effect=None)), "Statement[0].Effect", SYNTAX),
    "another Effect": (document(statement(Effect="invalid")), "Statement[0].Effect", SYNTAX),
    "an Effect in the wrong case": (document(statement(Effect="aLLow")), "Statement[0].Effect", LEGACY),
    "no Action": (document(statement(Action=None)), "Statement[0]", "Policy statement must contain actions."),
    "an empty Action": (
        document(statement(Action=[])),
        "Statement[0].Action",
        "Policy statement must contain actions.",
    ),
    "both kinds of action": (document(statement(NotAction="a:b")), "Statement[0].NotAction", SYNTAX),
    "an Action that is no text": (document(statement(Action=[[]])), "Statement[0].Action", SYNTAX),
    "an action without vendor": (document(statement(Action="invalid")), "Statement[0].Action", PREFACED),
    "an empty action": (document(statement(Action=None, NotAction="")), "Statement[0].NotAction", PREFACED),
    "an action with two colons": (
        document(statement(Action="s3:List:Bucket")),
        "Statement[0].Action",
        "Actions/Condition can contain only one colon.",
    ),
    "a blank in the vendor": (
        document(statement(Action="a a:List")),
        "Statement[0].Action",
        "Vendor a a is not valid",
    ),
    "no Resource": (document(statement(Resource=None)), "Statement[0]", "Policy statement must contain resources."),
    "both kinds of resource": (document(statement(NotResource="*")), "Statement[0].NotResource", SYNTAX),
    "a Resource that is no text": (document(statement(Resource={"a": "*"})), "Statement[0].Resource", SYNTAX),
    "a resource that is no ARN": (
        document(statement(Resource="invalid resource")),
        "Statement[0].Resource",
        'Resource invalid resource must be in ARN format or "*".',
    ),
    "an empty resource": (
        document(statement(Resource="")),
        "Statement[0].Resource",
        'Resource  must be in ARN format or "*".',
    ),
    "an unknown partition": (
        document(statement(Resource="arn:error:kms:*")),
        "Statement[0].Resource",
        'Partition "error" is not valid for resource "arn:error:kms:*:*:*".',
    ),
    "a resource without service": (document(statement(Resource="arn:aws")), "Statement[0].Resource", QUALIFIED),
    "a wildcard for a service": (document(statement(Resource="arn:aws:*:*:*:*")), "Statement[0].Resource", QUALIFIED),
    "too few parts": (document(statement(Resource="arn:aws:s3::bucket")), "Statement[0].Resource", LEGACY),
    "an empty service": (document(statement(Resource="arn:aws::::x")), "Statement[0].Resource", LEGACY),
    "two statements of one Sid": (
        document(statement(Sid="a"), statement(Sid="a")),
        "Statement[1].Sid",
        "Statement IDs (SID) in a single policy must be unique.",
    ),
    "a Condition that is a list": (document(statement(Condition=[])), "Statement[0].Condition", SYNTAX),
    "an operator without keys": (
        document(statement(Condition={"Bool": "x"})),
        "Statement[0].Condition.Bool",
        SYNTAX,
    ),
    "an unknown operator": (
        document(statement(Condition={"x": {"aws:a": "1"}})),
        "Statement[0].Condition.x",
        SYNTAX,
    ),
    "a value that is an object": (
        document(statement(Condition={"StringLike": {"aws:a": {}}})),
        "Statement[0].Condition.StringLike.aws:a",
        SYNTAX,
    ),
    "a date that is none": (
        document(statement(Condition={"DateLessThan": {"aws:CurrentTime": "sdfdsf"}})),
        "Statement[0].Condition.DateLessThan.aws:CurrentTime",
        LEGACY,
    ),
    "a condition key without vendor": (
        document(statement(Condition={"StringEquals": {"username": "x"}})),
        "Statement[0].Condition.StringEquals.username",
        PREFACED,
    ),
}


@pytest.mark.parametrize(("text", "place", "words"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("policy_type", [PolicyType.IDENTITY, PolicyType.BOUNDARY, PolicyType.SCP])
def test_what_iam_refuses_is_refused_in_its_words_with_the_place(
    policy_type: PolicyType, text: str, place: str, words: str
) -> None:
    problem = problem_of(text, policy_type)
    assert (problem.text, problem.place) == (words, place)
    assert problem.detail
    answer = problem.answer()
    assert (type(answer), answer.message) == (MalformedPolicyDocumentException, words)


TAKEN: dict[str, str] = {
    "no Version": json.dumps({"Statement": statement()}),
    "the old Version": document(Version="2008-10-17"),
    "an Id": document(Id="my policy"),
    "one statement that is no list": json.dumps({"Version": "2012-10-17", "Statement": statement()}),
    "a Sid with blanks": document(statement(Sid="Enable IAM User Permissions")),
    "two empty Sids": document(statement(Sid=""), statement(Sid="")),
    "an action that there is not": document(statement(Action="kms:Defenestrate")),
    "a service that there is not": document(statement(Action="fsxx:List")),
    "blanks in an action": document(statement(Action="iam: asdf safdsf af ")),
    "all actions": document(statement(Action="*")),
    "all actions by two stars": document(statement(Action="*:*")),
    "a list of ARNs and a star": document(statement(Resource=["arn:aws:s3:::bucket", "*"])),
    "a short ARN": document(statement(Resource="arn:aws:fdsasf")),
    "an ARN with stars": document(statement(Resource="arn:aws:kms:*:*:key/*")),
    "an ARN in any partition": document(statement(Resource="arn:*:kms:*:*:key/*")),
    "an ARN of another partition": document(statement(Resource="arn:aws-us-gov:kms:*:*:key/*")),
    "an empty Condition": document(statement(Condition={})),
    "an operator of no key": document(statement(Condition={"DateGreaterThan": {}})),
    "a key of no value": document(statement(Condition={"DateGreaterThan": {"aws:CurrentTime": []}})),
    "a condition key that there is not": document(statement(Condition={"StringEquals": {"kms:New": "x"}})),
    "the key of an identity provider": document(
        statement(Condition={"StringLike": {"oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE:sub": "x"}})
    ),
    "a number and a boolean": document(
        statement(Condition={"NumericLessThan": {"aws:EpochTime": 3600}, "Bool": {"aws:SecureTransport": True}})
    ),
}


@pytest.mark.parametrize("text", TAKEN.values(), ids=TAKEN)
def test_what_iam_takes_is_taken(text: str) -> None:
    assert read_policy(text, PolicyType.IDENTITY)


TO_ALL = {"Principal": {"AWS": "*"}}
MISPLACED: dict[str, tuple[PolicyType, dict[str, Any], str, str | None]] = {
    "a principal of an identity policy": (
        PolicyType.IDENTITY,
        TO_ALL,
        "Principal",
        "Policy document should not specify a principal.",
    ),
    "a principal of a session policy": (
        PolicyType.SESSION,
        TO_ALL,
        "Principal",
        "Policy document should not specify a principal.",
    ),
    "a resource of a trust policy": (PolicyType.TRUST, TO_ALL, "Resource", "Has prohibited field Resource."),
}


@pytest.mark.parametrize(("policy_type", "members", "place", "words"), MISPLACED.values(), ids=MISPLACED)
def test_an_element_of_policies_of_another_type_is_refused(
    policy_type: PolicyType, members: dict[str, Any], place: str, words: str
) -> None:
    problem = problem_of(document(statement(**members)), policy_type)
    assert (problem.text, problem.place) == (words, f"Statement[0].{place}")


@pytest.mark.parametrize(
    ("policy_type", "words"),
    [
        (PolicyType.KEY, None),
        (PolicyType.TRUST, "This policy contains invalid Json"),
        (PolicyType.SESSION, "This policy contains invalid Json"),
        (PolicyType.SCP, SYNTAX),
    ],
)
def test_text_that_is_no_json_is_refused_in_the_words_for_the_type_of_policy(
    policy_type: PolicyType, words: str | None
) -> None:
    """How we know: kms-behaviour E.4, N.2."""
    assert problem_of("{", policy_type).text == words


SERVICES = (
    "s3.amazonaws.com",
    "logs.eu-central-1.amazonaws.com",
    "ec2.amazonaws.com.cn",
    "kms.amazonaws.eu",
    "s3.c2s.ic.gov",
)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_of_any_partition_is_a_principal(service: str) -> None:
    """How we know: docs, IAM User Guide, "AWS service principals"."""
    assert read_policy(document(statement(Principal={"Service": service})), PolicyType.KEY)


@pytest.mark.parametrize(
    "service", ["s3", "*", "", "S3.amazonaws.com", "s3.example.com", "amazonaws.com", "s3.amazonaws.com."]
)
def test_what_is_no_service_is_no_principal(service: str) -> None:
    problem = problem_of(document(statement(Principal={"Service": service})), PolicyType.KEY)
    assert problem.text == "Policy contains a statement with one or more invalid principals."
    assert problem.place == "Statement[0].Principal.Service"
    assert "such as s3.amazonaws.com" in problem.detail


def test_a_misspelt_element_is_told_with_the_right_one() -> None:
    """Ours."""
    text = document(statement(Conditon={}, Resource=None))
    assert problem_of(text).detail == "a statement has no Conditon; did you mean Condition?"


def test_a_key_policys_refusal_tells_the_place_where_kmss_words_are_not_known() -> None:
    """Ours."""
    problem = problem_of(document(statement(**TO_ALL, Conditon={})), PolicyType.KEY)
    told = "Statement[0].Conditon: a statement has no Conditon; did you mean Condition?"
    assert problem.answer_of_kms().message == f"{SYNTAX} {told}"
