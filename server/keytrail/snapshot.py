"""Snapshot: the name of a state that a server has kept, for a test to go back to. Snapshots: those states."""

import re
from collections.abc import Callable
from types import TracebackType
from typing import Generic, NamedTuple, TypeVar

MAX_SNAPSHOTS = 100
"""How many snapshots are kept whose names are numbers of ours, and how many with names of others."""

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


State = TypeVar("State")


class Snapshots(Generic[State]):
    """The states that are kept, by the names of their snapshots. Not thread-safe."""

    def __init__(self) -> None:
        """Begin without any."""
        self._states: dict[str, State] = {}
        """In the order in which their names were first given."""
        self._last_number = 0

    def keep(self, name: str | None, state: State) -> str:
        """Keep a state under a name, or without one under a number, which is given.

        It replaces another one with the name; of those with numbers the newest 100 are kept. Raises ValueError for a
        name that is none, and beyond 100 names.
        """
        numbers = [each for each in self._states if each.isdigit()]
        if name is not None:
            require_name(name)
            if name not in self._states and len(self._states) - len(numbers) >= MAX_SNAPSHOTS:
                raise ValueError(f"there are {MAX_SNAPSHOTS} snapshots with names already; forget some")
        else:
            if len(numbers) >= MAX_SNAPSHOTS:
                del self._states[numbers[0]]
            self._last_number += 1
            name = str(self._last_number)
        self._states[name] = state
        return name

    def get(self, name: str) -> State:
        """The state of a snapshot. Raises LookupError if it is not kept."""
        if name not in self._states:
            raise LookupError(
                f"there is no snapshot {name}; of those without a name, the newest {MAX_SNAPSHOTS} are kept"
            )
        return self._states[name]

    def forget(self, name: str) -> bool:
        """Keep a state no longer; False if it was not kept."""
        return self._states.pop(name, None) is not None
