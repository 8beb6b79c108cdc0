"""POST /_keytrail/fixtures: load a seed. POST /_keytrail/reset: go back to the state after the start.

Both take `?account=111122223333`: the default account of the seed; the only account to reset.
"""

from typing import Any

from flask import Request

from keytrail.domain.arn import is_account
from keytrail.endpoint import Endpoint
from keytrail.http.control.routes import Refusal, Routes, require_no_body
from keytrail.seeds import SeedError

routes = Routes()


@routes.post("/fixtures", arguments=["account"])
def load(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Load the seed document in the body, YAML or JSON; all of it, or nothing."""
    account = _account(request)
    try:
        return {"loaded": endpoint.load(request.get_data(), account)}
    except SeedError as error:
        raise Refusal.of_seed("Nothing was loaded", error) from None


@routes.post("/reset", arguments=["account"])
def reset(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Go back to the state after the start."""
    require_no_body(request, "; to reset one account alone, POST reset?account=111122223333.")
    endpoint.reset(_account(request))
    return {"status": "reset"}


def _account(request: Request) -> str | None:
    account = request.args.get("account")
    if account is not None and not is_account(account):
        raise Refusal(f"account: expected 12 digits, got {account!r}")
    return account
