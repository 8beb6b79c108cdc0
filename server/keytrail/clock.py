"""The time that everything else reads: real, frozen, set or advanced.

KMS's moments have milliseconds, so this clock ticks in milliseconds. No other module may ask the operating
system for the time (ruff TID251 sees to it).
"""

import threading
import time
from datetime import UTC, datetime, timedelta

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""What the clock can be set to: from then on all that KMS adds stays inside the calendar."""


class Clock:
    """A clock that tests can move. Thread-safe; `now()` costs about a microsecond."""

    def __init__(self) -> None:
        """Start as the real time, running."""
        self._lock = threading.Lock()
        self._offset = timedelta(0)
        self._frozen: datetime | None = None

    @property
    def frozen(self) -> bool:
        """Whether the time stands still until somebody moves it."""
        return self._frozen is not None

    @property
    def moved(self) -> bool:
        """Whether this is another time than that of everybody else."""
        return self._frozen is not None or bool(self._offset)

    def now(self) -> datetime:
        """The current moment: aware, UTC, whole milliseconds."""
        frozen = self._frozen
        if frozen is not None:
            return frozen
        moment = datetime.fromtimestamp(int(time.time() * 1000) / 1000, UTC)
        return moment + self._offset if self._offset else moment

    def set(self, now: datetime | None = None, *, frozen: bool | None = None) -> datetime:
        """Set the moment, or whether time stands still, or both; what is None stays. Gives the new moment.

        Raises OverflowError for a moment that the calendar cannot hold, and leaves the clock as it was.
        """
        with self._lock:
            target = self.now() if now is None else _bounded(now.astimezone(UTC))
            stands = self.frozen if frozen is None else frozen
            offset = target - _in_milliseconds(datetime.now(UTC))
            self._offset, self._frozen = offset, target if stands else None
            return self.now()

    def advance(self, duration: timedelta) -> datetime:
        """Move the time by a duration (backwards if it is negative); gives the new moment.

        Raises OverflowError where that leaves the calendar, and leaves the clock as it was.
        """
        with self._lock:
            if self._frozen is not None:
                self._frozen = _bounded(self._frozen + duration)
            else:
                self._offset = _bounded(self.now() + duration) - _in_milliseconds(datetime.now(UTC))
            return self.now()

    def reset(self) -> None:
        """Be the real time again, running."""
        with self._lock:
            self._offset, self._frozen = timedelta(0), None


def _bounded(moment: datetime) -> datetime:
    if not FIRST <= moment <= LAST:
        raise OverflowError(f"expected a moment from {FIRST.year} to {LAST.year}, got {moment.isoformat()}")
    return _in_milliseconds(moment)


def _in_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
