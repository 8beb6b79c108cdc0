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
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from math import isfinite
from typing import NamedTuple

Test = Callable[[str], bool]
"""Whether a value of a request matches one of the policy's values."""

TestMaker = Callable[[tuple[str, ...]], Test]
"""Makes a test from a policy's values. In these, a star or a question mark after a NUL is not a wildcard."""


class Operator(NamedTuple):
    """A condition operator without set operator and IfExists.

    `variables`: whether policy variables are replaced in its values. `read` reads a value of a policy, and gives None
    for one that the operator cannot read; `expected` says what it can.
    """

    make_test: TestMaker
    negated: bool = False
    variables: bool = False
    read: Callable[[str], object] = str
    expected: str = "a text"


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


_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DATE = re.compile(
    r"([0-9]{4})-([0-9]{1,2})(?:-([0-9]{1,2}))?"
    r"(?:[Tt]([0-9]{1,2})(?::([0-9]{1,2}))?(?::([0-9]{1,2})(?:\.([0-9]{1,9}))?)?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
"""ISO 8601 as W3C profiles it: year and month, and what follows; groups up to the fraction of a second and the zone."""


def _compares(compare: Callable[[float, float], bool], to_number: Callable[[str], float | None]) -> TestMaker:
    """Makes tests of numbers or dates. A text that `to_number` cannot read matches nothing."""

    def make(values: tuple[str, ...]) -> Test:
        wanted = [number for value in values if (number := to_number(value)) is not None]

        def holds(value: str) -> bool:
            number = to_number(value)
            return number is not None and any(compare(number, each) for each in wanted)

        if len(wanted) == 1:
            return lambda value: (number := to_number(value)) is not None and compare(number, wanted[0])

        return holds

    return make


@lru_cache(maxsize=1024)  # a policy asks for the same value of a request again and again
def _number(text: str) -> float | None:
    if not _NUMBER.fullmatch(text):  # `float` reads more, such as inf and 1_0
        return None
    number = float(text)
    return number if isfinite(number) else None


@lru_cache(maxsize=1024)
def _epoch_seconds(text: str) -> float | None:
    """Seconds since 1970, from a number or an ISO 8601 text; None for another text."""
    found = _DATE.fullmatch(text)
    if found is None:
        return _number(text)
    year, month, day, hour, minute, second = (int(found[at] or (1 if at == 3 else 0)) for at in range(1, 7))
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=_zone(found[8]))
    except ValueError:
        return None
    return moment.timestamp() + float(f"0.{found[7] or 0}")


def _zone(text: str | None) -> timezone:
    """A time zone; raises ValueError for one that there is not."""
    if text is None or text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if minutes > 59:
        raise ValueError(text)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def _in_networks(values: tuple[str, ...]) -> Test:
    networks = [network for value in values if (network := _network(value)) is not None]

    def holds(value: str) -> bool:
        address = _address(value)
        return address is not None and any(address in network for network in networks)

    return holds


def _network(text: str) -> IPv4Network | IPv6Network | None:
    """An address or a network with the length of its prefix; None for another text."""
    _, slash, length = text.partition("/")
    if (slash and not (length.isascii() and length.isdigit())) or "%" in text:  # Python also reads masks and zones
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=1024)  # saves 20 us of the 50 that 50 statements take in tests/benchmarks/decisions.py
def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _same_bytes(values: tuple[str, ...]) -> Test:
    wanted = {data for data in map(_bytes, values) if data is not None}
    return lambda value: _bytes(value) in wanted


def _bytes(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError):
        return None


def _truth(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


_COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], bool]] = {
    "equals": (operator.eq, False),
    "notequals": (operator.eq, True),
    "lessthan": (operator.lt, False),
    "lessthanequals": (operator.le, False),
    "greaterthan": (operator.gt, False),
    "greaterthanequals": (operator.ge, False),
}
_NUMBERS, _DATES = "a number such as 7 or 2.5", "a date such as 2026-01-31T00:00:00Z, or seconds since 1970"
_ADDRESSES = "an address, or a network such as 192.0.2.0/24"

BOOL = Operator(_equals_in_any_case, read=_truth, expected="true or false")

OPERATORS: Mapping[str, Operator] = {
    "stringequals": Operator(_equals, variables=True),
    "stringnotequals": Operator(_equals, negated=True, variables=True),
    "stringequalsignorecase": Operator(_equals_in_any_case, variables=True),
    "stringnotequalsignorecase": Operator(_equals_in_any_case, negated=True, variables=True),
    "stringlike": Operator(like, variables=True),
    "stringnotlike": Operator(like, negated=True, variables=True),
    "arnequals": Operator(_arn_like, variables=True),
    "arnlike": Operator(_arn_like, variables=True),
    "arnnotequals": Operator(_arn_like, negated=True, variables=True),
    "arnnotlike": Operator(_arn_like, negated=True, variables=True),
    "bool": BOOL,
    "binaryequals": Operator(_same_bytes, read=_bytes, expected="base64"),
    "ipaddress": Operator(_in_networks, read=_network, expected=_ADDRESSES),
    "notipaddress": Operator(_in_networks, negated=True, read=_network, expected=_ADDRESSES),
    **{
        f"numeric{name}": Operator(_compares(by, _number), negated, read=_number, expected=_NUMBERS)
        for name, (by, negated) in _COMPARISONS.items()
    },
    **{
        f"date{name}": Operator(_compares(by, _epoch_seconds), negated, read=_epoch_seconds, expected=_DATES)
        for name, (by, negated) in _COMPARISONS.items()
    },
}
"""By operator, in lower case. `Null` is not among them: it compares no values."""
