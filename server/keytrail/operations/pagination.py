"""Limit, Marker, Truncated and NextMarker: the same for every list.

A marker names the last entry that was given, so that a page costs the same wherever it begins, and it carries
which list it belongs to: one that another list, account, Region or filter gave out is refused.
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
    """Part of a list: where it begins, how many entries it may hold, and which list it is of."""

    after: str
    limit: int
    list: str

    def reply(self, member: str, entries: Sequence[_Entry], name: Callable[[_Entry], str]) -> dict[str, object]:
        """The list's members of the answer, from up to `limit + 1` entries; `name` orders them."""
        if len(entries) <= self.limit:
            return {member: list(entries), "Truncated": False}
        kept = list(entries[: self.limit])
        marker = _marker(self.list, name(kept[-1]))
        return {member: kept, "Truncated": True, "NextMarker": marker}


def page(call: Call, limit: int | None, marker: str | None, *, default: int, most: int, of: str = "") -> Page:
    """The page that a request asks for; `of` tells lists of the same operation apart (a filter).

    Raises InvalidMarkerException for a marker that this list did not give out.
    """
    which = f"{call.operation}/{call.account}/{call.region}/{of}"
    after = ""
    if marker is not None:
        after = marker.partition(".")[2]
        if _marker(which, after) != marker:
            raise InvalidMarkerException
    return Page(after, min(limit or default, most), which)


def _marker(which: str, after: str) -> str:
    return f"{hashlib.sha256(f'{which}/{after}'.encode()).hexdigest()[:32]}.{after}"
