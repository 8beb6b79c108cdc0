"""Writes the log of requests on standard error, from a thread: a reader who is slow holds up no request."""

import json
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

from keytrail.messages import Facts

MOST_WAITING = 10_000
"""Lines that wait for the reader of standard error; further ones are dropped, and counted."""

_PAUSE = 0.02
"""Seconds in which lines gather before they are written together: to wake a thread costs more than a line."""

_MOST_OF_A_NAME, _MOST_OF_A_MESSAGE = 80, 400
"""Characters of what a client has a part in."""

_RESET, _DIM, _GREEN, _YELLOW, _RED = "\x1b[0m", "\x1b[2m", "\x1b[32m", "\x1b[33m", "\x1b[31m"

_COLOURS = {2: _GREEN, 3: _YELLOW, 4: _YELLOW}
"""By the first digit of a status."""

_INDENT = " " * 27
"""As far as the operation's column."""

NOT_READABLE = "(not readable)"
"""Instead of an operation, where no request could be read."""


class Line(NamedTuple):
    """What is written about one request."""

    at: datetime
    status: int
    """0: the connection was closed without an answer, as a fault rule said or because TLS has failed."""
    seconds: float
    call: Facts
    request_id: str = ""
    why: str = ""
    """Why the call was not allowed, in a few words."""
    explain: str = ""
    """The URL that says more."""


class LogWriter:
    """Writes lines in their order. Thread-safe; never raises."""

    def __init__(self, log_format: str) -> None:
        """Write as `text` or `json`."""
        self._format, self._warning = _FORMATS[log_format]
        self._coloured = log_format == "text" and _takes_colours()
        self._waiting: deque[str] = deque()
        self._dropped = 0
        self._lock = threading.Lock()
        """For the count of what was dropped."""
        self._news = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="keytrail-log", daemon=True)
        self._thread.start()

    def write(self, line: Line) -> None:
        """Write a line soon."""
        if len(self._waiting) >= MOST_WAITING:
            with self._lock:
                self._dropped += 1
            return
        # Made here, for a thread that works takes turns with the event loop, which costs more than the line.
        self._waiting.append(self._format(line, self._coloured))
        if not self._news.is_set():
            self._news.set()

    def close(self, patience: float) -> None:
        """Write what waits; a reader who does not read has so many seconds to begin."""
        self._ended = True
        self._news.set()
        self._thread.join(patience)

    def _run(self) -> None:
        while not self._ended:
            self._news.wait()
            if not self._ended:
                time.sleep(_PAUSE)
            self._news.clear()
            self._write_all()
        self._write_all()

    def _write_all(self) -> None:
        text = "".join([self._waiting.popleft() for _ in range(len(self._waiting))])
        if self._dropped:
            with self._lock:
                dropped, self._dropped = self._dropped, 0
            text += self._warning % dropped
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):  # nobody will read it: the pipe or the stream is closed
            return


def in_text(line: Line, coloured: bool = False) -> str:
    """A line for people, and below it, indented, what was wrong."""
    call = line.call
    status = str(line.status) if line.status else "---"
    name = call.operation if call.service in ("", "kms") else f"{call.service}:{call.operation}"
    duration = f"{line.seconds * 1000:.1f} ms"
    columns = [
        _dim(_time_of_day(int(line.at.timestamp())), coloured),
        _in_colour_of(line.status, status, coloured),
        f"{duration:>10}",
        f"{_printable(name, _MOST_OF_A_NAME):26}",
        f"{call.account:12}",
        f"{call.region:14}",
        _dim(line.request_id, coloured),
    ]
    text = "  ".join(columns).rstrip() + "\n"
    if not line.status and call.operation != NOT_READABLE:
        text += f"{_INDENT}a fault rule closed the connection\n"
    words = line.why or _printable(call.error_message, _MOST_OF_A_MESSAGE)
    wrong = [_in_colour_of(line.status, call.error_code, coloured)] if call.error_code else []
    if wrong or words:
        text += f"{_INDENT}{': '.join([*wrong, *filter(None, [words])])}\n"
    if line.explain:
        text += f"{_INDENT}{_dim(line.explain, coloured)}\n"
    return text


@lru_cache(maxsize=2)
def _time_of_day(seconds: int) -> str:
    """The time of a moment in seconds since 1970, where the server runs."""
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def in_json(line: Line, coloured: bool = False) -> str:
    """A line for programs: one JSON object, in ASCII, without what is empty."""
    call = line.call
    members = {
        "time": line.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "status": line.status,
        "service": call.service,
        "operation": call.operation[:_MOST_OF_A_NAME],
        "account": call.account,
        "region": call.region,
        "milliseconds": round(line.seconds * 1000, 3),
        "requestId": line.request_id,
        "errorCode": call.error_code,
        "errorMessage": call.error_message[:_MOST_OF_A_MESSAGE],
        "why": line.why,
        "explain": line.explain,
    }
    members = {name: value for name, value in members.items() if value != ""}
    text = msgspec.json.encode(members).decode()
    if not (text.isascii() and text.isprintable()):
        text = json.dumps(members).replace("\x7f", "\\u007f")
    return text + "\n"


_DROPPED = "%d lines of the log were dropped, because they were not read in time"

_FORMATS: Mapping[str, tuple[Callable[[Line, bool], str], str]] = {
    "text": (in_text, f"keytrail: warning: {_DROPPED}\n"),
    "json": (in_json, f'{{"warning": "{_DROPPED}"}}\n'),
}
"""By name: what writes a line, and how it is said that some are missing."""


def _printable(text: str, limit: int) -> str:
    """A text of a client's without what would begin a line, or what a terminal would obey: that is shown escaped."""
    if len(text) > limit:
        text = text[: limit - 3] + "..."
    if text.isascii() and text.isprintable():
        return text
    return "".join([char if char.isprintable() else char.encode("unicode_escape").decode() for char in text])


def _in_colour_of(status: int, text: str, coloured: bool) -> str:
    if not coloured:
        return text
    return f"{_COLOURS.get(status // 100, _RED)}{text}{_RESET}"


def _dim(text: str, coloured: bool) -> str:
    return f"{_DIM}{text}{_RESET}" if coloured and text else text


def _takes_colours() -> bool:
    """Whether standard error is a terminal whose user wants colours (https://no-color.org)."""
    unwanted = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or sys.platform == "win32"
    return not unwanted and sys.stderr.isatty()
