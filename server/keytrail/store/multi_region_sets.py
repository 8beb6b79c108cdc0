"""MultiRegionSets: in which Regions the primary key and the replicas of each multi-Region key are.

Part of Store, with its lock.
"""

from collections.abc import Iterable

from keytrail.domain.key import Key
from keytrail.domain.multi_region import MultiRegionSet
from keytrail.journal import Note
from keytrail.store.versioned_dict import note_differences

MultiRegionSetId = tuple[str, str]
"""An account, and the key id that all keys of a set share."""


class MultiRegionSets:
    """The multi-Region sets of every account."""

    def __init__(self) -> None:
        """Begin empty."""
        self._sets: dict[MultiRegionSetId, MultiRegionSet] = {}
        self.note: Note | None = None
        """Notes each change in a journal, if there is one; ids are written as `account/key id`."""

    # Reading

    def all(self) -> dict[str, MultiRegionSet]:
        """All sets, by `account/key id`."""
        return {"/".join(set_id): value for set_id, value in self._sets.items()}

    def has(self, account: str, key_id: str) -> bool:
        """Whether there is a multi-Region key with this id in some Region."""
        return (account, key_id) in self._sets

    def of_key(self, key: Key) -> MultiRegionSet | None:
        """The set of a multi-Region key; None for a single-Region key."""
        return self._sets.get((key.account, key.key_id)) if key.multi_region else None

    def is_replica(self, key: Key) -> bool:
        """Whether the key is a replica of a primary key in another Region."""
        members = self.of_key(key)
        return members is not None and members.primary != key.region

    def is_replicated(self, key: Key) -> bool:
        """Whether the key is a primary key with replicas in other Regions."""
        members = self.of_key(key)
        return members is not None and members.primary == key.region and bool(members.replicas)

    def primary_region(self, key: Key) -> str:
        """The Region of the primary key of a multi-Region key."""
        return self._sets[key.account, key.key_id].primary

    def with_replica(self, replica: Key) -> tuple[MultiRegionSetId, MultiRegionSet]:
        """The id of the set that a new replica joins, and the set's new value. Changes nothing."""
        set_id = (replica.account, replica.key_id)
        return set_id, self._sets[set_id].with_replica(replica.region)

    # Changing

    def add(self, sets: Iterable[tuple[MultiRegionSetId, MultiRegionSet]]) -> None:
        """Add sets, or replace them by new values."""
        for set_id, value in sets:
            self._put(set_id, value)

    def _put(self, set_id: MultiRegionSetId, value: MultiRegionSet | None) -> None:
        if self.note is not None:
            self.note("/".join(set_id), value)
        if value is not None:
            self._sets[set_id] = value
        else:
            del self._sets[set_id]

    def move_primary(self, old: Key, region: str) -> None:
        """Make the replica in a Region the primary key."""
        set_id = (old.account, old.key_id)
        self._put(set_id, self._sets[set_id].with_primary(region))

    def remove(self, key: Key) -> MultiRegionSet | None:
        """Remove a deleted key from its set; returns the rest of the set, None if nothing is left or it was in none."""
        set_id = (key.account, key.key_id)
        members = self._sets.get(set_id)
        if members is None:
            return None
        if members.primary == key.region:
            self._put(set_id, None)
            return None
        rest = members.without(key.region)
        self._put(set_id, rest)
        return rest

    def restore(self, other: "MultiRegionSets", account: str | None) -> None:
        """Become a copy of `other`; with an account, only that account's sets do."""
        before = self.all() if self.note is not None else {}
        if account is None:
            self._sets = other._sets.copy()
        else:
            kept = {set_id: value for set_id, value in self._sets.items() if set_id[0] != account}
            self._sets = kept | {set_id: value for set_id, value in other._sets.items() if set_id[0] == account}
        if self.note is not None:
            note_differences(self.note, before, self.all())
