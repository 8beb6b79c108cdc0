"""The protocols of requests, and which operation a request names.

A protocol reads the members of a request, and writes its reply or its refusal in the same protocol. AWS JSON 1.1 and
AWS Query are here, the others in modules of their own.
"""

from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any
from typing import Protocol as Interface

from keytrail.call import Reply
from keytrail.dispatch import rpc_v2_cbor
from keytrail.dispatch.ec2_query import Ec2Query
from keytrail.dispatch.other_services import service_of
from keytrail.dispatch.rest_json import RestJson
from keytrail.dispatch.rpc_v2_cbor import RpcV2Cbor
from keytrail.errors import (
    AccessDeniedException,
    AwsError,
    MissingAuthenticationTokenException,
    SerializationException,
    UnknownOperationException,
)
from keytrail.messages import JSON, JSON_11, Content, Request, Response
from keytrail.operation import Operation, Service
from keytrail.wire import aws_json

_COMPRESSED = ("gzip", "deflate", "br", "zstd")
"""Values of Content-Encoding that say that a body is compressed."""


class Protocol(Interface):
    """Reads one request and writes its answer."""

    def parse(self, request: Request) -> object:
        """The document in the body of a request, whatever the operation. Raises SerializationException."""

    def read(self, operation: Operation, document: Any) -> Mapping[str, object]:
        """The members of what `parse` returned. Raises SerializationException."""

    def write(self, operation: Operation, reply: Reply | None, request_id: str) -> Response:
        """The response of an operation that succeeded."""

    def refuse(self, error: AwsError, request_id: str) -> Response:
        """The response to a request that is refused."""

    def unknown_operation(self) -> AwsError:
        """The error of a request that names no operation."""


class AwsJson:
    """AWS JSON 1.1, for KMS and CloudTrail."""

    def __init__(self, content: Content) -> None:
        """Answer as this service."""
        self._content = content

    def parse(self, request: Request) -> object:
        """The JSON object in the body."""
        # unverified: that KMS parses before it authenticates; Kinesis does (mhart/kinesalite, test/connection.js)
        if request.body is None:
            return {}
        try:
            return aws_json.parse_body(request.body)
        except SerializationException:
            encoding = request.header(b"content-encoding").lower()
            if encoding not in _COMPRESSED:
                raise
            # unverified: the message; no operation of these services takes compressed bodies, and no answer was found
            raise SerializationException(
                f"The body is compressed ({encoding}), which no operation here takes."
            ) from None

    def read(self, operation: Operation, document: Any) -> Mapping[str, object]:
        """The members in the object."""
        return aws_json.decode_document(operation.model.input, document)

    def write(self, operation: Operation, reply: Reply | None, request_id: str) -> Response:
        """The reply as JSON."""
        return Response(200, aws_json.encode_body(operation.model.output, reply), request_id, self._content)

    def refuse(self, error: AwsError, request_id: str) -> Response:
        """`__type`, and the message where there is one."""
        body = aws_json.encode_error(error.code, error.message_member, error.message)
        return Response(error.status, body, request_id, self._content)

    def unknown_operation(self) -> AwsError:
        """UnknownOperationException without a message."""
        return UnknownOperationException()


class AwsQuery:
    """AWS Query, for STS. Answers are XML, or JSON for a request that accepts JSON."""

    def __init__(self, request: Request, form: Mapping[str, str]) -> None:
        """Read and answer the request, whose fields are `form`."""
        self._form = form
        # unverified: that the first one of a list of types counts; not in AWS's docs, recordings or issues
        accepted = request.header(b"accept").partition(",")[0].partition(";")[0].strip().lower()
        self._content = Content.JSON if accepted == JSON else Content.XML

    @property
    def action(self) -> tuple[str, str]:
        """The name of the operation in the form, and the version of the service's API."""
        return self._form["Action"], self._form.get("Version", "")

    def parse(self, request: Request) -> object:
        """The form."""
        return self._form

    def read(self, operation: Operation, document: Any) -> Mapping[str, object]:
        """The members in the form."""
        members: Mapping[str, object] = _aws_query().decode(operation.model.input, document)
        return members

    def write(self, operation: Operation, reply: Reply | None, request_id: str) -> Response:
        """The reply as XML or JSON."""
        body = self._codec.encode(operation.name, operation.model.output, reply, request_id)
        return Response(200, body, request_id, self._content)

    def refuse(self, error: AwsError, request_id: str) -> Response:
        """The error, with the code and the status of Query services."""
        status, body = self._codec.encode_error(error, request_id)
        return Response(status, body, request_id, self._content)

    def unknown_operation(self) -> AwsError:
        """UnknownOperationException; its message has the name and the version that were asked for."""
        name, version = self.action
        return UnknownOperationException(
            f"Could not find operation {name} for version {version or 'NO_VERSION_SPECIFIED'}"
        )

    @property
    def _codec(self) -> ModuleType:
        return _aws_query() if self._content is Content.XML else _aws_query_json()


class FrontEnd:
    """The answer to what is in no protocol of any service: another method, path or type of content.

    unverified: that KMS answers as Kinesis does (mhart/kinesalite, test/connection.js); DynamoDB answers otherwise, and
    of KMS nothing was found
    """

    def __init__(self, request: Request) -> None:
        """Answer the request."""
        self._is_signed = request.is_signed

    def parse(self, request: Request) -> object:
        """Nothing."""

    def read(self, operation: Operation, document: Any) -> Mapping[str, object]:
        """No members."""
        return {}

    def write(self, operation: Operation, reply: Reply | None, request_id: str) -> Response:
        """Nothing, for no operation is ever found."""
        return Response(200, b"", request_id, Content.FRONT_END)

    def refuse(self, error: AwsError, request_id: str) -> Response:
        """The code and the message as a little XML, with status 403."""
        body = f"<{error.code}>\n  <Message>{error.message}</Message>\n</{error.code}>\n".encode()
        return Response(403, body, request_id, Content.FRONT_END)

    def unknown_operation(self) -> AwsError:
        """Whether it is signed decides."""
        if self._is_signed:
            return AccessDeniedException("Unable to determine service/operation name to be authorized")
        return MissingAuthenticationTokenException("Missing Authentication Token")


KMS = AwsJson(Content.KMS)
_OTHER_JSON = AwsJson(Content.JSON_11)
_REST_JSON = RestJson()


class Protocols:
    """Finds the operation that a request names, and its protocol."""

    def __init__(self, services: Iterable[Service]) -> None:
        """Answer for these services."""
        self._targets: dict[str, tuple[Protocol, Operation]] = {}
        self._actions: dict[tuple[str, str], Operation] = {}
        self._paths: dict[str, Operation] = {}
        self._by_prefix: dict[str, Service] = {}
        self._with_paths: set[str] = set()
        self._ec2_version = ""
        for service in services:
            model = service.model
            if "rest-json" in model.protocols:
                self._paths |= {operation.model.path: operation for operation in service.operations.values()}
                self._with_paths.add(service.name)
                continue
            if model.target_prefix is None:
                self._actions |= {(name, model.version): operation for name, operation in service.operations.items()}
                if "ec2" in model.protocols:
                    self._ec2_version = model.version
                continue
            self._by_prefix[model.target_prefix] = service
            # Only botocore and the SDK for Java write the namespace in the target; CloudTrail accepts both.
            for prefix in {model.target_prefix, model.target_prefix.rpartition(".")[2]}:
                protocol = KMS if service.name == "kms" else _OTHER_JSON
                self._targets |= {
                    f"{prefix}.{name}": (protocol, operation) for name, operation in service.operations.items()
                }

    def find(self, request: Request) -> tuple[Protocol, Operation | None]:
        """The protocol of a request, and the operation that it names; None if it names none."""
        # unverified: that KMS takes any Content-Type with a target, as curl sends without being told; Kinesis does not
        found = self._targets.get(request.target)
        if found is not None:
            return found
        if (named := rpc_v2_cbor.named(request)) is not None:
            return self._find_in_cbor(*named)
        if request.path not in ("/", ""):
            return self._find_by_path(request)
        form = _form_of(request)
        if form is None:
            is_json = request.method == "POST" and request.header(b"content-type").startswith(JSON_11)
            return KMS if is_json else FrontEnd(request), None
        action = form["Action"], form.get("Version", "")
        is_ec2 = action[1] == self._ec2_version or service_of(request) == "ec2"
        return Ec2Query(form) if is_ec2 else AwsQuery(request, form), self._actions.get(action)

    def _find_in_cbor(self, prefix: str, name: str) -> tuple[Protocol, Operation | None]:
        """As `find`, for a request in RPC v2 CBOR."""
        service = self._by_prefix.get(prefix)
        speaks_it = service is not None and rpc_v2_cbor.NAME in service.model.protocols
        return RpcV2Cbor(service), service.operations.get(name) if service is not None and speaks_it else None

    def _find_by_path(self, request: Request) -> tuple[Protocol, Operation | None]:
        """As `find`, for a request whose path is not `/`: only services of REST JSON have such."""
        operation = self._paths.get(request.path) if request.method == "POST" else None
        if operation is not None or service_of(request) in self._with_paths:
            return _REST_JSON, operation
        return FrontEnd(request), None


def _form_of(request: Request) -> Mapping[str, str] | None:
    """The fields of a request in AWS Query; None for any other request."""
    if request.method not in ("GET", "POST"):
        return None
    body = request.body if request.method == "POST" else None
    form: Mapping[str, str] | None = _aws_query().read_form(request.query, body, request.header(b"content-type"))
    return form


def _aws_query() -> ModuleType:
    """The codec of AWS Query. Few endpoints get such a request, so the first one imports it."""
    from keytrail.wire import aws_query

    return aws_query


def _aws_query_json() -> ModuleType:
    """The codec of AWS Query's JSON answers, imported by the first request that needs it."""
    from keytrail.wire import aws_query_json

    return aws_query_json
