"""/trail: the events, the newest first, as they come; and one event with its CloudTrail record.

The stream is of server-sent events, in answers of one moment each: the browser asks again, by itself, after as long as
`retry` says, with the id of what it got last. So no thread and no connection waits for an event, and an open page costs
the same however many calls there are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial

from flask import Response, abort, g, render_template, request
from flask.typing import ResponseReturnValue

from keytrail.domain.arn import is_alias
from keytrail.endpoint import Endpoint
from keytrail.http.console import snippets
from keytrail.http.console.decisions import asked_for, decisions_on
from keytrail.http.console.pages import Pages
from keytrail.trail import StoredEvent

pages = Pages()

SHOWN = 100
"""Events on a page, and the most that the stream sends at once."""

_RETRY = 500
"""Milliseconds after which the browser asks the stream again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which events are shown: each a part of a text, in any case; what is empty allows any."""

    operation: str = ""
    caller: str = ""
    """Of the ARN."""
    error: str = ""
    """Of the error code; `any` for all refusals, `none` for all successes."""
    key: str = ""
    """Of an ARN in the event's resources, or an alias, which stands for its present target."""

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> "Filters":
        """The filters in a query."""
        return cls(**{field.name: arguments.get(field.name, "").strip() for field in fields(cls)})

    def query(self) -> dict[str, str]:
        """The members of the query that filters the same."""
        return {field.name: getattr(self, field.name) for field in fields(self) if getattr(self, field.name)}

    def test(self, endpoint: Endpoint) -> Callable[[StoredEvent], bool]:
        """Whether an event is shown."""
        operation, caller, error = self.operation.lower(), self.caller.lower(), self.error.lower()
        keys = self._keys(endpoint)

        def admits(event: StoredEvent) -> bool:
            principal = event.group.principal
            code = event.error_code
            return (
                operation in event.group.name.lower()
                and (not caller or (principal is not None and caller in principal.arn.lower()))
                and (not error or (code is None if error == "none" else code is not None))
                and (error in ("", "any", "none") or error in (code or "").lower())
                and (not keys or any(key in arn for _, arn in event.resources or () for key in keys))
            )

        return admits

    def _keys(self, endpoint: Endpoint) -> set[str]:
        if not is_alias(self.key):
            return {self.key} - {""}
        aliases = endpoint.store.newest.all_aliases()
        return {self.key, *(alias.target_arn for alias in aliases if self.key in (alias.name, alias.arn))}


@pages.get("/trail")
def show(endpoint: Endpoint) -> ResponseReturnValue:
    """The newest events, or those before the number `before`."""
    filters, before = Filters.read(request.args), _number(request.args.get("before"))
    mark = endpoint.trail.mark()
    events = endpoint.trail.newest(filters.test(endpoint), before=before, limit=SHOWN + 1)
    return render_template(
        "trail.html",
        filters=filters,
        events=events[:SHOWN],
        older=events[SHOWN - 1].number if len(events) > SHOWN else None,
        before=before,
        mark=mark,
        asked_for=partial(asked_for, endpoint),
    )


@pages.get("/stream")
def stream(endpoint: Endpoint) -> ResponseReturnValue:
    """The clock, and with `rows` the events that were written after the number `after`, as server-sent events."""
    after = _number(request.headers.get("Last-Event-ID") or request.args.get("after")) or 0
    mark = endpoint.trail.mark()
    messages = {"clock": render_template("clock_chip.html")}
    if "rows" in request.args and mark != after:
        admits = Filters.read(request.args).test(endpoint)
        events = endpoint.trail.newest(admits, after=after, limit=SHOWN + 1)
        if events:
            mark = max(mark, events[0].number)
            parts = {"events": events[:SHOWN], "more": len(events) > SHOWN, "asked_for": partial(asked_for, endpoint)}
            messages["rows"] = render_template("trail_rows.html", **parts)
    lines = [f"retry: {_RETRY}\n"]
    for name, text in messages.items():
        data = "".join(f"data: {line}\n" for line in text.splitlines())
        lines.append(f"id: {mark}\nevent: {name}\n{data}\n")
    return Response("".join(lines), mimetype="text/event-stream")


@pages.get("/events/<event_id>")
def event(endpoint: Endpoint, event_id: str) -> ResponseReturnValue:
    """One event: its record, why it was decided as it was, and what makes a test of it."""
    found = endpoint.trail.event(event_id)
    if found is None:
        abort(404, "The trail has no such event, or no longer.")
    in_sheet = request.headers.get("HX-Target") == "sheet-content"
    return render_template(
        "event_sheet.html" if in_sheet else "event.html",
        event=found,
        decisions=decisions_on(endpoint, found.request_id) if found.request_id is not None else [],
        snippets=snippets.of_event(endpoint, found, request.host_url, g.now),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None
