"""Limit, Marker, Truncated and NextMarker: the same for every list.

A marker names the last entry of the previous page, so a page costs the same wherever it begins. It also has a hash of
its list (operation, account, Region, filters): a marker of another list is refused.
Source: KMS API Reference, ListKeys and its like.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from keytrail.call import Call
from keytrail.errors import InvalidMarkerException

_Entry = TypeVar("_Entry")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list: the entry that it begins after, its greatest number of entries, and the id of the list."""

    after: str
    limit: int
    list_id: str

    def reply(self, member: str, entries: Sequence[_Entry], name: Callable[[_Entry], str]) -> dict[str, object]:
        """The list's members of the reply, from up to `limit + 1` entries, which are in the order of `name`."""
        if len(entries) <= self.limit:
            return {member: list(entries), "Truncated": False}
        shown = list(entries[: self.limit])
        marker = _marker(self.list_id, name(shown[-1]))
        return {member: shown, "Truncated": True, "NextMarker": marker}


def requested_page(
    call: Call, limit: int | None, marker: str | None, *, default: int, maximum: int, filters: str = ""
) -> Page:
    """The page that a request is for, from its Limit and Marker; without a Limit it has up to `default` entries.

    `filters` is a text that differs between the lists of one operation, such as the key whose tags are listed. Raises
    InvalidMarkerException for a marker of another list.
    """
    list_id = f"{call.operation}/{call.account}/{call.region}/{filters}"
    after = ""
    if marker is not None:
        after = marker.partition(".")[2]
        if _marker(list_id, after) != marker:
            raise InvalidMarkerException
    return Page(after, min(limit or default, maximum), list_id)


def _marker(list_id: str, after: str) -> str:
    return f"{hashlib.sha256(f'{list_id}/{after}'.encode()).hexdigest()[:32]}.{after}"
