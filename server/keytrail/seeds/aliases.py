"""The aliases of YAML (`*name`), written out: a bound for how much a document may become by them.

An alias of aliases of aliases grows as a power: 461 bytes can stand for 600 MB.
"""

from collections.abc import Iterable, Mapping

MOST = 16 * 1024 * 1024
"""Bytes that any document may have with its aliases written out."""
MOST_TIMES = 16
"""How many times as large as it is a document may become, if that is more."""
_VALUE = 16
"""Bytes for each value, besides those of its text."""
_UNDER_WAY = -1


def most_merged(size: int) -> int:
    """How many members a document of so many bytes may merge (`<<: *name`), each counted as often as it is merged."""
    return max(200_000, size // 4)


def require_bounded(document: object, size: int) -> None:
    """Raise ValueError if a decoded document becomes too large with its aliases written out, or has no end.

    `size`: of the document as it was written, in bytes.
    """
    most = max(MOST, MOST_TIMES * size)
    if _written_out(document, {}) > most:
        raise ValueError(
            f"with its aliases (*name) written out the document would have more than {most >> 20} MiB; use fewer"
        )


def _written_out(value: object, known: dict[int, int]) -> int:
    """The bytes of a value, with all that is in it. `known`: of the containers that have been measured, by identity."""
    if isinstance(value, str):
        return _VALUE + len(value)
    if not isinstance(value, (Mapping, list, tuple, set)):
        return _VALUE
    size = known.get(id(value))
    if size == _UNDER_WAY:
        raise ValueError("an alias (*name) is within what it stands for; write it out")
    if size is None:
        known[id(value)] = _UNDER_WAY
        size = _VALUE
        for inner in _parts(value):
            size += _written_out(inner, known)
        known[id(value)] = size
    return size


def _parts(value: Iterable[object]) -> Iterable[object]:
    return [*value, *value.values()] if isinstance(value, Mapping) else value
