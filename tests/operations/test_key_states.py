"""What every operation answers in every key state: the table of the KMS Developer Guide, cell by cell.

How we know: docs/kms-behaviour/key-states.tsv, whose last column has the tag of each cell.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pytest

from keytrail.operations.kms import OPERATIONS
from tests.support import (
    ALIAS,
    ELSEWHERE,
    GRANT,
    KEY,
    MRK,
    OTHER_KEY,
    key_arn,
    kind_of,
    refusal,
    request,
    sample_ciphertext,
    wrapped_for,
)
from tests.support import invoke as call
from tests.support.kms_behaviour import rows

STATES = (
    "Enabled",
    "Disabled",
    "PendingDeletion",
    "PendingReplicaDeletion",
    "PendingImport",
    "Unavailable",
    "Creating",
    "Updating",
)
MULTI_REGION_STATES = {"PendingReplicaDeletion", "Creating", "Updating"}
MULTI_REGION_OPERATIONS = {"ReplicateKey", "UpdatePrimaryRegion"}
ORIGINS = {"PendingImport": "EXTERNAL", "Unavailable": "AWS_CLOUDHSM"}

SUBJECTS = {
    ("Decrypt", ""): ("KeyId", None),
    ("ReEncrypt", ""): ("SourceKeyId", "DestinationKeyId", None),
    ("CreateAlias", ""): ("TargetKeyId",),
    ("UpdateAlias", ""): ("TargetKeyId",),
    ("UpdateAlias", "new target is in this state"): ("TargetKeyId",),
    ("UpdateAlias", "only the old target is in this state"): ("AliasName",),
    ("DeleteAlias", ""): ("AliasName",),
    ("GetPublicKey", "asymmetric key"): ("KeyId",),
    ("GetPublicKey", "symmetric or HMAC key"): ("KeyId",),
    **{
        (f"GenerateDataKeyPair{end}", condition): ("KeyId",)
        for end in ("", "WithoutPlaintext")
        for condition in ("otherwise", "custom-store key")
    },
}
"""The members by which a request names the key in that state, one case for each; None: only its ciphertext does.
Of the operations that are not here, KeyId. A condition that is not here has no case yet, and fails as unknown."""


SEEDS: dict[str, dict[str, str]] = {
    "otherwise": {},
    "origin AWS_KMS": {},
    "symmetric key, origin EXTERNAL": {"Origin": "EXTERNAL"},
    "symmetric key, origin EXTERNAL, no material pending rotation": {"Origin": "EXTERNAL"},
    "origin EXTERNAL": {"Origin": "EXTERNAL"},
    "origin not EXTERNAL": {"Origin": "AWS_KMS"},
    "custom-store key": {"Origin": "AWS_CLOUDHSM"},
    "asymmetric or HMAC key": {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
    "symmetric or HMAC key": {"KeySpec": "SYMMETRIC_DEFAULT"},
}
"""What the key of a condition is like, whatever the operation."""


WITHOUT_KEY = {
    *("ConnectCustomKeyStore", "CreateCustomKeyStore", "DeleteCustomKeyStore", "DescribeCustomKeyStores"),
    *("DisconnectCustomKeyStore", "UpdateCustomKeyStore"),
    *("CreateKey", "GenerateRandom", "ListKeys", "ListRetirableGrants"),
}
NEVER_IN_A_STORE = {
    *("Decapsulate", "DeriveSharedSecret", "Encapsulate", "GenerateMac", "GetPublicKey", "Sign", "Verify", "VerifyMac"),
    *("DeleteImportedKeyMaterial", "ReplicateKey", "UpdatePrimaryRegion"),
}
"""Operations on keys of kinds that are in no custom key store, and so never Unavailable."""


MADE_BY = {"VerifyMac": ("GenerateMac", "Mac"), "Verify": ("Sign", "Signature")}
"""What an operation checks is made under the very key, by another one and under this name."""


class Case(NamedTuple):
    operation: str
    state: str
    member: str | None
    code: str
    message: str | None
    """None: any; a final `*`: any end."""
    condition: str = ""


def read_cell(operation: str, state: str, cell: str) -> list[Case]:
    cases = []
    for alternative in cell.split(" / "):
        found = re.fullmatch(r"(?P<code>[^|\[ ]+)(?:\|(?P<text>[^\[]*?))?(?: ?\[(?P<notes>.*)\])?", alternative)
        assert found is not None, alternative
        notes = re.split("; ?", found["notes"] or "")
        condition = "; ".join(note for note in notes if not note.startswith("text "))
        message = found["text"]
        if "text inferred" in notes:
            message = None
        elif "text prefix" in notes:
            message = (message or "").rstrip(".") + "*"
        known = condition == "" or (operation, condition) in SUBJECTS or condition in SEEDS
        assert known, f"{operation} in {state}: no case for the condition {condition!r}"
        for member in SUBJECTS.get((operation, condition), ("KeyId",)):
            cases.append(Case(operation, state, member, found["code"], message, condition))
    return cases


TABLE = rows("key-states.tsv")
CASES = [
    case
    for row in TABLE
    if row["operation"] in OPERATIONS
    for state in STATES
    if row[state] != "-"
    for case in read_cell(row["operation"], state, row[state])
]


def subject(case: Case) -> dict[str, Any]:
    """A seeded key in the state of the case."""
    multi_region = case.state in MULTI_REGION_STATES or case.operation in MULTI_REGION_OPERATIONS
    seed: dict[str, Any] = {"KeyId": MRK if multi_region else KEY, "KeyState": case.state, "Aliases": [ALIAS]}
    seed["Grants"] = [{**GRANT, "Operations": ["DescribeKey"]}]
    seed |= kind_of(case.operation)
    seed |= SEEDS.get(case.condition, {})
    if case.state in ORIGINS:
        seed["Origin"] = ORIGINS[case.state]
    if seed.get("Origin") == "AWS_CLOUDHSM":
        seed.pop("KeyMaterial", None)
    if multi_region and case.state != "PendingDeletion":
        seed["Replicas"] = [{"Region": ELSEWHERE, "KeyState": "Enabled"}]
        if case.state == "PendingImport":  # then there is no material for the replica either
            seed["Replicas"][0]["KeyState"] = case.state
    return seed


# ---- Shape


def test_the_table_has_a_row_for_every_operation_that_is_built() -> None:
    assert {row["operation"] for row in TABLE} >= set(OPERATIONS)
    assert len(TABLE) == 56


def test_every_cell_is_a_case_but_those_that_no_key_can_be_in() -> None:
    """How we know: operations that take no key; keys in custom key stores are symmetric and of a single Region.

    No ML-KEM key has imported material.
    """
    cells = {(row["operation"], state) for row in TABLE for state in STATES}
    outside = {(operation, state) for operation in WITHOUT_KEY for state in STATES}
    outside |= {(operation, "Unavailable") for operation in NEVER_IN_A_STORE}
    outside |= {(operation, "PendingImport") for operation in ("Decapsulate", "Encapsulate")}
    assert cells - {(case.operation, case.state) for case in CASES} == outside


# ---- Rules and refusals


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{'-'.join(map(str, case[:3]))}-{case.condition}")
def test_an_operation_answers_as_the_table_of_key_states_says(case: Case, kms: Any, keytrail_clean: Any) -> None:
    seed = subject(case)
    key_id = seed["KeyId"]
    members = request(case.operation, sample_ciphertext(keytrail_clean, kms, key_id))
    under_another_key = sample_ciphertext(keytrail_clean, kms, OTHER_KEY)
    keytrail_clean.load({"keys": [seed, {"KeyId": OTHER_KEY}]})
    if case.member is not None and case.member != "AliasName":
        members[case.member] = key_arn(key_id) if case.operation == "RetireGrant" else key_id
    if case.member == "DestinationKeyId":
        members["CiphertextBlob"] = under_another_key
    if case.operation == "ImportKeyMaterial":
        members |= wrapped_for(key_id)
    if case.code == "ok":
        if case.operation in MADE_BY:
            maker, made = MADE_BY[case.operation]
            sent = {name: value for name, value in members.items() if name != made}
            members[made] = call(kms, maker, **sent)[made]
        assert call(kms, case.operation, **members)["ResponseMetadata"]["HTTPStatusCode"] == 200
        return
    code, message = refusal(kms, case.operation, **members)
    assert code == case.code
    if case.message is not None:
        expected = case.message.replace("<ARN>", key_arn(key_id)).replace("<ORIGIN>", seed.get("Origin", "AWS_KMS"))
        exact = not expected.endswith("*")
        assert message == expected if exact else message.startswith(expected[:-1])


@pytest.mark.parametrize("state", STATES)
def test_enabled_is_true_in_the_state_enabled_alone(state: str, kms: Any, keytrail_clean: Any) -> None:
    """How we know: model, KeyMetadata."""
    seed = subject(Case("DescribeKey", state, "KeyId", "ok", None))
    keytrail_clean.load({"keys": [seed]})
    metadata = kms.describe_key(KeyId=seed["KeyId"])["KeyMetadata"]
    assert (metadata["KeyState"], metadata["Enabled"]) == (state, state == "Enabled")


@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion"])
@pytest.mark.parametrize("operation", ["Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"])
def test_the_key_usage_is_checked_before_the_key_state(
    operation: str, state: str, kms: Any, keytrail_clean: Any
) -> None:
    """How we know: measured, for Sign on an HMAC key."""
    keytrail_clean.load({"keys": [{"KeyId": KEY, "KeySpec": "HMAC_256", "KeyState": state}]})
    assert refusal(kms, operation, **request(operation, b"")) == (
        "InvalidKeyUsageException",
        f"{key_arn(KEY)} key usage is GENERATE_VERIFY_MAC which is not valid for {operation}.",
    )
