"""What may be done to the aliases of a store. Part of Store, and under its lock."""

from collections.abc import Collection
from contextlib import AbstractContextManager
from datetime import datetime

from keytrail.domain.alias import MAX_ALIASES_PER_KEY, Alias, alias_not_found
from keytrail.domain.key import Key
from keytrail.errors import AlreadyExistsException, LimitExceededException
from keytrail.store import indexes
from keytrail.store.versioned_dict import VersionedDict


class Aliases:
    """The aliases of every account and Region, and which key each names."""

    def __init__(self, aliases: VersionedDict[Alias], lock: AbstractContextManager[bool]) -> None:
        """Change these, by their ARNs, under the store's lock."""
        self._aliases = aliases
        self._lock = lock

    def add(self, alias: Alias) -> None:
        """Add an alias; raises AlreadyExistsException or LimitExceededException."""
        with self._lock:
            self.require_room([alias])
            self._aliases.put({alias.arn: alias})

    def point(self, arn: str, key: Key, now: datetime) -> None:
        """Let an alias name another key; raises NotFoundException or LimitExceededException."""
        with self._lock:
            current = self._aliases.newest.get(arn)
            if current is None:
                raise alias_not_found(arn)
            if current.target_arn != key.arn:
                self._require_fewer_than_most(key.arn, 1)
            self._aliases.put({arn: current.point_to(key.key_id, now)})

    def remove(self, arn: str) -> None:
        """Remove an alias; raises NotFoundException."""
        with self._lock:
            if self._aliases.newest.get(arn) is None:
                raise alias_not_found(arn)
            self._aliases.remove(arn)

    def require_room(self, aliases: Collection[Alias]) -> None:
        """Raise what stands against new aliases: AlreadyExistsException or LimitExceededException."""
        more: dict[str, int] = {}
        for alias in aliases:
            if self._aliases.newest.get(alias.arn) is not None:
                raise AlreadyExistsException(f"An alias with the name {alias.arn} already exists")
            more[alias.target_arn] = more.get(alias.target_arn, 0) + 1
        for key_arn, count in more.items():
            self._require_fewer_than_most(key_arn, count)

    def add_with_keys(self, aliases: Collection[Alias]) -> None:
        """Add aliases that come with their keys, and are visible at once as those are; there is room for them."""
        self._aliases.put({alias.arn: alias for alias in aliases}, at_once=True)

    def remove_all(self, key_arn: str) -> None:
        """Remove the aliases of a key that is deleted."""
        for alias in self._aliases.newest.all_in(indexes.aliases_of_key(key_arn)):
            self._aliases.remove(alias.arn, at_once=True)

    def _require_fewer_than_most(self, key_arn: str, more: int) -> None:
        count = self._aliases.newest.count(indexes.aliases_of_key(key_arn))
        if count + more > MAX_ALIASES_PER_KEY:
            raise LimitExceededException(
                f"Aliases per key quota for this account in this region is {MAX_ALIASES_PER_KEY}, "
                f"current usage is {count}."
            )
