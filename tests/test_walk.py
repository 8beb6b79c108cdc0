"""Is this key still needed? The walk that AWS tells people to take, from a seeded estate to the end.

How we know: KMS Developer Guide, "Determine past usage of a KMS key", "Deleting AWS KMS keys" and "Logging AWS KMS API
calls with CloudTrail" (docs). boto3's kms, cloudtrail and sts speak to one endpoint.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keytrail.server import KeytrailServer
from keytrail.server_clock import ServerClock
from tests.support import ACCOUNT, alias_arn, key_arn, refusal
from tests.support.clients import new_client

TODAY = datetime(2026, 11, 24, 9, tzinfo=UTC)
IN_USE = "11111111-12ab-34cd-56ef-1234567890ab"
IDLE = "22222222-12ab-34cd-56ef-1234567890ab"
NEVER_USED = "33333333-12ab-34cd-56ef-1234567890ab"
YOUNG = "44444444-12ab-34cd-56ef-1234567890ab"
ESTATE = {
    "keys": [
        {
            "KeyId": IN_USE,
            "CreationDate": "400 days ago",
            "LastUsage": {"Operation": "Decrypt", "Timestamp": "2 days ago"},
        },
        {
            "KeyId": IDLE,
            "CreationDate": "400 days ago",
            "Aliases": ["alias/yearly-report"],
            "LastUsage": {"Operation": "Encrypt", "Timestamp": "120 days ago"},
        },
        {"KeyId": NEVER_USED, "CreationDate": "200 days ago"},
        {"KeyId": YOUNG, "CreationDate": "10 days ago"},
    ],
}


@pytest.fixture
def report(kms: Any, keytrail_clean: KeytrailServer) -> bytes:
    """What the yearly job will want to read; it was encrypted under the idle key long ago."""
    keytrail_clean.load(ESTATE)
    blob: bytes = kms.encrypt(KeyId=IDLE, Plaintext=b"report of 2025")["CiphertextBlob"]
    return blob


@pytest.fixture
def estate(report: bytes, keytrail_clean: KeytrailServer, keytrail_clock: ServerClock) -> KeytrailServer:
    """The estate as it is today, before anybody looks at it."""
    keytrail_clean.reset()
    keytrail_clock.freeze(TODAY)
    keytrail_clean.load(ESTATE)
    return keytrail_clean


def keys(kms: Any) -> Iterator[str]:
    for page in kms.get_paginator("list_keys").paginate():
        yield from (key["KeyId"] for key in page["Keys"])


def idle_keys(kms: Any, now: datetime, days: int = 90) -> set[str]:
    """The keys that nobody used for so long: since their last use, or for as long as uses were recorded."""
    found = set()
    for key_id in keys(kms):
        usage = kms.get_key_last_usage(KeyId=key_id)
        since = usage["KeyLastUsage"].get("Timestamp", usage["TrackingStartDate"])
        if now - since > timedelta(days=days):
            found.add(key_id)
    return found


def events_of(trail: Any, key: str, value: str) -> list[dict[str, Any]]:
    """All records that LookupEvents finds, newest first."""
    pages = trail.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}], PaginationConfig={"PageSize": 2}
    )
    return [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]


def test_idle_keys_are_found_tried_and_given_back_or_deleted(
    estate: KeytrailServer, report: bytes, keytrail_client: Callable[..., Any], keytrail_clock: ServerClock
) -> None:
    kms, trail, sts = (keytrail_client(service) for service in ("kms", "cloudtrail", "sts"))
    assert {client.meta.endpoint_url for client in (kms, trail, sts)} == {estate.url}, "one endpoint for all"
    assert sts.get_caller_identity()["Account"] == ACCOUNT

    # Which keys did nobody use for 90 days?
    assert idle_keys(kms, keytrail_clock.now) == {IDLE, NEVER_USED}
    usage = kms.get_key_last_usage(KeyId=IDLE)["KeyLastUsage"]
    assert (usage["Operation"], usage["Timestamp"]) == ("Encrypt", TODAY - timedelta(days=120))

    # Disable one, and wait for somebody to complain.
    kms.disable_key(KeyId=IDLE)
    keytrail_clock.advance(days=30)
    role = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/yearly-report", RoleSessionName="december")
    consumer = session_of(estate, role["Credentials"])
    assert refusal(consumer, "Decrypt", CiphertextBlob=report) == ("DisabledException", f"{key_arn(IDLE)} is disabled.")

    # The trail knows who it was, by the operation and by the user; by the key only if the request names it.
    by_name = [record for record in events_of(trail, "EventName", "Decrypt") if "errorCode" in record]
    by_user = events_of(trail, "Username", "december")
    assert by_name == by_user
    assert [record["eventName"] for record in events_of(trail, "ResourceName", key_arn(IDLE))] == ["DisableKey"]
    (external_error,) = by_name
    assert external_error["errorCode"] == "DisabledException"
    assert external_error["errorMessage"] == f"{key_arn(IDLE)} is disabled."
    assert external_error["eventTime"] == "2026-12-24T09:00:00Z"
    assert external_error["userIdentity"]["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/yearly-report/december"
    assert external_error["userIdentity"]["accessKeyId"] == role["Credentials"]["AccessKeyId"]
    assert [resource["ARN"] for resource in external_error["resources"]] == [key_arn(IDLE)]

    # A refusal is no use; the key is needed all the same.
    assert kms.get_key_last_usage(KeyId=IDLE)["KeyLastUsage"] == usage
    kms.enable_key(KeyId=IDLE)
    answer = consumer.decrypt(CiphertextBlob=report)
    assert answer["Plaintext"] == b"report of 2025"
    usage = kms.get_key_last_usage(KeyId=IDLE)["KeyLastUsage"]
    assert usage["KmsRequestId"] == answer["ResponseMetadata"]["RequestId"]
    (use,) = events_of(trail, "EventId", usage["CloudTrailEventId"])
    assert (use["eventName"], use["requestID"]) == ("Decrypt", usage["KmsRequestId"])

    # Nobody asked for the other one: delete it, and look again when its waiting period is over.
    kms.create_alias(AliasName="alias/mistake", TargetKeyId=NEVER_USED)
    scheduled = kms.schedule_key_deletion(KeyId=NEVER_USED, PendingWindowInDays=7)
    assert scheduled["DeletionDate"] == keytrail_clock.now + timedelta(days=7)
    keytrail_clock.advance(days=6, hours=23)
    assert kms.describe_key(KeyId=NEVER_USED)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    keytrail_clock.advance(days=3)
    assert refusal(kms, "DescribeKey", KeyId=NEVER_USED) == (
        "NotFoundException",
        f"Key '{key_arn(NEVER_USED)}' does not exist",
    )
    assert set(keys(kms)) == {IN_USE, IDLE, YOUNG}
    assert alias_arn("alias/mistake") not in [alias["AliasArn"] for alias in kms.list_aliases()["Aliases"]]
    (deleted,) = events_of(trail, "EventName", "DeleteKey")
    assert deleted["eventType"] == "AwsServiceEvent"
    assert deleted["eventTime"] == "2026-12-31T09:00:00Z", "when it was due, though nobody was there to see it"
    assert [resource["ARN"] for resource in deleted["resources"]] == [key_arn(NEVER_USED)]
    assert [record["eventName"] for record in events_of(trail, "ResourceName", key_arn(NEVER_USED))] == [
        "DeleteKey",
        "ScheduleKeyDeletion",
        "CreateAlias",
    ]


def session_of(server: KeytrailServer, credentials: dict[str, Any]) -> Any:
    """A KMS client of temporary credentials."""
    access_key, secret, token = (credentials[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    return new_client(server.url, region=server.settings.region, access_key=access_key, secret=secret, token=token)
