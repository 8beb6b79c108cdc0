"""Other ids for accounts, wherever in a seed they stand: in ARNs, policies, grants, tags and descriptions."""

import re
from collections.abc import Mapping
from typing import Any

_UNTOUCHED = r"\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}|[0-9a-f]{64})\b"
"""Ids of keys, events and grants, which may contain 12 digits too."""


def with_accounts(document: Any, accounts: Mapping[str, str]) -> Any:
    """The document with each account id replaced by the one that it is mapped to."""
    if not accounts:
        return document
    pattern = re.compile(rf"{_UNTOUCHED}|(?<![0-9])(?P<id>{'|'.join(accounts)})(?![0-9])")

    def replaced(found: re.Match[str]) -> str:
        return accounts[found["id"]] if found["id"] else found[0]

    def walk(value: Any) -> Any:
        if isinstance(value, str):
            return pattern.sub(replaced, value)
        if isinstance(value, dict):
            return {pattern.sub(replaced, name): walk(member) for name, member in value.items()}
        return [walk(item) for item in value] if isinstance(value, list) else value

    return walk(document)
