"""Journal: what has changed in an endpoint and is not on disk yet, and who waits until it is.

An endpoint has one only if it has a data folder. Whoever changes something notes the new value, whole, just before; a
thread of keytrail.data_dir takes what was noted and writes it in one transaction.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from keytrail.errors import KMSInternalException

Change = tuple[str, str]
"""What is noted: its kind, such as `key`, and its id among those of its kind."""

Note = Callable[[str, object], None]
"""Notes the new value of an id, of one kind; None: it is removed."""


class Journal:
    """The changes that are to be written, numbered in the order in which they were noted. Thread-safe."""

    def __init__(self) -> None:
        """Begin without changes."""
        self.lock = threading.Condition(threading.Lock())
        """Whoever reads several of the fields below, or changes one, holds it."""
        self.changes: dict[Change, object] = {}
        """The newest value of all that is not being written yet."""
        self.number = 0
        """How many changes have been noted."""
        self.written = 0
        """The number of the latest change that is on disk, with all before it."""
        self.failures = 0
        """How often changes could not be written, so that they were undone in memory."""
        self.broken = ""
        """Why nothing can be written at present; empty: it can."""
        self.is_live = False
        """Whether there is a thread that writes; before, at the first start, nobody waits for it."""
        self.holds = 0
        """How many threads are in the middle of changes that are to be written together."""
        self.listeners: list[Callable[[], None]] = []
        """What is called, in the thread that writes, whenever changes were written or undone."""
        self.writer = 0
        """The thread that writes, whose own changes in memory come from the disk."""

    def note(self, kind: str, value_id: str, value: object) -> None:
        """Note the new value of an id; None: it is removed. Call it just before the change in memory.

        Raises KMSInternalException, so that nothing changes, while nothing can be written.
        """
        with self.lock:
            if threading.get_ident() == self.writer:
                return
            self._require_writable()
            self.changes[kind, value_id] = value
            self.number += 1
            if len(self.changes) == 1:
                self.lock.notify_all()

    def of(self, kind: str) -> Note:
        """`note`, for one kind."""
        return lambda value_id, value: self.note(kind, value_id, value)

    def require_writable(self) -> None:
        """Raise KMSInternalException while nothing can be written."""
        with self.lock:
            self._require_writable()

    def _require_writable(self) -> None:
        if self.broken:
            raise failure(self.broken)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let the changes of a block be written in one transaction, or none of them. It may be entered again."""
        with self.lock:
            self._require_writable()
            self.holds += 1
        try:
            yield
        finally:
            with self.lock:
                self.holds -= 1
                self.lock.notify_all()

    def is_written(self, number: int, failures: int) -> bool | None:
        """Whether all up to a change is on disk; None: not yet. False: there was a failure after so many."""
        if self.failures != failures:
            return False
        return True if self.written >= number else None

    def wait(self, failures: int) -> None:
        """Wait until all that has been noted is on disk.

        Raises KMSInternalException if there was a failure after so many.
        """
        with self.lock:
            if not self.is_live:
                return
            number = self.number
            self.lock.wait_for(lambda: self.is_written(number, failures) is not None)
            if self.failures != failures:
                raise failure(self.broken)

    @contextmanager
    def durably(self) -> Iterator[None]:
        """As `together`, and leave the block when all that it may have seen or changed is on disk."""
        failures = self.failures
        with self.together():
            yield
        self.wait(failures)


def failure(reason: str) -> KMSInternalException:
    """The error of a call whose change cannot be written, or could not be; then it works again without a reason."""
    why = reason or "it could not for a moment"
    return KMSInternalException(f"Keytrail cannot write to its data folder ({why}), so nothing was changed.")


def durably(journal: Journal | None) -> AbstractContextManager[None]:
    """As `Journal.durably`; without a journal, nothing."""
    return journal.durably() if journal is not None else _nothing()


@contextmanager
def _nothing() -> Iterator[None]:
    yield
