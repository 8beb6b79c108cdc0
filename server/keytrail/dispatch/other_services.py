"""The answer to a call of a service that is not here, such as S3: an error that its SDK can read, and that says so.

AWS_ENDPOINT_URL sends the calls of every service here. AWS has no such answer, for there each service has its own
endpoint.
"""

import re
from collections.abc import Callable, Mapping

from keytrail.authentication.credential_scope import read_credential_scope
from keytrail.errors import AwsError, UnknownOperationException
from keytrail.messages import Content, Request, Response
from keytrail.operations import SERVICES
from keytrail.wire import aws_json

_SERVICE = re.compile(r"[a-z0-9-]{1,40}")


def service_of(request: Request) -> str | None:
    """The service in the credential scope of a request, such as `s3`; None if it has none that can be read."""
    try:
        credential = read_credential_scope(request.authorization, request.query).credential or ""
    except AwsError:
        return None
    words = credential.split("/")
    # A signature for several Regions (SigV4A, as S3 has it) has no Region in its scope.
    if len(words) < 4 or words[-1] != "aws4_request" or not _SERVICE.fullmatch(words[-2]):
        return None
    return words[-2]


def not_here(service: str) -> UnknownOperationException:
    """The error for a call of this service."""
    *others, last = sorted(each.model.title for each in SERVICES.values() if each.name != "kms")
    return UnknownOperationException(
        f"This is Keytrail, which answers for KMS, and for parts of {', '.join(others)} and {last}, not for {service}. "
        f"Give the client of {service} another endpoint, or set AWS_ENDPOINT_URL_KMS and its like in place of "
        "AWS_ENDPOINT_URL."
    )


def refuse(request: Request, service: str, error: AwsError, request_id: str) -> Response:
    """The response with an error, in the protocol of the service as far as the request shows it."""
    if request.header(b"smithy-protocol") == "rpc-v2-cbor":
        return _in_cbor(error, request_id)
    is_form = request.header(b"content-type").startswith("application/x-www-form-urlencoded")
    default = _in_xml_of_query if is_form and not request.target else _in_json
    return _FORMS.get(service, default)(error, request_id)


def _in_json(error: AwsError, request_id: str) -> Response:
    body = aws_json.encode_error(error.code, error.message_member, error.message)
    return Response(error.status, body, request_id, Content.JSON_11)


def _in_cbor(error: AwsError, request_id: str) -> Response:
    import cbor2

    body = cbor2.dumps({"__type": error.code, "message": error.message})
    return Response(error.status, body, request_id, Content.CBOR)


def _in_xml_of_query(error: AwsError, request_id: str) -> Response:
    body = f"<ErrorResponse><Error><Type>Sender</Type>{_code_and_message(error)}</Error>"
    body += f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    return Response(error.status, body.encode(), request_id, Content.XML)


def _in_xml_of_ec2(error: AwsError, request_id: str) -> Response:
    body = f"<Response><Errors><Error>{_code_and_message(error)}</Error></Errors>"
    body += f"<RequestID>{request_id}</RequestID></Response>"
    return Response(error.status, body.encode(), request_id, Content.XML)


def _in_xml_of_s3(error: AwsError, request_id: str) -> Response:
    body = f"<Error>{_code_and_message(error)}<RequestId>{request_id}</RequestId></Error>"
    return Response(error.status, body.encode(), request_id, Content.XML)


def _code_and_message(error: AwsError) -> str:
    # Neither has a character that XML would want escaped: the only text of the client's is the service's name.
    return f"<Code>{error.code}</Code><Message>{error.message}</Message>"


_FORMS: Mapping[str, Callable[[AwsError, str], Response]] = {
    "cloudfront": _in_xml_of_query,
    "ec2": _in_xml_of_ec2,
    "route53": _in_xml_of_query,
    "s3": _in_xml_of_s3,
    "s3-outposts": _in_xml_of_s3,
    "s3express": _in_xml_of_s3,
}
"""By service: how it writes errors, where a request does not show it."""
