"""Settings, and the durations and moments in them. How we know: docs/settings.md, "Settings"."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytrail.regions import regions_by_partition
from keytrail.seeds import read_relative_moment
from keytrail.settings import COMPATIBLE_WITH, Settings, read_duration, read_moment, unknown_variables

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
    tls_port=st.none() | st.integers(0, 65535),
    fixtures=st.lists(TEXTS.filter(lambda path: os.pathsep not in path), max_size=3).map(tuple),
    account=st.from_regex(r"[0-9]{12}", fullmatch=True).filter(str.isascii),
    region=st.sampled_from(["us-east-1", "cn-north-1", "mars-1"]),
    extra_regions=st.sets(st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True), max_size=3).map(
        lambda some: {*some, "mars-1"}
    ),
    tracking_start=st.datetimes(
        datetime(1970, 1, 1),  # noqa: DTZ001
        datetime(2100, 1, 1),  # noqa: DTZ001
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))]),
    ),
    usage_delay=st.timedeltas(timedelta(0), timedelta(hours=1)),
    trail_delay=st.timedeltas(timedelta(0), timedelta(days=365)),
    transition_time=st.timedeltas(timedelta(0), timedelta(days=365)) | st.just("aws"),
    strict=st.booleans(),
    compat=st.sets(st.sampled_from(sorted(COMPATIBLE_WITH))),
    trail_dir=st.just("") | st.just("/somewhere/else"),
    trail_interval=st.timedeltas(timedelta(seconds=1), timedelta(days=1)),
    trail_batch=st.integers(1, 10**9),
    max_events=st.integers(1, 10**9),
    max_trail=st.integers(1, 10**12),
    max_body=st.integers(1, 10**12),
    control=st.booleans(),
    control_hosts=st.sampled_from([frozenset(), frozenset({"kms.example.com", "kms.example.org"})]),
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


# ---- Regions


@pytest.mark.parametrize("partition", regions_by_partition())
def test_a_region_of_every_partition_is_known(partition: str) -> None:
    for region in regions_by_partition()[partition]:
        assert Settings(region=region).region == region


def test_an_unknown_region_is_an_error_that_suggests_the_right_one() -> None:
    with pytest.raises(ValueError, match=r"^region: AWS has no Region us-esat-1; did you mean us-east-1\?"):
        Settings(region="us-esat-1")
    with pytest.raises(ValueError, match=r"AWS has no Region foo; expected one such as .*--extra-regions foo"):
        Settings.from_environment({"KEYTRAIL_REGION": "foo"})


def test_a_setting_allows_a_region_that_aws_does_not_have() -> None:
    assert Settings(region="mars-1", extra_regions=["mars-1"]).region == "mars-1"  # type: ignore[arg-type]
    variables = {"KEYTRAIL_REGION": "mars-2", "KEYTRAIL_EXTRA_REGIONS": "mars-1, mars-2"}
    assert Settings.from_environment(variables).region == "mars-2"
    with pytest.raises(ValueError, match="AWS has no Region mras-1; did you mean mars-1"):
        Settings(region="mras-1", extra_regions="mars-1")  # type: ignore[arg-type]


# ---- mistakes in code


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "a number for a duration": (
        {"usage_delay": 900},
        'usage_delay: expected a timedelta, or text such as "PT15M", got 900; '
        '900 seconds are timedelta(seconds=900), or the text "900"',
    ),
    "a text for a number": ({"port": "http"}, "port: expected a whole number, got 'http'"),
    "a number for a truth": ({"strict": 1}, "strict: expected True or False, got 1"),
    "a truth for a number": ({"port": True}, "port: expected a whole number, got True"),
    "a number for a moment": (
        {"tracking_start": 0},
        'tracking_start: expected a datetime, or ISO 8601 text such as "2026-05-01T08:00:00Z", got 0',
    ),
    "a number for paths": ({"fixtures": 3}, "fixtures: expected a list of paths, got 3"),
    "numbers among the paths": ({"fixtures": ["a.yaml", 3]}, "fixtures: expected a list of paths, got ['a.yaml', 3]"),
    "a number for a Region": ({"extra_regions": {3}}, "extra_regions: expected a list of names, got [3]"),
    "a Region with a blank": (
        {"extra_regions": "Mars 1"},
        "extra_regions: expected names of lower-case letters, digits and dashes, "
        "with commas between them, got 'Mars 1'",
    ),
    "an emulator that is none": (
        {"compat": "moto,localstak"},
        "compat: expected one or more of floci, localstack, moto, _custom_id_, _custom_key_material_, "
        "floci:override-id, with commas between them, got 'localstak'; did you mean localstack?",
    ),
}


@pytest.mark.parametrize(("members", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_value_of_the_wrong_kind_is_an_error_in_our_words(members: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole message is compared)
        Settings.from_members(members)
    assert str(caught.value) == message


def test_a_keyword_that_is_no_setting_is_an_error_that_suggests_the_right_one() -> None:
    with pytest.raises(TypeError, match=r"^there is no setting prot; did you mean port\?$"):
        Settings.from_members({"prot": 1})
    with pytest.raises(TypeError, match=r"^there is no setting xyzzy; choose from host, port, tls_port, "):
        Settings.from_members({"xyzzy": 1})


def test_a_list_may_be_a_list_in_code() -> None:
    assert Settings(fixtures=["a.yaml", Path("b.yaml")]).fixtures == ("a.yaml", "b.yaml")  # type: ignore[arg-type]
    assert Settings(compat={"moto"}).compat == {"moto"}  # type: ignore[arg-type]


def test_an_unknown_variable_is_a_warning_with_the_nearest_name() -> None:
    variables = ["KEYTRAIL_USAGE_DELEY", "KEYTRAIL_XYZZY", "KEYTRAIL_port", "KEYTRAIL_PORT", "PATH"]
    assert unknown_variables(variables) == [
        "KEYTRAIL_USAGE_DELEY is no setting and has no effect; did you mean KEYTRAIL_USAGE_DELAY?",
        "KEYTRAIL_XYZZY is no setting and has no effect; `keytrail serve --help` lists the settings",
        "KEYTRAIL_port is no setting and has no effect; did you mean KEYTRAIL_PORT?",
    ]


def test_variables_that_kubernetes_makes_for_a_service_of_that_name_are_no_mistake() -> None:
    assert unknown_variables(["KEYTRAIL_SERVICE_HOST", "KEYTRAIL_PORT_4599_TCP"]) == []
