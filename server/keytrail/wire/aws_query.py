"""AWS Query as in STS: requests are forms, responses XML; errors have the codes and statuses of Query services.

Source: Smithy, "AWS query protocol"; STS API Reference, "Common Errors"; responses as recorded from AWS.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from keytrail.errors import AwsError, SerializationException
from keytrail.wire import query, xml
from keytrail.wire.codec_error import CodecError
from keytrail.wire.service_model import Shape

VERSION = "2011-06-15"
NAMESPACE = f"https://sts.amazonaws.com/doc/{VERSION}/"

_FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 1000

_CODES: Mapping[str, tuple[str, int]] = {
    "AccessDeniedException": ("AccessDenied", 403),
    "ExpiredTokenException": ("ExpiredToken", 403),
    "IncompleteSignatureException": ("IncompleteSignature", 400),
    "InvalidSignatureException": ("SignatureDoesNotMatch", 403),
    "KMSInternalException": ("InternalFailure", 500),
    "MalformedPolicyDocumentException": ("MalformedPolicyDocument", 400),
    "MissingAuthenticationTokenException": ("MissingAuthenticationToken", 403),
    "PackedPolicyTooLargeException": ("PackedPolicyTooLarge", 400),
    "SerializationException": ("MalformedInput", 400),
    "ThrottlingException": ("Throttling", 400),
    "UnknownOperationException": ("InvalidAction", 400),
    "UnrecognizedClientException": ("InvalidClientTokenId", 403),
    "ValidationException": ("ValidationError", 400),
}
"""Code and status in Query services, by the code in JSON services; other errors are the same in both."""

_MESSAGES = {"MissingAuthenticationToken": "Request is missing Authentication Token"}
"""Messages that differ in Query services, by their code."""

Form = Mapping[str, str]


def read_form(query_string: str, body: bytes | None, content_type: str) -> Form | None:
    """The fields of query string and body; None if none of them is `Action`, or if they are malformed."""
    in_body = body if body is not None and content_type.startswith(_FORM) else b""
    if "Action=" not in query_string and b"Action=" not in in_body:
        return None
    fields: dict[str, str] = {}
    try:
        for text in (query_string, in_body.decode()):
            fields.update(parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    except ValueError:
        return None
    return fields if "Action" in fields else None


def decode(shape: Shape, form: Form) -> dict[str, object]:
    """The members of a form, without fields that the shape lacks. Raises SerializationException."""
    fields = [(name, text) for name, text in form.items() if name.partition(".")[0] in shape.members]
    try:
        members: dict[str, object] = query.decode(shape, fields)
    except CodecError as error:
        # unverified: the words; only the code was recorded (radkawar/stackd, sts/query_inputs.json)
        raise SerializationException(error.reason) from None
    return members


def encode(operation: str, shape: Shape | None, reply: Mapping[str, object] | None, request_id: str) -> bytes:
    """The body of a reply. The output shape may be None."""
    from lxml import etree

    root = etree.Element(f"{operation}Response")
    if shape is not None:
        root.append(xml.encode(shape, reply or {}, f"{operation}Result"))
    etree.SubElement(etree.SubElement(root, "ResponseMetadata"), "RequestId").text = request_id
    return _to_bytes(root)


def encode_error(error: AwsError, request_id: str) -> tuple[int, bytes]:
    """Status and body of an error."""
    from lxml import etree

    status, members = error_members(error)
    root = etree.Element("ErrorResponse")
    element = etree.SubElement(root, "Error")
    for name, text in members.items():
        etree.SubElement(element, name).text = xml.without_invalid(text)
    etree.SubElement(root, "RequestId").text = request_id
    return status, _to_bytes(root)


def error_members(error: AwsError) -> tuple[int, dict[str, str]]:
    """Status and Error structure of an error, with the code of Query services."""
    code, status = _CODES.get(error.code, (error.code, error.status))
    members = {"Type": "Sender" if status < 500 else "Receiver", "Code": code}
    message = _MESSAGES.get(code, error.message)
    return status, members if message is None else {**members, "Message": message}


def _to_bytes(root: Any) -> bytes:
    """The text of a document, with all elements in the namespace of STS."""
    from lxml import etree

    names: Any = {None: NAMESPACE}
    whole = etree.Element(f"{{{NAMESPACE}}}{root.tag}", nsmap=names)
    whole.extend(root)
    for element in whole.iter():
        if not element.tag.startswith("{"):
            element.tag = f"{{{NAMESPACE}}}{element.tag}"
    return xml.to_bytes(whole) + b"\n"
