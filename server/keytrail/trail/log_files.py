"""LogFiles: the records of the trail in CloudTrail log files, in a local folder instead of an S3 bucket.

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
_MAX_WAITING = 1_000_000
"""How many events wait while the folder cannot be written; if there are more, the oldest are lost."""

_Folder = tuple[str, str, date]
"""The account, Region and day that have a folder of their own."""


class LogFiles:
    """Writes events to files, in batches, in its own thread. A file appears when it is complete. Thread-safe.

    AWSLogs/<account>/CloudTrail/<region>/yyyy/mm/dd/<account>_CloudTrail_<region>_<yyyymmddThhmmZ>_<unique>.json.gz
    """

    def __init__(self, folder: str, interval: timedelta, batch: int) -> None:
        """Write the waiting events every `interval` of real time, and whenever there are `batch` of them.

        Raises ValueError if the folder cannot be written.
        """
        self._folder = Path(folder)
        self._interval = interval.total_seconds()
        self._batch = batch
        self._waiting: deque[Event] = deque(maxlen=_MAX_WAITING)
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._failed = False
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            probe = self._folder / f".{_unique_text()}.tmp"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise ValueError(f"trail_dir: cannot write to {folder}: {error.strerror}; choose another folder") from None

    def deliver(self, events: Iterable[Event]) -> None:
        """Queue events, to be written later."""
        self._waiting.extend(events)
        if self._thread is None:
            self._start()
        if len(self._waiting) >= self._batch and not self._failed:
            self._wake.set()

    def close(self) -> None:
        """Write the waiting events, and end the thread; later events start a new one."""
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
                atexit.register(self.close)  # for users who embed the endpoint and never close it

    def _run(self) -> None:
        while self._thread is threading.current_thread():
            batch_is_full = self._wake.wait(self._interval)
            self._wake.clear()
            self._write(self._batch if batch_is_full else 1)

    def _write(self, at_least: int = 1) -> None:
        """Write batches as long as `at_least` events wait."""
        with self._writing:
            while len(self._waiting) >= at_least and self._write_batch():
                pass

    def _write_batch(self) -> bool:
        """Write the oldest events, a file for each account, Region and day; False if the folder cannot be written."""
        files: dict[_Folder, list[Event]] = {}
        for _ in range(min(len(self._waiting), self._batch)):
            event = self._waiting.popleft()
            files.setdefault((event.recipient, event.region, event.time.date()), []).append(event)
        while files:
            folder = next(iter(files))
            try:
                self._write_file(folder, files[folder])
            except OSError as error:
                self._waiting.extendleft(reversed([event for events in files.values() for event in events]))
                if not self._failed:  # log it once, until it works again
                    _log.error("cannot write trail events to %s, will try again: %s", self._folder, error)
                self._failed = True
                return False
            del files[folder]
            self._failed = False
        return True

    def _write_file(self, owner: _Folder, events: list[Event]) -> None:
        account, region, day = owner
        folder = self._folder / "AWSLogs" / account / "CloudTrail" / region / f"{day:%Y}" / f"{day:%m}" / f"{day:%d}"
        folder.mkdir(parents=True, exist_ok=True)
        last = max(event.time for event in events)
        name = f"{account}_CloudTrail_{region}_{last:%Y%m%dT%H%MZ}_{_unique_text()}.json.gz"
        records = ",".join(event.text() for event in events)
        unfinished = folder / f".{name}.tmp"
        try:
            unfinished.write_bytes(gzip.compress(f'{{"Records":[{records}]}}'.encode()))
            unfinished.replace(folder / name)
        except OSError:
            with contextlib.suppress(OSError):
                unfinished.unlink()
            raise


def _unique_text() -> str:
    """16 letters and digits."""
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in os.urandom(16))
