"""Grants: adds and removes the grants of a store, and their tokens. Part of Store, with its lock."""

from collections import Counter
from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import NamedTuple

from keytrail.domain.grant import MAX_GRANTS_PER_KEY, Grant
from keytrail.domain.refusals import grant_not_found, resource_quota_exceeded
from keytrail.journal import Note
from keytrail.store import indexes
from keytrail.store.versioned_dict import VersionedDict, note_differences


class GrantWithTokens(NamedTuple):
    """A grant, and its tokens in the order in which they were given."""

    grant: Grant
    tokens: tuple[str, ...]


class Grants:
    """The grants of every key, and their tokens.

    A token works as soon as CreateGrant returns it. Its purpose is to use a grant that is not visible yet.
    """

    def __init__(self, grants: VersionedDict[Grant], lock: AbstractContextManager[bool]) -> None:
        """Change `grants`, whose ids are their sort keys, under the store's lock."""
        self._grants = grants
        self._lock = lock
        self.note: Note | None = None
        """Notes each change in a journal, if there is one."""
        self._ids: dict[str, str] = {}
        """The ids of grants in the store, by their tokens."""
        self._tokens: dict[str, tuple[str, ...]] = {}
        """The tokens of grants, by their ids in the store."""

    def by_token(self, token: str, region: str) -> Grant | None:
        """The newest value of the grant in a Region that has this token, if there is one. Takes no lock."""
        grant = self._grants.newest.get(self._ids.get(token, ""))
        return grant if grant is not None and grant.region == region else None

    def tokens_of(self, grant: Grant) -> tuple[str, ...]:
        """The tokens of a grant, the first one first; none if the grant is gone."""
        with self._lock:
            return tuple(self._tokens.get(grant.sort_key, ()))

    def has(self, grant_id: str, token: str) -> bool:
        """Whether there is a grant with this id, or with this token."""
        with self._lock:
            return self._grants.newest.count(indexes.grants_with_id(grant_id)) > 0 or token in self._ids

    def add(self, grant: Grant, token: str, *, dry_run: bool = False) -> Grant:
        """Add a grant with a token, and return it.

        If there is a grant with the same name and parameters, return that one, with one more token. `dry_run`: change
        nothing. Raises LimitExceededException.
        """
        with self._lock:
            same = self._grants.newest.all_in(indexes.same_grants(grant.parameters)) if grant.name else []
            if same:
                grant = same[0]
            else:
                self._require_room(grant.key_arn, 1)
            if not dry_run:
                self._note(grant, token)
                if not same:
                    self._grants.put({grant.sort_key: grant})
                self._add_token(grant, token)
            return grant

    def remove(self, grant: Grant, *, dry_run: bool = False) -> None:
        """Remove a grant and its tokens; `dry_run`: change nothing. Raises NotFoundException."""
        with self._lock:
            if self._grants.newest.get(grant.sort_key) is None:
                raise grant_not_found(grant.grant_id)
            if not dry_run:
                self._remove(grant)

    def require_addable(self, grants: Collection[Grant]) -> None:
        """Raise LimitExceededException if a key would have too many grants with these. Needs the lock."""
        for key_arn, more in Counter(grant.key_arn for grant in grants).items():
            self._require_room(key_arn, more)

    def add_with_keys(self, grants: Collection[tuple[Grant, str]]) -> None:
        """Add grants with their keys, visible at once. Needs the lock, and `require_addable` before."""
        for grant, token in grants:
            self._note(grant, token)
        self._grants.put({grant.sort_key: grant for grant, _ in grants}, at_once=True)
        for grant, token in grants:
            self._add_token(grant, token)

    def remove_all(self, key_arn: str) -> None:
        """Remove the grants of a key that is being deleted. Needs the lock."""
        for grant in self._grants.newest.all_in(indexes.grants_of_key(key_arn)):
            self._remove(grant, at_once=True)

    def restore(self, other: "Grants", account: str | None) -> None:
        """Become a copy of `other`; with an account, only the grants on that account's keys do. Needs the lock."""
        ours, theirs = self._grants.newest, other._grants.newest
        before = self.with_tokens() if self.note is not None else {}
        if account is None:
            ids, tokens = other._ids.copy(), other._tokens.copy()
        else:
            kept = (grant.sort_key for grant in ours.values() if grant.account != account)
            taken = (grant.sort_key for grant in theirs.values() if grant.account == account)
            tokens = {sort_key: self._tokens[sort_key] for sort_key in kept}
            tokens |= {sort_key: other._tokens[sort_key] for sort_key in taken}
            ids = {token: sort_key for sort_key, its_tokens in tokens.items() for token in its_tokens}
        self._grants.restore(other._grants, account)
        self._ids, self._tokens = ids, tokens
        if self.note is not None:
            note_differences(self.note, before, self.with_tokens())

    def with_tokens(self) -> dict[str, GrantWithTokens]:
        """All grants with their tokens, by their ids in the store. Needs the lock."""
        grants = self._grants.newest.items()
        return {sort_key: GrantWithTokens(grant, self._tokens[sort_key]) for sort_key, grant in grants}

    def put_all(self, grants: Collection[GrantWithTokens]) -> None:
        """Put grants that were read from a data folder. Needs the lock."""
        self._grants.put({grant.sort_key: grant for grant, _ in grants}, at_once=True)
        for grant, tokens in grants:
            for token in tokens:
                self._add_token(grant, token)

    def _note(self, grant: Grant, token: str) -> None:
        """Note that a grant gets one more token."""
        if self.note is not None:
            tokens = (*self._tokens.get(grant.sort_key, ()), token)
            self.note(grant.sort_key, GrantWithTokens(grant, tokens))

    def _require_room(self, key_arn: str, more: int) -> None:
        usage = self._grants.newest.count(indexes.grants_of_key(key_arn))
        if usage + more > MAX_GRANTS_PER_KEY:
            raise resource_quota_exceeded("Grants per key", MAX_GRANTS_PER_KEY, usage)

    def _add_token(self, grant: Grant, token: str) -> None:
        self._ids[token] = grant.sort_key
        self._tokens[grant.sort_key] = (*self._tokens.get(grant.sort_key, ()), token)

    def _remove(self, grant: Grant, *, at_once: bool = False) -> None:
        if self.note is not None:
            self.note(grant.sort_key, None)
        self._grants.remove(grant.sort_key, at_once=at_once)
        for token in self._tokens.pop(grant.sort_key):
            del self._ids[token]
