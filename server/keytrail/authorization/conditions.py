"""Condition blocks of policies: read once, then held against what a request brings.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators", "Set operators for multivalued context keys"
and "Policy variables".
"""

import fnmatch
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from ipaddress import ip_address, ip_network
from typing import Any

Values = tuple[str, ...] | None
"""What a request brings under a condition key; None: it does not have the key."""

Lookup = Callable[[str], Values]
"""The values of a request by the condition key, in lower case."""

_Match = Callable[[str, str], bool]
"""Whether a value of a request meets one of the policy."""

_VARIABLE = re.compile(r"\$\{([^},]+)(?:, *'([^']*)')?\}")
_SET_OPERATOR = re.compile(r"(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of one operator, with the policy's values for it."""

    key: str
    matches: _Match
    negated: bool
    quantifier: str
    """`forallvalues`, `foranyvalue`, or nothing."""
    if_exists: bool
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
        wanted = self.values if not self.variables else _filled(self.values, lookup)
        met = [any(self.matches(value, policy) for policy in wanted) != self.negated for value in brought]
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
    if parts is None or name not in _OPERATORS:
        raise ValueError(f"a condition operator that does not exist, {operator}")
    matches, negated = _OPERATORS[name]
    return Condition(
        key=key,
        matches=matches,
        negated=negated,
        quantifier=(parts[1] or "").lower(),
        if_exists=bool(parts[3]),
        values=values,
        variables=variables and any("${" in value for value in values),
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


def _filled(values: Sequence[str], lookup: Lookup) -> list[str]:
    """The values with their variables replaced; one whose variable the request does not bring meets nothing."""
    filled = []
    for value in values:
        missing = False

        def replacement(found: re.Match[str]) -> str:
            nonlocal missing
            if found[1] in ("*", "?", "$"):
                return f"\0{found[1]}"  # these stand for themselves
            brought = lookup(found[1].lower())
            if brought is None or len(brought) != 1:
                missing = missing or found[2] is None
                return found[2] or ""
            return re.sub(r"([*?])", "\0\\1", brought[0])

        text = _VARIABLE.sub(replacement, value)
        if not missing:
            filled.append(text)
    return filled


def _plain(pattern: str) -> str:
    return pattern.replace("\0", "")


@lru_cache(maxsize=4096)
def wildcards(pattern: str) -> re.Pattern[str]:
    """An IAM pattern: `*` is any text, `?` any one character, both plain where a NUL stands before them."""
    # fnmatch's expressions do not backtrack, however many stars there are; brackets mean nothing to IAM.
    shielded = pattern.replace("[", "[[]").replace("\0*", "[*]").replace("\0?", "[?]").replace("\0", "")
    return re.compile(fnmatch.translate(shielded))


def _like(value: str, pattern: str) -> bool:
    return wildcards(pattern).fullmatch(value) is not None


def _equals(value: str, wanted: str) -> bool:
    return value == _plain(wanted)


def _equals_in_any_case(value: str, wanted: str) -> bool:
    return value.casefold() == _plain(wanted).casefold()


def _arn_like(value: str, pattern: str) -> bool:
    """Six parts, each with its own wildcards: a star does not reach over a colon, but in the last part."""
    parts, patterns = value.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) == 6 and all(map(_like, parts, patterns))


def _compared(compare: Callable[[float, float], bool], number: Callable[[str], float], value: str, wanted: str) -> bool:
    try:
        return compare(number(value), number(_plain(wanted)))
    except (ValueError, OverflowError):
        return False


def _moment(text: str) -> float:
    """Epoch seconds, of a number or of an ISO 8601 text."""
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _in_network(value: str, network: str) -> bool:
    try:
        return ip_address(value) in ip_network(_plain(network), strict=False)
    except ValueError:
        return False


def _same_bytes(value: str, wanted: str) -> bool:
    try:
        return b64decode(value, validate=True) == b64decode(_plain(wanted), validate=True)
    except NotBase64:
        return False


_COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], bool]] = {
    "equals": (float.__eq__, False),
    "notequals": (float.__eq__, True),
    "lessthan": (float.__lt__, False),
    "lessthanequals": (float.__le__, False),
    "greaterthan": (float.__gt__, False),
    "greaterthanequals": (float.__ge__, False),
}

_OPERATORS: Mapping[str, tuple[_Match, bool]] = {
    "stringequals": (_equals, False),
    "stringnotequals": (_equals, True),
    "stringequalsignorecase": (_equals_in_any_case, False),
    "stringnotequalsignorecase": (_equals_in_any_case, True),
    "stringlike": (_like, False),
    "stringnotlike": (_like, True),
    "arnequals": (_arn_like, False),
    "arnlike": (_arn_like, False),
    "arnnotequals": (_arn_like, True),
    "arnnotlike": (_arn_like, True),
    "bool": (_equals_in_any_case, False),
    "binaryequals": (_same_bytes, False),
    "ipaddress": (_in_network, False),
    "notipaddress": (_in_network, True),
    **{f"numeric{name}": (partial(_compared, by, float), negated) for name, (by, negated) in _COMPARISONS.items()},
    **{f"date{name}": (partial(_compared, by, _moment), negated) for name, (by, negated) in _COMPARISONS.items()},
}
"""How each operator compares, and whether it asks for the opposite; by the operator in lower case."""
