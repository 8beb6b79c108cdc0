"""A key that is written as a seed: loading it makes the key again, with all that belongs to it.

How we know: docs/console.md, README, "Seeds".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from keytrail.domain.key import Key
from keytrail.seeds.writing import write_key
from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, IMPORT_KEY, IMPORTED, KEY, MRK, SAMPLE_SEED, key_arn, wrapped_for
from tests.support.clients import shared_client

NOW = "2026-12-01T09:30:00Z"
READER = f"arn:aws:iam::{ACCOUNT}:role/Reader"
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}'


@pytest.fixture
def server(keytrail_clean: KeytrailServer) -> KeytrailServer:
    keytrail_clean.clock.freeze(NOW)
    return keytrail_clean


@pytest.fixture
def copy() -> Iterator[KeytrailServer]:
    with KeytrailServer() as other:
        other.clock.freeze(NOW)
        yield other


def written(server: KeytrailServer, arn: str) -> dict[str, Any]:
    endpoint = server.endpoint
    return write_key(endpoint.store.newest.require_key(arn), endpoint.store, endpoint.trail, server.clock.now)


def copied(server: KeytrailServer, arn: str, copy: KeytrailServer) -> dict[str, Any]:
    """Load the key into the other server, at the same time."""
    seed = written(server, arn)
    copy.clock.set(server.clock.now)
    copy.endpoint.load(msgspec.json.encode(seed))
    return seed


def client(server: KeytrailServer, region: str = "us-east-1") -> Any:
    return shared_client(server.url, "kms", region, ACCOUNT, "any", None)


def what_kms_says(server: KeytrailServer, key: Key) -> dict[str, object]:
    """All that KMS answers about a key, and the tokens of its grants."""
    kms = client(server, key.region)
    named = {"KeyId": key.arn}
    store = server.endpoint.store
    said: dict[str, Any] = {
        "DescribeKey": kms.describe_key(**named)["KeyMetadata"],
        "ListAliases": [each["AliasName"] for each in kms.list_aliases(**named)["Aliases"]],
        "ListGrants": kms.list_grants(**named)["Grants"],
        "GetKeyPolicy": kms.get_key_policy(**named)["Policy"],
        "GetKeyLastUsage": kms.get_key_last_usage(**named)["KeyLastUsage"],
        "ListResourceTags": kms.list_resource_tags(**named)["Tags"],
        "tokens": [store.grants.tokens_of(grant) for grant in store.newest.grants_after(key.arn, "", 100)],
    }
    if key.is_symmetric and key.origin == "AWS_KMS":
        said["GetKeyRotationStatus"] = kms.get_key_rotation_status(**named)
        said["ListKeyRotations"] = kms.list_key_rotations(**named, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
        del said["GetKeyRotationStatus"]["ResponseMetadata"]
    return said


FULL: dict[str, Any] = {
    "KeyId": KEY,
    "Account": ACCOUNT,
    "CreationDate": "400 days ago",
    "Description": "orders",
    "Aliases": ["alias/one", "alias/two"],
    "Tags": {"team": "payments"},
    "Policy": POLICY,
    "LastUsage": {"Operation": "Decrypt", "Timestamp": "20 days ago"},
    "Rotation": {
        "RotationPeriodInDays": 180,
        "NextRotationDate": "in 3 days",
        "Rotations": [{"RotationDate": "300 days ago"}, {"RotationDate": "9 days ago", "RotationType": "ON_DEMAND"}],
    },
    "Grants": [
        {
            "Name": "export",
            "GranteePrincipal": READER,
            "RetiringPrincipal": READER,
            "Operations": ["Decrypt", "CreateGrant"],
            "Constraints": {"EncryptionContextEquals": {"tenant": "acme"}},
            "IssuingAccount": "444455556666",
            "CreationDate": "30 days ago",
        },
        {
            "GranteeServicePrincipal": "s3.amazonaws.com",
            "RetiringServicePrincipal": "s3.amazonaws.com",
            "Operations": ["Decrypt"],
            "Constraints": {"SourceArn": f"arn:aws:s3:us-east-1:{ACCOUNT}:bucket"},
        },
    ],
}
SEEDS: dict[str, dict[str, Any]] = {
    "with all members": {"keys": [FULL]},
    "with none": {"keys": [{"KeyId": KEY}]},
    "pending deletion": {"keys": [{"KeyId": KEY, "KeyState": "PendingDeletion", "DeletionDate": "in 9 days"}]},
    "disabled": {"keys": [{"KeyId": KEY, "KeyState": "Disabled", "Rotation": {"RotationPeriodInDays": 90}}]},
    "a policy that is not compact": {"keys": [{"KeyId": KEY, "Policy": POLICY.replace('":', '" :  ')}]},
    "HMAC": {"keys": [{"KeyId": KEY, "KeySpec": "HMAC_384"}]},
    "two uses for its spec": {"keys": [{"KeyId": KEY, "KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"}]},
    "multi-Region": {
        "keys": [
            {
                "KeyId": MRK,
                "CreationDate": "90 days ago",
                "KeyState": "PendingReplicaDeletion",
                "PendingDeletionWindowInDays": 8,
                "Replicas": [
                    {
                        "Region": "eu-west-1",
                        "CreationDate": "80 days ago",
                        "Aliases": ["alias/europe"],
                        "LastUsage": {"Operation": "Encrypt", "Timestamp": "3 days ago"},
                    },
                    {"Region": "ap-southeast-2", "Policy": POLICY, "Description": "down under"},
                ],
            }
        ]
    },
    "imported": {
        "keys": [
            {
                "KeyId": KEY,
                "Origin": "EXTERNAL",
                "CreationDate": "90 days ago",
                "KeyState": "PendingImport",
                "KeyMaterials": [
                    {"ImportState": "PENDING_IMPORT", "KeyMaterialDescription": "first"},
                    {"ImportState": "IMPORTED", "RotationDate": "20 days ago", "ValidTo": "in 30 days"},
                    {"KeyMaterialState": "PENDING_ROTATION"},
                ],
            }
        ]
    },
    "nothing imported": {"keys": [{"KeyId": KEY, "Origin": "EXTERNAL", "KeyState": "PendingImport"}]},
    "an imported set": {
        "keys": [
            {
                "KeyId": MRK,
                "Origin": "EXTERNAL",
                "KeyMaterials": [{}, {"KeyMaterialState": "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"}],
                "Replicas": [{"Region": "eu-west-1", "ValidTo": "in 9 days"}],
            }
        ]
    },
    "in a CloudHSM key store": {"keys": [{"KeyId": KEY, "Origin": "AWS_CLOUDHSM"}]},
    "unavailable": {"keys": [{"KeyId": KEY, "Origin": "EXTERNAL_KEY_STORE", "KeyState": "Unavailable"}]},
    "in a store of its own": {
        "customKeyStores": [{"CustomKeyStoreId": "cks-1234567890abcdef0", "ConnectionErrorCode": "USER_LOCKED_OUT"}],
        "keys": [{"KeyId": KEY, "Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1234567890abcdef0"}],
    },
}


@pytest.mark.parametrize("seed", SEEDS.values(), ids=SEEDS)
def test_loading_the_copy_makes_the_key_again(
    server: KeytrailServer, copy: KeytrailServer, seed: dict[str, Any]
) -> None:
    server.load(seed)
    keys = server.endpoint.store.newest.all_keys()
    copied(server, keys[0].arn, copy)
    assert {key.arn for key in copy.endpoint.store.newest.all_keys()} == {key.arn for key in keys}
    for key in keys:
        assert copy.endpoint.store.newest.require_key(key.arn) == key
        assert what_kms_says(copy, key) == what_kms_says(server, key)
    store = server.endpoint.store.custom_key_stores.of_key(keys[0])
    assert copy.endpoint.store.custom_key_stores.of_key(keys[0]) == store


def test_every_key_of_the_samples_can_be_written_and_loaded(server: KeytrailServer) -> None:
    server.load(SAMPLE_SEED)
    for key in server.endpoint.store.newest.all_keys():
        with KeytrailServer() as copy:
            copied(server, key.arn, copy)
            assert copy.endpoint.store.newest.require_key(key.arn) == key


def test_a_copy_of_a_replica_is_a_copy_of_its_set(server: KeytrailServer) -> None:
    server.load(SEEDS["multi-Region"])
    assert written(server, key_arn(MRK, region="eu-west-1")) == written(server, key_arn(MRK))


def test_an_aws_managed_key_is_written_by_its_alias(server: KeytrailServer, copy: KeytrailServer) -> None:
    used = {"Operation": "Decrypt", "Timestamp": "3 days ago"}
    server.load({"awsManagedKeys": [{"Alias": "alias/aws/s3", "CreationDate": "9 days ago", "LastUsage": used}]})
    [key] = server.endpoint.store.newest.all_keys()
    assert copied(server, key.arn, copy)["awsManagedKeys"][0]["Alias"] == "alias/aws/s3"
    assert what_kms_says(copy, key)["GetKeyLastUsage"] == what_kms_says(server, key)["GetKeyLastUsage"]


# ---- Keys that calls have made: their material is random, and in the copy


SPECS = ["SYMMETRIC_DEFAULT", "HMAC_256", "RSA_2048", "ECC_NIST_P256", "ECC_NIST_EDWARDS25519", "ML_DSA_44"]


@pytest.mark.parametrize("spec", SPECS)
def test_a_key_that_was_created_has_its_material_in_the_copy(
    server: KeytrailServer, copy: KeytrailServer, spec: str
) -> None:
    usages = {"SYMMETRIC_DEFAULT": "ENCRYPT_DECRYPT", "HMAC_256": "GENERATE_VERIFY_MAC"}
    kms = client(server)
    key_id = kms.create_key(KeySpec=spec, KeyUsage=usages.get(spec, "SIGN_VERIFY"))["KeyMetadata"]["KeyId"]
    copied(server, key_arn(key_id), copy)
    theirs = client(copy)
    if spec == "SYMMETRIC_DEFAULT":
        blob = kms.encrypt(KeyId=key_id, Plaintext=b"order 66")["CiphertextBlob"]
        assert theirs.decrypt(CiphertextBlob=blob)["Plaintext"] == b"order 66"
    elif spec == "HMAC_256":
        members: dict[str, Any] = {"KeyId": key_id, "Message": b"1", "MacAlgorithm": "HMAC_SHA_256"}
        assert theirs.generate_mac(**members)["Mac"] == kms.generate_mac(**members)["Mac"]
    else:
        assert theirs.get_public_key(KeyId=key_id)["PublicKey"] == kms.get_public_key(KeyId=key_id)["PublicKey"]


def test_a_seeded_rsa_key_has_its_pair_in_the_copy_for_no_run_makes_it_again(
    server: KeytrailServer, copy: KeytrailServer
) -> None:
    server.load({"keys": [{"KeyId": KEY, "KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}]})
    assert "KeyMaterial" not in written(server, key_arn())["keys"][0], "nobody has used it yet"
    public_key = client(server).get_public_key(KeyId=KEY)["PublicKey"]
    copied(server, key_arn(), copy)
    assert client(copy).get_public_key(KeyId=KEY)["PublicKey"] == public_key


def test_material_that_was_imported_is_in_the_copy(
    server: KeytrailServer, copy: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    server.load(SAMPLE_SEED)
    kms = client(server)
    kms.delete_imported_key_material(KeyId=IMPORT_KEY)
    kms.import_key_material(
        KeyId=IMPORT_KEY, ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE", **wrapped_for(IMPORT_KEY, material=IMPORTED)
    )
    blob = kms.encrypt(KeyId=IMPORT_KEY, Plaintext=b"order 66")["CiphertextBlob"]
    copied(server, key_arn(IMPORT_KEY), copy)
    assert client(copy).decrypt(CiphertextBlob=blob)["Plaintext"] == b"order 66"


def test_all_materials_of_a_rotated_key_are_in_the_copy(server: KeytrailServer, copy: KeytrailServer) -> None:
    kms = client(server)
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    blobs = [kms.encrypt(KeyId=key_id, Plaintext=b"order 66")["CiphertextBlob"]]
    for _ in range(2):
        server.clock.advance(timedelta(hours=1))
        kms.rotate_key_on_demand(KeyId=key_id)
        blobs.append(kms.encrypt(KeyId=key_id, Plaintext=b"order 66")["CiphertextBlob"])
    copied(server, key_arn(key_id), copy)
    assert [client(copy).decrypt(CiphertextBlob=blob)["Plaintext"] for blob in blobs] == [b"order 66"] * 3


def test_a_rotation_that_is_under_way_goes_on_in_the_copy(copy: KeytrailServer) -> None:
    with KeytrailServer(transition_time="PT10S") as slow:
        slow.clock.freeze(NOW)
        key_id = client(slow).create_key()["KeyMetadata"]["KeyId"]
        client(slow).rotate_key_on_demand(KeyId=key_id)
        copied(slow, key_arn(key_id), copy)
        assert "OnDemandRotationStartDate" in client(copy).get_key_rotation_status(KeyId=key_id)
        copy.clock.advance(seconds=10)
        [rotation] = client(copy).list_key_rotations(KeyId=key_id)["Rotations"]
        assert (rotation["RotationType"], rotation["RotationDate"]) == ("ON_DEMAND", copy.clock.now)


def test_a_state_that_passes_ends_in_the_copy_too(copy: KeytrailServer) -> None:
    with KeytrailServer(transition_time="PT10S") as slow:
        slow.clock.freeze(NOW)
        slow.load({"keys": [{"KeyId": MRK}]})
        client(slow).replicate_key(KeyId=MRK, ReplicaRegion="eu-west-1")
        copied(slow, key_arn(MRK), copy)
    for state, seconds in (("Creating", 9), ("Creating", 1), ("Enabled", 0)):
        assert client(copy, "eu-west-1").describe_key(KeyId=MRK)["KeyMetadata"]["KeyState"] == state
        copy.clock.advance(seconds=seconds)
