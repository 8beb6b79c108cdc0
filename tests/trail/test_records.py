"""The trail: what CloudTrail would tell of each call, successes and refusals, and what it never tells.

How we know: docs/kms-behaviour/cloudtrail-shapes.json has the members of each event with their source; the KMS
Developer Guide, "Logging AWS KMS API calls with CloudTrail" (docs), and records that users published (reported).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from keytrail.operations.kms import OPERATIONS
from keytrail.server import KeytrailServer
from tests.support import (
    ACCOUNT,
    ALIAS,
    ELSEWHERE,
    FOREIGN,
    KEY,
    MISSING_KEY,
    MRK,
    OTHER_KEY,
    REGION,
    REQUESTS,
    SAMPLE_SEED,
    UUID,
    alias_arn,
    client_of,
    key_arn,
    load_sample_seed,
    refusal,
    request,
    shared_policy,
)
from tests.support import invoke as call
from tests.support.kms_behaviour import event_shapes

Make = Callable[..., Any]

SHAPES = event_shapes()
BUILT = sorted(OPERATIONS)
CRYPTOGRAPHIC = ["Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncrypt"]
DATE = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z"

IN_ORDER = [
    *("eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress"),
    *("userAgent", "errorCode", "errorMessage", "requestParameters", "responseElements", "additionalEventData"),
    *("requestID", "eventID", "readOnly", "resources", "eventType", "managementEvent", "recipientAccountId"),
    *("sharedEventID", "serviceEventDetails", "eventCategory", "tlsDetails"),
]
METADATA_IN_ORDER = [
    *("aWSAccountId", "keyId", "arn", "creationDate", "enabled", "description", "keyUsage", "keyState", "origin"),
    *("keyManager", "customerMasterKeySpec", "keySpec", "encryptionAlgorithms", "multiRegion", "currentKeyMaterialId"),
]

ALWAYS = {
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "requestParameters",
    "responseElements",
    "requestID",
    "eventID",
    "readOnly",
    "eventType",
    "managementEvent",
    "recipientAccountId",
    "eventCategory",
}
SOMETIMES = {"errorCode", "errorMessage", "additionalEventData", "resources", "sharedEventID", "tlsDetails"}


@pytest.fixture
def blob(keytrail_clean: KeytrailServer, kms: Any) -> bytes:
    """A ciphertext under KEY, in the sample seed, with an empty trail."""
    return load_sample_seed(keytrail_clean, kms)


def record_of(server: KeytrailServer, operation: str, answer: dict[str, Any]) -> dict[str, Any]:
    """The record of an answered call in the caller's account and Region."""
    requested = answer["ResponseMetadata"]["RequestId"]
    (record,) = server.events(eventName=operation, requestID=requested, recipientAccountId=ACCOUNT, awsRegion=REGION)
    return record


def refused(server: KeytrailServer, client: Any, operation: str, **members: object) -> dict[str, Any]:
    """The one record that a refused call leaves."""
    before = len(server.events())
    refusal(client, operation, **members)
    (record,) = server.events()[before:]
    return record


# ---- Shape: what each event shows


@pytest.fixture(params=BUILT)
def success(request: Any, kms: Any, keytrail_clean: KeytrailServer, blob: bytes) -> tuple[dict[str, Any], Any]:
    """The record of a successful call of each operation that is built, and the shape that its event has."""
    operation = request.param
    members = {name: blob if value is ... else value for name, value in REQUESTS[operation].items()}
    return record_of(keytrail_clean, operation, call(kms, operation, **members)), SHAPES[operation]


def test_a_record_has_the_members_of_event_version_1_11(success: Any) -> None:
    record, shape = success
    assert set(record) >= ALWAYS
    assert set(record) <= ALWAYS | SOMETIMES
    assert (record["eventVersion"], record["eventSource"]) == ("1.11", "kms.amazonaws.com")
    assert (record["eventType"], record["eventCategory"]) == (shape["eventType"], "Management")
    assert record["managementEvent"] is True
    assert (record["awsRegion"], record["recipientAccountId"]) == (REGION, ACCOUNT)
    assert re.fullmatch(UUID, record["eventID"])
    assert not {"errorCode", "errorMessage", "sharedEventID"} & set(record)


def test_the_members_of_a_record_are_in_the_order_of_cloudtrails(success: Any) -> None:
    """How we know: kms-behaviour G.1."""
    record, _ = success
    assert list(record) == [name for name in IN_ORDER if name in record]


def test_so_are_those_of_refusals_and_of_copies(keytrail_client: Make, keytrail_clean: KeytrailServer) -> None:
    """How we know: kms-behaviour G.1."""
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Policy": shared_policy("kms:Encrypt")}]})
    stranger = keytrail_client(account=FOREIGN)
    stranger.encrypt(KeyId=key_arn(), Plaintext=b"x")
    refusal(stranger, "Decrypt", KeyId=key_arn(), CiphertextBlob=b"garbage")
    records = keytrail_clean.events()
    assert {"sharedEventID", "errorMessage"} <= {name for record in records for name in record}
    for record in records:
        assert list(record) == [name for name in IN_ORDER if name in record]


def test_request_parameters_have_only_members_of_their_event(success: Any) -> None:
    record, shape = success
    allowed = shape["requestParameters"]
    if allowed is None:
        assert record["requestParameters"] is None
    else:
        assert set(record["requestParameters"] or {}) <= set(allowed)


def test_request_parameters_have_some_defaults_that_were_not_sent(success: Any) -> None:
    record, shape = success
    assert set(record["requestParameters"] or {}) >= set(shape.get("alwaysLoggedDefaults", ()))


def test_request_parameters_have_every_sent_member_of_their_event(success: Any) -> None:
    record, shape = success
    sent = {name[:1].lower() + name[1:] for name in REQUESTS[record["eventName"]]}
    assert set(record["requestParameters"] or {}) >= sent & set(shape["requestParameters"] or ())


def test_response_elements_are_null_for_reads_and_cryptography_and_present_for_changes(success: Any) -> None:
    record, shape = success
    expected = shape["responseElements"]
    if expected is None:
        assert record["responseElements"] is None
        return
    assert set(record["responseElements"]) == set(expected)
    for member, nested in shape.get("nested", {}).items():
        told = record["responseElements"] if member in expected else record["requestParameters"]
        for value in told[member] if isinstance(told[member], list) else [told[member]]:
            # Of a request only members sent appear; an answer has them all.
            assert set(value) >= set(nested) if member in expected else set() < set(value) <= set(nested)


def test_cryptography_is_read_only_and_changes_are_not(success: Any) -> None:
    record, shape = success
    assert record["readOnly"] is shape["readOnly"]


def test_there_are_as_many_resources_as_in_the_shape_of_the_event(success: Any) -> None:
    record, shape = success
    if shape["resources"] == 0:
        assert shape["resourcesMember"] == "absent"
        assert "resources" not in record
        return
    assert len(record["resources"]) == shape["resources"]
    for resource in record["resources"]:
        assert set(resource) == {"accountId", "type", "ARN"}
        assert (resource["accountId"], resource["type"]) == (ACCOUNT, "AWS::KMS::Key")


def test_additional_event_data_has_the_key_material_id_of_symmetric_cryptography(success: Any) -> None:
    record, shape = success
    assert set(record.get("additionalEventData", {})) == set(shape["additionalEventData"])
    for name, told in record.get("additionalEventData", {}).items():
        assert re.fullmatch("[0-9a-f]{64}", told) or not name.lower().endswith("keymaterialid")


@pytest.mark.parametrize(
    ("operation", "arns"),
    [
        ("CreateAlias", [key_arn(), alias_arn("alias/fresh")]),
        ("UpdateAlias", [alias_arn(), key_arn(OTHER_KEY)]),
        ("DeleteAlias", [alias_arn(), key_arn()]),
        ("ReEncrypt", [key_arn(), key_arn(OTHER_KEY)]),
        ("Decrypt", [key_arn()]),
        ("ReplicateKey", [key_arn(MRK)]),
        ("GetKeyLastUsage", [key_arn()]),
    ],
)
def test_resources_are_in_the_order_of_their_event(
    operation: str, arns: list[str], kms: Any, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    record = record_of(keytrail_clean, operation, call(kms, operation, **request(operation, blob)))
    assert [resource["ARN"] for resource in record["resources"]] == arns


@pytest.mark.parametrize("operation", [name for name in BUILT if SHAPES[name]["responseElements"] == ["keyId"]])
def test_the_response_elements_of_a_change_have_the_key_arn(
    operation: str, kms: Any, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    """How we know: kms-behaviour G.2, since December 2022, whatever the request called the key."""
    members = request(operation, blob)
    record = record_of(keytrail_clean, operation, call(kms, operation, **members))
    keys = [resource["ARN"] for resource in record["resources"] if ":key/" in resource["ARN"]]
    assert record["responseElements"] == {"keyId": keys[0]}


def test_a_re_encrypt_has_the_material_ids_of_both_keys(kms: Any, keytrail_clean: KeytrailServer, blob: bytes) -> None:
    answer = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=OTHER_KEY)
    ids = [kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"] for key in (KEY, OTHER_KEY)]
    data = record_of(keytrail_clean, "ReEncrypt", answer)["additionalEventData"]
    assert [data["sourceKeyMaterialId"], data["destinationKeyMaterialId"]] == ids


def test_the_metadata_of_a_new_key_is_spelled_as_in_cloudtrail(
    kms: Any, keytrail_clean: KeytrailServer, keytrail_clock: Any
) -> None:
    """How we know: kms-behaviour G.2, and kms-behaviour G.1 for the dates."""
    keytrail_clock.freeze(datetime(2026, 8, 10, 22, 38, 27, tzinfo=UTC))
    answer = kms.create_key(Description="orders")
    record = record_of(keytrail_clean, "CreateKey", answer)
    metadata = record["responseElements"]["keyMetadata"]
    assert list(metadata) == METADATA_IN_ORDER
    assert metadata["aWSAccountId"] == ACCOUNT
    assert metadata["creationDate"] == "2026-08-10T22:38:27Z"
    assert metadata["keyId"] == answer["KeyMetadata"]["KeyId"]
    assert record["eventTime"] == "2026-08-10T22:38:27Z"
    assert [resource["ARN"] for resource in record["resources"]] == [answer["KeyMetadata"]["Arn"]]
    assert record["requestParameters"] == {
        "description": "orders",
        "origin": "AWS_KMS",
        "bypassPolicyLockoutSafetyCheck": False,
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "keySpec": "SYMMETRIC_DEFAULT",
        "keyUsage": "ENCRYPT_DECRYPT",
    }


def test_a_scheduled_deletion_is_recorded_with_its_date(kms: Any, keytrail_clean: KeytrailServer, blob: bytes) -> None:
    record = record_of(keytrail_clean, "ScheduleKeyDeletion", kms.schedule_key_deletion(KeyId=KEY))
    assert "pendingWindowInDays" not in record["requestParameters"]
    elements = record["responseElements"]
    assert list(elements) == ["keyId", "deletionDate", "keyState", "pendingWindowInDays"]
    assert re.fullmatch(DATE, elements.pop("deletionDate"))
    assert elements == {"keyId": key_arn(), "keyState": "PendingDeletion", "pendingWindowInDays": 30}


def test_a_deletion_that_waits_for_replicas_is_recorded_without_a_date(
    kms: Any, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    record = record_of(keytrail_clean, "ScheduleKeyDeletion", kms.schedule_key_deletion(KeyId=MRK))
    assert record["responseElements"] == {
        "keyId": key_arn(MRK),
        "keyState": "PendingReplicaDeletion",
        "pendingWindowInDays": 30,
    }


def test_a_replication_leaves_a_create_key_record_in_the_replicas_region(
    kms: Any, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    kms.replicate_key(KeyId=MRK, ReplicaRegion="ap-south-1")
    (record,) = keytrail_clean.events(awsRegion="ap-south-1")
    assert record["eventName"] == "CreateKey"
    assert [resource["ARN"] for resource in record["resources"]] == [key_arn(MRK, region="ap-south-1")]


def test_moving_the_primary_leaves_a_record_of_the_same_request_in_the_new_region(
    kms: Any, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    answer = kms.update_primary_region(KeyId=MRK, PrimaryRegion=ELSEWHERE)
    here = record_of(keytrail_clean, "UpdatePrimaryRegion", answer)
    (there,) = keytrail_clean.events(eventName="UpdatePrimaryRegion", awsRegion=ELSEWHERE)
    assert there["requestID"] == here["requestID"]
    assert there["eventID"] != here["eventID"]
    assert there["userIdentity"]["invokedBy"] == "kms.amazonaws.com"
    assert there["requestParameters"]["keyId"] in (key_arn(MRK), key_arn(MRK, region=ELSEWHERE))
    assert "resources" not in there
    assert here["requestParameters"] == {"keyId": MRK, "primaryRegion": ELSEWHERE}


# ---- Rules


@pytest.mark.parametrize("name", [KEY, key_arn(), ALIAS, alias_arn()])
@pytest.mark.parametrize("operation", ["DescribeKey", "Encrypt", "GenerateDataKey", "Decrypt"])
def test_a_record_has_the_key_id_as_sent_and_the_key_as_resource(
    operation: str, name: str, kms: Any, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    record = record_of(keytrail_clean, operation, call(kms, operation, **request(operation, blob, KeyId=name)))
    assert record["requestParameters"]["keyId"] == name
    assert [resource["ARN"] for resource in record["resources"]] == [key_arn()]


def test_a_decrypt_without_a_key_id_is_recorded_without_one_and_with_the_key_as_resource(
    kms: Any, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    """How we know: reported, a record of 2026-05."""
    record = record_of(keytrail_clean, "Decrypt", kms.decrypt(CiphertextBlob=blob))
    assert record["requestParameters"] == {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"}
    assert [resource["ARN"] for resource in record["resources"]] == [key_arn()]


def test_an_encryption_context_is_recorded_as_sent(kms: Any, keytrail_clean: KeytrailServer, blob: bytes) -> None:
    context = {"Order": "17", "keyId": "K", "UPPER case": "Value"}
    record = record_of(keytrail_clean, "Encrypt", kms.encrypt(KeyId=KEY, Plaintext=b"x", EncryptionContext=context))
    assert record["requestParameters"]["encryptionContext"] == context


def test_every_call_has_its_own_event_id_and_the_request_id_of_its_response(
    kms: Any, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    answers = [kms.encrypt(KeyId=KEY, Plaintext=b"x") for _ in range(5)]
    records = keytrail_clean.events(eventName="Encrypt")
    assert [record["requestID"] for record in records] == [a["ResponseMetadata"]["RequestId"] for a in answers]
    assert len({record["eventID"] for record in records}) == 5


@pytest.mark.parametrize(
    ("principal", "kind", "name"),
    [
        ("arn:aws:iam::000000000000:user/ops/Alice", "IAMUser", "Alice"),
        ("arn:aws:sts::000000000000:assumed-role/KeyAuditor/session", "AssumedRole", None),
        ("arn:aws:iam::000000000000:root", "Root", None),
    ],
)
def test_user_identity_is_the_caller(
    principal: str,
    kind: str,
    name: str | None,
    keytrail_client: Make,
    keytrail_clean: KeytrailServer,
) -> None:
    credential = {"AccessKeyId": "AKIACALLER0000000001", "SecretAccessKey": "the-secret", "Principal": principal}
    keytrail_clean.load({"credentials": [credential], **SAMPLE_SEED})
    keytrail_client(access_key_id="AKIACALLER0000000001").describe_key(KeyId=KEY)
    (record,) = keytrail_clean.events(eventName="DescribeKey")
    identity = record["userIdentity"]
    assert (identity["type"], identity["arn"], identity["accountId"]) == (kind, principal, ACCOUNT)
    assert identity["accessKeyId"] == "AKIACALLER0000000001"
    assert identity.get("userName") == name
    assert identity["principalId"]


# ---- Rules: other accounts


def test_a_call_across_accounts_leaves_two_records_with_the_same_request_id_and_shared_event_id(
    keytrail_client: Make, keytrail_clean: KeytrailServer
) -> None:
    """How we know: kms-behaviour G.2."""
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Policy": shared_policy("kms:Encrypt")}]})
    answer = keytrail_client(account=FOREIGN).encrypt(KeyId=key_arn(), Plaintext=b"x")
    records = {record["recipientAccountId"]: record for record in keytrail_clean.events(eventName="Encrypt")}
    mine, owners = records[FOREIGN], records[ACCOUNT]
    assert len(records) == 2
    assert mine["sharedEventID"] == owners["sharedEventID"]
    assert mine["requestID"] == owners["requestID"] == answer["ResponseMetadata"]["RequestId"]
    assert mine["eventID"] != owners["eventID"]
    assert mine["userIdentity"]["arn"] == f"arn:aws:iam::{FOREIGN}:root"
    assert owners["userIdentity"]["type"] == "AWSAccount"
    assert owners["userIdentity"]["accountId"] == FOREIGN
    assert not {"arn", "userName"} & set(owners["userIdentity"])
    for record in records.values():
        assert record["resources"] == [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": key_arn()}]


@pytest.mark.parametrize("operation", [name for name in CRYPTOGRAPHIC if name != "ReEncrypt"])
def test_a_denied_call_is_recorded_only_in_the_callers_account(
    operation: str, keytrail_client: Make, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    """How we know: kms-behaviour G.2."""
    stranger = keytrail_client(account=FOREIGN)
    record = refused(keytrail_clean, stranger, operation, **request(operation, blob, KeyId=key_arn()))
    assert record["recipientAccountId"] == FOREIGN
    assert "sharedEventID" not in record


def test_a_decrypt_denied_on_the_key_of_its_ciphertext_is_recorded_only_in_the_callers_account(
    keytrail_client: Make, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    """How we know: kms-behaviour G.2; and reported, the record has the same words as the answer."""
    record = refused(keytrail_clean, keytrail_client(account=FOREIGN), "Decrypt", CiphertextBlob=blob)
    assert (record["errorCode"], record["recipientAccountId"]) == ("AccessDenied", FOREIGN)
    assert "on the resource associated with this ciphertext" in record["errorMessage"]
    assert key_arn() not in json.dumps(record)


def test_a_re_encrypt_denied_on_one_key_is_not_recorded_in_the_account_of_the_other(
    keytrail_client: Make, keytrail_clean: KeytrailServer
) -> None:
    """How we know: kms-behaviour G.2, denied calls are in the caller's account alone."""
    third = "333344445555"
    open_to_us = {"KeyId": OTHER_KEY, "Account": third, "Policy": shared_policy("kms:ReEncrypt*", owner=third)}
    keytrail_clean.load({"keys": [{"KeyId": KEY}, open_to_us]})
    ciphertext = keytrail_client(account=ACCOUNT).encrypt(KeyId=KEY, Plaintext=b"x")["CiphertextBlob"]
    members = {"CiphertextBlob": ciphertext, "DestinationKeyId": key_arn(OTHER_KEY, third)}
    record = refused(keytrail_clean, keytrail_client(account=FOREIGN), "ReEncrypt", **members)
    assert (record["errorCode"], record["recipientAccountId"]) == ("AccessDenied", FOREIGN)
    assert "kms:ReEncryptFrom" in record["errorMessage"]


def test_a_failure_other_than_a_denial_is_recorded_in_the_owners_account_too(
    keytrail_client: Make, keytrail_clean: KeytrailServer
) -> None:
    """How we know: kms-behaviour G.2, only denied calls are the caller's alone."""
    seed = {"KeyId": KEY, "KeyState": "Disabled", "Policy": shared_policy("kms:Encrypt")}
    keytrail_clean.load({"keys": [seed]})
    refusal(keytrail_client(account=FOREIGN), "Encrypt", KeyId=key_arn(), Plaintext=b"x")
    records = keytrail_clean.events(eventName="Encrypt")
    assert {record["recipientAccountId"] for record in records} == {ACCOUNT, FOREIGN}
    assert {record["errorCode"] for record in records} == {"DisabledException"}
    assert len({record["sharedEventID"] for record in records}) == 1


def test_each_copy_of_a_re_encrypt_between_accounts_lists_both_keys(
    keytrail_client: Make, keytrail_clean: KeytrailServer
) -> None:
    """How we know: kms-behaviour G.2, recorded in the accounts of source and destination."""
    shared = {"KeyId": KEY, "Policy": shared_policy("kms:ReEncrypt*")}
    keytrail_clean.load({"keys": [shared, {"KeyId": OTHER_KEY, "Account": FOREIGN}]})
    ciphertext = keytrail_client(account=ACCOUNT).encrypt(KeyId=KEY, Plaintext=b"x")["CiphertextBlob"]
    keytrail_client(account=FOREIGN).re_encrypt(CiphertextBlob=ciphertext, DestinationKeyId=OTHER_KEY)
    records = keytrail_clean.events(eventName="ReEncrypt")
    assert [record["recipientAccountId"] for record in records] == [FOREIGN, ACCOUNT]
    for record in records:
        assert [resource["ARN"] for resource in record["resources"]] == [key_arn(), key_arn(OTHER_KEY, FOREIGN)]
        assert record["requestParameters"]["destinationKeyId"] == OTHER_KEY


def test_a_re_encrypt_within_one_account_is_one_record(kms: Any, keytrail_clean: KeytrailServer, blob: bytes) -> None:
    """How we know: kms-behaviour G.2."""
    kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=OTHER_KEY)
    (record,) = keytrail_clean.events(eventName="ReEncrypt")
    assert "sharedEventID" not in record


# ---- Rules: what the trail never tells


@pytest.mark.parametrize("operation", CRYPTOGRAPHIC)
@pytest.mark.parametrize("dry_run", [False, True], ids=["", "dry run"])
def test_no_record_has_plaintext_or_ciphertext(
    operation: str, dry_run: bool, kms: Any, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    """How we know: kms-behaviour G.2; neither plaintext nor ciphertext is ever logged, in whatever encoding."""
    secrets = [b"attack at dawn", bytes(blob)]
    members = request(operation, blob)
    if dry_run:
        refusal(kms, operation, **members, DryRun=True)
    else:
        answer = call(kms, operation, **members)
        secrets += [answer[name] for name in ("Plaintext", "CiphertextBlob") if name in answer]
    told = json.dumps(keytrail_clean.events())
    assert f'"{operation}"' in told
    for secret in secrets:
        written = (secret.decode("latin-1"), base64.b64encode(secret).decode(), secret.hex())
        assert [text for text in written if text in told] == []


def test_no_record_has_random_bytes(kms: Any, keytrail_clean: KeytrailServer) -> None:
    secret = kms.generate_random(NumberOfBytes=32)["Plaintext"]
    told = json.dumps(keytrail_clean.events())
    assert "GenerateRandom" in told
    assert base64.b64encode(secret).decode() not in told


def test_no_record_has_a_grant_token_or_a_secret_access_key(
    keytrail_client: Make, keytrail_clean: KeytrailServer
) -> None:
    credential = {
        "AccessKeyId": "AKIACALLER0000000001",
        "SecretAccessKey": "the-secret-key",
        "Principal": f"arn:aws:iam::{ACCOUNT}:root",
    }
    keytrail_clean.load({"credentials": [credential], **SAMPLE_SEED})
    client = keytrail_client(access_key_id="AKIACALLER0000000001", secret_access_key="the-secret-key")
    refusal(client, "Encrypt", KeyId=KEY, Plaintext=b"x", GrantTokens=["a-grant-token"])
    told = json.dumps(keytrail_clean.events())
    assert '"Encrypt"' in told
    assert "a-grant-token" not in told
    assert "the-secret-key" not in told


# ---- Refusals are recorded too


@pytest.mark.parametrize("operation", CRYPTOGRAPHIC)
def test_a_dry_run_is_recorded_as_an_error(
    operation: str, kms: Any, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    """How we know: kms-behaviour G.2, samples of 2026."""
    record = refused(keytrail_clean, kms, operation, **request(operation, blob), DryRun=True)
    shape = SHAPES[operation]
    assert record["eventName"] == operation
    assert record["errorCode"] == "DryRunOperationException"
    assert record["errorMessage"] == "The request would have succeeded, but the DryRun option is set."
    assert record["requestParameters"]["dryRun"] is True
    assert set(record["requestParameters"]) <= {*shape["requestParameters"], *shape["dryRunAdds"]}
    assert record["responseElements"] is None
    assert record["readOnly"] is True
    assert len(record["resources"]) == shape["resources"]
    assert set(record["additionalEventData"]) == set(shape["additionalEventData"])


@pytest.mark.parametrize("operation", CRYPTOGRAPHIC)
def test_a_refusal_by_key_state_is_recorded_with_code_message_and_key(
    operation: str, kms: Any, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    """How we know: docs and reported; the Developer Guide has an alarm on such records."""
    kms.disable_key(KeyId=KEY)
    record = refused(keytrail_clean, kms, operation, **request(operation, blob))
    assert (record["errorCode"], record["errorMessage"]) == ("DisabledException", f"{key_arn()} is disabled.")
    assert key_arn() in [resource["ARN"] for resource in record["resources"]]
    assert record["responseElements"] is None
    assert record["readOnly"] is True
    assert "additionalEventData" not in record


def test_the_developer_guides_alarm_finds_the_use_of_a_key_pending_deletion(
    kms: Any, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    """How we know: kms-behaviour G.2, the alarm's pattern `* is pending deletion.`."""
    kms.schedule_key_deletion(KeyId=KEY)
    record = refused(keytrail_clean, kms, "Decrypt", CiphertextBlob=blob)
    assert record["errorCode"] == "KMSInvalidStateException"
    assert record["errorMessage"].endswith(" is pending deletion.")


def test_an_incorrect_key_is_recorded_without_key_material_id(
    kms: Any, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    """How we know: kms-behaviour G.2, the KMS Developer Guide's sample of an IncorrectKeyException."""
    record = refused(keytrail_clean, kms, "Decrypt", CiphertextBlob=blob, KeyId=OTHER_KEY)
    failure = SHAPES["Decrypt"]["failure"]
    assert record["errorCode"] == failure["example"]
    assert record["errorMessage"].startswith("The key ID in the request does not identify a CMK")
    assert "additionalEventData" not in record
    assert len(record["resources"]) == failure["resources"]


def test_a_refusal_without_a_message_is_recorded_without_one(
    kms: Any, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    """How we know: inferred from the answer, which has none."""
    record = refused(keytrail_clean, kms, "Decrypt", CiphertextBlob=b"garbage")
    assert record["errorCode"] == "InvalidCiphertextException"
    assert not record.get("errorMessage")


@pytest.mark.parametrize("key_id", [KEY, MISSING_KEY])
@pytest.mark.parametrize("operation", ["DescribeKey", "DisableKey", "GetKeyLastUsage"])
def test_a_denial_is_recorded_as_access_denied_without_the_suffix(
    operation: str, key_id: str, keytrail_client: Make, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    """How we know: reported; kms-behaviour G.2 for what it does not tell."""
    stranger = keytrail_client(account=FOREIGN)
    record = refused(keytrail_clean, stranger, operation, KeyId=key_arn(key_id))
    assert record["errorCode"] == "AccessDenied"
    start = f"User: arn:aws:iam::{FOREIGN}:root is not authorized to perform: kms:{operation} on this resource because"
    assert record["errorMessage"].startswith(start)
    assert record["requestParameters"] is None
    assert "resources" not in record


@pytest.mark.parametrize(
    ("operation", "members", "code"),
    [
        ("DescribeKey", {"KeyId": MISSING_KEY}, "NotFoundException"),
        ("GetKeyLastUsage", {"KeyId": ALIAS}, "InvalidArnException"),
        ("CreateAlias", {"AliasName": ALIAS, "TargetKeyId": KEY}, "AlreadyExistsException"),
        ("CancelKeyDeletion", {"KeyId": KEY}, "KMSInvalidStateException"),
    ],
)
def test_the_record_of_a_refusal_has_the_request_id_of_its_response(
    operation: str, members: dict[str, Any], code: str, kms: Any, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    with pytest.raises(ClientError) as caught:
        call(kms, operation, **members)
    (record,) = keytrail_clean.events(eventName=operation)
    assert record["requestID"] == caught.value.response["ResponseMetadata"]["RequestId"]
    assert record["errorCode"] == code
    assert record["readOnly"] is SHAPES[operation]["readOnly"]


# ---- The bound


def test_the_oldest_events_leave_a_full_trail() -> None:
    """How we know: docs/settings.md, "Settings": KEYTRAIL_MAX_EVENTS."""
    with KeytrailServer(max_events=5) as server:
        server.load(SAMPLE_SEED)
        kms = client_of(server)
        for n in range(1, 9):
            kms.generate_random(NumberOfBytes=n)
        answer = kms.describe_key(KeyId=KEY)
        records = server.events()
        assert [record["eventName"] for record in records] == ["GenerateRandom"] * 4 + ["DescribeKey"]
        assert records[-1]["requestID"] == answer["ResponseMetadata"]["RequestId"]


def test_the_event_of_a_seeded_last_usage_is_in_the_trail(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: docs/still-needed.md: the event of a last usage is always found; its time is that of the use."""
    past = {"Operation": "Decrypt", "Timestamp": "30 days ago"}
    kms.list_keys()
    keytrail_clean.load({"keys": [{"KeyId": KEY, "LastUsage": past}]})
    assert [record["eventName"] for record in keytrail_clean.events()] == ["Decrypt", "ListKeys"]


def test_the_event_source_of_a_call_is_its_service(
    keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    """How we know: CloudTrail User Guide, eventSource."""
    keytrail_client("cloudtrail").lookup_events()
    [record] = keytrail_clean.events(eventName="LookupEvents")
    assert record["eventSource"] == "cloudtrail.amazonaws.com"
