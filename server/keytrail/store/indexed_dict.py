"""IndexedDict: values by their ids, and in ordered indexes, which the List operations page through.

An index is a sorted list of ids, so a page, a change or a count costs about as much with many values as with few. Some
indexes are listed in directories, by name. Copies share the lists of indexes until one of them changes. Not
thread-safe, except `get`.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Collection, ItemsView, Iterator, Mapping, Sequence, ValuesView
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
        self._shared: dict[Index, list[str]] = {}
        """The indexes as of the last copy, which that has too: neither they nor this dict are changed."""
        self._changed: dict[Index, list[str]] = {}
        """Those that have changed since then, or are new. One that is empty stands for one that is gone."""
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
        ids = self._ids(index)
        start = bisect_right(ids, after)
        return [self._values[value_id] for value_id in ids[start : start + limit]]

    def ids_after(self, index: Index, after: str) -> Iterator[str]:
        """The ids in an index that come after `after`, in order. The index must not change meanwhile."""
        ids = self._ids(index)
        return map(ids.__getitem__, range(bisect_right(ids, after), len(ids)))

    def names(self, directory: Index, after: str | None, limit: int) -> list[str]:
        """The next names in a directory, in order: at most `limit` after `after`; None begins with the first one."""
        names = self._directories.get(directory, [])
        start = bisect_right(names, after) if after is not None else 0
        return names[start : start + limit]

    def all_in(self, index: Index) -> list[Value]:
        """All values in an index."""
        return [self._values[value_id] for value_id in self._ids(index)]

    def count(self, index: Index) -> int:
        """How many values are in an index."""
        return len(self._ids(index))

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
            if not self._ids(index):
                self._enter(index)
            ordered = self._own(index)
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

    def remove_all(self, value_ids: Collection[str]) -> None:
        """Remove the values with these ids, which must be there. For many it is faster than one by one."""
        gone: dict[Index, set[str]] = {}
        for value_id in value_ids:
            for index in self._indexes_of(self._values.pop(value_id)):
                gone.setdefault(index, set()).add(value_id)
        for index, ids in gone.items():
            self._own(index)[:] = [value_id for value_id in self._ids(index) if value_id not in ids]
            self._drop_if_empty(index)

    def copy(self) -> "IndexedDict[Value]":
        """A copy that later changes of this one do not affect; the values are the same objects."""
        if self._changed:
            self._shared = {**self._shared, **self._changed}
            for index in [index for index, ids in self._changed.items() if not ids]:
                del self._shared[index]
            self._changed = {}
        copy = IndexedDict(self._indexes_of, self._is_listed)
        copy._values, copy._shared = self._values.copy(), self._shared
        copy._directories = {directory: names.copy() for directory, names in self._directories.items()}
        return copy

    def _ids(self, index: Index) -> Sequence[str]:
        """The ids in an index, for reading."""
        ids = self._changed.get(index)
        return ids if ids is not None else self._shared.get(index, ())

    def _own(self, index: Index) -> list[str]:
        """The ids in an index, for changing."""
        ids = self._changed.get(index)
        if ids is None:
            ids = self._changed[index] = list(self._shared.get(index, ()))
        return ids

    def _remove_from(self, index: Index, value_id: str) -> None:
        ids = self._own(index)
        del ids[bisect_left(ids, value_id)]
        self._drop_if_empty(index)

    def _drop_if_empty(self, index: Index) -> None:
        if not self._changed[index]:
            self._leave(index)
            if index not in self._shared:
                del self._changed[index]

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
