"""The trail: every call as a CloudTrail event, found by what LookupEvents asks for; and each key's last usage."""

from keytrail.trail.calls import Calls, RecordedCall, calls_of
from keytrail.trail.entry import Entry, Position
from keytrail.trail.event import RECORD_MEMBERS, RESOURCE_TYPE, AsSent, Event, new_event_id, resource_type, written
from keytrail.trail.index import Query
from keytrail.trail.selection import Selection
from keytrail.trail.service_event import service_event
from keytrail.trail.trail import Trail, Use

__all__ = [
    "RECORD_MEMBERS",
    "RESOURCE_TYPE",
    "AsSent",
    "Calls",
    "Entry",
    "Event",
    "Position",
    "Query",
    "RecordedCall",
    "Selection",
    "Trail",
    "Use",
    "calls_of",
    "new_event_id",
    "resource_type",
    "service_event",
    "written",
]
