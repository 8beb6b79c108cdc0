"""AWS Query: encoding and decoding of members as the fields of a form.

The name of a field is its path, joined by dots: structures `Name`, lists `Name.member.1`, maps `Name.entry.1.key` and
`.value`. Empty structures and maps have no field, so they are the same as absent ones. An empty list is one field with
an empty text. Source: Smithy, "AWS query protocol", "Request serialization".
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from keytrail.wire.codec_error import CodecError, map_step
from keytrail.wire.scalar_text import from_text, to_text
from keytrail.wire.service_model import Shape

Node = str | tuple[tuple[str, "Node"], ...]
"""The text of a field, or named branches."""


@dataclass(frozen=True, slots=True)
class Query:
    """The fields of a form as a tree, without `Action` and `Version`, which are not members."""

    tree: Node

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The fields: names, joined by dots, and texts."""
        return tuple(_flatten(self.tree, ""))

    def __str__(self) -> str:
        return urlencode(self.pairs)


def _flatten(node: Node, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, str):
        yield name, node
    else:
        for branch, inner in node:
            yield from _flatten(inner, f"{name}.{branch}" if name else branch)


def encode(shape: Shape, value: object) -> Query:
    """The fields of a value of this shape."""
    return Query(_node(shape, value))


def _node(shape: Shape, value: Any) -> Node:
    write = _WRITERS.get(shape.type)
    return write(shape, value) if write is not None else to_text(shape, value)


def _structure(shape: Shape, value: Mapping[str, object]) -> Node:
    return tuple((name, _node(member, value[name])) for name, member in shape.members.items() if name in value)


def _list(shape: Shape, value: list[object]) -> Node:
    member = shape.member
    assert member is not None
    if not value:
        return ""
    return (("member", tuple((str(number), _node(member, inner)) for number, inner in enumerate(value, 1))),)


def _map(shape: Shape, value: Mapping[str, object]) -> Node:
    member = shape.member
    assert member is not None
    entries: list[tuple[str, Node]] = [
        (str(number), (("key", name), ("value", _node(member, inner))))
        for number, (name, inner) in enumerate(value.items(), 1)
    ]
    return (("entry", tuple(entries)),) if entries else ()


_WRITERS: Mapping[str, Callable[[Shape, Any], Node]] = {"structure": _structure, "list": _list, "map": _map}

Branches = dict[str, Any]
"""Branches by name while a tree is built: texts, and further branches."""


def decode(shape: Shape, pairs: Iterable[tuple[str, str]]) -> Any:
    """The value of this shape in a form's fields, which may be in any order. Raises CodecError."""
    return _read(shape, branches(pairs))


def branches(pairs: Iterable[tuple[str, str]]) -> Branches:
    """A form's fields, which may be in any order, as a tree. Raises CodecError."""
    root: Branches = {}
    for name, text in pairs:
        *stems, leaf = name.split(".")
        branch: Any = root
        for stem in stems:
            branch = branch.setdefault(stem, {})
            if not isinstance(branch, dict):
                raise CodecError("a field is both text and a structure")
        if leaf in branch:
            raise CodecError("a field is given twice")
        branch[leaf] = text
    return root


def _read(shape: Shape, node: object) -> object:
    read = _READERS.get(shape.type)
    if read is not None:
        return read(shape, node)
    if not isinstance(node, str):
        raise CodecError("expected text, got fields")
    return from_text(shape, node)


def _inside(shape: Shape, node: object, step: str) -> object:
    try:
        return _read(shape, node)
    except CodecError as error:
        error.within(step)
        raise


def _read_structure(shape: Shape, node: object) -> object:
    return {
        name: _inside(shape.members[name], inner, f".{name}")
        for name, inner in require_branches(node).items()
        if name in shape.members
    }


def _read_list(shape: Shape, node: object) -> object:
    assert shape.member is not None
    items = [] if node == "" else numbered(require_branches(node).get("member", {}))
    return [_inside(shape.member, inner, f"[{index}]") for index, inner in enumerate(items)]


def _read_map(shape: Shape, node: object) -> object:
    assert shape.member is not None
    read: dict[str, object] = {}
    for entry in numbered(require_branches(node).get("entry", {})):
        pair = require_branches(entry)
        name = pair.get("key")
        if not isinstance(name, str) or "value" not in pair:
            raise CodecError("expected an entry of key and value")
        read[name] = _inside(shape.member, pair["value"], map_step(name))
    return read


def require_branches(node: object) -> Branches:
    """The branches that a node has; raises CodecError for a text."""
    if not isinstance(node, dict):
        raise CodecError("expected fields, got text")
    return node


def numbered(node: object) -> list[object]:
    """The branches of a node in the order of the numbers that are their names. Raises CodecError."""
    items = require_branches(node)
    if not all(number.isascii() and number.isdigit() and len(number) < 10 for number in items):
        raise CodecError("expected fields that are numbered")
    return [items[number] for number in sorted(items, key=int)]


_READERS: Mapping[str, Callable[[Shape, object], object]] = {
    "structure": _read_structure,
    "list": _read_list,
    "map": _read_map,
}
