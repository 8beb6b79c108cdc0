"""The grants of a store, in the orders in which lists give them.

Part of Store, and under its lock. Nothing here costs more with more grants than a search in a sorted list does.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from contextlib import AbstractContextManager

from keytrail.domain.grant import MAX_GRANTS_PER_KEY, Grant, looks_at_context
from keytrail.errors import LimitExceededException, NotFoundException
from keytrail.store.delayed_view import DelayedGrants

_Index = tuple[str, str, str]
"""A list of grants: its kind, whose it is (a key's ARN; a Region), and the principal in it."""


class Grants:
    """The grants of every key, and their tokens."""

    def __init__(self, lock: AbstractContextManager[bool]) -> None:
        """Begin empty, under the store's lock."""
        self._lock = lock
        self.late: DelayedGrants | None = None
        """Who sees changes late, if anybody does."""
        self._grants: dict[str, Grant] = {}
        self._tokens: dict[str, str] = {}
        self._tokens_of: dict[str, list[str]] = {}
        self._same: dict[tuple[object, ...], str] = {}
        self._places: dict[_Index, list[str]] = {}

    # Reading

    def grant(self, key_arn: str, grant_id: str) -> Grant | None:
        """The grant of a key with this id, if there is one."""
        grant = self._grants.get(grant_id)
        return grant if grant is not None and grant.key_arn == key_arn else None

    def by_token(self, token: str, region: str) -> Grant | None:
        """The grant of a Region that the token is of, if there is one."""
        grant = self._grants.get(self._tokens.get(token, ""))
        return grant if grant is not None and grant.region == region else None

    def hides(self, grant: Grant) -> bool:
        """Whether a grant is so new that it is seen by none but those who bring a token of it."""
        return False

    def lingering(self, key_arn: str, *, grantee: str = "", service: str = "") -> list[Grant]:
        """The grants of a key to somebody that are taken away, and seen none the less."""
        return []

    def frozen(self) -> AbstractContextManager[bool]:
        """While one is inside, nothing changes."""
        return self._lock

    def has(self, grant_id: str, token: str) -> bool:
        """Whether there is a grant with this id, or with this token."""
        return grant_id in self._grants or token in self._tokens

    def of_key_after(
        self, key_arn: str, after: str, limit: int, *, grantee: str = "", service: str = ""
    ) -> list[Grant]:
        """The next grants of a key: at most `limit` of those behind the place `after`, of one grantee if named."""
        index = ("grantee", key_arn, grantee) if grantee else ("service", key_arn, service)
        return self._after(index if grantee or service else ("key", key_arn, ""), after, limit)

    def usable_after(
        self, key_arn: str, after: str, limit: int, *, grantee: str, operation: str, pair: tuple[str, str] | None
    ) -> list[Grant]:
        """The next grants of a key that let a principal or service do an operation, under constraints of one kind.

        `pair`: the first one of the encryption context that they ask for; None: they ask for none, or the operation
        does not look at it.
        """
        return self._after(_usable(key_arn, grantee, operation, pair), after, limit)

    def retirable_after(
        self, region: str, after: str, limit: int, *, principal: str = "", service: str = ""
    ) -> list[Grant]:
        """The next grants in a Region, whichever keys they are of, that a principal or a service is to retire."""
        index = ("retiring", region, principal) if principal else ("retiring service", region, service)
        return self._after(index, after, limit)

    def _after(self, index: _Index, after: str, limit: int) -> list[Grant]:
        with self._lock:
            places = self._places.get(index, [])
            at = bisect_right(places, after)
            return [self._grants[place.rpartition("/")[2]] for place in places[at : at + limit]]

    # Changing

    def add(self, grant: Grant, token: str, *, rehearsed: bool = False) -> Grant:
        """Add a grant with a token; gives the one of the same name and parameters, with one more token, if there is.

        `rehearsed`: change nothing. Raises LimitExceededException.
        """
        with self._lock:
            same = self._same.get(grant.parameters) if grant.name else None
            count = len(self._places.get(("key", grant.key_arn, ""), ()))
            if same is None and count >= MAX_GRANTS_PER_KEY:
                # unverified: the words
                raise LimitExceededException(
                    f"Grants per key quota for this account in this region is {MAX_GRANTS_PER_KEY}, "
                    f"current usage is {count}."
                )
            if not rehearsed:
                if same is None:
                    self._put(grant)
                self._give(same or grant.grant_id, token)
            return self._grants[same] if same is not None else grant

    def remove(self, grant: Grant, *, rehearsed: bool = False) -> None:
        """Take a grant and its tokens away; `rehearsed`: change nothing. Raises NotFoundException."""
        with self._lock:
            if grant.grant_id not in self._grants:
                raise NotFoundException(f"Grant '{grant.grant_id}' does not exist")  # unverified: the words
            if rehearsed:
                return
            if self.late is not None:
                self.late.history.note(grant.grant_id, grant)
            del self._grants[grant.grant_id]
            if grant.name:
                self._same.pop(grant.parameters, None)
            for token in self._tokens_of.pop(grant.grant_id, ()):
                del self._tokens[token]
            for index in _indexes(grant):
                places = self._places[index]
                del places[bisect_left(places, grant.place)]
                if not places:
                    del self._places[index]

    def remove_all(self, key_arn: str) -> None:
        """Take away all grants of a key that is deleted."""
        with self._lock:
            for place in list(reversed(self._places.get(("key", key_arn, ""), ()))):
                self.remove(self._grants[place.rpartition("/")[2]])

    def copy_from(self, other: "Grants", account: str | None) -> None:
        """Become what the other is; with an account, only the grants on that account's keys do."""
        mine = [] if account is None else self._held(lambda grant: grant.account != account)
        held = mine + other._held(lambda grant: account in (None, grant.account))
        self._grants, self._tokens, self._tokens_of, self._same, self._places = {}, {}, {}, {}, {}
        for grant, tokens in sorted(held, key=lambda entry: entry[0].place):
            self._put(grant)
            for token in tokens:
                self._give(grant.grant_id, token)

    # Under the lock

    def _held(self, wanted: Callable[[Grant], bool]) -> list[tuple[Grant, tuple[str, ...]]]:
        return [
            (grant, tuple(self._tokens_of.get(grant_id, ())))
            for grant_id, grant in self._grants.items()
            if wanted(grant)
        ]

    def _put(self, grant: Grant) -> None:
        self._grants[grant.grant_id] = grant
        if grant.name:
            self._same[grant.parameters] = grant.grant_id
        for index in _indexes(grant):
            insort(self._places.setdefault(index, []), grant.place)

    def _give(self, grant_id: str, token: str) -> None:
        self._tokens[token] = grant_id
        self._tokens_of.setdefault(grant_id, []).append(token)


def _indexes(grant: Grant) -> list[_Index]:
    """The lists that a grant stands in."""
    principals = {
        ("grantee", grant.key_arn): grant.grantee_principal,
        ("service", grant.key_arn): grant.grantee_service_principal,
        ("retiring", grant.region): grant.retiring_principal,
        ("retiring service", grant.region): grant.retiring_service_principal,
    }
    named = [(*index, principal) for index, principal in principals.items() if principal is not None]
    grantee = grant.grantee_principal or grant.grantee_service_principal or ""
    usable = [
        _usable(
            grant.key_arn, grantee, operation, grant.constraints.first_pair if looks_at_context(operation) else None
        )
        for operation in set(grant.operations)
    ]
    return [("key", grant.key_arn, ""), *named, *usable]


def _usable(key_arn: str, grantee: str, operation: str, pair: tuple[str, str] | None) -> _Index:
    # The name's length keeps the pairs ("ab", "c") and ("a", "bc") apart.
    words = f"{len(pair[0])} {pair[0]}{pair[1]}" if pair is not None else ""
    return f"usable for {operation}", key_arn, f"{grantee} {words}"
