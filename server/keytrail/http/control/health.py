"""GET /_keytrail/health: whether the endpoint is ready, with its seeds loaded. GET /_keytrail/ca.pem: whom to trust."""

from typing import Any

from flask import Request, Response

from keytrail.endpoint import Endpoint
from keytrail.http.control.routes import Refusal, Routes

routes = Routes()


@routes.get("/health", always=True)
def health(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Always ready: an endpoint answers only once its seeds are loaded."""
    return {"status": "ready"}


@routes.get("/ca.pem", always=True)
def authority(endpoint: Endpoint, request: Request) -> Response:
    """The certificate, in PEM, of the authority that clients of TLS have to trust."""
    if endpoint.authority is not None:
        return Response(endpoint.authority, mimetype="application/x-pem-file")
    if endpoint.settings.tls_cert:
        raise Refusal("The certificate was given (KEYTRAIL_TLS_CERT), so whoever made it has its authority.", 404)
    raise Refusal("This server speaks no TLS: start it with KEYTRAIL_TLS_PORT.", 404)
