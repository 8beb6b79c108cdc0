"""Faults: which calls go wrong, when and how; and that boto3's own retries get over what passes.

How we know: docs/faults.md, "Faults". From kms-behaviour A.3 are the statuses, from kms-behaviour I.3 the text of
ThrottlingException, from kms-behaviour D.1 those of states; what CloudTrail tells of a failed call: kms-behaviour G.2.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from keytrail.http.app import create_app
from keytrail.pytest_plugin import KmsCalls
from keytrail.seeds import SeedError, read_rule
from keytrail.server import KeytrailServer
from keytrail.settings import Settings
from tests.support import ACCOUNT, ALIAS, FOREIGN, KEY, MISSING_KEY, OTHER_KEY, SAMPLE_SEED, alias_arn, key_arn, refusal
from tests.support.clients import new_client
from tests.support.wire import authorization, error_of, post

SMALL_BACKOFF = 4278
"""A seed with which boto3 draws two small waits."""

THROTTLED = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."


@pytest.fixture
def server(keytrail_clean: KeytrailServer) -> Iterator[KeytrailServer]:
    keytrail_clean.load(SAMPLE_SEED)
    yield keytrail_clean
    keytrail_clean.remove_faults()


def client(server: KeytrailServer, attempts: int = 1, service: str = "kms", **config: Any) -> Any:
    return new_client(server.url, service, attempts=attempts, **config)


def outcomes(server: KeytrailServer, times: int, operation: str = "Encrypt", **members: Any) -> list[int]:
    members = members or {"KeyId": KEY, "Plaintext": b"x"}
    return [post(server, operation, members).status_code for _ in range(times)]


def hits(server: KeytrailServer) -> list[tuple[int, int]]:
    return [(rule["Calls"], rule["Hits"]) for rule in server.faults()]


# ---- What happens

ERRORS: dict[str, tuple[dict[str, Any], tuple[int, str, str | None]]] = {
    "inside": ({"Error": "KMSInternalException", "Message": "m"}, (500, "KMSInternalException", "m")),
    "a backend": ({"Error": "DependencyTimeoutException", "Message": "m"}, (503, "DependencyTimeoutException", "m")),
    "the key": ({"Error": "KeyUnavailableException", "Message": "m"}, (500, "KeyUnavailableException", "m")),
    "too many": ({"Error": "ThrottlingException"}, (400, "ThrottlingException", THROTTLED)),
    "disabled": ({"Error": "DisabledException"}, (400, "DisabledException", f"{key_arn()} is disabled.")),
    "a state": (
        {"Error": "KMSInvalidStateException"},
        (400, "KMSInvalidStateException", f"{key_arn()} is pending deletion."),
    ),
    "nothing": ({"Error": "NotFoundException"}, (400, "NotFoundException", f"Key '{key_arn()}' does not exist")),
    "the front": ({"Error": "ServiceUnavailable", "Message": "m"}, (503, "ServiceUnavailable", "m")),
    "the front, failed": ({"Error": "InternalFailure", "Message": "m"}, (500, "InternalFailure", "m")),
    "no message known": (
        {"Error": "KMSInternalException"},
        (500, "KMSInternalException", "Fault 1 of Keytrail answers this."),
    ),
}


@pytest.mark.parametrize(("effect", "expected"), ERRORS.values(), ids=ERRORS)
def test_an_error_is_answered_as_aws_sends_it(
    server: KeytrailServer, effect: dict[str, Any], expected: tuple[int, str, str | None]
) -> None:
    server.add_fault(effect, Operations="Encrypt")
    answer = post(server, "Encrypt", {"KeyId": ALIAS, "Plaintext": b"x"})
    assert error_of(answer) == expected
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"


def test_what_aws_sends_without_a_message_has_none(server: KeytrailServer) -> None:
    server.add_fault(Operations="Decrypt", Error="InvalidCiphertextException")
    answer = post(server, "Decrypt", {"KeyId": KEY, "CiphertextBlob": b"x"})
    assert answer.json() == {"__type": "InvalidCiphertextException"}


def test_an_access_denial_has_awss_words_and_spelling(server: KeytrailServer) -> None:
    server.add_fault(Operations="Encrypt", Error="AccessDeniedException")
    action = "kms:Encrypt"
    assert post(server, "Encrypt", {"KeyId": KEY, "Plaintext": b"x"}).json() == {
        "__type": "AccessDeniedException",
        "Message": f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: {action} on resource: {key_arn()} "
        f"because no identity-based policy allows the {action} action",
    }


def test_an_error_is_in_the_trail_and_no_use_of_the_key(server: KeytrailServer, kms_calls: KmsCalls) -> None:
    server.add_fault(Operations="Encrypt", Count=1, Error="KMSInternalException", Message="m")
    assert outcomes(server, 1) == [500]
    [call] = kms_calls("Encrypt")
    assert (call.error_code, call.record["errorMessage"], call.keys) == ("KMSInternalException", "m", (key_arn(),))
    assert call.record["requestParameters"]["keyId"] == KEY
    assert post(server, "GetKeyLastUsage", {"KeyId": KEY}).json()["KeyLastUsage"] == {}
    assert outcomes(server, 1) == [200]
    assert len(kms_calls("Encrypt", succeeded=True)) == 1


def test_throttling_is_not_in_the_trail(server: KeytrailServer, kms_calls: KmsCalls) -> None:
    server.add_fault(Error="ThrottlingException")
    assert outcomes(server, 2) == [400, 400]
    assert kms_calls() == []


def test_an_error_leaves_everything_as_it_was(server: KeytrailServer) -> None:
    server.add_fault(Operations="DisableKey", Error="DependencyTimeoutException")
    assert outcomes(server, 1, "DisableKey", KeyId=KEY) == [503]
    assert post(server, "DescribeKey", {"KeyId": KEY}).json()["KeyMetadata"]["KeyState"] == "Enabled"


def test_a_latency_delays_the_call_and_nobody_else(server: KeytrailServer) -> None:
    server.add_fault(Operations="Encrypt", Latency=400)
    start = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        slow = [pool.submit(outcomes, server, 1) for _ in range(20)]
        assert outcomes(server, 20, "DescribeKey", KeyId=KEY) == [200] * 20
        assert server.faults()[0]["Latency"] == 400
        quick = time.monotonic() - start
        assert [answer.result() for answer in slow] == [[200]] * 20
    took = time.monotonic() - start
    assert 0.4 <= took < 20 * 0.4
    assert quick < took


def test_the_rest_of_a_slow_operation_is_delayed_too(server: KeytrailServer) -> None:
    server.add_fault(Operations="GenerateDataKeyPair", Latency=150)
    start = time.monotonic()
    members = {"KeyId": KEY, "KeyPairSpec": "RSA_2048"}
    assert outcomes(server, 1, "GenerateDataKeyPair", **members) == [200]
    assert time.monotonic() - start >= 0.15


DISTRIBUTIONS: list[dict[str, Any]] = [
    {"Distribution": "uniform", "Low": 1, "High": 30},
    {"Distribution": "normal", "Mean": 15, "Deviation": 5},
    {"Distribution": "lognormal", "Median": 15, "Sigma": 0.5},
]


@pytest.mark.parametrize("latency", DISTRIBUTIONS, ids=lambda latency: latency["Distribution"])
def test_a_latency_is_drawn_from_a_seeded_distribution(latency: dict[str, Any]) -> None:
    rule = read_rule(json.dumps({"Latency": latency}).encode(), Settings())
    assert rule.latency is not None
    first, again = ([rule.latency.draw(chance) for _ in range(2000)] for chance in (random.Random(7), random.Random(7)))
    assert first == again
    assert 14 < sorted(first)[1000] < 17
    assert len(set(first)) > 1000
    assert min(first) >= 0
    if latency["Distribution"] == "uniform":
        assert min(first) >= 1
        assert max(first) <= 30


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_is_dropped_before_or_after_the_operation_took_effect(
    server: KeytrailServer, kms_calls: KmsCalls, when: str
) -> None:
    server.add_fault(Operations="DisableKey", Drop=when, Count=1)
    with pytest.raises(ConnectionClosedError):
        client(server).disable_key(KeyId=KEY)
    state = client(server).describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"]
    assert state == {"before": "Enabled", "after": "Disabled"}[when]
    assert len(kms_calls("DisableKey")) == (when == "after")


def test_the_use_of_a_key_behind_a_dropped_answer_counts(server: KeytrailServer) -> None:
    server.add_fault(Operations="Encrypt", Drop="after")
    with pytest.raises(requests.ConnectionError):
        outcomes(server, 1)
    assert post(server, "GetKeyLastUsage", {"KeyId": KEY}).json()["KeyLastUsage"]["Operation"] == "Encrypt"


def test_the_answer_of_slow_work_is_dropped(server: KeytrailServer, kms_calls: KmsCalls) -> None:
    server.add_fault(Operations="GenerateDataKeyPair", Drop="after")
    with pytest.raises(requests.ConnectionError):
        post(server, "GenerateDataKeyPair", {"KeyId": KEY, "KeyPairSpec": "ECC_NIST_P256"})
    assert len(kms_calls("GenerateDataKeyPair", succeeded=True)) == 1


@pytest.mark.parametrize(("bytes_sent", "expected"), [(10, 10), (0, 0), (10**9, None)])
def test_a_body_is_truncated(server: KeytrailServer, bytes_sent: int, expected: int | None) -> None:
    whole = post(server, "DescribeKey", {"KeyId": KEY}).content
    server.add_fault(Operations="DescribeKey", Truncate=bytes_sent)
    headers = {"X-Amz-Target": "TrentService.DescribeKey", "Authorization": authorization()}
    body = b'{"KeyId": "%s"}' % KEY.encode()
    with requests.post(server.url, data=body, headers=headers, timeout=5, stream=True) as answer:
        assert answer.status_code == 200
        assert int(answer.headers["Content-Length"]) == len(whole)
        got: list[bytes] = []
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            got.extend(answer.iter_content(1))
    assert b"".join(got) == whole[: len(whole) - 1 if expected is None else expected]


# ---- boto3 gets over it

TRANSIENT: dict[str, dict[str, Any]] = {
    "KMSInternalException": {"Error": "KMSInternalException"},
    "DependencyTimeoutException": {"Error": "DependencyTimeoutException"},
    "KeyUnavailableException": {"Error": "KeyUnavailableException"},
    "ThrottlingException": {"Error": "ThrottlingException"},
    "ServiceUnavailable": {"Error": "ServiceUnavailable"},
    "InternalFailure": {"Error": "InternalFailure"},
    "a connection dropped before": {"Drop": "before"},
    "a connection dropped after": {"Drop": "after"},
    "a late answer": {"Latency": 1500},
}


@pytest.mark.parametrize("effect", TRANSIENT.values(), ids=TRANSIENT)
def test_boto3_retries_what_passes(server: KeytrailServer, effect: dict[str, Any]) -> None:
    config = {"read_timeout": 0.5} if "Latency" in effect else {}
    server.add_fault(effect, Operations="Encrypt", Count=1)
    once = client(server, 1, **config)
    with pytest.raises((ClientError, ConnectionClosedError, ReadTimeoutError)):
        once.encrypt(KeyId=KEY, Plaintext=b"x")
    server.remove_faults()
    server.add_fault(effect, Operations="Encrypt", Count=2)
    patient = client(server, 3, **config)
    random.seed(SMALL_BACKOFF)
    answer = patient.encrypt(KeyId=KEY, Plaintext=b"x")
    assert answer["ResponseMetadata"]["RetryAttempts"] == 2
    assert hits(server) == [(3, 2)]


def test_boto3_takes_an_answer_that_breaks_off_for_one_without_members(server: KeytrailServer) -> None:
    # How we know: measured with botocore 1.44, which neither counts the bytes nor retries; others may.
    server.add_fault(Operations="DescribeKey", Truncate=10)
    assert client(server, 3).describe_key(KeyId=KEY).keys() == {"ResponseMetadata"}
    assert hits(server) == [(1, 1)]


# ---- Which calls

ABOUT: dict[str, tuple[dict[str, Any], bool]] = {
    "every operation": ({}, True),
    "its operation": ({"Operations": ["Decrypt", "Encrypt"]}, True),
    "another operation": ({"Operations": "Decrypt"}, False),
    "another service": ({"Service": "cloudtrail"}, False),
    "the key's id": ({"KeyId": KEY}, True),
    "the key's ARN": ({"KeyId": key_arn()}, True),
    "an alias": ({"KeyId": ALIAS}, True),
    "an alias's ARN": ({"KeyId": alias_arn(ALIAS)}, True),
    "another key": ({"KeyId": OTHER_KEY}, False),
    "an alias of nothing": ({"KeyId": "alias/none"}, False),
    "another Region's alias": ({"KeyId": alias_arn(ALIAS).replace("us-east-1", "eu-west-1")}, False),
    "the account": ({"Account": ACCOUNT}, True),
    "another account": ({"Account": FOREIGN}, False),
    "the Region": ({"Region": "us-east-1"}, True),
    "another Region": ({"Region": "eu-west-1"}, False),
}


@pytest.mark.parametrize(("about", "struck"), ABOUT.values(), ids=ABOUT)
def test_a_rule_is_about_some_calls(server: KeytrailServer, about: dict[str, Any], struck: bool) -> None:
    error = "ThrottlingException"
    server.add_fault(about, Error=error)
    assert outcomes(server, 2) == [400 if struck else 200] * 2
    assert hits(server) == [(2, 2) if struck else (0, 0)]


def test_a_ciphertext_names_its_key(server: KeytrailServer) -> None:
    kms = client(server)
    blobs = [kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"] for key in (KEY, OTHER_KEY)]
    server.add_fault(KeyId=KEY, Operations="Decrypt", Error="KMSInternalException")
    assert [outcomes(server, 1, "Decrypt", CiphertextBlob=blob) for blob in blobs] == [[500], [200]]


def test_a_rule_without_operations_is_about_those_that_can_answer_so(server: KeytrailServer) -> None:
    server.add_fault(Error="KeyUnavailableException")
    assert outcomes(server, 1) == [500]
    assert outcomes(server, 1, "DescribeKey", KeyId=KEY) == [200]


def test_what_is_not_valid_meets_no_fault(server: KeytrailServer) -> None:
    server.add_fault(Error="KMSInternalException")
    assert outcomes(server, 1, "Encrypt", KeyId=KEY) == [400]
    assert hits(server) == [(0, 0)]


def test_cloudtrail_fails_too(server: KeytrailServer) -> None:
    server.add_fault(Service="cloudtrail", Error="ThrottlingException")
    prefix = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."
    answer = post(server, "LookupEvents", {}, prefix=prefix)
    assert error_of(answer) == (400, "ThrottlingException", "Rate exceeded")
    assert outcomes(server, 1) == [200]


def test_sts_fails_in_its_own_form(server: KeytrailServer) -> None:
    server.add_fault(Service="sts", Operations="GetCallerIdentity", Error="ThrottlingException")
    sts = client(server, service="sts")
    with pytest.raises(ClientError) as caught:
        sts.get_caller_identity()
    assert caught.value.response["Error"] == {"Type": "Sender", "Code": "Throttling", "Message": "Rate exceeded"}
    assert outcomes(server, 1) == [200]


# ---- When

WHEN: dict[str, tuple[dict[str, Any], list[int]]] = {
    "always": ({}, [500] * 5),
    "on the third call": ({"Call": 3}, [200, 200, 500, 200, 200]),
    "twice": ({"Count": 2}, [500, 500, 200, 200, 200]),
    "never": ({"Probability": 0}, [200] * 5),
    "surely": ({"Probability": 1}, [500] * 5),
}


@pytest.mark.parametrize(("when", "expected"), WHEN.values(), ids=WHEN)
def test_a_rule_strikes_when_it_says(server: KeytrailServer, when: dict[str, Any], expected: list[int]) -> None:
    server.add_fault(when, Error="KMSInternalException")
    assert outcomes(server, 5) == expected
    assert hits(server) == [(5, expected.count(500))]


def test_a_probability_strikes_alike_with_the_same_seed(server: KeytrailServer) -> None:
    runs = []
    for seed in (1, 1, 2):
        server.remove_faults()
        server.add_fault(Probability=0.5, Seed=seed, Error="KMSInternalException")
        runs.append(outcomes(server, 40))
    assert runs[0] == runs[1] != runs[2]
    assert 8 <= runs[0].count(500) <= 32


def test_rules_follow_each_other(server: KeytrailServer) -> None:
    server.add_fault(Count=1, Error="ThrottlingException")
    server.add_fault(Count=2, Error="KMSInternalException")
    server.add_fault(Call=5, Error="DependencyTimeoutException")
    assert outcomes(server, 6) == [400, 500, 500, 200, 503, 200]
    assert hits(server) == [(6, 1), (6, 2), (6, 1)]


def test_latencies_add_up_before_an_error(server: KeytrailServer) -> None:
    for milliseconds in (100, 150):
        server.add_fault(Latency=milliseconds)
    server.add_fault(Error="KMSInternalException")
    start = time.monotonic()
    assert outcomes(server, 1) == [500]
    assert time.monotonic() - start >= 0.25


def test_calls_at_once_are_counted_once_each(server: KeytrailServer) -> None:
    server.add_fault(Count=10, Error="KMSInternalException")
    with ThreadPoolExecutor(8) as pool:
        answers = [status for answer in pool.map(lambda _: outcomes(server, 5), range(8)) for status in answer]
    assert (answers.count(500), answers.count(200)) == (10, 30)


# ---- The control API

RULE: dict[str, Any] = {"Operations": "Encrypt", "KeyId": KEY, "Count": 2, "Error": "KMSInternalException"}


def ask(server: KeytrailServer, method: str, path: str = "faults", body: object = None) -> requests.Response:
    return requests.request(method, f"{server.url}/_keytrail/{path}", json=body, timeout=5)


def test_rules_are_added_listed_with_their_hits_and_deleted(server: KeytrailServer) -> None:
    shown = {**RULE, "Service": "kms", "Seed": 0, "Calls": 0, "Hits": 0}
    assert ask(server, "POST", body=RULE).json() == {**shown, "Id": "1"}
    latency = {"Distribution": "uniform", "Low": 1.0, "High": 2.0}
    assert ask(server, "POST", body={"Latency": latency}).json()["Latency"] == latency
    assert outcomes(server, 3) == [500, 500, 200]
    listed = ask(server, "GET").json()["Faults"]
    assert listed[0] == {**shown, "Id": "1", "Calls": 3, "Hits": 2}
    assert [(rule["Id"], rule["Hits"]) for rule in listed] == [("1", 2), ("2", 3)]
    assert ask(server, "DELETE", "faults/1").json() == {"Removed": 1}
    assert ask(server, "DELETE", "faults/1").status_code == 404
    assert [rule["Id"] for rule in server.faults()] == ["2"]
    assert ask(server, "DELETE").json() == {"Removed": 1}
    assert ask(server, "GET").json() == {"Faults": []}


WRONG: dict[str, tuple[object, str]] = {
    "no effect": ({}, "a rule needs one of Error, Latency, Drop and Truncate"),
    "no such member": ({"Errors": "x"}, "there is no member Errors; did you mean Error?"),
    "no object": ([], "expected a mapping with "),
    "no such service": (
        {"Service": "s3", "Drop": "after"},
        "Service: expected one of account, cloudtrail, ec2, kms, sts, tagging, got 's3'",
    ),
    "no such operation": (
        {"Operations": "Decript", "Drop": "after"},
        "Operations: kms has no operation Decript; did you mean Decrypt?",
    ),
    "no such error": ({"Error": "Oops"}, "Error: kms does not answer Oops; choose from"),
    "an error of others": (
        {"Operations": ["Encrypt", "DescribeKey"], "Error": "KeyUnavailableException"},
        "Error: DescribeKey does not answer KeyUnavailableException; ",
    ),
    "an error of another service": (
        {"Service": "cloudtrail", "Error": "KMSInternalException"},
        "Error: cloudtrail does not answer KMSInternalException; ",
    ),
    "two ends": (
        {"Error": "KMSInternalException", "Drop": "after"},
        "Drop: a rule has one of Error, Drop and Truncate",
    ),
    "two whens": ({"Call": 1, "Count": 1, "Drop": "after"}, "Count: a rule has one of Call, Count and Probability"),
    "a call before the first": (
        {"Call": 0, "Drop": "after"},
        "Call: expected a whole number of at least 1 (strike on the n-th call alone), got the number 0",
    ),
    "a probability above one": (
        {"Probability": 1.5, "Drop": "after"},
        "Probability: expected a number from 0 to 1, got the number 1.5",
    ),
    "a message of nothing": ({"Latency": 1, "Message": "x"}, "Message: is the message of an error; add Error"),
    "a latency below none": ({"Latency": -1}, "Latency: expected 0 to 600000 milliseconds, got -1"),
    "a latency without end": ({"Latency": 1e9}, "Latency: expected 0 to 600000 milliseconds"),
    "no such distribution": (
        {"Latency": {"Distribution": "even", "Low": 1, "High": 2}},
        "Latency.Distribution: expected one of lognormal, normal, uniform, got 'even'",
    ),
    "half a distribution": (
        {"Latency": {"Distribution": "uniform", "Low": 1}},
        "Latency: a uniform distribution has Low and High, no others",
    ),
    "another's parameter": (
        {"Latency": {"Distribution": "normal", "Mean": 1, "Deviation": 1, "Sigma": 1}},
        "Latency: a normal distribution has Mean and Deviation, no others",
    ),
    "a range upside down": (
        {"Latency": {"Distribution": "uniform", "Low": 2, "High": 1}},
        "Latency.Low: is above High; exchange them",
    ),
    "no name of a key": ({"KeyId": "orders", "Drop": "after"}, "KeyId: expected the id or the ARN of a key, alias/"),
    "no account": ({"Account": "1", "Drop": "after"}, "Account: expected 12 digits, in quotes"),
    "no such drop": ({"Drop": "never"}, "Drop: expected one of after, before, got 'never'"),
}


@pytest.mark.parametrize(("rule", "words"), WRONG.values(), ids=WRONG)
def test_a_bad_rule_is_refused_with_place_and_remedy(server: KeytrailServer, rule: object, words: str) -> None:
    answer = ask(server, "POST", body=rule)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(f"No rule was added: {words}")
    assert server.faults() == []


def test_a_body_that_is_no_json_is_refused(server: KeytrailServer) -> None:
    answer = requests.post(f"{server.url}/_keytrail/faults", data=b"{", timeout=5)
    assert (answer.status_code, server.faults()) == (400, [])
    assert "expected a JSON object such as" in answer.json()["error"]


def test_there_is_a_bound_to_the_rules(server: KeytrailServer) -> None:
    server.load({"faults": [{"Latency": 0, "Operations": "CreateKey"}] * 1000})
    answer = ask(server, "POST", body={"Latency": 0})
    assert answer.status_code == 400
    assert "there can be 1000 fault rules; delete some first" in answer.json()["error"]
    with pytest.raises(SeedError, match="faults: there can be 1000 fault rules"):
        server.load({"keys": [{"KeyId": MISSING_KEY}], "faults": [RULE]})
    assert outcomes(server, 1, "DescribeKey", KeyId=MISSING_KEY) == [400]


# ---- In fixtures


def test_a_seed_has_rules_that_come_back_at_a_reset_with_their_counters_at_zero() -> None:
    with KeytrailServer(fixtures={**SAMPLE_SEED, "faults": [RULE]}) as server:
        server.add_fault(Error="ThrottlingException", Operations="Decrypt")
        assert outcomes(server, 3) == [500, 500, 200]
        server.reset()
        assert [(rule["Id"], rule["Calls"], rule["Hits"]) for rule in server.faults()] == [("1", 0, 0)]
        assert outcomes(server, 3) == [500, 500, 200]
        server.remove_faults()
        assert outcomes(server, 1) == [200]
        server.reset()
        assert outcomes(server, 1) == [500]


def test_a_reset_of_an_account_leaves_the_rules_about_others(server: KeytrailServer) -> None:
    for account in (ACCOUNT, FOREIGN, None):
        server.add_fault(Latency=0, **({"Account": account} if account else {}))
    server.reset(ACCOUNT)
    assert [rule.get("Account") for rule in server.faults()] == [FOREIGN, None]


def test_a_seed_that_is_loaded_for_an_account_is_about_its_calls(server: KeytrailServer) -> None:
    seed = {"faults": [{"Error": "ThrottlingException"}]}
    assert ask(server, "POST", f"fixtures?account={FOREIGN}", seed).status_code == 200
    assert outcomes(server, 1) == [200]
    assert post(server, "ListKeys", account=FOREIGN).status_code == 400
    assert server.faults()[0]["Account"] == FOREIGN


def test_a_bad_rule_in_a_seed_is_reported_with_its_place(server: KeytrailServer) -> None:
    with pytest.raises(SeedError) as caught:
        server.load({"keys": [{"KeyId": MISSING_KEY}], "faults": [RULE, {"Error": "Oops"}]})
    [problem] = caught.value.problems
    assert problem.startswith("document: faults[1].Error: kms does not answer Oops; ")
    assert server.faults() == []
    assert outcomes(server, 1, "DescribeKey", KeyId=MISSING_KEY) == [400]


# ---- As WSGI


@pytest.fixture
def wsgi() -> Callable[..., Any]:
    app = create_app()
    browser = app.test_client()

    def call(**rule: Any) -> Any:
        app.keytrail.faults.remove()
        app.keytrail.add_fault(json.dumps(rule).encode())
        headers = {"X-Amz-Target": "TrentService.ListKeys", "Authorization": authorization()}
        return browser.post("/", data=b"{}", headers=headers)

    return call


def test_faults_are_answered_by_wsgi_too(wsgi: Callable[..., Any]) -> None:
    assert wsgi(Error="KMSInternalException").status_code == 500
    start = time.monotonic()
    assert wsgi(Latency=100).status_code == 200
    assert time.monotonic() - start >= 0.1
    for rule in ({"Drop": "after"}, {"Truncate": 3}):
        with pytest.raises(ConnectionAbortedError):
            _ = wsgi(**rule).data


def test_a_fault_about_a_key_that_is_deleted_by_now_does_not_strike(
    kms: Any, keytrail_clean: KeytrailServer, keytrail_clock: Any
) -> None:
    """How we know: docs/control-api.md, "The control API"; what is due has happened before anything looks at a key."""
    gone = "7777abcd-12ab-34cd-56ef-1234567890ab"
    keytrail_clean.load({"keys": [{"KeyId": gone, "KeyState": "PendingDeletion", "DeletionDate": "in 8 days"}]})
    keytrail_clean.add_fault(Operations="DescribeKey", KeyId=gone, Error="KMSInternalException")
    keytrail_clock.advance(days=9)
    assert refusal(kms, "DescribeKey", KeyId=gone)[0] == "NotFoundException"
    assert keytrail_clean.faults()[0]["Hits"] == 0
