"""/_keytrail/settings: what a test may set while the server runs.

PUT settings {"RequestQuotas": "aws*0.01"} | GET settings
"""

from collections.abc import Callable

import msgspec
from flask import Blueprint, Response, request

from keytrail.endpoint import Endpoint
from keytrail.seeds import SeedError, settings_members


def scene(api: Blueprint, endpoint: Endpoint, answer: Callable[..., Response]) -> None:
    """Add the routes to the control API; `answer` makes a response."""

    def shown() -> Response:
        quotas = endpoint.faults.quotas
        return answer(**settings_members(endpoint.settings), Throttled=quotas.throttled() if quotas is not None else {})

    @api.get("/settings")
    def show_settings() -> Response:
        return shown()

    @api.put("/settings")
    def set_settings() -> Response:
        data = request.get_data()
        try:
            members = msgspec.json.decode(data, type=dict)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            return answer(400, error=f'Expected a JSON object such as {{"RequestQuotas": "aws*0.01"}}; {error}')
        try:
            endpoint.load(msgspec.json.encode({"settings": members}))
        except SeedError as error:
            problems = [problem.removeprefix("document: settings.") for problem in error.problems]
            return answer(400, error="Nothing was set: " + "; ".join(problems), problems=problems)
        return shown()
