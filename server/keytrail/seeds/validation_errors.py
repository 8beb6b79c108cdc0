"""Messages for a member that does not exist, and for a value that a member cannot have.

msgspec finds the error. What would be right comes from the types of the document.
"""

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

from msgspec import inspect

_PLACE = re.compile(r" - at `\$\.?(.*)`$")
_ELLIPSIS = re.compile(r"\[\.\.\.\]$")


def describe_validation_error(error: str, document: object, kind: type) -> str:
    """The message about a document: its path, what is wrong, and what would be right.

    `error` is the message of msgspec, which converted the document to `kind`.
    """
    place = _PLACE.search(error)
    path, message = (place[1], error[: place.start()]) if place else ("", error)
    path = _ELLIPSIS.sub(lambda ellipsis: _member_without_text(document, path[: ellipsis.start()]), path)
    message = message.replace("`", "")
    types = _types_at(kind, path)
    unknown = re.search(r"unknown field (\S+)", message)
    if unknown:
        message = f"there is no member {unknown[1]}{_suggestion(unknown[1], types)}"
    elif re.fullmatch(r"Expected str( \| null)?, got (int|float)", message):
        message += "; write it in quotes"
    elif "matching regex" in message:
        form = next((_description(each) for each in types if _description(each)), None)
        message = f"expected {form}" if form is not None else message
    elif "Invalid enum value" in message:
        message += f"; choose from {', '.join(choice for each in types for choice in _choices(each))}"
    return f"{path}: {message}" if path else message


def _member_without_text(document: object, path: str) -> str:
    """The member of a mapping that is not a text, as `.name`; msgspec's path has only `[...]` for it."""
    mapping: Any = document
    for step in _steps(path):
        mapping = mapping[int(step) if isinstance(mapping, list) else step]
    wrong = next((name for name, value in mapping.items() if not isinstance(value, str)), None)
    return f".{wrong}" if wrong is not None else ""


def _steps(path: str) -> list[str]:
    return re.findall(r"[^.\[\]]+", path)


def _types_at(kind: type, path: str) -> list[inspect.Type]:
    """The types that the value at a path may have."""
    types = list(_alternatives(inspect.type_info(kind)))
    for step in _steps(path):
        types = [inner for each in types for child in _children(_bare(each), step) for inner in _alternatives(child)]
    return types


def _children(kind: inspect.Type, step: str) -> Iterator[inspect.Type]:
    if isinstance(kind, inspect.StructType):
        yield from (field.type for field in kind.fields if field.encode_name == step)
    elif isinstance(kind, inspect.ListType):
        yield kind.item_type
    elif isinstance(kind, inspect.DictType):
        yield kind.value_type


def _alternatives(kind: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(kind, inspect.UnionType):
        for each in kind.types:
            yield from _alternatives(each)
    else:
        yield kind


def _bare(kind: inspect.Type) -> inspect.Type:
    return _bare(kind.type) if isinstance(kind, inspect.Metadata) else kind


def _description(kind: inspect.Type) -> str | None:
    return (kind.extra_json_schema or {}).get("description") if isinstance(kind, inspect.Metadata) else None


def _choices(kind: inspect.Type) -> Iterator[str]:
    bare = _bare(kind)
    if isinstance(bare, inspect.EnumType):
        yield from (str(member.value) for member in bare.cls if isinstance(member, Enum))
    elif isinstance(bare, inspect.LiteralType):
        yield from map(str, bare.values)


def _suggestion(name: str, types: list[inspect.Type]) -> str:
    import difflib  # imported late, so that the server starts faster

    structs = [bare for each in types if isinstance(bare := _bare(each), inspect.StructType)]
    known = [field.encode_name for struct in structs for field in struct.fields]
    near = difflib.get_close_matches(name, known, 1, 0.5)
    return f"; did you mean {near[0]}?" if near else "; `keytrail check --schema` lists the members"
