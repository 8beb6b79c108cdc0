"""/_keytrail/: what a test suite does to the endpoint itself.

How we know: docs/control-api.md, "The control API".
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from keytrail.server import KeytrailServer
from tests.support import (
    ACCOUNT,
    ALIAS,
    DOOMED_KEY,
    FOREIGN,
    KEY,
    MISSING_KEY,
    SAMPLE_SEED,
    alias_arn,
    key_arn,
    own_aliases,
)
from tests.support.wire import post


@pytest.fixture
def control(keytrail_clean: KeytrailServer) -> Callable[..., requests.Response]:
    """Calls of the control API: method, path, and a body that is JSON unless it is bytes."""
    return lambda *words, **more: ask(keytrail_clean, *words, **more)


def ask(server: KeytrailServer, method: str, path: str, body: object = None, **headers: str) -> requests.Response:
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    return requests.request(method, f"{server.url}/_keytrail/{path}", data=data, headers=headers, timeout=5)


def keys_of(server: KeytrailServer, account: str = ACCOUNT) -> list[str]:
    return sorted(key["KeyId"] for key in post(server, "ListKeys", account=account).json()["Keys"])


EVERY_CALL = [
    ("GET", "health"),
    ("POST", "reset"),
    ("POST", "fixtures"),
    ("GET", "clock"),
    ("PUT", "clock"),
    ("POST", "clock/advance"),
    ("POST", "clock/reset"),
    ("GET", "events"),
    ("GET", "calls"),
    ("GET", "mark"),
    ("POST", "snapshots"),
    ("POST", "snapshots/seeded"),
    ("GET", "credentials/AKIANOBODY"),
    ("POST", "explain"),
    ("POST", "faults"),
    ("GET", "faults"),
    ("DELETE", "faults"),
    ("GET", "settings"),
    ("PUT", "settings"),
]
BODIES = {
    "clock/advance": {"seconds": 1},
    "explain": {"action": "kms:ListKeys"},
    "faults": {"Latency": 1},
    "fixtures": {"settings": {"UsageDelay": "0"}},
}
"""What a call needs to be a good one; of the others, nothing."""


def test_health_says_that_the_server_is_ready(control: Callable[..., requests.Response]) -> None:
    answer = control("GET", "health")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == {"status": "ready"}


# ---- reset


def test_reset_goes_back_to_just_after_the_start() -> None:
    with KeytrailServer(fixtures=SAMPLE_SEED) as server:
        before = keys_of(server)
        assert post(server, "CreateKey").status_code == 200
        assert post(server, "DisableKey", {"KeyId": KEY}).status_code == 200
        assert post(server, "DeleteAlias", {"AliasName": ALIAS}).status_code == 200
        assert ask(server, "POST", "clock/advance", {"duration": "P40D"}).status_code == 200
        assert DOOMED_KEY not in keys_of(server)
        assert ask(server, "POST", "reset").status_code == 200
        assert keys_of(server) == before
        assert post(server, "DescribeKey", {"KeyId": ALIAS}).json()["KeyMetadata"]["KeyState"] == "Enabled"
        names = [event["eventName"] for event in ask(server, "GET", "events").json()["Records"]]
        assert names == ["ListKeys", "DescribeKey"]
        clock = ask(server, "GET", "clock").json()
        assert not clock["frozen"]
        assert abs(datetime.fromisoformat(clock["now"]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_reset_of_an_account_leaves_the_others_alone(keytrail_clean: KeytrailServer) -> None:
    keytrail_clean.load(SAMPLE_SEED)
    other = post(keytrail_clean, "CreateKey", account=FOREIGN).json()["KeyMetadata"]["KeyId"]
    assert post(keytrail_clean, "Encrypt", {"KeyId": other, "Plaintext": b"x"}, account=FOREIGN).status_code == 200
    assert ask(keytrail_clean, "POST", f"reset?account={ACCOUNT}").status_code == 200
    assert keys_of(keytrail_clean) == []
    assert keys_of(keytrail_clean, FOREIGN) == [other]
    usage = post(keytrail_clean, "GetKeyLastUsage", {"KeyId": other}, account=FOREIGN).json()["KeyLastUsage"]
    assert usage["Operation"] == "Encrypt"
    recipients = {event["recipientAccountId"] for event in keytrail_clean.events(eventName="Encrypt")}
    assert recipients == {FOREIGN}


def test_reset_forgets_credentials_that_came_later_and_keeps_those_of_the_start() -> None:
    def credential(access_key: str) -> dict[str, object]:
        principal = f"arn:aws:iam::{FOREIGN}:user/{access_key}"
        return {"credentials": [{"AccessKeyId": access_key, "SecretAccessKey": "s", "Principal": principal}]}

    with KeytrailServer(fixtures=credential("AKIAFIRST")) as server:
        assert ask(server, "POST", "fixtures", credential("AKIALATER")).status_code == 200
        accounts = []
        for _ in range(2):
            for access_key in ("AKIAFIRST", "AKIALATER"):
                answer = post(server, "CreateKey", account=access_key, secret="s")
                accounts.append(answer.json()["KeyMetadata"]["AWSAccountId"])
            assert ask(server, "POST", "reset").status_code == 200
    assert accounts == [FOREIGN, FOREIGN, FOREIGN, ACCOUNT]


@pytest.mark.parametrize("account", ["1", "", "12345678901x", "1234567890123"])
def test_an_account_is_twelve_digits(control: Callable[..., requests.Response], account: str) -> None:
    for path in ("reset", "fixtures"):
        answer = control("POST", f"{path}?account={account}", {})
        assert answer.status_code == 400
        assert "12 digits" in answer.json()["error"]


# ---- seeds


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(SAMPLE_SEED).encode(),
        b"keys:\n- KeyId: %s\n  Aliases: [%s]\n" % (KEY.encode(), ALIAS.encode()),
    ],
    ids=["JSON", "YAML"],
)
def test_a_seed_is_loaded_while_the_server_runs(keytrail_clean: KeytrailServer, body: bytes) -> None:
    own = post(keytrail_clean, "CreateKey").json()["KeyMetadata"]["KeyId"]
    answer = ask(keytrail_clean, "POST", "fixtures", body)
    assert answer.status_code == 200
    assert answer.json()["loaded"]["aliases"] == 1
    assert {KEY, own} <= set(keys_of(keytrail_clean))
    assert post(keytrail_clean, "DescribeKey", {"KeyId": ALIAS}).json()["KeyMetadata"]["KeyId"] == KEY


def test_several_files_are_one_seed(keytrail_clean: KeytrailServer) -> None:
    def send(*files: tuple[str, bytes], **fields: str) -> requests.Response:
        url = f"{keytrail_clean.url}/_keytrail/fixtures"
        return requests.post(url, files=[("seed", file) for file in files], data=fields, timeout=5)

    good = ("one.yaml", b"keys: [{KeyId: %s}]" % KEY.encode())
    answer = send(good, ("other.yaml", b"keys: [{KeyState: Asleep}]"))
    assert answer.status_code == 400
    assert answer.json()["problems"][0].startswith("other.yaml: keys[0]")
    assert keys_of(keytrail_clean) == [], "all of it, or nothing"
    assert send(good, ("other.yaml", b"keys: [{KeyId: %s}]" % MISSING_KEY.encode())).json()["loaded"]["keys"] == 2
    assert keys_of(keytrail_clean) == sorted([KEY, MISSING_KEY])
    answer = send(good, seed="keys: []")
    assert "curl -F seed=@orders.yaml" in answer.json()["error"]


def test_a_seed_can_be_loaded_into_an_account(keytrail_clean: KeytrailServer) -> None:
    body = {"keys": [{"KeyId": KEY}, {"KeyId": MISSING_KEY, "Account": ACCOUNT}]}
    assert ask(keytrail_clean, "POST", f"fixtures?account={FOREIGN}", body).status_code == 200
    assert keys_of(keytrail_clean, FOREIGN) == [KEY]
    assert keys_of(keytrail_clean) == [MISSING_KEY], "an account that is written down stays"


def test_a_bad_seed_is_refused_whole(keytrail_clean: KeytrailServer) -> None:
    body = {"keys": [{"KeyId": KEY}, {"KeyId": MISSING_KEY, "KeyState": "Asleep"}]}
    answer = ask(keytrail_clean, "POST", "fixtures", body)
    assert answer.status_code == 400
    assert "keys[1].KeyState" in answer.json()["error"] or "keys[...].KeyState" in answer.json()["error"]
    assert "Asleep" in answer.json()["error"]
    assert keys_of(keytrail_clean) == []


def test_a_seed_whose_keys_exist_already_is_refused_as_a_whole(keytrail_clean: KeytrailServer) -> None:
    assert ask(keytrail_clean, "POST", "fixtures", {"keys": [{"KeyId": KEY}]}).status_code == 200
    again = {
        "credentials": [
            {"AccessKeyId": "AKIANEW", "SecretAccessKey": "s", "Principal": f"arn:aws:iam::{FOREIGN}:user/new"}
        ],
        "keys": [{"KeyId": MISSING_KEY}, {"KeyId": KEY}],
    }
    answer = ask(keytrail_clean, "POST", "fixtures", again)
    assert answer.status_code == 400
    assert f"key {key_arn()} already exists" in answer.json()["error"]
    assert keys_of(keytrail_clean) == [KEY]
    assert keys_of(keytrail_clean, "AKIANEW") == [KEY], "its credential is unknown, and so the default account's"


# ---- clock


def test_the_clock_shows_its_time(control: Callable[..., requests.Response]) -> None:
    clock = control("GET", "clock").json()
    assert clock.keys() == {"now", "frozen", "speed"}
    assert clock["now"].endswith("Z")
    assert not clock["frozen"]
    assert clock["speed"] == 1


SETTINGS = {
    "both": ({"now": "2027-01-01T00:00:00Z", "frozen": True}, "2027-01-01T00:00:00.000Z", True),
    "an offset": ({"now": "2027-01-01T02:00:00.250+02:00", "frozen": True}, "2027-01-01T00:00:00.250Z", True),
    "no offset is UTC": ({"now": "2027-01-01T00:00:00", "frozen": True}, "2027-01-01T00:00:00.000Z", True),
    "backwards": ({"now": "2020-02-29T12:00:00Z", "frozen": True}, "2020-02-29T12:00:00.000Z", True),
    "a day": ({"now": "2027-01-01", "frozen": True}, "2027-01-01T00:00:00.000Z", True),
}


@pytest.mark.parametrize(("body", "now", "frozen"), SETTINGS.values(), ids=SETTINGS)
def test_the_clock_can_be_set(
    control: Callable[..., requests.Response], body: dict[str, object], now: str, frozen: bool
) -> None:
    answer = control("PUT", "clock", body)
    assert answer.status_code == 200
    assert answer.json() == control("GET", "clock").json() == {"now": now, "frozen": frozen, "speed": 1}


def test_now_and_frozen_are_each_optional(control: Callable[..., requests.Response]) -> None:
    frozen = control("PUT", "clock", {"frozen": True}).json()
    assert frozen["frozen"]
    assert control("GET", "clock").json() == frozen, "it stands still"
    moved = control("PUT", "clock", {"now": "2027-01-01T00:00:00Z"}).json()
    assert moved == {"now": "2027-01-01T00:00:00.000Z", "frozen": True, "speed": 1}, "it still stands still"
    running = control("PUT", "clock", {"frozen": False}).json()
    assert not running["frozen"]
    assert timedelta(0) <= datetime.fromisoformat(running["now"]) - datetime.fromisoformat(moved["now"])
    assert control("PUT", "clock", {}).status_code == 200


def test_the_clock_runs_at_a_speed(control: Callable[..., requests.Response]) -> None:
    set_ = control("PUT", "clock", {"now": "2027-01-01T00:00:00Z", "speed": 1_000_000}).json()
    assert (set_["frozen"], set_["speed"]) == (False, 1_000_000)
    time.sleep(0.01)
    gone = datetime.fromisoformat(control("GET", "clock").json()["now"]) - datetime.fromisoformat(set_["now"])
    assert gone > timedelta(hours=2), "a hundredth of a second is 10,000 seconds"
    slowed = control("PUT", "clock", {"speed": 0.001}).json()
    assert slowed["now"] > set_["now"]
    later = control("GET", "clock").json()
    assert datetime.fromisoformat(later["now"]) - datetime.fromisoformat(slowed["now"]) < timedelta(seconds=1)


def test_speed_0_freezes_a_speed_runs_and_a_frozen_clock_keeps_its_speed(
    control: Callable[..., requests.Response],
) -> None:
    assert control("PUT", "clock", {"speed": 0}).json()["frozen"]
    running = control("PUT", "clock", {"speed": 60}).json()
    assert (running["frozen"], running["speed"]) == (False, 60)
    frozen = control("PUT", "clock", {"frozen": True}).json()
    assert (frozen["frozen"], frozen["speed"]) == (True, 60)
    assert control("PUT", "clock", {"frozen": True, "speed": 5}).json()["frozen"]
    resumed = control("PUT", "clock", {"frozen": False}).json()
    assert (resumed["frozen"], resumed["speed"]) == (False, 5)


def test_what_is_due_happens_in_time_though_nobody_moves_the_clock(keytrail_clean: KeytrailServer) -> None:
    keytrail_clean.load({"keys": [{"KeyId": KEY}]})
    assert post(keytrail_clean, "ScheduleKeyDeletion", {"KeyId": KEY, "PendingWindowInDays": 7}).status_code == 200
    nearly = keytrail_clean.clock.now + timedelta(days=7, seconds=-1000)
    ask(keytrail_clean, "PUT", "clock", {"now": nearly.isoformat(), "speed": 1_000_000})
    time.sleep(0.01)
    records = ask(keytrail_clean, "GET", "events?eventName=DeleteKey").json()["Records"]
    assert [record["resources"][0]["ARN"] for record in records] == [key_arn()]


def test_the_clock_goes_back_to_the_real_time(control: Callable[..., requests.Response]) -> None:
    control("PUT", "clock", {"now": "2027-01-01T00:00:00Z", "speed": 1000})
    clock = control("POST", "clock/reset").json()
    assert (clock["frozen"], clock["speed"]) == (False, 1)
    assert abs(datetime.fromisoformat(clock["now"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert control("POST", "clock/reset", {"now": "2027-01-01T00:00:00Z"}).status_code == 400


ADVANCES = {
    "days": ({"duration": "P30D"}, timedelta(days=30)),
    "weeks": ({"duration": "P2W"}, timedelta(days=14)),
    "time": ({"duration": "PT1H30M"}, timedelta(minutes=90)),
    "mixed": ({"duration": "P1DT0.5S"}, timedelta(days=1, milliseconds=500)),
    "seconds": ({"seconds": 3600}, timedelta(hours=1)),
    "part of a second": ({"seconds": 0.25}, timedelta(milliseconds=250)),
    "back": ({"seconds": -3600}, timedelta(hours=-1)),
}


@pytest.mark.parametrize(("body", "distance"), ADVANCES.values(), ids=ADVANCES)
def test_the_clock_can_be_advanced(
    control: Callable[..., requests.Response], body: dict[str, object], distance: timedelta
) -> None:
    before = control("PUT", "clock", {"now": "2027-01-01T00:00:00Z", "frozen": True}).json()["now"]
    after = control("POST", "clock/advance", body).json()["now"]
    assert datetime.fromisoformat(after) - datetime.fromisoformat(before) == distance


BAD_CLOCKS = {
    "no JSON": ("PUT", "clock", b"nonsense", "frozen"),
    "a list": ("PUT", "clock", [], "frozen"),
    "a moment that is none": ("PUT", "clock", {"now": "tomorrow"}, "2026-05-01T08:00:00Z"),
    "no such day": ("PUT", "clock", {"now": "2026-02-30T00:00:00Z"}, "2026-05-01T08:00:00Z"),
    "a number": ("PUT", "clock", {"now": 1777622400}, "now"),
    "a text for a truth": ("PUT", "clock", {"frozen": "yes"}, "frozen"),
    "a speed backwards": ("PUT", "clock", {"speed": -1}, "speed: expected a speed from 0 (frozen) to 1000000"),
    "a speed beyond all": ("PUT", "clock", {"speed": 1e9}, "speed"),
    "a text for a speed": ("PUT", "clock", {"speed": "fast"}, "speed"),
    "no speed and yet running": ("PUT", "clock", {"speed": 0, "frozen": False}, "speed"),
    "a moment with a speed": ("PUT", "clock", {"now": "9999-01-01T00:00:00Z", "speed": 2}, "1970 to 9000"),
    "a member that is none": ("PUT", "clock", {"time": "2026-05-01T08:00:00Z"}, "time"),
    "no duration": ("POST", "clock/advance", {}, "P30D"),
    "two durations": ("POST", "clock/advance", {"duration": "P1D", "seconds": 1}, "either"),
    "a duration that is none": ("POST", "clock/advance", {"duration": "30 days"}, "P30D"),
    "months, whose length differs": ("POST", "clock/advance", {"duration": "P1M"}, "P30D"),
    "nothing behind P": ("POST", "clock/advance", {"duration": "P"}, "P30D"),
    "out of the calendar": ("POST", "clock/advance", {"duration": "P9999999D"}, "duration"),
    "far out of it": ("POST", "clock/advance", {"seconds": 1e300}, "seconds"),
    "no body": ("POST", "clock/advance", b"", "P30D"),
}


@pytest.mark.parametrize(("method", "path", "body", "help_"), BAD_CLOCKS.values(), ids=BAD_CLOCKS)
def test_a_bad_body_is_refused_with_what_would_be_right_and_moves_nothing(
    control: Callable[..., requests.Response], method: str, path: str, body: object, help_: str
) -> None:
    before = control("PUT", "clock", {"now": "2027-01-01T00:00:00Z", "frozen": True}).json()
    answer = control(method, path, body)
    assert answer.status_code == 400
    assert help_ in answer.json()["error"]
    assert control("GET", "clock").json() == before


def test_a_deletion_follows_the_clock_at_once(keytrail_clean: KeytrailServer) -> None:
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Aliases": [ALIAS]}]})
    assert post(keytrail_clean, "ScheduleKeyDeletion", {"KeyId": KEY, "PendingWindowInDays": 7}).status_code == 200
    ask(keytrail_clean, "POST", "clock/advance", {"seconds": 7 * 86400 - 60})
    assert post(keytrail_clean, "DescribeKey", {"KeyId": KEY}).json()["KeyMetadata"]["KeyState"] == "PendingDeletion"
    ask(keytrail_clean, "POST", "clock/advance", {"seconds": 120})
    assert post(keytrail_clean, "DescribeKey", {"KeyId": KEY}).json()["__type"] == "NotFoundException"
    assert own_aliases(post(keytrail_clean, "ListAliases").json()["Aliases"]) == []


def test_a_clock_set_back_brings_no_key_back_and_the_next_use_still_counts(keytrail_clean: KeytrailServer) -> None:
    keytrail_clean.load(SAMPLE_SEED)
    ask(keytrail_clean, "PUT", "clock", {"now": "2027-06-01T00:00:00Z", "frozen": True})
    assert DOOMED_KEY not in keys_of(keytrail_clean)
    assert post(keytrail_clean, "Encrypt", {"KeyId": KEY, "Plaintext": b"x"}).status_code == 200
    ask(keytrail_clean, "PUT", "clock", {"now": "2027-01-01T00:00:00Z"})
    assert DOOMED_KEY not in keys_of(keytrail_clean)
    used = post(keytrail_clean, "GenerateDataKey", {"KeyId": KEY, "KeySpec": "AES_256"})
    usage = post(keytrail_clean, "GetKeyLastUsage", {"KeyId": KEY}).json()["KeyLastUsage"]
    assert usage["KmsRequestId"] == used.headers["x-amzn-RequestId"]
    assert usage["Timestamp"] == datetime(2027, 1, 1, tzinfo=UTC).timestamp()


# ---- events


@pytest.fixture
def history(keytrail_clean: KeytrailServer) -> KeytrailServer:
    """A server that answered five calls, an hour apart."""
    keytrail_clean.load(SAMPLE_SEED)
    calls: list[tuple[str, dict[str, object]]] = [
        ("Encrypt", {"KeyId": KEY, "Plaintext": b"x"}),
        ("DescribeKey", {"KeyId": MISSING_KEY}),
        ("DescribeKey", {"KeyId": ALIAS}),
        ("CreateAlias", {"AliasName": "alias/second", "TargetKeyId": KEY}),
        ("EnableKey", {"KeyId": DOOMED_KEY}),
    ]
    ask(keytrail_clean, "PUT", "clock", {"frozen": True})
    for operation, members in calls:
        post(keytrail_clean, operation, members)
        ask(keytrail_clean, "POST", "clock/advance", {"seconds": 3600})
    return keytrail_clean


FILTERS = {
    "none": ("", ["Encrypt", "DescribeKey", "DescribeKey", "CreateAlias", "EnableKey"]),
    "a key": (f"?keyArn={key_arn()}", ["Encrypt", "DescribeKey", "CreateAlias"]),
    "an alias": (f"?keyArn={alias_arn('alias/second')}", ["CreateAlias"]),
    "a key of nobody": (f"?keyArn={key_arn(MISSING_KEY)}", []),
    "an operation": ("?eventName=DescribeKey", ["DescribeKey", "DescribeKey"]),
    "an error": ("?errorCode=NotFoundException", ["DescribeKey"]),
    "a state's error": ("?errorCode=KMSInvalidStateException", ["EnableKey"]),
    "two filters": (f"?eventName=DescribeKey&keyArn={key_arn()}", ["DescribeKey"]),
    "a key's id": (f"?key={KEY}", ["Encrypt", "DescribeKey", "CreateAlias"]),
    "a key's alias": (f"?key={ALIAS}", ["Encrypt", "DescribeKey", "CreateAlias"]),
    "a key's alias's ARN": (f"?key={alias_arn(ALIAS)}", ["Encrypt", "DescribeKey", "CreateAlias"]),
    "refusals": ("?succeeded=false", ["DescribeKey", "EnableKey"]),
    "an account": (f"?account={ACCOUNT}&eventName=Encrypt", ["Encrypt"]),
    "an account without events": (f"?account={FOREIGN}", []),
    "another Region": ("?awsRegion=eu-west-1", []),
    "a service": ("?eventSource=kms.amazonaws.com&eventName=Encrypt", ["Encrypt"]),
    "another service": ("?eventSource=sts.amazonaws.com", []),
    "an access key": (f"?accessKeyId={ACCOUNT}&eventName=EnableKey", ["EnableKey"]),
    "an address": ("?sourceIPAddress=127.0.0.1&called=true&eventName=Encrypt", ["Encrypt"]),
    "another address": ("?sourceIPAddress=192.0.2.1", []),
    "a part of the user agent": ("?userAgent=python-requests&eventName=Encrypt", ["Encrypt"]),
    "another user agent": ("?userAgent=aws-cli", []),
    "no context": ('?encryptionContext={"a":"b"}', []),
    "the newest": ("?limit=2", ["CreateAlias", "EnableKey"]),
    "a past": ("?until=2000-01-01T00:00:00Z", []),
    "since then": ("?since=2000-01-01T00:00:00Z&eventName=Encrypt", ["Encrypt"]),
    "an id of nothing": ("?eventId=00000000-0000-4000-8000-000000000000", []),
}


@pytest.mark.parametrize(("query", "names"), FILTERS.values(), ids=FILTERS)
def test_events_come_oldest_first_and_filtered(history: KeytrailServer, query: str, names: list[str]) -> None:
    answer = ask(history, "GET", f"events{query}")
    assert answer.status_code == 200
    records = answer.json()["Records"]
    if "limit" not in query:
        assert answer.json() == {"Count": len(names), "CountByName": Counter(names), "Records": records}
    assert [record["eventName"] for record in records] == names
    times = [record["eventTime"] for record in records]
    assert times == sorted(times)


def test_the_past_of_a_key_that_is_loaded_later_stands_before_what_was_called_since(history: KeytrailServer) -> None:
    key = {"KeyId": MISSING_KEY, "LastUsage": {"Operation": "Decrypt", "Timestamp": "200 days ago"}}
    assert ask(history, "POST", "fixtures", {"keys": [key]}).status_code == 200
    records = ask(history, "GET", "events").json()["Records"]
    assert [record["eventName"] for record in records[:2]] == ["Decrypt", "Encrypt"]
    assert records[0]["resources"][0]["ARN"] == key_arn(MISSING_KEY)


def test_an_event_is_found_by_its_id(history: KeytrailServer) -> None:
    for record in ask(history, "GET", "events").json()["Records"]:
        assert ask(history, "GET", f"events?eventId={record['eventID']}").json()["Records"] == [record]
        nothing = ask(history, "GET", f"events?eventId={record['eventID']}&eventName=Verify").json()
        assert nothing == {"Count": 0, "CountByName": {}, "Records": []}


def test_an_unknown_filter_is_refused_with_a_list_of_those_that_exist(
    control: Callable[..., requests.Response],
) -> None:
    answer = control("GET", "events?eventname=Encrypt")
    assert answer.status_code == 400
    assert all(name in answer.json()["error"] for name in ("keyArn", "eventName", "errorCode", "eventId", "eventname"))


WRONG_FILTERS = {
    "limit=x": "limit: expected a whole number, got 'x'",
    "since=soon": "since: expected an ISO 8601 moment",
    "succeeded=maybe": "succeeded: expected true or false",
    "encryptionContext=tenant": "encryptionContext: expected a JSON object of texts",
    "key=alias/none": f"key: Alias {alias_arn('alias/none')} is not found.",
    f"key={KEY}&keyArn={key_arn()}": "Send either key",
    "eventName=Encypt": "there is no operation Encypt; did you mean Encrypt?",
    "eventName=DeleteKey&called=true": "DeleteKey is what KMS does by itself, not a call",
    "eventName=Decrypt&eventSource=sts.amazonaws.com": "Decrypt is an operation of kms, not of sts",
    "eventSource=s3.amazonaws.com": "there is no event source s3.amazonaws.com; the services here are account",
    "errorCode=AccessDeniedException": "no event has the error code AccessDeniedException; CloudTrail's code for it is",
}


@pytest.mark.parametrize(("query", "words"), WRONG_FILTERS.items())
def test_a_filter_that_cannot_be_read_is_reported(
    control: Callable[..., requests.Response], query: str, words: str
) -> None:
    answer = control("GET", f"events?{query}")
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_the_count_of_events_is_given_even_without_their_records(history: KeytrailServer) -> None:
    counted = {"Encrypt": 1, "DescribeKey": 2, "CreateAlias": 1, "EnableKey": 1}
    assert ask(history, "GET", "events?limit=0").json() == {"Count": 5, "CountByName": counted, "Records": []}


def test_calls_come_as_kms_calls_has_them(history: KeytrailServer) -> None:
    mark = ask(history, "GET", "mark").json()["Mark"]
    answer = ask(history, "GET", f"calls?eventName=Encrypt&key={KEY}").json()
    assert (answer["Count"], answer["Others"]) == (1, {"DescribeKey": 2, "CreateAlias": 1, "EnableKey": 1})
    [call] = answer["Calls"]
    assert (call["operation"], call["keys"], call["errorCode"]) == ("Encrypt", [key_arn()], None)
    assert call["record"]["eventID"] == call["eventId"]
    assert ask(history, "GET", "calls?limit=0").json()["Calls"] == []
    assert ask(history, "GET", f"calls?after={mark}").json() == {"Count": 0, "Calls": [], "Others": {}}
    post(history, "ListKeys")
    assert [call["operation"] for call in ask(history, "GET", f"calls?after={mark}").json()["Calls"]] == ["ListKeys"]


def test_a_call_that_is_missing_is_a_conflict(keytrail_clean: KeytrailServer) -> None:
    keytrail_clean.endpoint.trail.note_missing("Encrypt", ACCOUNT, "request 1, ZeroDivisionError")
    for path in ("events", "calls", "calls?eventName=Encrypt"):
        answer = ask(keytrail_clean, "GET", path)
        assert (answer.status_code, "The trail lacks a call" in answer.json()["error"]) == (409, True)
    assert ask(keytrail_clean, "GET", "calls?eventName=Decrypt").status_code == 200


# ---- snapshots


@pytest.mark.parametrize("path", ["snapshots", "snapshots/seeded"])
def test_a_snapshot_is_kept_gone_back_to_and_forgotten(keytrail_clean: KeytrailServer, path: str) -> None:
    assert ask(keytrail_clean, "POST", "fixtures", {"keys": [{"KeyId": KEY}]}).status_code == 200
    taken = ask(keytrail_clean, "POST", path).json()
    assert taken.keys() == {"Name", "Mark", "Loads"}
    snapshot = f"snapshots/{taken['Name']}"
    post(keytrail_clean, "CreateKey")
    assert ask(keytrail_clean, "PUT", f"{snapshot}?account={FOREIGN}").status_code == 200
    assert len(keys_of(keytrail_clean)) == 2
    assert ask(keytrail_clean, "PUT", snapshot).status_code == 200
    assert keys_of(keytrail_clean) == [KEY]
    assert ask(keytrail_clean, "DELETE", snapshot).status_code == 200
    for method in ("PUT", "DELETE"):
        answer = ask(keytrail_clean, method, snapshot)
        assert (answer.status_code, "no snapshot" in answer.json()["error"]) == (404, True)
    assert keys_of(keytrail_clean) == [KEY]


@pytest.mark.parametrize("path", ["snapshots/17", "snapshots/a%20b", "snapshots/a?account=1"])
def test_a_snapshot_without_a_proper_name_or_account_is_refused(keytrail_clean: KeytrailServer, path: str) -> None:
    answer = ask(keytrail_clean, "POST", path)
    assert (answer.status_code, "expected" in answer.json()["error"]) == (400, True)


# ---- settings, and secrets of access keys


def test_the_settings_are_shown_as_variables_but_not_the_token() -> None:
    with KeytrailServer(control_token="sesame", account=FOREIGN, usage_delay="PT15M") as server:
        shown = ask(server, "GET", "settings", Authorization="Bearer sesame").json()["Environment"]
    assert (shown["KEYTRAIL_ACCOUNT"], shown["KEYTRAIL_USAGE_DELAY"]) == (FOREIGN, "900")
    assert "sesame" not in shown.values()


def test_the_secret_of_a_declared_access_key_is_told(keytrail_clean: KeytrailServer) -> None:
    principal = f"arn:aws:iam::{ACCOUNT}:role/Reader"
    declared = {"AccessKeyId": "AKIAREADER0000000001", "SecretAccessKey": "secret", "Principal": principal}
    keytrail_clean.load({"credentials": [declared]})
    answer = ask(keytrail_clean, "GET", "credentials/AKIAREADER0000000001")
    assert answer.json() == {"AccessKeyId": "AKIAREADER0000000001", "SecretAccessKey": "secret"}
    assert ask(keytrail_clean, "GET", "credentials/AKIANOBODY").status_code == 404


# ---- the API as a whole


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "nonsense", 404),
        ("GET", "reset", 405),
        ("POST", "health", 405),
        ("DELETE", "clock", 405),
        ("GET", "", 404),
    ],
)
def test_a_wrong_path_or_method_is_answered_in_json(
    control: Callable[..., requests.Response], method: str, path: str, status: int
) -> None:
    answer = control(method, path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
    assert f"/_keytrail/{path}" in answer.json()["error"]


@pytest.mark.parametrize(("method", "path"), [call for call in EVERY_CALL if call[1] not in ("events", "calls")])
def test_an_argument_that_there_is_not_is_refused_and_nothing_is_done(
    keytrail_clean: KeytrailServer, method: str, path: str
) -> None:
    answer = ask(keytrail_clean, method, f"{path}?acount=1", {"keys": [{"KeyId": KEY}]})
    assert answer.status_code == 400
    known = "account" if path in ("reset", "fixtures", "snapshots", "snapshots/seeded") else "none"
    assert answer.json() == {"error": f"There is no parameter acount; expected: {known}."}
    assert keys_of(keytrail_clean) == []


@pytest.fixture(scope="module")
def closed() -> Iterator[KeytrailServer]:
    """A server whose control API is off."""
    with KeytrailServer(control=False) as server:
        yield server


@pytest.mark.parametrize(("method", "path"), EVERY_CALL[1:])
def test_with_the_api_off_nothing_but_health_answers(closed: KeytrailServer, method: str, path: str) -> None:
    answer = ask(closed, method, path, {})
    assert answer.status_code == 403
    assert "KEYTRAIL_CONTROL" in answer.json()["error"]
    assert ask(closed, "GET", "health").status_code == 200
    assert post(closed, "ListKeys").status_code == 200


@pytest.fixture(scope="module")
def guarded() -> Iterator[KeytrailServer]:
    """A server whose control API needs a token."""
    with KeytrailServer(control_token="sesame") as server:
        yield server


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}])
@pytest.mark.parametrize(("method", "path"), EVERY_CALL)
def test_with_a_token_set_no_call_answers_without_it(
    guarded: KeytrailServer, method: str, path: str, header: dict[str, str]
) -> None:
    before = keys_of(guarded)
    answer = ask(guarded, method, path, {"keys": [{"KeyId": KEY}]}, **header)
    assert answer.status_code == 401
    assert "Authorization: Bearer" in answer.json()["error"]
    assert keys_of(guarded) == before


@pytest.mark.parametrize(("method", "path"), EVERY_CALL)
def test_with_the_token_every_call_answers(guarded: KeytrailServer, method: str, path: str) -> None:
    body = BODIES.get(path, {})
    status = 404 if "NOBODY" in path else 200
    assert ask(guarded, method, path, body, Authorization="Bearer sesame").status_code == status


def test_a_control_call_is_no_event_and_the_service_needs_no_token(guarded: KeytrailServer) -> None:
    ask(guarded, "POST", "reset", Authorization="Bearer sesame")
    assert post(guarded, "ListKeys").status_code == 200
    assert [event["eventName"] for event in guarded.events()] == ["ListKeys"]
