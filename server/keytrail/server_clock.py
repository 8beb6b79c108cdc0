"""ServerClock: the clock of a server, as tests move it; of one in this process, and of one that runs elsewhere."""

from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from keytrail.settings import read_duration, read_moment
from keytrail.spelling import suggestion

_UNITS = ("weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds")


class ClockState(NamedTuple):
    """What a clock shows."""

    now: datetime
    """Aware, UTC, in milliseconds."""
    frozen: bool
    speed: float
    """How many of its seconds pass in a real second while it runs."""


class Timekeeper(Protocol):
    """What a ServerClock moves: an Endpoint, or a server that is reached by HTTP."""

    def clock_state(self) -> ClockState:
        """The time, whether it is frozen, and its speed."""

    def set_clock(
        self, now: datetime | None = None, *, frozen: bool | None = None, speed: float | None = None
    ) -> datetime:
        """As Clock.set, but a naive time is UTC."""

    def advance_clock(self, duration: timedelta) -> datetime:
        """As Clock.advance."""

    def reset_clock(self) -> datetime:
        """Go back to the real time, running; gives it."""


class ServerClock:
    """The clock of a server, for a test to move. Every method gives the new time: aware, UTC.

    Moments are datetimes (a naive one is UTC) or ISO 8601 text. All raise ValueError for a text, a speed or a time that
    is not valid (times are from 1970 to 9000), and then change nothing.
    """

    def __init__(self, timekeeper: Timekeeper) -> None:
        """Move this clock."""
        self._timekeeper = timekeeper

    @property
    def now(self) -> datetime:
        """The server's time: aware, UTC, in milliseconds."""
        return self._timekeeper.clock_state().now

    @property
    def frozen(self) -> bool:
        """Whether the time stands still until a test moves it."""
        return self._timekeeper.clock_state().frozen

    def freeze(self, now: datetime | str | None = None) -> datetime:
        """Freeze the time, at a moment or as it is."""
        return self._set(now, frozen=True)

    def set(self, now: datetime | str) -> datetime:
        """Set the time; it stays running or frozen as before."""
        return self._set(now)

    def run(self) -> datetime:
        """Let a frozen time run again, at its former speed."""
        return self._set(frozen=False)

    def speed(self, factor: float) -> datetime:
        """Let the time run `factor` times as fast as the real time; 0 freezes it."""
        return self._set(speed=factor)

    def reset(self) -> datetime:
        """Go back to the real time, running."""
        return self._timekeeper.reset_clock()

    def advance(self, duration: timedelta | str | None = None, **units: float) -> datetime:
        """Move the time by a timedelta, an ISO 8601 duration (`"P30D"`), or by keywords: `advance(days=30)`.

        The keywords are those of timedelta. Raises TypeError for any other, and for a number without a unit.
        """
        moved = _duration(duration, units)
        try:
            return self._timekeeper.advance_clock(moved)
        except OverflowError as error:
            raise ValueError(str(error)) from None

    def _set(
        self, now: datetime | str | None = None, *, frozen: bool | None = None, speed: float | None = None
    ) -> datetime:
        if now is not None and not isinstance(now, (datetime, str)):
            raise TypeError(f'expected a datetime, or ISO 8601 text such as "2026-05-01T08:00:00Z", got {now!r}')
        try:
            moment = read_moment(now) if isinstance(now, str) else now
            return self._timekeeper.set_clock(moment, frozen=frozen, speed=speed)
        except OverflowError as error:
            raise ValueError(str(error)) from None


def _duration(duration: timedelta | str | None, units: dict[str, float]) -> timedelta:
    for unit in units:
        if unit not in _UNITS:
            raise TypeError(
                f"there is no unit {unit}{suggestion(unit, _UNITS) or '; choose from ' + ', '.join(_UNITS)}"
            )
    if (duration is None) == (not units):
        raise TypeError('say how far, in one way: advance(days=30), advance("P30D"), or advance(timedelta(days=30))')
    if isinstance(duration, str):
        return read_duration(duration)
    if duration is not None and not isinstance(duration, timedelta):
        raise TypeError(f"{duration!r} has no unit: advance(seconds={duration!r}), advance(days={duration!r})")
    try:
        return duration if duration is not None else timedelta(**units)
    except OverflowError as error:
        raise ValueError(str(error)) from None
