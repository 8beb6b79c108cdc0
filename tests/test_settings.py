"""Settings, and the durations and moments in them. How we know: README, "Settings"."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytrail.seeds import read_relative_moment
from keytrail.settings import Settings, read_duration, read_moment

START = datetime(2027, 1, 1, tzinfo=UTC)

DURATIONS = {
    "P30D": timedelta(days=30),
    "P2W": timedelta(weeks=2),
    "PT15M": timedelta(minutes=15),
    "PT1H30M": timedelta(minutes=90),
    "P1DT12H": timedelta(hours=36),
    "P1W2DT3H4M5.5S": timedelta(weeks=1, days=2, hours=3, minutes=4, seconds=5.5),
    "PT0S": timedelta(0),
    "3600": timedelta(hours=1),
    "0.25": timedelta(milliseconds=250),
}


@pytest.mark.parametrize("text", DURATIONS)
def test_a_duration_is_iso_8601_or_seconds(text: str) -> None:
    assert read_duration(text) == DURATIONS[text]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1DT",
        "P1Y",
        "P1M",
        "PT1D",
        "P1H",
        "30 days",
        "p1d",
        "PT1M1H",
        "nan",
        "inf",
        "1e400",
        "P99999999999D",
    ],
)
def test_another_text_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="P30D"):
        read_duration(text)


@given(st.text(max_size=20) | st.text("P0123456789DTHMSW.", max_size=12))
def test_any_text_is_a_duration_and_a_moment_or_a_value_error(text: str) -> None:
    readers: tuple[Callable[[str], object], ...] = (
        read_duration,
        read_moment,
        lambda text: read_relative_moment(text, START),
    )
    for read in readers:
        with suppress(ValueError):
            assert read(text) is not None


def test_a_transition_time_is_a_duration_for_all_transitions_or_aws() -> None:
    same = Settings(transition_time="PT10S").transition_time
    assert same == Settings(transition_time=timedelta(seconds=10)).transition_time
    assert same.creating == same.multi_region_rotation == same.external_connection == timedelta(seconds=10)
    aws = Settings(transition_time="aws").transition_time
    assert (aws.rotation, aws.multi_region_rotation) == (timedelta(minutes=2), timedelta(minutes=8))


@pytest.mark.parametrize("text", ["AWS", "-1", "1 minute"])
def test_another_text_is_no_transition_time(text: str) -> None:
    with pytest.raises(ValueError, match="transition_time: expected"):
        Settings(transition_time=text)


def test_a_moment_without_an_offset_is_utc() -> None:
    assert read_moment("2027-01-01T00:00:00") == read_moment("2027-01-01T02:00:00+02:00") == START


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
SETTINGS = st.builds(
    Settings,
    host=TEXTS,
    port=st.integers(0, 65535),
    fixtures=st.lists(TEXTS.filter(lambda path: os.pathsep not in path), max_size=3).map(tuple),
    account=st.from_regex(r"[0-9]{12}", fullmatch=True).filter(str.isascii),
    region=st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True),
    tracking_start=st.datetimes(
        datetime(1970, 1, 1),  # noqa: DTZ001
        datetime(2100, 1, 1),  # noqa: DTZ001
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))]),
    ),
    usage_delay=st.timedeltas(timedelta(0), timedelta(hours=1)),
    trail_delay=st.timedeltas(timedelta(0), timedelta(days=365)),
    transition_time=st.timedeltas(timedelta(0), timedelta(days=365)) | st.just("aws"),
    strict=st.booleans(),
    trail_dir=st.just("") | st.just("/somewhere/else"),
    trail_interval=st.timedeltas(timedelta(seconds=1), timedelta(days=1)),
    trail_batch=st.integers(1, 10**9),
    max_events=st.integers(1, 10**9),
    max_body=st.integers(1, 10**12),
    control=st.booleans(),
    control_token=TEXTS | st.just(""),
    console=st.booleans(),
)


@given(SETTINGS)
def test_settings_come_back_from_the_environment_that_they_write(settings: Settings) -> None:
    environment = settings.to_environment()
    assert all(name.startswith("KEYTRAIL_") for name in environment)
    assert Settings.from_environment(environment) == settings


def test_what_the_environment_does_not_say_keeps_its_default() -> None:
    assert Settings.from_environment({}) == Settings.from_environment({"KEYTRAIL_PORT": "", "PORT": "1"}) == Settings()


BAD_SETTINGS = {
    "KEYTRAIL_PORT": "http",
    "KEYTRAIL_CONTROL": "perhaps",
    "KEYTRAIL_USAGE_DELAY": "P1Y",
    "KEYTRAIL_TRACKING_START": "soon",
    "KEYTRAIL_MAX_EVENTS": "-1",
    "KEYTRAIL_MAX_BODY": "1.5",
}


@pytest.mark.parametrize("name", BAD_SETTINGS)
def test_a_bad_variable_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: expected .*{BAD_SETTINGS[name]}"):
        Settings.from_environment({name: BAD_SETTINGS[name]})
