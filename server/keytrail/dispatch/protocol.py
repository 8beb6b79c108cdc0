"""AWS JSON 1.1 or AWS Query: what a request speaks is what its answer speaks, but for Query's JSON answers."""

from collections.abc import Mapping
from types import ModuleType

from keytrail.dispatch.endpoint import Endpoint
from keytrail.dispatch.messages import Request, Response
from keytrail.errors import AwsError, UnknownOperationException
from keytrail.wire import json11


def query_codec() -> ModuleType:
    """AWS Query, which few servers are ever spoken to in."""
    from keytrail.wire import aws_query

    return aws_query


def query_json_codec() -> ModuleType:
    """The answers of AWS Query in JSON, for which fewer ask."""
    from keytrail.wire import aws_query_json

    return aws_query_json


def _accepts_json(request: Request) -> bool:
    """Whether the Accept header asks for JSON first, as those do who verify a presigned GetCallerIdentity."""
    accept = next((value for name, value in request.sent().headers if name.lower() == "accept"), "")
    # unverified: what STS makes of a list of types; here the first counts
    return accept.partition(",")[0].partition(";")[0].strip().lower() == "application/json"


def read_form(request: Request) -> Mapping[str, str] | None:
    """The fields of a request that speaks AWS Query."""
    sent = request.sent()
    if sent.path not in ("/", "") or sent.method not in ("GET", "POST"):
        return None
    body = request.body if sent.method == "POST" else None
    kind = next((value for name, value in sent.headers if name.lower() == "content-type"), "")
    form: Mapping[str, str] | None = query_codec().read_form(request.query, body, kind)
    return form


def query_answer(endpoint: Endpoint, request: Request, reply: Mapping[str, object] | None, request_id: str) -> Response:
    """The answer to a request that speaks AWS Query: XML, or JSON to those who accept that."""
    as_json = _accepts_json(request)
    codec = query_json_codec() if as_json else query_codec()
    body = codec.encode(endpoint.name, endpoint.model.output, reply, request_id)
    return Response(200, body, request_id, xml=not as_json, plain_json=as_json)


def unknown(request: Request, form: Mapping[str, str] | None, request_id: str) -> Response:
    """The answer to a request that names no operation."""
    if form is None:
        return refuse(UnknownOperationException(), request_id)
    version = form.get("Version") or "NO_VERSION_SPECIFIED"
    error = UnknownOperationException(f"Could not find operation {form['Action']} for version {version}")
    return refuse(error, request_id, query=request)


def refuse(error: AwsError, request_id: str, *, query: Request | None = None) -> Response:
    """An error as the request's protocol writes it; `query` is the request if that is AWS Query."""
    if query is not None:
        as_json = _accepts_json(query)
        status, body = (query_json_codec() if as_json else query_codec()).encode_error(error, request_id)
        return Response(status, body, request_id, xml=not as_json, plain_json=as_json)
    return Response(error.status, json11.encode_error(error.code, error.message_member, error.message), request_id)
