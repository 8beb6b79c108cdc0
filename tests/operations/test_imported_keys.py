"""Keys with imported material through rotation, in several Regions, and out of a seed."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from keytrail.seeds import SeedError
from keytrail.server import KeytrailServer
from keytrail.server_clock import ServerClock
from tests.support import ELSEWHERE, KEY, MRK, client_of, key_arn, refusal
from tests.support.importing import (
    EXISTING,
    FIRST,
    NEW,
    SECOND,
    START,
    THIRD,
    create,
    current,
    days,
    imported,
    materials,
    metadata,
    pkcs8,
    put,
    request,
    spki,
    standing,
    state,
)

PENDING, AWAITED = "PENDING_ROTATION", "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"


@pytest.fixture(autouse=True)
def start(keytrail_clock: ServerClock) -> None:
    keytrail_clock.freeze(START)


@pytest.fixture
def elsewhere(keytrail_client: Any) -> Any:
    return keytrail_client(region=ELSEWHERE)


def b64(data: bytes) -> str:
    return b64encode(data).decode()


# Rotation


def test_new_material_waits_for_the_rotation(kms: Any) -> None:
    """How we know: recorded, CurrentKeyMaterialId unchanged; docs, PENDING_ROTATION and its entry."""
    key_id = imported(kms, FIRST)
    first = current(kms, key_id)
    second = put(kms, key_id, SECOND, **NEW)["KeyMaterialId"]
    assert (current(kms, key_id), state(kms, key_id)) == (first, "Enabled")
    assert kms.list_key_rotations(KeyId=key_id)["Rotations"] == []
    there = {"KeyId": key_arn(key_id), "ImportState": "IMPORTED", "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
    assert materials(kms, key_id) == [
        {**there, "KeyMaterialId": first, "KeyMaterialState": "CURRENT"},
        {**there, "KeyMaterialId": second, "KeyMaterialState": PENDING},
    ]


def test_a_rotation_makes_the_pending_material_the_current_one(kms: Any) -> None:
    """How we know: recorded; docs."""
    key_id = imported(kms, FIRST)
    first = current(kms, key_id)
    blob = kms.encrypt(KeyId=key_id, Plaintext=b"old")["CiphertextBlob"]
    second = put(kms, key_id, SECOND, **NEW)["KeyMaterialId"]
    assert kms.rotate_key_on_demand(KeyId=key_id)["KeyId"] == key_arn(key_id)
    assert current(kms, key_id) == second
    old = kms.decrypt(CiphertextBlob=blob)
    assert (old["Plaintext"], old["KeyMaterialId"]) == (b"old", first)
    assert kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")["KeyMaterialId"] == second
    (rotation,) = kms.list_key_rotations(KeyId=key_id)["Rotations"]
    assert (rotation["KeyMaterialId"], rotation["KeyMaterialState"]) == (second, "CURRENT")
    assert (rotation["RotationType"], rotation["RotationDate"]) == ("ON_DEMAND", START)
    assert standing(kms, key_id) == [("NON_CURRENT", "IMPORTED"), ("CURRENT", "IMPORTED")]


def test_the_trail_shows_the_rotation_between_imported_materials(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: kms-behaviour G.2: RotateKey."""
    key_id = imported(kms, FIRST, SECOND)
    first, second = (entry["KeyMaterialId"] for entry in materials(kms, key_id))
    (record,) = keytrail_clean.events(eventName="RotateKey")
    assert record["serviceEventDetails"] == {
        "keyId": key_id,
        "rotationType": "ON_DEMAND",
        "keyOrigin": "EXTERNAL",
        "previousKeyMaterialId": first,
        "currentKeyMaterialId": second,
    }


def test_without_pending_material_there_is_no_rotation(kms: Any) -> None:
    """How we know: recorded."""
    key_id = imported(kms, FIRST, SECOND)
    assert refusal(kms, "RotateKeyOnDemand", KeyId=key_id) == (
        "KMSInvalidStateException",
        f"No available key material pending rotation for the key: {key_arn(key_id)}.",
    )


def test_one_material_at_a_time_is_pending(kms: Any) -> None:
    """How we know: recorded."""
    key_id = imported(kms, FIRST)
    second = put(kms, key_id, SECOND, **NEW)["KeyMaterialId"]
    code, message = refusal(kms, "ImportKeyMaterial", **request(kms, key_id, THIRD, **NEW))
    third = message.split("(id: ")[1][:64]
    assert (code, message) == (
        "KMSInvalidStateException",
        f"New key material (id: {third}) cannot be imported into KMS key {key_arn(key_id)}, "
        f"because another key material (id: {second}) is pending rotation.",
    )
    kms.rotate_key_on_demand(KeyId=key_id)
    assert put(kms, key_id, THIRD, **NEW)["KeyMaterialId"] == third


@pytest.mark.parametrize("material", [FIRST, SECOND])
def test_material_that_the_key_knows_is_not_new(material: bytes, kms: Any) -> None:
    """How we know: recorded; the current one, and the pending one."""
    key_id = imported(kms, FIRST)
    put(kms, key_id, SECOND, **NEW)
    material_id = put(kms, key_id, material)["KeyMaterialId"]
    members = request(kms, key_id, material, **NEW)
    assert refusal(kms, "ImportKeyMaterial", **members) == (
        "IncorrectKeyMaterialException",
        f"Key material (id: {material_id}) being imported as NEW_KEY_MATERIAL is already associated with "
        f"KMS key {key_arn(key_id)}.",
    )


def test_the_first_material_is_new_and_cannot_be_known(kms: Any) -> None:
    """How we know: AWS docs, the defaults of ImportType."""
    key_id = create(kms)
    members = request(kms, key_id, FIRST, **EXISTING)
    assert refusal(kms, "ImportKeyMaterial", **members) == ("IncorrectKeyMaterialException", "")
    put(kms, key_id, FIRST, **NEW)
    put(kms, key_id, FIRST, **EXISTING)
    assert len(materials(kms, key_id)) == 1


def test_pending_material_may_be_deleted_for_another(kms: Any) -> None:
    """How we know: AWS docs, it is not permanently associated; only what is changes the state."""
    key_id = imported(kms, FIRST)
    second = put(kms, key_id, SECOND, **NEW)["KeyMaterialId"]
    answer = kms.delete_imported_key_material(KeyId=key_id, KeyMaterialId=second)
    assert (answer["KeyMaterialId"], state(kms, key_id)) == (second, "Enabled")
    assert len(materials(kms, key_id)) == 1
    put(kms, key_id, THIRD, **NEW)
    assert standing(kms, key_id) == [("CURRENT", "IMPORTED"), (PENDING, "IMPORTED")]


def test_expired_material_still_waits_for_its_rotation_and_then_for_its_import(
    kms: Any, keytrail_clock: ServerClock, keytrail_clean: KeytrailServer
) -> None:
    """How we know: recorded; the record of its expiry: AWS docs, of material that is not pending."""
    key_id = imported(kms, FIRST)
    blob = kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"]
    second = put(kms, key_id, SECOND, ValidTo=days(10), **NEW)["KeyMaterialId"]
    assert "ValidTo" not in metadata(kms, key_id)
    keytrail_clock.set(days(12))
    assert (state(kms, key_id), standing(kms, key_id)[-1]) == ("Enabled", (PENDING, "IMPORTED"))
    assert materials(kms, key_id)[-1]["ValidTo"] == days(10)
    assert len(keytrail_clean.events(eventName="DeleteExpiredKeyMaterial")) == 1
    kms.rotate_key_on_demand(KeyId=key_id)
    assert (state(kms, key_id), current(kms, key_id)) == ("PendingImport", second)
    assert standing(kms, key_id)[-1] == ("CURRENT", "IMPORTED")
    assert refusal(kms, "Decrypt", CiphertextBlob=blob)[0] == "KMSInvalidStateException"
    put(kms, key_id, SECOND)
    assert (state(kms, key_id), kms.decrypt(CiphertextBlob=blob)["Plaintext"]) == ("Enabled", b"x")


def test_every_material_of_a_key_must_be_there(kms: Any) -> None:
    """How we know: AWS docs; by default the current one is deleted."""
    key_id = imported(kms, FIRST, SECOND, THIRD)
    first, second, third = (entry["KeyMaterialId"] for entry in materials(kms, key_id))
    assert kms.delete_imported_key_material(KeyId=key_id, KeyMaterialId=first)["KeyMaterialId"] == first
    assert state(kms, key_id) == "PendingImport"
    assert "ExpirationModel" not in metadata(kms, key_id)
    assert kms.delete_imported_key_material(KeyId=key_id)["KeyMaterialId"] == third
    assert [there for _, there in standing(kms, key_id)] == ["PENDING_IMPORT", "IMPORTED", "PENDING_IMPORT"]
    assert not {"ExpirationModel", "ValidTo"} & set(materials(kms, key_id)[0])
    put(kms, key_id, FIRST)
    assert state(kms, key_id) == "PendingImport"
    put(kms, key_id, THIRD)
    assert state(kms, key_id) == "Enabled"
    assert current(kms, key_id) == third
    assert second in {entry["KeyMaterialId"] for entry in materials(kms, key_id)}


def test_a_description_is_kept_until_another_is_given(kms: Any) -> None:
    """How we know: AWS docs, KeyMaterialDescription."""
    key_id = create(kms)
    put(kms, key_id, FIRST, KeyMaterialDescription="from the safe")
    kms.delete_imported_key_material(KeyId=key_id)
    assert materials(kms, key_id)[0]["KeyMaterialDescription"] == "from the safe"
    put(kms, key_id, FIRST)
    assert materials(kms, key_id)[0]["KeyMaterialDescription"] == "from the safe"
    put(kms, key_id, FIRST, KeyMaterialDescription="from the bank")
    assert materials(kms, key_id)[0]["KeyMaterialDescription"] == "from the bank"


def test_an_imported_key_is_rotated_25_times(kms: Any) -> None:
    """How we know: AWS docs; the text recorded."""
    key_id = imported(kms, FIRST, *(bytes([number]) * 32 for number in range(100, 125)))
    put(kms, key_id, SECOND, **NEW)
    code, message = refusal(kms, "RotateKeyOnDemand", KeyId=key_id)
    assert (code, key_arn(key_id) in message) == ("LimitExceededException", True)


def test_the_rotations_of_an_imported_key_are_paged(kms: Any) -> None:
    """How we know: AWS docs; the pending material is the last."""
    key_id = imported(kms, FIRST, SECOND)
    put(kms, key_id, THIRD, **NEW)
    members = {"KeyId": key_id, "IncludeKeyMaterial": "ALL_KEY_MATERIAL", "Limit": 2}
    page = kms.list_key_rotations(**members)
    rest = kms.list_key_rotations(**members, Marker=page["NextMarker"])
    assert (page["Truncated"], rest["Truncated"]) == (True, False)
    assert [*page["Rotations"], *rest["Rotations"]] == materials(kms, key_id)


@pytest.fixture
def slow() -> Iterator[Any]:
    """A client of a server whose rotations take ten minutes, and its clock."""
    with KeytrailServer(transition_time=timedelta(minutes=10)) as server:
        server.clock.freeze(START)
        yield client_of(server), server


def test_a_rotation_under_way_ends_with_its_material(slow: Any) -> None:
    """How we know: AWS docs, poll until OnDemandRotationStartDate disappears."""
    kms, server = slow
    key_id = imported(kms, FIRST)
    first = current(kms, key_id)
    second = put(kms, key_id, SECOND, **NEW)["KeyMaterialId"]
    kms.rotate_key_on_demand(KeyId=key_id)
    assert current(kms, key_id) == first
    assert kms.get_key_rotation_status(KeyId=key_id)["OnDemandRotationStartDate"] == START
    server.clock.advance(timedelta(minutes=10))
    assert current(kms, key_id) == second


def test_a_rotation_under_way_takes_the_material_that_is_pending_when_it_ends(slow: Any) -> None:
    """How we know: recorded; with none pending it ends in nothing."""
    kms, server = slow
    key_id = imported(kms, FIRST)

    def replaced(other: bytes | None) -> None:
        second = put(kms, key_id, SECOND, **NEW)["KeyMaterialId"]
        kms.rotate_key_on_demand(KeyId=key_id)
        kms.delete_imported_key_material(KeyId=key_id, KeyMaterialId=second)
        if other is not None:
            put(kms, key_id, other, **NEW)
        assert "OnDemandRotationStartDate" in kms.get_key_rotation_status(KeyId=key_id)
        server.clock.advance(timedelta(minutes=10))
        assert "OnDemandRotationStartDate" not in kms.get_key_rotation_status(KeyId=key_id)

    replaced(None)
    assert standing(kms, key_id) == [("CURRENT", "IMPORTED")]
    assert state(kms, key_id) == "Enabled"
    replaced(THIRD)
    assert standing(kms, key_id) == [("NON_CURRENT", "IMPORTED"), ("CURRENT", "IMPORTED")]
    put(kms, key_id, THIRD, KeyMaterialId=current(kms, key_id))


# Several Regions


@pytest.fixture
def replicated(kms: Any) -> str:
    """A multi-Region key with imported material and a replica that has none yet."""
    key_id = imported(kms, FIRST, MultiRegion=True)
    kms.replicate_key(KeyId=key_id, ReplicaRegion=ELSEWHERE)
    return key_id


def test_a_replica_waits_for_the_material_of_its_primary(kms: Any, elsewhere: Any, replicated: str) -> None:
    # How we know: AWS docs, "does not copy or synchronize the key material"; recorded, the same CurrentKeyMaterialId.
    here, there = metadata(kms, replicated), metadata(elsewhere, replicated)
    assert (here["KeyState"], there["KeyState"], there["Enabled"]) == ("Enabled", "PendingImport", False)
    assert there["CurrentKeyMaterialId"] == here["CurrentKeyMaterialId"]
    assert "ExpirationModel" not in there
    blob = kms.encrypt(KeyId=replicated, Plaintext=b"x")["CiphertextBlob"]
    assert refusal(elsewhere, "Decrypt", CiphertextBlob=blob)[0] == "KMSInvalidStateException"
    other = request(elsewhere, replicated, SECOND)
    assert refusal(elsewhere, "ImportKeyMaterial", **other) == (
        "IncorrectKeyMaterialException",
        f"Imported key material does not have the expected identifier ({here['CurrentKeyMaterialId']}).",
    )
    assert put(elsewhere, replicated, FIRST)["KeyMaterialId"] == here["CurrentKeyMaterialId"]
    assert elsewhere.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


@pytest.mark.parametrize("deleted", ["primary", "replica"])
def test_related_keys_lose_their_material_each_for_itself(
    deleted: str, kms: Any, elsewhere: Any, replicated: str, keytrail_clock: ServerClock
) -> None:
    """How we know: AWS docs, states and expiration are independent."""
    put(elsewhere, replicated, FIRST, ValidTo=days(10))
    assert "ValidTo" not in metadata(kms, replicated)
    one, other = (kms, elsewhere) if deleted == "primary" else (elsewhere, kms)
    one.delete_imported_key_material(KeyId=replicated)
    assert (state(one, replicated), state(other, replicated)) == ("PendingImport", "Enabled")
    put(one, replicated, FIRST)
    keytrail_clock.set(days(10))
    assert state(kms, replicated) == "Enabled"
    assert state(elsewhere, replicated) == ("PendingImport" if deleted == "primary" else "Enabled")


def test_new_material_is_rotated_to_once_it_is_in_every_region(kms: Any, elsewhere: Any, replicated: str) -> None:
    """How we know: KMS API Reference, ImportKeyMaterial, RotateKeyOnDemand, KeyMaterialState."""
    put(elsewhere, replicated, FIRST)
    second = put(kms, replicated, SECOND, **NEW)["KeyMaterialId"]
    assert standing(kms, replicated)[-1] == (AWAITED, "IMPORTED")
    assert standing(elsewhere, replicated)[-1] == (AWAITED, "PENDING_IMPORT")
    assert state(elsewhere, replicated) == "Enabled"
    assert refusal(kms, "RotateKeyOnDemand", KeyId=replicated) == (
        "KMSInvalidStateException",
        "Cannot perform key material rotation: "
        "Key material has not been imported for replicas of the Multi-Region key.",
    )
    put(elsewhere, replicated, SECOND, **EXISTING)
    assert standing(kms, replicated)[-1] == standing(elsewhere, replicated)[-1] == (PENDING, "IMPORTED")
    kms.rotate_key_on_demand(KeyId=replicated)
    assert current(kms, replicated) == current(elsewhere, replicated) == second
    assert state(elsewhere, replicated) == "Enabled"
    blob = elsewhere.encrypt(KeyId=replicated, Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["KeyMaterialId"] == second


def test_new_material_and_descriptions_come_through_the_primary(kms: Any, elsewhere: Any, replicated: str) -> None:
    """How we know: recorded; that a description which changes is shared: inferred."""
    put(elsewhere, replicated, FIRST)
    for members, message in (
        (NEW, "Input parameter ImportType NEW_KEY_MATERIAL cannot be used on replica Multi-Region keys"),
        (
            {"KeyMaterialDescription": "d"},
            "Key material description can only be specified on primary Multi-Region keys",
        ),
    ):
        sent = request(elsewhere, replicated, SECOND, **members)
        assert refusal(elsewhere, "ImportKeyMaterial", **sent) == ("ValidationException", message)
    assert len(materials(elsewhere, replicated)) == len(materials(kms, replicated)) == 1
    put(kms, replicated, FIRST, KeyMaterialDescription="from the safe")
    assert materials(elsewhere, replicated)[0]["KeyMaterialDescription"] == "from the safe"
    kms.update_primary_region(KeyId=replicated, PrimaryRegion=ELSEWHERE)
    put(elsewhere, replicated, FIRST, KeyMaterialDescription="from the bank")
    assert materials(kms, replicated)[0]["KeyMaterialDescription"] == "from the bank"


def test_pending_material_deleted_from_the_primary_is_deleted_everywhere(
    kms: Any, elsewhere: Any, replicated: str
) -> None:
    """How we know: KMS API Reference, DeleteImportedKeyMaterial; from a replica, it goes there alone."""
    put(elsewhere, replicated, FIRST)
    second = put(kms, replicated, SECOND, **NEW)["KeyMaterialId"]
    put(elsewhere, replicated, SECOND)
    elsewhere.delete_imported_key_material(KeyId=replicated, KeyMaterialId=second)
    assert standing(kms, replicated)[-1] == (AWAITED, "IMPORTED")
    put(elsewhere, replicated, SECOND)
    kms.delete_imported_key_material(KeyId=replicated, KeyMaterialId=second)
    assert len(materials(kms, replicated)) == len(materials(elsewhere, replicated)) == 1
    assert state(elsewhere, replicated) == "Enabled"
    put(kms, replicated, SECOND, **NEW)
    assert standing(elsewhere, replicated)[-1] == (AWAITED, "PENDING_IMPORT")


def test_a_later_replica_needs_every_material(kms: Any, elsewhere: Any) -> None:
    """How we know: AWS docs, "import all of the key materials"; what is pending waits for it again."""
    key_id = imported(kms, FIRST, SECOND, MultiRegion=True)
    put(kms, key_id, THIRD, **NEW)
    assert standing(kms, key_id)[-1] == (PENDING, "IMPORTED")
    kms.replicate_key(KeyId=key_id, ReplicaRegion=ELSEWHERE)
    assert standing(kms, key_id)[-1] == (AWAITED, "IMPORTED")
    for material in (SECOND, FIRST):
        assert state(elsewhere, key_id) == "PendingImport"
        put(elsewhere, key_id, material)
    assert state(elsewhere, key_id) == "Enabled"


def test_a_replica_that_became_the_primary_takes_new_material(kms: Any, elsewhere: Any, replicated: str) -> None:
    """How we know: KMS API Reference, UpdatePrimaryRegion."""
    put(elsewhere, replicated, FIRST)
    kms.update_primary_region(KeyId=replicated, PrimaryRegion=ELSEWHERE)
    put(elsewhere, replicated, SECOND, **NEW)
    put(kms, replicated, SECOND)
    elsewhere.rotate_key_on_demand(KeyId=replicated)
    assert current(kms, replicated) == current(elsewhere, replicated)


def test_a_replica_that_lost_its_pending_material_meanwhile_waits_for_it(slow: Any) -> None:
    """How we know: inferred; a rotation under way makes it the key's for good."""
    kms, server = slow
    elsewhere = client_of(server, region=ELSEWHERE)
    key_id = imported(kms, FIRST, MultiRegion=True)
    kms.replicate_key(KeyId=key_id, ReplicaRegion=ELSEWHERE)
    server.clock.advance(timedelta(minutes=10))
    put(elsewhere, key_id, FIRST)
    second = put(kms, key_id, SECOND, **NEW)["KeyMaterialId"]
    put(elsewhere, key_id, SECOND)
    kms.rotate_key_on_demand(KeyId=key_id)
    elsewhere.delete_imported_key_material(KeyId=key_id, KeyMaterialId=second)
    server.clock.advance(timedelta(minutes=10))
    assert (current(kms, key_id), state(kms, key_id)) == (second, "Enabled")
    assert (current(elsewhere, key_id), state(elsewhere, key_id)) == (second, "PendingImport")
    put(elsewhere, key_id, SECOND)
    assert state(elsewhere, key_id) == "Enabled"


def test_material_that_expires_while_its_key_is_updating_is_waited_for(slow: Any) -> None:
    """How we know: AWS docs, expiry makes a key PendingImport; Updating lets it be used, but with what?"""
    kms, server = slow
    elsewhere = client_of(server, region=ELSEWHERE)
    key_id = create(kms, MultiRegion=True)
    put(kms, key_id, FIRST)
    kms.replicate_key(KeyId=key_id, ReplicaRegion=ELSEWHERE)
    server.clock.advance(timedelta(minutes=10))
    put(elsewhere, key_id, FIRST)
    put(kms, key_id, FIRST, ValidTo=START + timedelta(minutes=15))
    kms.update_primary_region(KeyId=key_id, PrimaryRegion=ELSEWHERE)
    assert state(kms, key_id) == "Updating"
    server.clock.advance(timedelta(minutes=5))
    assert (state(kms, key_id), state(elsewhere, key_id)) == ("PendingImport", "Updating")
    server.clock.advance(timedelta(minutes=5))
    assert (state(kms, key_id), state(elsewhere, key_id)) == ("PendingImport", "Enabled")


def test_related_asymmetric_keys_have_one_private_key(kms: Any, elsewhere: Any) -> None:
    """How we know: AWS docs, multi-Region keys with imported asymmetric material."""
    private = ec.generate_private_key(ec.SECP256R1())
    key_id = create(kms, MultiRegion=True, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    put(kms, key_id, pkcs8(private))
    kms.replicate_key(KeyId=key_id, ReplicaRegion=ELSEWHERE)
    other = request(elsewhere, key_id, pkcs8(ec.generate_private_key(ec.SECP256R1())))
    assert refusal(elsewhere, "ImportKeyMaterial", **other)[0] == "IncorrectKeyMaterialException"
    put(elsewhere, key_id, pkcs8(private))
    assert elsewhere.get_public_key(KeyId=key_id)["PublicKey"] == spki(private)


# Seeds


def load(server: KeytrailServer, **members: Any) -> None:
    server.load({"keys": [{"KeyId": KEY, "Origin": "EXTERNAL", **members}]})


def test_a_seeded_external_key_has_material(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: docs/key-material.md, "Imported key material"."""
    load(keytrail_clean)
    assert metadata(kms, KEY)["ExpirationModel"] == "KEY_MATERIAL_DOES_NOT_EXPIRE"
    blob = kms.encrypt(KeyId=KEY, Plaintext=b"x")["CiphertextBlob"]
    keytrail_clean.reset()
    load(keytrail_clean)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_seeded_material_may_be_imported_again(
    kms: Any, keytrail_clean: KeytrailServer, keytrail_clock: ServerClock
) -> None:
    """How we know: docs/key-material.md, "Imported key material"."""
    load(keytrail_clean, KeyMaterial=b64(FIRST), ValidTo="in 10 days", KeyMaterialDescription="d")
    assert metadata(kms, KEY)["ValidTo"] == days(10)
    (entry,) = materials(kms, KEY)
    assert (entry["KeyMaterialDescription"], entry["ExpirationModel"]) == ("d", "KEY_MATERIAL_EXPIRES")
    keytrail_clock.set(days(10))
    assert state(kms, KEY) == "PendingImport"
    assert refusal(kms, "ImportKeyMaterial", **request(kms, KEY, SECOND))[0] == "IncorrectKeyMaterialException"
    assert put(kms, KEY, FIRST)["KeyMaterialId"] == entry["KeyMaterialId"]


def test_a_seed_may_have_lost_its_material_or_never_had_any(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: docs/key-material.md, "Imported key material"."""
    load(keytrail_clean, KeyState="PendingImport", KeyMaterial=b64(FIRST))
    assert "CurrentKeyMaterialId" in metadata(kms, KEY)
    assert refusal(kms, "ImportKeyMaterial", **request(kms, KEY, SECOND))[0] == "IncorrectKeyMaterialException"
    put(kms, KEY, FIRST)
    assert state(kms, KEY) == "Enabled"
    keytrail_clean.reset()
    load(keytrail_clean, KeyState="PendingImport")
    assert "CurrentKeyMaterialId" not in metadata(kms, KEY)
    put(kms, KEY, SECOND)


@pytest.mark.parametrize("spec", ["HMAC_256", "ECC_NIST_P256"])
def test_a_seed_of_another_kind_may_have_its_material_given(spec: str, kms: Any, keytrail_clean: Any) -> None:
    """How we know: docs/key-material.md, "Imported key material"."""
    material = FIRST if spec == "HMAC_256" else pkcs8(ec.generate_private_key(ec.SECP256R1()))
    load(keytrail_clean, KeySpec=spec, KeyMaterial=b64(material))
    kms.delete_imported_key_material(KeyId=KEY)
    put(kms, KEY, material)
    assert state(kms, KEY) == "Enabled"


def test_a_seed_may_have_had_several_materials(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: docs/key-material.md; the members are ListKeyRotations'."""
    load(
        keytrail_clean,
        CreationDate="50 days ago",
        KeyMaterials=[
            {"KeyMaterial": b64(FIRST), "KeyMaterialDescription": "the first"},
            {"KeyMaterial": b64(SECOND), "RotationDate": "20 days ago", "ValidTo": "in 3 days"},
            {"KeyMaterial": b64(THIRD), "KeyMaterialState": PENDING},
        ],
    )
    first, second, third = materials(kms, KEY)
    assert (first["KeyMaterialDescription"], "RotationDate" in first) == ("the first", False)
    assert (second["RotationDate"], second["RotationType"]) == (days(-20), "ON_DEMAND")
    assert second["ValidTo"] == metadata(kms, KEY)["ValidTo"] == days(3)
    assert standing(kms, KEY) == [("NON_CURRENT", "IMPORTED"), ("CURRENT", "IMPORTED"), (PENDING, "IMPORTED")]
    kms.rotate_key_on_demand(KeyId=KEY)
    assert current(kms, KEY) == third["KeyMaterialId"]
    kms.delete_imported_key_material(KeyId=KEY, KeyMaterialId=first["KeyMaterialId"])
    assert put(kms, KEY, FIRST)["KeyMaterialId"] == first["KeyMaterialId"]


def test_a_seed_may_wait_for_some_of_its_materials(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: docs/key-material.md, "Imported key material"."""
    lost = {"KeyMaterial": b64(FIRST), "ImportState": "PENDING_IMPORT"}
    there = {"RotationDate": "20 days ago", "ImportState": "IMPORTED"}
    load(keytrail_clean, KeyState="PendingImport", KeyMaterials=[lost, there])
    assert standing(kms, KEY) == [("NON_CURRENT", "PENDING_IMPORT"), ("CURRENT", "IMPORTED")]
    put(kms, KEY, FIRST)
    assert state(kms, KEY) == "Enabled"


def test_a_seeded_replica_has_its_own_expiry_or_waits(kms: Any, elsewhere: Any, keytrail_clean: Any) -> None:
    """How we know: docs/key-material.md; docs, each Region's own."""
    key: dict[str, Any] = {"KeyId": MRK, "Origin": "EXTERNAL", "KeyMaterial": b64(FIRST)}
    keytrail_clean.load({"keys": [{**key, "Replicas": [{"Region": ELSEWHERE, "ValidTo": "in 5 days"}]}]})
    assert ("ValidTo" in metadata(kms, MRK), metadata(elsewhere, MRK)["ValidTo"]) == (False, days(5))
    keytrail_clean.reset()
    keytrail_clean.load({"keys": [{**key, "Replicas": [{"Region": ELSEWHERE, "KeyState": "PendingImport"}]}]})
    assert (state(kms, MRK), state(elsewhere, MRK)) == ("Enabled", "PendingImport")
    put(elsewhere, MRK, FIRST)
    assert state(elsewhere, MRK) == "Enabled"


def test_a_seeded_replica_has_the_descriptions_of_its_primary(kms: Any, elsewhere: Any, keytrail_clean: Any) -> None:
    """How we know: recorded of a replica that awaits its material."""
    described = {"KeyMaterialDescription": "from the safe"}
    for replica_state in ("Enabled", "PendingImport"):
        keytrail_clean.reset()
        replica = {"Region": ELSEWHERE, "KeyState": replica_state}
        keytrail_clean.load({"keys": [{"KeyId": MRK, "Origin": "EXTERNAL", **described, "Replicas": [replica]}]})
        for client in (kms, elsewhere):
            assert materials(client, MRK)[0]["KeyMaterialDescription"] == "from the safe"


@pytest.mark.parametrize("region_state", [PENDING, AWAITED])
def test_a_seeded_pending_material_is_in_the_replicas_or_not(
    region_state: str, kms: Any, elsewhere: Any, keytrail_clean: Any
) -> None:
    """How we know: KMS API Reference, KeyMaterialState."""
    pending = {"KeyMaterial": b64(SECOND), "KeyMaterialState": region_state}
    key = {"KeyId": MRK, "Origin": "EXTERNAL", "KeyMaterials": [{}, pending], "Replicas": [{"Region": ELSEWHERE}]}
    keytrail_clean.load({"keys": [key]})
    assert standing(kms, MRK)[-1] == (region_state, "IMPORTED")
    if region_state == AWAITED:
        put(elsewhere, MRK, SECOND)
    kms.rotate_key_on_demand(KeyId=MRK)
    assert state(elsewhere, MRK) == "Enabled"


def test_a_replica_of_a_seeded_key_waits_for_its_material(kms: Any, elsewhere: Any, keytrail_clean: Any) -> None:
    """How we know: AWS docs, as of a key that was made here."""
    keytrail_clean.load({"keys": [{"KeyId": MRK, "Origin": "EXTERNAL", "KeyMaterial": b64(FIRST)}]})
    kms.replicate_key(KeyId=MRK, ReplicaRegion=ELSEWHERE)
    assert (state(kms, MRK), state(elsewhere, MRK)) == ("Enabled", "PendingImport")
    put(elsewhere, MRK, FIRST)
    assert state(elsewhere, MRK) == "Enabled"


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"KeyMaterial": "x"}, "KeyMaterial: expected 32 bytes in base64"),
        ({"KeySpec": "HMAC_384", "KeyMaterial": b64(FIRST)}, "expected key material of HMAC_384"),
        ({"KeySpec": "ML_DSA_44"}, "KeySpec: ML_DSA_44 is not for Origin: EXTERNAL"),
        ({"KeySpec": "HMAC_256", "KeyMaterials": [{}, {}]}, "a key of HMAC_256 has one key material"),
        ({"KeyMaterials": [{}], "ValidTo": "in 1 day"}, "leave those of the key out"),
        ({"KeyMaterials": [{"KeyMaterial": b64(FIRST)}, {"KeyMaterial": b64(FIRST)}]}, "appears twice"),
        ({"KeyMaterials": [{}, {}]}, r"KeyMaterials\[1\].RotationDate: is missing"),
        ({"KeyMaterials": [{}, {"RotationDate": "in 2 days"}]}, "lies in the future"),
        ({"KeyMaterials": [{}, {"RotationDate": "soon"}]}, "expected an ISO 8601 moment"),
        ({"KeyMaterials": [{"RotationDate": "2 days ago"}]}, "has no rotation; leave it out"),
        (
            {"KeyMaterials": [{}, {"RotationDate": "2 days ago"}, {"RotationDate": "3 days ago"}]},
            "put the oldest material first",
        ),
        (
            {"CreationDate": "1 day ago", "KeyMaterials": [{}, {"RotationDate": "2 days ago"}]},
            r"KeyMaterials\[1\].RotationDate: is before the key's CreationDate",
        ),
        ({"KeyMaterials": [{"KeyMaterialState": PENDING}]}, "only the last of several"),
        ({"KeyMaterials": [{}, {"KeyMaterialState": PENDING, "RotationDate": "1 day ago"}]}, "is pending rotation"),
        (
            {"KeyMaterials": [{}, {"KeyMaterialState": PENDING, "ImportState": "PENDING_IMPORT"}]},
            "must be imported; leave it out",
        ),
        ({"KeyMaterials": [{"KeyMaterialState": "LOST"}]}, "expected one of CURRENT, NON_CURRENT, PENDING_ROTATION"),
        ({"KeyMaterials": [{"ImportState": "PENDING_IMPORT"}]}, "Enabled needs all its key material"),
        ({"KeyState": "PendingImport", "KeyMaterials": [{"ImportState": "IMPORTED"}]}, "PendingImport needs material"),
        ({"KeyState": "PendingImport", "KeyMaterials": [{"ValidTo": "in 1 day"}]}, "is for imported material"),
        ({"ValidTo": "1 day ago"}, "Enabled needs all its key material"),
        ({"ValidTo": "in 366 days"}, "within the next 365 days"),
        ({"ValidTo": "soon"}, "expected an ISO 8601 moment"),
        ({"Origin": "AWS_KMS", "ValidTo": "in 1 day"}, "ValidTo: is for imported key material"),
        ({"Origin": "AWS_KMS", "KeyMaterials": [{}]}, "KeyMaterials: is for imported key material"),
        ({"Origin": "AWS_KMS", "KeyMaterialDescription": "d"}, "KeyMaterialDescription: is for imported"),
        ({"Rotation": {}}, "use KeyMaterials instead"),
    ],
)
def test_a_seed_of_imported_material_that_is_impossible_is_reported(
    members: dict[str, Any], problem: str, keytrail_clean: KeytrailServer
) -> None:
    with pytest.raises(SeedError, match=problem):
        load(keytrail_clean, **members)


@pytest.mark.parametrize(
    ("primary", "replica", "problem"),
    [
        ({"KeyState": "PendingImport"}, {}, r"Replicas\[0\].KeyState: Enabled needs all"),
        ({}, {"KeyState": "PendingImport", "ValidTo": "in 1 day"}, r"Replicas\[0\].ValidTo: nothing is imported"),
        ({"Origin": "AWS_KMS"}, {"ValidTo": "in 1 day"}, r"Replicas\[0\].ValidTo: is for imported key material"),
    ],
)
def test_a_replica_of_imported_material_that_is_impossible_is_reported(
    primary: dict[str, Any], replica: dict[str, Any], problem: str, keytrail_clean: KeytrailServer
) -> None:
    key = {"KeyId": MRK, "Origin": "EXTERNAL", **primary, "Replicas": [{"Region": ELSEWHERE, **replica}]}
    with pytest.raises(SeedError, match=problem):
        keytrail_clean.load({"keys": [key]})
