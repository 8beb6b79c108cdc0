"""CodecError: what is wrong in a document, and where."""

import json
from collections.abc import Mapping
from datetime import datetime

_KINDS: Mapping[type, str] = {
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    dict: "an object",
    list: "an array",
    bytes: "bytes",
    datetime: "a datetime",
    type(None): "null",
}


class CodecError(ValueError):
    """A value does not fit its shape: `$.KeyLastUsage.Timestamp: expected a number, got a string`.

    `path` leads from the document `$` to the value: `.Member`, `[index]`, `["map key"]`; the same in every codec.
    `reason` says what is wrong, without the value itself, which may be secret. `kms_message` is the message of KMS's
    error, if the document is a request in JSON; None: KMS's error has no message.
    """

    def __init__(self, reason: str, kms_message: str | None = None) -> None:
        """With an empty path; the decoders of the enclosing values call `within` to extend it."""
        super().__init__(reason)
        self.path = "$"
        self.reason = reason
        self.kms_message = kms_message

    def within(self, step: str) -> None:
        """Put this step before the path: the value is inside a member or item."""
        self.path = f"${step}{self.path[1:]}"

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def wrong_type(expected: str, value: object, kms_message: str | None = None) -> CodecError:
    """The error for a value of another type than the expected one."""
    return CodecError(f"expected {expected}, got {_KINDS.get(type(value), type(value).__name__)}", kms_message)


def map_step(name: str) -> str:
    """The step of a path to the value of this key in a map."""
    return f"[{json.dumps(name)}]"
