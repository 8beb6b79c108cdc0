"""EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus, RotateKeyOnDemand, ListKeyRotations; and the clock."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keytrail.seeds import SeedError
from keytrail.server import KeytrailServer
from keytrail.server_clock import ServerClock
from tests.support import ELSEWHERE, KEY, MRK, OTHER_KEY, client_of, key_arn, load_sample_seed, refusal

SEEDED = "6789abcd-12ab-34cd-56ef-1234567890ab"
OTHER_SEEDED = "789aabcd-12ab-34cd-56ef-1234567890ab"
MATERIAL = b64encode(bytes(range(32))).decode()
START = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def sample_seed(keytrail_clean: KeytrailServer, kms: Any, keytrail_clock: ServerClock) -> None:
    load_sample_seed(keytrail_clean, kms)
    keytrail_clock.freeze(START)


def status(kms: Any, key_id: str = KEY) -> dict[str, Any]:
    answer = kms.get_key_rotation_status(KeyId=key_id)
    del answer["ResponseMetadata"]
    return dict(answer)


def current(kms: Any, key_id: str = KEY) -> str:
    return str(kms.describe_key(KeyId=key_id)["KeyMetadata"]["CurrentKeyMaterialId"])


def dates(kms: Any, key_id: str = KEY) -> list[tuple[str, datetime]]:
    rotations = kms.list_key_rotations(KeyId=key_id)["Rotations"]
    return [(entry["RotationType"], entry["RotationDate"]) for entry in rotations]


def days(count: int) -> datetime:
    return START + timedelta(days=count)


# shape


def test_the_status_of_a_key_shows_period_and_date_only_while_rotation_is_enabled(kms: Any) -> None:
    """How we know: recorded."""
    assert status(kms) == {"KeyId": key_arn(), "KeyRotationEnabled": False}
    kms.enable_key_rotation(KeyId=KEY)
    assert status(kms) == {
        "KeyId": key_arn(),
        "KeyRotationEnabled": True,
        "RotationPeriodInDays": 365,
        "NextRotationDate": days(365),
    }
    kms.enable_key_rotation(KeyId=KEY, RotationPeriodInDays=90)
    assert (status(kms)["RotationPeriodInDays"], status(kms)["NextRotationDate"]) == (90, days(90))
    kms.disable_key_rotation(KeyId=KEY)
    assert status(kms) == {"KeyId": key_arn(), "KeyRotationEnabled": False}


def test_rotations_are_listed_with_their_materials(kms: Any) -> None:
    # How we know: KMS API Reference, ListKeyRotations: first material only with ALL_KEY_MATERIAL, and without a
    # rotation.
    first = current(kms)
    assert kms.list_key_rotations(KeyId=KEY)["Rotations"] == []
    only = {"KeyId": key_arn(), "KeyMaterialId": first, "KeyMaterialState": "CURRENT"}
    assert kms.list_key_rotations(KeyId=KEY, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"] == [only]
    assert kms.rotate_key_on_demand(KeyId=KEY)["KeyId"] == key_arn()
    rotation = {
        "KeyId": key_arn(),
        "KeyMaterialId": current(kms),
        "KeyMaterialState": "CURRENT",
        "RotationDate": START,
        "RotationType": "ON_DEMAND",
    }
    assert kms.list_key_rotations(KeyId=KEY)["Rotations"] == [rotation]
    listed = kms.list_key_rotations(KeyId=KEY, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    assert listed == [{**only, "KeyMaterialState": "NON_CURRENT"}, rotation]


def test_rotations_come_in_pages(kms: Any) -> None:
    """How we know: AWS docs, as every list; a marker is good for its own list alone."""
    for _ in range(3):
        kms.rotate_key_on_demand(KeyId=KEY)
    whole = kms.list_key_rotations(KeyId=KEY)["Rotations"]
    first = kms.list_key_rotations(KeyId=KEY, Limit=2)
    rest = kms.list_key_rotations(KeyId=KEY, Limit=2, Marker=first["NextMarker"])
    assert (first["Truncated"], rest["Truncated"], "NextMarker" in rest) == (True, False, False)
    assert first["Rotations"] + rest["Rotations"] == whole
    code, _ = refusal(kms, "ListKeyRotations", KeyId=OTHER_KEY, Marker=first["NextMarker"])
    assert code == "InvalidMarkerException"


def test_a_marker_whose_material_is_gone_is_refused(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: inferred: no page can follow a rotation that the key does not have."""
    for _ in range(2):
        kms.rotate_key_on_demand(KeyId=KEY)
    marker = kms.list_key_rotations(KeyId=KEY, Limit=1)["NextMarker"]
    keytrail_clean.reset()
    load_sample_seed(keytrail_clean, kms)
    assert refusal(kms, "ListKeyRotations", KeyId=KEY, Marker=marker)[0] == "InvalidMarkerException"


# rules


def test_old_ciphertexts_decrypt_under_the_material_that_made_them(kms: Any) -> None:
    """How we know: KMS API Reference, Decrypt and ReEncrypt: the answer names the material that was used."""
    old = kms.encrypt(KeyId=KEY, Plaintext=b"old")["CiphertextBlob"]
    first = current(kms)
    kms.rotate_key_on_demand(KeyId=KEY)
    new = kms.encrypt(KeyId=KEY, Plaintext=b"new")["CiphertextBlob"]
    assert current(kms) != first
    for blob, plaintext, material in ((old, b"old", first), (new, b"new", current(kms))):
        answer = kms.decrypt(CiphertextBlob=blob)
        assert (answer["Plaintext"], answer["KeyMaterialId"]) == (plaintext, material)
    moved = kms.re_encrypt(CiphertextBlob=old, DestinationKeyId=KEY)
    assert (moved["SourceKeyMaterialId"], moved["DestinationKeyMaterialId"]) == (first, current(kms))


def test_a_key_rotates_at_each_of_its_dates_however_far_the_clock_jumps(kms: Any, keytrail_clock: ServerClock) -> None:
    """How we know: KMS Developer Guide, "Rotate AWS KMS keys"; on a clock that jumps: docs/still-needed.md."""
    first = current(kms)
    kms.enable_key_rotation(KeyId=KEY, RotationPeriodInDays=100)
    keytrail_clock.set(days(100) - timedelta(seconds=1))
    assert current(kms) == first
    keytrail_clock.set(days(350))
    assert dates(kms) == [("AUTOMATIC", days(100)), ("AUTOMATIC", days(200)), ("AUTOMATIC", days(300))]
    assert status(kms)["NextRotationDate"] == days(400)
    states = [entry["KeyMaterialState"] for entry in kms.list_key_rotations(KeyId=KEY)["Rotations"]]
    assert states == ["NON_CURRENT", "NON_CURRENT", "CURRENT"]


def test_rotation_on_demand_leaves_the_schedule_alone(kms: Any, keytrail_clock: ServerClock) -> None:
    """How we know: KMS API Reference, RotateKeyOnDemand."""
    kms.enable_key_rotation(KeyId=KEY, RotationPeriodInDays=100)
    keytrail_clock.set(days(50))
    kms.rotate_key_on_demand(KeyId=KEY)
    assert status(kms)["NextRotationDate"] == days(100)
    keytrail_clock.set(days(101))
    assert dates(kms) == [("ON_DEMAND", days(50)), ("AUTOMATIC", days(100))]


def test_a_disabled_key_rotates_when_it_is_enabled_again(kms: Any, keytrail_clock: ServerClock) -> None:
    """How we know: AWS docs: a key that is re-enabled after its date rotates at once."""
    kms.enable_key_rotation(KeyId=KEY, RotationPeriodInDays=100)
    kms.disable_key(KeyId=KEY)
    keytrail_clock.set(days(250))
    assert (dates(kms), status(kms)["KeyRotationEnabled"]) == ([], True)
    kms.enable_key(KeyId=KEY)
    assert dates(kms) == [("AUTOMATIC", days(250))]
    keytrail_clock.set(days(350))
    assert dates(kms) == [("AUTOMATIC", days(250)), ("AUTOMATIC", days(350))]


def test_a_key_that_is_pending_deletion_does_not_rotate(kms: Any, keytrail_clock: ServerClock) -> None:
    # How we know: KMS API Reference, GetKeyRotationStatus: false meanwhile, and as it was once deletion is cancelled.
    kms.enable_key_rotation(KeyId=KEY, RotationPeriodInDays=90)
    keytrail_clock.set(days(80))
    kms.schedule_key_deletion(KeyId=KEY, PendingWindowInDays=30)
    keytrail_clock.set(days(100))
    assert status(kms) == {"KeyId": key_arn(), "KeyRotationEnabled": False}
    kms.cancel_key_deletion(KeyId=KEY)
    assert (status(kms)["KeyRotationEnabled"], dates(kms)) == (True, [])


def test_a_rotation_on_demand_takes_as_long_as_the_setting_says(keytrail_clock: ServerClock) -> None:
    """How we know: AWS docs and recorded: OnDemandRotationStartDate while one runs, and the old material till then."""
    with KeytrailServer(transition_time=timedelta(seconds=10)) as server:
        kms, clock = client_of(server), server.clock
        clock.freeze(START)
        server.load({"keys": [{"KeyId": KEY}]})
        first = current(kms)
        kms.rotate_key_on_demand(KeyId=KEY)
        assert (status(kms)["OnDemandRotationStartDate"], current(kms), dates(kms)) == (START, first, [])
        clock.advance(seconds=9)
        assert kms.rotate_key_on_demand(KeyId=KEY)["KeyId"] == key_arn()
        assert status(kms)["OnDemandRotationStartDate"] == START
        clock.advance(seconds=1)
        assert "OnDemandRotationStartDate" not in status(kms)
        assert (current(kms) != first, dates(kms)) == (True, [("ON_DEMAND", START + timedelta(seconds=10))])


def test_replicas_have_the_rotation_of_their_primary_key(
    kms: Any, keytrail_client: Callable[..., Any], keytrail_clock: ServerClock
) -> None:
    """How we know: KMS Developer Guide, "Multi-Region keys in AWS KMS": the setting and the materials are shared."""
    there = keytrail_client(region=ELSEWHERE)
    kms.enable_key_rotation(KeyId=MRK, RotationPeriodInDays=100)
    assert status(there, MRK) == {**status(kms, MRK), "KeyId": key_arn(MRK, region=ELSEWHERE)}
    there.disable_key(KeyId=MRK)
    keytrail_clock.set(days(150))
    assert dates(there, MRK) == dates(kms, MRK) == [("AUTOMATIC", days(100))]
    kms.rotate_key_on_demand(KeyId=MRK)
    assert current(there, MRK) == current(kms, MRK)
    there.enable_key(KeyId=MRK)
    blob = kms.encrypt(KeyId=MRK, Plaintext=b"far")["CiphertextBlob"]
    assert there.decrypt(CiphertextBlob=blob)["Plaintext"] == b"far"


def test_a_replica_of_a_rotated_key_has_all_its_materials_and_a_new_primary_key_rotates(
    kms: Any, keytrail_client: Callable[..., Any], keytrail_clock: ServerClock
) -> None:
    """How we know: KMS Developer Guide, "Multi-Region keys in AWS KMS"."""
    blob = kms.encrypt(KeyId=MRK, Plaintext=b"old")["CiphertextBlob"]
    kms.rotate_key_on_demand(KeyId=MRK)
    kms.enable_key_rotation(KeyId=MRK, RotationPeriodInDays=100)
    kms.replicate_key(KeyId=MRK, ReplicaRegion="ap-south-1")
    third = keytrail_client(region="ap-south-1")
    assert third.decrypt(CiphertextBlob=blob)["Plaintext"] == b"old"
    kms.update_primary_region(KeyId=MRK, PrimaryRegion="ap-south-1")
    keytrail_clock.set(days(120))
    assert dates(third, MRK) == dates(kms, MRK) == [("ON_DEMAND", START), ("AUTOMATIC", days(100))]
    third.disable_key_rotation(KeyId=MRK)
    assert status(kms, MRK)["KeyRotationEnabled"] is False


# refusals


def test_a_key_is_rotated_on_demand_25_times_and_no_more(kms: Any) -> None:
    """How we know: AWS docs for the number, recorded for the text."""
    for _ in range(25):
        kms.rotate_key_on_demand(KeyId=KEY)
    assert refusal(kms, "RotateKeyOnDemand", KeyId=KEY) == (
        "LimitExceededException",
        "The on-demand rotations limit has been reached for the given keyId. "
        f"No more on-demand rotations can be performed for this key: {key_arn()}",
    )


@pytest.mark.parametrize(("before", "code"), [(20, "ConflictException"), (21, None)])
def test_no_rotation_on_demand_just_before_an_automatic_one(
    before: int, code: str | None, kms: Any, keytrail_clock: ServerClock
) -> None:
    """How we know: model, ConflictException: within the next 20 minutes."""
    kms.enable_key_rotation(KeyId=KEY, RotationPeriodInDays=90)
    keytrail_clock.set(days(90) - timedelta(minutes=before))
    if code is None:
        kms.rotate_key_on_demand(KeyId=KEY)
    else:
        assert refusal(kms, "RotateKeyOnDemand", KeyId=KEY)[0] == code


@pytest.mark.parametrize("operation", ["EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"])
def test_a_replica_is_rotated_with_its_primary_key_only(
    operation: str, kms: Any, keytrail_client: Callable[..., Any]
) -> None:
    """How we know: recorded."""
    there = keytrail_client(region=ELSEWHERE)
    assert refusal(there, operation, KeyId=MRK) == (
        "UnsupportedOperationException",
        f"{key_arn(MRK, region=ELSEWHERE)} is a multi-region replica key which is not valid for {operation}.",
    )
    assert status(kms, MRK)["KeyRotationEnabled"] is False


def test_a_replica_is_refused_before_a_rotation_that_is_in_the_way(
    kms: Any, keytrail_client: Callable[..., Any], keytrail_clock: ServerClock
) -> None:
    """How we know: inferred; a primary key answers ConflictException then (kms-behaviour E.7)."""
    kms.enable_key_rotation(KeyId=MRK, RotationPeriodInDays=90)
    keytrail_clock.set(status(kms, MRK)["NextRotationDate"] - timedelta(minutes=10))
    assert refusal(kms, "RotateKeyOnDemand", KeyId=MRK)[0] == "ConflictException"
    there = keytrail_client(region=ELSEWHERE)
    assert refusal(there, "RotateKeyOnDemand", KeyId=MRK)[0] == "UnsupportedOperationException"


def test_a_period_of_more_than_2560_days_is_refused(kms: Any) -> None:
    """How we know: model."""
    kms.enable_key_rotation(KeyId=KEY, RotationPeriodInDays=2560)
    assert refusal(kms, "EnableKeyRotation", KeyId=KEY, RotationPeriodInDays=2561)[0] == "ValidationException"


def test_a_key_that_cannot_rotate_may_have_rotation_disabled_and_has_no_rotations(
    kms: Any, keytrail_clean: KeytrailServer
) -> None:
    """How we know: measured for DisableKeyRotation on HMAC keys; docs for the status and the list."""
    hmac = "5678abcd-12ab-34cd-56ef-1234567890ab"
    keytrail_clean.load({"keys": [{"KeyId": hmac, "KeySpec": "HMAC_256"}]})
    kms.disable_key_rotation(KeyId=hmac)
    assert status(kms, hmac) == {"KeyId": key_arn(hmac), "KeyRotationEnabled": False}
    assert kms.list_key_rotations(KeyId=hmac)["Rotations"] == []
    assert refusal(kms, "ListKeyRotations", KeyId=hmac, IncludeKeyMaterial="ALL_KEY_MATERIAL") == (
        "ValidationException",
        "Input parameter includeKeyMaterial can only be used with symmetric keys.",
    )


# fixtures


def test_a_seeded_key_has_rotations_behind_it_and_before_it(
    kms: Any, keytrail_clean: KeytrailServer, keytrail_clock: ServerClock
) -> None:
    """How we know: docs/seeds.md, "Seeds"."""
    seed = {
        "KeyId": SEEDED,
        "Rotation": {
            "RotationPeriodInDays": 100,
            "Rotations": [
                {"RotationDate": days(-130).isoformat()},
                {"RotationDate": days(-30).isoformat(), "RotationType": "ON_DEMAND"},
            ],
        },
    }
    keytrail_clean.load({"keys": [seed]})
    assert dates(kms, SEEDED) == [("AUTOMATIC", days(-130)), ("ON_DEMAND", days(-30))]
    assert kms.describe_key(KeyId=SEEDED)["KeyMetadata"]["CreationDate"] == days(-130)
    assert status(kms, SEEDED)["NextRotationDate"] == days(70)
    blob = kms.encrypt(KeyId=SEEDED, Plaintext=b"x")["CiphertextBlob"]
    keytrail_clock.set(days(71))
    assert kms.decrypt(CiphertextBlob=blob)["KeyMaterialId"] != current(kms, SEEDED)
    assert dates(kms, SEEDED)[2:] == [("AUTOMATIC", days(70))]


def test_a_seed_without_a_period_is_not_rotated_automatically(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: docs/seeds.md, "Seeds"; KeyMaterial is the current one, as DescribeKey would say."""
    past = {"Rotations": [{"RotationDate": "20 days ago"}]}
    twin = {"KeyId": OTHER_SEEDED, "KeyMaterial": MATERIAL}
    keytrail_clean.load({"keys": [{"KeyId": SEEDED, "KeyMaterial": MATERIAL, "Rotation": past}, twin]})
    assert status(kms, SEEDED) == {"KeyId": key_arn(SEEDED), "KeyRotationEnabled": False}
    assert current(kms, SEEDED) == current(kms, OTHER_SEEDED)


def test_the_next_rotation_of_a_seed_may_be_given(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: docs/seeds.md, "Seeds"; the member is GetKeyRotationStatus's."""
    rotation = {"RotationPeriodInDays": 90, "NextRotationDate": "in 2 days"}
    keytrail_clean.load({"keys": [{"KeyId": SEEDED, "Rotation": rotation}]})
    assert status(kms, SEEDED)["NextRotationDate"] == days(2)


@pytest.mark.parametrize(
    ("seed", "problem"),
    [
        ({"KeySpec": "HMAC_256", "Rotation": {}}, "Rotation: only a symmetric key"),
        ({"Origin": "EXTERNAL", "Rotation": {}}, "Rotation: only a symmetric key"),
        ({"Rotation": {"NextRotationDate": "in 2 days"}}, "NextRotationDate: is for automatic rotation"),
        ({"Rotation": {"RotationPeriodInDays": 90, "NextRotationDate": "in 91 days"}}, "within the next 90 days"),
        ({"Rotation": {"RotationPeriodInDays": 90, "NextRotationDate": "1 day ago"}}, "within the next 90 days"),
        ({"Rotation": {"Rotations": [{"RotationDate": "in 2 days"}]}}, "lies in the future"),
        ({"Rotation": {"Rotations": [{"RotationDate": "soon"}]}}, "expected an ISO 8601 moment"),
        (
            {"Rotation": {"Rotations": [{"RotationDate": "2 days ago"}, {"RotationDate": "3 days ago"}]}},
            "put the oldest rotation first",
        ),
        (
            {"CreationDate": "1 day ago", "Rotation": {"Rotations": [{"RotationDate": "2 days ago"}]}},
            "is before the key's CreationDate",
        ),
    ],
)
def test_a_rotation_that_is_impossible_is_reported(
    seed: dict[str, Any], problem: str, keytrail_clean: KeytrailServer
) -> None:
    with pytest.raises(SeedError, match=problem):
        keytrail_clean.load({"keys": [{"KeyId": SEEDED, **seed}]})
