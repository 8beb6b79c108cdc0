"""Recording AWS accounts as a seed: their keys with all that belongs to them, and fresh material of the same specs.

`keytrail record` reads with boto3, and with read-only calls alone (`policy.py`). What it has read is in a partial file
(`answers.py`), so that a recording that was interrupted goes on where it ended. When all is read, `document.py` makes a
seed of it that `keytrail check` always accepts, and notes what is not in it.
"""

from keytrail.recording.answers import OtherRecording
from keytrail.recording.document import Recording
from keytrail.recording.policy import needed_policy
from keytrail.recording.recorder import NothingRecorded, Plan, record
from keytrail.recording.refusals import Boto3Missing, Stopped

__all__ = [
    "Boto3Missing",
    "NothingRecorded",
    "OtherRecording",
    "Plan",
    "Recording",
    "Stopped",
    "needed_policy",
    "record",
]
