"""Condition blocks of policies: reading them, and comparing them with the values of a request.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators", "Set operators for multivalued context keys"
and "Policy variables".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

from keytrail.authorization.operators import OPERATORS, Test

Values = tuple[str, ...] | None
"""The values of a request under a condition key; None if the request does not have the key."""


class ValueList(tuple[str, ...]):
    """The values of a key that can have many. Without ForAllValues or ForAnyValue they meet no condition, as recorded.

    Nor are they the value of a policy variable.
    """

    __slots__ = ()


Lookup = Callable[[str], Values]
"""The values of a request, by condition key in lower case."""

_VARIABLE = re.compile(r"\$\{([^},]+)(?:, *'([^']*)')?\}")
_SET_OPERATOR = re.compile(r"(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?", re.IGNORECASE)

Condition = Callable[[Lookup], bool]
"""Whether a request meets one condition, or all of a block."""


def read_conditions(block: Mapping[str, Any], *, variables: bool) -> Condition | None:
    """All conditions of a statement's Condition block as one; None for an empty block.

    `variables`: whether the policy's Version has policy variables (2012-10-17 does).
    Raises ValueError for an operator that IAM does not have, or a value that it does not take.
    The error's message is part of a sentence: `a condition ...`.
    """
    conditions: list[Condition] = []
    for operator, keys in block.items():
        if not isinstance(keys, Mapping):
            raise ValueError(f"a condition {operator} that is not a JSON object")
        for key, value in keys.items():
            texts = _as_texts(operator, value)
            conditions.append(_read_condition(operator, key.lower(), texts, variables=variables))
    return reduce(_both, conditions) if conditions else None


def _both(first: Condition, second: Condition) -> Condition:
    return lambda lookup: first(lookup) and second(lookup)


def _read_condition(operator: str, key: str, values: tuple[str, ...], *, variables: bool) -> Condition:
    parts = _SET_OPERATOR.fullmatch(operator)
    name = parts[2].lower() if parts is not None else ""
    if parts is not None and name == "null" and not parts[1] and not parts[3]:
        absent = frozenset(value.lower() == "true" for value in values)
        return lambda lookup: (lookup(key) is None) in absent
    if parts is None or name not in OPERATORS:
        raise ValueError(f"a condition operator that does not exist, {operator}")
    make_test, negated = OPERATORS[name]
    quantifier, if_exists = (parts[1] or "").lower(), bool(parts[3])
    applies = _quantified(quantifier, negated=negated)
    # A request without the key meets negated conditions, those with ForAllValues, and those with IfExists.
    if_missing = if_exists or (quantifier == "forallvalues" if quantifier else negated)
    if not (variables and has_variable(values)):
        return _without_variables(key, make_test(values), applies, if_missing=if_missing)

    def holds(lookup: Lookup) -> bool:
        requested = lookup(key)
        return if_missing if requested is None else applies(make_test(with_variables(values, lookup)), requested)

    return holds


def _without_variables(
    key: str, test: Test, applies: Callable[[Test, tuple[str, ...]], bool], *, if_missing: bool
) -> Condition:
    """A condition without policy variables: its test is the same for every request."""

    def holds(lookup: Lookup) -> bool:
        requested = lookup(key)
        return if_missing if requested is None else applies(test, requested)

    return holds


def _quantified(quantifier: str, *, negated: bool) -> Callable[[Test, tuple[str, ...]], bool]:
    """How a test is applied to all values of a request."""
    if not quantifier:
        return lambda test, values: not isinstance(values, ValueList) and any(map(test, values)) != negated
    if quantifier == "forallvalues":
        return lambda test, values: not any(map(test, values)) if negated else all(map(test, values))
    return lambda test, values: not all(map(test, values)) if negated else any(map(test, values))


def _as_texts(operator: str, value: object) -> tuple[str, ...]:
    texts = []
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, bool):
            texts.append(str(each).lower())
        elif isinstance(each, (str, int, float)):
            texts.append(str(each))
        else:
            raise ValueError(f"a condition {operator} with a value that is no text, number or boolean")
    return tuple(texts)


def has_variable(texts: Sequence[str]) -> bool:
    """Whether one of the texts has a policy variable."""
    return any("${" in text for text in texts)


def with_variables(values: Sequence[str], lookup: Lookup) -> tuple[str, ...]:
    """The values with their policy variables replaced, without those whose variable has no value in the request.

    A star or a question mark that comes from a variable gets a NUL before it: it is not a wildcard.
    """
    replaced = []
    for value in values:
        missing = False

        def replacement(variable: re.Match[str]) -> str:
            nonlocal missing
            if variable[1] in ("*", "?", "$"):
                return f"\0{variable[1]}"  # ${*} is a star that is not a wildcard
            requested = lookup(variable[1].lower())
            if isinstance(requested, ValueList):
                missing = True
                return ""
            if requested is None or len(requested) != 1:
                missing = missing or variable[2] is None
                return variable[2] or ""
            return re.sub(r"([*?])", "\0\\1", requested[0])

        text = _VARIABLE.sub(replacement, value)
        if not missing:
            replaced.append(text)
    return tuple(replaced)
