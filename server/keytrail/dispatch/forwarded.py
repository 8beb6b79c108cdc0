"""Forwarded: what a service that calls KMS on behalf of a caller says of that caller, in place of a signature.

And such a call as a request, and its answer.
"""

import time
from typing import NamedTuple

import msgspec

from keytrail.call import Refused
from keytrail.domain.forwarding_service import ForwardingService
from keytrail.domain.principal import Principal
from keytrail.messages import JSON_11, Later, Request, Response


class Forwarded(NamedTuple):
    """The caller, by the principal or by an access key, the Region, and the service."""

    service: ForwardingService
    region: str
    principal: Principal | None = None
    access_key_id: str | None = None
    """Of whom, where there is no principal; None: the root of the default account."""


def request_of_service(service: ForwardingService, operation: str, body: bytes | None) -> Request:
    """The request by which a service calls an operation of KMS; `body` is None where it is too large."""
    headers = [
        (b"content-type", JSON_11.encode()),
        (b"user-agent", service.invoked_by.encode()),
        (b"x-amz-target", f"TrentService.{operation}".encode()),
    ]
    return Request("POST", "/", headers=headers, body=body)


def carry_out(answer: Response | Later[Response]) -> Response:
    """The response, after all that takes time. Raises ConnectionError if a fault rule keeps it from arriving whole."""
    response = answer.work() if isinstance(answer, Later) else answer
    if response.delivery.delay:
        time.sleep(response.delivery.delay)
    if response.delivery.drop or response.delivery.truncate is not None:
        raise ConnectionError(f"a fault rule cut the connection of request {response.request_id}")
    return response


def refusal_in(response: Response) -> Refused | None:
    """The refusal in a response of KMS; None if it is a success."""
    if response.status == 200:
        return None
    body = msgspec.json.decode(response.body)
    return Refused(response.status, body["__type"], body.get("message", body.get("Message")))
