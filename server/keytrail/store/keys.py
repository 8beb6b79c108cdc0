"""The keys of a store, by their ARNs and in the order in which ListKeys gives them.

Part of Store, and under its lock.
"""

from bisect import insort
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager

from keytrail.domain.arn import key_arn
from keytrail.domain.key import Key
from keytrail.errors import AlreadyExistsException, LimitExceededException, NotFoundException
from keytrail.store.ordered import discard, page

MAX_KEYS_PER_REGION = 100_000


class Keys:
    """The keys of every account and Region."""

    def __init__(self, lock: AbstractContextManager[bool]) -> None:
        """Begin empty, under the store's lock."""
        self._lock = lock
        self._keys: dict[str, Key] = {}
        self._ids: dict[tuple[str, str], list[str]] = {}
        self._owners: dict[tuple[str, str], tuple[str, ...]] = {}

    # Reading

    def get(self, arn: str) -> Key | None:
        """The key with this ARN, if there is one."""
        return self._keys.get(arn)

    def require(self, arn: str) -> Key:
        """The key with this ARN; raises NotFoundException in AWS's words."""
        key = self._keys.get(arn)
        if key is None:
            raise NotFoundException(f"Key '{arn}' does not exist")
        return key

    def all(self) -> Collection[Key]:
        """Every key, in the order in which they were added."""
        return self._keys.values()

    def with_id(self, region: str, key_id: str) -> Iterator[Key]:
        """The keys with this id in a Region, whichever accounts own them (nearly always one, at most)."""
        for account in self._owners.get((region, key_id), ()):
            key = self._keys.get(key_arn(region, account, key_id))
            if key is not None:
                yield key

    def ids_after(self, account: str, region: str, after: str, limit: int) -> list[str]:
        """The next ids of keys in their order: at most `limit` of those behind `after`."""
        with self._lock:
            return page(self._ids.get((account, region), []), after, limit)

    def require_room(self, key: Key, *, counted: bool) -> None:
        """Raise what stands against a new key: AlreadyExistsException; LimitExceededException if it is counted."""
        if key.arn in self._keys:
            raise AlreadyExistsException(f"Key '{key.arn}' already exists")
        count = len(self._ids.get((key.account, key.region), ()))
        if counted and count >= MAX_KEYS_PER_REGION:
            raise LimitExceededException(
                f"Key quota for this account in this region is {MAX_KEYS_PER_REGION} but the current usage is {count}."
            )

    # Changing, under the lock

    def add(self, added: Mapping[str, Key]) -> None:
        """Add new keys by their ARNs, all at once: who reads without the lock sees all or none."""
        self._keys.update(added)
        for key in added.values():
            insort(self._ids.setdefault((key.account, key.region), []), key.key_id)
            self._own(key)

    def replace(self, changed: Mapping[str, Key]) -> None:
        """Hold the new values of keys, all at once."""
        self._keys.update(changed)

    def remove(self, key: Key) -> None:
        """Forget a key that is deleted."""
        del self._keys[key.arn]
        discard(self._ids[key.account, key.region], key.key_id)
        owners = tuple(owner for owner in self._owners[key.region, key.key_id] if owner != key.account)
        if owners:
            self._owners[key.region, key.key_id] = owners
        else:
            del self._owners[key.region, key.key_id]

    def copy_from(self, other: "Keys", account: str | None) -> None:
        """Become what the other is; with an account, only that account's keys do."""
        mine = [key for key in self._keys.values() if account is not None and key.account != account]
        held = mine + [key for key in other._keys.values() if account in (None, key.account)]
        self._keys = {key.arn: key for key in held}
        self._ids, self._owners = {}, {}
        for key in held:
            self._ids.setdefault((key.account, key.region), []).append(key.key_id)
            self._own(key)
        for ids in self._ids.values():
            ids.sort()

    def _own(self, key: Key) -> None:
        self._owners[key.region, key.key_id] = (*self._owners.get((key.region, key.key_id), ()), key.account)
