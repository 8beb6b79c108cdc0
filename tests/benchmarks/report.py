"""What was measured, as rows of one table."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """One line of the table; numbers are already words."""

    measure: str
    target: str
    met: bool
    keytrail: str
    other: str = ""
    ratio: str = ""
    cpu_ratio: str = ""


@dataclass(frozen=True)
class Burst:
    """One round of load on one server."""

    per_second: float
    cpu: float  # seconds of the server's CPU per request


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Round by round: the two sides of a round ran one right after the other."""
    return [mine / other for mine, other in zip(ours, theirs, strict=True)]


def spread(values: Sequence[float]) -> str:
    return f"{digits(median(values))} ({digits(min(values))}-{digits(max(values))})"


def digits(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"


def of_speed(measure: str, ours: list[Burst], theirs: list[Burst], at_least: float) -> Row:
    """A row about requests per second."""
    speed, cpu = both_ratios(ours, theirs)
    words = in_words(ours), in_words(theirs), spread(speed), spread(cpu)
    return Row(measure, f"ratio >= {at_least:g}", median(speed) >= at_least, *words)


def of_cpu(measure: str, ours: list[Burst], theirs: list[Burst], at_most: float) -> Row:
    """A row about CPU per request."""
    speed, cpu = both_ratios(ours, theirs)
    words = in_words(ours), in_words(theirs), spread(speed), spread(cpu)
    return Row(measure, f"CPU ratio <= {at_most:g}", median(cpu) <= at_most, *words)


def both_ratios(ours: list[Burst], theirs: list[Burst]) -> tuple[list[float], list[float]]:
    speed = ratios([each.per_second for each in ours], [each.per_second for each in theirs])
    cpu = ratios([each.cpu for each in ours], [each.cpu for each in theirs])
    return speed, cpu


def in_words(bursts: list[Burst]) -> str:
    per_second = median(each.per_second for each in bursts)
    return f"{per_second:,.0f}/s, {median(each.cpu for each in bursts) * 1e6:.0f} us"


def table(rows: list[Row]) -> str:
    lines = [
        "| measure | Keytrail | compared with | ratio (min-max) | CPU ratio (min-max) | target | met |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.measure} | {row.keytrail} | {row.other} | {row.ratio} | {row.cpu_ratio} | {row.target} "
        f"| {'yes' if row.met else 'NO'} |"
        for row in rows
    ]
    return "\n".join(lines)
