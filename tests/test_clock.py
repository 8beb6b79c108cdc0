"""The clock: real, frozen, set, advanced, or at another speed. How we know: docs/control-api.md, "The control API"."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytrail.clock import LAST, Clock

START = datetime(2027, 1, 1, tzinfo=UTC)


def real_now() -> datetime:
    return datetime.now(UTC)


def test_the_clock_starts_as_the_real_time_in_whole_milliseconds() -> None:
    clock = Clock()
    before, now, after = real_now() - timedelta(milliseconds=1), clock.now(), real_now()
    assert before <= now <= after
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0
    assert not clock.frozen


def test_a_frozen_clock_moves_only_when_it_is_moved() -> None:
    clock = Clock()
    assert clock.set(START, frozen=True) == START
    assert clock.now() == clock.now() == START
    assert clock.advance(timedelta(days=30)) == clock.now() == START + timedelta(days=30)
    assert clock.advance(timedelta(days=-31)) == START - timedelta(days=1)
    assert clock.set(START) == START
    assert clock.frozen


def test_a_set_clock_goes_on_from_there() -> None:
    clock = Clock()
    clock.set(START)
    assert not clock.frozen
    assert START <= clock.now() < START + timedelta(minutes=1)
    clock.advance(timedelta(days=1))
    assert timedelta(days=1) <= clock.now() - START < timedelta(days=1, minutes=1)
    assert clock.moved
    clock.reset()
    assert abs(clock.now() - real_now()) < timedelta(minutes=1)
    clock.set(frozen=False)
    assert not clock.moved


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("days", [999_999_999, -999_999_999])
def test_a_clock_cannot_leave_the_calendar(frozen: bool, days: int) -> None:
    clock = Clock()
    clock.set(START, frozen=frozen)
    with pytest.raises(OverflowError):
        clock.advance(timedelta(days=days))
    assert abs(clock.now() - START) < timedelta(minutes=1)


@pytest.mark.parametrize("speed", [0.001, 1, 60, 1_000_000])
def test_a_clock_runs_at_its_speed_from_where_it_is(speed: float) -> None:
    clock = Clock()
    clock.set(START, speed=speed)
    before, moment = time.perf_counter(), clock.now()
    time.sleep(0.02)
    gone, after = clock.now() - moment, time.perf_counter()
    millisecond = timedelta(milliseconds=2)
    assert timedelta(seconds=0.02 * speed) - millisecond <= gone <= timedelta(seconds=(after - before) * speed * 1.5)
    assert clock.speed == speed
    clock.advance(timedelta(days=1))
    assert (clock.speed, clock.frozen) == (speed, False)


def test_a_fast_clock_stops_at_the_end_of_the_calendar() -> None:
    clock = Clock()
    clock.set(LAST - timedelta(hours=1), speed=1_000_000)
    time.sleep(0.01)
    assert clock.now() == LAST


@given(
    st.lists(
        st.one_of(
            st.builds(dict, frozen=st.booleans()),
            st.builds(dict, speed=st.floats(0, 1_000_000)),
            st.builds(dict, now=st.integers(-(10**9), 10**11).map(lambda s: START + timedelta(seconds=s))),
        )
    )
)
def test_a_clock_that_is_set_is_where_and_how_it_was_set(steps: list[dict[str, Any]]) -> None:
    clock, frozen, speed = Clock(), False, 1.0
    for step in steps:
        moment = clock.set(**step)
        if "now" in step:
            assert abs(moment - step["now"]) < timedelta(milliseconds=1)
        frozen = step.get("frozen", (frozen and "speed" not in step) or step.get("speed") == 0)
        speed = step.get("speed") or speed
        assert (clock.frozen, clock.speed) == (frozen, speed)
        assert clock.now() >= moment
        assert clock.now().microsecond % 1000 == 0
