"""Rotations, whenever they happen and are settled.

How we know: KMS Developer Guide, "Rotate AWS KMS keys": rotations happen on their dates, and every material stays.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from keytrail.domain import key_rotation
from keytrail.domain.key import Key
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.material_history import RotationType
from tests.support import ACCOUNT, KEY, REGION

EFFORT = settings(max_examples=60, deadline=None)
START = datetime(2027, 1, 1, tzinfo=UTC)


def fresh_key() -> Key:
    return Key(account=ACCOUNT, region=REGION, key_id=KEY, creation_date=START, material=KeyMaterial.random())


@EFFORT
@given(period=st.integers(90, 400), waits=st.lists(st.integers(0, 400), min_size=1, max_size=8))
def test_automatic_rotations_happen_on_their_dates_however_often_they_are_settled(
    period: int, waits: list[int]
) -> None:
    often = once = key_rotation.enable_rotation(fresh_key(), START, period)
    now = START
    for days in waits:
        now += timedelta(days=days)
        often = key_rotation.settle(often, now)
    once = key_rotation.settle(once, now)
    for key in (often, once):
        dates = [past.rotation_date for past in key_rotation.history(key)]
        expected = [START + timedelta(days=period * n) for n in range(1, sum(waits) // period + 1)]
        assert dates == [None, *expected]
        due = key_rotation.due(key)
        assert due is not None
        assert now < due <= now + timedelta(days=period)


@EFFORT
@given(takes=st.integers(0, 60), steps=st.lists(st.tuples(st.booleans(), st.integers(61, 5000)), max_size=20))
def test_a_key_keeps_all_of_its_materials(takes: int, steps: list[tuple[bool, int]]) -> None:
    key, now = key_rotation.enable_rotation(fresh_key(), START, 365), START
    ids = {key.require_material().id}
    on_demand = 0
    for rotates, minutes in steps:
        if rotates:
            key = key_rotation.rotate_on_demand(key, now, timedelta(minutes=takes))
            on_demand += 1
        now += timedelta(minutes=minutes)
        key = key_rotation.settle(key, now)
        ids.add(key.require_material().id)
    assert len(ids) == on_demand + 1
    for material_id in ids:
        found = key.find_material(material_id)
        assert found is not None
        assert found.id == material_id
    kinds = [past.rotation_type for past in key_rotation.history(key)[1:]]
    assert kinds == [RotationType.ON_DEMAND] * on_demand
