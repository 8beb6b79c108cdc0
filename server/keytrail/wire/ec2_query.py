"""EC2's own form of AWS Query: requests are forms, responses XML without a Result, errors with EC2's codes and words.

Source: Smithy, "AWS EC2 query protocol"; EC2 API Reference, "Error codes for the Amazon EC2 API"; responses as recorded
from AWS (radkawar/stackd, ec2/availability_zones.json).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from keytrail.errors import AwsError, SerializationException
from keytrail.wire import query, xml
from keytrail.wire.codec_error import CodecError
from keytrail.wire.scalar_text import from_text, to_text
from keytrail.wire.service_model import Shape

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"

_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_NOT_VALIDATED = "AWS was not able to validate the provided access credentials"

_ERRORS: Mapping[str, tuple[str, int, str]] = {
    "AccessDeniedException": ("UnauthorizedOperation", 403, "You are not authorized to perform this operation. {}"),
    "DryRunOperationException": (
        "DryRunOperation",
        412,
        "Request would have succeeded, but DryRun flag is set.",
    ),
    "ExpiredTokenException": ("RequestExpired", 400, "Request has expired."),
    "IncompleteSignatureException": ("AuthFailure", 401, _NOT_VALIDATED),
    "InternalFailure": ("InternalError", 500, "{}"),
    "InvalidSignatureException": ("AuthFailure", 401, _NOT_VALIDATED),
    "KMSInternalException": ("InternalError", 500, "{}"),
    "MissingAuthenticationTokenException": (
        "MissingParameter",
        400,
        "The request must contain the parameter AWSAccessKeyId",
    ),
    "SerializationException": ("InvalidParameterValue", 400, "{}"),
    "ServiceUnavailable": ("Unavailable", 503, "{}"),
    "ThrottlingException": ("RequestLimitExceeded", 503, "Request limit exceeded."),
    "UnknownOperationException": ("InvalidAction", 400, "{}"),
    "UnrecognizedClientException": ("AuthFailure", 401, _NOT_VALIDATED),
}
"""EC2's code, status and words, by the code in JSON services; `{}` is the message there. Other errors are the same."""

_OWN = ("InvalidParameterValue", "UnknownParameter")
"""The codes of errors that only EC2 answers with."""


def decode(shape: Shape, form: Mapping[str, str]) -> dict[str, object]:
    """The members of a form; `form` has no other fields than members. Raises SerializationException."""
    try:
        return _structure(shape, query.branches(form.items()))
    except CodecError as error:
        # unverified: code and words; AWS's docs have only codes for the values of known parameters
        raise SerializationException(f"The request is not valid: {error}") from None


def field_names(shape: Shape) -> Mapping[str, str]:
    """The members of a structure by the names of their fields: those on the wire, with a capital letter."""
    names = {name: shape.names.get(name, name) for name in shape.members}
    return {wire_name[:1].upper() + wire_name[1:]: name for name, wire_name in names.items()}


def _structure(shape: Shape, node: query.Branches) -> dict[str, object]:
    members = field_names(shape)
    return {
        members[name]: _inside(shape.members[members[name]], inner, f".{members[name]}")
        for name, inner in node.items()
        if name in members
    }


def _inside(shape: Shape, node: object, step: str) -> object:
    try:
        return _read(shape, node)
    except CodecError as error:
        error.within(step)
        raise


def _read(shape: Shape, node: object) -> object:
    if shape.type == "structure":
        return _structure(shape, query.require_branches(node))
    if shape.type == "list":
        assert shape.member is not None
        items = query.numbered(node)
        return [_inside(shape.member, inner, f"[{index}]") for index, inner in enumerate(items)]
    if not isinstance(node, str):
        raise CodecError("expected text, got fields")
    return from_text(shape, node)


def encode(operation: str, shape: Shape | None, reply: Mapping[str, object] | None, request_id: str) -> bytes:
    """The body of a reply. The output shape may be None."""
    from lxml import etree

    names: Any = {None: NAMESPACE}
    root = etree.Element(f"{{{NAMESPACE}}}{operation}Response", nsmap=names)
    etree.SubElement(root, f"{{{NAMESPACE}}}requestId").text = request_id
    if shape is not None:
        _fill_structure(root, shape, reply or {})
    return _DECLARATION + xml.to_bytes(root)


def _fill(element: Any, shape: Shape, value: Any) -> None:
    if shape.type == "structure":
        _fill_structure(element, shape, value)
    elif shape.type == "list":
        assert shape.member is not None
        _fill_list(element, shape.member, value)
    else:
        element.text = to_text(shape, value)


def _fill_structure(element: Any, shape: Shape, value: Mapping[str, object]) -> None:
    for name, member in shape.members.items():
        if name in value:
            _fill(_sub(element, shape.names.get(name, name)), member, value[name])


def _fill_list(element: Any, shape: Shape, values: Iterable[object]) -> None:
    for value in values:
        _fill(_sub(element, "item"), shape, value)


def _sub(element: Any, tag: str) -> Any:
    child = element.makeelement(f"{{{NAMESPACE}}}{tag}")
    element.append(child)
    return child


def encode_error(error: AwsError, request_id: str) -> tuple[int, bytes]:
    """Status and body of an error."""
    from lxml import etree

    status, code, message = error_members(error)
    root = etree.Element("Response")
    element = etree.SubElement(etree.SubElement(root, "Errors"), "Error")
    etree.SubElement(element, "Code").text = code
    etree.SubElement(element, "Message").text = xml.without_invalid(message)
    etree.SubElement(root, "RequestID").text = request_id
    return status, _DECLARATION + xml.to_bytes(root)


def error_members(error: AwsError) -> tuple[int, str, str]:
    """Status, code and message of an error, as EC2 has them."""
    code, status, words = _ERRORS.get(error.code, (error.code, error.status, "{}"))
    return status, code, words.replace("{}", error.message or "")


def trail_error(error: AwsError) -> tuple[str, str]:
    """CloudTrail's errorCode, which says whose fault it is, and errorMessage of an error.

    Source: CloudTrail User Guide, "CloudTrail record contents", its example of Client.UnauthorizedOperation.
    """
    status, code, message = error_members(error)
    return _trail_code(code, status), message


def trail_codes() -> set[str]:
    """All errorCodes that events of EC2 can have."""
    own = {_trail_code(code, 400) for code in _OWN}
    return own | {_trail_code(code, status) for code, status, _ in _ERRORS.values()}


def _trail_code(code: str, status: int) -> str:
    return f"{'Client' if status < 500 else 'Server'}.{code}"
