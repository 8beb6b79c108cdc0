"""LookupEvents, through boto3: what the event history gives, in which order, of what time, page by page.

How we know: CloudTrail API Reference, "LookupEvents", and CloudTrail User Guide, "Working with CloudTrail event
history" (docs); the shapes are the service model's. What is tagged unverified in the code is not held here as AWS's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from keytrail.server import KeytrailServer
from tests.support import (
    ACCOUNT,
    ALIAS,
    ELSEWHERE,
    FOREIGN,
    KEY,
    OTHER_KEY,
    SAMPLE_SEED,
    alias_arn,
    client_of,
    key_arn,
    load_sample_seed,
    refusal,
    shared_policy,
)

Make = Callable[..., Any]

NOON = datetime(2026, 8, 10, 12, tzinfo=UTC)


@pytest.fixture
def trail(keytrail_client: Make) -> Any:
    """A boto3 CloudTrail client of the default account and Region."""
    return keytrail_client("cloudtrail")


@pytest.fixture
def blob(keytrail_clean: KeytrailServer, kms: Any) -> bytes:
    return load_sample_seed(keytrail_clean, kms)


def by(key: str, value: str) -> dict[str, Any]:
    """The member that looks events up by an attribute."""
    return {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}


def names(answer: dict[str, Any]) -> list[str]:
    return [event["EventName"] for event in answer["Events"]]


def pages(client: Any, **members: Any) -> list[list[dict[str, Any]]]:
    """The events of each page that a query has."""
    answer = client.lookup_events(**members)
    found = [answer["Events"]]
    while "NextToken" in answer:
        answer = client.lookup_events(**members, NextToken=answer["NextToken"])
        found.append(answer["Events"])
    return found


# ---- What an event is


def test_an_event_is_the_record_and_what_the_record_is_found_by(
    kms: Any, trail: Any, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    requested = kms.decrypt(CiphertextBlob=blob)["ResponseMetadata"]["RequestId"]
    (record,) = keytrail_clean.events(requestID=requested)
    (event,) = trail.lookup_events(**by("EventName", "Decrypt"))["Events"]
    assert json.loads(event.pop("CloudTrailEvent")) == record
    assert event.pop("EventTime") == datetime.fromisoformat(record["eventTime"])
    assert event == {
        "EventId": record["eventID"],
        "EventName": "Decrypt",
        "ReadOnly": "true",
        "AccessKeyId": ACCOUNT,
        "EventSource": "kms.amazonaws.com",
        "Username": "root",
        "Resources": [],
    }


@pytest.mark.parametrize(
    ("principal", "username"),
    [
        (f"arn:aws:iam::{ACCOUNT}:user/ops/Alice", "Alice"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/KeyAuditor/monday", "monday"),
        (f"arn:aws:iam::{ACCOUNT}:root", "root"),
    ],
)
def test_a_user_is_found_by_the_name_of_the_user_or_of_the_session(
    principal: str, username: str, keytrail_client: Make, keytrail_clean: KeytrailServer, trail: Any
) -> None:
    credential = {"AccessKeyId": "AKIACALLER0000000001", "SecretAccessKey": "any", "Principal": principal}
    keytrail_clean.load({"credentials": [credential], **SAMPLE_SEED})
    keytrail_client(access_key_id="AKIACALLER0000000001").describe_key(KeyId=KEY)
    (event,) = trail.lookup_events(**by("Username", username))["Events"]
    assert (event["EventName"], event["Username"]) == ("DescribeKey", username)
    assert names(trail.lookup_events(**by("AccessKeyId", "AKIACALLER0000000001"))) == ["DescribeKey"]


# ---- Attributes


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("EventName", "DisableKey", ["DisableKey"]),
        ("EventName", "disablekey", []),
        ("ReadOnly", "false", ["UpdateAlias", "DisableKey"]),
        ("ReadOnly", "true", ["ListKeys", "Decrypt"]),
        ("Username", "root", ["UpdateAlias", "ListKeys", "DisableKey", "Decrypt"]),
        ("Username", "Alice", []),
        ("ResourceType", "AWS::KMS::Key", ["UpdateAlias", "DisableKey"]),
        ("ResourceType", "AWS::S3::Bucket", []),
        ("ResourceName", key_arn(), ["DisableKey"]),
        ("ResourceName", KEY, ["DisableKey"]),
        ("ResourceName", OTHER_KEY, ["UpdateAlias"]),
        ("ResourceName", key_arn(OTHER_KEY), ["UpdateAlias"]),
        ("ResourceName", alias_arn(), []),
        ("ResourceName", ALIAS, ["UpdateAlias"]),
        ("ResourceName", key_arn(region=ELSEWHERE), []),
        ("EventSource", "kms.amazonaws.com", ["UpdateAlias", "ListKeys", "DisableKey", "Decrypt"]),
        ("EventSource", "s3.amazonaws.com", []),
        ("AccessKeyId", ACCOUNT, ["UpdateAlias", "ListKeys", "DisableKey", "Decrypt"]),
        ("EventId", "11111111-2222-4333-8444-555555555555", []),
    ],
)
def test_events_are_found_by_each_attribute_newest_first(
    key: str, value: str, found: list[str], kms: Any, trail: Any, blob: bytes
) -> None:
    kms.decrypt(CiphertextBlob=blob)
    kms.disable_key(KeyId=KEY)
    kms.list_keys()
    kms.update_alias(AliasName=ALIAS, TargetKeyId=OTHER_KEY)
    assert names(trail.lookup_events(**by(key, value))) == found


@pytest.mark.parametrize("seeded", [False, True], ids=["called", "seeded"])
def test_the_event_of_a_last_usage_is_found_by_its_id(
    seeded: bool, kms: Any, trail: Any, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    key = KEY
    if seeded:
        past = {"Operation": "Encrypt", "Timestamp": "30 days ago"}
        key = "4567abcd-12ab-34cd-56ef-1234567890ab"
        keytrail_clean.load({"keys": [{"KeyId": key, "CreationDate": "60 days ago", "LastUsage": past}]})
    else:
        kms.encrypt(KeyId=key, Plaintext=b"x")
    usage = kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]
    (event,) = trail.lookup_events(**by("EventId", usage["CloudTrailEventId"]))["Events"]
    assert event["EventName"] == usage["Operation"] == "Encrypt"
    assert json.loads(event["CloudTrailEvent"])["requestID"] == usage["KmsRequestId"]


def test_a_refusal_that_names_its_key_is_found_by_the_key_as_it_was_named(kms: Any, trail: Any, blob: bytes) -> None:
    """How we know: KMS Developer Guide, "Determine past usage of a KMS key": disable, watch for DisabledException."""
    kms.disable_key(KeyId=KEY)
    refusal(kms, "Decrypt", CiphertextBlob=blob, KeyId=key_arn())
    refusal(kms, "Decrypt", CiphertextBlob=blob)
    event = trail.lookup_events(**by("ResourceName", key_arn()))["Events"][0]
    assert json.loads(event["CloudTrailEvent"])["errorCode"] == "DisabledException"


def test_an_event_of_two_keys_is_found_by_either_and_stands_once(kms: Any, trail: Any, blob: bytes) -> None:
    kms.re_encrypt(CiphertextBlob=blob, SourceKeyId=KEY, DestinationKeyId=OTHER_KEY)
    kms.re_encrypt(CiphertextBlob=blob, SourceKeyId=KEY, DestinationKeyId=KEY)
    assert names(trail.lookup_events(**by("ResourceName", KEY))) == ["ReEncrypt", "ReEncrypt"]
    assert names(trail.lookup_events(**by("ResourceName", OTHER_KEY))) == ["ReEncrypt"]


# ---- Whose events


def test_an_account_sees_its_own_copy_of_a_call_across_accounts(
    keytrail_client: Make, keytrail_clean: KeytrailServer
) -> None:
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Policy": shared_policy("kms:Encrypt")}]})
    keytrail_client(account=FOREIGN).encrypt(KeyId=key_arn(), Plaintext=b"x")
    seen = {}
    for account in (ACCOUNT, FOREIGN):
        (seen[account],) = keytrail_client("cloudtrail", account=account).lookup_events(
            **by("ResourceName", key_arn())
        )["Events"]
    assert seen[ACCOUNT]["EventId"] != seen[FOREIGN]["EventId"]
    assert "Username" not in seen[ACCOUNT]
    assert seen[FOREIGN]["Username"] == "root"
    other = keytrail_client("cloudtrail", account=FOREIGN).lookup_events(**by("EventId", seen[ACCOUNT]["EventId"]))
    assert other["Events"] == []


def test_a_region_has_its_own_events(keytrail_client: Make, keytrail_clean: KeytrailServer, kms: Any) -> None:
    kms.list_keys()
    keytrail_client(region=ELSEWHERE).list_aliases()
    assert names(keytrail_client("cloudtrail").lookup_events()) == ["ListKeys"]
    assert names(keytrail_client("cloudtrail", region=ELSEWHERE).lookup_events()) == ["ListAliases"]


def test_looking_up_is_an_event_of_cloudtrail_itself(trail: Any) -> None:
    trail.lookup_events(**by("EventName", "Decrypt"), MaxResults=7)
    (event,) = trail.lookup_events()["Events"]
    record = json.loads(event["CloudTrailEvent"])
    assert (event["EventName"], event["EventSource"]) == ("LookupEvents", "cloudtrail.amazonaws.com")
    assert (event["ReadOnly"], event["Resources"]) == ("true", [])
    assert record["requestParameters"] == {
        "lookupAttributes": [{"attributeKey": "EventName", "attributeValue": "Decrypt"}],
        "maxResults": 7,
    }
    assert record["responseElements"] is None
    assert "resources" not in record


# ---- Time


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (None, None, [3, 2, 1]),
        (timedelta(hours=1), None, [3, 2, 1]),
        (timedelta(hours=1, seconds=1), None, [3, 2]),
        (None, timedelta(hours=2), [2, 1]),
        (None, timedelta(hours=2, seconds=-1), [1]),
        (timedelta(hours=2), timedelta(hours=2), [2]),
        (timedelta(days=-400), timedelta(hours=9), [3, 2, 1]),
    ],
)
@pytest.mark.parametrize("attribute", [{}, by("EventName", "GenerateRandom")], ids=["any", "by name"])
def test_both_ends_of_the_time_asked_for_are_whole_seconds_that_belong_to_it(
    attribute: dict[str, Any],
    start: timedelta | None,
    end: timedelta | None,
    found: list[int],
    kms: Any,
    trail: Any,
    keytrail_clock: Any,
) -> None:
    for hour in (1, 2, 3):
        keytrail_clock.freeze(NOON + timedelta(hours=hour, milliseconds=400))
        kms.generate_random(NumberOfBytes=hour)
    members = dict(attribute)
    members |= {"StartTime": NOON + start} if start is not None else {}
    members |= {"EndTime": NOON + end} if end is not None else {}
    events = trail.lookup_events(**members)["Events"]
    assert [(event["EventTime"] - NOON) // timedelta(hours=1) for event in events] == found


def test_events_are_listed_for_90_days(kms: Any, trail: Any, keytrail_clock: Any) -> None:
    keytrail_clock.freeze(NOON)
    kms.list_keys()
    event_id = trail.lookup_events()["Events"][0]["EventId"]
    keytrail_clock.advance("P90D")
    assert names(trail.lookup_events(**by("EventName", "ListKeys"))) == ["ListKeys"]
    assert names(trail.lookup_events(**by("EventId", event_id))) == ["ListKeys"]
    keytrail_clock.advance("PT1S")
    assert names(trail.lookup_events(**by("EventName", "ListKeys"), StartTime=NOON)) == []
    assert names(trail.lookup_events(**by("EventId", event_id))) == []


def test_a_seeded_past_stands_at_its_time(kms: Any, trail: Any, keytrail_clean: KeytrailServer) -> None:
    kms.list_keys()
    keytrail_clean.load({"keys": [{"KeyId": KEY, "LastUsage": {"Operation": "Decrypt", "Timestamp": "30 days ago"}}]})
    assert names(trail.lookup_events()) == ["ListKeys", "Decrypt"]


def test_events_show_once_the_delay_of_the_trail_is_over() -> None:
    """How we know: within minutes (kms-behaviour G.3); how late here: docs/settings.md, "Settings"."""
    with KeytrailServer(trail_delay=timedelta(minutes=5)) as server:
        kms, trail = client_of(server), client_of(server, "cloudtrail")
        server.clock.freeze(NOON)
        kms.list_keys()
        server.clock.advance("PT5M")
        assert names(trail.lookup_events()) == []
        (record,) = server.events(eventName="ListKeys")
        server.clock.advance("PT1S")
        assert names(trail.lookup_events()) == ["ListKeys"]
        assert names(trail.lookup_events(**by("EventId", record["eventID"]))) == ["ListKeys"]


# ---- Pages


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("attribute", [{}, by("EventName", "GenerateRandom"), by("ResourceName", KEY)])
def test_pages_hold_every_event_once_though_others_come_meanwhile(
    attribute: dict[str, Any], frozen: bool, kms: Any, trail: Any, keytrail_clean: KeytrailServer, keytrail_clock: Any
) -> None:
    keytrail_clean.load(SAMPLE_SEED)
    if frozen:
        keytrail_clean.clock.freeze()
    for n in range(1, 13):
        kms.generate_random(NumberOfBytes=n)
        kms.describe_key(KeyId=KEY)
    whole = [event["EventId"] for event in trail.lookup_events(**attribute)["Events"]]
    several = pages(trail, **attribute, MaxResults=5)
    assert all(len(page) == 5 for page in several[:-1])
    ids = [event["EventId"] for page in several for event in page]
    assert [event_id for event_id in ids if event_id in whole] == whole
    assert len(set(ids)) == len(ids)


def test_a_page_has_50_events_unless_fewer_are_asked_for(kms: Any, trail: Any) -> None:
    for n in range(1, 52):
        kms.generate_random(NumberOfBytes=n)
    assert [len(page) for page in pages(trail, **by("EventName", "GenerateRandom"))] == [50, 1]
    assert [len(page) for page in pages(trail, **by("EventName", "GenerateRandom"), MaxResults=17)] == [17, 17, 17]


def token(kms: Any, trail: Any, **members: Any) -> str:
    for n in range(1, 4):
        kms.generate_random(NumberOfBytes=n)
    answer: dict[str, str] = trail.lookup_events(**members, MaxResults=1)
    return answer["NextToken"]


@pytest.mark.parametrize(
    "other",
    [
        {},
        by("EventName", "Decrypt"),
        by("ReadOnly", "true"),
        {**by("EventName", "GenerateRandom"), "StartTime": NOON - timedelta(days=1)},
        {**by("EventName", "GenerateRandom"), "EndTime": NOON + timedelta(days=1)},
    ],
)
def test_a_token_is_good_for_its_own_query_alone(other: dict[str, Any], kms: Any, trail: Any) -> None:
    given = token(kms, trail, **by("EventName", "GenerateRandom"))
    assert names(trail.lookup_events(**by("EventName", "GenerateRandom"), NextToken=given)) == ["GenerateRandom"] * 2
    assert refusal(trail, "LookupEvents", **other, NextToken=given)[0] == "InvalidNextTokenException"


def test_a_token_is_good_in_its_account_and_region_alone(keytrail_client: Make, kms: Any, trail: Any) -> None:
    given = token(kms, trail)
    for other in ({"account": FOREIGN}, {"region": ELSEWHERE}):
        client = keytrail_client("cloudtrail", **other)
        assert refusal(client, "LookupEvents", NextToken=given)[0] == "InvalidNextTokenException"


@pytest.mark.parametrize("bad", ["x", "00", "0" * 32 + "zz", "0" * 64, "é" * 40])
def test_a_token_that_was_never_given_out_is_refused(bad: str, trail: Any) -> None:
    assert refusal(trail, "LookupEvents", NextToken=bad)[0] == "InvalidNextTokenException"


# ---- Refusals


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        ({"MaxResults": 2**31 - 1}, "InvalidMaxResultsException"),
        ({"EventCategory": "management"}, "InvalidEventCategoryException"),
        ({"StartTime": NOON, "EndTime": NOON - timedelta(seconds=1)}, "InvalidTimeRangeException"),
        (by("Colour", "red"), "InvalidLookupAttributesException"),
        (by("EventName", "x" * 2001), "InvalidLookupAttributesException"),
        (
            {
                "LookupAttributes": [
                    *by("EventName", "a")["LookupAttributes"],
                    *by("ReadOnly", "true")["LookupAttributes"],
                ]
            },
            "InvalidLookupAttributesException",
        ),
    ],
)
def test_a_query_that_cannot_be_is_refused_and_recorded(
    members: dict[str, Any], code: str, trail: Any, keytrail_clean: KeytrailServer
) -> None:
    assert refusal(trail, "LookupEvents", **members)[0] == code
    (record,) = keytrail_clean.events(eventName="LookupEvents")
    assert record["errorCode"] == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"MaxResults": 0}, "InvalidMaxResultsException"),
        ({"MaxResults": -1}, "InvalidMaxResultsException"),
        ({"LookupAttributes": [{"AttributeValue": "x"}]}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": [{"AttributeKey": "EventName"}]}, "InvalidLookupAttributesException"),
        (
            {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": ""}]},
            "InvalidLookupAttributesException",
        ),
        ({"LookupAttributes": [{}]}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": {"AttributeKey": "EventName"}}, "SerializationException"),
        ({"MaxResults": "ten"}, "SerializationException"),
        ({"StartTime": "yesterday"}, "SerializationException"),
        ({"NextToken": 1}, "SerializationException"),
    ],
)
def test_what_boto3_would_not_send_is_refused(body: dict[str, Any], code: str, keytrail_clean: KeytrailServer) -> None:
    answer = requests.post(
        keytrail_clean.url,
        json=body,
        headers={"X-Amz-Target": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"},
        timeout=5,
    )
    assert (answer.status_code, answer.json()["__type"]) == (400, code)


@pytest.mark.parametrize("prefix", ["com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", "CloudTrail_20131101"])
def test_the_target_may_leave_the_namespace_out(prefix: str, keytrail_clean: KeytrailServer, kms: Any) -> None:
    """How we know: botocore sends the first, the SDK for JavaScript v3 and those made like it send the second."""
    kms.list_keys()
    answer = requests.post(
        keytrail_clean.url, data=b"{}", headers={"X-Amz-Target": f"{prefix}.LookupEvents"}, timeout=5
    )
    assert (answer.status_code, names(answer.json())) == (200, ["ListKeys"])


@pytest.mark.parametrize("end", [NOON, NOON + timedelta(milliseconds=1)])
def test_a_time_that_begins_with_its_end_is_one(end: datetime, trail: Any) -> None:
    assert trail.lookup_events(StartTime=NOON, EndTime=end)["Events"] == []


def test_a_token_outlives_the_events_behind_which_it_stands(kms: Any, trail: Any, keytrail_clock: Any) -> None:
    keytrail_clock.freeze(NOON)
    given = token(kms, trail)
    keytrail_clock.advance("P91D")
    assert trail.lookup_events(NextToken=given)["Events"] == []


def test_there_are_no_insights(kms: Any, trail: Any) -> None:
    kms.list_keys()
    assert trail.lookup_events(EventCategory="insight")["Events"] == []


# ---- The bound, and what resets


def test_events_that_left_a_full_trail_are_found_by_nothing() -> None:
    with KeytrailServer(max_events=3) as server:
        server.load(SAMPLE_SEED)
        kms, trail = client_of(server), client_of(server, "cloudtrail")
        kms.describe_key(KeyId=KEY)
        kms.describe_key(KeyId=OTHER_KEY)
        (first, _) = server.events()
        kms.list_keys()
        kms.list_aliases()  # the first leaves
        assert names(trail.lookup_events(**by("ResourceName", KEY))) == []
        assert names(trail.lookup_events(**by("EventId", first["eventID"]))) == []


def test_the_reset_of_an_account_leaves_the_events_of_others(
    keytrail_client: Make, keytrail_clean: KeytrailServer, kms: Any, trail: Any
) -> None:
    kms.list_keys()
    keytrail_client(account=FOREIGN).list_aliases()
    keytrail_clean.reset(FOREIGN)
    assert names(trail.lookup_events()) == ["ListKeys"]
    assert names(keytrail_client("cloudtrail", account=FOREIGN).lookup_events()) == []
    keytrail_client(account=FOREIGN).list_keys()
    found = keytrail_client("cloudtrail", account=FOREIGN).lookup_events(**by("EventName", "ListKeys"))
    assert names(found) == ["ListKeys"]
