"""Messages for members that do not exist, and for values that a member cannot have.

msgspec finds that a document does not have its type, and stops at the first mistake. This module then walks through all
of the document, and says of each mistake where it is, what is wrong and what would be right. The words come from the
types: a description, a title, an example.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from msgspec import inspect

from keytrail.spelling import nearest, suggestion

_FEW = 12
"""An object with so many members has them listed in the message about one that it does not have."""


_LONG = 100
"""So many characters of a text are shown."""


class Problem(NamedTuple):
    """A mistake in a document: its path (empty for the whole document), and what is wrong and what would be right."""

    path: str
    message: str

    def __str__(self) -> str:
        """Path and message."""
        return f"{self.path}: {self.message}" if self.path else self.message


class _Place(NamedTuple):
    """A position in the document, and the objects around it, the innermost first."""

    path: str
    above: tuple[tuple[str, inspect.StructType], ...] = ()

    def member(self, name: str, struct: inspect.StructType | None = None) -> "_Place":
        above = ((self.path, struct), *self.above) if struct is not None else self.above
        return _Place(f"{self.path}.{name}" if self.path else name, above)

    def item(self, index: int) -> "_Place":
        return _Place(f"{self.path}[{index}]", self.above)


def problems_of(document: object, kind: Any) -> list[Problem]:
    """All mistakes in a document that is to have a type, in the order of the document."""
    return list(_problems(document, inspect.type_info(kind), _Place("")))


def _problems(value: Any, kind: inspect.Type, place: _Place) -> Iterator[Problem]:
    options = list(_alternatives(kind))
    for option in map(_bare, options):
        if isinstance(value, dict) and isinstance(option, inspect.StructType):
            yield from _problems_of_members(value, option, place)
            return
        if isinstance(value, dict) and isinstance(option, inspect.DictType):
            yield from _problems_of_mapping(value, option, place)
            return
        if isinstance(value, list) and isinstance(option, inspect.ListType):
            for index, item in enumerate(value):
                yield from _problems(item, option.item_type, place.item(index))
            return
    if not any(_accepts(_bare(option), value) for option in options):
        yield Problem(place.path, f"expected {_words(options)}, got {_shown(value)}{_hint(value, options)}")


def _problems_of_members(value: Mapping[Any, Any], struct: inspect.StructType, place: _Place) -> Iterator[Problem]:
    fields = {field.encode_name: field for field in struct.fields}
    for name, member in value.items():
        if name in fields:
            yield from _problems(member, fields[name].type, place.member(name, struct))
        else:
            yield Problem(place.path, f"there is no member {name}{_where_instead(str(name), struct, place)}")
    for name, field in fields.items():
        if field.required and name not in value:
            words = _words(list(_alternatives(field.type)))
            yield Problem(place.path, f"{name} is missing; expected {words}")


def _problems_of_mapping(value: Mapping[Any, Any], kind: inspect.DictType, place: _Place) -> Iterator[Problem]:
    for name, member in value.items():
        if not isinstance(name, str):
            yield Problem(place.member(str(name)).path, f"the name is {_shown(name)}; write it in quotes")
        yield from _problems(member, kind.value_type, place.member(str(name)))


# ---- Members that do not exist


def _where_instead(name: str, struct: inspect.StructType, place: _Place) -> str:
    """What to append to the message about an unknown member: where it belongs, or what it is probably called."""
    below = dict(_members_below(struct))
    if name in below:
        return f" here; it belongs under {below[name]}"
    for path, outer in place.above:
        if any(field.encode_name == name for field in outer.fields):
            return f" here; it belongs {f'in {path}' if path else 'at the top of the document'}"
    own = [field.encode_name for field in struct.fields]
    if near := nearest(name, own):
        return f"; did you mean {near}?"
    if near := nearest(name, below):
        return f"; did you mean {near} under {below[near]}?"
    return f"; choose from {', '.join(own)}" if len(own) <= _FEW else "; `keytrail check --schema` lists the members"


def _members_below(struct: inspect.StructType) -> Iterator[tuple[str, str]]:
    """The members of the objects in an object, at any depth, each with the path of its object; the deepest first."""
    found: list[tuple[str, str]] = []
    seen, waiting = {struct.cls}, [("", struct)]
    while waiting:
        path, outer = waiting.pop(0)
        for field in outer.fields:
            for inner, brackets in _structs(field.type):
                if inner.cls not in seen:
                    seen.add(inner.cls)
                    inner_path = f"{path}.{field.encode_name}".strip(".") + brackets
                    waiting.append((inner_path, inner))
                    found += [(each.encode_name, inner_path) for each in inner.fields]
    return reversed(found)


def _structs(kind: inspect.Type) -> Iterator[tuple[inspect.StructType, str]]:
    for option in map(_bare, _alternatives(kind)):
        if isinstance(option, inspect.StructType):
            yield option, ""
        elif isinstance(option, inspect.ListType):
            yield from ((struct, "[]" + brackets) for struct, brackets in _structs(option.item_type))


# ---- Values that a member cannot have


def _accepts(kind: inspect.Type, value: Any) -> bool:
    """Whether a type accepts a value that is no object, mapping or list that it looks into."""
    if isinstance(kind, inspect.StrType):
        return isinstance(value, str) and _fits(kind, value)
    if isinstance(kind, inspect.IntType):
        return isinstance(value, int) and not isinstance(value, bool) and _in_range(kind, value)
    if isinstance(kind, inspect.FloatType):
        return isinstance(value, (int, float)) and not isinstance(value, bool) and _in_range(kind, value)
    if isinstance(kind, (inspect.EnumType, inspect.LiteralType)):
        return not isinstance(value, (dict, list)) and value in _choices(kind)
    return type(kind) in _SIMPLE and isinstance(value, _SIMPLE[type(kind)])


_SIMPLE: Any = {inspect.NoneType: type(None), inspect.BoolType: bool, inspect.AnyType: object}
"""By a type without conditions: the class of its values."""


def _fits(kind: inspect.StrType, text: str) -> bool:
    shortest, longest = kind.min_length or 0, kind.max_length
    if len(text) < shortest or (longest is not None and len(text) > longest):
        return False
    return kind.pattern is None or re.search(kind.pattern, text) is not None


def _in_range(kind: inspect.IntType | inspect.FloatType, number: float) -> bool:
    return (kind.ge is None or number >= kind.ge) and (kind.le is None or number <= kind.le)


def _words(options: Iterable[inspect.Type]) -> str:
    """What a value may be: `a whole number from 7 to 30`, `one of Enabled, Disabled`."""
    words = [_words_of(option) for option in options if not isinstance(_bare(option), inspect.NoneType)]
    return " or ".join(words)


def _words_of(option: inspect.Type) -> str:
    kind, schema = _bare(option), _schema(option)
    description, example = schema.get("description"), next(iter(schema.get("examples", ())), None)
    if isinstance(kind, (inspect.EnumType, inspect.LiteralType)):
        return f"one of {', '.join(_choices(kind))}"
    if isinstance(kind, inspect.StrType) and kind.pattern is not None and description is not None:
        return str(description)
    if isinstance(kind, inspect.StructType):
        return f"a mapping {_example_of(kind, example)}"
    if isinstance(kind, (inspect.DictType, inspect.ListType)):
        words = "a mapping" if isinstance(kind, inspect.DictType) else "a list"
        return words + (f" such as {_flow(example)}" if example is not None else "")
    return (schema.get("title") or _kind(kind)) + (f" ({description})" if description is not None else "")


def _kind(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.StrType):
        if kind.pattern is not None:
            return f"a text of the form {kind.pattern}"
        if (kind.min_length, kind.max_length) == (1, None):
            return "a text that is not empty"
        bounds = _bounds(kind.min_length, kind.max_length).removeprefix("of ").removeprefix("from ")
        return f"a text of {bounds} characters" if bounds else "a text"
    if isinstance(kind, (inspect.IntType, inspect.FloatType)):
        words = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
        bounds = _bounds(kind.ge, kind.le)
        return f"{words} {bounds}" if bounds else words
    return "true or false" if isinstance(kind, inspect.BoolType) else "a value"


def _bounds(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"from {low:g} to {high:g}"
    if low is not None:
        return f"of at least {low:g}"
    return f"of at most {high:g}" if high is not None else ""


def _example_of(struct: inspect.StructType, example: object) -> str:
    if example is not None:
        return f"such as {_flow(example)}"
    required = [field.encode_name for field in struct.fields if field.required]
    return f"with {', '.join(required or [field.encode_name for field in struct.fields])}"


def _shown(value: object) -> str:
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return "nothing" if value is None else str(value).lower()
    if isinstance(value, str) and len(value) > _LONG:
        return f"{value[:_LONG]!r}... of {len(value)} characters"
    return repr(value) if isinstance(value, str) else f"the number {value}"


def _hint(value: Any, options: list[inspect.Type]) -> str:
    """What to write instead, if that can be told from the value."""
    kinds = [_bare(option) for option in options]
    if isinstance(value, str):
        choices = [choice for kind in kinds for choice in _choices(kind)]
        items = any(
            isinstance(kind, inspect.ListType) and not list(_problems(value, kind.item_type, _Place("")))
            for kind in kinds
        )
        return f"; write [{value}]" if items else suggestion(value, choices)
    if isinstance(value, (int, float)) and any(isinstance(kind, inspect.StrType) for kind in kinds):
        moment = any(_schema(option).get("title") == "a moment" for option in options)
        return _hint_of_epoch(value) if moment else "; write it in quotes"
    if isinstance(value, list) and any(isinstance(kind, inspect.DictType) for kind in kinds):
        return _hint_of_pairs(value)
    return ""


def _hint_of_epoch(seconds: float) -> str:
    """The moment that a number stands for, in seconds or milliseconds since 1970."""
    if isinstance(seconds, bool):
        return ""
    try:
        moment = datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    return f"; if it counts from 1970, write {moment.isoformat(timespec='seconds').replace('+00:00', 'Z')}"


def _hint_of_pairs(items: list[Any]) -> str:
    """The mapping that a list of tags stands for."""
    for name, value in (("TagKey", "TagValue"), ("Key", "Value")):
        if items and all(isinstance(item, dict) and item.keys() == {name, value} for item in items):
            return f"; write {_flow({item[name]: item[value] for item in items})}"
    return ""


def _flow(value: object) -> str:
    """A value as YAML writes it in a line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_flow(member)}" for name, member in value.items()) + "}"
    return f"[{', '.join(map(_flow, value))}]" if isinstance(value, list) else str(value)


# ---- Types


def _alternatives(kind: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(kind, inspect.UnionType):
        for each in kind.types:
            yield from _alternatives(each)
    elif isinstance(kind, inspect.Metadata) and isinstance(kind.type, inspect.UnionType):
        yield from (inspect.Metadata(each, kind.extra_json_schema, kind.extra) for each in _alternatives(kind.type))
    else:
        yield kind


def _bare(kind: inspect.Type) -> inspect.Type:
    return _bare(kind.type) if isinstance(kind, inspect.Metadata) else kind


def _schema(kind: inspect.Type) -> dict[str, Any]:
    if not isinstance(kind, inspect.Metadata):
        return {}
    return {**_schema(kind.type), **(kind.extra_json_schema or {})}


def _choices(kind: inspect.Type) -> list[str]:
    if isinstance(kind, inspect.EnumType):
        return [str(member.value) for member in kind.cls]
    return [str(value) for value in kind.values] if isinstance(kind, inspect.LiteralType) else []
