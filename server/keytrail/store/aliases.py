"""Aliases: adds, changes and removes the aliases of a store. Part of Store, with its lock."""

from collections import Counter
from collections.abc import Collection
from contextlib import AbstractContextManager
from datetime import datetime

from keytrail.domain.alias import MAX_ALIASES_PER_KEY, Alias, alias_not_found
from keytrail.domain.key import Key
from keytrail.domain.refusals import resource_quota_exceeded
from keytrail.errors import AlreadyExistsException
from keytrail.store import indexes
from keytrail.store.versioned_dict import VersionedDict


class Aliases:
    """The aliases of every account and Region."""

    def __init__(self, aliases: VersionedDict[Alias], lock: AbstractContextManager[bool]) -> None:
        """Change `aliases`, whose ids are ARNs, under the store's lock."""
        self._aliases = aliases
        self._lock = lock

    def add(self, alias: Alias) -> None:
        """Add an alias; raises AlreadyExistsException or LimitExceededException."""
        with self._lock:
            self.require_addable([alias])
            self._aliases.put({alias.arn: alias})

    def point(self, arn: str, key: Key, now: datetime) -> None:
        """Let an alias name another key; raises NotFoundException or LimitExceededException."""
        with self._lock:
            current = self._aliases.newest.get(arn)
            if current is None:
                raise alias_not_found(arn)
            if current.target_arn != key.arn:
                self._require_room(key.arn, 1)
            self._aliases.put({arn: current.point_to(key.key_id, now)})

    def remove(self, arn: str) -> None:
        """Remove an alias; raises NotFoundException."""
        with self._lock:
            if self._aliases.newest.get(arn) is None:
                raise alias_not_found(arn)
            self._aliases.remove(arn)

    def require_addable(self, aliases: Collection[Alias]) -> None:
        """Raise AlreadyExistsException or LimitExceededException if these aliases cannot be added. Needs the lock."""
        for alias in aliases:
            if self._aliases.newest.get(alias.arn) is not None:
                raise AlreadyExistsException(f"An alias with the name {alias.arn} already exists")
        for key_arn, more in Counter(alias.target_arn for alias in aliases).items():
            self._require_room(key_arn, more)

    def add_with_keys(self, aliases: Collection[Alias]) -> None:
        """Add aliases with their keys, visible at once. Needs the lock, and `require_addable` before."""
        self._aliases.put({alias.arn: alias for alias in aliases}, at_once=True)

    def remove_all(self, key_arn: str) -> None:
        """Remove the aliases of a key that is being deleted. Needs the lock."""
        for alias in self._aliases.newest.all_in(indexes.aliases_of_key(key_arn)):
            self._aliases.remove(alias.arn, at_once=True)

    def _require_room(self, key_arn: str, more: int) -> None:
        usage = self._aliases.newest.count(indexes.aliases_of_key(key_arn))
        if usage + more > MAX_ALIASES_PER_KEY:
            raise resource_quota_exceeded("Aliases per key", MAX_ALIASES_PER_KEY, usage)
