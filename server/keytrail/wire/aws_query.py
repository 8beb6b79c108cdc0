"""AWS Query as STS speaks it: a form in, XML out; refusals under the names and statuses of Query services.

Source: Smithy, "AWS query protocol"; STS API Reference, "Common Errors"; answers as recorded from AWS.
"""

import re
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
_MOST_FIELDS = 1000
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_NAMES: Mapping[str, tuple[str, int]] = {
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
"""Code and status of Query services for the errors that JSON services name otherwise."""

_WORDS = {"MissingAuthenticationToken": "Request is missing Authentication Token"}
"""Messages of Query services where they have words of their own."""

Form = Mapping[str, str]


def read_form(query_string: str, body: bytes | None, content_type: str) -> Form | None:
    """The fields of query string and body, if there is an `Action` among them."""
    in_body = body if body is not None and content_type.startswith(_FORM) else b""
    if "Action=" not in query_string and b"Action=" not in in_body:
        return None
    fields: dict[str, str] = {}
    try:
        for text in (query_string, in_body.decode()):
            fields.update(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return None
    return fields if "Action" in fields else None


def decode(shape: Shape, form: Form) -> dict[str, object]:
    """The members that a form says; what the shape lacks is left out. Raises SerializationException."""
    fields = [(name, text) for name, text in form.items() if name.partition(".")[0] in shape.members]
    try:
        members: dict[str, object] = query.decode(shape, fields)
    except CodecError as error:
        raise SerializationException(error.words) from None  # unverified: the words
    return members


def encode(operation: str, shape: Shape | None, reply: Mapping[str, object] | None, request_id: str) -> bytes:
    """The answer of an operation."""
    from lxml import etree

    root = etree.Element(f"{operation}Response")
    if shape is not None:
        root.append(xml.encode(shape, reply or {}, f"{operation}Result"))
    etree.SubElement(etree.SubElement(root, "ResponseMetadata"), "RequestId").text = request_id
    return _written(root)


def encode_error(error: AwsError, request_id: str) -> tuple[int, bytes]:
    """Status and body of a refusal."""
    from lxml import etree

    status, members = error_members(error)
    root = etree.Element("ErrorResponse")
    element = etree.SubElement(root, "Error")
    for name, text in members.items():
        etree.SubElement(element, name).text = _NOT_IN_XML.sub("\ufffd", text)
    etree.SubElement(root, "RequestId").text = request_id
    return status, _written(root)


def error_members(error: AwsError) -> tuple[int, dict[str, str]]:
    """Status and Error structure of a refusal, under the names of Query services."""
    code, status = _NAMES.get(error.code, (error.code, error.status))
    members = {"Type": "Sender" if status < 500 else "Receiver", "Code": code}
    message = _WORDS.get(code, error.message)
    return status, members if message is None else {**members, "Message": message}


def _written(root: Any) -> bytes:
    from lxml import etree

    names: Any = {None: NAMESPACE}
    whole = etree.Element(f"{{{NAMESPACE}}}{root.tag}", nsmap=names)
    whole.extend(root)
    for element in whole.iter():
        if not element.tag.startswith("{"):
            element.tag = f"{{{NAMESPACE}}}{element.tag}"
    return xml.to_bytes(whole) + b"\n"
