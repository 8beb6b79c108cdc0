"""/clock: the server's time, how to move it, and what will fall due on the way."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from keytrail.clock import LAST
from keytrail.domain.service_event import Deleted, MaterialExpired, Rotated, ServiceEvent
from keytrail.endpoint import Endpoint
from keytrail.http.console.formats import duration, stamp
from keytrail.http.console.key_list import name_of
from keytrail.http.console.pages import Pages
from keytrail.settings import read_moment

pages = Pages()

STEPS = (1, 30, 90)
"""Days by which a button moves the clock."""

_WORDS = {
    Deleted: ("deletion", "deletions"),
    Rotated: ("rotation", "rotations"),
    MaterialExpired: ("expiry of key material", "expiries of key material"),
}
"""What falls due, one and several, by the class of its service event. A synchronization is a part of a rotation."""

_SHOWN = 100


class Move(NamedTuple):
    """A move of the clock, and what falls due on the way."""

    until: datetime
    events: list[ServiceEvent]

    @property
    def words(self) -> str:
        """`2 deletions, 1 rotation`."""
        counts = Counter(_WORDS[type(event)] for event in self.events)
        return ", ".join(f"{count:,} {one if count == 1 else several}" for (one, several), count in counts.items())


def due(endpoint: Endpoint, until: Iterable[datetime]) -> list[Move]:
    """What falls due until each of some moments: what these moments bring about in a copy of the store."""
    moments = list(until)
    events = endpoint.store.snapshot().settle(max(moments))
    told = sorted((event for event in events if type(event) in _WORDS), key=lambda event: event.time)
    return [Move(moment, [event for event in told if event.time <= moment]) for moment in moments]


@pages.get("/clock")
def show(endpoint: Endpoint) -> ResponseReturnValue:
    """The clock, and the moves; with a moment `until` in the query, that move too."""
    wanted, problem = None, None
    if request.args.get("until"):
        try:
            wanted = _moment(request.args["until"])
        except ValueError as error:
            problem = str(error)
    steps = [(days, _later(g.now, days)) for days in STEPS]
    moves = due(endpoint, [until for _, until in steps] + ([wanted] if wanted else []))
    return render_template(
        "clock.html",
        steps=list(zip(STEPS, moves, strict=False)),
        wanted=moves[-1] if wanted else None,
        problem=problem,
        words={kind: one for kind, (one, _) in _WORDS.items()},
        shown=_SHOWN,
        name_of=lambda key: name_of(endpoint, key),
    )


def _later(now: datetime, days: int) -> datetime:
    return min(now + timedelta(days=days), LAST)


def _moment(text: str) -> datetime:
    moment = read_moment(text)
    if not 1970 <= moment.year < LAST.year:
        raise ValueError(f"expected a moment from 1970 to {LAST.year}, got {text!r}")
    return moment


@pages.post("/clock/move")
def move(endpoint: Endpoint) -> ResponseReturnValue:
    """Move the time by `days`, or to the moment `until`."""
    before = g.now
    try:
        if "days" in request.form:
            after = endpoint.advance_clock(timedelta(days=int(request.form["days"])))
        else:
            after = endpoint.set_clock(_moment(request.form["until"]))
    except (ValueError, OverflowError, KeyError) as error:
        abort(400, str(error))
    way = "forward" if after >= before else "back"
    flash(f"The clock went {way} by {duration(after - before)}: it is {stamp(after)} UTC.")
    return redirect(url_for("clock.show"))


@pages.post("/clock/freeze")
def freeze(endpoint: Endpoint) -> ResponseReturnValue:
    """Freeze the time as it is, or with `run` let it run on."""
    endpoint.set_clock(frozen="run" not in request.form)
    flash("The clock runs." if "run" in request.form else "The clock is frozen.")
    return redirect(url_for("clock.show"))


@pages.post("/clock/reset")
def reset(endpoint: Endpoint) -> ResponseReturnValue:
    """Go back to the real time, running."""
    endpoint.reset_clock()
    flash("The clock has the real time again.")
    return redirect(url_for("clock.show"))
