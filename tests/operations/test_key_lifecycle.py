"""Keys come, change their state, and go.

How we know: recorded from AWS where a test says so, else the API Reference and the Developer Guide (docs).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.support import (
    ACCOUNT,
    ELSEWHERE,
    FOREIGN,
    KEY,
    OTHER_KEY,
    UUID,
    key_arn,
    outcomes,
    own_aliases,
    refusal,
    shared_policy,
)

Make = Callable[..., Any]

NOW = datetime(2026, 10, 1, 9, 30, 0, 250_000, tzinfo=UTC)

# ---- Shape


def test_a_new_key_has_these_members_and_defaults(kms: Any, keytrail_clock: Any) -> None:
    """How we know: recorded."""
    keytrail_clock.freeze(NOW)
    metadata = kms.create_key()["KeyMetadata"]
    key_id, material = metadata["KeyId"], metadata["CurrentKeyMaterialId"]
    assert re.fullmatch(UUID, key_id)
    assert re.fullmatch("[0-9a-f]{64}", material)
    assert metadata == {
        "AWSAccountId": ACCOUNT,
        "Arn": key_arn(key_id),
        "CreationDate": NOW,
        "CurrentKeyMaterialId": material,
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "Description": "",
        "Enabled": True,
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "KeyId": key_id,
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyState": "Enabled",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "MultiRegion": False,
        "Origin": "AWS_KMS",
    }


@pytest.mark.parametrize("members", [{}, {"MultiRegion": True}, {"Origin": "EXTERNAL"}, {"Description": "orders"}])
def test_describe_key_gives_the_metadata_that_create_key_gave(members: dict[str, Any], kms: Any) -> None:
    created = kms.create_key(**members)["KeyMetadata"]
    assert kms.describe_key(KeyId=created["KeyId"])["KeyMetadata"] == created


def test_a_multi_region_key_has_its_own_form_of_id_and_configuration(kms: Any) -> None:
    """How we know: recorded."""
    metadata = kms.create_key(MultiRegion=True)["KeyMetadata"]
    assert re.fullmatch("mrk-[0-9a-f]{32}", metadata["KeyId"])
    assert metadata["MultiRegion"] is True
    assert metadata["MultiRegionConfiguration"] == {
        "MultiRegionKeyType": "PRIMARY",
        "PrimaryKey": {"Arn": metadata["Arn"], "Region": "us-east-1"},
        "ReplicaKeys": [],
    }


def test_a_key_for_imported_material_waits_for_it(kms: Any) -> None:
    """How we know: recorded."""
    metadata = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]
    assert (metadata["KeyState"], metadata["Enabled"], metadata["Origin"]) == ("PendingImport", False, "EXTERNAL")
    assert not {"CurrentKeyMaterialId", "ExpirationModel", "ValidTo"} & set(metadata)


@pytest.mark.parametrize("member", ["KeySpec", "CustomerMasterKeySpec"])
def test_a_spec_may_be_given_by_either_member(member: str, kms: Any) -> None:
    """How we know: recorded, the deprecated one always mirrors the other."""
    metadata = kms.create_key(**{member: "SYMMETRIC_DEFAULT"})["KeyMetadata"]
    assert metadata["KeySpec"] == metadata["CustomerMasterKeySpec"] == "SYMMETRIC_DEFAULT"


def test_a_deletion_is_answered_with_its_date_and_window(kms: Any, keytrail_clock: Any) -> None:
    keytrail_clock.freeze(NOW)
    key = kms.create_key()["KeyMetadata"]
    answer = kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=12)
    del answer["ResponseMetadata"]
    assert answer == {
        "KeyId": key["Arn"],
        "DeletionDate": NOW + timedelta(days=12),
        "KeyState": "PendingDeletion",
        "PendingWindowInDays": 12,
    }


@pytest.mark.parametrize(
    ("operation", "members"),
    [("enable_key", {}), ("disable_key", {}), ("update_key_description", {"Description": "x"})],
)
def test_changes_of_state_and_description_answer_nothing(operation: str, members: dict[str, str], kms: Any) -> None:
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    assert set(getattr(kms, operation)(KeyId=key_id, **members)) == {"ResponseMetadata"}


def test_a_list_of_keys_has_ids_and_arns(kms: Any) -> None:
    key = kms.create_key()["KeyMetadata"]
    answer = kms.list_keys()
    assert answer["Keys"] == [{"KeyId": key["KeyId"], "KeyArn": key["Arn"]}]
    assert answer["Truncated"] is False
    assert "NextMarker" not in answer


# ---- Rules: state


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        (["disable"], "Disabled"),
        (["disable", "disable"], "Disabled"),
        (["disable", "enable"], "Enabled"),
        (["enable"], "Enabled"),
        (["schedule"], "PendingDeletion"),
        (["disable", "schedule"], "PendingDeletion"),
        (["schedule", "cancel"], "Disabled"),
        (["disable", "schedule", "cancel"], "Disabled"),
        (["schedule", "cancel", "enable"], "Enabled"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_steps_lead_to_a_state(steps: list[str], state: str, kms: Any) -> None:
    """How we know: AWS docs; repeated steps succeed silently, and a cancelled deletion leaves the key disabled."""
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    operations = {
        "disable": kms.disable_key,
        "enable": kms.enable_key,
        "schedule": kms.schedule_key_deletion,
        "cancel": kms.cancel_key_deletion,
    }
    for step in steps:
        operations[step](KeyId=key_id)
    metadata = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    assert (metadata["KeyState"], metadata["Enabled"]) == (state, state == "Enabled")
    assert ("DeletionDate" in metadata) == (state == "PendingDeletion")


@pytest.mark.parametrize("description", ["", "other words", "ü" * 8192])
def test_a_description_is_replaced(description: str, kms: Any) -> None:
    key_id = kms.create_key(Description="words")["KeyMetadata"]["KeyId"]
    kms.update_key_description(KeyId=key_id, Description=description)
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["Description"] == description


def test_a_key_disabled_and_then_scheduled_for_deletion_is_pending_deletion_not_disabled(kms: Any) -> None:
    """How we know: recorded."""
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.disable_key(KeyId=key_id)
    kms.schedule_key_deletion(KeyId=key_id)
    assert refusal(kms, "Encrypt", KeyId=key_id, Plaintext=b"x") == (
        "KMSInvalidStateException",
        f"{key_arn(key_id)} is pending deletion.",
    )


# ---- Rules: deletion


@pytest.mark.parametrize(("members", "days"), [({}, 30), ({"PendingWindowInDays": 7}, 7)])
def test_a_key_is_there_until_its_deletion_date_and_gone_a_day_later(
    members: dict[str, int], days: int, kms: Any, keytrail_clock: Any
) -> None:
    """How we know: AWS docs; the default is 30 days, and a deletion may come up to 24 hours late."""
    keytrail_clock.freeze(NOW)
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    date = kms.schedule_key_deletion(KeyId=key_id, **members)["DeletionDate"]
    assert date == NOW + timedelta(days=days)
    keytrail_clock.advance(timedelta(days=days) - timedelta(seconds=1))
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["DeletionDate"] == date
    keytrail_clock.advance(hours=24, seconds=1)
    assert refusal(kms, "DescribeKey", KeyId=key_id) == (
        "NotFoundException",
        f"Key '{key_arn(key_id)}' does not exist",
    )
    assert kms.list_keys()["Keys"] == []


def test_a_cancelled_deletion_never_comes(kms: Any, keytrail_clock: Any) -> None:
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    kms.cancel_key_deletion(KeyId=key_id)
    keytrail_clock.advance(days=60)
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "Disabled"


def test_the_aliases_of_a_key_go_with_it_and_not_before(kms: Any, keytrail_clock: Any) -> None:
    key_id, other = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    for name, target in (("alias/a", key_id), ("alias/b", key_id), ("alias/c", other)):
        kms.create_alias(AliasName=name, TargetKeyId=target)
    kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    assert len(kms.list_aliases(KeyId=key_id)["Aliases"]) == 2
    keytrail_clock.advance(days=8)
    assert own_aliases(kms.list_aliases()["Aliases"]) == ["alias/c"]
    kms.create_alias(AliasName="alias/a", TargetKeyId=other)


def test_a_seeded_deletion_date_comes_as_well(kms: Any, keytrail_clean: KeytrailServer, keytrail_clock: Any) -> None:
    """How we know: docs/seeds.md, "Seeds"."""
    seed = {"KeyId": KEY, "KeyState": "PendingDeletion", "DeletionDate": "in 10 days"}
    keytrail_clean.load({"keys": [seed]})
    keytrail_clock.advance(days=9)
    assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    keytrail_clock.advance(days=2)
    assert refusal(kms, "DescribeKey", KeyId=KEY)[0] == "NotFoundException"


def test_of_many_who_schedule_a_deletion_at_once_one_succeeds(kms: Any) -> None:
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    ended = outcomes(lambda: kms.schedule_key_deletion(KeyId=key_id))
    assert ended == ["KMSInvalidStateException"] * 11 + ["ok"]


# ---- Rules: lists


def test_pages_give_every_key_once(kms: Any) -> None:
    ids = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(7)}
    pages = list(kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["Keys"]) for page in pages] == [3, 3, 1]
    assert [page["Truncated"] for page in pages] == [True, True, False]
    listed = [key["KeyId"] for page in pages for key in page["Keys"]]
    assert len(listed) == len(ids)
    assert set(listed) == ids


@pytest.mark.parametrize(
    ("members", "length"), [({}, 100), ({"Limit": 1}, 1), ({"Limit": 100}, 100), ({"Limit": 1000}, 120)]
)
def test_a_page_of_keys_has_100_and_at_most_1000(
    members: dict[str, int], length: int, kms: Any, keytrail_clean: KeytrailServer
) -> None:
    keytrail_clean.load({"keys": [{"KeyId": f"{n:08x}-12ab-34cd-56ef-1234567890ab"} for n in range(120)]})
    answer = kms.list_keys(**members)
    assert len(answer["Keys"]) == length
    assert answer["Truncated"] is (length < 120)
    assert ("NextMarker" in answer) is answer["Truncated"]


@pytest.mark.parametrize(
    ("owners", "length"),
    [(["SELF"], 2), (["OTHER_ACCOUNTS_VIA_RAM"], 0), (["SELF", "OTHER_ACCOUNTS_VIA_RAM"], 2)],
)
def test_a_list_may_be_of_own_and_of_shared_keys(owners: list[str], length: int, kms: Any) -> None:
    """How we know: AWS docs; none is shared here."""
    ids = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2)}
    listed = [key["KeyId"] for page in pages_of(kms, owners) for key in page["Keys"]]
    assert len(listed) == length
    assert set(listed) <= ids


def pages_of(kms: Any, owners: list[str]) -> list[dict[str, Any]]:
    return list(kms.get_paginator("list_keys").paginate(ResourceOwners=owners))


def test_a_list_is_of_one_account_and_region(keytrail_client: Make) -> None:
    places = [(ACCOUNT, "us-east-1"), (ACCOUNT, ELSEWHERE), (FOREIGN, "us-east-1")]
    clients = [keytrail_client(account=account, region=region) for account, region in places]
    arns = [client.create_key()["KeyMetadata"]["Arn"] for client in clients]
    assert [client.list_keys()["Keys"][0]["KeyArn"] for client in clients] == arns
    assert [arn.split(":")[3:5] for arn in arns] == [[region, account] for account, region in places]


# ---- Rules: policies


def test_a_policy_that_would_lock_out_is_taken_if_the_check_is_bypassed(kms: Any) -> None:
    policy = shared_policy("kms:*")
    policy["Statement"].pop(0)
    assert kms.create_key(Policy=json.dumps(policy), BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["Enabled"]


def test_a_policy_given_on_creation_decides_about_other_accounts(kms: Any, keytrail_client: Make) -> None:
    arn = kms.create_key(Policy=json.dumps(shared_policy("kms:DescribeKey")))["KeyMetadata"]["Arn"]
    stranger = keytrail_client(account=FOREIGN)
    assert stranger.describe_key(KeyId=arn)["KeyMetadata"]["Arn"] == arn
    assert refusal(stranger, "Encrypt", KeyId=arn, Plaintext=b"x")[0] == "AccessDeniedException"


# ---- Refusals


@pytest.mark.parametrize(
    ("members", "code", "message"),
    [
        (  # recorded
            {"KeySpec": "RSA_2048"},
            "ValidationException",
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
        ),
        (  # recorded
            {"KeySpec": "RSA_2048", "KeyUsage": "KEY_AGREEMENT"},
            "ValidationException",
            "KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048",
        ),
        (
            {"KeyUsage": "SIGN_VERIFY"},
            "ValidationException",
            "KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT",
        ),
        (
            {"KeySpec": "HMAC_256", "KeyUsage": "ENCRYPT_DECRYPT"},
            "ValidationException",
            "KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec HMAC_256",
        ),
        (  # other emulators
            {"KeySpec": "SYMMETRIC_DEFAULT", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT"},
            "ValidationException",
            "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. "
            "CustomerMasterKeySpec is deprecated.",
        ),
        (  # measured
            {"KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"},
            "UnsupportedOperationException",
            "KeySpec SM2 is not supported in this Region",
        ),
        (  # recorded, as the answer of GenerateRandom: without a message
            {"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1234567890abcdef0"},
            "CustomKeyStoreNotFoundException",
            "",
        ),
        (  # recorded
            {"Tags": [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "a", "TagValue": "2"}]},
            "TagException",
            "Duplicate tag keys",
        ),
        (  # recorded
            {"Tags": [{"TagKey": f"k{n}", "TagValue": ""} for n in range(51)]},
            "TagException",
            "Too many tags",
        ),
        (  # recorded
            {"Tags": [{"TagKey": "AWS:mine", "TagValue": ""}]},
            "TagException",
            "Tags beginning with aws: are reserved",
        ),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else None,
)
def test_a_key_is_not_created_for_a_wrong_request(members: dict[str, Any], code: str, message: str, kms: Any) -> None:
    assert refusal(kms, "CreateKey", **members) == (code, message)
    assert kms.list_keys()["Keys"] == []


def _statement(**members: object) -> dict[str, Any]:
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    statement = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*", **members}
    return {name: value for name, value in statement.items() if value is not None}


@pytest.mark.parametrize(
    ("statements", "code", "message"),
    [
        (
            [_statement(Principal={"AWS": f"arn:aws:iam::{FOREIGN}:root"})],
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future.",
        ),
        (
            [_statement(Action="kms:Encrypt")],
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future.",
        ),
        (
            [_statement(), _statement(Principal={"AWS": "somebody"})],
            "MalformedPolicyDocumentException",
            "Policy contains a statement with one or more invalid principals.",
        ),
        (
            [_statement(), _statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:group/admins"})],
            "InvalidArnException",
            "An ARN in the specified key policy is invalid.",
        ),
        ([_statement(), _statement(Action=None)], "MalformedPolicyDocumentException", None),
        ([_statement(), _statement(Resource=None)], "MalformedPolicyDocumentException", None),
        ([_statement(), _statement(Resource=key_arn(OTHER_KEY))], "MalformedPolicyDocumentException", None),
    ],
    ids=["lockout", "lockout by action", "principal", "group", "no action", "no resource", "resource"],
)
def test_a_key_is_not_created_under_a_policy_that_kms_refuses(
    statements: list[dict[str, Any]], code: str, message: str | None, kms: Any
) -> None:
    """How we know: reported; the words about broken statements are not known."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    answered = refusal(kms, "CreateKey", Policy=policy)
    assert answered[0] == code
    if message is not None:
        assert answered[1] == message
    assert kms.list_keys()["Keys"] == []


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ("{", "MalformedPolicyDocumentException"),
        ('"kms:*"', "MalformedPolicyDocumentException"),
        (json.dumps(shared_policy("kms:*")) + " " * 32_768, "LimitExceededException"),
    ],
    ids=["broken", "no document", "too long"],
)
def test_a_policy_is_a_json_document_of_at_most_32768_bytes(policy: str, code: str, kms: Any) -> None:
    """How we know: AWS docs; the words are not known."""
    assert refusal(kms, "CreateKey", Policy=policy)[0] == code


@pytest.mark.parametrize("days", [1, 6, 31, 365])
def test_the_waiting_period_is_7_to_30_days(days: int, kms: Any) -> None:
    """How we know: AWS docs; the words are reported (2020)."""
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    assert refusal(kms, "ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=days) == (
        "ValidationException",
        "PendingWindowInDays must be between 7 and 30",
    )
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "Enabled"


@pytest.mark.parametrize(
    ("operation", "members", "message"),
    [
        (
            "ScheduleKeyDeletion",
            {"KeyId": KEY, "PendingWindowInDays": 366},
            "Value '366' at 'pendingWindowInDays' failed to satisfy constraint: "
            "Member must have value less than or equal to 365",
        ),
        (
            "ListKeys",
            {"Limit": 1001},
            "Value '1001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 1000",
        ),
        (
            "UpdateKeyDescription",
            {"KeyId": KEY, "Description": "x" * 8193},
            f"Value '{'x' * 8193}' at 'description' failed to satisfy constraint: "
            "Member must have length less than or equal to 8192",
        ),
    ],
    ids=["window", "limit", "description"],
)
def test_a_member_out_of_the_models_range_is_reported_before_the_key_is_looked_for(
    operation: str, members: dict[str, Any], message: str, kms: Any
) -> None:
    """How we know: the form of the words is recorded; that they come first is measured."""
    assert refusal(kms, operation, **members) == (
        "ValidationException",
        f"1 validation error detected: {message}",
    )


def test_a_second_deletion_is_refused(kms: Any) -> None:
    """How we know: recorded."""
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key_id)
    assert refusal(kms, "ScheduleKeyDeletion", KeyId=key_id) == (
        "KMSInvalidStateException",
        f"{key_arn(key_id)} is pending deletion.",
    )


@pytest.mark.parametrize("marker", ["nonsense", KEY, "AAAA"])
def test_a_marker_that_no_list_gave_out_is_invalid(marker: str, kms: Any) -> None:
    """How we know: the code from the API Reference, HTTP 400; its words are not known."""
    assert refusal(kms, "ListKeys", Marker=marker)[0] == "InvalidMarkerException"
