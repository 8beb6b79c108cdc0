"""/_keytrail/faults: the fault rules, and how often they have struck.

POST faults {"Operations": "Decrypt", "Count": 1, "Error": "KMSInternalException"} | GET faults | DELETE faults[/<Id>]
"""

from typing import Any

from flask import Request

from keytrail.endpoint import Endpoint
from keytrail.http.control.routes import Refusal, Routes
from keytrail.seeds import SeedError

routes = Routes()


@routes.post("/faults")
def add(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Add the rule in the body; gives it with its Id."""
    try:
        return endpoint.add_fault(request.get_data())
    except SeedError as error:
        raise Refusal.of_seed("No rule was added", error) from None


@routes.get("/faults")
def show(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """The rules, each with the Calls that it was about and its Hits."""
    return {"Faults": endpoint.faults.rules()}


@routes.delete("/faults")
def remove_all(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Remove all rules."""
    return {"Removed": endpoint.faults.remove()}


@routes.delete("/faults/<rule_id>")
def remove(endpoint: Endpoint, request: Request, rule_id: str) -> dict[str, Any]:
    """Remove one rule."""
    removed = endpoint.faults.remove(rule_id)
    if not removed:
        raise Refusal(f"There is no fault rule {rule_id}; GET /_keytrail/faults lists all rules.", 404)
    return {"Removed": removed}
