"""A seed without the parts that no seed can have, so that `keytrail check` always accepts it.

AWS is ahead of every emulator: keys of specs that Keytrail does not know yet, operations in grants, grants to deleted
principals. What `keytrail check` would refuse is left out, and noted.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from keytrail import seeds
from keytrail.settings import Settings

_NAME = "recording"
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_PARTS = ("Policy", "Grants", "Tags", "Aliases", "LastUsage", "Rotation", "Description", "Replicas")
"""The members of a key that it can do without; of a list, the item that is wrong."""


class Sound(NamedTuple):
    """A document without problems, and what was left out of it."""

    document: dict[str, Any]
    notes: list[str]


def without_problems(document: dict[str, Any], now: datetime) -> Sound:
    """The document without the smallest parts that a seed cannot have."""
    document, notes = json.loads(json.dumps(document)), []
    while problems := _problems(document, now):
        parts: dict[tuple[str | int, ...], str] = {}
        for place, message in problems:
            parts.setdefault(_part_of(place), message)
        # From the end, so that the places of those before it stay what they are.
        for part in sorted(parts, key=lambda steps: [(isinstance(step, int), step) for step in steps], reverse=True):
            notes.append(f"{_named(document, part)}: left out: {parts[part]}")
            _remove(document, part)
    return Sound(document, notes[::-1])


def _problems(document: dict[str, Any], now: datetime) -> list[tuple[tuple[str | int, ...], str]]:
    """Where in the document, and what."""
    if not any(document.values()):
        return []
    try:
        seeds.read_document(json.dumps(document).encode(), Settings(), now, name=_NAME)
    except seeds.SeedError as error:
        return [_read(problem) for problem in error.problems]
    return []


def _read(problem: str) -> tuple[tuple[str | int, ...], str]:
    place, _, message = problem.removeprefix(f"{_NAME}: ").partition(": ")
    steps = tuple(name or int(index) for name, index in _STEP.findall(place))
    return steps, message


def _part_of(place: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The smallest part around a place that can be left out: a member of a key or a replica, or the whole."""
    end = 2
    if place[2:3] == ("Replicas",) and len(place) > 4 and place[4] in _PARTS:
        end = 4
    if len(place) > end and place[end] in _PARTS:
        end += 1
        if len(place) > end and isinstance(place[end], int):
            end += 1
    return place[:end]


def _named(document: dict[str, Any], part: tuple[str | int, ...]) -> str:
    """The part in words of AWS: the key's ARN or alias, and its member."""
    if len(part) < 2:
        return str(part[0])
    item = document[str(part[0])][part[1]]
    name = item.get("KeyId") or item.get("Alias") or item.get("CustomKeyStoreId")
    return f"{item.get('Account')} {item.get('Region')} {name}{''.join(_steps(part[2:]))}"


def _steps(part: tuple[str | int, ...]) -> Iterator[str]:
    for step in part:
        yield f"[{step}]" if isinstance(step, int) else f" {step}"


def _remove(document: dict[str, Any], part: tuple[str | int, ...]) -> None:
    inner: Any = document
    for step in part[:-1]:
        inner = inner[step]
    del inner[part[-1]]
    if not inner and len(part) > 1:  # a list without items says nothing
        _remove(document, part[:-1])
