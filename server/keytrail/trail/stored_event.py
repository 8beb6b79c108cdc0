"""StoredEvent: an event as the trail keeps it, small, and out of the garbage collector's sight.

A trail may hold a million events, and the collector walks over all that it tracks. It tracks neither these structs
(`gc=False`: nothing that they refer to refers back to them) nor strings, bytes and tuples of strings.
"""

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter

import msgspec

from keytrail.domain.principal import Principal
from keytrail.trail.event import Event, access_key_id_in, username_in
from keytrail.trail.packing import unpack

TimeAndNumber = tuple[datetime, int]
"""What events are in the order of: an event's time, then its number."""


class EventGroup(msgspec.Struct, frozen=True, gc=False):
    """What the events of one caller's calls of one operation have in common; they all refer to one of these."""

    name: str
    region: str
    principal: Principal | None
    recipient: str
    read_only: bool
    source: str
    source_ip: str
    user_agent: str
    invoked_by: str | None

    @property
    def username(self) -> str | None:
        """As username_in."""
        return username_in(self.recipient, self.principal)

    @property
    def access_key_id(self) -> str | None:
        """As access_key_id_in."""
        return access_key_id_in(self.recipient, self.principal)


class StoredEvent(msgspec.Struct, frozen=True, gc=False):
    """An event: by itself what a selection asks for, packed what only a record shows. No two have one number."""

    time: datetime
    number: int
    """It is the number-th event that was written."""
    group: EventGroup
    event_id: str
    request_id: str | None
    resources: tuple[tuple[str, str], ...] | None
    error_code: str | None
    error_message: str | None
    shared_event_id: str | None
    packed: bytes
    """The rest of it, as packing.py writes it."""

    @property
    def event(self) -> Event:
        """The event, put together again."""
        group = self.group
        request_parameters, response_elements, additional, service_details = unpack(self.packed)
        return Event(
            event_id=self.event_id,
            request_id=self.request_id,
            time=self.time,
            name=group.name,
            region=group.region,
            principal=group.principal,
            recipient=group.recipient,
            read_only=group.read_only,
            request_parameters=request_parameters,
            response_elements=response_elements,
            additional=additional,
            resources=self.resources,
            error_code=self.error_code,
            error_message=self.error_message,
            shared_event_id=self.shared_event_id,
            source_ip=group.source_ip,
            user_agent=group.user_agent,
            invoked_by=group.invoked_by,
            source=group.source,
            service_details=service_details,
        )


time_and_number: Callable[[StoredEvent], TimeAndNumber] = attrgetter("time", "number")
"""What an event is put in order by."""
