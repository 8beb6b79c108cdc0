"""Decoding YAML or JSON into a typed document."""

from typing import Any, TypeVar

import msgspec

from keytrail.seeds.document import SeedDocument
from keytrail.seeds.error import SeedError
from keytrail.seeds.validation_errors import describe_validation_error

_Member = TypeVar("_Member")


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
            document = msgspec.json.decode(data)
        except msgspec.DecodeError as error:
            if name.endswith(".json"):
                raise SeedError([f"{name}: not JSON: {error}"]) from None
        else:
            _require_single_members(data, name)
            return document
    import yaml  # imported late, so that servers without seed files start faster

    try:
        document = yaml.load(data, _yaml_loader())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SeedError([f"{name}: not YAML{where}: {error.problem or error.context}"]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SeedError([f"{name}: not YAML: {' '.join(str(error).split())}"]) from None
    return {} if document is None else document


def _require_single_members(data: bytes, name: str) -> None:
    """Raise SeedError if an object in JSON with policies has a member twice, of which one would be lost."""
    if b'"Statement"' not in data:  # it takes longer than all the rest, and a policy is where it does harm
        return
    import json

    def single(members: list[tuple[str, Any]]) -> dict[str, Any]:
        read = dict(members)
        if len(read) < len(members):
            names = [member for member, _ in members]
            twice = next(member for member in names if names.count(member) > 1)
            raise SeedError([f"{name}: {twice} appears twice in one object with {', '.join(read)}; keep one"])
        return read

    json.loads(data, object_pairs_hook=single)


def _yaml_loader() -> Any:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Safe YAML without YAML's own dates (ours are texts), which refuses repeated members."""

        yaml_implicit_resolvers = {  # noqa: RUF012
            letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
            for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            names = [name.value for name, _ in node.value if name.tag != "tag:yaml.org,2002:merge"]
            for name, _ in node.value:
                if names.count(name.value) > 1:
                    raise yaml.MarkedYAMLError(
                        problem=f"{name.value} appears twice in one mapping; keep one",
                        problem_mark=name.start_mark,
                    )
            return super().construct_mapping(node, deep)

    return Loader
