"""The tables of docs/seeds.md: all members of a seed, from its JSON Schema."""

from __future__ import annotations

import re
from typing import Any

import yaml

from keytrail import seeds


def tables() -> str:
    """The members of a seed: a table for each kind of object, and for the document itself."""
    schema = seeds.json_schema()
    parts = ["### The document\n", *_members_table({**schema, "description": ""}, set())]
    known: set[str] = set()
    for name, definition in schema["$defs"].items():
        if "properties" in definition:
            title = re.sub(r"(?<!^)(?=[A-Z])", " ", name.removesuffix("Member")).capitalize()
            parts += [f"### {title.replace('Aws', 'AWS').replace('Xks', 'XKS')}\n", *_members_table(definition, known)]
    return "\n".join(parts) + "\n"


def _members_table(definition: dict[str, Any], known: set[str]) -> list[str]:
    """The sentences about an object, and its members; those that another object has in the same way only by name."""
    lines = [f"{' '.join(definition['description'].split())}\n"] if definition["description"] else []
    rows, again, needed = [], [], definition.get("required", [])
    for name, member in sorted(definition["properties"].items(), key=lambda each: each[0] not in needed):
        what = f"{'Needed. ' if name in needed else ''}{member['description']}"
        row = f"| `{name}` | {what} | `{_in_yaml(member['examples'][0])}` |"
        (again if row in known else rows).append(name if row in known else row)
        known.add(row)
    if rows:
        lines += ["| member | | example |", "| --- | --- | --- |", *rows, ""]
    if again:
        lines.append(f"{'And, as above' if rows else 'As above'}: {', '.join(f'`{name}`' for name in again)}.\n")
    return lines


def _in_yaml(example: Any) -> str:
    if isinstance(example, str) and not example.isdigit():
        return example
    text: str = yaml.safe_dump(example, default_flow_style=True, width=10_000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")
