"""Store: all keys and aliases of all accounts and Regions, behind one private lock.

Writes are transitions, applied to the newest value under the lock. No call costs more with more keys: pages come from
ordered indexes, due changes from a heap.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from keytrail.domain import imported_material, key_rotation
from keytrail.domain.alias import Alias
from keytrail.domain.arn import alias_arn, key_arn
from keytrail.domain.grant import Grant
from keytrail.domain.key import Key, KeyState, Transition
from keytrail.domain.multi_region import MultiRegionSet
from keytrail.domain.service_event import Deleted, ServiceEvent, Synchronized, of_change
from keytrail.store.custom_key_stores import CustomKeyStores
from keytrail.store.delayed_view import DelayedView
from keytrail.store.grant_index import Grants
from keytrail.store.multi_region import Place
from keytrail.store.reading import Readings
from keytrail.store.schedule import Schedule


class Store(Readings):
    """The keys, aliases and multi-Region sets of every account and Region. Thread-safe."""

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self.grants = Grants(self._lock)
        self.custom_key_stores = CustomKeyStores(self._lock, self.change)
        self._schedule = Schedule()
        self._late: DelayedView | None = None
        self.view: Store | DelayedView = self
        """What reads and authorization see: the store itself, unless its changes show late."""

    # Keys

    def add(
        self,
        keys: Iterable[Key],
        sets: Iterable[tuple[Place, MultiRegionSet]] = (),
        aliases: Iterable[Alias] = (),
        grants: Iterable[tuple[Grant, str]] = (),
        *,
        counted: bool,
        check: Callable[[], object] = lambda: None,
    ) -> None:
        """Add new keys, the multi-Region sets that they are in, aliases and grants of them; all or none.

        `check` is called first, under the lock; what it raises stops it all.

        `counted`: hold the account's key quota. Raises AlreadyExistsException or LimitExceededException.
        """
        with self._lock:
            check()
            added = {key.arn: key for key in keys}
            self.custom_key_stores.require_room(added.values())
            named = {alias.arn: alias for alias in aliases}
            for key in added.values():
                self._keys.require_room(key, counted=counted)
            for alias in named.values():
                self._aliases.require_new(alias)
            self._sets.add(sets)
            self._keys.add(added)
            for key in added.values():
                self.custom_key_stores.hold(key)
                self._note_due(key)
            for alias in named.values():
                self._aliases.add(alias, is_new_key=True)
            for grant, token in grants:
                self.grants.add(grant, token)

    def change(self, arn: str, transition: Transition) -> Key:
        """Apply a transition to the newest value of a key; gives the new value.

        Raises what the transition raises, and NotFoundException if the key has gone; nothing changes then.
        """
        with self._lock:
            current = self._keys.require(arn)
            changed = self.custom_key_stores.see(transition(current))
            if self._late is not None:
                self._late.keys.note(arn, current)
            self._put(changed)
            return changed

    def add_replica(self, primary: Key, replica: Key, states: frozenset[KeyState]) -> None:
        """Add a replica of a primary key that is still in one of these states.

        Raises AlreadyExistsException if the Region has one, and what the primary's state calls for.
        """
        with self._lock:
            newest = self._keys.require(primary.arn)
            newest.require_state(states)
            self.add([key_rotation.share(newest, replica)], [self._sets.with_replica(replica)], counted=True)

    def move_primary(self, old: Key, region: str, transition: Transition) -> Key:
        """Make the replica in a Region the primary key of its set; both keys take the transition, or neither.

        Gives the new primary key. Raises NotFoundException, or what the transition raises.
        """
        with self._lock:
            before = [self._keys.require(arn) for arn in (old.arn, key_arn(region, old.account, old.key_id))]
            after = [transition(key) for key in before]
            for key in before:
                if self._late is not None:
                    self._late.keys.note(key.arn, key)
            self._keys.replace({key.arn: key for key in after})
            for key in after:
                self._note_due(key)
            self._sets.move_primary(old, region)
            return after[1]

    # What belongs to keys

    def add_grant(self, grant: Grant, token: str, states: frozenset[KeyState], *, rehearsed: bool) -> Grant:
        """Add a grant on a key that is still in one of these states; as Grants.add."""
        with self._lock:
            self._keys.require(grant.key_arn).require_state(states)
            made = self.grants.add(grant, token, rehearsed=rehearsed)
            if self._late is not None and made is grant and not rehearsed:
                self._late.grants.history.note(grant.grant_id, None)
            return made

    def add_alias(self, alias: Alias) -> None:
        """Add an alias; raises AlreadyExistsException or LimitExceededException."""
        self._aliases.add(alias)

    def point_alias(self, alias: Alias, key: Key, now: datetime) -> None:
        """Let an alias name another key; raises NotFoundException or LimitExceededException."""
        self._aliases.point(alias, key, now)

    def remove_alias(self, account: str, region: str, name: str) -> Alias:
        """Remove an alias and give it; raises NotFoundException."""
        return self._aliases.remove(alias_arn(region, account, name))

    # Eventual consistency

    def delay(self, delay: timedelta, now: Callable[[], datetime]) -> None:
        """From here on let each change show so long after it was made (0: at once); what is on its way, at once."""
        with self._lock:
            self._late = late = DelayedView(self, delay, now) if delay else None
            self.view = late if late is not None else self
            self._aliases.late = late.aliases if late is not None else None
            self.grants.late = late.grants if late is not None else None

    def show_all(self) -> None:
        """Let all changes show that are on their way."""
        with self._lock:
            if self._late is not None:
                self._late.clear()

    def frozen(self) -> AbstractContextManager[bool]:
        """While one is inside, nothing changes."""
        return self._lock

    # Time

    def settle(self, now: datetime, tell: Callable[[list[ServiceEvent]], None] | None = None) -> list[ServiceEvent]:
        """Let happen what is due by now: deletions, expiries, rotations, and the ends of Creating and Updating.

        Gives what happened in the order of its time, each with its own. `tell` hears of it before another call of
        settle is done: whoever sees a key gone sees what was told of it too. It must not call the store.
        """
        self.custom_key_stores.settle(now)
        next_due = self._schedule.next
        if next_due is None or next_due > now:
            return []
        happened: list[ServiceEvent] = []
        with self._lock:
            while (due := self._schedule.pop(now)) is not None:
                moment, arn = due
                key = self._keys.get(arn)
                if key is None:
                    continue
                if key.deletion_date is not None and key.deletion_date <= moment:
                    self._delete(key, moment)
                    held_in = self.custom_key_stores.of_key(key)
                    happened.append(Deleted(key, key.deletion_date, held_in.cluster_id if held_in else None))
                else:
                    happened += self._settle_key(key, moment)
            if happened and tell is not None:
                tell(happened)
            self._schedule.look_ahead()
        return happened

    def _settle_key(self, key: Key, moment: datetime) -> Iterator[ServiceEvent]:
        settled = key.settle(moment)
        replica = self.is_replica(key)
        if not replica:  # its primary key rotates for it
            settled = key_rotation.settle(settled, moment)
        settled, expired = imported_material.expire(settled, moment, is_replica=replica)
        if settled is key:
            return
        self._put(settled)
        yield from of_change(key, settled, moment, replicated=self.is_replicated(settled))
        yield from expired
        if replica and key.state is KeyState.CREATING:  # unverified: that this is when a new replica gets its material
            primary = self.key(key.account, self._sets.primary_region(key), key.key_id)
            if primary is not None:
                yield Synchronized(primary, moment)

    # Snapshots

    def snapshot(self) -> "Store":
        """A copy that later changes of this store do not touch."""
        copy = Store()
        with self._lock:
            copy._copy_from(self, None)
        return copy

    def restore(self, snapshot: "Store", account: str | None = None) -> None:
        """Become what the snapshot is; with an account, only what that account owns does."""
        with self._lock:
            self._copy_from(snapshot, account)

    def _copy_from(self, other: "Store", account: str | None) -> None:
        self._keys.copy_from(other._keys, account)
        self._aliases.copy_from(other._aliases, account)
        self._sets.copy_from(other._sets, account)
        self.grants.copy_from(other.grants, account)
        self.show_all()
        self.custom_key_stores.copy_from(other.custom_key_stores, account, self._keys.all())
        self._schedule.rebuild(self._keys.all())

    # Under the lock

    def _put(self, key: Key) -> None:
        """Hold the new value of a key; what a primary key shares goes to its replicas in the same step."""
        before, after = self._keys.require(key.arn), {key.arn: key}
        members = self._sets.of_key(key)
        if members is not None and members.primary == key.region and _shared(before) != _shared(key):
            for region in members.replicas:
                replica = self.key(key.account, region, key.key_id)
                if replica is not None:
                    after[replica.arn] = key_rotation.share(key, replica)
        self._keys.replace(after)
        for changed in after.values():
            self._note_due(changed)

    def _note_due(self, key: Key) -> None:
        self._schedule.note(key, self._keys.all())

    def _delete(self, key: Key, moment: datetime) -> None:
        self._aliases.remove_all(key)
        self.grants.remove_all(key.arn)
        self.custom_key_stores.release(key)
        self._keys.remove(key)
        left = self._sets.remove(key)
        if left is None or left.replicas:
            return
        primary = self.key(key.account, left.primary, key.key_id)
        if primary is not None and primary.state is KeyState.PENDING_REPLICA_DELETION:
            self.change(primary.arn, lambda waiting: waiting.replicas_are_gone(moment))


def _shared(key: Key) -> tuple[object, ...]:
    return key.material, key.materials, key.automatic, key.on_demand, key.pending
