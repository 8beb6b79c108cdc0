"""The answers of AWS Query in JSON, as STS gives them to a request that accepts `application/json`.

Source: what those read who have a presigned GetCallerIdentity verified, such as the verifier of aws-iam-authenticator.
"""

from collections.abc import Mapping

import msgspec

from keytrail.errors import AwsError
from keytrail.wire import json11
from keytrail.wire.aws_query import error_members
from keytrail.wire.service_model import Shape


def encode(operation: str, shape: Shape | None, reply: Mapping[str, object] | None, request_id: str) -> bytes:
    """The answer of an operation; moments are epoch seconds."""
    answer: dict[str, object] = {"ResponseMetadata": {"RequestId": request_id}}
    if shape is not None:
        answer[f"{operation}Result"] = json11.document(shape, reply or {})
    return msgspec.json.encode({f"{operation}Response": answer}, order="sorted")


def encode_error(error: AwsError, request_id: str) -> tuple[int, bytes]:
    """Status and body of a refusal."""
    status, members = error_members(error)
    return status, msgspec.json.encode({"Error": members, "RequestId": request_id}, order="sorted")
