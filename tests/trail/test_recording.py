"""A call's events and uses are one write, done before the call is answered; and what they cost the process."""

from __future__ import annotations

import gc
import logging
import threading
import tracemalloc
import weakref
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keytrail.server import KeytrailServer
from keytrail.trail import Event, IncompleteTrailError, Query, Selection, Trail, Use, new_event_id
from keytrail.trail import trail as trail_module
from tests.support import ACCOUNT, ALIAS, KEY, MISSING_KEY, REGION, SAMPLE_SEED, client_of, key_arn

START = datetime(2026, 8, 10, 12, tzinfo=UTC)
EVERY_EVENT = Query(account=ACCOUNT, region=REGION)


def an_event(seconds: int = 0, **members: Any) -> Event:
    time = START + timedelta(seconds=seconds)
    recipient = members.pop("recipient", ACCOUNT)
    return Event(new_event_id(), None, time, "Encrypt", REGION, None, recipient, True, **members)


def use_of(event: Event) -> tuple[str, Use]:
    return key_arn(), Use(event.name, event.time, event.event_id, "a request")


def test_if_an_event_cannot_be_written_nothing_of_its_call_is() -> None:
    trail, before, after = Trail(100), an_event(1), an_event(2)
    trail.record([before], [use_of(before)])
    good, bad = an_event(3), an_event(3, request_parameters={"KeyId": object()})
    with pytest.raises(NotImplementedError):
        trail.record([good, bad], [use_of(good)])
    assert trail.events() == [before]
    assert trail.last_use(key_arn(), START) == use_of(before)[1]
    trail.record([after], [use_of(after)])
    assert trail.events() == [before, after]


@pytest.mark.parametrize("key_id", [KEY, MISSING_KEY], ids=["of a call that succeeds", "of a call that is refused"])
def test_an_event_that_cannot_be_written_fails_only_its_own_call(
    key_id: str,
    kms: Any,
    keytrail_clean: KeytrailServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The caller hears of it, the log has the traceback, and no assertion about such calls passes."""
    keytrail_clean.load(SAMPLE_SEED)
    pack = trail_module.pack

    def pack_all_but_one(event: Event) -> bytes:
        if event.name == "DescribeKey":
            raise ZeroDivisionError
        return pack(event)

    monkeypatch.setattr(trail_module, "pack", pack_all_but_one)
    with caplog.at_level(logging.ERROR, "keytrail"), pytest.raises(kms.exceptions.KMSInternalException) as caught:
        kms.describe_key(KeyId=key_id)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "ZeroDivisionError" in caplog.text
    monkeypatch.undo()
    kms.list_keys()
    assert [record["eventName"] for record in keytrail_clean.events(eventName="ListKeys")] == ["ListKeys"]
    for ask in (keytrail_clean.events, keytrail_clean.calls, lambda: keytrail_clean.calls("DescribeKey")):
        with pytest.raises(IncompleteTrailError, match=r"lacks a call.*DescribeKey: request [-0-9a-f]{36}, ZeroDiv"):
            ask()
    later = keytrail_clean.mark()
    kms.describe_key(KeyId=ALIAS)
    assert len(keytrail_clean.calls("DescribeKey", after=later)) == 1, "only what was asked for counts"
    keytrail_clean.reset()
    assert keytrail_clean.calls() == []


def test_readers_never_find_a_use_without_its_event_or_an_event_without_its_use() -> None:
    trail, done, torn = Trail(1_000_000), threading.Event(), []

    def read() -> None:
        while not done.is_set():
            use = trail.last_use(key_arn(), START)
            if use is not None and trail.event(use.event_id) is None:
                torn.append("a use without its event")
            newest = trail.lookup(EVERY_EVENT, None, 1)
            use = trail.last_use(key_arn(), START)
            if newest and (use is None or use.timestamp < newest[0].time):
                torn.append("an event without its use")

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for seconds in range(5_000):
        event = an_event(seconds)
        trail.record([event], [use_of(event)])
    done.set()
    for reader in readers:
        reader.join()
    assert not torn


def test_the_garbage_collector_does_not_track_events() -> None:
    """Else each of its full passes would take longer with each event, and the calls between them with it."""
    trail = Trail(1_000)
    for seconds in range(100):
        members = {"KeyId": KEY, "Context": {"tenant": "a"}}
        trail.record([an_event(seconds, resources=((ACCOUNT, key_arn()),), request_parameters=members)])
    gc.collect()
    gc.collect()  # it lets go of a tuple once it has let go of those in it
    for stored in trail.lookup(EVERY_EVENT, None, 100):
        assert not gc.is_tracked(stored)
        assert not any(map(gc.is_tracked, (stored.resources, stored.packed)))


def test_an_unreferenced_trail_is_freed_with_its_events() -> None:
    """What the collector doesn't track must be part of no circle."""

    class Text(str):
        __slots__ = ("__weakref__",)

    event_id = Text("an id")
    trail, freed = Trail(1_000), weakref.ref(event_id)
    trail.record([an_event()._replace(event_id=event_id)])
    trail.restore(trail.snapshot())
    del trail, event_id
    gc.collect()
    assert freed() is None


def test_a_selection_after_a_mark_has_only_later_events() -> None:
    trail, before, after = Trail(100), an_event(1), an_event(0)
    trail.record([before])
    mark = trail.mark()
    trail.record([after])
    assert trail.select(Selection(), mark) == [after]
    assert trail.select(Selection(event_id=before.event_id), mark) == []
    assert trail.select(Selection()) == [after, before]


@pytest.mark.parametrize(("most", "fewest"), [(0, 0), (1, 1), (5, 5), (1_000, 1_000 - 64)])
def test_a_full_trail_has_the_latest_events(most: int, fewest: int) -> None:
    """A few more than must leave a long trail do so together; a short one has just as many as it may."""
    trail, written = Trail(most), [an_event(seconds) for seconds in range(2_000)]
    for event in written:
        trail.record([event])
    left = trail.events()
    assert fewest <= len(left) <= most
    assert left == written[len(written) - len(left) :]
    assert [event for event in written if trail.event(event.event_id) is not None] == left


def of_size(size: int, seconds: int = 0, **members: Any) -> Event:
    """An event that takes about so many bytes."""
    return an_event(seconds, request_parameters={"KeyId": "x" * (size - 700)}, **members)


def test_a_trail_of_large_events_keeps_the_latest_that_fit() -> None:
    trail = Trail(1_000, max_bytes=100_000)
    written = [of_size(10_000, seconds) for seconds in range(50)]
    for event in written:
        trail.record([event])
    assert trail.events() == written[-10:]
    small = [an_event(100 + seconds) for seconds in range(300)]
    for event in small:
        trail.record([event])
    left = trail.events()
    assert 150 < len(left) < 200
    assert left == small[-len(left) :]


@pytest.mark.parametrize(
    "members",
    [
        {"request_parameters": {"KeyId": "x" * 50_000}},
        {"response_elements": {"KeyId": "x" * 50_000}},
        {"additional": {"KeyId": "x" * 50_000}},
    ],
    ids=lambda members: next(iter(members)),
)
def test_whatever_is_large_in_an_event_counts(members: dict[str, Any]) -> None:
    trail = Trail(1_000, max_bytes=200_000)
    for seconds in range(10):
        trail.record([an_event(seconds, **members)])
    assert len(trail.events()) == 3


def test_the_last_event_stays_however_large_it_is() -> None:
    trail, last = Trail(1_000, max_bytes=10_000), of_size(1_000_000, 2)
    trail.record([an_event(1)])
    trail.record([last])
    assert trail.events() == [last]


def test_resets_keep_the_bound_and_the_count_of_bytes() -> None:
    trail, foreign = Trail(1_000, max_bytes=100_000), "444455556666"
    for number in range(8):
        trail.record([of_size(10_000, number, recipient=foreign if number % 2 else ACCOUNT)])
    snapshot = trail.snapshot()
    for number in range(8, 18):
        trail.record([of_size(10_000, number)])
    trail.restore(snapshot, foreign)
    assert len(trail.events()) == 10
    trail.restore(snapshot)
    assert trail.events() == [stored.event for stored in snapshot.events]
    for number in range(20):
        trail.record([of_size(10_000, number)])
    assert len(trail.events()) == 10


def test_many_calls_with_large_contexts_take_no_more_memory_than_the_trail_may_have() -> None:
    with KeytrailServer(max_trail=1_000_000) as server:
        kms = client_of(server)
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]
        tracemalloc.start()
        try:
            for number in range(30):
                context = {"tenant": f"{number:08}" * 11_000}
                kms.encrypt(KeyId=key_id, Plaintext=b"x", EncryptionContext=context)
            assert tracemalloc.get_traced_memory()[0] < 2_000_000
        finally:
            tracemalloc.stop()
        assert 5 < len(server.events(eventName="Encrypt")) < 15
