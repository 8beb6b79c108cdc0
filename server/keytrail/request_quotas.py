"""The setting `request_quotas`: a text, and its value. The quotas that AWS has are in faults/quotas.py."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_AWS = re.compile(r"aws(?:\*(?P<factor>\S+))?")


@dataclass(frozen=True, slots=True)
class RequestQuotas:
    """Which request quotas are enforced.

    `factor` multiplies AWS's own quotas; None: those are off. `rates` are quotas with a rate of the test's own, in
    requests per second. As text: `off`, `aws`, `aws*0.01`, `CreateKey=1,Symmetric=5`, `aws,CreateKey=1`.
    """

    factor: float | None = None
    rates: Mapping[str, float] = field(default_factory=dict, hash=False)

    @classmethod
    def parse(cls, text: str) -> "RequestQuotas":
        """Read the text; the names of quotas are not checked. Raises ValueError."""
        factor, rates = None, {}
        for part in (part.strip() for part in text.split(",")):
            match = _AWS.fullmatch(part)
            name, equals, rate = part.partition("=")
            if match is not None:
                factor = _positive(match["factor"] or "1", part)
            elif equals:
                rates[name.strip()] = _positive(rate, part)
            elif part not in ("", "off"):
                raise ValueError(f"expected off, aws, aws*0.01, or rates such as Symmetric=5,CreateKey=1; got {text!r}")
        return cls(factor, rates)

    def __bool__(self) -> bool:
        """Whether any quota is enforced."""
        return self.factor is not None or bool(self.rates)

    def __str__(self) -> str:
        """The text that `parse` reads back to an equal value."""
        parts = [] if self.factor is None else ["aws" if self.factor == 1 else f"aws*{self.factor!r}"]
        return ",".join([*parts, *(f"{name}={rate!r}" for name, rate in self.rates.items())]) or "off"


OFF = RequestQuotas()
"""No quota is enforced."""


def _positive(text: str, part: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 1e9:
        raise ValueError(f"expected a number above 0 and up to 1e9, got {part!r}")
    return value
