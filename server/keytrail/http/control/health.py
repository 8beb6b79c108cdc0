"""GET /_keytrail/health: whether the endpoint is ready, with its seeds loaded."""

from typing import Any

from flask import Request

from keytrail.endpoint import Endpoint
from keytrail.http.control.routes import Routes

routes = Routes()


@routes.get("/health", always=True)
def health(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Always ready: an endpoint answers only once its seeds are loaded."""
    return {"status": "ready"}
