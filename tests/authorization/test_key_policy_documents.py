"""Key policy documents: which ones CreateKey accepts.

How we know: kms-behaviour E.4.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, FOREIGN, key_arn, refusal
from tests.support.wire import error_of, post

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
LOCK_OUT = "The new key policy will not allow you to update the key policy in the future."
INVALID_PRINCIPALS = "Policy contains a statement with one or more invalid principals."


def statement(**members: object) -> dict[str, object]:
    """A valid statement, with members replaced or, if None, left out."""
    good = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
    return {name: value for name, value in {**good, **members}.items() if value is not None}


def policy(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


MALFORMED: dict[str, tuple[str, str | None]] = {
    "no JSON": ("{", ""),
    "a list": ("[]", None),
    "a text": ('"kms:*"', None),
    "no statement": ('{"Version":"2012-10-17"}', None),
    "an empty list of statements": (policy(), None),
    "a statement that is none": (policy("Allow"), None),
    "no effect": (policy(statement(Effect=None)), None),
    "an effect that is none": (policy(statement(Effect="Maybe")), None),
    "no action": (policy(statement(Action=None)), None),
    "two kinds of action": (policy(statement(NotAction="kms:*")), None),
    "an action that is no text": (policy(statement(Action=7)), None),
    "no resource": (policy(statement(Resource=None)), None),
    "a resource that is not *": (policy(statement(Resource=key_arn())), None),
    "no principal": (policy(statement(Principal=None)), INVALID_PRINCIPALS),
    "a principal of no kind": (policy(statement(Principal={"Person": "x"})), INVALID_PRINCIPALS),
    "a principal that is none": (policy(statement(Principal={"AWS": "alice"})), INVALID_PRINCIPALS),
    "one bad principal among good ones": (policy(statement(Principal={"AWS": [ROOT, "alice"]})), INVALID_PRINCIPALS),
    "a bad second statement": (policy(statement(), statement(Principal={"AWS": "alice"})), INVALID_PRINCIPALS),
    "a condition on tags": (
        policy(statement(), statement(Condition={"StringEquals": {"aws:ResourceTag/team": "x"}})),
        "These condition keys are not permitted in a key policy: aws:ResourceTag, kms:ResourceTag, kms:ResourceAliases",
    ),
    "a condition on aliases": (
        policy(statement(), statement(Condition={"StringEquals": {"kms:ResourceAliases": "alias/x"}})),
        "These condition keys are not permitted in a key policy: aws:ResourceTag, kms:ResourceTag, kms:ResourceAliases",
    ),
    "another account's alone": (policy(statement(Principal={"AWS": FOREIGN})), LOCK_OUT),
    "use alone": (policy(statement(Action=["kms:Encrypt", "kms:Decrypt"])), LOCK_OUT),
    "a deny": (policy(statement(), statement(Effect="Deny", Action="kms:Put*")), LOCK_OUT),
    "all but what is needed": (policy(statement(Action=None, NotAction="kms:PutKeyPolicy")), LOCK_OUT),
}


@pytest.mark.parametrize(("document", "words"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_policy_or_one_that_locks_everybody_out_is_refused(
    kms: Any, document: str, words: str | None
) -> None:
    # Where no words stand here, AWS's are not known.
    code, message = refusal(kms, "CreateKey", Policy=document)
    assert code == "MalformedPolicyDocumentException"
    assert message == words if words is not None else message
    assert kms.list_keys()["Keys"] == []


@pytest.mark.parametrize(
    "principal", [f"arn:aws:iam::{ACCOUNT}:group/Admins", "arn:aws:iam::1:root", "arn:aws:s3:::bucket", "arn:"]
)
def test_a_policy_with_an_arn_of_something_else_than_a_principal_is_refused(kms: Any, principal: str) -> None:
    answer = refusal(kms, "CreateKey", Policy=policy(statement(), statement(Principal={"AWS": principal})))
    assert answer == ("InvalidArnException", "An ARN in the specified key policy is invalid.")


def test_a_policy_has_at_most_32768_bytes(keytrail_clean: KeytrailServer) -> None:
    document = policy(statement(Sid="s"))
    fits = document.replace('"s"', '"' + "s" * (32768 - len(document) + 1) + '"')
    assert len(fits) == 32768
    assert post(keytrail_clean, "CreateKey", {"Policy": fits}).status_code == 200
    assert error_of(post(keytrail_clean, "CreateKey", {"Policy": fits + " "}))[:2] == (400, "LimitExceededException")


@pytest.mark.parametrize("document", ["", "\u2603", " " * 131073])
def test_a_policy_must_meet_the_constraints_of_the_model(keytrail_clean: KeytrailServer, document: str) -> None:
    status, code, message = error_of(post(keytrail_clean, "CreateKey", {"Policy": document}))
    assert (status, code) == (400, "ValidationException")
    assert "at 'policy' failed to satisfy constraint: Member must" in (message or "")


GOOD = {
    "the default": policy(statement(Sid="Enable IAM User Permissions")),
    "one statement, not in a list": json.dumps({"Statement": statement()}),
    "everybody": policy(statement(Principal="*")),
    "the account by its number": policy(statement(Principal={"AWS": ACCOUNT})),
    "a role of the account": policy(statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/Admin"})),
    "a service besides": policy(statement(), statement(Principal={"Service": "logs.amazonaws.com"})),
    "wildcards": policy(statement(Action="kms:Put*")),
    "another case": policy(statement(Action="KMS:putkeypolicy")),
    "a deny of other things": policy(statement(), statement(Effect="Deny", Action="kms:Decrypt")),
    "a deny under a condition": policy(
        statement(), statement(Effect="Deny", Condition={"Bool": {"aws:SecureTransport": "false"}})
    ),
}


@pytest.mark.parametrize("document", GOOD.values(), ids=GOOD)
def test_a_policy_that_keeps_somebody_in_control_is_accepted(kms: Any, document: str) -> None:
    assert kms.create_key(Policy=document)["KeyMetadata"]["Enabled"]


def test_only_the_lockout_check_can_be_bypassed(kms: Any) -> None:
    locked = policy(statement(Principal={"AWS": FOREIGN}))
    assert kms.create_key(Policy=locked, BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["Enabled"]
    broken = policy(statement(Principal={"AWS": "alice"}))
    answer = refusal(kms, "CreateKey", Policy=broken, BypassPolicyLockoutSafetyCheck=True)
    assert answer == ("MalformedPolicyDocumentException", INVALID_PRINCIPALS)


def test_a_declared_caller_must_stay_in_control_itself(
    keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    alice = f"arn:aws:iam::{ACCOUNT}:user/Alice"
    client = keytrail_client(access_key_id="AKIAALICE", secret_access_key="s")
    keytrail_clean.load({"credentials": [{"AccessKeyId": "AKIAALICE", "SecretAccessKey": "s", "Principal": alice}]})
    other = policy(statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/Bob"}))
    assert refusal(client, "CreateKey", Policy=other) == ("MalformedPolicyDocumentException", LOCK_OUT)
    own = policy(statement(Principal={"AWS": alice}))
    assert client.create_key(Policy=own)["KeyMetadata"]["Enabled"]
