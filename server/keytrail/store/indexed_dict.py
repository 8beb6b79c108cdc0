"""IndexedDict: values by their ids, and in ordered indexes, which the List operations page through.

An index is a sorted list of ids, so a page, a change or a count costs about as much with many values as with few. Some
indexes are listed in directories, by name. Not thread-safe, except `get`.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, ItemsView, Iterator, Mapping, ValuesView
from typing import Generic, TypeVar

Index = tuple[object, ...]
"""The name of an index, such as ("aliases of key", the key's ARN)."""

Value = TypeVar("Value")


class IndexedDict(Generic[Value]):
    """Values by id. In each index, values are in the order of their ids."""

    def __init__(
        self, indexes_of: Callable[[Value], list[Index]], is_listed: Callable[[Index], bool] = lambda _: False
    ) -> None:
        """Begin empty; `indexes_of` returns the indexes that a value is in, each once.

        `is_listed`: whether an index is in a directory: `names` then gives the last part of its name, a text, under all
        other parts.
        """
        self._indexes_of = indexes_of
        self._is_listed = is_listed
        self._values: dict[str, Value] = {}
        self._indexes: dict[Index, list[str]] = {}
        self._directories: dict[Index, list[str]] = {}

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
        """The next values in an index: at most `limit` of those whose ids come after `after`."""
        ids = self._indexes.get(index, [])
        start = bisect_right(ids, after)
        return [self._values[value_id] for value_id in ids[start : start + limit]]

    def ids_after(self, index: Index, after: str) -> Iterator[str]:
        """The ids in an index that come after `after`, in order. The index must not change meanwhile."""
        ids = self._indexes.get(index, [])
        return map(ids.__getitem__, range(bisect_right(ids, after), len(ids)))

    def names(self, directory: Index, after: str | None, limit: int) -> list[str]:
        """The next names in a directory, in order: at most `limit` after `after`; None begins with the first one."""
        names = self._directories.get(directory, [])
        start = bisect_right(names, after) if after is not None else 0
        return names[start : start + limit]

    def all_in(self, index: Index) -> list[Value]:
        """All values in an index."""
        return [self._values[value_id] for value_id in self._indexes.get(index, ())]

    def count(self, index: Index) -> int:
        """How many values are in an index."""
        return len(self._indexes.get(index, ()))

    def put(self, values: Mapping[str, Value]) -> None:
        """Put values, new or changed, by their ids. In one step: `get` in another thread finds all or none of them."""
        added: dict[Index, list[str]] = {}
        for value_id, value in values.items():
            before = self._values.get(value_id)
            old = self._indexes_of(before) if before is not None else []
            new = self._indexes_of(value)
            if old == new:
                continue
            kept = set(old) & set(new)
            for index in old:
                if index not in kept:
                    self._remove_from(index, value_id)
            for index in new:
                if index not in kept:
                    added.setdefault(index, []).append(value_id)
        self._values.update(values)
        for index, ids in added.items():
            ordered = self._indexes.get(index)
            if ordered is None:
                ordered = self._indexes[index] = []
                self._enter(index)
            if len(ids) == 1:
                insort(ordered, ids[0])
            else:  # for many, sorting once is faster
                ordered += ids
                ordered.sort()

    def remove(self, value_id: str) -> Value:
        """Remove and return the value with this id; raises KeyError if there is none."""
        value = self._values.pop(value_id)
        for index in self._indexes_of(value):
            self._remove_from(index, value_id)
        return value

    def copy(self) -> "IndexedDict[Value]":
        """A copy that later changes of this one do not affect; the values are the same objects."""
        copy = IndexedDict(self._indexes_of, self._is_listed)
        copy._values = dict(self._values)
        copy._indexes = {index: ids.copy() for index, ids in self._indexes.items()}
        copy._directories = {directory: names.copy() for directory, names in self._directories.items()}
        return copy

    def _remove_from(self, index: Index, value_id: str) -> None:
        ids = self._indexes[index]
        del ids[bisect_left(ids, value_id)]
        if not ids:
            del self._indexes[index]
            self._leave(index)

    def _enter(self, index: Index) -> None:
        """Add a new index to its directory, if it has one."""
        if self._is_listed(index):
            insort(self._directories.setdefault(index[:-1], []), str(index[-1]))

    def _leave(self, index: Index) -> None:
        """Remove an index that is no more from its directory."""
        if self._is_listed(index):
            names = self._directories[index[:-1]]
            del names[bisect_left(names, str(index[-1]))]
            if not names:
                del self._directories[index[:-1]]
