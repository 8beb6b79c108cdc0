"""Snapshot: the name of a state that a server has kept, for a test to go back to."""

from typing import NamedTuple


class Snapshot(NamedTuple):
    """A state that a server has kept. `reset(to=snapshot)` goes back to it, any number of times."""

    snapshot_id: str
    mark: int
    """The mark of the trail at that time."""
    loads: int
    """How many seeds had been loaded since the start."""
