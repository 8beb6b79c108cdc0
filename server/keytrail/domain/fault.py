"""Fault rules: which calls fail, when, and how. Tests set them; AWS has nothing like it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

LONGEST_LATENCY = 600_000.0
"""Milliseconds. Longer latencies that a distribution yields are cut to this."""


@dataclass(frozen=True, slots=True)
class Latency:
    """The delay of a response, in milliseconds: a distribution and its parameters.

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
    """One fault rule: the calls that it matches, which of these it strikes, and what happens to them."""

    service: str
    """kms, cloudtrail, sts or tagging."""
    operations: frozenset[str]
    key: str | None = None
    """A key id, key ARN, alias name or alias ARN; None matches calls on every key, and calls without a key."""
    account: str | None = None
    """The account of the caller; None matches every account."""
    region: str | None = None
    """None matches every Region."""

    call: int | None = None
    """Strike only the n-th matching call, counted from 1."""
    count: int | None = None
    """Strike this many calls, then no more."""
    probability: float | None = None
    """Strike each call with this probability, drawn from `seed`: the same calls in every run."""
    seed: int = 0

    error: str | None = None
    """The code of the error that the caller gets; the operation is not executed."""
    message: str | None = None
    latency: Latency | None = None
    drop: str | None = None
    """`before` or `after`: close the connection without a response, before or after the operation is executed."""
    truncate: int | None = None
    """Send only this many bytes of the body, and at least one byte less than all, then close the connection."""

    calls: int = 0
    """How many calls it was about before it was added; `hits`: how many of these it struck."""
    hits: int = 0

    document: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """The JSON document of the rule, as the test sent it."""

    def in_account(self, account: str) -> "FaultRule":
        """The rule for the calls of this account only; a rule that names an account does not change."""
        if self.account is not None:
            return self
        return replace(self, account=account, document={**self.document, "Account": account})

    @property
    def ends_call(self) -> bool:
        """Whether the rule decides how a call ends, so that no later rule can."""
        return self.error is not None or self.drop is not None or self.truncate is not None
