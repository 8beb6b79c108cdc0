"""The store, held against a model that is too simple to be wrong.

How we know: what its own docstrings promise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from keytrail.crypto.ciphertext_blob import CiphertextBlob
from keytrail.domain.alias import MAX_ALIASES_PER_KEY, Alias
from keytrail.domain.arn import alias_arn
from keytrail.domain.arn import key_arn as arn_of
from keytrail.domain.custom_key_store import CustomKeyStore
from keytrail.domain.key import Key, KeyState, Origin
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.multi_region import MultiRegionSet
from keytrail.domain.service_event import Deleted
from keytrail.errors import AlreadyExistsException, AwsError, LimitExceededException, NotFoundException
from keytrail.store import Store
from tests.support import ACCOUNT, ELSEWHERE, FOREIGN, KEY, MRK, REGION, key_arn

START = datetime(2027, 1, 1, tzinfo=UTC)
PLACES = st.sampled_from([(ACCOUNT, REGION), (ACCOUNT, ELSEWHERE), (FOREIGN, REGION)])
IDS = st.sampled_from([f"{n:08x}-0000-4000-8000-000000000000" for n in (7, 3, 1)])
NAMES = st.sampled_from([f"alias/{name}" for name in ("b", "a", "a/b", "Z", "_")])


def new_key(place: tuple[str, str], key_id: str) -> Key:
    return Key(account=place[0], region=place[1], key_id=key_id, creation_date=START)


def blob_of(key_id: str) -> CiphertextBlob:
    return CiphertextBlob(key_id, "", b"", b"", b"", b"", b"")


class StoreModel(RuleBasedStateMachine):
    """A store does what two dictionaries and `sorted` would do."""

    snapshots = Bundle("snapshots")

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()
        self.keys: dict[tuple[str, str, str], datetime | None] = {}  # to the date of its deletion
        self.aliases: dict[tuple[str, str, str], str] = {}  # to the id of its key
        self.now = START

    @rule(place=PLACES, key_id=IDS)
    def add_key(self, place: tuple[str, str], key_id: str) -> None:
        if (*place, key_id) in self.keys:
            with pytest.raises(AlreadyExistsException):
                self.store.add([new_key(place, key_id)], counted=True)
        else:
            self.store.add([new_key(place, key_id)], counted=True)
            self.keys[*place, key_id] = None

    @rule(place=PLACES, key_id=IDS, days=st.integers(7, 30))
    def schedule_deletion(self, place: tuple[str, str], key_id: str, days: int) -> None:
        arn = arn_of(place[1], place[0], key_id)
        if (*place, key_id) not in self.keys:
            with pytest.raises(NotFoundException):
                self.store.change(arn, Key.disable)
            return
        self.store.change(arn, lambda key: key.schedule_deletion(self.now, days, has_replicas=False))
        self.keys[*place, key_id] = self.now + timedelta(days=days)

    @precondition(lambda self: any(self.keys.values()))
    @rule(data=st.data())
    def cancel_deletion(self, data: st.DataObject) -> None:
        doomed = data.draw(st.sampled_from([key for key, date in self.keys.items() if date]))
        self.store.change(arn_of(doomed[1], doomed[0], doomed[2]), Key.cancel_deletion)
        self.keys[doomed] = None

    @precondition(lambda self: self.keys)
    @rule(name=NAMES, data=st.data())
    def add_or_point_alias(self, name: str, data: st.DataObject) -> None:
        *place, key_id = data.draw(st.sampled_from(sorted(self.keys)))
        key = self.store.newest.require_key(arn_of(place[1], place[0], key_id))
        alias = Alias(*place, name, key_id, self.now, self.now)
        if (*place, name) in self.aliases:
            with pytest.raises(AlreadyExistsException):
                self.store.aliases.add(alias)
            self.store.aliases.point(alias.arn, key, self.now)
        else:
            with pytest.raises(NotFoundException):
                self.store.aliases.point(alias.arn, key, self.now)
            self.store.aliases.add(alias)
        self.aliases[*place, name] = key_id

    @rule(place=PLACES, name=NAMES)
    def remove_alias(self, place: tuple[str, str], name: str) -> None:
        arn = alias_arn(place[1], place[0], name)
        if self.aliases.pop((*place, name), None) is None:
            with pytest.raises(NotFoundException):
                self.store.aliases.remove(arn)
        else:
            self.store.aliases.remove(arn)

    @rule(days=st.integers(0, 20))
    def settle(self, days: int) -> None:
        self.now += timedelta(days=days)
        due = sorted((date, key) for key, date in self.keys.items() if date and date <= self.now)
        happened = [(done.time, done.key) for done in self.store.settle(self.now) if isinstance(done, Deleted)]
        deleted = [(time, (key.account, key.region, key.key_id)) for time, key in happened]
        assert sorted(deleted) == due
        assert [date for date, _ in deleted] == [date for date, _ in due], "each in the order of its moment"
        for _, gone in due:
            del self.keys[gone]
            self.aliases = {
                (account, region, name): target
                for (account, region, name), target in self.aliases.items()
                if (account, region, target) != gone
            }

    @rule(target=snapshots)
    def snapshot(self) -> tuple[Any, ...]:
        return self.store.snapshot(), dict(self.keys), dict(self.aliases)

    @rule(taken=snapshots)
    def restore(self, taken: tuple[Any, ...]) -> None:
        snapshot, keys, aliases = taken
        self.store.restore(snapshot)
        self.keys, self.aliases = dict(keys), dict(aliases)

    @rule(taken=consumes(snapshots), account=st.sampled_from([ACCOUNT, FOREIGN]))
    def restore_an_account(self, taken: tuple[Any, ...], account: str) -> None:
        snapshot, keys, aliases = taken
        self.store.restore(snapshot, account)

        def mixed(mine: dict[Any, Any], theirs: dict[Any, Any]) -> dict[Any, Any]:
            kept = {name: value for name, value in mine.items() if name[0] != account}
            return kept | {name: value for name, value in theirs.items() if name[0] == account}

        self.keys, self.aliases = mixed(self.keys, keys), mixed(self.aliases, aliases)

    @invariant()
    def agrees(self) -> None:
        for account in (ACCOUNT, FOREIGN):
            for region in (REGION, ELSEWHERE):
                ids = sorted(key_id for a, r, key_id in self.keys if (a, r) == (account, region))
                names = sorted(name for a, r, name in self.aliases if (a, r) == (account, region))
                assert self.pages(lambda after, a=account, r=region: self.key_ids_after(a, r, after)) == ids
                found = self.store.newest.aliases_after(account, region, "", 100)
                assert [alias.name for alias in found] == names
                assert [alias.target_key_id for alias in found] == [self.aliases[account, region, n] for n in names]
                for key_id in ids:
                    key = self.store.newest.require_key(arn_of(region, account, key_id))
                    assert key.deletion_date == self.keys[account, region, key_id]
                    own = [name for name in names if self.aliases[account, region, name] == key_id]
                    assert [alias.name for alias in self.store.newest.aliases_of_after(key, "", 100)] == own
                    assert self.store.newest.key_of_ciphertext(blob_of(key_id), account, region) == key

    def key_ids_after(self, account: str, region: str, after: str) -> list[str]:
        return [key.key_id for key in self.store.newest.keys_after(account, region, after, 2)]

    @staticmethod
    def pages(page: Callable[[str], list[str]]) -> list[str]:
        """All pages of two, one after the other."""
        found: list[str] = []
        while part := page(found[-1] if found else ""):
            assert len(part) <= 2
            found += part
        return found


TestStore = StoreModel.TestCase
TestStore.settings = effort(max_examples=100, stateful_step_count=40, deadline=None)


def test_a_change_that_raises_changes_nothing() -> None:
    store = Store()
    store.add([new_key((ACCOUNT, REGION), KEY)], counted=False)
    before = store.newest.require_key(key_arn())
    with pytest.raises(AwsError):
        store.change(key_arn(), Key.cancel_deletion)
    assert store.newest.require_key(key_arn()) is before


def test_several_keys_are_added_together_or_not_at_all() -> None:
    store = Store()
    store.add([new_key((ACCOUNT, REGION), KEY)], counted=False)
    with pytest.raises(AlreadyExistsException):
        store.add([new_key((FOREIGN, REGION), KEY), new_key((ACCOUNT, REGION), KEY)], counted=False)
    assert store.newest.key(key_arn(account=FOREIGN)) is None


def test_a_key_is_added_with_its_aliases_and_custom_key_store_or_not_at_all() -> None:
    store = Store()
    custom_key_store = CustomKeyStore(
        account=ACCOUNT, region=REGION, store_id="cks-1", name="one", creation_date=START, cluster_id="cluster-1"
    )
    key = replace(new_key((ACCOUNT, REGION), KEY), origin=Origin.AWS_CLOUDHSM, custom_key_store_id="cks-1")
    aliases = [Alias(ACCOUNT, REGION, f"alias/{n}", KEY, START, START) for n in range(MAX_ALIASES_PER_KEY + 1)]
    with pytest.raises(LimitExceededException):
        store.add([key], aliases=aliases, custom_key_stores=[custom_key_store], counted=False)
    assert store.newest.key(key.arn) is None
    assert store.newest.aliases_after(ACCOUNT, REGION, "", 100) == []
    assert store.custom_key_stores.get("cks-1") is None
    store.add([key], aliases=aliases[1:], custom_key_stores=[custom_key_store], counted=False)
    assert store.newest.require_key(key.arn).state is KeyState.UNAVAILABLE, "its store is not connected"
    assert store.newest.aliases_of_after(key, "", 100) == sorted(aliases[1:], key=lambda alias: alias.name)


def test_a_ciphertext_belongs_to_the_key_with_its_material_or_else_to_the_callers_key() -> None:
    store = Store()
    mine, theirs = (
        replace(new_key((account, REGION), KEY), material=KeyMaterial.random()) for account in (ACCOUNT, FOREIGN)
    )
    store.add([theirs, mine], counted=False)
    for material_id, key in ((mine.require_material().id, mine), (theirs.require_material().id, theirs), ("?", mine)):
        blob = replace(blob_of(KEY), material_id=material_id)
        assert store.newest.key_of_ciphertext(blob, ACCOUNT, REGION) == key
        assert store.newest.key_of_ciphertext(blob, ACCOUNT, ELSEWHERE) is None


def test_the_waiting_period_of_a_primary_key_begins_when_its_last_replica_is_deleted() -> None:
    # How we know: KMS Developer Guide, "Deleting multi-Region keys"; both due changes are in one settle.
    store = Store()
    primary, replica = new_key((ACCOUNT, REGION), MRK), new_key((ACCOUNT, ELSEWHERE), MRK)
    store.add([primary, replica], [((ACCOUNT, MRK), MultiRegionSet(REGION, (ELSEWHERE,)))], counted=False)
    store.change(primary.arn, lambda key: key.schedule_deletion(START, 10, has_replicas=True))
    store.change(replica.arn, lambda key: key.schedule_deletion(START, 7, has_replicas=False))
    assert store.settle(START + timedelta(days=6)) == []
    assert [(done.key.arn, done.time) for done in store.settle(START + timedelta(days=8))] == [
        (replica.arn, START + timedelta(days=7))
    ]
    waiting = store.newest.require_key(primary.arn)
    assert (waiting.state, waiting.deletion_date) == (KeyState.PENDING_DELETION, START + timedelta(days=17))
    snapshot = store.snapshot()
    assert [done.key.arn for done in store.settle(START + timedelta(days=17))] == [primary.arn]
    store.restore(snapshot)
    assert [done.key.arn for done in store.settle(START + timedelta(days=99))] == [primary.arn], (
        "a snapshot keeps what is due"
    )
