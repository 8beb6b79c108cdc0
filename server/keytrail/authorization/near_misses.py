"""Near misses: the statements that almost allowed a request that was denied for want of an Allow, and what they lacked.

For people, after the fact: no decision needs it.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from keytrail.authorization.conditions import Values, read_conditions
from keytrail.authorization.evaluation import Ground
from keytrail.authorization.explanations import Explanation
from keytrail.authorization.policy import Policy
from keytrail.authorization.statements import Statement

_MOST_LACKS = 2
"""A statement that lacks more has nothing to do with the request, unless no other is nearer."""


class Lack(NamedTuple):
    """An element of a statement that the request does not match."""

    element: str
    """Such as `Action`, or `Condition StringEquals kms:ViaService`."""
    wanted: str
    """What the statement has there."""
    found: str | None
    """What the request has; None if it has nothing there."""


class NearMiss(NamedTuple):
    """A statement that would have allowed a request, but for what it lacks."""

    policy: Policy
    statement: Statement
    document: Mapping[str, Any]
    """The statement as it was written."""
    lacks: tuple[Lack, ...]


def near_misses(explanation: Explanation, most: int = 3) -> list[NearMiss]:
    """The nearest statements, the nearest first; none if the request is allowed, or an explicit deny decided.

    A condition counts as lacking only if the value of its condition key is in the explanation.
    """
    if explanation.verdict.ground not in (Ground.IMPLICIT_DENY, Ground.OTHER_ACCOUNT):
        return []
    found = [
        NearMiss(policy, statement, document, tuple(_lacks(statement, document, policy, explanation)))
        for policy in explanation.policies
        for statement, document in zip(policy.statements, statement_documents(policy), strict=True)
        if statement.allows
    ]
    # One that lacks nothing leaves the decision to the caller's own policies: the others say more.
    found.sort(key=lambda miss: len(miss.lacks) or _MOST_LACKS)
    near = [miss for miss in found if len(miss.lacks) <= _MOST_LACKS]
    return (near or found[:1])[:most]


def statement_documents(policy: Policy) -> list[Mapping[str, Any]]:
    """The statements of a policy as they were written, in their order."""
    statements = json.loads(policy.document)["Statement"]
    return [statements] if isinstance(statements, Mapping) else list(statements)


def condition_keys(policy: Policy) -> set[str]:
    """The condition keys, in lower case, that the policy's statements ask for."""
    return {key.lower() for document in statement_documents(policy) for _, key, _ in _conditions(document)}


def _conditions(document: Mapping[str, Any]) -> Iterator[tuple[str, str, object]]:
    for operator, keys in document.get("Condition", {}).items():
        for key, value in keys.items():
            yield operator, key, value


def _lacks(
    statement: Statement, document: Mapping[str, Any], policy: Policy, explanation: Explanation
) -> Iterator[Lack]:
    context = explanation.context
    if not statement.covers_action(explanation.action):
        yield Lack(*_element(document, "Action"), explanation.action)
    if not statement.match(explanation.caller, explanation.role_arn, bounded=False):
        yield Lack(*_element(document, "Principal"), explanation.caller.arn)
    if not statement.covers_resource(explanation.resource, context.get):
        yield Lack(*_element(document, "Resource"), explanation.resource)
    variables = json.loads(policy.document).get("Version") == "2012-10-17"
    for operator, key, value in _conditions(document):
        condition = read_conditions({operator: {key: value}}, variables=variables)
        if key.lower() in context and condition is not None and not condition(context.get):
            yield Lack(f"Condition {operator} {key}", _text(value), _seen(context[key.lower()]))


def _element(document: Mapping[str, Any], name: str) -> tuple[str, str]:
    name = name if name in document else f"Not{name}"
    return name, _text(document.get(name, ""))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _seen(values: Values) -> str | None:
    return None if values is None else ", ".join(values)
