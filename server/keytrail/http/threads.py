"""Threads for what would hold up the event loop."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

COUNT = 4
"""More than cores gain nothing for signatures; with fewer the control API could wait behind RSA keys being made."""


class Threads:
    """Threads that begin with the first work, and keep no process alive.

    A ThreadPoolExecutor costs 22 us more: 5 % of an RSA signature.
    """

    def __init__(self) -> None:
        """Begin without threads."""
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._begun = False

    def submit(self, work: Callable[[], None]) -> None:
        """Let a thread do work, which must not raise. In one thread only."""
        if not self._begun:
            self._begun = True
            for _ in range(COUNT):
                threading.Thread(target=self._run, name="keytrail-work", daemon=True).start()
        self._work.put(work)

    def stop(self) -> None:
        """Let each thread end once there is no work left."""
        if self._begun:
            for _ in range(COUNT):
                self._work.put(None)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
