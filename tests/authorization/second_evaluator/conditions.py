"""IAM's Condition element, and what it shares with the other elements: patterns and policy variables.

Source: IAM User Guide, "Condition operators", "Set operators for multivalued context keys", "Variables and tags".
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple


class Unsettled(Exception):
    """No document says what AWS does here, so there is nothing to hold Keytrail to."""


UNSETTLED = object()
"""The value of a condition key of which no document says whether the request has it."""

Value = str | tuple[str, ...] | object
"""A text; the texts of a multivalued key; or UNSETTLED."""


class Context(dict[str, Value]):
    """The request context: values by condition key in lower case. A key that the request lacks is not there."""

    def value(self, key: str) -> str | tuple[str, ...] | None:
        """The value under a key in any case, None without one."""
        found = self.get(key.lower())
        if found is UNSETTLED:
            raise Unsettled(key)
        assert found is None or isinstance(found, (str, tuple))
        return found


MULTIVALUED = {
    *("aws:tagkeys", "aws:calledvia", "aws:principalorgpaths", "aws:resourceorgpaths", "aws:sourceorgpaths"),
    *("aws:principalservicenameslist", "kms:encryptioncontextkeys", "kms:grantoperations", "kms:resourcealiases"),
}


# ---- Patterns


class Piece(NamedTuple):
    """A character of a pattern. A wildcard is `*` or `?` as a policy has it, not one that a variable stands for."""

    letter: str
    wildcard: bool


Pieces = Sequence[Piece]

_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def pieces_of(text: str, context: Context | None) -> Pieces | None:
    """A pattern in pieces, with the values of its variables; None if one has no value.

    Without a context (policies of Version 2008-10-17, elements without variables) a variable is a text like any other.
    """
    made: list[Piece] = []
    position = 0
    while position < len(text):
        variable = _VARIABLE.match(text, position) if context is not None else None
        if variable is None or context is None:
            made.append(Piece(text[position], text[position] in "*?"))
            position += 1
            continue
        value = _value_of_variable(variable[1], context)
        if value is None:
            return None
        made += [Piece(letter, False) for letter in value]
        position = variable.end()
    return made


def _value_of_variable(content: str, context: Context) -> str | None:
    if content in {"*", "?", "$"}:
        return content
    key, comma, default = content.partition(",")
    value = context.value(key.strip())
    if isinstance(value, tuple) or (value is None and key.strip().lower() in MULTIVALUED):
        raise Unsettled(f"the multivalued key {key} as a variable")
    if value is None and comma:
        return default.strip().removeprefix("'").removesuffix("'")
    return value


def matches(pattern: Pieces, text: str) -> bool:
    """Whether a pattern covers a whole text: `*` is any number of characters, `?` is one."""
    wildcards = {"*": ".*", "?": "."}
    expression = "".join(wildcards[it.letter] if it.wildcard else re.escape(it.letter) for it in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def glob(pattern: str, text: str) -> bool:
    """The same for a pattern without variables."""
    pieces = pieces_of(pattern, None)
    assert pieces is not None
    return matches(pieces, text)


# ---- Operators


def _letters(pattern: Pieces) -> str:
    return "".join(it.letter for it in pattern)


def _arn(pattern: Pieces, text: str) -> bool:
    """Each of the six parts of an ARN on its own."""
    parts: list[list[Piece]] = [[]]
    for piece in pattern:
        if piece.letter == ":" and len(parts) < 6:
            parts.append([])
        else:
            parts[-1].append(piece)
    values = text.split(":", 5)
    return len(parts) == len(values) == 6 and all(map(matches, parts, values))


_TEXTS: Mapping[str, Callable[[Pieces, str], bool]] = {
    "StringEquals": lambda pattern, text: _letters(pattern) == text,
    "StringEqualsIgnoreCase": lambda pattern, text: _letters(pattern).lower() == text.lower(),
    "StringLike": matches,
    "ArnEquals": _arn,
    "ArnLike": _arn,
}
"""Operators whose values can have variables."""


def moment(text: str) -> datetime | None:
    """A moment in ISO 8601, or in seconds since 1970; None for any other text."""
    if re.fullmatch(r"-?\d+(\.\d+)?", text) and len(text) != 4:
        return datetime.fromtimestamp(float(text), UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def number(text: str) -> Decimal | None:
    """A number; None for any other text."""
    return Decimal(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


def _network(text: str) -> Any:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _truth(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _within(address: Any, network: Any) -> bool:
    return bool(address.version == network.version and address.subnet_of(network))


class _Typed(NamedTuple):
    """An operator on values that are no texts: how both sides are read, and how they are compared."""

    read: Callable[[str], Any]
    compare: Callable[[Any, Any], bool]
    """Given the request's value, then the policy's."""


_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda request, policy: request == policy,
    "LessThan": lambda request, policy: request < policy,
    "LessThanEquals": lambda request, policy: request <= policy,
    "GreaterThan": lambda request, policy: request > policy,
    "GreaterThanEquals": lambda request, policy: request >= policy,
}
_TYPED: Mapping[str, _Typed] = {
    **{f"Numeric{name}": _Typed(number, order) for name, order in _ORDERS.items()},
    **{f"Date{name}": _Typed(moment, order) for name, order in _ORDERS.items()},
    "Bool": _Typed(_truth, _ORDERS["Equals"]),
    "BinaryEquals": _Typed(_bytes, _ORDERS["Equals"]),
    "IpAddress": _Typed(_network, _within),
}

_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
}

OPERATORS = (*_TEXTS, *_TYPED, *_NEGATED)
"""All operators but Null."""


def holds(condition: Mapping[str, Any], context: Context, *, variables: bool) -> bool:
    """Whether all operators of a Condition element hold, with all of their keys."""
    return all(
        _holds(operator, key, texts_of(values), context, variables)
        for operator, keys in condition.items()
        for key, values in keys.items()
    )


def texts_of(values: object) -> list[str]:
    """The values of an element as texts: one, or a list of them."""
    listed = values if isinstance(values, list) else [values]
    return [str(it).lower() if isinstance(it, bool) else str(it) for it in listed]


def _holds(operator: str, key: str, wanted: Sequence[str], context: Context, variables: bool) -> bool:
    value = context.value(key)
    if operator == "Null":
        absent = value is None or value == ()
        return any(_truth(text) is absent for text in wanted)
    quantifier, _, base = operator.rpartition(":")
    plain = base.removesuffix("IfExists")
    multivalued = key.lower() in MULTIVALUED
    if value is None or value == ():
        if base != plain:
            return True
        if quantifier:
            return quantifier == "ForAllValues"
        return plain in _NEGATED

    def compare(text: str) -> bool:
        return _compare(plain, text, wanted, context if variables else None)

    texts = value if isinstance(value, tuple) else (value,)
    if quantifier:
        return (all if quantifier == "ForAllValues" else any)(compare(text) for text in texts)
    # Recorded (kms-behaviour N.1): a multivalued key never satisfies an operator without a quantifier.
    return not multivalued and compare(texts[0])


def _compare(operator: str, text: str, wanted: Sequence[str], context: Context | None) -> bool:
    """Whether one value of the request equals one of the policy's; for a negated operator, none of them."""
    base = _NEGATED.get(operator, operator)
    if base in _TEXTS:
        patterns = [pieces_of(it, context) for it in wanted]
        if None in patterns and base != operator:
            raise Unsettled("a negated operator with a variable that has no value")
        return any(pattern is not None and _TEXTS[base](pattern, text) for pattern in patterns) is (base == operator)
    if any("${" in it for it in wanted):
        raise Unsettled("a variable with an operator that takes none")
    typed = _TYPED[base]
    read = [typed.read(it) for it in wanted]
    if None in read:
        raise Unsettled("a value that its operator cannot read")
    own = typed.read(text)
    return (own is not None and any(typed.compare(own, it) for it in read)) is (base == operator)
