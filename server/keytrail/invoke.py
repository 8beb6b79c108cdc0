"""An AWS service's call on behalf of a caller, as S3 makes one for whoever reads an object: `/_keytrail/invoke`.

It goes the whole path of a request, without HTTP and without a signature: the service has checked the caller's.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from keytrail.dispatch import Forwarded, carry_out, request_of_service
from keytrail.domain.arn import is_account
from keytrail.domain.forwarding_service import ForwardingService
from keytrail.domain.principal import Principal
from keytrail.endpoint import Endpoint
from keytrail.messages import Later, Response
from keytrail.operations.kms import OPERATIONS
from keytrail.plain_values import encode_json
from keytrail.regions import region_problem
from keytrail.spelling import suggestion


class Invocation(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Which operation a service calls, and for whom."""

    operation: str
    """Such as `Decrypt`."""
    via: str
    """The service's short name, such as `s3`."""
    members: Mapping[str, Any] = {}
    """The members of the request, as KMS's JSON has them: bytes in base64."""
    principal: str | None = None
    """The caller's ARN, or an account: 12 digits; without one, and without an access key, the default account."""
    access_key_id: str | None = None
    """The caller's access key, in place of a principal."""
    region: str | None = None


def invoke(endpoint: Endpoint, invocation: Invocation) -> dict[str, Any]:
    """What KMS answers: `status`, `requestId`, and `body`, which has bytes in base64.

    Raises ValueError for a value that is not valid, ConnectionError if a fault rule keeps the answer from arriving
    whole.
    """
    if invocation.operation not in OPERATIONS:
        near = suggestion(invocation.operation, OPERATIONS) or "; expected one such as Decrypt"
        raise ValueError(f"operation: KMS has no operation {invocation.operation}{near}")
    forwarded = _forwarded(endpoint, invocation)
    request = request_of_service(forwarded.service, invocation.operation, _body(endpoint, invocation.members))
    answer = endpoint.answers(partial(endpoint.dispatcher.answer, forwarded=forwarded))(request)
    response = carry_out(answer if isinstance(answer, Response) else Later(answer.work))
    body = msgspec.json.decode(response.body) if response.body else {}
    return {"status": response.status, "requestId": response.request_id, "body": body}


def _body(endpoint: Endpoint, members: Mapping[str, Any]) -> bytes | None:
    """The request's body; None if it is larger than the server reads."""
    body = encode_json(members)
    return body if len(body) <= endpoint.settings.max_body else None


def _forwarded(endpoint: Endpoint, invocation: Invocation) -> Forwarded:
    settings = endpoint.settings
    try:
        service = ForwardingService.read(invocation.via)
    except ValueError as error:
        raise ValueError(f"via: {error}") from None
    region = invocation.region or settings.region
    problem = region_problem(region, settings.extra_regions)
    if problem is not None:
        raise ValueError(f"region: {problem}")
    principal, access_key_id = invocation.principal, invocation.access_key_id
    if principal is not None and access_key_id is not None:
        raise ValueError("name the caller once: by its principal, or by its access key")
    if principal is None or is_account(principal):  # an account's root signs with the account as its access key
        return Forwarded(service, region, access_key_id=principal or access_key_id or settings.account)
    try:
        return Forwarded(service, region, Principal.from_arn(principal))
    except ValueError as error:
        raise ValueError(f"principal: {error}") from None
