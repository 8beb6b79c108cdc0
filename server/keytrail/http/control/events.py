"""GET /_keytrail/events: the trail's events, and their counts. GET /_keytrail/calls: the calls, as `kms_calls`.

GET /_keytrail/mark: the end of the trail, for calls?after=. Events and calls are filtered by the query. A filter has
the name of the member of a CloudTrail record, if there is one.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from flask import Request

from keytrail.endpoint import Endpoint
from keytrail.http.control.routes import Refusal, Routes
from keytrail.settings import read_flag, read_moment
from keytrail.trail import FILTERS, IncompleteTrailError, Selection

routes = Routes()

_Item = TypeVar("_Item")
_Selected = TypeVar("_Selected", bound=list[Any])


def _context(text: str) -> dict[str, str]:
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f'expected a JSON object of texts such as {{"tenant": "acme"}}; {error}') from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise ValueError(f"expected a whole number, got {text!r}")
    return int(text)


_READERS: Mapping[str, Callable[[str], object]] = {
    "encryption_context": _context,
    "since": read_moment,
    "succeeded": read_flag,
    "until": read_moment,
}
"""The functions that read a filter's text, if it is not the value itself, by the field of Selection."""

_Filters = Mapping[str, tuple[str, Callable[[str], object]]]

_FILTERS: _Filters = {
    **{name: (field, _READERS.get(field, str)) for field, name in FILTERS.items()},
    "eventName": ("event_name", str),
    "eventSource": ("event_source", str),
}
_FILTERS_OF_EVENTS: _Filters = {**_FILTERS, "called": ("called", read_flag), "keyArn": ("key", str)}
"""By the name of a filter in the query: the field of Selection, and the function that reads its text."""


@routes.get("/events", arguments=[*_FILTERS_OF_EVENTS, "limit"])
def show(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Count, CountByName, and the Records, oldest first; with a `limit`, only the newest records."""
    if "key" in request.args and "keyArn" in request.args:
        raise Refusal("Send either key (an ARN, an id or an alias) or keyArn (the ARN of a key or an alias).")
    selection, numbers = _read(request.args, _FILTERS_OF_EVENTS)
    select = endpoint.select_of_key if "key" in request.args else endpoint.select
    events = _refusing(lambda: select(selection))
    return {
        "Count": len(events),
        "CountByName": Counter(event.name for event in events),
        "Records": [event.record() for event in _newest(events, numbers.get("limit"))],
    }


@routes.get("/calls", arguments=[*_FILTERS, "after", "limit"])
def show_calls(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Count, the Calls, oldest first, and how many Others there are of each operation; only those `after` a mark.

    With a `limit`, only the newest calls are shown.
    """
    selection, numbers = _read(request.args, _FILTERS)
    after = numbers.get("after", 0)
    calls = _refusing(lambda: endpoint.calls(selection, after))
    shown = _newest(calls, numbers.get("limit"))
    return {"Count": len(calls), "Calls": shown, "Others": calls.others}


@routes.get("/mark")
def mark(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """The present end of the trail, for a later `after`."""
    return {"Mark": endpoint.trail.mark()}


def _refusing(select: Callable[[], _Selected]) -> _Selected:
    try:
        return select()
    except ValueError as error:
        raise Refusal(str(error)) from None
    except IncompleteTrailError as error:
        raise Refusal(str(error), 409) from None


def _newest(items: list[_Item], limit: int | None) -> list[_Item]:
    return items if limit is None else items[max(len(items) - limit, 0) :]


def _read(arguments: Mapping[str, str], filters: _Filters) -> tuple[Selection, dict[str, int]]:
    """The selection in a query, and its numbers: `limit` and `after`."""
    fields: dict[str, Any] = {}
    numbers: dict[str, int] = {}
    for name, text in arguments.items():
        try:
            if name in filters:
                field, reader = filters[name]
                fields[field] = reader(text)
            else:
                numbers[name] = _number(text)
        except ValueError as error:
            raise Refusal(f"{name}: {error}") from None
    return Selection(**fields), numbers
