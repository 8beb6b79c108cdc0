"""The events that KMS writes by itself, when the clock brings what they tell of.

How we know: docs/kms-behaviour/cloudtrail-shapes.json has the members of each with their source; KMS Developer Guide,
"Logging AWS KMS API calls with CloudTrail": DeleteKey, RotateKey, SynchronizeMultiRegionKey, DeleteExpiredKeyMaterial.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytrail.domain import key_rotation
from keytrail.domain.key import Key
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.material_history import RotationType
from keytrail.domain.multi_region import MultiRegionSet
from keytrail.domain.service_event import Deleted, MaterialExpired, Rotated, ServiceEvent, Synchronized
from keytrail.errors import KMSInvalidStateException
from keytrail.server import KeytrailServer
from keytrail.server_clock import ServerClock
from keytrail.store import Store
from keytrail.trail import event_of_service_event
from tests.support import ACCOUNT, DOOMED_KEY, ELSEWHERE, KEY, MRK, OTHER_KEY, REGION, UUID, client_of, key_arn
from tests.support.kms_behaviour import event_shapes

SHAPES = event_shapes()
START = datetime(2026, 5, 1, tzinfo=UTC)
BY_ITSELF = ("DeleteKey", "RotateKey", "SynchronizeMultiRegionKey", "DeleteExpiredKeyMaterial")


def told(server: KeytrailServer) -> list[tuple[str, str, str]]:
    """What KMS did by itself, oldest first: time, event and key ARN."""
    return [
        (record["eventTime"], record["eventName"], record["resources"][0]["ARN"])
        for record in server.events()
        if record["eventName"] in BY_ITSELF
    ]


def at(**after_the_start: int) -> str:
    return (START + timedelta(**after_the_start)).strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- Shape


MATERIALS = KeyMaterial.from_secret(bytes(32)), KeyMaterial.from_secret(bytes([1]) * 32)
THE_KEY = Key(account=ACCOUNT, region=REGION, key_id=KEY, creation_date=START)


@pytest.mark.parametrize(
    ("happened", "name"),
    [
        (Deleted(THE_KEY, START), "DeleteKey"),
        (Rotated(THE_KEY, START, RotationType.AUTOMATIC, *MATERIALS), "RotateKey"),
        (Synchronized(THE_KEY, START), "SynchronizeMultiRegionKey"),
        (MaterialExpired(THE_KEY, START, MATERIALS[0].id), "DeleteExpiredKeyMaterial"),
    ],
)
def test_each_service_event_has_the_members_of_its_cloudtrail_event(happened: ServiceEvent, name: str) -> None:
    shape, record = SHAPES[name], event_of_service_event(happened).record()
    assert (record["eventName"], record["eventSource"]) == (name, "kms.amazonaws.com")
    assert record["eventType"] == shape["eventType"]
    assert record["userIdentity"] == {"accountId": ACCOUNT, "invokedBy": "AWS Internal"}
    assert (record["sourceIPAddress"], record["userAgent"]) == ("AWS Internal", "AWS Internal")
    assert record["requestParameters"] is None
    assert record["responseElements"] == ({"keyId": key_arn()} if shape["responseElements"] else None)
    assert record["resources"] == [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": key_arn()}]
    assert record["readOnly"] is shape["readOnly"]
    assert ("requestID" in record) is shape.get("requestID", True)
    details = record.get("serviceEventDetails", {})
    assert isinstance(details, dict)
    assert set(details) == set(shape.get("serviceEventDetails", ()))
    assert re.fullmatch(UUID, str(record["eventID"]))


# ---- Rules: deletion


def test_a_deletion_leaves_an_event_with_the_time_when_it_was_due(
    kms: Any, keytrail_clean: KeytrailServer, keytrail_clock: ServerClock
) -> None:
    keytrail_clock.freeze(START)
    keytrail_clean.load({"keys": [{"KeyId": KEY}]})
    kms.schedule_key_deletion(KeyId=KEY, PendingWindowInDays=7)
    keytrail_clock.advance(days=6, hours=23)
    assert told(keytrail_clean) == []
    keytrail_clock.advance(days=99)
    assert told(keytrail_clean) == [(at(days=7), "DeleteKey", key_arn())]


def test_a_cancelled_deletion_leaves_no_event(
    kms: Any, keytrail_clean: KeytrailServer, keytrail_clock: ServerClock
) -> None:
    keytrail_clean.load({"keys": [{"KeyId": KEY}]})
    kms.schedule_key_deletion(KeyId=KEY, PendingWindowInDays=7)
    kms.cancel_key_deletion(KeyId=KEY)
    keytrail_clock.advance(days=99)
    assert told(keytrail_clean) == []


def test_a_replica_and_then_its_primary_key_are_deleted_each_in_its_region_at_its_time(
    keytrail_client: Callable[..., Any], keytrail_clean: KeytrailServer, keytrail_clock: ServerClock
) -> None:
    """How we know: KMS Developer Guide, "Deleting multi-Region keys": the primary's waiting period begins when its last
    replica is gone."""
    keytrail_clock.freeze(START)
    keytrail_clean.load({"keys": [{"KeyId": MRK, "Replicas": [{"Region": ELSEWHERE}]}]})
    keytrail_client().schedule_key_deletion(KeyId=MRK, PendingWindowInDays=10)
    keytrail_client(region=ELSEWHERE).schedule_key_deletion(KeyId=MRK, PendingWindowInDays=7)
    keytrail_clock.advance(days=999)
    assert told(keytrail_clean) == [
        (at(days=7), "DeleteKey", key_arn(MRK, region=ELSEWHERE)),
        (at(days=17), "DeleteKey", key_arn(MRK)),
    ]
    assert [record["awsRegion"] for record in keytrail_clean.events(eventName="DeleteKey")] == [ELSEWHERE, REGION]


# ---- Rules: rotation


def test_an_automatic_rotation_leaves_an_event_with_both_materials(
    kms: Any, keytrail_clean: KeytrailServer, keytrail_clock: ServerClock
) -> None:
    keytrail_clock.freeze(START)
    keytrail_clean.load({"keys": [{"KeyId": KEY}]})
    first = kms.describe_key(KeyId=KEY)["KeyMetadata"]["CurrentKeyMaterialId"]
    kms.enable_key_rotation(KeyId=KEY, RotationPeriodInDays=90)
    keytrail_clock.advance(days=100)
    (record,) = keytrail_clean.events(eventName="RotateKey")
    assert record["eventTime"] == at(days=90)
    assert record["serviceEventDetails"] == {
        "rotationType": "AUTOMATIC",
        "keyOrigin": "AWS_KMS",
        "previousKeyMaterialId": first,
        "currentKeyMaterialId": kms.describe_key(KeyId=KEY)["KeyMetadata"]["CurrentKeyMaterialId"],
        "keyId": KEY,
    }


def test_each_of_several_rotations_leaves_an_event_that_continues_the_one_before(
    kms: Any, keytrail_clean: KeytrailServer, keytrail_clock: ServerClock
) -> None:
    keytrail_clock.freeze(START)
    keytrail_clean.load({"keys": [{"KeyId": KEY}]})
    kms.enable_key_rotation(KeyId=KEY, RotationPeriodInDays=90)
    keytrail_clock.advance(days=300)
    records = keytrail_clean.events(eventName="RotateKey")
    assert [record["eventTime"] for record in records] == [at(days=90), at(days=180), at(days=270)]
    details = [record["serviceEventDetails"] for record in records]
    for before, after in itertools.pairwise(details):
        assert after["previousKeyMaterialId"] == before["currentKeyMaterialId"]


def test_a_rotation_on_demand_leaves_an_event_of_the_call_and_then_of_the_rotation(
    kms: Any, keytrail_clean: KeytrailServer
) -> None:
    keytrail_clean.load({"keys": [{"KeyId": KEY}]})
    kms.rotate_key_on_demand(KeyId=KEY)
    records = keytrail_clean.events(keyArn=key_arn())
    assert [record["eventName"] for record in records] == ["RotateKeyOnDemand", "RotateKey"]
    assert records[1]["serviceEventDetails"]["rotationType"] == "ON_DEMAND"


def test_a_slow_rotation_on_demand_leaves_its_event_at_its_end() -> None:
    with KeytrailServer(transition_time="PT10S", fixtures={"keys": [{"KeyId": KEY}]}) as server:
        server.clock.freeze(START)
        client_of(server).rotate_key_on_demand(KeyId=KEY)
        assert told(server) == []
        server.clock.advance("PT1H")
        assert told(server) == [(at(seconds=10), "RotateKey", key_arn())]


def test_a_key_whose_rotation_was_due_while_disabled_is_rotated_when_enabled(
    kms: Any, keytrail_clean: KeytrailServer, keytrail_clock: ServerClock
) -> None:
    keytrail_clock.freeze(START)
    keytrail_clean.load({"keys": [{"KeyId": KEY}]})
    kms.enable_key_rotation(KeyId=KEY, RotationPeriodInDays=90)
    kms.disable_key(KeyId=KEY)
    keytrail_clock.advance(days=100)
    assert told(keytrail_clean) == []
    kms.enable_key(KeyId=KEY)
    assert told(keytrail_clean) == [(at(days=100), "RotateKey", key_arn())]


# ---- Rules: synchronization


def test_a_new_replica_is_synchronized_when_it_is_ready() -> None:
    with KeytrailServer(transition_time="PT10S", fixtures={"keys": [{"KeyId": MRK, "MultiRegion": True}]}) as server:
        server.clock.freeze(START)
        client_of(server).replicate_key(KeyId=MRK, ReplicaRegion=ELSEWHERE)
        assert told(server) == []
        server.clock.advance("PT1H")
        assert told(server) == [(at(seconds=10), "SynchronizeMultiRegionKey", key_arn(MRK))]


def test_the_rotation_of_a_primary_key_is_synchronized_and_names_only_the_primary_key(
    kms: Any, keytrail_clean: KeytrailServer, keytrail_clock: ServerClock
) -> None:
    """How we know: kms-behaviour G.2, the resource is the primary key with its Region; replicas are not listed."""
    keytrail_clock.freeze(START)
    keytrail_clean.load({"keys": [{"KeyId": MRK, "Replicas": [{"Region": ELSEWHERE}]}]})
    kms.enable_key_rotation(KeyId=MRK, RotationPeriodInDays=90)
    keytrail_clock.advance(days=91)
    assert told(keytrail_clean) == [
        (at(), "SynchronizeMultiRegionKey", key_arn(MRK)),  # the setting is shared too
        (at(days=90), "RotateKey", key_arn(MRK)),
        (at(days=90), "SynchronizeMultiRegionKey", key_arn(MRK)),
    ]
    assert {record["awsRegion"] for record in keytrail_clean.events(eventName="SynchronizeMultiRegionKey")} == {REGION}


@pytest.mark.parametrize("operation", ["disable_key", "rotate_key_on_demand", "schedule_key_deletion"])
def test_members_that_are_not_shared_and_keys_without_replicas_are_not_synchronized(
    operation: str, kms: Any, keytrail_clean: KeytrailServer
) -> None:
    keytrail_clean.load(
        {"keys": [{"KeyId": MRK, "MultiRegion": True}, {"KeyId": MRK[:-1] + "9", "Replicas": [{"Region": ELSEWHERE}]}]}
    )
    getattr(kms, operation)(KeyId=MRK)
    kms.update_key_description(KeyId=MRK[:-1] + "9", Description="other words")
    assert keytrail_clean.events(eventName="SynchronizeMultiRegionKey") == []


# ---- Rules: a clock that jumps


def test_events_of_a_clock_jump_are_in_the_order_of_their_times_across_keys(
    kms: Any, keytrail_clean: KeytrailServer, keytrail_clock: ServerClock
) -> None:
    keytrail_clock.freeze(START)
    keytrail_clean.load({"keys": [{"KeyId": KEY}, {"KeyId": OTHER_KEY}]})
    kms.enable_key_rotation(KeyId=KEY, RotationPeriodInDays=100)
    kms.enable_key_rotation(KeyId=OTHER_KEY, RotationPeriodInDays=110)
    keytrail_clock.advance(days=350)
    kms.schedule_key_deletion(KeyId=KEY, PendingWindowInDays=30)
    keytrail_clock.advance(days=100)
    assert told(keytrail_clean) == [
        (at(days=100), "RotateKey", key_arn()),
        (at(days=110), "RotateKey", key_arn(OTHER_KEY)),
        (at(days=200), "RotateKey", key_arn()),
        (at(days=220), "RotateKey", key_arn(OTHER_KEY)),
        (at(days=300), "RotateKey", key_arn()),
        (at(days=330), "RotateKey", key_arn(OTHER_KEY)),
        (at(days=380), "DeleteKey", key_arn()),
        (at(days=440), "RotateKey", key_arn(OTHER_KEY)),
    ]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(90, 400), st.none() | st.integers(7, 30)), max_size=8),
    st.lists(st.integers(1, 200), max_size=12),
)
def test_one_clock_jump_has_the_same_events_as_many_steps(
    plans: list[tuple[int, int, int | None]], steps: list[int]
) -> None:
    """Keys (one with a replica) rotate and are deleted; whether the clock walks there or leaps, the same happens."""
    ids = [KEY, OTHER_KEY, DOOMED_KEY, MRK]
    store = Store()
    keys = [replace(THE_KEY, key_id=key_id, material=MATERIALS[0]) for key_id in ids]
    replica = replace(keys[-1], region=ELSEWHERE)
    store.add([*keys, replica], [((ACCOUNT, MRK), MultiRegionSet(REGION, (ELSEWHERE,)))], counted=False)
    for which, period, window in plans:
        with suppress(KMSInvalidStateException):  # two plans for one key may be at odds
            store.change(keys[which].arn, lambda key, days=period: key_rotation.enable_rotation(key, START, days))
            if window is not None:
                place = keys[which].arn if which < 3 else replica.arn
                store.change(place, lambda key, days=window: key.schedule_deletion(START, days, has_replicas=False))
    walking, leaping = store.snapshot(), store.snapshot()
    walked, now = [], START
    for days in steps:
        now += timedelta(days=days)
        walked += walking.settle(now)
    leapt = leaping.settle(now)

    def shown(happened: list[ServiceEvent]) -> list[tuple[datetime, str, str]]:
        return [(done.time, type(done).__name__, done.key.arn) for done in happened]

    assert shown(walked) == shown(leapt)
    assert [done.time for done in leapt] == sorted(done.time for done in leapt)


def test_lookup_events_finds_service_events_by_key_and_name_and_they_have_no_caller(
    keytrail_client: Callable[..., Any], keytrail_clean: KeytrailServer, keytrail_clock: ServerClock
) -> None:
    keytrail_clean.load({"keys": [{"KeyId": KEY}]})
    keytrail_client().schedule_key_deletion(KeyId=KEY, PendingWindowInDays=7)
    keytrail_clock.advance(days=8)
    trail = keytrail_client("cloudtrail")
    for name, value in (("EventName", "DeleteKey"), ("ResourceName", key_arn())):
        found = trail.lookup_events(LookupAttributes=[{"AttributeKey": name, "AttributeValue": value}])["Events"]
        assert found[0]["EventName"] == "DeleteKey"
        assert not {"Username", "AccessKeyId"} & set(found[0])
        assert json.loads(found[0]["CloudTrailEvent"])["eventType"] == "AwsServiceEvent"
