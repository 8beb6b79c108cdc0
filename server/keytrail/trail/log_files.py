"""CloudTrail log files: the trail's records as a trail delivers them to a bucket, in a folder of this machine.

Source: CloudTrail User Guide, "Finding your CloudTrail log files" (the layout and the names) and "CloudTrail log file
examples" (gzip; `{"Records": [...]}`).
"""

import atexit
import contextlib
import gzip
import logging
import os
import threading
from collections import deque
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from keytrail.trail.event import Event

_log = logging.getLogger("keytrail")

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_MOST_WAITING = 1_000_000
"""Events that wait for a folder that cannot be written; then the oldest are lost."""

_Place = tuple[str, str, date]
"""A file's account, Region and day."""


class LogFiles:
    """Writes events to files, in batches, in a thread of its own. Thread-safe; a file is there whole or not at all.

    AWSLogs/<account>/CloudTrail/<region>/yyyy/mm/dd/<account>_CloudTrail_<region>_<yyyymmddThhmmZ>_<unique>.json.gz
    """

    def __init__(self, folder: str, interval: timedelta, batch: int) -> None:
        """Write what has come every `interval` of real time, or once there are `batch` events.

        Raises ValueError if the folder cannot be written.
        """
        self._folder = Path(folder)
        self._interval = interval.total_seconds()
        self._batch = batch
        self._waiting: deque[Event] = deque(maxlen=_MOST_WAITING)
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._failed = False
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            probe = self._folder / f".{_unique()}.tmp"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise ValueError(f"trail_dir: cannot write to {folder}: {error.strerror}; choose another folder") from None

    def deliver(self, events: Iterable[Event]) -> None:
        """Take events; this costs next to nothing, they are written later."""
        self._waiting.extend(events)
        if self._thread is None:
            self._start()
        if len(self._waiting) >= self._batch and not self._failed:
            self._wake.set()

    def close(self) -> None:
        """Write what has come, and end the thread; another event starts another."""
        with self._lock:
            thread, self._thread = self._thread, None
        atexit.unregister(self.close)
        if thread is not None:
            self._wake.set()
            thread.join()
        self._write()
        if self._waiting:
            _log.error("%d trail events are lost: %s cannot be written", len(self._waiting), self._folder)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="keytrail-log-files", daemon=True)
                self._thread.start()
                atexit.register(self.close)  # for who embeds the endpoint and never closes it

    def _run(self) -> None:
        while self._thread is threading.current_thread():
            by_number = self._wake.wait(self._interval)
            self._wake.clear()
            self._write(self._batch if by_number else 1)

    def _write(self, at_least: int = 1) -> None:
        """Write while so many events wait."""
        with self._writing:
            while len(self._waiting) >= at_least and self._write_batch():
                pass

    def _write_batch(self) -> bool:
        """Write the oldest events, a file for each account, Region and day; False if that cannot be done for now."""
        files: dict[_Place, list[Event]] = {}
        for _ in range(min(len(self._waiting), self._batch)):
            event = self._waiting.popleft()
            files.setdefault((event.recipient, event.region, event.time.date()), []).append(event)
        while files:
            place = next(iter(files))
            try:
                self._write_file(place, files[place])
            except OSError as error:
                self._waiting.extendleft(reversed([event for events in files.values() for event in events]))
                if not self._failed:  # once, until it works again
                    _log.error("cannot write trail events to %s, will try again: %s", self._folder, error)
                self._failed = True
                return False
            del files[place]
            self._failed = False
        return True

    def _write_file(self, place: _Place, events: list[Event]) -> None:
        account, region, day = place
        folder = self._folder / "AWSLogs" / account / "CloudTrail" / region / f"{day:%Y}" / f"{day:%m}" / f"{day:%d}"
        folder.mkdir(parents=True, exist_ok=True)
        last = max(event.time for event in events)
        name = f"{account}_CloudTrail_{region}_{last:%Y%m%dT%H%MZ}_{_unique()}.json.gz"
        records = ",".join(event.text() for event in events)
        unfinished = folder / f".{name}.tmp"
        try:
            unfinished.write_bytes(gzip.compress(f'{{"Records":[{records}]}}'.encode()))
            unfinished.replace(folder / name)
        except OSError:
            with contextlib.suppress(OSError):
                unfinished.unlink()
            raise


def _unique() -> str:
    """16 letters and digits."""
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in os.urandom(16))
