"""The clock of an endpoint: the real time, or one that a test has frozen, set, advanced or given a speed.

KMS's moments have milliseconds, so this clock ticks in milliseconds. No other module reads the operating system's
time (ruff TID251 enforces it).
"""

import math
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""The range that the clock can be set to; periods that KMS adds to a moment in it stay inside Python's calendar."""

FASTEST = 1_000_000
"""The highest speed, as a multiple of the real time: a year takes half a minute."""


class _Course(NamedTuple):
    """A time that runs from `moment` at `speed` (0: it is frozen); `start` is the real time of `moment`, in seconds."""

    moment: datetime
    start: float
    speed: float


ClockSnapshot = tuple[_Course | None, float]
"""How a clock runs, for `Clock.restore`."""


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
        """How many of its seconds pass in a real second while the clock runs."""
        return self._speed

    @property
    def moved(self) -> bool:
        """Whether a test has moved or frozen the clock, so that it may differ from the real time."""
        return self._course is not None

    def now(self) -> datetime:
        """The current moment: aware, UTC, whole milliseconds."""
        course = self._course
        if course is None:
            return datetime.fromtimestamp(int(time.time() * 1000) / 1000, UTC)
        if not course.speed:
            return course.moment
        elapsed = (time.time() - course.start) * course.speed
        if elapsed >= (LAST - course.moment).total_seconds():
            return LAST
        return course.moment + timedelta(milliseconds=int(elapsed * 1000))

    def set(self, now: datetime | None = None, *, frozen: bool | None = None, speed: float | None = None) -> datetime:
        """Set the moment, whether the clock is frozen, and its speed; None leaves each as it is. Gives the new moment.

        A speed makes a frozen clock run, unless `frozen` is true; speed 0 freezes it. Raises OverflowError for a moment
        outside of FIRST to LAST, ValueError for a speed outside of 0 to FASTEST, and then changes nothing.
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
            stops = frozen if frozen is not None else self.frozen and speed is None
            if self._course is None and now is None and not stops and self._speed == 1:
                return moment  # it stays the real time
            return self._run_from(moment, 0.0 if stops else self._speed)

    def advance(self, duration: timedelta) -> datetime:
        """Move the time by a duration (backwards if it is negative); gives the new moment.

        Raises OverflowError for a moment outside of FIRST to LAST, and then changes nothing.
        """
        with self._lock:
            return self._run_from(_bounded(self.now() + duration), 0.0 if self.frozen else self._speed)

    def reset(self) -> None:
        """Go back to the real time, running."""
        with self._lock:
            self._course, self._speed = None, 1.0

    def snapshot(self) -> ClockSnapshot:
        """How the clock runs now. A frozen time stays what it is; one that runs will have gone on."""
        with self._lock:
            return self._course, self._speed

    def restore(self, snapshot: ClockSnapshot) -> None:
        """Run as in a snapshot."""
        with self._lock:
            self._course, self._speed = snapshot

    def _run_from(self, moment: datetime, speed: float) -> datetime:
        self._course = _Course(moment, time.time(), speed)
        return moment


def _bounded(moment: datetime) -> datetime:
    if not FIRST <= moment <= LAST:
        raise OverflowError(f"expected a moment from {FIRST.year} to {LAST.year}, got {moment.isoformat()}")
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
