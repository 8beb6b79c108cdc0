"""Operations are listed once, by their decorators; everything else is derived from them.

Somebody who adds an operation would forget a second list. How we know: docs/ARCHITECTURE.md, "Rules".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from keytrail.operations.kms import OPERATIONS
from tests.support.paths import ROOT

PACKAGE = ROOT / "server" / "keytrail"
A_LIST = 3
"""A module that names this many operations of KMS outside of decorators has a list of them."""

THE_MODELS_ENUM = "an enum of KMS's model as a type that mypy and seeds read; tests/test_operation.py compares them"
READ_OF_AWS = "the calls that `keytrail record` makes of AWS, and what it reads of their answers"
ALLOWED = {
    "authorization/condition_keys/grants.py": (3, "the requests that have kms:GrantIsForAWSResource"),
    "domain/aws_managed_key.py": (8, "AWS's key policy of such keys, with the beginnings of actions"),
    "domain/grant.py": (17, THE_MODELS_ENUM),
    "domain/last_usage.py": (14, THE_MODELS_ENUM),
    "faults/quotas.py": (3, "the operations that count in the quotas of two Regions"),
    "recording/members.py": (6, READ_OF_AWS),
    "recording/policy.py": (9, READ_OF_AWS),
    "recording/questions.py": (9, READ_OF_AWS),
}
"""By module: how many operations it may name nevertheless, and why."""


def operations_named(source: str) -> set[str]:
    """The operations of KMS that a module names in strings outside of decorators."""
    texts = {str(node.value) for node in _outside_decorators(ast.parse(source)) if isinstance(node, ast.Constant)}
    return texts & set(OPERATIONS)


def _outside_decorators(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    decorators = getattr(node, "decorator_list", [])
    for child in ast.iter_child_nodes(node):
        if child not in decorators:
            yield from _outside_decorators(child)


def module_name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


LISTING = {
    module_name(path): sorted(named)
    for path in sorted(PACKAGE.rglob("*.py"))
    if len(named := operations_named(path.read_text())) >= A_LIST
}


def test_no_second_list_of_operations() -> None:
    most = {name: count for name, (count, _) in ALLOWED.items()}
    unexpected = {name: named for name, named in LISTING.items() if len(named) > most.get(name, 0)}
    assert not unexpected, "derive it from OPERATIONS; add to the decorators what is missing there"


def test_the_allowed_lists_exist() -> None:
    assert set(ALLOWED) - set(LISTING) == set()


@pytest.mark.parametrize(
    "source",
    [
        'FREE = {"CreateKey", "ListKeys", "GenerateRandom"}',
        'FREE = frozenset({"CreateKey", "ListKeys", "GenerateRandom"})',
        'RATES = {"CreateKey": 5, "ListKeys": 100, **{"GenerateRandom": 1000}}',
        'A = ("CreateKey", "ListKeys")\nB = ["GenerateRandom"]',
        'class Free(Enum):\n    A = "CreateKey"\n    B = "ListKeys"\n    C = "GenerateRandom"',
        'def costs(name):\n    match name:\n        case "CreateKey" | "ListKeys" | "GenerateRandom": return 1',
        'def costs(name):\n    return name in ("CreateKey", "ListKeys", "GenerateRandom")',
        '@operation(grantable=True)\ndef encrypt(call): return ("CreateKey", "ListKeys", "GenerateRandom")',
    ],
    ids=["a set", "a frozenset", "a mapping", "two", "an enum", "a match", "in a function", "in an operation"],
)
def test_a_list_is_found_whatever_its_kind(source: str) -> None:
    assert operations_named(source) == {"CreateKey", "ListKeys", "GenerateRandom"}


def test_decorators_are_not_a_second_list() -> None:
    source = '@operation(shared=("CreateKey", "ListKeys", "GenerateRandom"))\ndef encrypt(call): ...'
    assert operations_named(source) == set()
