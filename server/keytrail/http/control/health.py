"""GET /_keytrail/health: whether the seeds are in and calls are answered."""

from typing import Any

from flask import Request

from keytrail.endpoint import Endpoint
from keytrail.http.control.routes import Routes

routes = Routes()


@routes.get("/health", always=True)
def health(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """An endpoint that can be asked is ready."""
    return {"status": "ready"}
