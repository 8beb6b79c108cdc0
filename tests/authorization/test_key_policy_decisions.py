"""Key policies: what they deny and, across accounts, allow, by the condition keys of the request.

Sources: kms-behaviour F.2 to F.4 and C.7, which restate the KMS Developer Guide and reported answers of AWS.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keytrail.authorization.evaluation import Question, decide
from keytrail.authorization.identities import PrincipalPolicies
from keytrail.authorization.policy import key_policy
from keytrail.domain.principal import Principal
from keytrail.server import KeytrailServer
from keytrail.server_clock import ServerClock
from tests.support import (
    ACCOUNT,
    ALIAS,
    FOREIGN,
    KEY,
    NO_SUCH_OR_NO_ACCESS,
    OTHER_KEY,
    REGION,
    invoke,
    key_arn,
    refusal,
)

_TO_ROOT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}


def deny(*actions: str, **condition: Mapping[str, Any]) -> dict[str, Any]:
    """A Deny for everybody; `condition` by operator."""
    statement = {"Effect": "Deny", "Principal": "*", "Action": list(actions), "Resource": "*"}
    return {**statement, "Condition": condition} if condition else statement


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [_TO_ROOT, *statements]}


def denial(action: str, key_id: str = KEY, caller: str = f"arn:aws:iam::{ACCOUNT}:root") -> tuple[str, str]:
    words = f"User: {caller} is not authorized to perform: {action} on resource: {key_arn(key_id)} "
    return "AccessDeniedException", words + "with an explicit deny in a resource-based policy"


@pytest.fixture
def govern(keytrail_clean: KeytrailServer) -> Callable[..., None]:
    """Load a key with a policy of these statements; `members` are further members of the key."""

    def load(*statements: Mapping[str, Any], **members: Any) -> None:
        key = {"KeyId": KEY, "Policy": policy(*statements), "Aliases": [ALIAS], **members}
        keytrail_clean.load({"keys": [key, {"KeyId": OTHER_KEY}]})

    return load


# the guard of KMS Developer Guide, "Determine past usage of a KMS key"

GUARD = deny(
    "kms:DisableKey", "kms:ScheduleKeyDeletion", NumericLessThanEquals={"kms:TrailingDaysWithoutKeyUsage": "30"}
)
"""The KMS Developer Guide's example, with 30 for its 90."""


@pytest.mark.parametrize("operation", ["DisableKey", "ScheduleKeyDeletion"])
@pytest.mark.parametrize(("days", "denied"), [(29, True), (30, True), (31, False)])
def test_a_key_used_in_the_trailing_days_is_neither_disabled_nor_deleted(
    kms: Any, keytrail_clock: ServerClock, govern: Callable[..., None], operation: str, days: int, denied: bool
) -> None:
    """How we know: docs, kms-behaviour C.7: `<= n` denies during day n.x too."""
    govern(GUARD)
    kms.encrypt(KeyId=KEY, Plaintext=b"x")
    keytrail_clock.advance(timedelta(days=days, hours=23))
    if denied:
        assert refusal(kms, operation, KeyId=KEY) == denial(f"kms:{operation}")
        assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"] == "Enabled"
    else:
        invoke(kms, operation, KeyId=KEY)


@pytest.mark.parametrize(
    ("members", "denied"),
    [
        ({}, True),
        ({"LastUsage": {"Operation": "Encrypt", "Timestamp": "4 days ago"}}, True),
        ({"LastUsage": {"Operation": "Encrypt", "Timestamp": "200 days ago"}}, False),
        ({"CreationDate": "40 days ago"}, False),
        ({"CreationDate": "2020-01-01T00:00:00Z"}, False),
    ],
    ids=["fresh and unused", "used 4 days ago", "used 200 days ago", "40 days old and unused", "older than tracking"],
)
def test_the_trailing_days_of_a_seeded_key_follow_its_past(
    kms: Any, govern: Callable[..., None], members: Mapping[str, Any], denied: bool
) -> None:
    """How we know: docs and a reported test against AWS, kms-behaviour C.7: a fresh key counts 0 days."""
    govern(GUARD, **members)
    if denied:
        assert refusal(kms, "DisableKey", KeyId=KEY) == denial("kms:DisableKey")
    else:
        kms.disable_key(KeyId=KEY)


def test_no_other_operation_has_the_trailing_days(kms: Any, govern: Callable[..., None]) -> None:
    """How we know: docs, kms-behaviour C.7: only DisableKey and ScheduleKeyDeletion have the condition key."""
    govern(deny("kms:EnableKey", "kms:DisableKey", Null={"kms:TrailingDaysWithoutKeyUsage": "false"}))
    kms.enable_key(KeyId=KEY)
    assert refusal(kms, "DisableKey", KeyId=KEY) == denial("kms:DisableKey")


# explicit denies


def test_a_deny_holds_even_for_the_accounts_root(kms: Any, govern: Callable[..., None]) -> None:
    """How we know: docs, kms-behaviour F.2 point 1."""
    govern(deny("kms:Encrypt"))
    assert refusal(kms, "Encrypt", KeyId=KEY, Plaintext=b"x") == denial("kms:Encrypt")
    kms.describe_key(KeyId=KEY)


def test_a_deny_comes_before_usage_and_state_and_is_not_a_use(kms: Any, govern: Callable[..., None]) -> None:
    """How we know: inferred, kms-behaviour E: authorization is step 3, usage and state are 5 and 6."""
    govern(deny("kms:Encrypt"), KeyState="Disabled")
    assert refusal(kms, "Encrypt", KeyId=KEY, Plaintext=b"x") == denial("kms:Encrypt")
    assert kms.get_key_last_usage(KeyId=KEY)["KeyLastUsage"] == {}


def test_a_key_that_only_a_ciphertext_names_is_named_in_the_denial_to_its_own_account_alone(
    kms: Any, govern: Callable[..., None], keytrail_client: Callable[..., Any]
) -> None:
    """How we know: reported of both accounts, kms-behaviour F.3."""
    govern(deny("kms:Decrypt"))
    blob = kms.encrypt(KeyId=KEY, Plaintext=b"x")["CiphertextBlob"]
    assert refusal(kms, "Decrypt", CiphertextBlob=blob) == denial("kms:Decrypt")
    assert refusal(kms, "Decrypt", CiphertextBlob=blob, KeyId=KEY) == denial("kms:Decrypt")
    code, words = refusal(keytrail_client(account=FOREIGN), "Decrypt", CiphertextBlob=blob)
    assert code == "AccessDeniedException"
    assert words == (
        f"User: arn:aws:iam::{FOREIGN}:root is not authorized to perform: kms:Decrypt "
        f"on the resource associated with this ciphertext {NO_SUCH_OR_NO_ACCESS}"
    )


def test_re_encrypt_needs_one_permission_of_each_key(kms: Any, govern: Callable[..., None]) -> None:
    """How we know: docs, kms-behaviour E.5."""
    govern(deny("kms:ReEncryptTo"))
    blob = kms.encrypt(KeyId=KEY, Plaintext=b"x")["CiphertextBlob"]
    back = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=OTHER_KEY)["CiphertextBlob"]
    assert refusal(kms, "ReEncrypt", CiphertextBlob=back, DestinationKeyId=KEY) == denial("kms:ReEncryptTo")


# condition keys of the request: each Deny applies to the first request, and not to the second

ENCRYPT = {"KeyId": KEY, "Plaintext": b"x"}
GRANT = {"KeyId": KEY, "GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:role/Reader", "Operations": ["Decrypt"]}
CASES: Mapping[str, tuple[str, Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]] = {
    "encryption context": (
        "Encrypt",
        {"StringEquals": {"kms:EncryptionContext:Tenant": "a"}},
        {**ENCRYPT, "EncryptionContext": {"tenant": "a"}},
        {**ENCRYPT, "EncryptionContext": {"tenant": "A"}},
    ),
    "encryption context keys": (
        "Encrypt",
        {"Null": {"kms:EncryptionContextKeys": "true"}},
        ENCRYPT,
        {**ENCRYPT, "EncryptionContext": {"tenant": "a"}},
    ),
    "alias": (
        "Encrypt",
        {"StringNotEquals": {"kms:RequestAlias": ALIAS}},
        ENCRYPT,
        {**ENCRYPT, "KeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:{ALIAS}"},
    ),
    "algorithm by default": (
        "Encrypt",
        {"StringEquals": {"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}},
        ENCRYPT,
        {},
    ),
    "window": (
        "ScheduleKeyDeletion",
        {"NumericLessThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": "30"}},
        {"KeyId": KEY, "PendingWindowInDays": 7},
        {"KeyId": KEY},
    ),
    "request tag": (
        "TagResource",
        {"StringEquals": {"aws:RequestTag/team": "payments"}},
        {"KeyId": KEY, "Tags": [{"TagKey": "team", "TagValue": "payments"}]},
        {"KeyId": KEY, "Tags": [{"TagKey": "team", "TagValue": "orders"}]},
    ),
    "tag keys": (
        "UntagResource",
        {"ForAnyValue:StringEquals": {"aws:TagKeys": ["team"]}},
        {"KeyId": KEY, "TagKeys": ["other", "team"]},
        {"KeyId": KEY, "TagKeys": ["other"]},
    ),
    "caller": (
        "DescribeKey",
        {"StringEquals": {"kms:CallerAccount": ACCOUNT, "kms:KeySpec": "SYMMETRIC_DEFAULT"}},
        {"KeyId": KEY},
        {},
    ),
    "constraints of a grant": (
        "CreateGrant",
        {"StringNotEquals": {"kms:GrantConstraintType": "EncryptionContextEquals"}},
        {**GRANT, "Constraints": {"EncryptionContextSubset": {"tenant": "a"}}},
        {**GRANT, "Constraints": {"EncryptionContextEquals": {"tenant": "a"}}},
    ),
    "an empty context next to another one is ignored": (
        "CreateGrant",
        {"StringNotEquals": {"kms:GrantConstraintType": "EncryptionContextEquals"}},
        {**GRANT, "Constraints": {"EncryptionContextSubset": {"tenant": "a"}, "EncryptionContextEquals": {}}},
        {**GRANT, "Constraints": {"EncryptionContextSubset": {}, "EncryptionContextEquals": {"tenant": "a"}}},
    ),
    "a grant without constraints": (
        "CreateGrant",
        {"Null": {"kms:GrantConstraintType": "true"}, "Bool": {"kms:GrantIsForAWSResource": "false"}},
        GRANT,
        {**GRANT, "Constraints": {"EncryptionContextEquals": {"tenant": "a"}}},
    ),
    "operations of a grant": (
        "CreateGrant",
        {"ForAnyValue:StringEquals": {"kms:GrantOperations": "Decrypt"}},
        {**GRANT, "Operations": ["Encrypt", "Decrypt"]},
        {**GRANT, "Operations": ["Encrypt"]},
    ),
    "period": (
        "EnableKeyRotation",
        {"NumericNotEquals": {"kms:RotationPeriodInDays": "365"}},
        {"KeyId": KEY, "RotationPeriodInDays": 90},
        {"KeyId": KEY},
    ),
    "present parameter": (
        "PutKeyPolicy",
        {"Null": {"kms:BypassPolicyLockoutSafetyCheck": "false"}},
        {"KeyId": KEY, "Policy": "{}", "BypassPolicyLockoutSafetyCheck": False},
        {},
    ),
}


@pytest.mark.parametrize(("operation", "condition", "denied", "admitted"), CASES.values(), ids=CASES)
def test_a_condition_sees_the_request(
    kms: Any,
    govern: Callable[..., None],
    operation: str,
    condition: Mapping[str, Any],
    denied: Mapping[str, Any],
    admitted: Mapping[str, Any],
) -> None:
    """How we know: docs, kms-behaviour F.4."""
    govern(deny(f"kms:{operation}", **condition))
    assert refusal(kms, operation, **denied) == denial(f"kms:{operation}")
    if admitted:
        invoke(kms, operation, **admitted)


def test_a_condition_on_re_encrypt_sees_the_context_of_its_own_side(kms: Any, govern: Callable[..., None]) -> None:
    """How we know: inferred from kms-behaviour F.4: each permission is about one key."""
    govern(deny("kms:ReEncryptTo", StringEquals={"kms:EncryptionContext:side": "source"}))
    blob = kms.encrypt(KeyId=OTHER_KEY, Plaintext=b"x", EncryptionContext={"side": "source"})["CiphertextBlob"]
    request = {"CiphertextBlob": blob, "SourceEncryptionContext": {"side": "source"}, "DestinationKeyId": KEY}
    kms.re_encrypt(**request)
    answer = refusal(kms, "ReEncrypt", **request, DestinationEncryptionContext={"side": "source"})
    assert answer == denial("kms:ReEncryptTo")


@pytest.mark.parametrize("action", ["kms:ReEncryptFrom", "kms:ReEncryptTo"])
@pytest.mark.parametrize("source", [None, KEY, key_arn(), ALIAS])
@pytest.mark.parametrize("destination", [KEY, key_arn(), ALIAS])
def test_re_encryption_on_the_same_key_is_recognized_by_any_form_of_the_keys_name(
    kms: Any, govern: Callable[..., None], action: str, source: str | None, destination: str
) -> None:
    """How we know: docs, kms-behaviour F.4: kms:ReEncryptOnSameKey."""
    govern(deny(action, Bool={"kms:ReEncryptOnSameKey": "true"}))
    blob = kms.encrypt(KeyId=KEY, Plaintext=b"x")["CiphertextBlob"]
    named = {"SourceKeyId": source} if source is not None else {}
    code, _ = refusal(kms, "ReEncrypt", CiphertextBlob=blob, DestinationKeyId=destination, **named)
    assert code == "AccessDeniedException"
    other = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=OTHER_KEY, **named)["CiphertextBlob"]
    kms.re_encrypt(CiphertextBlob=other, DestinationKeyId=destination)


# across accounts


def test_an_allow_for_another_account_holds_under_its_conditions(
    keytrail_client: Callable[..., Any], govern: Callable[..., None]
) -> None:
    """How we know: docs, kms-behaviour F.2 point 3."""
    shared = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{FOREIGN}:root"},
        "Action": "kms:Encrypt",
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:EncryptionContext:tenant": "${aws:PrincipalAccount}"}},
    }
    govern(shared)
    foreign = keytrail_client(account=FOREIGN)
    request = {"KeyId": key_arn(), "Plaintext": b"x"}
    foreign.encrypt(**request, EncryptionContext={"tenant": FOREIGN})
    code, words = refusal(foreign, "Encrypt", **request, EncryptionContext={"tenant": ACCOUNT})
    assert (code, words.endswith(NO_SUCH_OR_NO_ACCESS)) == ("AccessDeniedException", True)


# a policy with an operator that IAM does not have


def test_a_policy_with_an_unknown_operator_is_malformed(kms: Any, govern: Callable[..., None]) -> None:
    govern()
    document = json.dumps(policy(deny("kms:Encrypt", StringSame={"aws:username": "x"})))
    code, _ = refusal(kms, "PutKeyPolicy", KeyId=KEY, Policy=document)
    assert code == "MalformedPolicyDocumentException"


# properties of a decision

_PRINCIPALS = st.sampled_from(["*", f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{FOREIGN}:root"])
_STATEMENTS = st.lists(
    st.builds(
        lambda effect, principal, actions, negated, context: {
            "Effect": effect,
            "Principal": principal if principal == "*" else {"AWS": principal},
            "NotAction" if negated else "Action": actions,
            "Resource": "*",
            **({"Condition": {"StringEquals": {"aws:username": context}}} if context else {}),
        },
        st.sampled_from(["Allow", "Deny"]),
        _PRINCIPALS,
        st.lists(st.sampled_from(["kms:*", "kms:Encrypt", "kms:De*", "kms:Sign"]), min_size=1, max_size=2),
        st.booleans(),
        st.sampled_from([None, "alice", "bob"]),
    ),
    min_size=1,
    max_size=5,
)
_ALICE = Principal.from_arn(f"arn:aws:iam::{ACCOUNT}:user/alice")


def _allowed(statements: list[dict[str, Any]]) -> bool:
    policy = key_policy(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    values = {"aws:username": ("alice",)}
    question = Question(_ALICE, "kms:Encrypt", key_arn(), values.get, policy)
    return decide(question, PrincipalPolicies(root=True)).allowed


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(_STATEMENTS, st.randoms(use_true_random=False), st.data())
def test_more_denies_or_fewer_allows_never_allow_and_their_order_never_matters(
    statements: list[dict[str, Any]], random: Any, data: st.DataObject
) -> None:
    before = _allowed(statements)
    shuffled = list(statements)
    random.shuffle(shuffled)
    assert _allowed(shuffled) == before
    denied = [*statements, {**data.draw(st.sampled_from(statements)), "Effect": "Deny"}]
    fewer = [s for s in statements if s["Effect"] == "Deny"] + [s for s in statements if s["Effect"] == "Allow"][1:]
    if not before:
        assert not _allowed(denied)
        assert not fewer or not _allowed(fewer)
