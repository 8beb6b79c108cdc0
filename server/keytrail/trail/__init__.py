"""The trail: every call as a CloudTrail event, which LookupEvents and tests search, and the last use of each key."""

from keytrail.trail.calls import Calls, RecordedCall, calls_of
from keytrail.trail.event import RECORD_MEMBERS, RESOURCE_TYPE, Event, Verbatim, copied_event_id, new_event_id
from keytrail.trail.event_log import Query
from keytrail.trail.event_of_service_event import event_of_service_event
from keytrail.trail.last_uses import Use
from keytrail.trail.request_details import request_details
from keytrail.trail.selection import Selection
from keytrail.trail.stored_event import StoredEvent, TimeAndNumber, time_and_number
from keytrail.trail.trail import Trail

__all__ = [
    "RECORD_MEMBERS",
    "RESOURCE_TYPE",
    "Calls",
    "Event",
    "Query",
    "RecordedCall",
    "Selection",
    "StoredEvent",
    "TimeAndNumber",
    "Trail",
    "Use",
    "Verbatim",
    "calls_of",
    "copied_event_id",
    "event_of_service_event",
    "new_event_id",
    "request_details",
    "time_and_number",
]
