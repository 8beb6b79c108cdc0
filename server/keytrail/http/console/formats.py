"""How pages write moments, durations, ARNs and JSON: the filters of the templates."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"))


def duration(length: timedelta) -> str:
    """A duration in its largest unit, rounded down: `6 days`, `1 hour`, `a moment`."""
    seconds = abs(length.total_seconds())
    for size, unit in _UNITS:
        if seconds >= size:
            count = int(seconds // size)
            return f"{count:,} {unit}{'' if count == 1 else 's'}"
    return "a moment"


def distance(moment: datetime, now: datetime) -> str:
    """How far a moment is from now: `6 days ago`, `in 6 days`."""
    return f"in {duration(moment - now)}" if moment > now else f"{duration(now - moment)} ago"


def stamp(moment: datetime) -> str:
    """A moment in UTC, to the second: `2026-05-01 08:00:00`."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def iso(moment: datetime) -> str:
    """A moment for machines, and for people who copy it: `2026-05-01T08:00:00Z`."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def short_arn(arn: str) -> str:
    """What tells an ARN from its neighbours: `role/Reader`, `key/1234...`, `root of 111122223333`."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return arn
    return f"root of {parts[4]}" if parts[5] == "root" else parts[5]


def pretty_json(value: object) -> str:
    """JSON for people; text that is JSON is laid out anew, other text stays as it is."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return str(value)
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def plural(count: int, noun: str) -> str:
    """`1 key`, `20,000 keys`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


MARKS = (30, 90, 365)
"""The days without use at which the bar of a key has its marks: each third of the bar ends at one."""


def bar_length(days: int) -> float:
    """How much of the bar is filled: 0 to 1."""
    start = 0
    for third, end in enumerate(MARKS):
        if days < end:
            return (third + (days - start) / (end - start)) / len(MARKS)
        start = end
    return 1.0


def bar_level(days: int) -> int:
    """How many marks have been passed: 0 to 3."""
    return sum(days >= mark for mark in MARKS)


FILTERS: Mapping[str, Callable[..., Any]] = {
    "duration": duration,
    "distance": distance,
    "stamp": stamp,
    "iso": iso,
    "short_arn": short_arn,
    "pretty_json": pretty_json,
    "plural": plural,
    "bar_length": bar_length,
    "bar_level": bar_level,
}
