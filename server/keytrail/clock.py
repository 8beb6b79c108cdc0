"""The time that everything else reads: real, frozen, set or advanced.

KMS's moments have milliseconds, so this clock ticks in milliseconds. No other module may ask the operating
system for the time (ruff TID251 sees to it).
"""

import threading
from datetime import UTC, datetime, timedelta


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

    def now(self) -> datetime:
        """The current moment: aware, UTC, whole milliseconds."""
        moment = self._frozen
        if moment is None:
            moment = datetime.now(UTC) + self._offset
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def set(self, now: datetime | None = None, *, frozen: bool | None = None) -> datetime:
        """Set the moment, or whether time stands still, or both; what is None stays. Gives the new moment.

        Raises OverflowError for a moment that the calendar cannot hold, and leaves the clock as it was.
        """
        with self._lock:
            target = self.now() if now is None else now.astimezone(UTC)
            if frozen is None:
                frozen = self.frozen
            offset = target - datetime.now(UTC)
            self._offset, self._frozen = offset, target if frozen else None
            return self.now()

    def advance(self, duration: timedelta) -> datetime:
        """Move the time by a duration (backwards if it is negative); gives the new moment.

        Raises OverflowError where that leaves the calendar, and leaves the clock as it was.
        """
        with self._lock:
            if self._frozen is not None:
                self._frozen = self._frozen + duration
            else:
                _ = self.now() + duration
                self._offset += duration
            return self.now()

    def reset(self) -> None:
        """Be the real time again, running."""
        with self._lock:
            self._offset, self._frozen = timedelta(0), None
