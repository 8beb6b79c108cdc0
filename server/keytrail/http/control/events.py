"""GET /_keytrail/events: the trail's events, and their counts, filtered by the query.

A filter has the name of the member of a CloudTrail record, if there is one.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from flask import Request

from keytrail.endpoint import Endpoint
from keytrail.errors import AwsError
from keytrail.http.control.routes import Refusal, Routes
from keytrail.settings import read_flag, read_moment
from keytrail.trail import Selection

routes = Routes()


def _context(text: str) -> dict[str, str]:
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f'expected a JSON object of texts such as {{"tenant": "acme"}}; {error}') from None


_FILTERS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "account": ("account", str),
    "awsRegion": ("region", str),
    "accessKeyId": ("access_key_id", str),
    "called": ("called", read_flag),
    "encryptionContext": ("encryption_context", _context),
    "errorCode": ("error_code", str),
    "eventId": ("event_id", str),
    "eventName": ("event_name", str),
    "eventSource": ("event_source", str),
    "key": ("key", str),
    "keyArn": ("key", str),
    "requestID": ("request_id", str),
    "since": ("since", read_moment),
    "sourceIPAddress": ("source_ip", str),
    "succeeded": ("succeeded", read_flag),
    "until": ("until", read_moment),
    "userAgent": ("user_agent", str),
    "userName": ("username", str),
}
"""By the name of a filter in the query: the field of Selection, and the function that reads its text."""


@routes.get("/events", arguments=[*_FILTERS, "limit"])
def show(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Count, CountByName, and the Records, oldest first; with a `limit`, only the newest records."""
    selection, limit = _read(request.args)
    if "key" in request.args:
        try:
            events = endpoint.select(selection)
        except AwsError as error:
            raise Refusal(f"key: {error.message}") from None
    else:
        endpoint.settle()
        events = endpoint.trail.select(selection)
    shown = events if limit is None else events[max(len(events) - limit, 0) :]
    return {
        "Count": len(events),
        "CountByName": Counter(event.name for event in events),
        "Records": [event.record() for event in shown],
    }


def _read(arguments: Mapping[str, str]) -> tuple[Selection, int | None]:
    if "key" in arguments and "keyArn" in arguments:
        raise Refusal("Send either key (an ARN, an id or an alias) or keyArn (the ARN of a key or an alias).")
    fields: dict[str, Any] = {}
    for name, text in arguments.items():
        try:
            if name == "limit":
                limit = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else -1
                if limit < 0:
                    raise ValueError(f"expected a whole number, got {text!r}")
            else:
                field, reader = _FILTERS[name]
                fields[field] = reader(text)
        except ValueError as error:
            raise Refusal(f"{name}: {error}") from None
    return Selection(**fields), limit if "limit" in arguments else None
