"""What the trail costs: in this process, where it is measured by itself, and in a server that is full of it."""

import json
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from unittest.mock import patch

from measures import Effort, full_trail
from report import Row, ratios, spread

from keytrail.clock import Clock
from keytrail.dispatch import record
from keytrail.domain.principal import Principal
from keytrail.endpoint import Endpoint
from keytrail.messages import Request
from keytrail.settings import Settings
from keytrail.trail import Event, Query, Trail, Use, Verbatim, new_event_id

FEW, MANY = 100, 1_000_000
KEYS = 100
TRACED = 20_000
AT_ONCE = 500
START = datetime(2026, 8, 10, tzinfo=UTC)
CALLER = Principal.root("000000000000", "000000000000")
USER_AGENT = b"Boto3/1.42.1 md/Botocore#1.42.1 ua/2.1 os/linux md/arch#x86_64 lang/python"

KMS = "TrentService"
CLOUDTRAIL = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"


def trail(effort: Effort) -> list[Row]:
    """The trail: what an event costs a request and the memory, LookupEvents in a long one, requests when it is full."""
    return [*written(effort), *added(effort), *memory_of_events(), *lookups(effort), *full_trail(effort)]


def written(effort: Effort) -> list[Row]:
    """CPU of writing one event and one use: packing, lists, last use, and the oldest event that leaves a full trail."""
    rows = []
    for filled, most in ((FEW, MANY), (200_000, MANY), (MANY // 10, MANY // 10)):
        trail = Trail(most, max_bytes=most * 2048)
        name = f"an event written {'among' if filled < most else 'in a full trail of'} {filled:,}"
        for number in range(filled):
            trail.record(*an_encrypt(number))
        costs = []
        for _ in range(effort.rounds):
            calls = [an_encrypt(filled + number) for number in range(4 * AT_ONCE)]
            started = time.process_time()
            for events, uses in calls:
                trail.record(events, uses)
            costs.append((time.process_time() - started) / len(calls) * 1e6)
            filled += len(calls)
        rows.append(Row(name, "<= 6 us", median(costs) <= 6, f"{spread(costs)} us"))
    return rows


def an_encrypt(number: int) -> tuple[list[Event], list[tuple[str, Use]]]:
    """The event and the use of an Encrypt under one of a hundred keys, made anew as a request would make it."""
    account, region = "000000000000", "us-east-1"
    arn = f"arn:aws:kms:{region}:{account}:key/12345678-1234-1234-1234-{number % KEYS:012}"
    context = Verbatim({"tenant": "a", "purpose": "orders"})
    event = Event(
        event_id=new_event_id(),
        request_id=new_event_id(),
        time=START + timedelta(milliseconds=number),
        name="Encrypt",
        region=region,
        principal=CALLER,
        recipient=account,
        read_only=True,
        request_parameters={
            "KeyId": arn,
            "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "EncryptionContext": context,
        },
        additional={"keyMaterialId": "a" * 64},
        resources=((account, arn),),
        source_ip="127.0.0.1",
        user_agent=bytes(USER_AGENT).decode(),
    )
    return [event], [(arn, Use(event.name, event.time, event.event_id, event.request_id or ""))]


def added(effort: Effort) -> list[Row]:
    """CPU of a request with making and writing its event and without, when the trail is full."""

    def nothing(*_: object) -> tuple[list[Event], list[tuple[str, Use]]]:
        return [], []

    rows = []
    state = Endpoint(Settings(max_events=2_000), Clock())
    for name, members in requests(state).items():
        asked = request(KMS, name, **members)
        for _ in range(4_000):
            state.dispatcher.answer(asked)
        with_trail, without = [], []
        for _ in range(effort.rounds):
            with_trail.append(least_of(4, lambda asked=asked: state.dispatcher.answer(asked)))
            with patch.object(Trail, "record", lambda *_: None), patch.object(record, "success", nothing):
                without.append(least_of(4, lambda asked=asked: state.dispatcher.answer(asked)))
        cost = [mine - other for mine, other in zip(with_trail, without, strict=True)]
        words = f"{spread(cost)} us of {median(with_trail):.0f}"
        rows.append(Row(f"{name}, what its event adds", "<= 15 us", median(cost) <= 15, words))
    return rows


def memory_of_events() -> list[Row]:
    """Traced memory of an event, of calls of each kind; each request is decoded anew, as one that comes by HTTP."""
    rows = []
    state = Endpoint(Settings(max_events=MANY, max_trail=MANY * 2048), Clock())
    for name, members in requests(state).items():
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(TRACED):
            state.dispatcher.answer(request(KMS, name, **members))
        size = (tracemalloc.get_traced_memory()[0] - before) / TRACED
        tracemalloc.stop()
        rows.append(Row(f"memory of an event of {name}", "<= 1024 bytes", size <= 1024, f"{size:.0f} bytes"))
    return rows


def lookups(effort: Effort) -> list[Row]:
    """CPU of a page of LookupEvents among 1,000,000 events, compared with 100."""
    small, large = filled(FEW), filled(MANY)
    rows = []
    for attribute in ("EventId", "ResourceName", "EventName", None):
        costs = []
        for state in (large, small):
            asked = request(CLOUDTRAIL, "LookupEvents", MaxResults=10, **by(state, attribute))
            assert len(json.loads(state.dispatcher.answer(asked).body)["Events"]) == (
                1 if attribute == "EventId" else 10
            )
            costs.append(
                [
                    least_of(3, lambda state=state, asked=asked: state.dispatcher.answer(asked))
                    for _ in range(effort.rounds)
                ]
            )
        ratio = ratios(*costs)
        words = [f"{median(cost):.0f} us" for cost in costs]
        name = f"LookupEvents by {attribute or 'nothing'}, {MANY:,} events: {FEW}"
        rows.append(Row(name, "CPU ratio <= 1.5", median(ratio) <= 1.5, *words, "", spread(ratio)))
    return rows


def filled(count: int) -> Endpoint:
    """A state with so many events of a hundred keys (or of ten, so that each has a page of them)."""
    state = Endpoint(Settings(max_events=MANY + 1_000, max_trail=MANY * 2048), Clock())
    state.set_clock(START, frozen=True)
    members = [requests(state)["DescribeKey"] for _ in range(KEYS if count > FEW else 5)]
    asked = [request(KMS, "DescribeKey", **each) for each in members]
    for number in range(count):
        state.dispatcher.answer(asked[number % len(asked)])
        if number % 100 == 0:
            state.clock.advance(timedelta(milliseconds=50))
    return state


def by(state: Endpoint, attribute: str | None) -> dict:
    described = Query(account="000000000000", region="us-east-1", attribute=("EventName", "DescribeKey"))
    event = state.trail.lookup(described, None, 1)[0]
    values = {"EventId": event.event_id, "EventName": event.group.name, "ResourceName": event.listed[0][0]}
    if attribute is None:
        return {}
    return {"LookupAttributes": [{"AttributeKey": attribute, "AttributeValue": values[attribute]}]}


def requests(state: Endpoint) -> dict[str, dict]:
    """The calls that are measured, on a key that is made here."""
    key = json.loads(state.dispatcher.answer(request(KMS, "CreateKey")).body)["KeyMetadata"]["KeyId"]
    context = {"tenant": "a", "purpose": "orders"}
    encrypt = {"KeyId": key, "Plaintext": "a2V5dHJhaWw=", "EncryptionContext": context}
    blob = json.loads(state.dispatcher.answer(request(KMS, "Encrypt", **encrypt)).body)["CiphertextBlob"]
    return {
        "Encrypt": encrypt,
        "Decrypt": {"CiphertextBlob": blob, "EncryptionContext": context},
        "GenerateDataKey": {"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": context},
        "DescribeKey": {"KeyId": key},
        "ListKeys": {},
    }


def request(prefix: str, operation: str, **members) -> Request:
    headers = {
        "x-amz-target": f"{prefix}.{operation}",
        "authorization": "AWS4-HMAC-SHA256 Credential=000000000000/20260501/us-east-1/kms/aws4_request, "
        "SignedHeaders=host, Signature=0",
        "user-agent": USER_AGENT.decode(),
    }
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request("POST", "/", "", raw, json.dumps(members).encode(), "127.0.0.1")


def least_of(times: int, once: Callable[[], object]) -> float:
    """CPU time of one call in microseconds: the least of several tries, for others use this machine too."""
    best = float("inf")
    for _ in range(times):
        started = time.process_time()
        for _ in range(AT_ONCE):
            once()
        best = min(best, (time.process_time() - started) / AT_ONCE * 1e6)
    return best
