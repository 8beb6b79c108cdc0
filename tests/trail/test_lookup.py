"""What the trail is asked, held against a list of all events that is searched from end to end.

How we know: what `Trail.lookup` promises, in a model that is too simple to be wrong.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from keytrail.domain.principal import Principal
from keytrail.trail import RESOURCE_TYPE, Event, Query, TimeAndNumber, Trail, new_event_id, time_and_number
from tests.support import ACCOUNT, ALIAS, ELSEWHERE, FOREIGN, KEY, OTHER_KEY, REGION, alias_arn, key_arn

START = datetime(2026, 8, 10, 12, tzinfo=UTC)
CALLERS = [
    None,
    Principal.root(ACCOUNT, "AKIAROOT"),
    Principal.from_arn(f"arn:aws:iam::{ACCOUNT}:user/Alice", "AKIAALICE"),
    Principal.from_arn(f"arn:aws:sts::{FOREIGN}:assumed-role/Auditor/monday", "ASIAMONDAY"),
]
NAMES = ["Encrypt", "Decrypt", "DisableKey"]
ARNS = [key_arn(), key_arn(OTHER_KEY), key_arn(account=FOREIGN), alias_arn()]
ACCOUNTS, REGIONS = [ACCOUNT, FOREIGN], [REGION, ELSEWHERE]
VALUES = {
    "EventName": NAMES,
    "ReadOnly": ["true", "false", "perhaps"],
    "Username": ["root", "Alice", "monday"],
    "ResourceType": [RESOURCE_TYPE, "AWS::S3::Bucket"],
    "ResourceName": [*ARNS, KEY, OTHER_KEY, ALIAS, "nothing"],
    "EventSource": ["kms.amazonaws.com", "cloudtrail.amazonaws.com"],
    "AccessKeyId": ["AKIAROOT", "AKIAALICE", "ASIAMONDAY"],
}
MOST = 9

moments = st.integers(0, 20).map(lambda seconds: START + timedelta(seconds=seconds / 2))
parts = st.none() | st.sampled_from([KEY, OTHER_KEY]).map(
    lambda key: {"KeyId": key, "Moment": START, "Many": [1, {"TagKey": "a"}]}
)
events = st.builds(
    Event,
    event_id=st.builds(new_event_id),
    request_id=st.none(),
    time=moments,
    name=st.sampled_from(NAMES),
    region=st.sampled_from(REGIONS),
    principal=st.sampled_from(CALLERS),
    recipient=st.sampled_from(ACCOUNTS),
    read_only=st.booleans(),
    resources=st.none()
    | st.lists(st.sampled_from(ARNS), max_size=3).map(lambda arns: tuple((arn.split(":")[4], arn) for arn in arns)),
    source=st.sampled_from(VALUES["EventSource"]),
    request_parameters=parts,
    response_elements=parts,
    additional=parts,
    service_details=parts,
    error_code=st.none(),
    error_message=st.none(),
    shared_event_id=st.none(),
    source_ip=st.just("127.0.0.1"),
    user_agent=st.just("tests"),
    invoked_by=st.none(),
)
attributes = st.none() | st.sampled_from([(name, value) for name, values in VALUES.items() for value in values])


def has(event: Event, attribute: tuple[str, str]) -> bool:
    """Whether LookupEvents finds the event by the attribute, as its documentation says."""
    name, value = attribute
    told = [parts["KeyId"] for parts in (event.request_parameters, event.response_elements) if parts]
    named = told if event.source == "kms.amazonaws.com" else []
    at_home = event.principal is not None and event.principal.account == event.recipient
    caller = event.principal if at_home else None
    found: dict[str, list[object]] = {
        "EventId": [event.event_id],
        "EventName": [event.name],
        "ReadOnly": [str(event.read_only).lower()],
        "Username": [event.username] if caller else [],
        "ResourceType": [RESOURCE_TYPE] if named and not event.read_only else [],
        "ResourceName": named,
        "EventSource": [event.source],
        "AccessKeyId": [caller.access_key_id] if caller else [],
    }
    return value in found[name]


class TrailModel(RuleBasedStateMachine):
    """A trail beside a list of (number, event)."""

    snapshots: Bundle[tuple[Trail, list[tuple[int, Event]]]] = Bundle("snapshots")

    def __init__(self) -> None:
        super().__init__()
        self.trail = Trail(MOST)
        self.held: list[tuple[int, Event]] = []
        self.number = 0

    @rule(several=st.lists(events, max_size=MOST + 3))
    def record(self, several: list[Event]) -> None:
        self.trail.record(several)
        for event in several:
            self.number += 1
            self.held.append((self.number, event))
        self.keep_the_bound()

    def keep_the_bound(self) -> None:
        self.held = sorted(self.held, key=lambda held: held[0])[-MOST:]

    @rule(target=snapshots)
    def snapshot(self) -> tuple[Trail, list[tuple[int, Event]]]:
        return self.trail.snapshot(), list(self.held)

    @rule(taken=snapshots)
    def restore(self, taken: Any) -> None:
        self.trail.restore(taken[0])
        self.held = list(taken[1])

    @rule(taken=consumes(snapshots), account=st.sampled_from(ACCOUNTS))
    def restore_an_account(self, taken: Any, account: str) -> None:
        self.trail.restore(taken[0], account)
        kept = [held for held in self.held if held[1].recipient != account]
        self.held = kept + [held for held in taken[1] if held[1].recipient == account]
        self.keep_the_bound()

    @rule(
        account=st.sampled_from(ACCOUNTS),
        region=st.sampled_from(REGIONS),
        attribute=attributes,
        since=st.none() | moments,
        until=st.none() | moments,
        limit=st.integers(1, 7),
        data=st.data(),
    )
    def lookup(
        self,
        account: str,
        region: str,
        attribute: tuple[str, str] | None,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        data: st.DataObject,
    ) -> None:
        """Page after page; and from a place in between, though its event may have gone."""
        if self.held and data.draw(st.booleans()):
            attribute = ("EventId", data.draw(st.sampled_from(self.held))[1].event_id)
        wanted = [
            held
            for held in sorted(self.held, key=lambda held: (held[1].time, held[0]), reverse=True)
            if (held[1].recipient, held[1].region) == (account, region)
            and (since is None or held[1].time >= since)
            and (until is None or held[1].time < until)
            and (attribute is None or has(held[1], attribute))
        ]
        query = Query(account=account, region=region, attribute=attribute, since=since, until=until)
        found: list[Event] = []
        before: TimeAndNumber | None = None
        while page := self.trail.lookup(query, before, limit):
            assert len(page) <= limit
            found += [stored.event for stored in page]
            before = time_and_number(page[-1])
        assert found == [event for _, event in wanted]

    @invariant()
    def agrees(self) -> None:
        by_time = sorted(self.held, key=lambda held: (held[1].time, held[0]))
        assert self.trail.events() == [event for _, event in by_time]
        for _, event in self.held:
            assert self.trail.event(event.event_id) == event


TestTrail = TrailModel.TestCase
TestTrail.settings = effort(max_examples=150, stateful_step_count=30, deadline=None)
