"""FaultRule: which calls go wrong, when, and how. Nothing of AWS's: what a test asks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

LONGEST_LATENCY = 600_000.0
"""Milliseconds; what a distribution gives beyond is this."""


@dataclass(frozen=True, slots=True)
class Latency:
    """How long an answer waits, in milliseconds: a distribution and its two parameters.

    fixed (value), uniform (low, high), normal (mean, deviation), lognormal (median, sigma of the logarithm).
    """

    distribution: str
    first: float
    second: float = 0.0

    def draw(self, random: Random) -> float:
        """A latency in milliseconds, 0 to LONGEST_LATENCY."""
        try:
            drawn = _DRAW[self.distribution](random, self.first, self.second)
        except OverflowError:
            drawn = LONGEST_LATENCY
        return min(max(drawn, 0.0), LONGEST_LATENCY)


_DRAW: Mapping[str, Callable[[Random, float, float], float]] = {
    "fixed": lambda random, value, _: value,
    "uniform": lambda random, low, high: random.uniform(low, high),
    "normal": lambda random, mean, deviation: random.gauss(mean, deviation),
    "lognormal": lambda random, median, sigma: median * random.lognormvariate(0.0, sigma),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """A fault: the calls that it is about, on which of them it strikes, and what happens then."""

    service: str
    """kms, cloudtrail or sts."""
    operations: frozenset[str]
    key: str | None = None
    """A key's ARN or id, an alias or its ARN; None: calls on any key, or on none."""
    account: str | None = None
    """The caller's."""
    region: str | None = None

    call: int | None = None
    """Strike on the n-th call alone (from 1)."""
    count: int | None = None
    """Strike this many times, then no more."""
    probability: float | None = None
    """Strike on each call with this probability; drawn from `seed`, so always alike."""
    seed: int = 0

    error: str | None = None
    """The code of the error that is the answer; the operation does not take place."""
    message: str | None = None
    latency: Latency | None = None
    drop: str | None = None
    """Close the connection without an answer, `before` the operation or `after` it took effect."""
    truncate: int | None = None
    """Send this many bytes of the body (of all but one, if it has no more), then close the connection."""

    written: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """The rule as it was given."""

    def in_account(self, account: str) -> "FaultRule":
        """The rule about the calls of an account, unless it is about those of one already."""
        if self.account is not None:
            return self
        return replace(self, account=account, written={**self.written, "Account": account})

    @property
    def ends_call(self) -> bool:
        """Whether there can be no other end of a call that it strikes."""
        return self.error is not None or self.drop is not None or self.truncate is not None
