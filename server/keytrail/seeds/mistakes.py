"""The words for a member that does not exist, and for a value that a member cannot have.

msgspec finds the mistake. What would be right is taken from the types of the document: no list here repeats them.
"""

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

from msgspec import inspect

_PLACE = re.compile(r" - at `\$\.?(.*)`$")
_ELLIPSIS = re.compile(r"\[\.\.\.\]$")


def in_our_words(error: str, document: object, kind: type) -> str:
    """The message of msgspec about a document of a kind, with the path first, and with what would be right."""
    found = _PLACE.search(error)
    path, what = (found[1], error[: found.start()]) if found else ("", error)
    path = _ELLIPSIS.sub(lambda ellipsis: _member_that_is_no_text(document, path[: ellipsis.start()]), path)
    what = what.replace("`", "")
    types = _types_at(kind, path)
    unknown = re.search(r"unknown field (\S+)", what)
    if unknown:
        what = f"there is no member {unknown[1]}{_suggestion(unknown[1], types)}"
    elif re.fullmatch(r"Expected str( \| null)?, got (int|float)", what):
        what += "; write it in quotes"
    elif "matching regex" in what:
        form = next((_description(each) for each in types if _description(each)), None)
        what = f"expected {form}" if form is not None else what
    elif "Invalid enum value" in what:
        what += f"; choose from {', '.join(choice for each in types for choice in _choices(each))}"
    return f"{path}: {what}" if path else what


def _member_that_is_no_text(document: object, path: str) -> str:
    """Which member of a mapping of texts msgspec means by its `[...]`."""
    at: Any = document
    for step in _steps(path):
        at = at[int(step) if isinstance(at, list) else step]
    wrong = next((name for name, value in at.items() if not isinstance(value, str)), None)
    return f".{wrong}" if wrong is not None else ""


def _steps(path: str) -> list[str]:
    return re.findall(r"[^.\[\]]+", path)


def _types_at(kind: type, path: str) -> list[inspect.Type]:
    """The types that what stands at a path may have."""
    types = list(_alternatives(inspect.type_info(kind)))
    for step in _steps(path):
        types = [inner for each in types for found in _inside(_bare(each), step) for inner in _alternatives(found)]
    return types


def _inside(kind: inspect.Type, step: str) -> Iterator[inspect.Type]:
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
    import difflib  # only for a mistake: every start would wait for it

    structs = [bare for each in types if isinstance(bare := _bare(each), inspect.StructType)]
    known = [field.encode_name for struct in structs for field in struct.fields]
    near = difflib.get_close_matches(name, known, 1, 0.5)
    return f"; did you mean {near[0]}?" if near else "; `keytrail check --schema` lists the members"
