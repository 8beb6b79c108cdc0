"""The folder on disk: who may use it, its lock, and its database.

`keytrail.sqlite` is written in WAL mode with synchronous=FULL: what is committed survives a crash of the process and of
the machine, and what is half-written is never read. Source: SQLite, "Write-Ahead Logging" and "PRAGMA synchronous".
"""

import contextlib
import os
import socket
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

if os.name == "posix":
    import fcntl

FORMAT = 1
"""The version of the format, which docs/data-dir.md describes."""

DATABASE, LOCK = "keytrail.sqlite", "lock"
OF_KEYTRAIL = 0x4B54524C
"""The application_id of the database: KTRL."""
_LEFT_BY_SYSTEMS = frozenset({LOCK, "lost+found", ".DS_Store"})
"""What may be in a folder that counts as empty."""

INITIAL = "initial_"
"""What the names of the tables begin with that have the state just after the first start."""

_TABLES = """
CREATE TABLE {0}records (
    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, value BLOB NOT NULL, UNIQUE (kind, id)
);
CREATE TABLE {0}events (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, value BLOB NOT NULL);
"""

_CHECKPOINT_PAGES = 1000
_WAL_LIMIT = 16 * 1024 * 1024
"""Bytes to which the write-ahead log is cut when all of it is in the database."""


class Folder:
    """A data folder that this process has locked, with its open database."""

    def __init__(self, path: str, port: int) -> None:
        """Create the folder if there is none, lock it, and open its database.

        `port` is told to others who want the folder; 0: none. Raises ValueError, which begins with `data_dir: `, if the
        folder cannot be used, is in use, is no data folder, or is of another version.
        """
        self.path = Path(path)
        self._in_use = threading.Lock()
        try:
            self._make_folder()
            self._lock = _lock(self.path / LOCK, port)
        except OSError as error:
            raise ValueError(f"data_dir: cannot write to {path}: {error.strerror}; {_remedy()}") from None
        try:
            self.database = self._open()
            self.is_new = not self._format()
            """Whether nothing has been written yet."""
        except sqlite3.Error as error:
            self.close()
            raise ValueError(
                f"data_dir: {self.path / DATABASE} cannot be read: {error}; put back a copy, or choose another folder"
            ) from None
        except ValueError:
            self.close()
            raise

    def close(self) -> None:
        """Close the database, whose log is then empty, and let others have the folder."""
        if hasattr(self, "database"):
            with contextlib.suppress(sqlite3.Error):
                self.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.database.close()
        os.close(self._lock)

    def create_tables(self) -> None:
        """Create the tables of the format. In a transaction."""
        for prefix in ("", INITIAL):
            for statement in _TABLES.format(prefix).split(";"):
                self.database.execute(statement)
        self.database.execute(f"PRAGMA application_id = {OF_KEYTRAIL}")
        self.database.execute(f"PRAGMA user_version = {FORMAT}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """What a block writes, all of it or nothing; it is on disk afterwards. Raises sqlite3.Error."""
        with self._in_use:
            self.database.execute("BEGIN IMMEDIATE")
            try:
                yield self.database
                self.database.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # some errors have ended it already
                    self.database.execute("ROLLBACK")
                raise

    def read(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query, as committed. Raises sqlite3.Error."""
        with self._in_use:
            return self.database.execute(query).fetchall()

    def _make_folder(self) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(PermissionError):  # it is another user's, who lets us write to it
            self.path.chmod(0o700 | self.path.stat().st_mode & stat.S_ISVTX)
        if not (self.path / DATABASE).exists():
            others = sorted(entry.name for entry in self.path.iterdir() if entry.name not in _LEFT_BY_SYSTEMS)
            if others:
                raise ValueError(
                    f"data_dir: {self.path} has other files ({', '.join(others[:3])}) and is no data folder of "
                    "Keytrail; choose an empty folder"
                )

    def _open(self) -> sqlite3.Connection:
        path = self.path / DATABASE
        with contextlib.suppress(FileExistsError):  # SQLite gives its other files the same permissions
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            for pragma in (
                "locking_mode = EXCLUSIVE",  # no shared memory, and a lock where there is no flock
                "journal_mode = WAL",
                "synchronous = FULL",
                f"wal_autocheckpoint = {_CHECKPOINT_PAGES}",
                f"journal_size_limit = {_WAL_LIMIT}",
            ):
                database.execute(f"PRAGMA {pragma}").fetchall()
            database.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        except BaseException:
            database.close()
            raise
        return database

    def _format(self) -> int:
        """The version of the format; 0 if nothing has been written yet. Raises ValueError for another version."""
        (application,) = self.database.execute("PRAGMA application_id").fetchone()
        (version,) = self.database.execute("PRAGMA user_version").fetchone()
        (tables,) = self.database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if not tables:
            return 0
        if application != OF_KEYTRAIL:
            raise ValueError(f"data_dir: {self.path / DATABASE} is not Keytrail's; choose another folder")
        if version != FORMAT:
            age = "a newer" if version > FORMAT else "an older"
            raise ValueError(
                f"data_dir: {self.path} was written by {age} version of Keytrail, in format {version}; this one reads "
                f"format {FORMAT}. Use the version that wrote it, or choose another folder"
            )
        return int(version)


def _lock(path: Path, port: int) -> int:
    """The descriptor of a file that this process has locked. Raises ValueError, which names who has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    if os.name == "posix":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = os.read(descriptor, 200).decode(errors="replace").strip() or "another server"
            os.close(descriptor)
            raise ValueError(
                f"data_dir: {path.parent} is in use by {who}; stop that server, or choose another folder"
            ) from None
    serves = f", which serves port {port}" if port else ""
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}{serves}\n".encode())
    return descriptor


def _remedy() -> str:
    if os.name != "posix":
        return "choose another folder"
    user = os.geteuid()
    return f"this server runs as user {user}, who must own the folder (chown {user} FOLDER), or choose another folder"
