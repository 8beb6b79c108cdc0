"""/_keytrail/faults: what shall go wrong, and how often it has.

POST faults {"Operations": "Decrypt", "Count": 1, "Error": "KMSInternalException"} | GET faults | DELETE faults[/<Id>]
"""

from collections.abc import Callable

from flask import Blueprint, Response, request

from keytrail.endpoint import Endpoint
from keytrail.seeds import SeedError


def faults(api: Blueprint, endpoint: Endpoint, answer: Callable[..., Response]) -> None:
    """Add the routes to the control API; `answer` makes a response."""

    @api.post("/faults")
    def add_fault() -> Response:
        try:
            return answer(**endpoint.add_fault(request.get_data()))
        except SeedError as error:
            return answer(400, error="No rule was added: " + "; ".join(error.problems), problems=error.problems)

    @api.get("/faults")
    def list_faults() -> Response:
        return answer(Faults=endpoint.faults.rules())

    @api.delete("/faults")
    def remove_faults() -> Response:
        return answer(Removed=endpoint.faults.remove())

    @api.delete("/faults/<rule_id>")
    def remove_fault(rule_id: str) -> Response:
        removed = endpoint.faults.remove(rule_id)
        if not removed:
            return answer(404, error=f"There is no fault rule {rule_id}; GET faults lists those that are.")
        return answer(Removed=removed)
