"""Answers that the front holds until what they tell of is in the data folder."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from keytrail.journal import Journal
from keytrail.messages import Response

if TYPE_CHECKING:
    from keytrail.data_dir import Held


class HeldUntilWritten:
    """The answers of one event loop that wait, in the order of the changes. Other threads only call `on_loop`."""

    def __init__(self, journal: Journal, on_loop: Callable[[Callable[[], None]], None]) -> None:
        """Send what this journal says is written; `on_loop` does something on the event loop."""
        self._journal, self._on_loop = journal, on_loop
        self._waiting: deque[tuple[Held, Callable[[Response], None]]] = deque()
        journal.listeners.append(self._on_written)

    def hold(self, held: "Held", send: Callable[[Response], None]) -> None:
        """Send an answer when what it tells of is on disk."""
        self._waiting.append((held, send))
        self._send_settled()

    def stop(self) -> None:
        """Listen no more."""
        self._journal.listeners.remove(self._on_written)

    def _on_written(self) -> None:
        self._on_loop(self._send_settled)

    def _send_settled(self) -> None:
        while self._waiting and (response := self._waiting[0][0].settled()) is not None:
            self._waiting.popleft()[1](response)
