"""POST /_keytrail/invoke: a call of KMS that an AWS service makes on behalf of a caller."""

from typing import Any

from flask import Request

from keytrail import invoke as invoking
from keytrail.endpoint import Endpoint
from keytrail.http.control.routes import Refusal, Routes, read_body
from keytrail.invoke import Invocation

routes = Routes()

_EXAMPLE = (
    '{"operation": "Decrypt", "members": {"CiphertextBlob": "AQIC...", "EncryptionContext": {"aws:s3:arn": '
    '"arn:aws:s3:::orders/1"}}, "principal": "arn:aws:iam::111122223333:role/Reader", "via": "s3"}'
)


@routes.post("/invoke")
def invoke(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """What KMS answers: status, requestId and body."""
    try:
        return invoking.invoke(endpoint, read_body(request, Invocation, _EXAMPLE))
    except ValueError as error:
        raise Refusal(str(error)) from None
    except ConnectionError as error:
        raise Refusal(str(error), 502) from None
