"""The aliases of a store, in the orders in which lists give them.

Part of Store, and under its lock.
"""

from bisect import insort
from contextlib import AbstractContextManager
from datetime import datetime

from keytrail.domain.alias import MAX_ALIASES_PER_KEY, Alias
from keytrail.domain.arn import alias_arn, key_arn
from keytrail.domain.key import Key
from keytrail.errors import AlreadyExistsException, LimitExceededException, NotFoundException
from keytrail.store.delayed_view import History
from keytrail.store.ordered import discard, page


class Aliases:
    """The aliases of every account and Region, and which key each names."""

    def __init__(self, lock: AbstractContextManager[bool]) -> None:
        """Begin empty, under the store's lock."""
        self._lock = lock
        self.late: History[Alias] | None = None
        """Who sees changes late, if anybody does."""
        self._aliases: dict[str, Alias] = {}
        self._names: dict[tuple[str, str], list[str]] = {}
        self._names_of: dict[str, list[str]] = {}

    # Reading

    def get(self, arn: str) -> Alias | None:
        """The alias with this ARN, if there is one."""
        return self._aliases.get(arn)

    def require(self, arn: str) -> Alias:
        """The alias with this ARN; raises NotFoundException in AWS's words."""
        alias = self._aliases.get(arn)
        if alias is None:
            raise NotFoundException(f"Alias {arn} is not found.")
        return alias

    def require_new(self, alias: Alias) -> None:
        """Raise AlreadyExistsException if there is an alias of this name."""
        if alias.arn in self._aliases:
            raise AlreadyExistsException(f"An alias with the name {alias.arn} already exists")

    def after(self, account: str, region: str, after: str, limit: int) -> list[Alias]:
        """The next aliases in the order of their names: at most `limit` of those behind `after`."""
        with self._lock:
            names = page(self._names.get((account, region), []), after, limit)
            return [self._aliases[alias_arn(region, account, name)] for name in names]

    def of_key_after(self, key: Key, after: str, limit: int) -> list[Alias]:
        """The same of one key's aliases."""
        with self._lock:
            names = page(self._names_of.get(key.arn, []), after, limit)
            return [self._aliases[alias_arn(key.region, key.account, name)] for name in names]

    # Changing

    def add(self, alias: Alias, *, is_new_key: bool = False) -> None:
        """Add an alias; raises AlreadyExistsException or LimitExceededException.

        `is_new_key`: its key came with it, and shows at once; so does the alias.
        """
        with self._lock:
            self.require_new(alias)
            self._point(alias)
            insort(self._names.setdefault((alias.account, alias.region), []), alias.name)
            if self.late is not None and not is_new_key:
                self.late.note(alias.arn, None)

    def point(self, alias: Alias, key: Key, now: datetime) -> None:
        """Let an alias name another key; raises NotFoundException or LimitExceededException."""
        with self._lock:
            current = self.require(alias.arn)
            if self.late is not None:
                self.late.note(alias.arn, current)
            if current.target_key_id != key.key_id:
                self._point(current.point_to(key.key_id, now))
                self._unpoint(current)
            else:
                self._aliases[alias.arn] = current.point_to(key.key_id, now)

    def remove(self, arn: str) -> Alias:
        """Remove an alias and give it; raises NotFoundException."""
        with self._lock:
            alias = self.require(arn)
            if self.late is not None:
                self.late.note(arn, alias)
            self._unpoint(alias)
            del self._aliases[arn]
            discard(self._names[alias.account, alias.region], alias.name)
            return alias

    def remove_all(self, key: Key) -> None:
        """Remove the aliases of a key that is deleted."""
        for name in list(self._names_of.get(key.arn, [])):
            self.remove(alias_arn(key.region, key.account, name))

    def copy_from(self, other: "Aliases", account: str | None) -> None:
        """Become what the other is; with an account, only that account's aliases do."""
        mine = [alias for alias in self._aliases.values() if account is not None and alias.account != account]
        held = mine + [alias for alias in other._aliases.values() if account in (None, alias.account)]
        self._aliases = {alias.arn: alias for alias in held}
        self._names, self._names_of = {}, {}
        for alias in sorted(held, key=lambda alias: alias.name):
            self._names.setdefault((alias.account, alias.region), []).append(alias.name)
            self._names_of.setdefault(_target(alias), []).append(alias.name)

    # Under the lock

    def _point(self, alias: Alias) -> None:
        names = self._names_of.setdefault(_target(alias), [])
        if len(names) >= MAX_ALIASES_PER_KEY:
            raise LimitExceededException(
                f"Aliases per key quota for this account in this region is {MAX_ALIASES_PER_KEY}, "
                f"current usage is {len(names)}."
            )
        insort(names, alias.name)
        self._aliases[alias.arn] = alias

    def _unpoint(self, alias: Alias) -> None:
        target = _target(alias)
        discard(self._names_of[target], alias.name)
        if not self._names_of[target]:
            del self._names_of[target]


def _target(alias: Alias) -> str:
    return key_arn(alias.region, alias.account, alias.target_key_id)
