"""EventHistory: what LookupEvents finds events in, and what it finds them by.

Source: CloudTrail User Guide, "Working with CloudTrail event history": each account has one in each Region.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Generic, TypeVar

from keytrail.trail.event import Event, resource_type
from keytrail.trail.ordered_events import OrderedEvents
from keytrail.trail.stored_event import EventGroup, StoredEvent, TimeAndNumber

Attribute = tuple[str, str]
"""LookupEvents' name of an attribute, and a value of it."""

_Resources = tuple[tuple[str, str], ...] | None

_Value = TypeVar("_Value")


class EventHistory:
    """The events of one account in one Region in order: all of them, and by each attribute.

    An event nearly always comes after all the others, and when it leaves it is the first: then adding and removing it
    cost the same however many there are. Not thread-safe: the trail's lock is around it.
    """

    def __init__(self) -> None:
        """Begin with no events."""
        self._all = OrderedEvents()
        self._by: dict[Attribute, OrderedEvents] = {}
        self._groups: dict[EventGroup, _Shared[EventGroup]] = {}
        self._resources: dict[_Resources, _Shared[_Resources]] = {}

    def __len__(self) -> int:
        """How many events there are."""
        return len(self._all)

    def add(self, event: Event, number: int, packed: bytes) -> StoredEvent:
        """Add an event, with its number and what packing.py makes of it."""
        group = self._group(
            EventGroup(
                event.name,
                event.region,
                event.principal,
                event.recipient,
                event.read_only,
                event.source,
                event.source_ip,
                event.user_agent,
                event.invoked_by,
            )
        )
        resources = self._resources_of(event.resources)
        stored = StoredEvent(
            event.time,
            number,
            group.value,
            event.event_id,
            event.request_id,
            resources.value,
            event.error_code,
            event.error_message,
            event.shared_event_id,
            packed,
        )
        self._place(stored, group, resources)
        return stored

    def add_stored(self, event: StoredEvent) -> None:
        """Add an event of another history."""
        self._place(event, self._group(event.group), self._resources_of(event.resources))

    def remove(self, event: StoredEvent) -> None:
        """Take an event out, which is one of these."""
        group, resources = self._groups[event.group], self._resources[event.resources]
        if self._all.begin_with(event):
            self._all.remove_first()
            for events in (*group.lists, *resources.lists):
                events.remove_first()
        else:
            for events in (self._all, *group.lists, *resources.lists):
                events.remove(event)
        group.count -= 1
        if not group.count:
            del self._groups[event.group]
            self._forget_empty(group.attributes)
        resources.count -= 1
        if not resources.count:
            del self._resources[event.resources]
            self._forget_empty(resources.attributes)

    def having(self, attribute: Attribute | None) -> Iterable[StoredEvent]:
        """The events that have an attribute, oldest first; with None, all of them."""
        return self._all if attribute is None else self._by.get(attribute, ())

    def newest(
        self,
        attribute: Attribute | None,
        since: datetime | None,
        until: datetime | None,
        before: TimeAndNumber | None,
        limit: int,
    ) -> list[StoredEvent]:
        """At most `limit` of the events that have an attribute, newest first; as OrderedEvents.newest."""
        events = self._all if attribute is None else self._by.get(attribute)
        return list(islice(events.newest(since, until, before), limit)) if events is not None else []

    def _place(self, event: StoredEvent, group: "_Shared[EventGroup]", resources: "_Shared[_Resources]") -> None:
        group.count += 1
        resources.count += 1
        if self._all.end_before(event):
            self._all.append(event)
            for events in group.lists:
                events.append(event)
            for events in resources.lists:
                events.append(event)
        else:  # brought from the past, or by a call that ended later than one that began later
            for events in (self._all, *group.lists, *resources.lists):
                events.insert(event)

    def _group(self, group: EventGroup) -> "_Shared[EventGroup]":
        shared = self._groups.get(group)
        if shared is None:
            shared = self._groups[group] = self._shared(group, _attributes_of_group(group))
        return shared

    def _resources_of(self, resources: _Resources) -> "_Shared[_Resources]":
        shared = self._resources.get(resources)
        if shared is None:
            shared = self._resources[resources] = self._shared(resources, _attributes_of_resources(resources))
        return shared

    def _shared(self, value: _Value, attributes: Iterable[Attribute]) -> "_Shared[_Value]":
        return _Shared(value, {attribute: self._by.setdefault(attribute, OrderedEvents()) for attribute in attributes})

    def _forget_empty(self, attributes: Iterable[Attribute]) -> None:
        for attribute in attributes:
            if not self._by[attribute]:
                del self._by[attribute]


class _Shared(Generic[_Value]):
    """A value that several events have in common, how many, and the attributes that they have because of it."""

    __slots__ = ("attributes", "count", "lists", "value")

    def __init__(self, value: _Value, lists: dict[Attribute, OrderedEvents]) -> None:
        self.value = value
        self.attributes = tuple(lists)
        self.lists = tuple(lists.values())
        self.count = 0


def _attributes_of_group(group: EventGroup) -> Iterator[Attribute]:
    yield "EventName", group.name
    yield "ReadOnly", "true" if group.read_only else "false"
    yield "EventSource", group.source
    if group.username is not None:
        yield "Username", group.username
        if group.access_key_id is not None:
            yield "AccessKeyId", group.access_key_id


def _attributes_of_resources(resources: _Resources) -> Iterator[Attribute]:
    """A resource is found by its ARN, and by what the ARN names: a key's id, or an alias with its `alias/`."""
    for _, arn in resources or ():
        yield "ResourceName", arn
        yield "ResourceName", arn.split(":", 5)[-1].removeprefix("key/")
        yield "ResourceType", resource_type(arn)
