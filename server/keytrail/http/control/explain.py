"""/_keytrail/explain: why a request was allowed or denied, and whether one would be.

GET explain?requestId=<x-amzn-RequestId> or ?eventId=<CloudTrail's> | POST explain {"action": "kms:Decrypt", ...}
"""

from typing import Any

from flask import Request

from keytrail import explain as explaining
from keytrail.endpoint import Endpoint
from keytrail.explain import Question
from keytrail.http.control.routes import Refusal, Routes, read_body

routes = Routes()

_EXAMPLE = (
    '{"principal": "arn:aws:iam::111122223333:role/Reader", "action": "kms:Decrypt", "keyId": "alias/orders", '
    '"request": {"EncryptionContext": {"tenant": "a"}}, "context": {"aws:SourceIp": "192.0.2.1"}}'
)


@routes.get("/explain", arguments=["requestId", "eventId"])
def explain(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """The decisions on a request that has been made."""
    try:
        return explaining.explain_request(endpoint, request.args.get("requestId"), request.args.get("eventId"))
    except LookupError as error:
        raise Refusal(str(error), 404) from None
    except ValueError as error:
        raise Refusal(str(error)) from None


@routes.post("/explain")
def decide(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """The decision on a request that is only described."""
    question = read_body(request, Question, _EXAMPLE)
    try:
        return explaining.decide(endpoint, question)
    except ValueError as error:
        raise Refusal(str(error)) from None
