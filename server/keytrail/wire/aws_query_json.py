"""The responses of AWS Query in JSON, which STS sends to a request that accepts `application/json`.

Source: what verifiers of a presigned GetCallerIdentity read, such as the verifier of aws-iam-authenticator.
"""

from collections.abc import Mapping

import msgspec

from keytrail.errors import AwsError
from keytrail.wire import aws_json
from keytrail.wire.aws_query import error_members
from keytrail.wire.service_model import Shape


def encode(operation: str, shape: Shape | None, reply: Mapping[str, object] | None, request_id: str) -> bytes:
    """The body of a reply; timestamps are epoch seconds. The output shape may be None."""
    response: dict[str, object] = {"ResponseMetadata": {"RequestId": request_id}}
    if shape is not None:
        response[f"{operation}Result"] = aws_json.document(shape, reply or {})
    return msgspec.json.encode({f"{operation}Response": response}, order="sorted")


def encode_error(error: AwsError, request_id: str) -> tuple[int, bytes]:
    """Status and body of an error."""
    status, members = error_members(error)
    return status, msgspec.json.encode({"Error": members, "RequestId": request_id}, order="sorted")
