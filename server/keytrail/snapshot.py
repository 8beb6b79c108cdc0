"""Snapshot: the name of a state that a server has kept, for a test to go back to."""

import re
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple

_NAME = re.compile(r"(?![0-9]+$)[A-Za-z0-9._-]{1,64}")


def require_name(name: str) -> None:
    """Raise ValueError if a text cannot be the name of a snapshot; numbers are the server's."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"expected up to 64 letters, digits, dots, dashes and underscores, not all digits, got {name!r}"
        )


class Snapshot(NamedTuple):
    """A state that a server has kept. `reset(to=snapshot)` goes back to it, any number of times.

    As a context manager it goes back at the end, and keeps the state no longer:

        with server.snapshot():
            kms.schedule_key_deletion(KeyId=key_id)
    """

    name: str
    """The one that was given, or a number that the server has chosen."""
    mark: int
    """The mark of the trail at that time."""
    loads: int
    """How many seeds had been loaded since the start."""
    account: str | None
    """The only account that goes back; None: everything does."""
    end: Callable[[str], None]
    """What goes back to a snapshot with a name, and forgets it."""

    def __enter__(self) -> "Snapshot":
        """The snapshot."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Go back, and forget the snapshot."""
        self.end(self.name)
