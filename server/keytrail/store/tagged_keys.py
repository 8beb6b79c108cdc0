"""TaggedKeys: the keys that have tags, or had some, for the Resource Groups Tagging API. Part of View.

A page costs about as much with many keys as with few, for it comes from indexes by tag. With several filters it walks
over the keys of the one that fits the fewest.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from heapq import merge
from itertools import islice

from keytrail.domain.arn import key_arn
from keytrail.domain.key import Key
from keytrail.store import indexes
from keytrail.store.indexed_dict import Index, IndexedDict

TagFilter = tuple[str, Sequence[str]]
"""A tag key, and the values that fit; without values, each value fits."""


class TaggedKeys:
    """The tagged keys of every account and Region, for reading."""

    def __init__(self, keys: IndexedDict[Key], lock: AbstractContextManager[bool]) -> None:
        """Read these; `lock` is the store's."""
        self._keys = keys
        self._lock = lock

    def after(self, account: str, region: str, filters: Sequence[TagFilter], after: str, limit: int) -> list[Key]:
        """The next keys that fit all filters, in the order of their ids: at most `limit` after the id `after`."""
        start = key_arn(region, account, after)
        with self._lock:
            if not filters:
                return self._keys.page(indexes.tagged_keys(account, region), start, limit)
            return list(islice(self._fitting(account, region, filters, start), limit))

    def tag_keys_after(self, account: str, region: str, after: str | None, limit: int) -> list[str]:
        """The next tag keys in use, in the order of their characters: at most `limit` after `after`.

        None begins with the first one.
        """
        with self._lock:
            return self._keys.names(indexes.tagged_keys(account, region), after, limit)

    def tag_values_after(self, account: str, region: str, tag_key: str, after: str | None, limit: int) -> list[str]:
        """As `tag_keys_after`, the values in use of a tag key."""
        with self._lock:
            return self._keys.names(indexes.tagged_keys(account, region, tag_key), after, limit)

    def _fitting(self, account: str, region: str, filters: Sequence[TagFilter], start: str) -> Iterator[Key]:
        choices = [_indexes(account, region, *each) for each in filters]
        counts = [sum(map(self._keys.count, choice)) for choice in choices]
        fewest = counts.index(min(counts))
        others = [each for number, each in enumerate(filters) if number != fewest]
        arns = [self._keys.ids_after(index, start) for index in choices[fewest]]
        for arn in merge(*arns) if len(arns) > 1 else arns[0]:
            key = self._keys.get(arn)
            if key is not None and _fits(key, others):
                yield key


def _indexes(account: str, region: str, tag_key: str, values: Sequence[str]) -> list[Index]:
    """The indexes of a filter. They have no key in common, for a key has one value of a tag."""
    if not values:
        return [indexes.tagged_keys(account, region, tag_key)]
    return [indexes.tagged_keys(account, region, tag_key, value) for value in dict.fromkeys(values)]


def _fits(key: Key, filters: Sequence[TagFilter]) -> bool:
    for name, values in filters:
        value = key.tags.get(name)
        if value is None or (values and value not in values):
            return False
    return True
