"""Reading moments, such as `200 days ago`."""

import re
from datetime import datetime, timedelta

from keytrail.settings import read_moment

_DISTANCE = re.compile(
    r"(?:in (?P<ahead>\d{1,9})|(?P<back>\d{1,9})) (?P<unit>second|minute|hour|day|week)s?(?P<ago> ago)?"
)


def read_relative_moment(text: str, now: datetime) -> datetime:
    """The moment in a text: ISO 8601, `now`, `200 days ago` or `in 10 days`. Raises ValueError."""
    if text == "now":
        return now
    match = _DISTANCE.fullmatch(text)
    if match is None or bool(match["ahead"]) == bool(match["ago"]):
        try:
            return read_moment(text)
        except ValueError:
            raise ValueError(
                f"expected an ISO 8601 moment, `now`, `200 days ago` or `in 10 days`, got {text!r}"
            ) from None
    try:
        distance = timedelta(**{f"{match['unit']}s": int(match["ahead"] or match["back"])})
        return now + distance if match["ahead"] else now - distance
    except OverflowError:
        raise ValueError(f"{text!r} lies outside the calendar") from None
