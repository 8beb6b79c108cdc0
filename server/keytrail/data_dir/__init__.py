"""The data folder: an endpoint that has one continues where it ended.

`folder.py` is the folder with its lock and its database, `writer.py` the thread that writes what keytrail.journal has,
`records.py` and its neighbours the form of each value, `state.py` reads all of it. The format is described in
docs/data-dir.md.
"""

from keytrail.data_dir.data_dir import DataDir, Parts
from keytrail.data_dir.held_answers import Held, HeldAnswers
from keytrail.data_dir.state import State

__all__ = ["DataDir", "Held", "HeldAnswers", "Parts", "State"]
