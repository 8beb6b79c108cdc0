"""Condition blocks of policies: read once, then held against what a request brings.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators", "Set operators for multivalued context keys"
and "Policy variables".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keytrail.authorization.operators import OPERATORS, Maker, Test, made

Values = tuple[str, ...] | None
"""What a request brings under a condition key; None: it does not have the key."""

Lookup = Callable[[str], Values]
"""The values of a request by the condition key, in lower case."""

_VARIABLE = re.compile(r"\$\{([^},]+)(?:, *'([^']*)')?\}")
_SET_OPERATOR = re.compile(r"(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of one operator, with the policy's values for it."""

    key: str
    test: Test
    """Of the values, where no policy variable is among them."""
    negated: bool
    quantifier: str
    """`forallvalues`, `foranyvalue`, or nothing."""
    if_exists: bool
    maker: Maker
    values: tuple[str, ...]
    variables: bool
    """Whether some value has a policy variable in it."""

    def holds(self, lookup: Lookup) -> bool:
        """Whether a request meets the condition."""
        brought = lookup(self.key)
        if brought is None:
            if self.quantifier:
                return self.quantifier == "forallvalues" or self.if_exists
            return self.negated or self.if_exists
        test = self.test if not self.variables else made(self.maker, filled(self.values, lookup))
        if len(brought) == 1:
            return test(brought[0]) != self.negated
        met = [test(value) != self.negated for value in brought]
        if self.quantifier == "forallvalues" or (self.negated and not self.quantifier):
            return all(met)
        return any(met)


@dataclass(frozen=True, slots=True)
class Presence:
    """A `Null` condition: the request has the key, or has it not."""

    key: str
    absent: frozenset[bool]

    def holds(self, lookup: Lookup) -> bool:
        """Whether a request meets the condition."""
        return (lookup(self.key) is None) in self.absent


Conditions = tuple[Condition | Presence, ...]


def hold(conditions: Conditions, lookup: Lookup) -> bool:
    """Whether a request meets all conditions of a statement."""
    return all(condition.holds(lookup) for condition in conditions)


def read_conditions(block: Mapping[str, Any], *, variables: bool) -> Conditions:
    """The conditions of a statement's Condition block.

    `variables`: whether the policy's Version knows policy variables (2012-10-17 does).
    Raises ValueError, in words for a person, for an operator that IAM does not have or a value that it cannot take.
    """
    found: list[Condition | Presence] = []
    for operator, keys in block.items():
        if not isinstance(keys, Mapping):
            raise ValueError(f"a condition {operator} that is not a JSON object")
        for key, given in keys.items():
            found.append(_read(operator, key.lower(), _texts(operator, given), variables=variables))
    return tuple(found)


def _read(operator: str, key: str, values: tuple[str, ...], *, variables: bool) -> Condition | Presence:
    parts = _SET_OPERATOR.fullmatch(operator)
    name = parts[2].lower() if parts is not None else ""
    if parts is not None and name == "null" and not parts[1] and not parts[3]:
        return Presence(key, frozenset(value.lower() == "true" for value in values))
    if parts is None or name not in OPERATORS:
        raise ValueError(f"a condition operator that does not exist, {operator}")
    maker, negated = OPERATORS[name]
    return Condition(
        key=key,
        test=maker(values),
        negated=negated,
        quantifier=(parts[1] or "").lower(),
        if_exists=bool(parts[3]),
        maker=maker,
        values=values,
        variables=variables and has_variable(values),
    )


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


def filled(values: Sequence[str], lookup: Lookup) -> tuple[str, ...]:
    """The values with their variables replaced; one whose variable the request does not bring meets nothing."""
    found = []
    for value in values:
        missing = False

        def replacement(variable: re.Match[str]) -> str:
            nonlocal missing
            if variable[1] in ("*", "?", "$"):
                return f"\0{variable[1]}"  # these stand for themselves
            brought = lookup(variable[1].lower())
            if brought is None or len(brought) != 1:
                missing = missing or variable[2] is None
                return variable[2] or ""
            return re.sub(r"([*?])", "\0\\1", brought[0])

        text = _VARIABLE.sub(replacement, value)
        if not missing:
            found.append(text)
    return tuple(found)
