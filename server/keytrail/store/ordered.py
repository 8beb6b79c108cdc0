"""Names in their order, for the pages of lists: nothing costs more than a search in a sorted list."""

from bisect import bisect_left, bisect_right


def page(names: list[str], after: str, limit: int) -> list[str]:
    """The next names: at most `limit` of those behind `after`."""
    at = bisect_right(names, after)
    return names[at : at + limit]


def discard(names: list[str], name: str) -> None:
    """Take a name out, if it is there."""
    at = bisect_left(names, name)
    if at < len(names) and names[at] == name:
        del names[at]
