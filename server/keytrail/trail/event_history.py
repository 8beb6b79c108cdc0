"""EventHistory: the events of one account in one Region, and the attributes by which LookupEvents finds them.

Source: CloudTrail User Guide, "Working with CloudTrail event history": each account has one in each Region.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Generic, TypeVar

from keytrail.trail.event import Event
from keytrail.trail.listed_resources import ListedResources
from keytrail.trail.ordered_events import OrderedEvents
from keytrail.trail.stored_event import EventGroup, StoredEvent, TimeAndNumber, time_and_number

Attribute = tuple[str, str]
"""The name of an attribute of LookupEvents, such as `EventName`, and a value."""

KEY = "Key"
"""An attribute besides LookupEvents': the id of a key, or the name of an alias, in the resources of the record."""

_Resources = tuple[tuple[tuple[str, str], ...] | None, ListedResources]
"""The resources of the record, and those of LookupEvents."""

_Value = TypeVar("_Value")


class EventHistory:
    """The events of one account in one Region, oldest first: a list of all, and a list for each attribute.

    A new event is nearly always the newest, and a removed event the oldest. To add and to remove these costs the same
    with more events. Not thread-safe: the trail's lock protects it.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self._all = OrderedEvents()
        self._by_attribute: dict[Attribute, OrderedEvents] = {}
        self._groups: dict[EventGroup, _Interned[EventGroup]] = {}
        self._resources: dict[_Resources, _Interned[_Resources]] = {}

    def __len__(self) -> int:
        """How many events there are."""
        return len(self._all)

    def add(self, event: Event, number: int, packed: bytes, listed: ListedResources) -> StoredEvent:
        """Add an event, with its number and what `pack` and `listed_resources` returned for it."""
        group = self._intern_group(
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
        resources = self._intern_resources((event.resources, listed))
        stored = StoredEvent(
            event.time,
            number,
            group.value,
            event.event_id,
            event.request_id,
            *resources.value,
            event.error_code,
            event.error_message,
            event.shared_event_id,
            packed,
        )
        self._insert(stored, group, resources)
        return stored

    def add_stored(self, event: StoredEvent) -> None:
        """Add an event of another history."""
        self._insert(event, self._intern_group(event.group), self._intern_resources((event.resources, event.listed)))

    def add_all(self, events: Sequence[StoredEvent]) -> None:
        """Add events to a history without any; equal groups must be one object.

        It costs a quarter of adding each by itself: 0.3 s of a start with 100,000 events.
        """
        groups: dict[int, _Bulk] = {}
        resources: dict[_Resources, _Bulk] = {}
        append_to_all = self._all.unchecked_append()
        for event in sorted(events, key=time_and_number):
            append_to_all(event)
            group = groups.get(id(event.group))
            if group is None:
                group = groups[id(event.group)] = _Bulk(self._intern_group(event.group))
            of_event = event.resources, event.listed
            its_resources = resources.get(of_event)
            if its_resources is None:
                its_resources = resources[of_event] = _Bulk(self._intern_resources(of_event))
            for bulk in (group, its_resources):
                bulk.interned.count += 1
                for append in bulk.appends:
                    append(event)

    def remove(self, event: StoredEvent) -> None:
        """Remove an event, which must be in this history."""
        of_event = event.resources, event.listed
        group, resources = self._groups[event.group], self._resources[of_event]
        if self._all.is_first(event):
            self._all.remove_first()
            for events in (*group.lists, *resources.lists):
                events.remove_first()
        else:
            for events in (self._all, *group.lists, *resources.lists):
                events.remove(event)
        group.count -= 1
        if not group.count:
            del self._groups[event.group]
            self._remove_empty_lists(group.attributes)
        resources.count -= 1
        if not resources.count:
            del self._resources[of_event]
            self._remove_empty_lists(resources.attributes)

    def events_with(self, attribute: Attribute | None) -> Iterable[StoredEvent]:
        """The events with an attribute, or all events for None, oldest first."""
        return self._all if attribute is None else self._by_attribute.get(attribute, ())

    def newest(
        self,
        attribute: Attribute | None,
        since: datetime | None,
        until: datetime | None,
        before: TimeAndNumber | None,
        limit: int,
    ) -> list[StoredEvent]:
        """At most `limit` events with an attribute (None: of all), newest first; bounds as OrderedEvents.newest."""
        events = self._all if attribute is None else self._by_attribute.get(attribute)
        return list(islice(events.newest(since, until, before), limit)) if events is not None else []

    def _insert(self, event: StoredEvent, group: "_Interned[EventGroup]", resources: "_Interned[_Resources]") -> None:
        group.count += 1
        resources.count += 1
        if self._all.all_before(event):
            self._all.append(event)
            for events in group.lists:
                events.append(event)
            for events in resources.lists:
                events.append(event)
        else:  # a seed's event of the past, or a call that ended after one that had begun later
            for events in (self._all, *group.lists, *resources.lists):
                events.insert(event)

    def _intern_group(self, group: EventGroup) -> "_Interned[EventGroup]":
        interned = self._groups.get(group)
        if interned is None:
            interned = self._groups[group] = self._new_interned(group, _attributes_of_group(group))
        return interned

    def _intern_resources(self, resources: _Resources) -> "_Interned[_Resources]":
        interned = self._resources.get(resources)
        if interned is None:
            interned = self._resources[resources] = self._new_interned(resources, _attributes_of_resources(resources))
        return interned

    def _new_interned(self, value: _Value, attributes: Iterable[Attribute]) -> "_Interned[_Value]":
        return _Interned(
            value, {attribute: self._by_attribute.setdefault(attribute, OrderedEvents()) for attribute in attributes}
        )

    def _remove_empty_lists(self, attributes: Iterable[Attribute]) -> None:
        for attribute in attributes:
            if not self._by_attribute[attribute]:
                del self._by_attribute[attribute]


class _Interned(Generic[_Value]):
    """A value that several events refer to: how many do, and the attributes that it gives them, with their lists."""

    __slots__ = ("attributes", "count", "lists", "value")

    def __init__(self, value: _Value, lists: dict[Attribute, OrderedEvents]) -> None:
        self.value = value
        self.attributes = tuple(lists)
        self.lists = tuple(lists.values())
        self.count = 0


class _Bulk:
    """An interned value, and what appends events to its lists."""

    __slots__ = ("appends", "interned")

    def __init__(self, interned: "_Interned[Any]") -> None:
        self.interned = interned
        self.appends = [events.unchecked_append() for events in interned.lists]


def _attributes_of_group(group: EventGroup) -> Iterator[Attribute]:
    yield "EventName", group.name
    yield "ReadOnly", "true" if group.read_only else "false"
    yield "EventSource", group.source
    if group.username is not None:
        yield "Username", group.username
        if group.access_key_id is not None:
            yield "AccessKeyId", group.access_key_id


def _attributes_of_resources(resources: _Resources) -> Iterator[Attribute]:
    """LookupEvents finds an event by what it lists of it, and we by the record's resources, too."""
    # unverified: that an event is not found by an ARN that only its record has; not in AWS's docs or recordings
    of_record, listed = resources
    for name, kind in listed:
        yield "ResourceName", name
        if kind is not None:
            yield "ResourceType", kind
    for _, arn in of_record or ():
        yield KEY, id_in(arn)


def id_in(arn: str) -> str:
    """The id of a key, or the name of an alias (with `alias/`), in its ARN; another text is returned as it is."""
    return arn.split(":", 5)[-1].removeprefix("key/")
