"""When keys change by themselves: deletions, expiries, rotations, the ends of Creating and Updating.

Part of Store, and under its lock.
"""

import heapq
from collections.abc import Collection
from datetime import datetime

from keytrail.domain import imported_material, key_rotation
from keytrail.domain.key import Key


class Schedule:
    """The moments at which something may be due, the next one first; a heap, so that no key costs the others."""

    def __init__(self) -> None:
        """Begin empty."""
        self._due: list[tuple[datetime, str]] = []
        self.next: datetime | None = None
        """The first moment; a value of its own, to be read without the lock while the heap changes."""

    def note(self, key: Key, all_keys: Collection[Key]) -> None:
        """Note when a new value of a key changes by itself; of an older value, the moments stay."""
        for moment in _moments(key):
            heapq.heappush(self._due, (moment, key.arn))
            self.next = moment if self.next is None else min(self.next, moment)
        if len(self._due) > 6 * len(all_keys) + 64:  # most are of deletions that were cancelled
            self._build(all_keys)

    def pop(self, now: datetime) -> tuple[datetime, str] | None:
        """The next moment that is over by now, and the ARN of the key that it was noted for.

        `next` stays as it is until `look_ahead`: others wait at the lock until all that is due has happened.
        """
        return heapq.heappop(self._due) if self._due and self._due[0][0] <= now else None

    def look_ahead(self) -> None:
        """All that was due has happened: `next` is what comes after it."""
        self.next = self._due[0][0] if self._due else None

    def rebuild(self, all_keys: Collection[Key]) -> None:
        """Note afresh when each key changes by itself."""
        self._build(all_keys)
        self.look_ahead()

    def _build(self, all_keys: Collection[Key]) -> None:
        self._due = [(moment, key.arn) for key in all_keys for moment in _moments(key)]
        heapq.heapify(self._due)


def _moments(key: Key) -> list[datetime]:
    moments = (key.deletion_date, key.settles_at, key_rotation.due(key), imported_material.due(key))
    return [moment for moment in moments if moment is not None]
