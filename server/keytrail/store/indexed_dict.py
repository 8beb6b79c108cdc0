"""IndexedDict: values by their ids, and in ordered indexes, which the List operations page through.

Nothing costs more with more values than a search in a sorted list. Not thread-safe, but for `get`.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, ItemsView, Mapping, ValuesView
from typing import Generic, TypeVar

Index = tuple[object, ...]
"""The name of an index: what it is of, as in ("aliases of a key", the key's ARN)."""

Value = TypeVar("Value")


class IndexedDict(Generic[Value]):
    """Values by id. In each index, values are in the order of their ids."""

    def __init__(self, indexes_of: Callable[[Value], list[Index]]) -> None:
        """Begin empty; `indexes_of` gives the indexes that a value is in, each once."""
        self._indexes_of = indexes_of
        self._values: dict[str, Value] = {}
        self._indexes: dict[Index, list[str]] = {}

    def get(self, value_id: str) -> Value | None:
        """The value with this id, if there is one."""
        return self._values.get(value_id)

    def values(self) -> ValuesView[Value]:
        """All values, in the order in which their ids were first put."""
        return self._values.values()

    def items(self) -> ItemsView[str, Value]:
        """All ids and their values, in the same order."""
        return self._values.items()

    def page(self, index: Index, after: str, limit: int) -> list[Value]:
        """The next values in an index: at most `limit` of those whose ids come behind `after`."""
        ids = self._indexes.get(index, [])
        at = bisect_right(ids, after)
        return [self._values[value_id] for value_id in ids[at : at + limit]]

    def all_in(self, index: Index) -> list[Value]:
        """All values in an index."""
        return [self._values[value_id] for value_id in self._indexes.get(index, ())]

    def count(self, index: Index) -> int:
        """How many values are in an index."""
        return len(self._indexes.get(index, ()))

    def put(self, values: Mapping[str, Value]) -> None:
        """Put values, new or changed, by their ids. All at once: `get` in another thread finds all or none of them."""
        added: dict[Index, list[str]] = {}
        for value_id, value in values.items():
            before = self._values.get(value_id)
            was, is_now = self._indexes_of(before) if before is not None else [], self._indexes_of(value)
            if was == is_now:
                continue
            for index in was:
                if index not in is_now:
                    self._take_out(index, value_id)
            for index in is_now:
                if index not in was:
                    added.setdefault(index, []).append(value_id)
        self._values.update(values)
        for index, ids in added.items():
            ordered = self._indexes.setdefault(index, [])
            if len(ids) == 1:
                insort(ordered, ids[0])
            else:  # for many, sorting once is faster
                ordered += ids
                ordered.sort()

    def remove(self, value_id: str) -> Value:
        """Remove the value with this id and give it; raises KeyError if there is none."""
        value = self._values.pop(value_id)
        for index in self._indexes_of(value):
            self._take_out(index, value_id)
        return value

    def copy(self) -> "IndexedDict[Value]":
        """A copy that later changes of this one do not touch; the values are the same objects."""
        copy = IndexedDict(self._indexes_of)
        copy._values = dict(self._values)
        copy._indexes = {index: ids.copy() for index, ids in self._indexes.items()}
        return copy

    def _take_out(self, index: Index, value_id: str) -> None:
        ids = self._indexes[index]
        del ids[bisect_left(ids, value_id)]
        if not ids:
            del self._indexes[index]
