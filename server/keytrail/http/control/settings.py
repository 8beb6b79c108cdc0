"""/_keytrail/settings: the settings that can be changed while the server runs, those of a seed's `settings`.

PUT settings {"RequestQuotas": "aws*0.01"} | GET settings
"""

from typing import Any

import msgspec
from flask import Request

from keytrail.endpoint import Endpoint
from keytrail.http.control.routes import Refusal, Routes, read_body
from keytrail.seeds import SeedError, settings_members
from keytrail.settings import variable

routes = Routes()


@routes.get("/settings")
def show(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """The settings as a seed writes them; how many calls each request quota has refused; and all, as variables."""
    quotas = endpoint.faults.quotas
    environment = endpoint.settings.to_environment()
    del environment[variable("control_token")]
    return {
        **settings_members(endpoint.settings),
        "Throttled": quotas.throttled() if quotas is not None else {},
        "Environment": environment,
    }


@routes.put("/settings")
def change(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Change the settings in the body; all of them, or none."""
    members = read_body(request, dict[str, Any], '{"RequestQuotas": "aws*0.01"}')
    try:
        endpoint.load(msgspec.json.encode({"settings": members}))
    except SeedError as error:
        problems = [problem.removeprefix("document: settings.") for problem in error.problems]
        raise Refusal.of_seed("Nothing was set", SeedError(problems)) from None
    return show(endpoint, request)
