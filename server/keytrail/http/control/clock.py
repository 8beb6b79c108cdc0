"""/_keytrail/clock: the endpoint's time.

GET clock | PUT clock {"now": "2026-05-01T08:00:00Z", "frozen": true, "speed": 60} | POST clock/reset
POST clock/advance {"duration": "P30D"} or {"seconds": 3600}
"""

from datetime import timedelta
from typing import Any

import msgspec
from flask import Request

from keytrail.endpoint import Endpoint
from keytrail.http.control.routes import Refusal, Routes, read_body, require_no_body
from keytrail.settings import read_duration, read_moment

routes = Routes()


class _ClockBody(msgspec.Struct, forbid_unknown_fields=True):
    now: str | None = None
    frozen: bool | None = None
    speed: float | None = None


class _AdvanceBody(msgspec.Struct, forbid_unknown_fields=True):
    duration: str | None = None
    seconds: float | None = None


@routes.get("/clock")
def show(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """The time, whether it is frozen, and its speed."""
    state = endpoint.clock_state()
    now = state.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"now": now, "frozen": state.frozen, "speed": state.speed}


@routes.put("/clock")
def set_(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Set the time, whether it is frozen, or its speed."""
    example = '{"now": "2026-05-01T08:00:00Z", "frozen": true, "speed": 60}, each optional'
    body = read_body(request, _ClockBody, example)
    try:
        now = read_moment(body.now) if body.now is not None else None
    except ValueError as error:
        raise Refusal(f"now: {error}") from None
    try:
        endpoint.set_clock(now, frozen=body.frozen, speed=body.speed)
    except (ValueError, OverflowError) as error:
        raise Refusal(f"{'now' if isinstance(error, OverflowError) else 'speed'}: {error}") from None
    return show(endpoint, request)


@routes.post("/clock/advance")
def advance(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Move the time by a duration."""
    body = read_body(request, _AdvanceBody, '{"duration": "P30D"} or {"seconds": 3600}')
    if (body.duration is None) == (body.seconds is None):
        raise Refusal('Send either {"duration": "P30D"} or {"seconds": 3600}.')
    try:
        if body.duration is not None:
            endpoint.advance_clock(read_duration(body.duration))
        else:
            endpoint.advance_clock(timedelta(seconds=body.seconds or 0))
    except (ValueError, OverflowError) as error:
        raise Refusal(f"{'duration' if body.duration is not None else 'seconds'}: {error}") from None
    return show(endpoint, request)


@routes.post("/clock/reset")
def reset(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Go back to the real time, running."""
    require_no_body(request, ": the clock becomes the real time again, running.")
    endpoint.reset_clock()
    return show(endpoint, request)
