"""Condition blocks of policies: read once, then held against what a request brings.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators", "Set operators for multivalued context keys"
and "Policy variables".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

from keytrail.authorization.operators import OPERATORS, Test

Values = tuple[str, ...] | None
"""What a request brings under a condition key; None: it does not have the key."""

Lookup = Callable[[str], Values]
"""The values of a request by the condition key, in lower case."""

_VARIABLE = re.compile(r"\$\{([^},]+)(?:, *'([^']*)')?\}")
_SET_OPERATOR = re.compile(r"(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?", re.IGNORECASE)


Condition = Callable[[Lookup], bool]
"""Whether a request meets one condition, or all of a block."""


def read_conditions(block: Mapping[str, Any], *, variables: bool) -> Condition | None:
    """The conditions of a statement's Condition block, as one; None for an empty block.

    `variables`: whether the policy's Version knows policy variables (2012-10-17 does).
    Raises ValueError, in words for a person, for an operator that IAM does not have or a value that it cannot take.
    """
    found: list[Condition] = []
    for operator, keys in block.items():
        if not isinstance(keys, Mapping):
            raise ValueError(f"a condition {operator} that is not a JSON object")
        for key, given in keys.items():
            found.append(_read(operator, key.lower(), _texts(operator, given), variables=variables))
    return reduce(_both, found) if found else None


def _both(first: Condition, second: Condition) -> Condition:
    return lambda lookup: first(lookup) and second(lookup)


def _read(operator: str, key: str, values: tuple[str, ...], *, variables: bool) -> Condition:
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
    # A request without the key meets negations, `ForAllValues`, and what is to hold only if the key exists.
    if_missing = if_exists or (quantifier == "forallvalues" if quantifier else negated)
    if not (variables and has_variable(values)):
        return _fixed(key, make_test(values), applies, if_missing=if_missing)

    def holds(lookup: Lookup) -> bool:
        found = lookup(key)
        return if_missing if found is None else applies(make_test(with_variables(values, lookup)), found)

    return holds


def _fixed(key: str, test: Test, applies: Callable[[Test, tuple[str, ...]], bool], *, if_missing: bool) -> Condition:
    """A condition whose values are the same for every request."""

    def holds(lookup: Lookup) -> bool:
        found = lookup(key)
        return if_missing if found is None else applies(test, found)

    return holds


def _quantified(quantifier: str, *, negated: bool) -> Callable[[Test, tuple[str, ...]], bool]:
    """How a test is put to the values of a request."""
    if negated:
        if quantifier == "foranyvalue":
            return lambda test, found: not all(map(test, found))
        return lambda test, found: not any(map(test, found))
    if quantifier == "forallvalues":
        return lambda test, found: all(map(test, found))
    return lambda test, found: any(map(test, found))


def _texts(operator: str, given: object) -> tuple[str, ...]:
    texts = []
    for value in given if isinstance(given, list) else [given]:
        if isinstance(value, bool):
            texts.append(str(value).lower())
        elif isinstance(value, (str, int, float)):
            texts.append(str(value))
        else:
            raise ValueError(f"a condition {operator} with a value that is no text, number or boolean")
    return tuple(texts)


def has_variable(texts: Sequence[str]) -> bool:
    """Whether a policy variable stands in one of the texts."""
    return any("${" in text for text in texts)


def with_variables(values: Sequence[str], lookup: Lookup) -> tuple[str, ...]:
    """The values with their policy variables replaced, less those whose variable the request does not have."""
    found = []
    for value in values:
        missing = False

        def replacement(variable: re.Match[str]) -> str:
            nonlocal missing
            if variable[1] in ("*", "?", "$"):
                return f"\0{variable[1]}"  # these stand for themselves
            replacing = lookup(variable[1].lower())
            if replacing is None or len(replacing) != 1:
                missing = missing or variable[2] is None
                return variable[2] or ""
            return re.sub(r"([*?])", "\0\\1", replacing[0])

        text = _VARIABLE.sub(replacement, value)
        if not missing:
            found.append(text)
    return tuple(found)
