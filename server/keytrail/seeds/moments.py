"""Moments in seeds, such as `200 days ago`: reading and writing them."""

import re
from datetime import datetime, timedelta

from keytrail.settings import read_duration, read_moment

_DISTANCE = re.compile(
    r"(?:in (?P<ahead>\d{1,9})|(?P<back>\d{1,9})) (?P<unit>second|minute|hour|day|week)s?(?P<ago> ago)?"
)
_EXACT_DISTANCE = re.compile(r"in (?P<ahead>P\S+)|(?P<back>P\S+) ago")
_UNITS = (("day", None), ("hour", timedelta(days=1)), ("minute", timedelta(hours=1)), ("second", timedelta(minutes=1)))
"""The units of written distances, each with the distance from which on a larger one is used."""


def read_relative_moment(text: str, now: datetime) -> datetime:
    """The moment in a text: ISO 8601, `now`, `200 days ago`, `in 10 days` or `in P10DT2H30M`. Raises ValueError."""
    if text == "now":
        return now
    match = _DISTANCE.fullmatch(text)
    exact = _EXACT_DISTANCE.fullmatch(text)
    if exact is None and (match is None or bool(match["ahead"]) == bool(match["ago"])):
        try:
            return read_moment(text)
        except ValueError:
            raise ValueError(
                f"expected an ISO 8601 moment, `now`, `200 days ago` or `in 10 days`, got {text!r}"
            ) from None
    try:
        if exact is not None:
            distance = read_duration(exact["ahead"] or exact["back"])
            return now + distance if exact["ahead"] else now - distance
        assert match is not None
        distance = timedelta(**{f"{match['unit']}s": int(match["ahead"] or match["back"])})
        return now + distance if match["ahead"] else now - distance
    except OverflowError:
        raise ValueError(f"{text!r} lies outside the calendar") from None


def absolute(moment: datetime) -> str:
    """A moment in UTC as seeds have it: `2026-05-01T08:00:00Z`, with milliseconds or microseconds if it has any."""
    timespec = "auto" if moment.microsecond % 1000 or not moment.microsecond else "milliseconds"
    return moment.isoformat(timespec=timespec).replace("+00:00", "Z")


def relative(moment: datetime, now: datetime) -> str:
    """The same moment, told from `now`: `now`, `200 days ago`, `in 3 hours`, or exactly, `P3DT4H0.5S ago`."""
    if moment == now:
        return "now"
    distance = abs(moment - now)
    text = _distance(distance)
    return f"in {text}" if moment > now else f"{text} ago"


def _distance(distance: timedelta) -> str:
    for unit, most in _UNITS:
        count, rest = divmod(distance, timedelta(**{f"{unit}s": 1}))
        if not rest and (most is None or distance < most):
            return f"{count} {unit}{'s' if count != 1 else ''}"
    minutes, seconds = divmod(distance - timedelta(distance.days), timedelta(minutes=1))
    hours, minutes = divmod(minutes, 60)
    days = f"{distance.days}D" if distance.days else ""
    parts = [f"{count}{letter}" for count, letter in ((hours, "H"), (minutes, "M")) if count]
    if seconds:
        parts.append(f"{seconds.seconds}{f'.{seconds.microseconds:06}'.rstrip('0').rstrip('.')}S")
    return f"P{days}T{''.join(parts)}"
