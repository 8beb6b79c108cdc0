"""Smithy's RPC v2 CBOR, which SDKs prefer for services whose models list it, such as the Resource Groups Tagging API.

Source: Smithy, "Smithy RPC v2 CBOR protocol"; botocore's serializer and parser of it.
"""

import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from keytrail.call import Reply
from keytrail.errors import AwsError, SerializationException, UnknownOperationException
from keytrail.messages import Content, Request, Response
from keytrail.operation import Operation, Service
from keytrail.wire.codec_error import CodecError

NAME = "smithy-rpc-v2-cbor"
"""The protocol's name in service models."""

_PATH = re.compile(r"/service/(?P<service>[^/]+)/operation/(?P<operation>[^/]+)")


def named(request: Request) -> tuple[str, str] | None:
    """The service, by its target prefix, and the operation that a request names; None for another protocol's."""
    if request.method != "POST" or request.header(b"smithy-protocol") != "rpc-v2-cbor":
        return None
    match = _PATH.fullmatch(request.path)
    return (match["service"], match["operation"]) if match is not None else None


class RpcV2Cbor:
    """RPC v2 CBOR."""

    def __init__(self, service: Service | None) -> None:
        """Answer a request for a service; None if there is no such service here."""
        self._service = service

    def parse(self, request: Request) -> object:
        """The data item in the body, which may be missing."""
        if not request.body:
            return {}
        try:
            return _cbor().parse(request.body)
        except CodecError as error:
            raise SerializationException(str(error)) from None

    def read(self, operation: Operation, document: Any) -> Mapping[str, object]:
        """The members in the map."""
        try:
            members: Mapping[str, object] = _cbor().decode(operation.model.input, document)
        except CodecError as error:
            raise SerializationException(str(error)) from None
        return members

    def write(self, operation: Operation, reply: Reply | None, request_id: str) -> Response:
        """The reply as CBOR."""
        body = b"" if operation.model.output is None else _cbor().encode(reply or {})
        return Response(200, body, request_id, Content.CBOR)

    def refuse(self, error: AwsError, request_id: str) -> Response:
        """`__type`, and the message where there is one."""
        body = {"__type": error.code} if error.message is None else {"__type": error.code, "message": error.message}
        return Response(error.status, _cbor().encode(body), request_id, Content.CBOR)

    def unknown_operation(self) -> AwsError:
        """UnknownOperationException; its message says in which protocol the service answers."""
        # unverified: what AWS answers where a service's model does not list this protocol; not in docs or issues
        if self._service is None or NAME in self._service.model.protocols:
            return UnknownOperationException()
        title, spoken = self._service.model.title, ", ".join(self._service.model.protocols)
        return UnknownOperationException(f"{title} does not speak {NAME}; its model lists {spoken}.")


def _cbor() -> ModuleType:
    """The codec, imported by the first request that needs it."""
    from keytrail.wire import cbor

    return cbor
