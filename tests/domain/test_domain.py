"""What lies under the operations, by itself: identifiers, the clock, settings; and policy documents.

How we know: kms-behaviour B.3 (identifiers) and kms-behaviour E.4 (policies); README, "The control API" (the clock) and
README, "Settings".
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytrail.clock import LAST, Clock
from keytrail.domain.arn import key_arn as arn_of
from keytrail.domain.arn import partition_of, read_key_identifier
from keytrail.domain.principal import Principal
from keytrail.errors import AwsError, InvalidArnException, NotFoundException
from keytrail.seeds import read_relative_moment
from keytrail.server import KeytrailServer
from keytrail.settings import Settings, read_duration, read_moment
from tests.support import ACCOUNT, ALIAS, FOREIGN, KEY, MRK, REGION, alias_arn, key_arn, refusal
from tests.support.wire import error_of, post

# ---- Identifiers (kms-behaviour B.3)

BAD_IDENTIFIERS: dict[str, tuple[str, type[AwsError], str | None]] = {
    "a name of nothing": ("fake-key-id", NotFoundException, "Invalid keyId 'fake-key-id'"),
    "a UUID without dashes": (KEY.replace("-", ""), NotFoundException, f"Invalid keyId '{KEY.replace('-', '')}'"),
    "an mrk- that is none": ("mrk-fake-key-id", NotFoundException, "Invalid keyId 'mrk-fake-key-id'"),
    "a key ARN of no key id": (f"arn:aws:kms:{REGION}:{ACCOUNT}:key/foo", NotFoundException, "Invalid keyId foo"),
    "another Region's key": (key_arn(region="us-west-2"), NotFoundException, "Invalid arn us-west-2"),
    "another Region's alias": (alias_arn(region="us-west-2"), NotFoundException, "Invalid arn us-west-2"),
    # unverified: AWS's words for a malformed ARN are not known.
    "another service": (f"arn:aws:s3:{REGION}:{ACCOUNT}:key/{KEY}", InvalidArnException, None),
    "another resource": (f"arn:aws:kms:{REGION}:{ACCOUNT}:grant/{KEY}", InvalidArnException, None),
    "too few parts": ("arn:aws:kms", InvalidArnException, None),
    "no account": (f"arn:aws:kms:{REGION}::key/{KEY}", InvalidArnException, None),
    "no Region": (f"arn:aws:kms::{ACCOUNT}:key/{KEY}", InvalidArnException, None),
    "no name": (f"arn:aws:kms:{REGION}:{ACCOUNT}:key/", InvalidArnException, None),
    "another partition": (f"arn:aws-cn:kms:{REGION}:{ACCOUNT}:key/{KEY}", InvalidArnException, None),
}


@pytest.mark.parametrize("aliases", [True, False])
@pytest.mark.parametrize(("text", "error", "words"), BAD_IDENTIFIERS.values(), ids=BAD_IDENTIFIERS)
def test_a_bad_identifier_is_refused_in_the_words_of_kms(
    text: str, error: type[AwsError], words: str | None, aliases: bool
) -> None:
    if not aliases and ":alias/" in text:
        error, words = InvalidArnException, "Key Aliases are not supported for this operation."
    with pytest.raises(error) as caught:
        read_key_identifier(text, ACCOUNT, REGION, aliases=aliases)
    assert words is None or caught.value.message == words


@pytest.mark.parametrize("text", [ALIAS, alias_arn(), alias_arn(account=FOREIGN), "alias/aws/s3", "alias/"])
def test_an_alias_is_refused_where_only_a_key_may_stand(text: str) -> None:
    with pytest.raises(InvalidArnException) as caught:
        read_key_identifier(text, ACCOUNT, REGION, aliases=False)
    assert caught.value.message == "Key Aliases are not supported for this operation."


GOOD_IDENTIFIERS = {
    KEY: (ACCOUNT, KEY, None),
    KEY.upper(): (ACCOUNT, KEY.upper(), None),
    MRK: (ACCOUNT, MRK, None),
    key_arn(): (ACCOUNT, KEY, None),
    key_arn(account=FOREIGN): (FOREIGN, KEY, None),
    ALIAS: (ACCOUNT, None, ALIAS),
    alias_arn(): (ACCOUNT, None, ALIAS),
    alias_arn("alias/a/b", FOREIGN): (FOREIGN, None, "alias/a/b"),
}


@pytest.mark.parametrize("text", GOOD_IDENTIFIERS)
def test_a_key_is_named_by_id_arn_alias_and_alias_arn(text: str) -> None:
    named = read_key_identifier(text, ACCOUNT, REGION, aliases=True)
    assert (named.account, named.key_id, named.alias) == GOOD_IDENTIFIERS[text]
    assert named.region == REGION


@given(text=st.text() | st.text().map(lambda text: f"arn:aws:kms:{text}") | st.text("arn:aws:kms/key-0"))
def test_any_text_names_a_key_or_is_refused(text: str) -> None:
    try:
        named = read_key_identifier(text, ACCOUNT, REGION, aliases=True)
    except (InvalidArnException, NotFoundException):
        return
    assert (named.key_id is None) != (named.alias is None)


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-east-1", "aws"),
        ("eu-central-2", "aws"),
        ("cn-northwest-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_a_region_has_its_partition(region: str, partition: str) -> None:
    assert partition_of(region) == partition
    assert arn_of(region, ACCOUNT, KEY) == f"arn:{partition}:kms:{region}:{ACCOUNT}:key/{KEY}"


PRINCIPALS = {
    "arn:aws:iam::111122223333:root": "root",
    "arn:aws:iam::111122223333:user/Alice": "user",
    "arn:aws:iam::111122223333:user/team/Alice": "user",
    "arn:aws:iam::111122223333:role/KeyAuditor": "role",
    "arn:aws:sts::111122223333:assumed-role/KeyAuditor/session": "assumed-role",
}


@pytest.mark.parametrize("arn", PRINCIPALS)
def test_a_principal_is_read_from_its_arn(arn: str) -> None:
    principal = Principal.from_arn(arn)
    assert (principal.kind, principal.account, principal.arn) == (PRINCIPALS[arn], "111122223333", arn)


@pytest.mark.parametrize(
    "arn",
    [
        "alice",
        "arn:aws:iam::1:root",
        "arn:aws:iam::111122223333:group/Admins",
        "arn:aws:iam::111122223333:root/x",
        "arn:aws:iam::111122223333:user",
        "arn:aws:kms:us-east-1:111122223333:key/x",
    ],
)
def test_another_arn_is_no_principal(arn: str) -> None:
    with pytest.raises(ValueError, match="role/KeyAuditor"):
        Principal.from_arn(arn)


# ---- The clock

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


# ---- Durations, moments, settings

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
    transition_time=st.timedeltas(timedelta(0), timedelta(days=365)),
    strict=st.booleans(),
    trail_dir=st.just("") | st.just("/somewhere/else"),
    trail_interval=st.timedeltas(timedelta(seconds=1), timedelta(days=1)),
    trail_batch=st.integers(1, 10**9),
    max_events=st.integers(1, 10**9),
    max_body=st.integers(1, 10**12),
    control=st.booleans(),
    control_token=TEXTS | st.just(""),
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


# ---- Key policies (kms-behaviour E.4), by CreateKey

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
LOCK_OUT = "The new key policy will not allow you to update the key policy in the future."
INVALID_PRINCIPALS = "Policy contains a statement with one or more invalid principals."


def statement(**members: object) -> dict[str, object]:
    """A good statement, with members put in or (None) left out."""
    good = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
    return {name: value for name, value in {**good, **members}.items() if value is not None}


def policy(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


MALFORMED: dict[str, tuple[str, str | None]] = {
    "no JSON": ("{", None),
    "a list": ("[]", None),
    "a text": ('"kms:*"', None),
    "no statement": ('{"Version":"2012-10-17"}', None),
    "an empty list of statements": (policy(), None),
    "a statement that is none": (policy("Allow"), None),
    "no effect": (policy(statement(Effect=None)), None),
    "an effect that is none": (policy(statement(Effect="Maybe")), None),
    "no action": (policy(statement(Action=None)), None),
    "two kinds of action": (policy(statement(NotAction="kms:*")), None),
    "an action that is no text": (policy(statement(Action=7)), None),
    "no resource": (policy(statement(Resource=None)), None),
    "a resource that is not *": (policy(statement(Resource=key_arn())), None),
    "no principal": (policy(statement(Principal=None)), INVALID_PRINCIPALS),
    "a principal of no kind": (policy(statement(Principal={"Person": "x"})), INVALID_PRINCIPALS),
    "a principal that is none": (policy(statement(Principal={"AWS": "alice"})), INVALID_PRINCIPALS),
    "one bad principal among good ones": (policy(statement(Principal={"AWS": [ROOT, "alice"]})), INVALID_PRINCIPALS),
    "a bad second statement": (policy(statement(), statement(Principal={"AWS": "alice"})), INVALID_PRINCIPALS),
    "a condition on tags": (
        policy(statement(), statement(Condition={"StringEquals": {"aws:ResourceTag/team": "x"}})),
        "These condition keys are not permitted in a key policy: aws:ResourceTag, kms:ResourceTag, kms:ResourceAliases",
    ),
    "a condition on aliases": (
        policy(statement(), statement(Condition={"StringEquals": {"kms:ResourceAliases": "alias/x"}})),
        "These condition keys are not permitted in a key policy: aws:ResourceTag, kms:ResourceTag, kms:ResourceAliases",
    ),
    "another account's alone": (policy(statement(Principal={"AWS": FOREIGN})), LOCK_OUT),
    "use alone": (policy(statement(Action=["kms:Encrypt", "kms:Decrypt"])), LOCK_OUT),
    "a deny": (policy(statement(), statement(Effect="Deny", Action="kms:Put*")), LOCK_OUT),
    "all but what is needed": (policy(statement(Action=None, NotAction="kms:PutKeyPolicy")), LOCK_OUT),
}


@pytest.mark.parametrize(("document", "words"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_policy_or_one_that_locks_everybody_out_is_refused(
    kms: Any, document: str, words: str | None
) -> None:
    # Where no words stand here, AWS's are not known.
    code, message = refusal(kms, "CreateKey", Policy=document)
    assert code == "MalformedPolicyDocumentException"
    assert message
    assert words is None or message == words
    assert kms.list_keys()["Keys"] == []


@pytest.mark.parametrize(
    "principal", [f"arn:aws:iam::{ACCOUNT}:group/Admins", "arn:aws:iam::1:root", "arn:aws:s3:::bucket", "arn:"]
)
def test_a_policy_with_an_arn_that_is_no_principals_is_refused(kms: Any, principal: str) -> None:
    answer = refusal(kms, "CreateKey", Policy=policy(statement(), statement(Principal={"AWS": principal})))
    assert answer == ("InvalidArnException", "An ARN in the specified key policy is invalid.")


def test_a_policy_has_at_most_32768_bytes(keytrail_clean: KeytrailServer) -> None:
    document = policy(statement(Sid="s"))
    fits = document.replace('"s"', '"' + "s" * (32768 - len(document) + 1) + '"')
    assert len(fits) == 32768
    assert post(keytrail_clean, "CreateKey", {"Policy": fits}).status_code == 200
    # Not by boto3, which tries again for a second when it hears this code.
    assert error_of(post(keytrail_clean, "CreateKey", {"Policy": fits + " "}))[:2] == (400, "LimitExceededException")


@pytest.mark.parametrize("document", ["", "\u2603", " " * 131073])
def test_a_policy_keeps_the_constraints_of_the_model(keytrail_clean: KeytrailServer, document: str) -> None:
    status, code, message = error_of(post(keytrail_clean, "CreateKey", {"Policy": document}))
    assert (status, code) == (400, "ValidationException")
    assert "at 'policy' failed to satisfy constraint: Member must" in (message or "")


GOOD = {
    "the default": policy(statement(Sid="Enable IAM User Permissions")),
    "one statement, not in a list": json.dumps({"Statement": statement()}),
    "everybody": policy(statement(Principal="*")),
    "the account by its number": policy(statement(Principal={"AWS": ACCOUNT})),
    "a role of the account": policy(statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/Admin"})),
    "a service besides": policy(statement(), statement(Principal={"Service": "logs.amazonaws.com"})),
    "wildcards": policy(statement(Action="kms:Put*")),
    "another case": policy(statement(Action="KMS:putkeypolicy")),
    "a deny of other things": policy(statement(), statement(Effect="Deny", Action="kms:Decrypt")),
    "a deny under a condition": policy(
        statement(), statement(Effect="Deny", Condition={"Bool": {"aws:SecureTransport": "false"}})
    ),
}


@pytest.mark.parametrize("document", GOOD.values(), ids=GOOD)
def test_a_policy_that_keeps_somebody_in_control_is_taken(kms: Any, document: str) -> None:
    assert kms.create_key(Policy=document)["KeyMetadata"]["Enabled"]


def test_the_lock_out_check_can_be_bypassed_and_nothing_else(kms: Any) -> None:
    locked = policy(statement(Principal={"AWS": FOREIGN}))
    assert kms.create_key(Policy=locked, BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["Enabled"]
    broken = policy(statement(Principal={"AWS": "alice"}))
    answer = refusal(kms, "CreateKey", Policy=broken, BypassPolicyLockoutSafetyCheck=True)
    assert answer == ("MalformedPolicyDocumentException", INVALID_PRINCIPALS)


def test_a_caller_who_is_known_must_stay_in_control_himself(
    keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    alice = f"arn:aws:iam::{ACCOUNT}:user/Alice"
    client = keytrail_client(access_key_id="AKIAALICE", secret_access_key="s")
    keytrail_clean.load({"credentials": [{"AccessKeyId": "AKIAALICE", "SecretAccessKey": "s", "Principal": alice}]})
    other = policy(statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/Bob"}))
    assert refusal(client, "CreateKey", Policy=other) == ("MalformedPolicyDocumentException", LOCK_OUT)
    own = policy(statement(Principal={"AWS": alice}))
    assert client.create_key(Policy=own)["KeyMetadata"]["Enabled"]
