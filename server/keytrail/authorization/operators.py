"""Condition operators: from the values in a policy to a test of a value of a request.

A test is made once, when the policy is read.

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
"""Whether a value of a request matches one of the policy's values."""

TestMaker = Callable[[tuple[str, ...]], Test]
"""Makes a test from a policy's values. In these, a star or a question mark after a NUL is not a wildcard."""


@lru_cache(maxsize=4096)  # saves 14 us for each pattern with a policy variable, in every request
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """An IAM pattern as a regular expression for `_units` of a text: `*` is any text, `?` any one UTF-16 code unit.

    A star or a question mark after a NUL is itself.
    """
    # fnmatch's expressions do not backtrack, however many stars there are. Brackets are not special to IAM.
    escaped = _units(pattern).replace("[", "[[]").replace("\0*", "[*]").replace("\0?", "[?]").replace("\0", "")
    return re.compile(fnmatch.translate(escaped))


def _units(text: str) -> str:
    """A text with a character for each UTF-16 code unit: IAM takes some characters for two, as recorded."""
    if text.isascii():
        return text
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(chr(units[at] << 8 | units[at + 1]) for at in range(0, len(units), 2))


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
    wanted = frozenset(_plain(value).lower() for value in values)
    return lambda value: value.lower() in wanted


def like(values: tuple[str, ...]) -> Test:
    """The test of IAM patterns in which a star matches any text, colons too."""
    if not any("*" in value or "?" in value for value in values):
        return _equals(values)

    def test(pattern: str) -> Test:
        match = compile_pattern(pattern).fullmatch
        return lambda value: match(_units(value)) is not None

    return _any_of(map(test, values))


def _arn_like(values: tuple[str, ...]) -> Test:
    """The test of ARN patterns. The six parts are matched one by one, so only a star in the last matches a colon."""

    def test(pattern: str) -> Test:
        patterns = pattern.split(":", 5)
        wild = [(i, compile_pattern(part).fullmatch) for i, part in enumerate(patterns) if {"*", "?"} & {*part}]
        plain = [(i, _plain(part)) for i, part in enumerate(patterns) if not {"*", "?"} & {*part}]

        def holds(value: str) -> bool:
            parts = value.split(":", 5)
            if len(parts) != 6 or len(patterns) != 6 or any(parts[i] != part for i, part in plain):
                return False
            return all(match(_units(parts[i])) for i, match in wild)

        return holds

    return _any_of(map(test, values))


def _compares(compare: Callable[[float, float], bool], to_number: Callable[[str], float]) -> TestMaker:
    """Makes tests of numbers or dates. A text that `to_number` refuses with ValueError matches nothing."""

    def make(values: tuple[str, ...]) -> Test:
        wanted = [number for value in values if (number := _read(to_number, _plain(value))) is not None]

        def holds(value: str) -> bool:
            number = _read(to_number, value)
            return number is not None and any(compare(number, each) for each in wanted)

        if len(wanted) == 1:
            return lambda value: (number := _read(to_number, value)) is not None and compare(number, wanted[0])

        return holds

    return make


def _read(to_number: Callable[[str], float], text: str) -> float | None:
    try:
        return to_number(text)
    except (ValueError, OverflowError):
        return None


def _epoch_seconds(text: str) -> float:
    """Seconds since 1970, from a number or an ISO 8601 text; raises ValueError."""
    if text[4:5] != "-":  # a date would make `float` raise, which takes longer than all the rest
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
            continue  # no address is in it

    def holds(value: str) -> bool:
        address = _address(value)
        return address is not None and any(address in network for network in networks)

    return holds


@lru_cache(maxsize=1024)  # saves 20 us of the 50 that 50 statements take in tests/benchmarks/decisions.py
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

OPERATORS: Mapping[str, tuple[TestMaker, bool]] = {
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
    **{f"date{name}": (_compares(by, _epoch_seconds), negated) for name, (by, negated) in _COMPARISONS.items()},
}
"""By operator, in lower case: how it compares, and whether it is negated."""
