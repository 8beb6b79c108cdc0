"""AWS JSON 1.1 or AWS Query: what a request speaks is what its answer speaks."""

from collections.abc import Mapping
from types import ModuleType

from keytrail.dispatch.messages import Request, Response
from keytrail.errors import AwsError, UnknownOperationException
from keytrail.wire import json11


def query_codec() -> ModuleType:
    """AWS Query, which few servers are ever spoken to in."""
    from keytrail.wire import aws_query

    return aws_query


def read_form(request: Request) -> Mapping[str, str] | None:
    """The fields of a request that speaks AWS Query."""
    sent = request.sent()
    if sent.path not in ("/", "") or sent.method not in ("GET", "POST"):
        return None
    body = request.body if sent.method == "POST" else None
    kind = next((value for name, value in sent.headers if name.lower() == "content-type"), "")
    form: Mapping[str, str] | None = query_codec().read_form(request.query, body, kind)
    return form


def unknown(form: Mapping[str, str] | None, request_id: str) -> Response:
    """The answer to a request that names no operation."""
    if form is None:
        return refuse(UnknownOperationException(), request_id)
    version = form.get("Version") or "NO_VERSION_SPECIFIED"
    error = UnknownOperationException(f"Could not find operation {form['Action']} for version {version}")
    return refuse(error, request_id, query=True)


def refuse(error: AwsError, request_id: str, *, query: bool = False) -> Response:
    """An error as the request's protocol writes it."""
    if query:
        status, body = query_codec().encode_error(error, request_id)
        return Response(status, body, request_id, xml=True)
    return Response(error.status, json11.encode_error(error.code, error.message_member, error.message), request_id)
