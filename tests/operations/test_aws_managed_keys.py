"""AWS managed keys: `alias/aws/<service>` comes into being on DescribeKey; it is described and used, not managed.

How we know: AWS docs (DescribeKey, ListAliases, "AWS managed keys") and recorded lists of aliases; the words of the
refusals as reported, for DisableKey.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keytrail.domain.aws_managed_key import SERVICES_WITH_KEYS, create, require_allowed
from keytrail.domain.principal import Principal
from keytrail.errors import AccessDeniedException
from keytrail.seeds import SeedError
from keytrail.server import KeytrailServer
from tests.support import (
    ACCOUNT,
    ELSEWHERE,
    FOREIGN,
    KEY,
    alias_arn,
    client_of,
    invoke,
    outcomes,
    own_aliases,
    refusal,
    request,
)

S3 = "alias/aws/s3"
NOW = datetime(2026, 7, 1, tzinfo=UTC)
PREDEFINED = [
    f"alias/aws/{service}"
    for service in (
        *("dynamodb", "ebs", "elasticfilesystem", "es", "glue", "kinesisvideo"),
        *("rds", "redshift", "redshifttest", "s3", "ssm", "xray"),
    )
]


def describe(kms: Any, name: str = S3) -> dict[str, Any]:
    return dict(kms.describe_key(KeyId=name)["KeyMetadata"])


# ---- Shape


def test_a_fresh_account_has_aliases_of_aws_with_a_name_and_an_arn_only(kms: Any) -> None:
    """How we know: recorded, sorted by name."""
    answer = kms.list_aliases()
    assert answer["Aliases"] == [{"AliasArn": alias_arn(name), "AliasName": name} for name in PREDEFINED]
    assert answer["Truncated"] is False
    assert "NextMarker" not in answer
    assert kms.list_keys()["Keys"] == []


def test_an_aws_managed_key_is_described_as_such(kms: Any) -> None:
    metadata = describe(kms)
    assert metadata["KeyManager"] == "AWS"
    assert metadata["Description"] == "Default key that protects my S3 objects when no other key is defined"
    assert (metadata["KeyState"], metadata["Origin"], metadata["MultiRegion"]) == ("Enabled", "AWS_KMS", False)
    assert (metadata["KeySpec"], metadata["KeyUsage"]) == ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    assert len(metadata["CurrentKeyMaterialId"]) == 64


# ---- Rules


@pytest.mark.parametrize("service", sorted(SERVICES_WITH_KEYS))
@pytest.mark.parametrize("form", [str, alias_arn], ids=["name", "arn"])
def test_the_first_description_of_an_alias_makes_its_key(service: str, form: Callable[[str], str], kms: Any) -> None:
    name = f"alias/aws/{service}"
    metadata = describe(kms, form(name))
    assert [key["KeyId"] for key in kms.list_keys()["Keys"]] == [metadata["KeyId"]]
    (alias,) = (alias for alias in kms.list_aliases()["Aliases"] if alias["AliasName"] == name)
    assert alias["TargetKeyId"] == metadata["KeyId"]
    assert {"CreationDate", "LastUpdatedDate"} <= set(alias)
    assert describe(kms, metadata["KeyId"]) == describe(kms, name) == metadata
    assert len(kms.list_keys()["Keys"]) == 1
    listed = [alias["AliasName"] for alias in kms.list_aliases()["Aliases"]]
    assert listed == sorted({*PREDEFINED, name})


def test_its_key_is_always_the_same_and_another_in_another_account_and_region(
    kms: Any, keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    first = describe(kms)
    blob = kms.encrypt(KeyId=S3, Plaintext=b"x")["CiphertextBlob"]
    others = [describe(keytrail_client(region=ELSEWHERE)), describe(keytrail_client(account=FOREIGN))]
    assert len({key["KeyId"] for key in (first, *others)}) == 3
    keytrail_clean.reset()
    again = describe(kms)
    assert (again["KeyId"], again["CurrentKeyMaterialId"]) == (first["KeyId"], first["CurrentKeyMaterialId"])
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_many_who_ask_at_once_get_the_same_key(kms: Any) -> None:
    assert set(outcomes(lambda: describe(kms))) == {"ok"}
    assert len(kms.list_keys()["Keys"]) == 1


def test_the_key_is_used(kms: Any) -> None:
    key_id = describe(kms)["KeyId"]
    blob = kms.encrypt(KeyId=S3, Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"})["Plaintext"] == b"x"
    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    moved = kms.re_encrypt(CiphertextBlob=data_key["CiphertextBlob"], DestinationKeyId=S3)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=moved)["Plaintext"] == data_key["Plaintext"]
    usage = kms.get_key_last_usage(KeyId=key_id)
    assert usage["KeyLastUsage"]["Operation"] == "Decrypt"


def test_rotation_is_yearly_and_told_once_it_has_happened(kms: Any, keytrail_clock: Any) -> None:
    """How we know: recorded for a fresh key, which tells no rotation; AWS docs for the rest."""
    created = keytrail_clock.freeze(datetime(2026, 7, 1, tzinfo=UTC))
    key = describe(kms)
    blob = kms.encrypt(KeyId=S3, Plaintext=b"x")["CiphertextBlob"]
    assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"] is False
    keytrail_clock.advance(days=366)
    assert describe(kms)["CurrentKeyMaterialId"] != key["CurrentKeyMaterialId"]
    status = kms.get_key_rotation_status(KeyId=key["KeyId"])
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 365)
    assert status["NextRotationDate"] == created + timedelta(days=2 * 365)
    assert [entry["RotationType"] for entry in kms.list_key_rotations(KeyId=key["KeyId"])["Rotations"]] == ["AUTOMATIC"]
    assert kms.decrypt(CiphertextBlob=blob)["KeyMaterialId"] == key["CurrentKeyMaterialId"]


def test_an_older_key_has_the_older_description(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: recorded of keys that were created up to 2021."""
    keytrail_clean.load({"awsManagedKeys": [{"Alias": "alias/aws/dms", "CreationDate": "2021-12-31T00:00:00Z"}]})
    assert describe(kms, "alias/aws/dms")["Description"] == (
        "Default master key that protects my DMS replication instance volumes when no other key is defined"
    )


@pytest.mark.parametrize(("service", "via"), [("s3", "s3"), ("ebs", "ec2"), ("lambda", "lambda")])
def test_its_key_policy_is_the_services(service: str, via: str, kms: Any) -> None:
    key_id = describe(kms, f"alias/aws/{service}")["KeyId"]
    policy = json.loads(kms.get_key_policy(KeyId=key_id)["Policy"])
    through, direct = policy["Statement"]
    assert through["Principal"] == {"AWS": "*"}
    assert through["Condition"]["StringEquals"] == {
        "kms:CallerAccount": ACCOUNT,
        "kms:ViaService": f"{via}.us-east-1.amazonaws.com",
    }
    assert direct["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert set(direct["Action"]) == {"kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"}


READS = ["GetKeyPolicy", "ListKeyPolicies", "ListGrants", "ListResourceTags", "ListKeyRotations", "GetKeyLastUsage"]


@pytest.mark.parametrize("operation", READS)
def test_the_account_may_read_all_about_it(operation: str, kms: Any) -> None:
    invoke(kms, operation, KeyId=describe(kms)["KeyId"])


# ---- Refusals

MANAGED = [
    *("CancelKeyDeletion", "CreateAlias", "CreateGrant", "DisableKey", "DisableKeyRotation", "EnableKey"),
    *("EnableKeyRotation", "GenerateMac", "PutKeyPolicy", "ReplicateKey", "RotateKeyOnDemand", "ScheduleKeyDeletion"),
    *("Sign", "TagResource", "UntagResource", "UpdateKeyDescription", "UpdatePrimaryRegion"),
]


@pytest.mark.parametrize("operation", MANAGED)
def test_nobody_manages_the_key(operation: str, kms: Any, keytrail_clean: KeytrailServer) -> None:
    before = describe(kms)
    member = "TargetKeyId" if operation == "CreateAlias" else "KeyId"
    members = request(operation, b"", **{member: before["KeyId"]})
    assert refusal(kms, operation, **members) == (
        "AccessDeniedException",
        f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: kms:{operation} on resource: {before['Arn']} "
        f"because no resource-based policy allows the kms:{operation} action",
    )
    assert describe(kms) == before
    (event,) = keytrail_clean.events(eventName=operation)
    assert event["errorCode"] == "AccessDenied"


def test_a_service_makes_grants_on_its_key_and_manages_it_no_more_than_others() -> None:
    """How we know: the key policies of such keys, as published."""
    key, _ = create(ACCOUNT, "us-east-1", "s3", NOW, NOW)
    service = Principal.service("s3.amazonaws.com", ACCOUNT)
    assert service is not None
    require_allowed(key, "kms:CreateGrant", service)
    with pytest.raises(AccessDeniedException):
        require_allowed(key, "kms:PutKeyPolicy", service)


def test_who_enforces_policies_uses_the_key_through_its_service_alone() -> None:
    """How we know: AWS docs; the condition kms:ViaService of its key policy."""
    with KeytrailServer(strict=True, fixtures={"awsManagedKeys": [{"Alias": S3}]}) as server:
        kms = client_of(server)
        assert describe(kms)["KeyManager"] == "AWS"
        code, words = refusal(kms, "Encrypt", KeyId=S3, Plaintext=b"x")
        assert code == "AccessDeniedException"
        assert "kms:Encrypt" in words


def test_no_alias_of_a_customer_moves_to_the_key(kms: Any) -> None:
    kms.create_alias(AliasName="alias/mine", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    asked = {"AliasName": "alias/mine", "TargetKeyId": describe(kms)["KeyId"]}
    assert refusal(kms, "UpdateAlias", **asked)[0] == "AccessDeniedException"


@pytest.mark.parametrize(
    ("operation", "members"),
    [("DeleteAlias", {}), ("UpdateAlias", {"TargetKeyId": KEY}), ("CreateAlias", {"TargetKeyId": KEY})],
)
def test_no_customer_touches_the_alias(operation: str, members: dict[str, str], kms: Any) -> None:
    describe(kms)
    assert refusal(kms, operation, AliasName=S3, **members) == ("NotAuthorizedException", "")


@pytest.mark.parametrize(
    "operation", ["GetKeyRotationStatus", "ListResourceTags", "ListKeyRotations", "GetKeyLastUsage", "ListKeyPolicies"]
)
def test_the_key_of_acm_allows_fewer_operations(operation: str, kms: Any) -> None:
    """How we know: recorded of ListKeyRotations, reported of the first two; the others follow from its key policy."""
    key_id = describe(kms, "alias/aws/acm")["KeyId"]
    code, words = refusal(kms, operation, KeyId=key_id)
    assert code == "AccessDeniedException"
    assert words.endswith(f"because no resource-based policy allows the kms:{operation} action")


@pytest.mark.parametrize("operation", ["Encrypt", "GenerateDataKey", "GetPublicKey"])
def test_no_other_operation_makes_the_key(operation: str, kms: Any) -> None:
    """How we know: the AWS docs name only DescribeKey."""
    assert refusal(kms, operation, **request(operation, b"", KeyId=S3)) == (
        "NotFoundException",
        f"Alias {alias_arn(S3)} is not found.",
    )
    assert kms.list_keys()["Keys"] == []


def test_an_alias_that_aws_has_not_is_not_found(kms: Any) -> None:
    """How we know: measured."""
    name = "alias/aws/nonesuch"
    assert refusal(kms, "DescribeKey", KeyId=name) == ("NotFoundException", f"Alias {alias_arn(name)} is not found.")


def test_nobody_makes_the_key_of_another_account(kms: Any, keytrail_client: Callable[..., Any]) -> None:
    assert refusal(kms, "DescribeKey", KeyId=alias_arn(S3, account=FOREIGN))[0] == "AccessDeniedException"
    assert keytrail_client(account=FOREIGN).list_keys()["Keys"] == []


# ---- Seeds


def test_a_seeded_key_has_a_past(kms: Any, keytrail_clean: KeytrailServer) -> None:
    usage = {"Operation": "GenerateDataKey", "Timestamp": "100 days ago"}
    keytrail_clean.load({"awsManagedKeys": [{"Alias": S3, "CreationDate": "800 days ago", "LastUsage": usage}]})
    key = describe(kms)
    told = kms.get_key_last_usage(KeyId=key["KeyId"])["KeyLastUsage"]
    assert told["Operation"] == "GenerateDataKey"
    rotations = kms.list_key_rotations(KeyId=key["KeyId"])["Rotations"]
    assert [entry["RotationDate"] - key["CreationDate"] for entry in rotations] == [
        timedelta(days=365),
        timedelta(days=730),
    ]
    keytrail_clean.reset()
    assert describe(kms)["KeyId"] == key["KeyId"]


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        ([{"Alias": "alias/aws/nonesuch"}], "alias/aws/s3"),
        ([{"Alias": "alias/mine"}], "alias/aws"),
        ([{"Alias": S3}, {"Alias": S3}], "appears twice"),
        ([{"Alias": S3, "CreationDate": "in 2 days"}], "is in the future"),
        ([{"Alias": S3, "CreationDate": "soon"}], "CreationDate"),
        ([{"Alias": S3, "LastUsage": {"Operation": "Sign", "Timestamp": "now"}}], "SIGN_VERIFY"),
    ],
)
def test_a_bad_seed_is_refused(
    seed: list[dict[str, Any]], words: str, kms: Any, keytrail_clean: KeytrailServer
) -> None:
    with pytest.raises(SeedError, match=words):
        keytrail_clean.load({"awsManagedKeys": seed})
    assert kms.list_keys()["Keys"] == []


def test_a_deleted_account_has_its_aliases_back_without_keys(kms: Any, keytrail_clean: KeytrailServer) -> None:
    describe(kms)
    keytrail_clean.reset(ACCOUNT)
    listed = kms.list_aliases()["Aliases"]
    assert own_aliases(listed) == []
    assert [alias for alias in listed if "TargetKeyId" in alias] == []
