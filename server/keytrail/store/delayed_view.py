"""DelayedView: the store as it is seen while changes are still on their way.

KMS is eventually consistent: what a call changes shows to reads and to authorization some time later, and a write
meets the newest value all the same. Source: KMS Developer Guide, "AWS KMS eventual consistency" and "Grant eventual
consistency".
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from keytrail.domain.alias import Alias
from keytrail.domain.arn import KeyIdentifier, alias_arn
from keytrail.domain.grant import Grant
from keytrail.domain.key import Key
from keytrail.errors import NotFoundException

if TYPE_CHECKING:
    from keytrail.store.grant_index import Grants
    from keytrail.store.store import Store

_Value = TypeVar("_Value")
_Clock = Callable[[], datetime]


class History(Generic[_Value]):
    """What was, of the values that have changed lately, each until the moment when the change shows."""

    def __init__(self, delay: timedelta, now: _Clock) -> None:
        """Hide each change for `delay` by this clock."""
        self._delay = delay
        self._now = now
        self._were: dict[str, tuple[tuple[datetime, _Value | None], ...]] = {}
        self._ends: deque[tuple[datetime, str]] = deque()

    def note(self, name: str, was: _Value | None) -> None:
        """A value is changed just now; None: it was not there. Under the store's lock."""
        now = self._now()
        while self._ends and self._ends[0][0] <= now:
            self._drop(self._ends.popleft()[1], now)
        until = now + self._delay
        self._were[name] = (*self._were.get(name, ()), (until, was))
        self._ends.append((until, name))

    def seen(self, name: str, newest: _Value | None) -> _Value | None:
        """The value as it is seen."""
        were = self._were.get(name)
        if were is None:
            return newest
        now = self._now()
        return next((was for until, was in were if until > now), newest)

    def hidden(self) -> dict[str, _Value | None]:
        """The values whose newest is not seen: what is seen of each instead. Under the store's lock."""
        now = self._now()
        pairs = ((name, [was for until, was in were if until > now]) for name, were in self._were.items())
        return {name: were[0] for name, were in pairs if were}

    def clear(self) -> None:
        """Let all changes show."""
        self._were, self._ends = {}, deque()

    def _drop(self, name: str, now: datetime) -> None:
        left = tuple(entry for entry in self._were.get(name, ()) if entry[0] > now)
        if left:
            self._were[name] = left
        else:
            self._were.pop(name, None)


class DelayedView:
    """Reads a store as Store's own methods of these names do, less what has changed within the delay.

    New keys show at once, as CreateKey's answer promises, and what time brings does too.
    """

    def __init__(self, store: "Store", delay: timedelta, now: _Clock) -> None:
        """Look at a store."""
        self._store = store
        self.keys: History[Key] = History(delay, now)
        self.aliases: History[Alias] = History(delay, now)
        self.grants = DelayedGrants(store.grants, delay, now)

    def clear(self) -> None:
        """Let all changes show."""
        for history in (self.keys, self.aliases, self.grants.history):
            history.clear()

    def of(self, key: Key) -> Key:
        """A key as it is seen."""
        return self.keys.seen(key.arn, key) or key

    def key(self, account: str, region: str, key_id: str) -> Key | None:
        """The key with this id, if there is one."""
        key = self._store.key(account, region, key_id)
        return self.of(key) if key is not None else None

    def alias(self, account: str, region: str, name: str) -> Alias | None:
        """The alias with this name (`alias/` included), if there is one."""
        return self.aliases.seen(alias_arn(region, account, name), self._store.alias(account, region, name))

    def named(self, name: KeyIdentifier) -> Key | None:
        """The key that an identifier names, by its id or by an alias of it, if there is one."""
        if name.alias is None:
            key = self._store.named(name)
            return self.of(key) if key is not None else None
        alias = self.alias(name.account, name.region, name.alias)
        return self.key(name.account, name.region, alias.target_key_id) if alias is not None else None

    def require_named(self, name: KeyIdentifier) -> Key:
        """The key that an identifier names; raises NotFoundException in AWS's words."""
        key = self.named(name)
        if key is not None:
            return key
        if name.alias is None:
            return self._store.require_named(name)
        raise NotFoundException(f"Alias {name.arn} is not found.")

    def keys_with_id(self, region: str, key_id: str) -> Iterator[Key]:
        """The keys with this id in a Region, whichever accounts own them (nearly always one, at most)."""
        return map(self.of, self._store.keys_with_id(region, key_id))

    def aliases_after(self, account: str, region: str, after: str, limit: int) -> list[Alias]:
        """The next aliases in the order of their names: at most `limit` of those behind `after`."""
        with self._store.frozen():
            hidden = self.aliases.hidden()
            newest = self._store.aliases_after(account, region, after, limit + len(hidden))
        there = (alias for alias in hidden.values() if alias is not None)
        return _merged(newest, hidden, [a for a in there if (a.account, a.region) == (account, region)], after, limit)

    def aliases_of_after(self, key: Key, after: str, limit: int) -> list[Alias]:
        """The same of one key's aliases."""
        with self._store.frozen():
            hidden = self.aliases.hidden()
            newest = self._store.aliases_of_after(key, after, limit + len(hidden))
        there = (alias for alias in hidden.values() if alias is not None)
        place = (key.account, key.region, key.key_id)
        return _merged(
            newest, hidden, [a for a in there if (a.account, a.region, a.target_key_id) == place], after, limit
        )


class DelayedGrants:
    """Reads a shelf of grants in the same way."""

    def __init__(self, shelf: "Grants", delay: timedelta, now: _Clock) -> None:
        """Look at a shelf."""
        self._shelf = shelf
        self.history: History[Grant] = History(delay, now)

    def hides(self, grant: Grant) -> bool:
        """Whether a grant is so new that it is seen by none but those who bring a token of it."""
        return self.history.seen(grant.grant_id, grant) is None

    def grant(self, key_arn: str, grant_id: str) -> Grant | None:
        """The grant of a key with this id, if there is one."""
        grant = self.history.seen(grant_id, self._shelf.grant(key_arn, grant_id))
        return grant if grant is not None and grant.key_arn == key_arn else None

    def lingering(self, key_arn: str, *, grantee: str = "", service: str = "") -> list[Grant]:
        """The grants of a key to somebody that are taken away, and seen none the less."""
        hidden = self._hidden()
        there = (grant for grant in hidden.values() if grant is not None)
        return [grant for grant in there if _is_to(grant, key_arn, grantee, service)]

    def of_key_after(
        self, key_arn: str, after: str, limit: int, *, grantee: str = "", service: str = ""
    ) -> list[Grant]:
        """The next grants of a key: at most `limit` of those behind the place `after`, of one grantee if named."""
        hidden = self._hidden()
        newest = self._shelf.of_key_after(key_arn, after, limit + len(hidden), grantee=grantee, service=service)
        there = (grant for grant in hidden.values() if grant is not None)
        mine = [grant for grant in there if _is_to(grant, key_arn, grantee, service)]
        return _merged_grants(newest, hidden, mine, after, limit)

    def retirable_after(
        self, region: str, after: str, limit: int, *, principal: str = "", service: str = ""
    ) -> list[Grant]:
        """The next grants in a Region, whichever keys they are of, that a principal or a service is to retire."""
        hidden = self._hidden()
        newest = self._shelf.retirable_after(region, after, limit + len(hidden), principal=principal, service=service)
        there = (grant for grant in hidden.values() if grant is not None and grant.region == region)
        mine = [
            grant
            for grant in there
            if (grant.retiring_principal == principal if principal else grant.retiring_service_principal == service)
        ]
        return _merged_grants(newest, hidden, mine, after, limit)

    def _hidden(self) -> dict[str, Grant | None]:
        with self._shelf.frozen():
            return self.history.hidden()


def _is_to(grant: Grant, key_arn: str, grantee: str, service: str) -> bool:
    if grant.key_arn != key_arn:
        return False
    if grantee:
        return grant.grantee_principal == grantee
    return not service or grant.grantee_service_principal == service


def _merged(
    newest: Iterable[Alias], hidden: dict[str, Alias | None], seen: list[Alias], after: str, limit: int
) -> list[Alias]:
    shown = [alias for alias in newest if alias.arn not in hidden]
    shown += [alias for alias in seen if alias.name > after]
    return sorted(shown, key=lambda alias: alias.name)[:limit]


def _merged_grants(
    newest: Iterable[Grant], hidden: dict[str, Grant | None], seen: list[Grant], after: str, limit: int
) -> list[Grant]:
    shown = [grant for grant in newest if grant.grant_id not in hidden]
    shown += [grant for grant in seen if grant.place > after]
    return sorted(shown, key=lambda grant: grant.place)[:limit]
