"""server.clock: one vocabulary for the time, which is also the fixture keytrail_clock's.

How we know: README, "A test in ten lines"; the promises are those of its docstrings.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keytrail.client import KeytrailClient
from keytrail.server import KeytrailServer
from keytrail.server_clock import ServerClock
from tests.support.wire import post

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["in this process", "elsewhere"])
def clock(request: pytest.FixtureRequest, keytrail_clean: KeytrailServer) -> ServerClock:
    return keytrail_clean.clock if request.param == "in this process" else KeytrailClient(keytrail_clean.url).clock


@pytest.mark.parametrize("moment", [NEW_YEAR, NEW_YEAR.replace(tzinfo=None), "2027-01-01T00:00:00Z", "2027-01-01"])
def test_a_moment_is_a_datetime_or_iso_8601(clock: ServerClock, moment: datetime | str) -> None:
    assert clock.freeze(moment) == clock.now == NEW_YEAR
    assert clock.frozen


def test_time_is_advanced_by_keywords_a_timedelta_or_iso_8601(clock: ServerClock) -> None:
    clock.freeze(NEW_YEAR)
    assert clock.advance(days=30, hours=1) == NEW_YEAR + timedelta(days=30, hours=1)
    assert clock.advance(timedelta(hours=-1)) == NEW_YEAR + timedelta(days=30)
    assert clock.advance("P1DT1H") == clock.now == NEW_YEAR + timedelta(days=31, hours=1)


def test_a_frozen_clock_runs_again_and_a_reset_brings_the_real_time(clock: ServerClock) -> None:
    clock.freeze(NEW_YEAR)
    assert clock.set("2027-02-01") == clock.now, "it stays frozen"
    assert clock.run() >= datetime(2027, 2, 1, tzinfo=UTC)
    assert not clock.frozen
    start = clock.speed(1_000_000)
    while clock.now < start + timedelta(hours=1):
        pass
    assert clock.speed(0) == clock.now
    assert abs(clock.reset() - datetime.now(UTC)) < timedelta(minutes=1)


def test_keys_are_created_by_this_clock(keytrail_clean: KeytrailServer, clock: ServerClock) -> None:
    clock.freeze(NEW_YEAR)
    assert post(keytrail_clean, "CreateKey").json()["KeyMetadata"]["CreationDate"] == NEW_YEAR.timestamp()


WRONG: dict[str, tuple[Callable[[ServerClock], Any], type[Exception], str]] = {
    "a number without a unit": (lambda clock: clock.advance(3600), TypeError, r"3600 has no unit: advance\(seconds="),
    "a unit that is none": (lambda clock: clock.advance(day=3), TypeError, "no unit day; did you mean days"),
    "no duration": (lambda clock: clock.advance(), TypeError, r"say how far, in one way: advance\(days=30\)"),
    "two durations": (lambda clock: clock.advance("P1D", days=1), TypeError, "say how far, in one way"),
    "a duration that is none": (lambda clock: clock.advance("a day"), ValueError, "ISO 8601 duration"),
    "too far": (lambda clock: clock.advance(days=3_000_000), ValueError, "1970 to 9000|out of range"),
    "too large": (lambda clock: clock.advance(days=1e300), ValueError, "too large|must have magnitude|infinity"),
    "a moment that is none": (lambda clock: clock.freeze("soon"), ValueError, "ISO 8601 moment"),
    "a moment out of range": (lambda clock: clock.set("1960-01-01"), ValueError, "1970 to 9000"),
    "a moment of another type": (lambda clock: clock.set(5), TypeError, "expected a datetime, or ISO 8601 text"),
    "a speed that is none": (lambda clock: clock.speed(-1), ValueError, "expected a speed from 0"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_and_moves_nothing(clock: ServerClock, case: str) -> None:
    act, error, words = WRONG[case]
    clock.freeze(NEW_YEAR)
    with pytest.raises(error, match=words):
        act(clock)
    assert clock.now == NEW_YEAR
