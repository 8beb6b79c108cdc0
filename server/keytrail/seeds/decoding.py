"""Decoding YAML or JSON into a typed document."""

from typing import Any, TypeVar

import msgspec

from keytrail.seeds.aliases import most_merged, require_bounded
from keytrail.seeds.document import SeedDocument
from keytrail.seeds.error import SeedError
from keytrail.seeds.validation_errors import describe_validation_error

_Member = TypeVar("_Member")
_MERGE = "tag:yaml.org,2002:merge"


def decode(data: bytes, name: str) -> SeedDocument:
    """The seed document in YAML or JSON bytes. `name` is the file's; raises SeedError."""
    return convert(_decode(data, name), SeedDocument, f"{name}: ")


def convert(document: object, kind: type[_Member], name: str = "") -> _Member:
    """A decoded document as a value of a type; raises SeedError, whose line begins with `name`."""
    try:
        return msgspec.convert(document, kind, strict=True)
    except msgspec.ValidationError as error:
        raise SeedError([name + describe_validation_error(str(error), document, kind)]) from None


def _decode(data: bytes, name: str) -> object:
    if data.lstrip()[:1] == b"{":
        try:
            return msgspec.json.decode(data)
        except msgspec.DecodeError as error:
            if name.endswith(".json"):
                raise SeedError([f"{name}: not JSON: {error}"]) from None
    import yaml  # imported late, so that servers without seed files start faster

    try:
        document = yaml.load(data, _yaml_loader(data))
        if b"*" in data:
            require_bounded(document, len(data))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SeedError([f"{name}: not YAML{where}: {error.problem or error.context}"]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SeedError([f"{name}: not YAML: {' '.join(str(error).split())}"]) from None
    return {} if document is None else document


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
