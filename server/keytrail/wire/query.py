"""AWS Query: members to the tree of a form's fields and back, by the service model.

A field's name is the path to it, joined by dots: structures `Name`, lists `Name.member.1`, maps `Name.entry.1.key` and
`.value`. What is empty has no field, so an empty structure cannot be told from an absent one; an empty list is a field
without text. Source: Smithy, "AWS query protocol", "Request serialization".
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from keytrail.wire.codec_error import CodecError, map_step
from keytrail.wire.service_model import Shape
from keytrail.wire.text import from_text, to_text

Node = str | tuple[tuple[str, "Node"], ...]
"""A field's text, or named branches."""


@dataclass(frozen=True, slots=True)
class Query:
    """Fields as a tree; `Action` and `Version`, which a request has beside them, are not among them."""

    tree: Node

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The fields: names joined by dots, and their texts."""
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
    return (("member", tuple((str(at), _node(member, inner)) for at, inner in enumerate(value, 1))),)


def _map(shape: Shape, value: Mapping[str, object]) -> Node:
    member = shape.member
    assert member is not None
    entries: list[tuple[str, Node]] = [
        (str(at), (("key", name), ("value", _node(member, inner)))) for at, (name, inner) in enumerate(value.items(), 1)
    ]
    return (("entry", tuple(entries)),) if entries else ()


_WRITERS: Mapping[str, Callable[[Shape, Any], Node]] = {"structure": _structure, "list": _list, "map": _map}

_Grown = dict[str, Any]
"""Branches by name: texts and further ones."""


def decode(shape: Shape, pairs: Iterable[tuple[str, str]]) -> Any:
    """The value of this shape that fields say, in any order. Raises CodecError."""
    root: _Grown = {}
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
    return _read(shape, root)


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
        for name, inner in _branches(node).items()
        if name in shape.members
    }


def _read_list(shape: Shape, node: object) -> object:
    assert shape.member is not None
    items = [] if node == "" else _numbered(_branches(node).get("member", {}))
    return [_inside(shape.member, inner, f"[{at}]") for at, inner in enumerate(items)]


def _read_map(shape: Shape, node: object) -> object:
    assert shape.member is not None
    read: dict[str, object] = {}
    for entry in _numbered(_branches(node).get("entry", {})):
        pair = _branches(entry)
        name = pair.get("key")
        if not isinstance(name, str) or "value" not in pair:
            raise CodecError("expected an entry of key and value")
        read[name] = _inside(shape.member, pair["value"], map_step(name))
    return read


def _branches(node: object) -> _Grown:
    if not isinstance(node, dict):
        raise CodecError("expected fields, got text")
    return node


def _numbered(node: object) -> list[object]:
    branches = _branches(node)
    if not all(number.isascii() and number.isdigit() and len(number) < 10 for number in branches):
        raise CodecError("expected fields that are numbered")
    return [branches[number] for number in sorted(branches, key=int)]


_READERS: Mapping[str, Callable[[Shape, object], object]] = {
    "structure": _read_structure,
    "list": _read_list,
    "map": _read_map,
}
