"""The control API, /_keytrail/..., in JSON: a module for each group of routes."""

from flask import Blueprint, Response

from keytrail.endpoint import Endpoint
from keytrail.http.control import (
    clock,
    credentials,
    custom_key_stores,
    events,
    explain,
    faults,
    health,
    invoke,
    seeds,
    settings,
)
from keytrail.http.control.routes import Refusal, json_response
from keytrail.http.request_reader import CONTROL

_GROUPS = (health, seeds, clock, events, explain, invoke, faults, settings, custom_key_stores, credentials)


def control(endpoint: Endpoint) -> Blueprint:
    """The control API of one endpoint."""
    api = Blueprint("control", __name__, url_prefix=CONTROL)
    for group in _GROUPS:
        group.routes.add_to(api, endpoint)
    api.register_error_handler(Refusal, _refuse)
    return api


def _refuse(refusal: Refusal) -> Response:
    return json_response(refusal.status, refusal.members)
