"""The errors of GetKeyLastUsage as values. They are not exceptions: only CodecError is raised here.

Source: KMS API Reference, GetKeyLastUsage, "Errors", and "Common Errors"; the case of `message` as recorded from AWS.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from keytrail.errors import AccessDeniedException
from keytrail.values.shapes import ShapeCodec, shape
from keytrail.wire import json11

if TYPE_CHECKING:
    from lxml.etree import _Element


@dataclass(frozen=True, slots=True)
class _Declared:
    """An error that the operation declares. Its message is None if KMS sends none."""

    message: str | None = None

    @property
    def code(self) -> str:
        """The error's code, as in `__type`."""
        return type(self).__name__


class DependencyTimeoutException(_Declared):
    """The system timed out; the request can be tried again."""

    __slots__ = ()


class InvalidArnException(_Declared):
    """An ARN is not valid, or is of a resource that the operation does not accept."""

    __slots__ = ()


class KMSInternalException(_Declared):
    """KMS failed; the request can be tried again."""

    __slots__ = ()


class NotFoundException(_Declared):
    """There is no such key in this account and Region."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class UnknownOperationError:
    """An error that the operation does not declare, such as AccessDeniedException or ThrottlingException."""

    code: str
    text: str | None = None
    """Its message, if it has one."""


Declared = DependencyTimeoutException | InvalidArnException | KMSInternalException | NotFoundException
"""The errors that the operation declares."""

GetKeyLastUsageError = Declared | UnknownOperationError
"""What GetKeyLastUsage returns instead of a response."""

_DECLARED: Mapping[str, type[Declared]] = {
    error.__name__: error
    for error in (DependencyTimeoutException, InvalidArnException, KMSInternalException, NotFoundException)
}

_MESSAGE_MEMBERS = {AccessDeniedException.code: AccessDeniedException.message_member}


def error_from_json(code: str, document: object) -> GetKeyLastUsageError:
    """The error with this code, and with the message in a JSON text or document.

    In the code, everything before a `#` and after a `:` is ignored (`com.amazonaws.kms#NotFoundException`). The member
    of the message is `message` or `Message`. Raises CodecError if the document is not an error.
    """
    return _error(code, _codec(nested=False).from_json(document))


def error_from_xml(code: str, element: "_Element | str | bytes") -> GetKeyLastUsageError:
    """The error with this code, and with the message in an lxml element or XML text: an Error or an ErrorResponse."""
    if isinstance(element, (str, bytes)):
        return _error(code, _codec(nested=True).from_string(element))
    return _error(code, _codec(nested=True).from_xml(element))


def error_to_json(error: GetKeyLastUsageError) -> dict[str, object]:
    """The document that KMS sends for the error: `__type`, and the message if there is one."""
    message = error.text if isinstance(error, UnknownOperationError) else error.message
    return json11.error_document(error.code, _MESSAGE_MEMBERS.get(error.code, "message"), message)


def _error(code: str, members: Mapping[str, Any]) -> GetKeyLastUsageError:
    code = code.partition(":")[0].rpartition("#")[2]
    error = members.get("Error", members)
    message = error.get("message", error.get("Message"))
    declared = _DECLARED.get(code)
    return declared(message) if declared is not None else UnknownOperationError(code, message)


@cache
def _codec(*, nested: bool) -> ShapeCodec:
    """The codec of the message, in either case; `nested`: also if it is in an Error in an ErrorResponse."""
    error = shape("KMSInternalException").shape
    both = replace(error, members={**error.members, "Message": error.members["message"]})
    return ShapeCodec(replace(both, members={**both.members, "Error": both}) if nested else both)
