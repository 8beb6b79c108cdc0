"""KeyStore: all keys and aliases of all accounts and Regions, behind one private lock.

Reads take no lock: they fetch one frozen value from a dict. Writes are transitions, applied to the newest value
under the lock. No call costs more with more keys: pages come from ordered indexes, due changes from a heap.
"""

import heapq
import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from keytrail.domain import imported_material, key_rotation
from keytrail.domain.alias import MAX_ALIASES_PER_KEY, Alias
from keytrail.domain.arn import KeyIdentifier, alias_arn, key_arn
from keytrail.domain.grant import Grant
from keytrail.domain.key import Key, KeyState, Transition
from keytrail.domain.multi_region import MultiRegionSet
from keytrail.domain.occurrence import Deleted, Occurrence, Synchronized, of_change
from keytrail.errors import AlreadyExistsException, LimitExceededException, NotFoundException
from keytrail.store.custom_key_stores import CustomKeyStoreShelf
from keytrail.store.delayed_view import DelayedView
from keytrail.store.grants import GrantShelf

MAX_KEYS_PER_REGION = 100_000

Place = tuple[str, str]
"""An account and a Region."""


@dataclass(slots=True)
class _Indexes:
    """The keys and aliases of one account and Region in the order in which lists give them."""

    key_ids: list[str]
    alias_names: list[str]


class KeyStore:
    """The keys, aliases and multi-Region sets of every account and Region. Thread-safe."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lock = threading.RLock()
        self.grants = GrantShelf(self._lock)
        self.custom_key_stores = CustomKeyStoreShelf(self._lock, self.change)
        self._keys: dict[str, Key] = {}
        self._aliases: dict[str, Alias] = {}
        self._aliases_of: dict[str, list[str]] = {}
        self._sets: dict[Place, MultiRegionSet] = {}
        self._owners: dict[Place, tuple[str, ...]] = {}
        self._indexes: dict[Place, _Indexes] = {}
        self._due: list[tuple[datetime, str]] = []
        self._next_due: datetime | None = None
        self._late: DelayedView | None = None
        self.view: KeyStore | DelayedView = self
        """What reads and authorization see: the store itself, unless its changes show late."""

    # Reading

    def of(self, key: Key) -> Key:
        """A key as it is seen."""
        return key

    def key(self, account: str, region: str, key_id: str) -> Key | None:
        """The key with this id, if there is one."""
        return self._keys.get(key_arn(region, account, key_id))

    def has(self, arn: str) -> bool:
        """Whether there is a key with this ARN."""
        return arn in self._keys

    def has_set(self, account: str, key_id: str) -> bool:
        """Whether there is a multi-Region key with this id in some Region."""
        return (account, key_id) in self._sets

    def require_key(self, arn: str) -> Key:
        """The key with this ARN; raises NotFoundException in AWS's words."""
        key = self._keys.get(arn)
        if key is None:
            raise NotFoundException(f"Key '{arn}' does not exist")
        return key

    def any_key(self) -> Key | None:
        """The first key that was added, if there are any."""
        return next(iter(self._keys.values()), None)

    def alias(self, account: str, region: str, name: str) -> Alias | None:
        """The alias with this name (`alias/` included), if there is one."""
        return self._aliases.get(alias_arn(region, account, name))

    def require_alias(self, account: str, region: str, name: str) -> Alias:
        """The alias with this name; raises NotFoundException in AWS's words."""
        arn = alias_arn(region, account, name)
        alias = self._aliases.get(arn)
        if alias is None:
            raise NotFoundException(f"Alias {arn} is not found.")
        return alias

    def named(self, name: KeyIdentifier) -> Key | None:
        """The key that an identifier names, by its id or by an alias of it, if there is one."""
        if name.alias is None:
            return self._keys.get(name.arn)
        alias = self._aliases.get(name.arn)
        return self.key(name.account, name.region, alias.target_key_id) if alias is not None else None

    def require_named(self, name: KeyIdentifier) -> Key:
        """The key that an identifier names; raises NotFoundException in AWS's words."""
        if name.alias is None:
            return self.require_key(name.arn)
        alias = self.require_alias(name.account, name.region, name.alias)
        return self.require_key(key_arn(name.region, name.account, alias.target_key_id))

    def keys_with_id(self, region: str, key_id: str) -> Iterator[Key]:
        """The keys with this id in a Region, whichever accounts own them (nearly always one, at most)."""
        for account in self._owners.get((region, key_id), ()):
            key = self.key(account, region, key_id)
            if key is not None:
                yield key

    def multi_region_set(self, key: Key) -> MultiRegionSet | None:
        """Where the keys related to this one are; None for a single-Region key."""
        return self._sets.get((key.account, key.key_id)) if key.multi_region else None

    def is_replica(self, key: Key) -> bool:
        """Whether the key is a replica of a primary key in another Region."""
        members = self.multi_region_set(key)
        return members is not None and members.primary != key.region

    def is_imported_everywhere(self, key: Key, material_id: str) -> bool:
        """Whether a material was imported into a key and into each of its replicas."""
        members = self.multi_region_set(key)
        regions = members.regions if members is not None else (key.region,)
        keys = [self.key(key.account, region, key.key_id) for region in regions if region != key.region]
        return all(held is None or imported_material.is_imported(held, material_id) for held in (key, *keys))

    def is_replicated(self, key: Key) -> bool:
        """Whether the key is a primary key with replicas in other Regions."""
        members = self.multi_region_set(key)
        return members is not None and members.primary == key.region and bool(members.replicas)

    def key_ids_after(self, account: str, region: str, after: str, limit: int) -> list[str]:
        """The next ids of keys in their order: at most `limit` of those behind `after`."""
        with self._lock:
            index = self._indexes.get((account, region))
            return _page(index.key_ids, after, limit) if index is not None else []

    def arn_prefix(self, account: str, region: str) -> str:
        """What the ARNs of an account's keys in a Region begin with, up to the id."""
        return key_arn(region, account, "")

    def aliases_after(self, account: str, region: str, after: str, limit: int) -> list[Alias]:
        """The next aliases in the order of their names: at most `limit` of those behind `after`."""
        with self._lock:
            index = self._indexes.get((account, region))
            names = _page(index.alias_names, after, limit) if index is not None else []
            return [self._aliases[alias_arn(region, account, name)] for name in names]

    def aliases_of_after(self, key: Key, after: str, limit: int) -> list[Alias]:
        """The same of one key's aliases."""
        with self._lock:
            names = _page(self._aliases_of.get(key.arn, []), after, limit)
            return [self._aliases[alias_arn(key.region, key.account, name)] for name in names]

    # Changing

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
                if key.arn in self._keys:
                    raise AlreadyExistsException(f"Key '{key.arn}' already exists")
                count = len(self._index(key.account, key.region).key_ids)
                if counted and count >= MAX_KEYS_PER_REGION:
                    raise LimitExceededException(
                        f"Key quota for this account in this region is {MAX_KEYS_PER_REGION} "
                        f"but the current usage is {count}."
                    )
            for alias in named.values():
                self._require_new(alias)
            self._sets.update(sets)
            self._keys.update(added)  # at once: who reads without the lock sees all or none
            for key in added.values():
                insort(self._index(key.account, key.region).key_ids, key.key_id)
                holders = self._owners.get((key.region, key.key_id), ())
                self._owners[key.region, key.key_id] = (*holders, key.account)
                self.custom_key_stores.hold(key)
                self._note_due(key)
            for alias in named.values():
                self._add_alias(alias)
            for grant, token in grants:
                self.grants.add(grant, token)

    def change(self, arn: str, transition: Transition) -> Key:
        """Apply a transition to the newest value of a key; gives the new value.

        Raises what the transition raises, and NotFoundException if the key has gone; nothing changes then.
        """
        with self._lock:
            current = self.require_key(arn)
            changed = self.custom_key_stores.see(transition(current))
            if self._late is not None:
                self._late.keys.note(arn, current)
            self._put(changed)
            return changed

    def add_grant(self, grant: Grant, token: str, states: frozenset[KeyState], *, rehearsed: bool) -> Grant:
        """Add a grant on a key that is still in one of these states; as GrantShelf.add."""
        with self._lock:
            self.require_key(grant.key_arn).require_state(states)
            made = self.grants.add(grant, token, rehearsed=rehearsed)
            if self._late is not None and made is grant and not rehearsed:
                self._late.grants.history.note(grant.grant_id, None)
            return made

    def add_replica(self, primary: Key, replica: Key, states: frozenset[KeyState]) -> None:
        """Add a replica of a primary key that is still in one of these states.

        Raises AlreadyExistsException if the Region has one, and what the primary's state calls for.
        """
        with self._lock:
            self.require_key(primary.arn).require_state(states)
            place = (primary.account, primary.key_id)
            replica = key_rotation.share(self.require_key(primary.arn), replica)
            self.add([replica], [(place, self._sets[place].with_replica(replica.region))], counted=True)

    def move_primary(self, old: Key, region: str, transition: Transition) -> Key:
        """Make the replica in a Region the primary key of its set; both keys take the transition, or neither.

        Gives the new primary key. Raises NotFoundException, or what the transition raises.
        """
        with self._lock:
            primary = transition(self.require_key(old.arn))
            replica = transition(self.require_key(key_arn(region, old.account, old.key_id)))
            for key in (primary, replica):
                if self._late is not None:
                    self._late.keys.note(key.arn, self._keys[key.arn])
                self._keys[key.arn] = key
                self._note_due(key)
            place = (old.account, old.key_id)
            self._sets[place] = self._sets[place].with_primary(region)
            return replica

    def add_alias(self, alias: Alias) -> None:
        """Add an alias; raises AlreadyExistsException or LimitExceededException."""
        with self._lock:
            self._add_alias(alias)
            if self._late is not None:
                self._late.aliases.note(alias.arn, None)

    def point_alias(self, alias: Alias, key: Key, now: datetime) -> None:
        """Let an alias name another key; raises NotFoundException or LimitExceededException."""
        with self._lock:
            current = self.require_alias(alias.account, alias.region, alias.name)
            if self._late is not None:
                self._late.aliases.note(alias.arn, current)
            if current.target_key_id != key.key_id:
                self._point(current.point_to(key.key_id, now))
                self._unpoint(current)
            else:
                self._aliases[alias.arn] = current.point_to(key.key_id, now)

    def remove_alias(self, account: str, region: str, name: str) -> Alias:
        """Remove an alias and give it; raises NotFoundException."""
        with self._lock:
            alias = self.require_alias(account, region, name)
            if self._late is not None:
                self._late.aliases.note(alias.arn, alias)
            self._unpoint(alias)
            del self._aliases[alias.arn]
            _discard(self._index(account, region).alias_names, name)
            return alias

    # Eventual consistency

    def delay(self, delay: timedelta, now: Callable[[], datetime]) -> None:
        """From here on let each change show so long after it was made (0: at once); what is on its way, at once."""
        with self._lock:
            self._late = DelayedView(self, delay, now) if delay else None
            self.view = self._late if self._late is not None else self
            self.grants.late = self._late.grants if self._late is not None else None

    def show_all(self) -> None:
        """Let all changes show that are on their way."""
        with self._lock:
            if self._late is not None:
                self._late.clear()

    def frozen(self) -> AbstractContextManager[bool]:
        """While one is inside, nothing changes."""
        return self._lock

    # Time

    def settle(self, now: datetime, tell: Callable[[list[Occurrence]], None] | None = None) -> list[Occurrence]:
        """Let happen what is due by now: deletions, expiries, rotations, and the ends of Creating and Updating.

        Gives what happened in the order of its time, each with its own. `tell` hears of it before another call of
        settle is done: whoever sees a key gone sees what was told of it too. It must not call the store.
        """
        self.custom_key_stores.settle(now)
        # Read without the lock, so it is a value of its own: the heap may change under one's eyes.
        next_due = self._next_due
        if next_due is None or next_due > now:
            return []
        happened: list[Occurrence] = []
        with self._lock:
            while self._due and self._due[0][0] <= now:
                moment, arn = heapq.heappop(self._due)
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
            self._next_due = self._due[0][0] if self._due else None
        return happened

    def _settle_key(self, key: Key, moment: datetime) -> Iterator[Occurrence]:
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
            primary = self.key(key.account, self._sets[key.account, key.key_id].primary, key.key_id)
            if primary is not None:
                yield Synchronized(primary, moment)

    # Snapshots

    def snapshot(self) -> "KeyStore":
        """A copy that later changes of this store do not touch."""
        copy = KeyStore()
        with self._lock:
            copy._copy_from(self, None)
        return copy

    def restore(self, snapshot: "KeyStore", account: str | None = None) -> None:
        """Become what the snapshot is; with an account, only what that account owns does."""
        with self._lock:
            self._copy_from(snapshot, account)

    def _copy_from(self, other: "KeyStore", account: str | None) -> None:
        if account is not None:
            mine = [key for key in self._keys.values() if key.account != account]
            aliases = [alias for alias in self._aliases.values() if alias.account != account]
            sets = {place: members for place, members in self._sets.items() if place[0] != account}
        else:
            mine, aliases, sets = [], [], {}
        keys = [*mine, *(key for key in other._keys.values() if account in (None, key.account))]
        aliases += (alias for alias in other._aliases.values() if account in (None, alias.account))
        sets |= {place: members for place, members in other._sets.items() if account in (None, place[0])}
        self._keys = {key.arn: key for key in keys}
        self._aliases = {alias.arn: alias for alias in aliases}
        self._sets = sets
        self.grants.copy_from(other.grants, account)
        self.show_all()
        self.custom_key_stores.copy_from(other.custom_key_stores, account, keys)
        self._rebuild()

    def _rebuild(self) -> None:
        self._indexes, self._owners, self._aliases_of, self._due = {}, {}, {}, []
        self._next_due = None
        for key in self._keys.values():
            self._index(key.account, key.region).key_ids.append(key.key_id)
            self._owners[key.region, key.key_id] = (
                *self._owners.get((key.region, key.key_id), ()),
                key.account,
            )
            self._note_due(key)
        for alias in self._aliases.values():
            self._index(alias.account, alias.region).alias_names.append(alias.name)
            target = key_arn(alias.region, alias.account, alias.target_key_id)
            self._aliases_of.setdefault(target, []).append(alias.name)
        for index in self._indexes.values():
            index.key_ids.sort()
            index.alias_names.sort()
        for names in self._aliases_of.values():
            names.sort()

    # Under the lock

    def _index(self, account: str, region: str) -> _Indexes:
        return self._indexes.setdefault((account, region), _Indexes([], []))

    def _put(self, key: Key) -> None:
        """Hold the new value of a key; what a primary key shares goes to its replicas in the same step."""
        before, after = self._keys[key.arn], {key.arn: key}
        if key.multi_region and _shared(before) != _shared(key) and not self.is_replica(key):
            for region in self._sets[key.account, key.key_id].replicas:
                replica = self.key(key.account, region, key.key_id)
                if replica is not None:
                    after[replica.arn] = key_rotation.share(key, replica)
        self._keys.update(after)
        for changed in after.values():
            self._note_due(changed)

    def _note_due(self, key: Key) -> None:
        for moment in _due_moments(key):
            heapq.heappush(self._due, (moment, key.arn))
            self._next_due = self._due[0][0]
        if len(self._due) > 6 * len(self._keys) + 64:  # most are of deletions that were cancelled
            self._due = [(moment, held.arn) for held in self._keys.values() for moment in _due_moments(held)]
            heapq.heapify(self._due)

    def _add_alias(self, alias: Alias) -> None:
        self._require_new(alias)
        self._point(alias)
        insort(self._index(alias.account, alias.region).alias_names, alias.name)

    def _require_new(self, alias: Alias) -> None:
        if alias.arn in self._aliases:
            raise AlreadyExistsException(f"An alias with the name {alias.arn} already exists")

    def _point(self, alias: Alias) -> None:
        target = key_arn(alias.region, alias.account, alias.target_key_id)
        names = self._aliases_of.setdefault(target, [])
        if len(names) >= MAX_ALIASES_PER_KEY:
            raise LimitExceededException(
                f"Aliases per key quota for this account in this region is {MAX_ALIASES_PER_KEY}, "
                f"current usage is {len(names)}."
            )
        insort(names, alias.name)
        self._aliases[alias.arn] = alias

    def _unpoint(self, alias: Alias) -> None:
        target = key_arn(alias.region, alias.account, alias.target_key_id)
        _discard(self._aliases_of[target], alias.name)
        if not self._aliases_of[target]:
            del self._aliases_of[target]

    def _delete(self, key: Key, moment: datetime) -> None:
        for name in list(self._aliases_of.get(key.arn, [])):
            self.remove_alias(key.account, key.region, name)
        self.grants.remove_all(key.arn)
        self.custom_key_stores.release(key)
        del self._keys[key.arn]
        _discard(self._index(key.account, key.region).key_ids, key.key_id)
        owners = tuple(owner for owner in self._owners[key.region, key.key_id] if owner != key.account)
        if owners:
            self._owners[key.region, key.key_id] = owners
        else:
            del self._owners[key.region, key.key_id]
        members = self._sets.get((key.account, key.key_id))
        if members is None:
            return
        if members.primary == key.region:
            del self._sets[key.account, key.key_id]
            return
        members = members.without(key.region)
        self._sets[key.account, key.key_id] = members
        primary = self.key(key.account, members.primary, key.key_id)
        if primary is not None and not members.replicas and primary.state is KeyState.PENDING_REPLICA_DELETION:
            self.change(primary.arn, lambda waiting: waiting.replicas_are_gone(moment))


def _due_moments(key: Key) -> list[datetime]:
    moments = (key.deletion_date, key.settles_at, key_rotation.due(key), imported_material.due(key))
    return [moment for moment in moments if moment is not None]


def _shared(key: Key) -> tuple[object, ...]:
    return key.material, key.materials, key.automatic, key.on_demand, key.pending


def _page(names: list[str], after: str, limit: int) -> list[str]:
    at = bisect_right(names, after)
    return names[at : at + limit]


def _discard(names: list[str], name: str) -> None:
    at = bisect_left(names, name)
    if at < len(names) and names[at] == name:
        del names[at]
