"""Schedule: when the keys, or the custom key stores, of a store change by themselves. Part of Store, with its lock."""

import heapq
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Generic, TypeVar

_Value = TypeVar("_Value")

Due = tuple[datetime, str]
"""A moment at which a value may change by itself, and the value's id."""


class Schedule(Generic[_Value]):
    """When values change by themselves, the earliest moment first. It is a heap, so more values make no call slower.

    An entry may be out of date, because its value has changed or is gone. Whoever pops it looks at the newest value.
    """

    def __init__(self, due_of: Callable[[_Value], Iterable[Due]]) -> None:
        """Begin empty; `due_of` returns the moments at which a value changes by itself, with its id."""
        self._due_of = due_of
        self._heap: list[Due] = []
        self.next: datetime | None = None
        """The earliest moment. It is read without the lock while the heap changes, so it is a field of its own."""

    def note(self, value: _Value, all_values: Collection[_Value]) -> None:
        """Note when a new or changed value changes by itself. Entries of its older values stay, and are out of date."""
        for due in self._due_of(value):
            heapq.heappush(self._heap, due)
            self.next = due[0] if self.next is None else min(self.next, due[0])
        if len(self._heap) > 6 * len(all_values) + 64:  # most are out of date: cancelled deletions, for example
            self._build(all_values)

    def pop(self, now: datetime) -> Due | None:
        """Remove and return the earliest entry that is due by now; None if there is none.

        `next` does not change until `look_ahead`, so other threads wait at the lock until all that is due has happened.
        """
        return heapq.heappop(self._heap) if self._heap and self._heap[0][0] <= now else None

    def look_ahead(self) -> None:
        """Set `next` to the earliest moment, after all that was due has happened."""
        self.next = self._heap[0][0] if self._heap else None

    def restore(self, other: "Schedule[_Value]", account: str | None = None) -> None:
        """Become a copy of `other`; with an account, only for values with an ARN in that account."""
        if account is None:
            self._heap = other._heap.copy()
        else:
            owner = f":{account}:"
            kept = [due for due in self._heap if owner not in due[1]]
            self._heap = kept + [due for due in other._heap if owner in due[1]]
            heapq.heapify(self._heap)
        self.look_ahead()

    def rebuild(self, all_values: Collection[_Value]) -> None:
        """Forget all entries, and note when each of these values changes by itself."""
        self._build(all_values)
        self.look_ahead()

    def _build(self, all_values: Collection[_Value]) -> None:
        self._heap = [due for value in all_values for due in self._due_of(value)]
        heapq.heapify(self._heap)
