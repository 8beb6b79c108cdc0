"""The JSON Schema of a seed: the types of `document.py` with the words of `member_words.py`.

seed.schema.json, beside this file, is this schema: editors can read it from there. A test compares them.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from keytrail.seeds.document import SeedDocument
from keytrail.seeds.member_types import Members
from keytrail.seeds.member_words import WORDS, Words

_DRAFT = "http://json-schema.org/draft-07/schema#"
"""The newest draft that the YAML language server, and so VS Code, reads whole."""


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a seed document; each member has a description and an example."""
    schema = msgspec.json.schema(SeedDocument)
    structs: dict[str, type] = {struct.__name__: struct for struct in (SeedDocument, *_structs(Members))}
    for name, definition in schema["$defs"].items():
        for member, described in definition.get("properties", {}).items():
            words = _words(structs[name], member)
            if words is not None:
                # A draft-07 reader ignores what stands beside a $ref.
                inner = {"allOf": [{"$ref": described.pop("$ref")}]} if "$ref" in described else {}
                described |= {"description": words[0], "examples": [words[1]], **inner}
            elif "description" not in described:
                described |= _words_of_type(described)
    head = {"$schema": _DRAFT, "$id": "urn:keytrail:seed", "title": "Keytrail seed"}
    return {
        **head,
        "description": "Keys and their past, and callers, for a Keytrail to begin with.",
        **_of_root(schema),
    }


def _words_of_type(described: dict[str, Any]) -> dict[str, Any]:
    """The description and the examples of the type of a member that may also be left out."""
    types = [each for each in described.get("anyOf", ()) if "description" in each]
    return {name: types[0][name] for name in ("description", "examples") if name in types[0]} if types else {}


def _of_root(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with the members of the document at its root, where every editor looks for them."""
    definitions = dict(schema["$defs"])
    root = definitions.pop(SeedDocument.__name__)
    members = {name: value for name, value in root.items() if name not in ("title", "description")}
    return {**members, "$defs": definitions}


def _structs(base: type) -> Iterator[type]:
    struct: type
    for struct in base.__subclasses__():
        yield struct
        yield from _structs(struct)


def _words(struct: type, member: str) -> Words | None:
    """The words for a member of a struct, or else of those that it is derived from."""
    found = (WORDS.get(base.__name__, {}).get(member) for base in struct.__mro__)
    return next((words for words in found if words is not None), None)
