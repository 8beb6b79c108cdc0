"""What is wrong with a document, and where in it."""

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
    """A document, or a value, that is none of its shape: `$.KeyLastUsage.Timestamp: expected a number, got a string`.

    `path` leads from the document `$` to the place: `.Member`, `[index]`, `["map key"]`; the same in every codec.
    `words` say what is wrong there without its text, which may be a secret. `in_kms_words` is what
    KMS answers for it, where the document was a request in JSON; None is an answer without a message.
    """

    def __init__(self, words: str, in_kms_words: str | None = None) -> None:
        """At the place that is being read; whoever reads around it says where that is."""
        super().__init__(words)
        self.path = "$"
        self.words = words
        self.in_kms_words = in_kms_words

    def within(self, step: str) -> None:
        """The place is inside this member or item: costs nothing until something is wrong."""
        self.path = f"${step}{self.path[1:]}"

    def __str__(self) -> str:
        return f"{self.path}: {self.words}"


def expected(wanted: str, value: object, in_kms_words: str | None = None) -> CodecError:
    """A value of another type than is wanted."""
    return CodecError(f"expected {wanted}, got {_KINDS.get(type(value), type(value).__name__)}", in_kms_words)


def map_step(name: str) -> str:
    """The step of a path that leads to the value of this key of a map."""
    return f"[{json.dumps(name)}]"
