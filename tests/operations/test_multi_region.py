"""Multi-Region keys: the same key in several Regions.

How we know: recorded from AWS where a test says so, else the Developer Guide (docs).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, ELSEWHERE, KEY, REGION, alias_arn, client_of, key_arn, outcomes, refusal

Make = Callable[..., Any]

NOW = datetime(2026, 10, 1, 9, 30, 0, 250_000, tzinfo=UTC)
THIRD = "ap-south-1"


def metadata(client: Any, key_id: str) -> dict[str, Any]:
    described: dict[str, Any] = client.describe_key(KeyId=key_id)["KeyMetadata"]
    return described


def relatives(key_id: str, primary: str, *replicas: str) -> dict[str, Any]:
    """PrimaryKey and ReplicaKeys as the configuration tells them; the replicas in any order."""
    places = [{"Arn": key_arn(key_id, region=region), "Region": region} for region in (primary, *replicas)]
    return {"PrimaryKey": places[0], "ReplicaKeys": sorted(places[1:], key=lambda place: place["Region"])}


def configuration(client: Any, key_id: str) -> tuple[str, dict[str, Any]]:
    told = metadata(client, key_id)["MultiRegionConfiguration"]
    replicas = sorted(told["ReplicaKeys"], key=lambda place: place["Region"])
    return told["MultiRegionKeyType"], {"PrimaryKey": told["PrimaryKey"], "ReplicaKeys": replicas}


@pytest.fixture
def primary(kms: Any) -> str:
    """The id of a primary key in the default Region, with a description, a policy and tags of its own."""
    policy = {
        "Version": "2012-10-17",
        "Id": "the-primary's",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}],
    }
    created = kms.create_key(
        MultiRegion=True,
        Description="the primary",
        Policy=json.dumps(policy),
        Tags=[{"TagKey": "of", "TagValue": "primary"}],
    )
    return str(created["KeyMetadata"]["KeyId"])


@pytest.fixture
def elsewhere(keytrail_client: Make) -> Any:
    """A client of the replica's Region."""
    return keytrail_client(region=ELSEWHERE)


@pytest.fixture
def replicated(kms: Any, primary: str) -> str:
    """The id of the primary key once it has a replica."""
    kms.replicate_key(KeyId=primary, ReplicaRegion=ELSEWHERE)
    return primary


@pytest.fixture
def slow() -> Any:
    """A server that takes a minute to create a replica and to move a primary, and its clients in two Regions."""
    with KeytrailServer(transition_time=timedelta(minutes=1)) as server:
        server.clock.freeze(NOW)

        yield server, client_of(server), client_of(server, region=ELSEWHERE)


# ---- Shape


def test_a_replica_is_answered_as_it_is_being_created(kms: Any, primary: str, keytrail_clock: Any) -> None:
    """How we know: recorded; neither description nor policy nor tags are copied."""
    keytrail_clock.freeze(NOW + timedelta(days=100))
    answer = kms.replicate_key(KeyId=primary, ReplicaRegion=ELSEWHERE)
    assert set(answer) - {"ResponseMetadata"} == {"ReplicaKeyMetadata", "ReplicaPolicy"}
    assert answer["ReplicaKeyMetadata"] == {
        "AWSAccountId": ACCOUNT,
        "Arn": key_arn(primary, region=ELSEWHERE),
        "CreationDate": NOW + timedelta(days=100),
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "Description": "",
        "Enabled": False,
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "KeyId": primary,
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyState": "Creating",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "MultiRegion": True,
        "MultiRegionConfiguration": {
            "MultiRegionKeyType": "REPLICA",
            "PrimaryKey": {"Arn": key_arn(primary), "Region": REGION},
            "ReplicaKeys": [{"Arn": key_arn(primary, region=ELSEWHERE), "Region": ELSEWHERE}],
        },
        "Origin": "AWS_KMS",
    }
    assert json.loads(answer["ReplicaPolicy"]) == {
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [
            {
                "Sid": "Enable IAM User Permissions",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }


def test_a_replicas_own_description_policy_and_tags_are_answered(kms: Any, primary: str) -> None:
    policy = {
        "Version": "2012-10-17",
        "Id": "the-replica's",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}],
    }
    tags = [{"TagKey": "of", "TagValue": "replica"}]
    answer = kms.replicate_key(
        KeyId=primary, ReplicaRegion=ELSEWHERE, Description="the replica", Policy=json.dumps(policy), Tags=tags
    )
    assert answer["ReplicaKeyMetadata"]["Description"] == "the replica"
    assert json.loads(answer["ReplicaPolicy"]) == policy
    assert answer["ReplicaTags"] == tags


def test_moving_the_primary_answers_nothing(kms: Any, replicated: str) -> None:
    assert set(kms.update_primary_region(KeyId=replicated, PrimaryRegion=ELSEWHERE)) == {"ResponseMetadata"}


# ---- Rules: replicas


def test_a_replica_is_enabled_with_the_primarys_material(kms: Any, elsewhere: Any, replicated: str) -> None:
    """How we know: recorded, a few seconds later."""
    here, there = metadata(kms, replicated), metadata(elsewhere, replicated)
    assert (there["KeyState"], there["Enabled"]) == ("Enabled", True)
    assert there["CurrentKeyMaterialId"] == here["CurrentKeyMaterialId"]


def test_a_replica_of_a_key_without_material_waits_for_its_own(kms: Any, elsewhere: Any) -> None:
    """How we know: recorded, "Enabled (or PendingImport)"; docs, a primary that waits itself has no replicas yet."""
    key_id = kms.create_key(MultiRegion=True, Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    assert refusal(kms, "ReplicateKey", KeyId=key_id, ReplicaRegion=ELSEWHERE) == (
        "KMSInvalidStateException",
        f"{key_arn(key_id)} is pending import.",
    )


def test_every_related_key_shows_all(kms: Any, elsewhere: Any, keytrail_client: Make, replicated: str) -> None:
    kms.replicate_key(KeyId=replicated, ReplicaRegion=THIRD)
    related = relatives(replicated, REGION, ELSEWHERE, THIRD)
    assert configuration(kms, replicated) == ("PRIMARY", related)
    assert configuration(elsewhere, replicated) == ("REPLICA", related)
    assert configuration(keytrail_client(region=THIRD), replicated) == ("REPLICA", related)


def test_state_description_and_aliases_are_each_regions_own(kms: Any, elsewhere: Any, replicated: str) -> None:
    kms.create_alias(AliasName="alias/orders", TargetKeyId=replicated)
    elsewhere.disable_key(KeyId=replicated)
    elsewhere.update_key_description(KeyId=replicated, Description="the replica")
    here, there = metadata(kms, replicated), metadata(elsewhere, replicated)
    assert (here["KeyState"], here["Description"]) == ("Enabled", "the primary")
    assert (there["KeyState"], there["Description"]) == ("Disabled", "the replica")
    assert refusal(elsewhere, "DescribeKey", KeyId="alias/orders") == (
        "NotFoundException",
        f"Alias {alias_arn('alias/orders', region=ELSEWHERE)} is not found.",
    )


def test_a_policy_is_each_regions_own(kms: Any, keytrail_client: Make, replicated: str) -> None:
    """The primary's allows everybody, and was not copied."""
    stranger = keytrail_client(account="444455556666")
    assert stranger.describe_key(KeyId=key_arn(replicated))["KeyMetadata"]["KeyId"] == replicated
    abroad = keytrail_client(account="444455556666", region=ELSEWHERE)
    code, _ = refusal(abroad, "DescribeKey", KeyId=key_arn(replicated, region=ELSEWHERE))
    assert code == "AccessDeniedException"


@pytest.mark.parametrize("out_of", [REGION, ELSEWHERE])
def test_what_one_region_encrypts_the_other_decrypts(out_of: str, keytrail_client: Make, replicated: str) -> None:
    into = ELSEWHERE if out_of == REGION else REGION
    blob = keytrail_client(region=out_of).encrypt(KeyId=replicated, Plaintext=b"x", EncryptionContext={"a": "1"})
    answer = keytrail_client(region=into).decrypt(
        CiphertextBlob=blob["CiphertextBlob"], EncryptionContext={"a": "1"}, KeyId=replicated
    )
    assert (answer["Plaintext"], answer["KeyId"]) == (b"x", key_arn(replicated, region=into))


def test_of_many_replications_into_a_region_at_once_one_succeeds(kms: Any, elsewhere: Any, primary: str) -> None:
    ended = outcomes(lambda: kms.replicate_key(KeyId=primary, ReplicaRegion=ELSEWHERE))
    assert ended == ["AlreadyExistsException"] * 11 + ["ok"]
    assert configuration(elsewhere, primary) == ("REPLICA", relatives(primary, REGION, ELSEWHERE))


# ---- Rules: the primary moves


def test_primary_and_replica_change_places(kms: Any, elsewhere: Any, replicated: str) -> None:
    kms.update_primary_region(KeyId=replicated, PrimaryRegion=ELSEWHERE)
    related = relatives(replicated, ELSEWHERE, REGION)
    assert configuration(elsewhere, replicated) == ("PRIMARY", related)
    assert configuration(kms, replicated) == ("REPLICA", related)
    assert [metadata(client, replicated)["KeyState"] for client in (kms, elsewhere)] == ["Enabled", "Enabled"]


def test_only_the_new_primary_is_replicated(kms: Any, elsewhere: Any, replicated: str) -> None:
    kms.update_primary_region(KeyId=replicated, PrimaryRegion=ELSEWHERE)
    assert refusal(kms, "ReplicateKey", KeyId=replicated, ReplicaRegion=THIRD) == (
        "UnsupportedOperationException",
        f"{key_arn(replicated)} is not a multi-region primary key.",
    )
    elsewhere.replicate_key(KeyId=replicated, ReplicaRegion=THIRD)
    assert configuration(kms, replicated) == ("REPLICA", relatives(replicated, ELSEWHERE, REGION, THIRD))


def test_a_primary_may_move_there_and_back(kms: Any, elsewhere: Any, replicated: str) -> None:
    kms.update_primary_region(KeyId=replicated, PrimaryRegion=ELSEWHERE)
    elsewhere.update_primary_region(KeyId=replicated, PrimaryRegion=REGION)
    assert configuration(kms, replicated) == ("PRIMARY", relatives(replicated, REGION, ELSEWHERE))


# ---- Rules: what takes a while


def test_a_replica_is_creating_for_a_while(slow: Any) -> None:
    """How we know: recorded; how long here: docs/settings.md, "Settings", KEYTRAIL_TRANSITION_TIME."""
    server, kms, elsewhere = slow
    key_id = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=key_id, ReplicaRegion=ELSEWHERE)
    described = metadata(elsewhere, key_id)
    assert (described["KeyState"], described["Enabled"]) == ("Creating", False)
    assert "CurrentKeyMaterialId" not in described
    assert refusal(elsewhere, "Encrypt", KeyId=key_id, Plaintext=b"x") == (
        "KMSInvalidStateException",
        f"{key_arn(key_id, region=ELSEWHERE)} is creating.",
    )
    assert metadata(kms, key_id)["KeyState"] == "Enabled"
    server.clock.advance(timedelta(minutes=1, seconds=1))
    assert metadata(elsewhere, key_id)["KeyState"] == "Enabled"
    assert elsewhere.encrypt(KeyId=key_id, Plaintext=b"x")["KeyId"] == key_arn(key_id, region=ELSEWHERE)


def test_both_keys_are_updating_while_the_primary_moves_and_can_be_used(slow: Any) -> None:
    server, kms, elsewhere = slow
    key_id = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=key_id, ReplicaRegion=ELSEWHERE)
    server.clock.advance(timedelta(minutes=2))
    kms.update_primary_region(KeyId=key_id, PrimaryRegion=ELSEWHERE)
    assert [metadata(client, key_id)["KeyState"] for client in (kms, elsewhere)] == ["Updating", "Updating"]
    blob = kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"]
    assert elsewhere.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert refusal(kms, "DisableKey", KeyId=key_id) == (
        "KMSInvalidStateException",
        f"{key_arn(key_id)} is updating.",
    )
    server.clock.advance(timedelta(minutes=2))
    assert [metadata(client, key_id)["KeyState"] for client in (kms, elsewhere)] == ["Enabled", "Enabled"]


# ---- Rules: deletion


def test_a_primary_waits_for_its_replicas_without_a_date(kms: Any, replicated: str) -> None:
    answer = kms.schedule_key_deletion(KeyId=replicated, PendingWindowInDays=10)
    del answer["ResponseMetadata"]
    assert answer == {
        "KeyId": key_arn(replicated),
        "KeyState": "PendingReplicaDeletion",
        "PendingWindowInDays": 10,
    }
    described = metadata(kms, replicated)
    assert (described["KeyState"], described["PendingDeletionWindowInDays"]) == ("PendingReplicaDeletion", 10)
    assert "DeletionDate" not in described


def test_the_primarys_window_starts_when_its_last_replica_is_gone(
    kms: Any, elsewhere: Any, keytrail_clock: Any, replicated: str
) -> None:
    keytrail_clock.freeze()
    kms.schedule_key_deletion(KeyId=replicated, PendingWindowInDays=10)
    keytrail_clock.advance(days=60)
    assert metadata(kms, replicated)["KeyState"] == "PendingReplicaDeletion"
    gone = elsewhere.schedule_key_deletion(KeyId=replicated, PendingWindowInDays=7)["DeletionDate"]
    keytrail_clock.advance(days=8)
    assert refusal(elsewhere, "DescribeKey", KeyId=replicated)[0] == "NotFoundException"
    described = metadata(kms, replicated)
    assert described["KeyState"] == "PendingDeletion"
    assert timedelta(0) <= described["DeletionDate"] - (gone + timedelta(days=10)) <= timedelta(hours=24)
    assert "PendingDeletionWindowInDays" not in described
    keytrail_clock.advance(days=10)
    assert refusal(kms, "DescribeKey", KeyId=replicated)[0] == "NotFoundException"


def test_a_replica_is_deleted_by_itself_and_can_be_made_again(
    kms: Any, elsewhere: Any, keytrail_clock: Any, replicated: str
) -> None:
    elsewhere.schedule_key_deletion(KeyId=replicated, PendingWindowInDays=7)
    keytrail_clock.advance(days=8)
    assert configuration(kms, replicated) == ("PRIMARY", relatives(replicated, REGION))
    assert metadata(kms, replicated)["KeyState"] == "Enabled"
    kms.replicate_key(KeyId=replicated, ReplicaRegion=ELSEWHERE)
    assert configuration(elsewhere, replicated) == ("REPLICA", relatives(replicated, REGION, ELSEWHERE))
    assert elsewhere.get_key_last_usage(KeyId=replicated)["KeyLastUsage"] == {}


def test_a_primary_without_replicas_is_deleted_like_any_key(kms: Any, primary: str) -> None:
    answer = kms.schedule_key_deletion(KeyId=primary)
    assert answer["KeyState"] == "PendingDeletion"
    assert "DeletionDate" in answer


def test_a_waiting_primary_can_be_taken_back(kms: Any, elsewhere: Any, replicated: str) -> None:
    kms.schedule_key_deletion(KeyId=replicated)
    assert kms.cancel_key_deletion(KeyId=replicated)["KeyId"] == key_arn(replicated)
    described = metadata(kms, replicated)
    assert described["KeyState"] == "Disabled"
    assert not {"DeletionDate", "PendingDeletionWindowInDays"} & set(described)


# ---- Refusals


@pytest.mark.parametrize("multi_region", [True, False], ids=["replica", "single-Region key"])
def test_only_a_primary_is_replicated(multi_region: bool, kms: Any, elsewhere: Any, replicated: str) -> None:
    """How we know: recorded of a replica, inferred of a single-Region key."""
    key_id = replicated if multi_region else elsewhere.create_key()["KeyMetadata"]["KeyId"]
    assert refusal(elsewhere, "ReplicateKey", KeyId=key_id, ReplicaRegion=THIRD) == (
        "UnsupportedOperationException",
        f"{key_arn(key_id, region=ELSEWHERE)} is not a multi-region primary key.",
    )


def test_a_region_has_one_replica_of_a_key(kms: Any, replicated: str) -> None:
    """How we know: recorded; also while the replica is pending deletion."""
    assert refusal(kms, "ReplicateKey", KeyId=replicated, ReplicaRegion=ELSEWHERE) == (
        "AlreadyExistsException",
        "You can create only one replica of each primary key in each AWS Region.",
    )


@pytest.mark.parametrize("region", ["Mars", "eu-west", "eu-west-1a"])
def test_a_region_has_the_form_of_one(region: str, kms: Any, primary: str) -> None:
    """How we know: model, its pattern."""
    code, message = refusal(kms, "ReplicateKey", KeyId=primary, ReplicaRegion=region)
    assert code == "ValidationException"
    start = f"1 validation error detected: Value '{region}' at 'replicaRegion' failed to satisfy constraint: "
    assert message.startswith(start + "Member must satisfy regular expression pattern: ")


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (REGION, f"{REGION} cannot have a replica because it contains the primary."),
        ("cn-north-1", "The replica key Region must be in the same AWS partition as the primary key Region."),
        ("us-gov-west-1", "The replica key Region must be in the same AWS partition as the primary key Region."),
        (
            "us-invalid-1",
            "Region us-invalid-1 is not a valid Region or multi-Region keys are not supported in Region us-invalid-1.",
        ),
    ],
)
def test_a_replica_is_in_another_region_of_its_partition(region: str, message: str, kms: Any, primary: str) -> None:
    """How we know: recorded (us-gov-west-1: inferred)."""
    assert refusal(kms, "ReplicateKey", KeyId=primary, ReplicaRegion=region) == ("ValidationException", message)
    assert configuration(kms, primary) == ("PRIMARY", relatives(primary, REGION))


def test_a_primary_does_not_move_to_a_region_without_a_replica(kms: Any, replicated: str) -> None:
    """How we know: recorded."""
    assert refusal(kms, "UpdatePrimaryRegion", KeyId=replicated, PrimaryRegion=THIRD) == (
        "ValidationException",
        f"{replicated} does not have a replica key in the specified Region.",
    )
    assert configuration(kms, replicated) == ("PRIMARY", relatives(replicated, REGION, ELSEWHERE))


def test_a_primary_stays_where_it_is(slow: Any) -> None:
    """How we know: recorded: success, and the key can be rotated at once."""
    _, kms, _ = slow
    key_id = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.update_primary_region(KeyId=key_id, PrimaryRegion=REGION)
    assert metadata(kms, key_id)["KeyState"] == "Enabled"


@pytest.mark.parametrize(
    ("key", "code", "words"),
    [
        ("replica", "KMSInvalidStateException", "is not a multi-Region primary key."),
        ("single-Region key", "UnsupportedOperationException", "is not a multi-region primary key."),
    ],
)
def test_only_a_primary_moves(key: str, code: str, words: str, kms: Any, elsewhere: Any, replicated: str) -> None:
    """How we know: recorded of a replica, inferred of a single-Region key."""
    key_id = replicated if key == "replica" else elsewhere.create_key()["KeyMetadata"]["KeyId"]
    assert refusal(elsewhere, "UpdatePrimaryRegion", KeyId=key_id, PrimaryRegion=ELSEWHERE) == (
        code,
        f"{key_arn(key_id, region=ELSEWHERE)} {words}",
    )


def test_a_replicas_policy_may_not_lock_out(kms: Any, primary: str) -> None:
    """How we know: reported; the same check as for CreateKey."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    assert refusal(kms, "ReplicateKey", KeyId=primary, ReplicaRegion=ELSEWHERE, Policy=policy) == (
        "MalformedPolicyDocumentException",
        "The new key policy will not allow you to update the key policy in the future.",
    )
    assert configuration(kms, primary) == ("PRIMARY", relatives(primary, REGION))


def test_a_replicas_id_is_unknown_where_it_has_no_replica(keytrail_client: Make, replicated: str) -> None:
    """How we know: recorded."""
    assert refusal(keytrail_client(region=THIRD), "DescribeKey", KeyId=replicated) == (
        "NotFoundException",
        f"Key '{key_arn(replicated, region=THIRD)}' does not exist",
    )
    assert replicated != KEY
