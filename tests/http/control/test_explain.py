"""/_keytrail/explain: which statement decided, and what would be decided.

How we know: docs/who-may.md, "Why was it refused?".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests

from keytrail.authorization.evaluation import Ground, Verdict
from keytrail.authorization.explanations import MAX_REQUESTS, MAX_SIZE, Explanation, Explanations
from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, ALIAS, FOREIGN, KEY, alias_arn, key_arn, refusal

READER = f"arn:aws:iam::{ACCOUNT}:role/Reader"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Reader/one"
TO_ROOT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
TENANT_ONLY = {
    "Sid": "TenantOnly",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "kms:Encrypt",
    "Resource": "*",
    "Condition": {"StringNotEquals": {"kms:EncryptionContext:tenant": "a"}},
}


def document(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


SEED: Mapping[str, Any] = {
    "credentials": [{"AccessKeyId": "ASIAREADER0000000001", "SecretAccessKey": "s", "Principal": SESSION}],
    "identities": [
        {
            "Arn": READER,
            "Policies": {
                "read": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:D*", "Resource": "*"}}
            },
        }
    ],
    "keys": [
        {"KeyId": KEY, "Aliases": [ALIAS], "Policy": {"Version": "2012-10-17", "Statement": [TO_ROOT, TENANT_ONLY]}}
    ],
}


@pytest.fixture
def explain(keytrail_clean: KeytrailServer) -> Callable[..., Any]:
    """The answer to GET (by keywords in the query) or POST (by a body), once the seed is loaded."""
    keytrail_clean.load(SEED)

    def ask(body: Mapping[str, Any] | None = None, status: int = 200, **query: str) -> Any:
        url = f"{keytrail_clean.url}/_keytrail/explain"
        data = json.dumps(body) if body is not None else None
        answer = requests.request("GET" if body is None else "POST", url, params=query, data=data, timeout=5)
        assert answer.status_code == status, answer.text
        return answer.json()

    return ask


def test_a_refused_request_names_the_statement_that_denied_it(
    explain: Callable[..., Any], kms: Any, keytrail_clean: KeytrailServer
) -> None:
    with pytest.raises(kms.exceptions.ClientError) as caught:
        kms.encrypt(KeyId=ALIAS, Plaintext=b"x", EncryptionContext={"tenant": "b"})
    (event,) = keytrail_clean.events(eventName="Encrypt")
    request_id = caught.value.response["ResponseMetadata"]["RequestId"]
    told = explain(requestId=request_id)
    assert told == explain(eventId=event["eventID"])
    assert told == {
        "requestId": request_id,
        "decisions": [
            {
                "principal": f"arn:aws:iam::{ACCOUNT}:root",
                "action": "kms:Encrypt",
                "resource": key_arn(),
                "allowed": False,
                "reason": "a statement of the resource-based policy denies it",
                "policy": {"type": "resource-based policy", "name": "default"},
                "statement": {"sid": "TenantOnly", "index": 1, "effect": "Deny"},
                "context": {"kms:encryptioncontext:tenant": ["b"]},
            }
        ],
    }


def test_an_allowed_request_names_the_statement_that_allowed_it(
    explain: Callable[..., Any], keytrail_client: Callable[..., Any]
) -> None:
    reader = keytrail_client(access_key_id="ASIAREADER0000000001", secret_access_key="s")
    answer = reader.describe_key(KeyId=KEY)
    (told,) = explain(requestId=answer["ResponseMetadata"]["RequestId"])["decisions"]
    assert (told["allowed"], told["policy"]) == (True, {"type": "identity-based policy", "name": "read"})


def test_the_explanation_of_a_request_says_that_no_policy_was_evaluated(explain: Callable[..., Any], kms: Any) -> None:
    answer = kms.list_keys()
    told = explain(requestId=answer["ResponseMetadata"]["RequestId"])
    assert told["decisions"] == []
    assert "No policy was evaluated" in told["note"]


@pytest.mark.parametrize(
    "query", [{"requestId": "none"}, {"eventId": "none"}], ids=["no such request", "no such event"]
)
def test_an_unknown_request_is_not_found(explain: Callable[..., Any], query: Mapping[str, str]) -> None:
    assert "none" in explain(status=404, **query)["error"]


def test_one_request_at_a_time(explain: Callable[..., Any]) -> None:
    assert explain(status=400)["error"] == explain(status=400, requestId="a", eventId="b")["error"]


WHETHER: Mapping[str, tuple[Mapping[str, Any], bool, str]] = {
    "the root, outside its tenant": (
        {"action": "kms:Encrypt", "keyId": KEY},
        False,
        "a statement of the resource-based policy denies it",
    ),
    "the root, in its tenant": (
        {"action": "kms:Encrypt", "keyId": ALIAS, "request": {"EncryptionContext": {"tenant": "a"}}},
        True,
        "a statement of the resource-based policy allows it",
    ),
    "the context as it is given": (
        {"action": "Encrypt", "keyId": KEY, "context": {"kms:EncryptionContext:tenant": "a"}},
        True,
        "a statement of the resource-based policy allows it",
    ),
    "a role": (
        {"principal": READER, "action": "kms:Decrypt", "keyId": KEY},
        True,
        "a statement of the identity-based policy allows it",
    ),
    "a session of it": (
        {"principal": SESSION, "action": "kms:GenerateMac", "keyId": KEY},
        False,
        "no identity-based policy allows it",
    ),
    "half of a re-encryption": (
        {"principal": READER, "action": "kms:ReEncryptTo", "keyId": KEY},
        False,
        "no identity-based policy allows it",
    ),
    "an operation without a key": (
        {"principal": READER, "action": "kms:CreateKey"},
        False,
        "no identity-based policy allows it",
    ),
    "an alias": (
        {"principal": READER, "action": "kms:DeleteAlias", "resource": alias_arn()},
        True,
        "a statement of the identity-based policy allows it",
    ),
    "another account": (
        {"principal": FOREIGN, "action": "kms:Decrypt", "keyId": key_arn()},
        False,
        "no resource-based policy allows it",
    ),
    "another account's key that does not exist": (
        {"principal": FOREIGN, "action": "kms:Decrypt", "keyId": key_arn(KEY[:-1] + "c")},
        False,
        "no resource-based policy allows it",
    ),
    "another service": (
        {"principal": READER, "action": "cloudtrail:LookupEvents"},
        False,
        "no identity-based policy allows it",
    ),
}


@pytest.mark.parametrize(("question", "allowed", "reason"), WHETHER.values(), ids=WHETHER)
def test_a_question_is_answered_without_doing_it(
    explain: Callable[..., Any],
    keytrail_clean: KeytrailServer,
    question: Mapping[str, Any],
    allowed: bool,
    reason: str,
) -> None:
    told = explain(question)
    assert (told["allowed"], told["reason"]) == (allowed, reason)
    assert keytrail_clean.events() == []


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"action": "kms:Fly"}, "is not a permission of KMS"),
        ({"action": "kms:Decrypt", "keyId": "alias/none"}, "is not found"),
        ({"action": "kms:Decrypt", "principal": "alice"}, "expected the ARN"),
        ({"keyId": KEY}, "action"),
    ],
)
def test_an_invalid_question_is_refused_with_what_is_wrong(
    explain: Callable[..., Any], question: Mapping[str, Any], words: str
) -> None:
    assert words in explain(question, 400)["error"]


def test_explain_and_the_endpoint_say_the_same(
    explain: Callable[..., Any], keytrail_client: Callable[..., Any]
) -> None:
    reader = keytrail_client(access_key_id="ASIAREADER0000000001", secret_access_key="s")
    assert explain({"principal": SESSION, "action": "kms:DescribeKey", "keyId": KEY})["allowed"]
    reader.describe_key(KeyId=KEY)
    assert not explain({"principal": SESSION, "action": "kms:EnableKey", "keyId": KEY})["allowed"]
    assert refusal(reader, "EnableKey", KeyId=KEY)[0] == "AccessDeniedException"


def test_a_lock_out_is_explained_by_the_policy_that_was_not_put(explain: Callable[..., Any], kms: Any) -> None:
    locked = json.dumps(document(TO_ROOT, {**TO_ROOT, "Sid": "Locked", "Effect": "Deny"}))
    with pytest.raises(kms.exceptions.MalformedPolicyDocumentException) as caught:
        kms.put_key_policy(KeyId=KEY, Policy=locked)
    *_, told = explain(requestId=caught.value.response["ResponseMetadata"]["RequestId"])["decisions"]
    assert (told["action"], told["statement"]["sid"]) == ("kms:PutKeyPolicy", "Locked")


def test_only_the_last_requests_are_kept() -> None:
    kept, explanation = Explanations(), Explanation("p", "a", "r", Verdict(Ground.ALLOWED), {})
    for number in range(MAX_REQUESTS + 5):
        kept.add(str(number), explanation)
    assert [len(kept.of_request(str(number))) for number in (0, 4, 5, MAX_REQUESTS + 4)] == [0, 0, 1, 1]


def test_of_requests_with_large_contexts_fewer_are_kept() -> None:
    kept, size = Explanations(), MAX_SIZE // 10
    for number in range(25):
        values = ("x" * (size // 2), "y" * (size // 2))
        kept.add(str(number), Explanation("p", "a", "r", Verdict(Ground.ALLOWED), {"k": values, "absent": None}))
    assert [number for number in range(25) if kept.of_request(str(number))] == list(range(15, 25))


def test_the_latest_request_is_explained_however_large_its_context_is() -> None:
    kept = Explanations()
    for number in range(3):
        values = ("x" * (MAX_SIZE + 1),)
        kept.add(str(number), Explanation("p", "a", "r", Verdict(Ground.ALLOWED), {"k": values}))
    assert [len(kept.of_request(str(number))) for number in range(3)] == [0, 0, 1]
