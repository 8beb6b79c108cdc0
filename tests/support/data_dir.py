"""Data folders in tests: copies of them, and servers on them in processes of their own, which can be killed."""

import contextlib
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from keytrail.data_dir.folder import DATABASE

SECONDS_TO_START = 60


def copy_of(folder: Path, to: Path) -> Path:
    """A copy of a folder as it is at this moment, as a crash would leave it."""
    to.mkdir()
    for name in (DATABASE, f"{DATABASE}-wal"):
        if (folder / name).exists():
            shutil.copy(folder / name, to / name)
    return to


class ServerProcess:
    """`keytrail serve --data-dir` in a process of its own, on a port of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "keytrail", "serve", "--port", "0", "--quiet", "--data-dir", str(folder)]
        self.process = subprocess.Popen(
            [*command, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.greeting: list[str] = []
        while line := self.process.stdout.readline():
            self.greeting.append(line.rstrip("\n"))
            if line.startswith("Or open"):  # the last one
                break
        found = re.search(r"http://\S+", "".join(self.greeting[:1]))
        if found is None:
            raise AssertionError(self.end())
        self.url = found[0]

    def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        self.process.send_signal(signal.SIGKILL)
        self.end()

    def end(self) -> str:
        """Wait for its end; gives what it wrote to standard error."""
        return self.process.communicate(timeout=SECONDS_TO_START)[1]

    def stop(self) -> str:
        """End it as SIGTERM does; gives what it wrote to standard error."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        return self.end()


@contextlib.contextmanager
def serving(folder: Path, *options: str) -> Iterator[ServerProcess]:
    """A server on a folder, which is stopped at the end of the block unless it was killed in it."""
    server = ServerProcess(folder, *options)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
