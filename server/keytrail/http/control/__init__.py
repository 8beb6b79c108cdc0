"""/_keytrail/...: what tests do to the endpoint itself. JSON in, JSON out.

GET health | POST reset[?account=] | POST fixtures[?account=] | GET events
GET, PUT clock | POST clock/advance | POST clock/reset | POST custom-key-stores[/<id>] | GET, POST explain
POST, GET faults | DELETE faults[/<Id>] | GET, PUT settings
"""

import hmac
from datetime import timedelta
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Response, request

from keytrail.domain.arn import is_account
from keytrail.endpoint import Endpoint
from keytrail.http.control import events
from keytrail.http.control.custom_key_stores import custom_key_stores
from keytrail.http.control.explain import ARGUMENTS as EXPLAIN_ARGUMENTS
from keytrail.http.control.explain import explain
from keytrail.http.control.faults import faults
from keytrail.http.control.settings import scene
from keytrail.http.request_reader import CONTROL
from keytrail.seeds import SeedError
from keytrail.settings import read_duration, read_moment

_Body = TypeVar("_Body")

_ARGUMENTS = {
    "control.reset": {"account"},
    "control.load": {"account"},
    "control.events": events.ARGUMENTS,
    "control.why": EXPLAIN_ARGUMENTS,
}
"""What may stand in the query, by endpoint."""


class _BadRequest(Exception):
    """The caller's mistake, in a sentence that helps."""


class _ClockBody(msgspec.Struct, forbid_unknown_fields=True):
    now: str | None = None
    frozen: bool | None = None
    speed: float | None = None


class _AdvanceBody(msgspec.Struct, forbid_unknown_fields=True):
    duration: str | None = None
    seconds: float | None = None


def control(endpoint: Endpoint) -> Blueprint:
    """The control API of one endpoint."""
    api = Blueprint("control", __name__, url_prefix=CONTROL)

    @api.before_request
    def admit() -> Response | None:
        token = endpoint.settings.control_token
        if token:
            given = request.headers.get("Authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
                return _answer(401, error="Send the control token: Authorization: Bearer <KEYTRAIL_CONTROL_TOKEN>.")
        if not endpoint.settings.control and request.endpoint != "control.health":
            return _answer(403, error="The control API is off; start with KEYTRAIL_CONTROL=true to use it.")
        unknown = set(request.args) - _ARGUMENTS.get(request.endpoint or "", set())
        if unknown:
            known = ", ".join(sorted(_ARGUMENTS.get(request.endpoint or "", set()))) or "none"
            return _answer(400, error=f"There is no parameter {', '.join(sorted(unknown))}; those that are: {known}.")
        return None

    @api.errorhandler(_BadRequest)
    def bad_request(error: _BadRequest) -> Response:
        return _answer(400, error=str(error))

    @api.errorhandler(SeedError)
    def bad_fixture(error: SeedError) -> Response:
        return _answer(400, error="Nothing was loaded: " + "; ".join(error.problems), problems=error.problems)

    faults(api, endpoint, _answer)
    scene(api, endpoint, _answer)

    @api.get("/health")
    def health() -> Response:
        return _answer(status="ready")

    @api.post("/reset")
    def reset() -> Response:
        if request.get_data().strip() not in (b"", b"{}"):
            raise _BadRequest("Send no body; to reset one account alone, POST reset?account=111122223333.")
        endpoint.reset(_account())
        return _answer(status="reset")

    @api.post("/fixtures")
    def load() -> Response:
        return _answer(loaded=endpoint.load(request.get_data(), _account()))

    @api.get("/clock")
    def clock() -> Response:
        return _clock(endpoint)

    @api.put("/clock")
    def set_clock() -> Response:
        body = _body(_ClockBody, '{"now": "2026-05-01T08:00:00Z", "frozen": true, "speed": 60}, each optional')
        try:
            now = read_moment(body.now) if body.now is not None else None
        except ValueError as error:
            raise _BadRequest(f"now: {error}") from None
        try:
            endpoint.set_clock(now, frozen=body.frozen, speed=body.speed)
        except (ValueError, OverflowError) as error:
            raise _BadRequest(f"{'now' if isinstance(error, OverflowError) else 'speed'}: {error}") from None
        return _clock(endpoint)

    @api.post("/clock/advance")
    def advance_clock() -> Response:
        body = _body(_AdvanceBody, '{"duration": "P30D"} or {"seconds": 3600}')
        if (body.duration is None) == (body.seconds is None):
            raise _BadRequest('Send either {"duration": "P30D"} or {"seconds": 3600}.')
        try:
            if body.duration is not None:
                endpoint.advance_clock(read_duration(body.duration))
            else:
                endpoint.advance_clock(timedelta(seconds=body.seconds or 0))
        except (ValueError, OverflowError) as error:
            raise _BadRequest(f"{'duration' if body.duration is not None else 'seconds'}: {error}") from None
        return _clock(endpoint)

    @api.post("/clock/reset")
    def reset_clock() -> Response:
        if request.get_data().strip() not in (b"", b"{}"):
            raise _BadRequest("Send no body: the clock becomes the real time again, running.")
        endpoint.reset_clock()
        return _clock(endpoint)

    @api.get("/events", endpoint="events")
    def list_events() -> Response:
        try:
            return _answer(**events.found(endpoint, request.args))
        except ValueError as error:
            raise _BadRequest(str(error)) from None

    custom_key_stores(api, endpoint, _body, _answer)
    explain(api, endpoint, _body, _answer)
    return api


def _account() -> str | None:
    account = request.args.get("account")
    if account is not None and not is_account(account):
        raise _BadRequest(f"account: expected 12 digits, got {account!r}")
    return account


def _body(kind: type[_Body], example: str) -> _Body:
    try:
        return msgspec.json.decode(request.get_data(), type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _BadRequest(f"Expected a JSON object such as {example}; {error}") from None


def _clock(endpoint: Endpoint) -> Response:
    now = endpoint.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return _answer(now=now, frozen=endpoint.clock.frozen, speed=endpoint.clock.speed)


def _answer(status_code: int = 200, **members: Any) -> Response:
    return Response(msgspec.json.encode(members), status_code, mimetype="application/json")
