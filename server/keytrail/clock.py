"""The time that everything else reads: real, frozen, set, advanced, or running faster or slower.

KMS's moments have milliseconds, so this clock ticks in milliseconds. No other module may ask the operating
system for the time (ruff TID251 sees to it).
"""

import math
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""What the clock can be set to: from then on all that KMS adds stays inside the calendar."""

FASTEST = 1_000_000
"""Times faster than the real time: a year in half a minute."""


class _Course(NamedTuple):
    """From a moment on at a speed: that moment was at `start`, in seconds of the real time. Speed 0 stands still."""

    moment: datetime
    start: float
    speed: float


class Clock:
    """A clock that tests can move. Thread-safe; `now()` costs about a microsecond. It stops at `LAST`."""

    def __init__(self) -> None:
        """Start as the real time, running."""
        self._lock = threading.Lock()
        self._course: _Course | None = None  # None: the real time
        self._speed = 1.0

    @property
    def frozen(self) -> bool:
        """Whether the time stands still until somebody moves it."""
        course = self._course
        return course is not None and not course.speed

    @property
    def speed(self) -> float:
        """How many seconds go by in a real one while the clock runs."""
        return self._speed

    @property
    def moved(self) -> bool:
        """Whether this is another time than that of everybody else."""
        return self._course is not None

    def now(self) -> datetime:
        """The current moment: aware, UTC, whole milliseconds."""
        course = self._course
        if course is None:
            return datetime.fromtimestamp(int(time.time() * 1000) / 1000, UTC)
        if not course.speed:
            return course.moment
        gone = (time.time() - course.start) * course.speed
        if gone >= (LAST - course.moment).total_seconds():
            return LAST
        return course.moment + timedelta(milliseconds=int(gone * 1000))

    def set(self, now: datetime | None = None, *, frozen: bool | None = None, speed: float | None = None) -> datetime:
        """Set the moment, whether time stands still, its speed, or all; what is None stays. Gives the new moment.

        A speed lets a frozen clock run, unless `frozen` says otherwise; speed 0 freezes it. Raises OverflowError for a
        moment that the calendar cannot hold and ValueError for a speed that is none; the clock is as it was then.
        """
        if speed is not None and not (0 <= speed <= FASTEST and math.isfinite(speed)):
            raise ValueError(f"expected a speed from 0 (frozen) to {FASTEST}, got {speed}")
        if speed == 0:
            if frozen is False:
                raise ValueError("expected a speed above 0 for a clock that is not frozen, got 0")
            speed, frozen = None, True
        with self._lock:
            moment = self.now() if now is None else _bounded(now.astimezone(UTC))
            self._speed = self._speed if speed is None else float(speed)
            stands = frozen if frozen is not None else self.frozen and speed is None
            if self._course is None and now is None and not stands and self._speed == 1:
                return moment  # it is the real time, and stays it
            return self._go_on(moment, 0.0 if stands else self._speed)

    def advance(self, duration: timedelta) -> datetime:
        """Move the time by a duration (backwards if it is negative); gives the new moment.

        Raises OverflowError where that leaves the calendar, and leaves the clock as it was.
        """
        with self._lock:
            return self._go_on(_bounded(self.now() + duration), 0.0 if self.frozen else self._speed)

    def reset(self) -> None:
        """Be the real time again, running."""
        with self._lock:
            self._course, self._speed = None, 1.0

    def _go_on(self, moment: datetime, speed: float) -> datetime:
        self._course = _Course(moment, time.time(), speed)
        return moment


def _bounded(moment: datetime) -> datetime:
    if not FIRST <= moment <= LAST:
        raise OverflowError(f"expected a moment from {FIRST.year} to {LAST.year}, got {moment.isoformat()}")
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
