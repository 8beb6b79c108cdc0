"""Store: all keys, aliases, grants and custom key stores of all accounts and Regions, behind one lock.

Writes are transitions, applied to the newest value under the lock. Reads use the view `newest` or the view `visible`.
No call costs more with more keys: pages come from ordered indexes, due changes from a heap.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta

from keytrail.domain import imported_material, key_rotation
from keytrail.domain.alias import Alias
from keytrail.domain.arn import key_arn
from keytrail.domain.custom_key_store import CustomKeyStore
from keytrail.domain.grant import Grant
from keytrail.domain.key import Key, KeyState, Transition
from keytrail.domain.multi_region import MultiRegionSet, replica_exists
from keytrail.domain.refusals import key_exists, key_quota_exceeded
from keytrail.domain.service_event import Deleted, ServiceEvent, Synchronized, service_events_of
from keytrail.journal import Journal
from keytrail.store import indexes
from keytrail.store.aliases import Aliases
from keytrail.store.custom_key_stores import CustomKeyStores
from keytrail.store.grants import Grants, GrantWithTokens
from keytrail.store.multi_region_sets import MultiRegionSetId, MultiRegionSets
from keytrail.store.schedule import Due, Schedule
from keytrail.store.versioned_dict import VersionedDict
from keytrail.store.view import View

MAX_KEYS_PER_REGION = 100_000


class Store:
    """The keys, aliases, grants and custom key stores of every account and Region. Thread-safe."""

    newest: View
    """Keys, aliases and grants as last written. Writes use it."""
    visible: View
    """Keys, aliases and grants for reads and authorization. It is `newest` unless there is a consistency delay."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lock = threading.RLock()
        self._keys = VersionedDict(indexes.indexes_of_key, indexes.is_of_tag)
        self._aliases = VersionedDict(indexes.indexes_of_alias)
        self._grants = VersionedDict(indexes.indexes_of_grant)
        self.aliases = Aliases(self._aliases, self._lock)
        self.grants = Grants(self._grants, self._lock)
        self.custom_key_stores = CustomKeyStores(self._keys, self._lock)
        self._sets = MultiRegionSets()
        self._schedule = Schedule(_due_of)
        self._journal: Journal | None = None
        self._make_views()

    # The data folder

    @property
    def lock(self) -> threading.RLock:
        """The store's lock: while a thread holds it, no other is in the middle of a change."""
        return self._lock

    def keep(self, journal: Journal) -> None:
        """Note all changes from now on in a journal."""
        self._journal = journal
        self._keys.note = journal.of("key")
        self._aliases.note = journal.of("alias")
        self.grants.note = journal.of("grant")
        self.custom_key_stores.note = journal.of("custom key store")
        self.custom_key_stores.note_part = journal.of("part")
        self._sets.note = journal.of("multi-Region set")

    def put_all(
        self,
        keys: Iterable[Key],
        aliases: Iterable[Alias],
        grants: Collection[GrantWithTokens],
        custom_key_stores: Iterable[CustomKeyStore],
        sets: Iterable[tuple[MultiRegionSetId, MultiRegionSet]],
    ) -> None:
        """Put what was read from a data folder, as it is, into a store that is empty."""
        with self._lock:
            self._keys.put({key.arn: key for key in keys}, at_once=True)
            self._aliases.put({alias.arn: alias for alias in aliases}, at_once=True)
            self.grants.put_all(grants)
            self.custom_key_stores.put_all(custom_key_stores)
            self._sets.add(sets)
            self._schedule.rebuild(self._keys.newest.values())

    # Keys

    def add(
        self,
        keys: Iterable[Key],
        sets: Iterable[tuple[MultiRegionSetId, MultiRegionSet]] = (),
        aliases: Collection[Alias] = (),
        grants: Collection[tuple[Grant, str]] = (),
        custom_key_stores: Iterable[CustomKeyStore] = (),
        *,
        counted: bool,
        check: Callable[[], object] = lambda: None,
    ) -> None:
        """Add new keys, the multi-Region sets and custom key stores that they are in, aliases and grants; all or none.

        All are visible at once. A grant with several tokens is in `grants` with each. Custom key stores may exist
        already. `check` is called first, under the lock, and may raise. `counted`: refuse keys beyond the account's key
        quota.

        Raises AlreadyExistsException, LimitExceededException, as CustomKeyStores.require_keys_addable, or what `check`
        raises.
        """
        with self._lock, self.custom_key_stores.adding(custom_key_stores):
            check()
            added = {key.arn: self.custom_key_stores.set_availability(key) for key in keys}
            self.custom_key_stores.require_keys_addable(added.values())
            for key in added.values():
                self._require_addable(key, counted=counted)
            self.aliases.require_addable(aliases)
            self.grants.require_addable({grant.grant_id: grant for grant, _ in grants}.values())
            self._sets.add(sets)
            self._keys.put(added, at_once=True)
            for key in added.values():
                self._note_due(key)
            if aliases:
                self.aliases.add_with_keys(aliases)
            if grants:
                self.grants.add_with_keys(grants)

    def change(self, arn: str, transition: Transition) -> Key:
        """Apply a transition to the newest value of a key, and return the new value.

        Raises NotFoundException if the key is gone, or what the transition raises; nothing changes then.
        """
        with self._lock:
            changed = self.custom_key_stores.set_availability(transition(self.newest.require_key(arn)))
            self._put(changed)
            return changed

    def add_grant(self, grant: Grant, token: str, states: frozenset[KeyState], *, dry_run: bool) -> Grant:
        """Add a grant as Grants.add, if its key is still in one of these states. Raises as Key.require_state too."""
        with self._lock:
            self.newest.require_key(grant.key_arn).require_state(states)
            return self.grants.add(grant, token, dry_run=dry_run)

    # Multi-Region keys

    def has_multi_region_set(self, account: str, key_id: str) -> bool:
        """Whether there is a multi-Region key with this id in some Region."""
        return self._sets.has(account, key_id)

    def multi_region_set(self, key: Key) -> MultiRegionSet | None:
        """The set of a multi-Region key; None for a single-Region key."""
        return self._sets.of_key(key)

    def is_replica(self, key: Key) -> bool:
        """Whether the key is a replica of a primary key in another Region."""
        return self._sets.is_replica(key)

    def is_replicated(self, key: Key) -> bool:
        """Whether the key is a primary key with replicas in other Regions."""
        return self._sets.is_replicated(key)

    def is_imported_everywhere(self, key: Key, material_id: str) -> bool:
        """Whether a material has been imported into a key and into its related keys in other Regions."""
        members = self._sets.of_key(key)
        regions = members.regions if members is not None else (key.region,)
        others = [self._related(key, region) for region in regions if region != key.region]
        return all(other is None or imported_material.is_imported(other, material_id) for other in (key, *others))

    def add_replica(self, primary: Key, replica: Key, states: frozenset[KeyState]) -> None:
        """Add a replica of a primary key, if that is still in one of these states.

        Raises AlreadyExistsException if the Region has one, or as Key.require_state and `add`.
        """
        with self._lock:
            newest = self.newest.require_key(primary.arn)
            newest.require_state(states)
            if self.newest.key(replica.arn) is not None:
                raise replica_exists()
            self.add([key_rotation.synchronize(newest, replica)], [self._sets.with_replica(replica)], counted=True)

    def move_primary(self, old: Key, region: str, transition: Transition) -> Key:
        """Make the replica in a Region the primary key of its set; both keys get the transition, or neither does.

        Returns the new primary key. Raises NotFoundException, or what the transition raises.
        """
        with self._lock:
            arns = (old.arn, key_arn(region, old.account, old.key_id))
            replica, primary = [transition(self.newest.require_key(arn)) for arn in arns]
            self._keys.put({replica.arn: replica, primary.arn: primary})
            self._note_due(replica)
            self._note_due(primary)
            self._sets.move_primary(old, region)
            return primary

    # Eventual consistency

    def set_consistency_delay(self, delay: timedelta, now: datetime) -> None:
        """From now on make each change visible so long after it was made; what has changed so far, at once.

        A change is made at the moment of the latest `settle`: that is the `now` of its request.
        """
        with self._lock:
            for versioned in (self._keys, self._aliases, self._grants):
                versioned.delay(delay, now)
            self._make_views()

    def show_all(self) -> None:
        """Make all changes visible."""
        with self._lock:
            for versioned in (self._keys, self._aliases, self._grants):
                versioned.show_all()

    def _show(self, now: datetime) -> None:
        with self._lock:
            for versioned in (self._keys, self._aliases, self._grants):
                versioned.show(now)

    def _make_views(self) -> None:
        keys, aliases, grants = self._keys, self._aliases, self._grants
        self.newest = self.visible = View(keys.newest, aliases.newest, grants.newest, self._lock)
        if keys.visible is not keys.newest:
            self.visible = View(keys.visible, aliases.visible, grants.visible, self._lock)

    # Time

    def settle(self, now: datetime, record: Callable[[list[ServiceEvent]], None] | None = None) -> list[ServiceEvent]:
        """Make all changes that are due by now: deletions, expiries, rotations, the ends of Creating and Updating.

        These changes are visible at once. Changes that calls made become visible here, when their delay is over.
        Returns the service events in the order of their times. `record` is called with them before another thread's
        `settle` returns, so that whoever finds a key deleted finds its event too. It must not call the store.
        """
        if self.visible is not self.newest:
            self._show(now)
        if self._journal is not None and self._journal.broken:
            return []  # what is due happens when it can be written again
        self.custom_key_stores.settle(now)
        next_due = self._schedule.next
        if next_due is None or next_due > now:
            return []
        events: list[ServiceEvent] = []
        with self._lock:
            while (due := self._schedule.pop(now)) is not None:
                moment, arn = due
                key = self.newest.key(arn)
                if key is None:
                    continue
                if key.deletion_date is not None and key.deletion_date <= moment:
                    self._delete(key, moment)
                    custom_key_store = self.custom_key_stores.of_key(key)
                    cluster_id = custom_key_store.cluster_id if custom_key_store is not None else None
                    events.append(Deleted(key, key.deletion_date, cluster_id))
                else:
                    events += self._settle_key(key, moment)
            if events and record is not None:
                record(events)
            self._schedule.look_ahead()
        return events

    def _settle_key(self, key: Key, moment: datetime) -> Iterator[ServiceEvent]:
        settled = key.settle(moment)
        is_replica = self.is_replica(key)
        if not is_replica:  # its primary key rotates for it
            settled = key_rotation.settle(settled, moment)
        settled, expired = imported_material.expire(settled, moment)
        if settled is key:
            return
        self._put(settled, at_once=True)
        yield from service_events_of(key, settled, moment, is_replicated=self.is_replicated(settled))
        yield from expired
        # unverified: that a new replica gets its material only now; recorded is that it tells none before
        if is_replica and key.state is KeyState.CREATING:
            primary = self._related(key, self._sets.primary_region(key))
            if primary is not None:
                yield Synchronized(primary, moment)

    def _delete(self, key: Key, moment: datetime) -> None:
        self.aliases.remove_all(key.arn)
        self.grants.remove_all(key.arn)
        self._keys.remove(key.arn, at_once=True)
        rest = self._sets.remove(key)
        if rest is None or rest.replicas:
            return
        primary = self._related(key, rest.primary)
        if primary is not None and primary.state is KeyState.PENDING_REPLICA_DELETION:
            self._put(primary.start_waiting_period(moment), at_once=True)

    # Snapshots

    def snapshot(self) -> "Store":
        """A copy that later changes of this store do not affect."""
        copy = Store()
        with self._lock:
            copy.restore(self)
        return copy

    def restore(self, snapshot: "Store", account: str | None = None) -> None:
        """Become a copy of the snapshot; with an account, only what that account owns. All is visible then."""
        with self._lock:
            self._keys.restore(snapshot._keys, account)
            self._aliases.restore(snapshot._aliases, account)
            self.grants.restore(snapshot.grants, account)
            self.custom_key_stores.restore(snapshot.custom_key_stores, account)
            self._sets.restore(snapshot._sets, account)
            self._make_views()
            self._schedule.restore(snapshot._schedule, account)

    # Under the lock

    def _require_addable(self, key: Key, *, counted: bool) -> None:
        """Raise AlreadyExistsException, or LimitExceededException if the key is counted."""
        if self.newest.key(key.arn) is not None:
            raise key_exists(key.arn)
        count = self._keys.newest.count(indexes.keys_of(key.account, key.region))
        if counted and count >= MAX_KEYS_PER_REGION:
            raise key_quota_exceeded(MAX_KEYS_PER_REGION, count)

    def _related(self, key: Key, region: str) -> Key | None:
        """The key of the same multi-Region set in another Region, if there is one."""
        return self.newest.key(key_arn(region, key.account, key.key_id))

    def _put(self, key: Key, *, at_once: bool = False) -> None:
        """Put the new value of a key; the replicas of a primary key get what they share with it in the same step."""
        before, after = self.newest.require_key(key.arn), {key.arn: key}
        members = self._sets.of_key(key)
        if (
            members is not None
            and members.primary == key.region
            and _shared_with_replicas(before) != _shared_with_replicas(key)
        ):
            for region in members.replicas:
                replica = self._related(key, region)
                if replica is not None:
                    after[replica.arn] = key_rotation.synchronize(key, replica)
        self._keys.put(after, at_once=at_once)
        for changed in after.values():
            self._note_due(changed)

    def _note_due(self, key: Key) -> None:
        self._schedule.note(key, self._keys.newest.values())


def _due_of(key: Key) -> list[Due]:
    moments = (key.deletion_date, key.settles_at, key_rotation.due(key), imported_material.due(key))
    return [(moment, key.arn) for moment in moments if moment is not None]


def _shared_with_replicas(key: Key) -> tuple[object, ...]:
    """The materials and the rotation of a primary key, which `key_rotation.synchronize` copies to a replica."""
    descriptions = tuple(imported.description for imported in key.imports.values())
    return key.material, key.materials, key.automatic, key.on_demand, key.pending, descriptions
