"""Values that users give or other libraries make, as those of the standard library, which msgspec writes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec


def plain_datetime(moment: datetime) -> datetime:
    """The same moment as a datetime itself.

    Those of freezegun, pendulum and pandas are of subclasses, and under freezegun even our own modules make such ones.
    The class is taken from the value, because under freezegun the name `datetime` stands for freezegun's class.
    """
    kind = next(each for each in type(moment).__mro__ if (each.__module__, each.__name__) == ("datetime", "datetime"))
    plain: datetime = kind(
        *(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, moment.microsecond),
        tzinfo=moment.tzinfo,
        fold=moment.fold,
    )
    return plain


def encode_json(document: Mapping[str, Any]) -> bytes:
    """The JSON text of a document that a user gives, such as a seed; moments are ISO 8601.

    Raises TypeError for a value that a document cannot have.
    """
    return msgspec.json.encode(document, enc_hook=plain)


def plain(value: object) -> object:
    """A value of a kind that msgspec does not write, as one that it does. Raises TypeError if there is none."""
    if isinstance(value, datetime):
        return plain_datetime(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a document cannot contain {value!r}, which is of the type {type(value).__name__}")
