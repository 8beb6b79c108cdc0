"""The trail: every call as a CloudTrail event, which LookupEvents and tests search, and the last use of each key."""

from keytrail.trail.calls import Calls, RecordedCall, calls_of, require_one
from keytrail.trail.event import RESOURCE_TYPE, Event, Verbatim, copied_event_id, new_event_id
from keytrail.trail.event_log import Query
from keytrail.trail.event_of_service_event import SERVICE_EVENT_NAMES, event_of_service_event
from keytrail.trail.last_uses import Use
from keytrail.trail.request_details import request_details
from keytrail.trail.selection import FILTERS, SEEDED, Selection, selection_of_calls, with_members
from keytrail.trail.stored_event import StoredEvent, TimeAndNumber, time_and_number
from keytrail.trail.trail import IncompleteTrailError, Trail, TrailSnapshot

__all__ = [
    "FILTERS",
    "RESOURCE_TYPE",
    "SEEDED",
    "SERVICE_EVENT_NAMES",
    "Calls",
    "Event",
    "IncompleteTrailError",
    "Query",
    "RecordedCall",
    "Selection",
    "StoredEvent",
    "TimeAndNumber",
    "Trail",
    "TrailSnapshot",
    "Use",
    "Verbatim",
    "calls_of",
    "copied_event_id",
    "event_of_service_event",
    "new_event_id",
    "request_details",
    "require_one",
    "selection_of_calls",
    "time_and_number",
    "with_members",
]
