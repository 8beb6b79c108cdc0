"""What may be done to the grants of a store, and their tokens. Part of Store, and under its lock."""

from collections.abc import Collection
from contextlib import AbstractContextManager

from keytrail.domain.grant import MAX_GRANTS_PER_KEY, Grant
from keytrail.errors import LimitExceededException, NotFoundException
from keytrail.store import indexes
from keytrail.store.versioned_dict import VersionedDict


class Grants:
    """The grants of every key. A token counts from the moment when it is made: that is what it is for."""

    def __init__(self, grants: VersionedDict[Grant], lock: AbstractContextManager[bool]) -> None:
        """Change these, by their places, under the store's lock."""
        self._grants = grants
        self._lock = lock
        self._places: dict[str, str] = {}
        """The places of grants, by their tokens."""
        self._tokens: dict[str, list[str]] = {}
        """The tokens of grants, by their places."""

    def by_token(self, token: str, region: str) -> Grant | None:
        """The newest value of the grant in a Region that a token is of, if there is one."""
        grant = self._grants.newest.get(self._places.get(token, ""))
        return grant if grant is not None and grant.region == region else None

    def has(self, grant_id: str, token: str) -> bool:
        """Whether there is a grant with this id, or with this token."""
        return self._grants.newest.count(indexes.grants_with_id(grant_id)) > 0 or token in self._places

    def add(self, grant: Grant, token: str, *, dry_run: bool = False) -> Grant:
        """Add a grant with a token; gives the one of the same name and parameters, with one more token, if there is.

        `dry_run`: change nothing. Raises LimitExceededException.
        """
        with self._lock:
            same = self._grants.newest.all_in(indexes.same_grants(grant.parameters)) if grant.name else []
            if same:
                grant = same[0]
            else:
                self._require_fewer_than_most(grant.key_arn, 1)
            if not dry_run:
                if not same:
                    self._grants.put({grant.place: grant})
                self._add_token(grant, token)
            return grant

    def remove(self, grant: Grant, *, dry_run: bool = False) -> None:
        """Remove a grant and its tokens; `dry_run`: change nothing. Raises NotFoundException."""
        with self._lock:
            if self._grants.newest.get(grant.place) is None:
                raise NotFoundException(f"Grant '{grant.grant_id}' does not exist")  # unverified: the words
            if not dry_run:
                self._remove(grant)

    def require_room(self, grants: Collection[Grant]) -> None:
        """Raise LimitExceededException if keys would have too many grants with these."""
        more: dict[str, int] = {}
        for grant in grants:
            more[grant.key_arn] = more.get(grant.key_arn, 0) + 1
        for key_arn, count in more.items():
            self._require_fewer_than_most(key_arn, count)

    def add_with_keys(self, grants: Collection[tuple[Grant, str]]) -> None:
        """Add grants that come with their keys, and are visible at once as those are; there is room for them."""
        self._grants.put({grant.place: grant for grant, _ in grants}, at_once=True)
        for grant, token in grants:
            self._add_token(grant, token)

    def remove_all(self, key_arn: str) -> None:
        """Remove the grants of a key that is deleted."""
        for grant in self._grants.newest.all_in(indexes.grants_of_key(key_arn)):
            self._remove(grant, at_once=True)

    def restore(self, other: "Grants", account: str | None) -> None:
        """Become what the other is; with an account, only the grants of that account's keys do."""
        ours, theirs = self._grants.newest, other._grants.newest
        kept = [] if account is None else [grant for grant in ours.values() if grant.account != account]
        taken = [grant for grant in theirs.values() if account in (None, grant.account)]
        tokens = [(grant, tuple(self._tokens[grant.place])) for grant in kept]
        tokens += [(grant, tuple(other._tokens[grant.place])) for grant in taken]
        self._grants.restore(other._grants, account)
        self._places, self._tokens = {}, {}
        for grant, its_tokens in tokens:
            for token in its_tokens:
                self._add_token(grant, token)

    def _require_fewer_than_most(self, key_arn: str, more: int) -> None:
        count = self._grants.newest.count(indexes.grants_of_key(key_arn))
        if count + more > MAX_GRANTS_PER_KEY:
            # unverified: the words
            raise LimitExceededException(
                f"Grants per key quota for this account in this region is {MAX_GRANTS_PER_KEY}, "
                f"current usage is {count}."
            )

    def _add_token(self, grant: Grant, token: str) -> None:
        self._places[token] = grant.place
        self._tokens.setdefault(grant.place, []).append(token)

    def _remove(self, grant: Grant, *, at_once: bool = False) -> None:
        self._grants.remove(grant.place, at_once=at_once)
        for token in self._tokens.pop(grant.place):
            del self._places[token]
