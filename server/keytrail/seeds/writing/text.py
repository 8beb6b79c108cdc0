"""A document as YAML that people read: `to_yaml`.

It writes the part of YAML that version 1.1 and 1.2 read alike: block mappings and lists, small ones in one line, no
anchors, and every text in quotes that could be taken for something else (account ids for numbers, `no` for false).
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_WIDTH = 110
"""Columns. A list or a mapping that fits is in one line, unless it is an item of a part of the document."""
_LONGEST_NAME = 1000
"""Characters of a member's name that may stand before its colon (YAML 1.1, 7.4.2: 1024)."""

_WORD = r"[\w./@+=*$%&()'~^;!-]"
_PLAIN = re.compile(
    rf"[A-Za-z/](?:{_WORD}|:(?=:|{_WORD}))*(?: (?:{_WORD}|:(?=:|{_WORD}))+)*"  # words
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # a UUID
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z"  # a moment, which seeds read as a text
    r"|\d+ [a-z]+ ago",
    re.ASCII,
)
_NO_TEXTS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Words that YAML takes for something else than texts, in any case."""
_NOT_PRINTED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
"""Characters that YAML does not print, or breaks lines at, and that JSON does not escape."""
_NOT_IN_BLOCK = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def to_yaml(document: Mapping[str, Any], head: Iterable[str] = ()) -> str:
    """A document of mappings, lists, texts, numbers, booleans and None as YAML, with the lines of `head` as comments.

    Members stay in their order. YAML reads back the same document.
    """
    lines = [f"# {line}".rstrip() for line in head]
    for name, part in document.items():
        if isinstance(part, Sequence) and not isinstance(part, str) and part:
            lines.append(f"{_name(name)}:")
            for item in part:
                _block(item, "  - ", "    ", lines)
        else:
            _member(name, part, "", "", lines)
    return "\n".join(lines if document else [*lines, "{}"]) + "\n"


def _block(value: object, first: str, indent: str, lines: list[str]) -> None:
    """Add the lines of an item of a list: `first` is what its first line begins with, `indent` the others."""
    if isinstance(value, Mapping) and value:
        for name, member in value.items():
            _member(name, member, first, indent, lines)
            first = indent
    elif isinstance(value, (list, tuple)) and value:
        for item in value:
            _item(item, first, indent, lines)
            first = indent
    else:
        lines.append(first + _scalar(value, indent))


def _item(value: object, first: str, indent: str, lines: list[str]) -> None:
    """Add an item of a list, in one line if it fits."""
    line = _one_line(value, _WIDTH - len(first) - 2)
    if line is not None:
        lines.append(f"{first}- {line}")
    else:
        _block(value, f"{first}- ", f"{indent}  ", lines)


def _member(name: str, value: object, first: str, indent: str, lines: list[str]) -> None:
    """Add a member of a mapping, in one line if it fits."""
    written = _name(name)
    before = f"{first}{written}:"
    if len(written) > _LONGEST_NAME:
        lines.append(f"{first}? {written}")
        before = f"{indent}:"
    if not isinstance(value, (Mapping, list, tuple)) or not value:
        lines.append(f"{before} {_scalar(value, f'{indent}  ')}")
        return
    line = _one_line(value, _WIDTH - len(before) - 1)
    if line is not None:
        lines.append(f"{before} {line}")
    elif isinstance(value, Mapping):
        lines.append(before)
        _block(value, f"{indent}  ", f"{indent}  ", lines)
    else:
        lines.append(before)
        for item in value:
            _item(item, f"{indent}  ", f"{indent}  ", lines)


def _one_line(value: object, room: int) -> str | None:
    """A value in so many columns; None if it does not fit, or is a text of several lines."""
    if isinstance(value, Mapping):
        parts = []
        left = room - 2
        for name, member in value.items():
            line = _one_line(member, left - len(name) - 2)
            if line is None:
                return None
            parts.append(f"{_name(name)}: {line}")
            left -= len(parts[-1]) + 2
        return "{" + ", ".join(parts) + "}" if left >= -2 else None
    if isinstance(value, (list, tuple)):
        parts = []
        left = room - 2
        for item in value:
            line = _one_line(item, left)
            if line is None:
                return None
            parts.append(line)
            left -= len(line) + 2
        return "[" + ", ".join(parts) + "]" if left >= -2 else None
    if isinstance(value, str) and (len(value) > room or "\n" in value):
        return None
    line = _scalar(value, None)
    return line if len(line) <= room else None


def _name(name: str) -> str:
    return _text(name, None)


def _scalar(value: object, indent: str | None) -> str:
    """A text, a number, a boolean, None, or something empty. With an indent, a text may have several lines."""
    if isinstance(value, str):
        return _text(value, indent)
    if isinstance(value, float):
        return _number(value)
    if value is None or isinstance(value, (bool, int)):
        return json.dumps(value)
    if value in ({}, [], ()):
        return "{}" if isinstance(value, Mapping) else "[]"
    raise TypeError(f"a document cannot contain {value!r}, which is of the type {type(value).__name__}")


def _text(text: str, indent: str | None) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _NO_TEXTS:
        return str(text)
    body = text.removesuffix("\n")
    if (
        indent is not None
        and "\n" in text
        and not (text[0].isspace() or body.endswith("\n"))
        and not _NOT_IN_BLOCK.search(text)
    ):
        lines = [indent + line if line else "" for line in body.split("\n")]
        return "\n".join(["|" if body != text else "|-", *lines])
    return _quoted(text)


def _quoted(text: str) -> str:
    return _NOT_PRINTED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def _number(value: float) -> str:
    text = repr(value)
    if text in ("inf", "-inf", "nan"):
        return text.replace("inf", ".inf").replace("nan", ".nan")
    mantissa, e, exponent = text.partition("e")
    if not e:
        return text
    return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}e{exponent if exponent[0] in '+-' else f'+{exponent}'}"
