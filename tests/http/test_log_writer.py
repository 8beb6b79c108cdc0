"""Lines of the log, and what happens when nobody reads them."""

from __future__ import annotations

import io
import json
import re
import sys
import threading
from datetime import UTC, datetime

import pytest

from keytrail.http import log_writer
from keytrail.http.log_writer import Line, LogWriter
from keytrail.messages import Facts

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
GOOD = Line(AT, 200, 0.0005, Facts("kms", "Encrypt", "111122223333", "us-east-1"), "an-id")
BAD = Line(
    AT, 400, 0.0005, Facts("sts", "AssumeRole", error_code="AccessDeniedException", error_message="No."), "an-id"
)


class Stream(io.StringIO):
    """Standard error, a terminal or not."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


class SlowStream(io.StringIO):
    """Standard error whose reader begins to read when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.begun.set()
        assert self.go_on.wait(20)
        return super().write(text)


def written(lines: list[Line], log_format: str, monkeypatch: pytest.MonkeyPatch, *, terminal: bool = False) -> str:
    stream = Stream(terminal=terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    writer = LogWriter(log_format)
    for line in lines:
        writer.write(line)
    writer.close(5)
    return stream.getvalue()


def test_columns_are_aligned_and_what_was_wrong_is_indented(monkeypatch: pytest.MonkeyPatch) -> None:
    text = written([GOOD, BAD], "text", monkeypatch)
    good, bad, wrong = text.splitlines()
    assert [part.strip() for part in re.split(r" {2,}", good)[1:]] == [
        *("200", "0.5 ms", "Encrypt", "111122223333", "us-east-1", "an-id"),
    ]
    assert good.index("an-id") == bad.index("an-id")
    assert good.index("Encrypt") == bad.index("sts:AssumeRole") == wrong.index("AccessDeniedException: No.")


def test_only_a_terminal_gets_colours_and_not_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    coloured = written([GOOD, BAD], "text", monkeypatch, terminal=True)
    assert "\x1b[32m200\x1b[0m" in coloured
    assert "\x1b[33mAccessDeniedException\x1b[0m" in coloured
    plain = re.sub(r"\x1b\[\d+m", "", coloured)
    assert written([GOOD, BAD], "text", monkeypatch) == plain
    assert "\x1b" not in written([GOOD, BAD], "json", monkeypatch, terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert written([GOOD, BAD], "text", monkeypatch, terminal=True) == plain


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_slow_reader_holds_up_nobody_and_is_told_what_is_missing(
    log_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = SlowStream()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(log_writer, "MOST_WAITING", 10)
    writer = LogWriter(log_format)
    writer.write(GOOD)
    assert stream.begun.wait(20)
    for _ in range(15):
        writer.write(GOOD)
    stream.go_on.set()
    writer.close(20)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1 + 10 + 1
    words = lines[-1] if log_format == "text" else json.loads(lines[-1])["warning"]
    assert "5 lines of the log were dropped" in words


def test_a_reader_who_has_gone_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(terminal=False)
    stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    writer = LogWriter("text")
    writer.write(GOOD)
    writer.close(5)
    assert not writer._thread.is_alive()
