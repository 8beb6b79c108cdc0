"""The answers that a recording has so far, and the partial file that keeps them until the seed is written.

A line of the file is a JSON object: first what is recorded, then a Region's keys, or all about a key. Each line is
written at once. A last line without its end is one that a kill interrupted: it is asked again.
"""

import json
import threading
from pathlib import Path
from typing import Any

from keytrail.recording.questions import AboutKey, Listing

_FORMAT = 1


class OtherRecording(Exception):
    """The partial file is that of another recording: the text says which it is."""


class AnswersSoFar:
    """The listings by account and Region, and what is known about keys by their ARN. Thread-safe."""

    def __init__(self, file: Path | None, what: dict[str, Any]) -> None:
        """Continue from a partial file, if there is one; `what` is recorded. Raises OtherRecording, OSError."""
        self.listings: dict[tuple[str, str], Listing] = {}
        self.keys: dict[str, AboutKey] = {}
        self._file = file
        self._lock = threading.Lock()
        if file is None:
            return
        head = {"keytrail record": _FORMAT, **what}
        *whole, rest = file.read_text("utf-8").split("\n") if file.exists() else [""]
        if whole:
            self._continue(whole, head, file)
            with file.open("r+b") as opened:  # without a line that was not finished
                opened.truncate(len("\n".join([*whole, ""]).encode()))
        elif json.dumps(head).startswith(rest):
            file.write_text(json.dumps(head) + "\n", "utf-8")
        else:
            raise _not_ours(file)

    def _continue(self, lines: list[str], head: dict[str, Any], file: Path) -> None:
        try:
            found, *entries = [json.loads(line) for line in lines]
        except ValueError:
            raise _not_ours(file) from None
        if not isinstance(found, dict) or "keytrail record" not in found:
            raise _not_ours(file)
        if found != head:
            raise OtherRecording(
                f"{file} is of another recording: {json.dumps(found)}; give the same options, or delete it"
            )
        for entry in entries:
            if "arn" in entry:
                self.keys[entry["arn"]] = AboutKey(**entry)
            else:
                self.listings[entry["account"], entry["region"]] = Listing(**entry)

    def add_listing(self, listing: Listing) -> None:
        """Add the keys of a Region. If AWS refused to list them, it is asked again the next time."""
        self.listings[listing.account, listing.region] = listing
        if listing.is_known:
            self._append(listing)

    def add_key(self, about: AboutKey) -> None:
        """Add what is known about a key."""
        self.keys[about.arn] = about
        self._append(about)

    def _append(self, entry: Listing | AboutKey) -> None:
        if self._file is not None:
            with self._lock, self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry._asdict()) + "\n")

    def forget(self) -> None:
        """Remove the partial file: the seed is written."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)


def _not_ours(file: Path) -> OtherRecording:
    return OtherRecording(f"{file} is not what `keytrail record` keeps; choose another --state")
