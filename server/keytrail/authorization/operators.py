"""Condition operators: the values of a policy become one test of a request's value, made once.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

import fnmatch
import operator
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Test = Callable[[str], bool]
"""Whether a value of a request meets one of the policy's values."""

Maker = Callable[[tuple[str, ...]], Test]
"""Makes the test of a policy's values. In these a NUL stands before a star or a question mark that is no wildcard."""


@lru_cache(maxsize=4096)  # 14 us for each pattern with a policy variable, in every request
def wildcards(pattern: str) -> re.Pattern[str]:
    """An IAM pattern: `*` is any text, `?` any one character, both plain where a NUL stands before them."""
    # fnmatch's expressions do not backtrack, however many stars there are; brackets mean nothing to IAM.
    shielded = pattern.replace("[", "[[]").replace("\0*", "[*]").replace("\0?", "[?]").replace("\0", "")
    return re.compile(fnmatch.translate(shielded))


def _plain(pattern: str) -> str:
    return pattern.replace("\0", "")


def _any_of(tests: Iterable[Test]) -> Test:
    alternatives = tuple(tests)
    if len(alternatives) == 1:
        return alternatives[0]
    return lambda value: any(test(value) for test in alternatives)


def _equals(values: tuple[str, ...]) -> Test:
    return frozenset(map(_plain, values)).__contains__


def _equals_in_any_case(values: tuple[str, ...]) -> Test:
    wanted = frozenset(_plain(value).casefold() for value in values)
    return lambda value: value.casefold() in wanted


def like(values: tuple[str, ...]) -> Test:
    """The test of IAM patterns: a star reaches over everything."""
    if not any("*" in value or "?" in value for value in values):
        return _equals(values)

    def test(pattern: str) -> Test:
        match = wildcards(pattern).fullmatch
        return lambda value: match(value) is not None

    return _any_of(map(test, values))


def _arn_like(values: tuple[str, ...]) -> Test:
    """Six parts, each with its own wildcards: a star does not reach over a colon, but in the last part."""

    def test(pattern: str) -> Test:
        patterns = pattern.split(":", 5)
        wild = [(at, wildcards(part).fullmatch) for at, part in enumerate(patterns) if {"*", "?"} & {*part}]
        plain = [(at, _plain(part)) for at, part in enumerate(patterns) if not {"*", "?"} & {*part}]

        def holds(value: str) -> bool:
            parts = value.split(":", 5)
            if len(parts) != 6 or len(patterns) != 6 or any(parts[at] != part for at, part in plain):
                return False
            return all(match(parts[at]) for at, match in wild)

        return holds

    return _any_of(map(test, values))


def _compares(compare: Callable[[float, float], bool], number: Callable[[str], float]) -> Maker:
    """Numbers or dates; of texts that are neither, nothing holds."""

    def make(values: tuple[str, ...]) -> Test:
        wanted = [found for found in (_read(number, _plain(value)) for value in values) if found is not None]

        def holds(value: str) -> bool:
            read = _read(number, value)
            return read is not None and any(compare(read, each) for each in wanted)

        if len(wanted) == 1:
            return lambda value: (read := _read(number, value)) is not None and compare(read, wanted[0])

        return holds

    return make


def _read(number: Callable[[str], float], text: str) -> float | None:
    try:
        return number(text)
    except (ValueError, OverflowError):
        return None


def _moment(text: str) -> float:
    """Epoch seconds, of a number or of an ISO 8601 text."""
    if text[4:5] != "-":  # else it is a date, and what `float` raises takes longer than all the rest
        try:
            return float(text)
        except ValueError:
            pass
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _in_networks(values: tuple[str, ...]) -> Test:
    networks = []
    for value in values:
        try:
            networks.append(ip_network(_plain(value), strict=False))
        except ValueError:
            continue  # nothing is in what is no network

    def holds(value: str) -> bool:
        address = _address(value)
        return address is not None and any(address in network for network in networks)

    return holds


@lru_cache(maxsize=1024)  # 20 us of the 50 that 50 statements take in tests/benchmarks/decisions.py
def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _same_bytes(values: tuple[str, ...]) -> Test:
    wanted = {data for data in (_bytes(_plain(value)) for value in values) if data is not None}
    return lambda value: _bytes(value) in wanted


def _bytes(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError):
        return None


_COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], bool]] = {
    "equals": (operator.eq, False),
    "notequals": (operator.eq, True),
    "lessthan": (operator.lt, False),
    "lessthanequals": (operator.le, False),
    "greaterthan": (operator.gt, False),
    "greaterthanequals": (operator.ge, False),
}

OPERATORS: Mapping[str, tuple[Maker, bool]] = {
    "stringequals": (_equals, False),
    "stringnotequals": (_equals, True),
    "stringequalsignorecase": (_equals_in_any_case, False),
    "stringnotequalsignorecase": (_equals_in_any_case, True),
    "stringlike": (like, False),
    "stringnotlike": (like, True),
    "arnequals": (_arn_like, False),
    "arnlike": (_arn_like, False),
    "arnnotequals": (_arn_like, True),
    "arnnotlike": (_arn_like, True),
    "bool": (_equals_in_any_case, False),
    "binaryequals": (_same_bytes, False),
    "ipaddress": (_in_networks, False),
    "notipaddress": (_in_networks, True),
    **{f"numeric{name}": (_compares(by, float), negated) for name, (by, negated) in _COMPARISONS.items()},
    **{f"date{name}": (_compares(by, _moment), negated) for name, (by, negated) in _COMPARISONS.items()},
}
"""How each operator compares, and whether it asks for the opposite; by the operator in lower case."""
