"""The protocol of AWS Account Management: REST JSON, of which its operations need the JSON in the body alone."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keytrail.call import Reply
from keytrail.errors import AwsError, FieldValidationFailed, UnknownOperationException
from keytrail.messages import Content, Request, Response
from keytrail.operation import Operation
from keytrail.wire import aws_json

_ERRORS: Mapping[str, tuple[str, int]] = {
    **{
        code: (code, 403)
        for code in (
            *("AccessDeniedException", "ExpiredTokenException", "IncompleteSignatureException"),
            *("InvalidSignatureException", "MissingAuthenticationTokenException", "UnrecognizedClientException"),
        )
    },
    "KMSInternalException": ("InternalServerException", 500),
    "ThrottlingException": ("TooManyRequestsException", 429),
    "UnknownOperationException": ("UnknownOperationException", 404),
}
"""Code and status, by the code in services of AWS JSON; other errors are the same.

Source: the service model, for what it declares; kms-behaviour A.5, for the 404.
"""


class RestJson:
    """REST JSON: the path names the operation, the members are in the body."""

    def parse(self, request: Request) -> object:
        """The JSON object in the body, which may be missing."""
        return aws_json.parse_body(request.body) if request.body else {}

    def read(self, operation: Operation, document: Any) -> Mapping[str, object]:
        """The members in the object."""
        return aws_json.decode_document(operation.model.input, document)

    def write(self, operation: Operation, reply: Reply | None, request_id: str) -> Response:
        """The reply as JSON."""
        return Response(200, aws_json.encode_body(operation.model.output, reply), request_id, Content.REST_JSON)

    def refuse(self, error: AwsError, request_id: str) -> Response:
        """The message in the body, the code in a header."""
        code, status = _ERRORS.get(error.code, (error.code, error.status))
        body: dict[str, object] = {} if error.message is None else {"message": error.message}
        if isinstance(error, FieldValidationFailed):
            body["reason"] = "fieldValidationFailed"
            body["fieldList"] = [{"name": error.field, "message": error.message}]
        return Response(status, msgspec.json.encode(body), request_id, Content.REST_JSON, error_type=code)

    def unknown_operation(self) -> AwsError:
        """UnknownOperationException without a message."""
        # unverified: the body, and that the code is in a header; of Bedrock, REST JSON too, code and 404 are reported
        return UnknownOperationException()
