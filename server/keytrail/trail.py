"""Trail: every call as a CloudTrail event, and each key's last usage. One place, one lock, one truth.

A use and its event are written together, so that the CloudTrailEventId of a last usage is the eventID of an
event that the trail has (until it is so old that it leaves; the usage never does).

Source: CloudTrail User Guide, "CloudTrail record contents"; KMS Developer Guide, "Logging AWS KMS API calls".
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from keytrail.crypto.keygen import new_uuid
from keytrail.domain.principal import Principal

_Value = TypeVar("_Value")


class Event(NamedTuple):
    """One CloudTrail event, as parts; `record()` makes the document that people read."""

    event_id: str
    request_id: str | None
    time: datetime
    name: str
    region: str
    principal: Principal
    recipient: str
    """The account that this copy is delivered to."""
    read_only: bool
    request_parameters: Mapping[str, object] | None = None
    response_elements: Mapping[str, object] | None = None
    additional: Mapping[str, object] | None = None
    resources: tuple[tuple[str, str], ...] | None = None
    """(account, ARN) of each resource; None where the record has no such member."""
    error_code: str | None = None
    error_message: str | None = None
    shared_event_id: str | None = None
    source_ip: str = ""
    user_agent: str = ""
    invoked_by: str | None = None
    source: str = "kms.amazonaws.com"

    def record(self) -> dict[str, object]:
        """The record as CloudTrail writes it (eventVersion 1.11): camelCase members, eventTime in seconds."""
        at_home = self.recipient == self.principal.account
        identity = self.principal.user_identity() if at_home else self.principal.foreign_identity()
        if self.invoked_by is not None:
            identity["invokedBy"] = self.invoked_by
        record: dict[str, object] = {
            "eventVersion": "1.11",
            "userIdentity": identity,
            "eventTime": self.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": self.source,
            "eventName": self.name,
            "awsRegion": self.region,
            "sourceIPAddress": self.invoked_by or self.source_ip,
            "userAgent": self.invoked_by or self.user_agent,
        }
        if self.error_code is not None:
            record["errorCode"] = self.error_code
            if self.error_message is not None:
                record["errorMessage"] = self.error_message
        record["requestParameters"] = written(self.request_parameters)
        record["responseElements"] = written(self.response_elements)
        if self.additional:
            record["additionalEventData"] = dict(self.additional)
        if self.request_id is not None:
            record["requestID"] = self.request_id
        record["eventID"] = self.event_id
        record["readOnly"] = self.read_only
        if self.resources is not None:
            record["resources"] = [
                {"accountId": account, "type": "AWS::KMS::Key", "ARN": arn} for account, arn in self.resources
            ]
        record["eventType"] = "AwsApiCall"
        record["managementEvent"] = True
        record["recipientAccountId"] = self.recipient
        if self.shared_event_id is not None:
            record["sharedEventID"] = self.shared_event_id
        record["eventCategory"] = "Management"
        return record

    def concerns(self, arn: str) -> bool:
        """Whether a key (or alias) of this ARN is among the event's resources."""
        return self.resources is not None and any(resource == arn for _, resource in self.resources)


RECORD_MEMBERS = frozenset(
    {
        *("eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress"),
        *("userAgent", "errorCode", "errorMessage", "requestParameters", "responseElements", "additionalEventData"),
        *("requestID", "eventID", "readOnly", "resources", "eventType", "managementEvent", "recipientAccountId"),
        *("sharedEventID", "eventCategory"),
    }
)
"""The members that a record may have."""


class Use(NamedTuple):
    """A successful cryptographic operation on a key."""

    operation: str
    timestamp: datetime
    event_id: str
    request_id: str


class Trail:
    """Events, newest last, up to a bound; and the last use of each key. Thread-safe."""

    def __init__(self, max_events: int, usage_delay: timedelta = timedelta(0)) -> None:
        """Keep at most `max_events`; hide each use for `usage_delay`."""
        self._lock = threading.Lock()
        self._max_events = max_events
        self.usage_delay = usage_delay
        self._events: deque[Event] = deque()
        self._by_id: dict[str, Event] = {}
        self._turns = 0
        self._uses: dict[str, tuple[int, Use]] = {}
        self._late: dict[str, deque[tuple[int, Use]]] = {}

    def record(self, events: Iterable[Event], uses: Iterable[tuple[str, Use]] = ()) -> None:
        """Write the events of one call, and the uses of keys (by ARN) that it was."""
        with self._lock:
            for event in events:
                self._append(event)
            for arn, use in uses:
                self._use(arn, use)

    def last_use(self, arn: str, now: datetime) -> Use | None:
        """The last use of a key that is old enough to show by now."""
        late = self._late.get(arn)
        if late is not None:
            with self._lock:
                if late and late[0][0] != self._turns:  # the clock was set back: the first is not the earliest
                    late = self._late[arn] = deque(sorted(late, key=lambda use: use[1].timestamp))
                while late and late[0][1].timestamp + self.usage_delay <= now:
                    self._show(arn, *late.popleft())
                if not late:
                    self._late.pop(arn, None)
        shown = self._uses.get(arn)
        return shown[1] if shown is not None else None

    def lately_used(self) -> str | None:
        """The ARN of a key with a use on record, of those there at the start the one that was used last."""
        return next(reversed(self._uses), None)

    def forget(self, arn: str) -> None:
        """A key is deleted, and its usage with it."""
        with self._lock:
            self._uses.pop(arn, None)
            self._late.pop(arn, None)

    def turned_back(self) -> None:
        """The clock was set back: uses until now shall not outdo those from here on, though they seem later."""
        with self._lock:
            self._turns += 1

    def event(self, event_id: str) -> Event | None:
        """The event with this id, if the trail still has it."""
        return self._by_id.get(event_id)

    def events(self) -> list[Event]:
        """All events, oldest first, as of now."""
        with self._lock:
            events = list(self._events)
        # Nearly sorted already: only events that a fixture brings from the past came later.
        return sorted(events, key=lambda event: event.time)

    def select(
        self,
        *,
        event_id: str | None = None,
        key_arn: str | None = None,
        event_name: str | None = None,
        error_code: str | None = None,
    ) -> list[Event]:
        """The events that are all that is asked for, oldest first; None asks for nothing."""
        if event_id is not None:
            found = self.event(event_id)
            events = [found] if found is not None else []
        else:
            events = self.events()
        return [
            event
            for event in events
            if (key_arn is None or event.concerns(key_arn))
            and event_name in (None, event.name)
            and error_code in (None, event.error_code)
        ]

    def snapshot(self) -> "Trail":
        """A copy that later events do not touch."""
        copy = Trail(self._max_events)
        with self._lock:
            copy._copy_from(self, None)
        return copy

    def restore(self, snapshot: "Trail", account: str | None = None) -> None:
        """Become what the snapshot is; with an account, only its events and its keys' uses do."""
        with self._lock:
            self._copy_from(snapshot, account)

    def _copy_from(self, other: "Trail", account: str | None) -> None:
        if account is None:
            self.usage_delay, self._turns = other.usage_delay, other._turns
            self._events = deque(other._events)
            self._uses = dict(other._uses)
            self._late = {arn: deque(late) for arn, late in other._late.items()}
        else:
            kept = [event for event in self._events if event.recipient != account]
            back = [event for event in other._events if event.recipient == account]
            self._events = deque(sorted((*kept, *back), key=lambda event: event.time))
            self._uses = _mixed(self._uses, other._uses, account)
            self._late = {arn: deque(late) for arn, late in _mixed(self._late, other._late, account).items()}
        while len(self._events) > self._max_events:
            self._events.popleft()
        self._by_id = {event.event_id: event for event in self._events}

    def _append(self, event: Event) -> None:
        if len(self._events) >= self._max_events:
            oldest = self._events.popleft()
            if self._by_id.get(oldest.event_id) is oldest:
                del self._by_id[oldest.event_id]
        self._events.append(event)
        self._by_id[event.event_id] = event

    def _use(self, arn: str, use: Use) -> None:
        if not self.usage_delay:
            self._show(arn, self._turns, use)
            return
        late = self._late.setdefault(arn, deque())
        # GetKeyLastUsage tells whole seconds: of the uses in one second the last is enough.
        if late and late[-1][1].timestamp.replace(microsecond=0) == use.timestamp.replace(microsecond=0):
            late.pop()
        late.append((self._turns, use))

    def _show(self, arn: str, turns: int, use: Use) -> None:
        # Of concurrent uses the latest counts, whichever call ends last.
        shown = self._uses.get(arn)
        if shown is None or (shown[0], shown[1].timestamp) <= (turns, use.timestamp):
            self._uses[arn] = turns, use


def new_event_id() -> str:
    """A fresh eventID."""
    return new_uuid()


def written(value: object) -> object:
    """A value as CloudTrail writes it: members in camelCase, moments like `Aug 10, 2022, 10:38:27 PM`."""
    if isinstance(value, AsSent):
        return dict(value.data)
    if isinstance(value, Mapping):
        return {_camel(name): written(inner) for name, inner in value.items()}
    if isinstance(value, datetime):
        return f"{value:%b} {value.day}, {value:%Y}, {value.hour % 12 or 12}:{value:%M:%S %p}"
    if isinstance(value, (list, tuple)):
        return [written(inner) for inner in value]
    return value


class AsSent(NamedTuple):
    """A map whose keys are the caller's own words (an encryption context), to be written as they are."""

    data: Mapping[str, str]


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def _mixed(mine: Mapping[str, _Value], theirs: Mapping[str, _Value], account: str) -> dict[str, _Value]:
    def owned(values: Mapping[str, _Value], *, by_account: bool) -> Iterator[tuple[str, _Value]]:
        return ((arn, value) for arn, value in values.items() if (arn.split(":")[4] == account) == by_account)

    return dict((*owned(mine, by_account=False), *owned(theirs, by_account=True)))
