"""The multi-Region sets of a store: where the keys related to each other are.

Part of Store, and under its lock.
"""

from collections.abc import Iterable

from keytrail.domain.key import Key
from keytrail.domain.multi_region import MultiRegionSet

Place = tuple[str, str]
"""An account and the id that the keys of a set share."""


class MultiRegionSets:
    """The multi-Region sets of every account."""

    def __init__(self) -> None:
        """Begin empty."""
        self._sets: dict[Place, MultiRegionSet] = {}

    # Reading

    def has(self, account: str, key_id: str) -> bool:
        """Whether there is a multi-Region key with this id in some Region."""
        return (account, key_id) in self._sets

    def of_key(self, key: Key) -> MultiRegionSet | None:
        """Where the keys related to this one are; None for a single-Region key."""
        return self._sets.get((key.account, key.key_id)) if key.multi_region else None

    def primary_region(self, key: Key) -> str:
        """The Region of the primary key of a multi-Region key."""
        return self._sets[key.account, key.key_id].primary

    def with_replica(self, replica: Key) -> tuple[Place, MultiRegionSet]:
        """A set as it is with a new replica, and its place."""
        place = (replica.account, replica.key_id)
        return place, self._sets[place].with_replica(replica.region)

    # Changing

    def add(self, sets: Iterable[tuple[Place, MultiRegionSet]]) -> None:
        """Add new sets, or new values of them."""
        self._sets.update(sets)

    def move_primary(self, old: Key, region: str) -> None:
        """The replica in a Region became the primary key."""
        place = (old.account, old.key_id)
        self._sets[place] = self._sets[place].with_primary(region)

    def remove(self, key: Key) -> MultiRegionSet | None:
        """A key was deleted; gives what is left of its set, None if nothing is."""
        place = (key.account, key.key_id)
        members = self._sets.get(place)
        if members is None:
            return None
        if members.primary == key.region:
            del self._sets[place]
            return None
        self._sets[place] = left = members.without(key.region)
        return left

    def copy_from(self, other: "MultiRegionSets", account: str | None) -> None:
        """Become what the other is; with an account, only that account's sets do."""
        mine = {place: held for place, held in self._sets.items() if account is not None and place[0] != account}
        self._sets = mine | {place: held for place, held in other._sets.items() if account in (None, place[0])}
