"""The protocol of Amazon EC2."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from keytrail.call import Reply
from keytrail.errors import AwsError, UnknownOperationException, UnknownParameter
from keytrail.messages import Content, Request, Response
from keytrail.operation import Operation

_OF_NO_OPERATION = (
    "Action",
    "Version",
    "Expires",
    "Signature",
    "SecurityToken",
    "Timestamp",
    "AWSAccessKeyId",
    "X-Amz-",
)
"""How fields begin that are no members: of every operation, or of signatures."""


class Ec2Query:
    """EC2's own form of AWS Query."""

    def __init__(self, form: Mapping[str, str]) -> None:
        """Read and answer the request whose fields are `form`."""
        self._form = form

    @property
    def action(self) -> tuple[str, str]:
        """The name of the operation in the form, and the version of the service's API."""
        return self._form["Action"], self._form.get("Version", "")

    def parse(self, request: Request) -> object:
        """The form."""
        return self._form

    def read(self, operation: Operation, document: Any) -> Mapping[str, object]:
        """The members in the form. A field that is none is an UnknownParameter."""
        fields = {name: text for name, text in document.items() if not name.startswith(_OF_NO_OPERATION)}
        known = _codec().field_names(operation.model.input)
        for name in fields:
            if name.partition(".")[0] not in known:
                raise UnknownParameter(f"The parameter {name} is not recognized")
        members: Mapping[str, object] = _codec().decode(operation.model.input, fields)
        return members

    def write(self, operation: Operation, reply: Reply | None, request_id: str) -> Response:
        """The reply as XML."""
        body = _codec().encode(operation.name, operation.model.output, reply, request_id)
        return Response(200, body, request_id, Content.EC2)

    def refuse(self, error: AwsError, request_id: str) -> Response:
        """The error with EC2's code and words."""
        status, body = _codec().encode_error(error, request_id)
        return Response(status, body, request_id, Content.EC2)

    def unknown_operation(self) -> AwsError:
        """InvalidAction, in EC2's words."""
        return UnknownOperationException(f"The action {self.action[0]} is not valid for this web service.")


def _codec() -> ModuleType:
    """The codec, imported by the first request that needs it."""
    from keytrail.wire import ec2_query

    return ec2_query
