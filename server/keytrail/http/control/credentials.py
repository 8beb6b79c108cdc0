"""GET /_keytrail/credentials/<access key>: the secret of an access key that a seed declares, or that STS issued."""

from typing import Any

from flask import Request

from keytrail.endpoint import Endpoint
from keytrail.http.control.routes import Refusal, Routes

routes = Routes()


@routes.get("/credentials/<access_key_id>")
def show(endpoint: Endpoint, request: Request, access_key_id: str) -> dict[str, Any]:
    """The secret, for tests that sign as this caller."""
    secret = endpoint.callers.secret_of(access_key_id)
    if secret is None:
        raise Refusal(f"No seed declares the access key {access_key_id}, and STS did not issue it.", 404)
    return {"AccessKeyId": access_key_id, "SecretAccessKey": secret}
