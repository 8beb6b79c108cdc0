"""Decoding YAML or JSON into a typed document."""

import json
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

import msgspec

from keytrail.seeds.aliases import most_merged, require_bounded
from keytrail.seeds.document import SeedDocument
from keytrail.seeds.error import SeedError

_Member = TypeVar("_Member")
_MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True)
class Decoded:
    """What has been decoded of a seed document."""

    document: SeedDocument
    """The parts that have the right shape."""
    problems: tuple[str, ...] = ()
    """What is wrong with the shape of the others."""
    left_out: frozenset[str] = frozenset()
    """The paths of the others: `settings`, or `keys[1]`, which is not in the document's list."""


def decode(data: bytes, name: str) -> Decoded:
    """The seed document in YAML or JSON bytes. `name` is the file's.

    Raises SeedError if it is neither, or if there is nothing in it.
    """
    raw = _decode(data, name)
    try:
        decoded = Decoded(msgspec.convert(raw, SeedDocument, strict=True))
    except msgspec.ValidationError as error:
        return _decode_parts(raw, [f"{name}: {problem}" for problem in _describe(raw, SeedDocument, error)])
    if decoded.document == SeedDocument():
        parts = ", ".join(SeedDocument.__struct_encode_fields__)
        raise SeedError([f"{name}: there is nothing in this seed; expected one or more of {parts}"])
    return decoded


def convert(document: object, kind: type[_Member]) -> _Member:
    """A decoded document as a value of a type; raises SeedError with all that is wrong."""
    try:
        return msgspec.convert(document, kind, strict=True)
    except msgspec.ValidationError as error:
        raise SeedError(_describe(document, kind, error)) from None


def _describe(document: object, kind: type, error: msgspec.ValidationError) -> list[str]:
    from keytrail.seeds.validation_errors import problems_of  # imported late, for a quicker start

    return [str(problem) for problem in problems_of(document, kind)] or [str(error)]


def _decode_parts(raw: object, problems: list[str]) -> Decoded:
    """What has the right shape of a document that as a whole does not, so that all its mistakes are found at once."""
    parts: dict[str, Any] = {}
    left_out: list[str] = []
    for field in msgspec.structs.fields(SeedDocument):
        name = field.encode_name
        if not isinstance(raw, dict) or name not in raw:
            continue
        if isinstance(raw[name], list) and get_args(field.type):
            (kind,) = get_args(field.type)
            items = [_sound(item, kind) for item in raw[name]]
            parts[field.name] = [item for item in items if item is not None]
            left_out += [f"{name}[{index}]" for index, item in enumerate(items) if item is None]
        elif (part := _sound(raw[name], field.type)) is not None:
            parts[field.name] = part
        else:
            left_out.append(name)
    return Decoded(SeedDocument(**parts), tuple(problems), frozenset(left_out))


def _sound(value: object, kind: Any) -> Any:
    """A part of a document as a value of its type; None if it does not have this type."""
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError:
        return None


_LOST_NEWLINES = "; are its newlines lost? `curl -d @FILE` drops them, `curl --data-binary @FILE` does not"


def _decode(data: bytes, name: str) -> object:
    if data.lstrip()[:1] == b"{":
        try:
            return json.loads(data, object_pairs_hook=_object, parse_constant=_refuse_constant)
        except _Repeated as error:
            raise SeedError([f"{name}: {error}"]) from None
        except (ValueError, RecursionError) as error:
            if name.endswith(".json"):
                raise SeedError([f"{name}: not JSON: {error}"]) from None
    import yaml  # imported late, so that servers without seed files start faster

    hint = _LOST_NEWLINES if data.strip() and b"\n" not in data.strip() else ""
    try:
        document = yaml.load(data, _yaml_loader(data))
        if b"*" in data:
            require_bounded(document, len(data))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SeedError([f"{name}: not YAML{where}: {error.problem or error.context}{hint}"]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SeedError([f"{name}: not YAML: {' '.join(str(error).split())}"]) from None
    if document is None:
        wrong = "there is nothing but comments" if data.strip() else "the document is empty"
        raise SeedError([f"{name}: {wrong}; expected a seed, such as keys: [...]{hint}"])
    return document


class _Repeated(ValueError):
    """An object of JSON has a member twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            import textwrap  # imported late, for a quicker start

            both = " and ".join(textwrap.shorten(json.dumps(each), 60) for each in (members[name], value))
            raise _Repeated(f"{name} appears twice in one object: {both}; keep one")
        members[name] = value
    return members


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no value of JSON")


def _yaml_loader(data: bytes) -> Any:
    import yaml

    most = most_merged(len(data))

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Safe YAML without YAML's own dates (ours are texts), which refuses repeated members."""

        yaml_implicit_resolvers = {  # noqa: RUF012
            letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
            for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def __init__(self, data: bytes) -> None:
            super().__init__(data)
            self._flat: dict[int, bool] = {}
            """The mappings that merges have been looked for in, by identity: whether all are done."""
            self._merged = 0

        def flatten_mapping(self, node: Any) -> None:
            """Add what a mapping merges (`<<`) to its own members, which count more; so do those merged first."""
            if self._flat.get(id(node)):
                return
            if id(node) in self._flat:
                raise yaml.MarkedYAMLError(problem="a mapping merges (<<) itself", problem_mark=node.start_mark)
            self._flat[id(node)] = False
            _require_once(node)
            members = {name.value: (name, value) for name, value in node.value if name.tag != _MERGE}
            for source in _sources(node):
                self.flatten_mapping(source)
                for name, value in source.value:
                    members.setdefault(name.value, (name, value))
                self._merged += len(source.value)
                if self._merged > most:
                    problem = f"the document merges (<<) more than {most} members; merge fewer"
                    raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
            node.value = list(members.values())
            self._flat[id(node)] = True

    return Loader


def _sources(node: Any) -> list[Any]:
    """The mappings that a mapping merges, the most important first."""
    import yaml

    sources: list[Any] = []
    for name, value in node.value:
        if name.tag == _MERGE:
            sources += value.value if isinstance(value, yaml.SequenceNode) else [value]
    for source in sources:
        if not isinstance(source, yaml.MappingNode):
            raise yaml.MarkedYAMLError(
                problem="<< merges a mapping, or a list of mappings", problem_mark=source.start_mark
            )
    return sources


def _require_once(node: Any) -> None:
    """Raise yaml.MarkedYAMLError if a mapping has a member twice, or one whose name is no text."""
    import yaml

    first: dict[str, int] = {}
    for name, _ in node.value:
        if not isinstance(name.value, str):
            raise yaml.MarkedYAMLError(problem="the name of a member is a text", problem_mark=name.start_mark)
        if name.value in first and name.tag != _MERGE:
            raise yaml.MarkedYAMLError(
                problem=f"{name.value} appears twice in a mapping, first at line {first[name.value]}; keep one",
                problem_mark=name.start_mark,
            )
        first[name.value] = name.start_mark.line + 1
