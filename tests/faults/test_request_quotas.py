"""Request quotas: how many calls an account may make in a second, by Keytrail's clock.

How we know: kms-behaviour I.2 (KMS Developer Guide, "Request quotas") and kms-behaviour I.3, what is throttled.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest
import requests

from keytrail.faults import Quotas, quotas
from keytrail.operations.kms import OPERATIONS
from keytrail.pytest_plugin import KmsCalls
from keytrail.request_quotas import OFF, RequestQuotas
from keytrail.seeds import SeedError
from keytrail.server import KeytrailServer
from keytrail.server_clock import ServerClock
from keytrail.settings import Settings
from tests.support import ELSEWHERE, FOREIGN, KEY, MRK, SAMPLE_SEED, SIGNING_KEY, STORE, key_arn, shared_policy
from tests.support.clients import new_client
from tests.support.wire import error_of, post

THROTTLED = (
    400,
    "ThrottlingException",
    "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
)
RSA_KEY, STORE_KEY = "bbbb0001-12ab-34cd-56ef-1234567890ab", "bbbb0002-12ab-34cd-56ef-1234567890ab"
ENCRYPT = {"KeyId": KEY, "Plaintext": b"x"}


@pytest.fixture
def server(keytrail_clean: KeytrailServer, keytrail_clock: ServerClock) -> KeytrailServer:
    keytrail_clean.load(SAMPLE_SEED)
    keytrail_clock.freeze("2026-11-01T00:00:00Z")
    return keytrail_clean


def hold(server: KeytrailServer, text: str) -> None:
    server.load({"settings": {"RequestQuotas": text}})


def passed(server: KeytrailServer, operation: str, members: Mapping[str, Any], times: int = 1, **caller: str) -> int:
    """How many of so many calls are not throttled."""
    answers = [post(server, operation, members, **caller) for _ in range(times)]
    return sum(b"ThrottlingException" not in answer.content for answer in answers)


def test_nothing_is_throttled_unless_it_is_asked_for(server: KeytrailServer) -> None:
    assert passed(server, "CreateKey", {}, 7) == 7


def test_awss_quotas_are_those_of_the_guide(server: KeytrailServer) -> None:
    hold(server, "aws")
    assert passed(server, "CreateKey", {}, 7) == 5
    assert passed(server, "GetKeyLastUsage", {"KeyId": KEY}, 7) == 5
    assert passed(server, "ListKeys", {}, 7) == 7


def test_a_throttled_call_has_awss_answer_and_leaves_no_trace(server: KeytrailServer, kms_calls: KmsCalls) -> None:
    hold(server, "Symmetric=2")
    assert passed(server, "Encrypt", ENCRYPT, 2) == 2
    assert error_of(post(server, "Encrypt", ENCRYPT)) == THROTTLED
    assert len(kms_calls()) == 2


def test_the_clock_fills_the_bucket_up_to_one_seconds_calls(
    server: KeytrailServer, keytrail_clock: ServerClock
) -> None:
    hold(server, "CreateKey=4")
    assert passed(server, "CreateKey", {}, 5) == 4
    keytrail_clock.advance(seconds=0.5)
    assert passed(server, "CreateKey", {}, 5) == 2
    keytrail_clock.advance(days=1)
    assert passed(server, "CreateKey", {}, 5) == 4


def test_a_clock_that_is_set_back_fills_nothing(server: KeytrailServer, keytrail_clock: ServerClock) -> None:
    hold(server, "CreateKey=1")
    assert passed(server, "CreateKey", {}, 2) == 1
    keytrail_clock.advance(days=-1)
    assert passed(server, "CreateKey", {}) == 0
    keytrail_clock.advance(days=2)
    assert passed(server, "CreateKey", {}) == 1


def test_a_rate_below_one_lets_a_call_through_now_and_then(server: KeytrailServer, keytrail_clock: ServerClock) -> None:
    hold(server, "CreateKey=0.1")
    assert passed(server, "CreateKey", {}, 2) == 1
    keytrail_clock.advance(seconds=9)
    assert passed(server, "CreateKey", {}) == 0
    keytrail_clock.advance(seconds=1)
    assert passed(server, "CreateKey", {}, 2) == 1


def test_symmetric_operations_share_a_quota_and_others_have_their_own(server: KeytrailServer) -> None:
    hold(server, "Symmetric=3,ECC=1,DescribeKey=1")
    assert passed(server, "Encrypt", ENCRYPT) == 1
    assert passed(server, "GenerateDataKey", {"KeyId": KEY, "KeySpec": "AES_256"}) == 1
    assert passed(server, "GenerateRandom", {"NumberOfBytes": 8}) == 1
    assert passed(server, "Encrypt", ENCRYPT) == 0
    sign = {"KeyId": SIGNING_KEY, "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}
    assert passed(server, "Sign", sign, 2) == 1
    assert passed(server, "DescribeKey", {"KeyId": KEY}, 2) == 1
    assert passed(server, "ListKeys", {}, 9) == 9


def test_the_key_of_a_ciphertext_decides_the_quota(server: KeytrailServer) -> None:
    blob = post(server, "Encrypt", ENCRYPT).json()["CiphertextBlob"]
    hold(server, "Symmetric=1")
    assert passed(server, "Decrypt", {"CiphertextBlob": blob}, 2) == 1


def test_encryption_with_an_rsa_key_counts_as_rsa(server: KeytrailServer) -> None:
    server.load({"keys": [{"KeyId": RSA_KEY, "KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}]})
    hold(server, "RSA=1,Symmetric=9")
    members = {"KeyId": RSA_KEY, "Plaintext": b"x", "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    assert passed(server, "Encrypt", members, 2) == 1


def test_a_custom_key_store_has_a_quota_beside_the_accounts(server: KeytrailServer) -> None:
    store = "cks-3456789012abcdef0"
    stores = [{"CustomKeyStoreId": store}]
    key = {"KeyId": STORE_KEY, "Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": store}
    server.load({"customKeyStores": stores, "keys": [key]})
    assert store != STORE
    hold(server, "CustomKeyStore=1,Symmetric=2")
    members = {"KeyId": STORE_KEY, "Plaintext": b"x"}
    assert passed(server, "Encrypt", members, 2) == 1
    assert passed(server, "Encrypt", ENCRYPT, 2) == 1


def test_data_key_pairs_have_a_quota_by_their_spec(server: KeytrailServer) -> None:
    hold(server, "GenerateDataKeyPair:ECC_NIST_P256=1")
    for operation, expected in (("GenerateDataKeyPair", 1), ("GenerateDataKeyPairWithoutPlaintext", 0)):
        assert passed(server, operation, {"KeyId": KEY, "KeyPairSpec": "ECC_NIST_P256"}) == expected
    assert passed(server, "GenerateDataKeyPair", {"KeyId": KEY, "KeyPairSpec": "ECC_NIST_P384"}) == 1


def test_each_account_and_region_has_its_own_and_the_caller_pays(server: KeytrailServer) -> None:
    post(server, "PutKeyPolicy", {"KeyId": KEY, "Policy": json.dumps(shared_policy("kms:Encrypt"))})
    hold(server, "Symmetric=1")
    members = {"KeyId": key_arn(), "Plaintext": b"x"}
    assert passed(server, "Encrypt", members, 2, account=FOREIGN) == 1
    assert passed(server, "Encrypt", members, 2) == 1
    assert passed(server, "GenerateRandom", {"NumberOfBytes": 8}, 2, region=ELSEWHERE) == 1


def test_a_replica_costs_two_creations_in_its_region(server: KeytrailServer) -> None:
    hold(server, "CreateKey=3")
    replicate = {"KeyId": MRK, "ReplicaRegion": "us-west-2"}
    assert passed(server, "ReplicateKey", replicate) == 1
    assert passed(server, "CreateKey", {}, 2, region="us-west-2") == 1
    assert passed(server, "CreateKey", {}, 4) == 3


def test_a_call_that_costs_more_than_a_full_bucket_waits_for_a_full_one(
    server: KeytrailServer, keytrail_clock: ServerClock
) -> None:
    hold(server, "CreateKey=1")
    assert passed(server, "ReplicateKey", {"KeyId": MRK, "ReplicaRegion": "us-west-2"}) == 1
    keytrail_clock.advance(seconds=1)
    assert passed(server, "CreateKey", {}, region="us-west-2") == 0
    keytrail_clock.advance(seconds=1)
    assert passed(server, "CreateKey", {}, region="us-west-2") == 1


def test_moving_a_primary_costs_in_both_regions(server: KeytrailServer) -> None:
    hold(server, "UpdatePrimaryRegion=1")
    assert passed(server, "UpdatePrimaryRegion", {"KeyId": MRK, "PrimaryRegion": ELSEWHERE}) == 1
    back = {"KeyId": MRK, "PrimaryRegion": "us-east-1"}
    assert error_of(post(server, "UpdatePrimaryRegion", back, region=ELSEWHERE)) == THROTTLED


def test_boto3_waits_and_gets_through(server: KeytrailServer, keytrail_clock: ServerClock) -> None:
    hold(server, "Symmetric=4")
    keytrail_clock.run()
    kms = new_client(server.url, attempts=8)
    random.seed(1)
    retried = [kms.generate_random(NumberOfBytes=1)["ResponseMetadata"]["RetryAttempts"] for _ in range(6)]
    assert sum(retried) > 0


def test_cloudtrails_lookups_are_throttled_in_its_own_words(server: KeytrailServer) -> None:
    hold(server, "aws")
    prefix = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."
    answers = [post(server, "LookupEvents", {}, prefix=prefix) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 400]
    assert error_of(answers[2]) == (400, "ThrottlingException", "Rate exceeded")


# ---- What may be asked for

TEXTS = {
    "off": OFF,
    "": OFF,
    "aws": RequestQuotas(1.0),
    "aws*0.01": RequestQuotas(0.01),
    "CreateKey=1": RequestQuotas(None, {"CreateKey": 1.0}),
    " aws , CreateKey=0.5, Symmetric=3": RequestQuotas(1.0, {"CreateKey": 0.5, "Symmetric": 3.0}),
}


@pytest.mark.parametrize(("text", "quotas"), TEXTS.items())
def test_quotas_are_read_and_written(text: str, quotas: RequestQuotas) -> None:
    assert RequestQuotas.parse(text) == quotas
    assert RequestQuotas.parse(str(quotas)) == quotas
    settings = Settings(request_quotas=text)  # type: ignore[arg-type]
    assert settings.request_quotas == quotas
    assert Settings.from_environment(settings.to_environment()) == settings


WRONG = {
    "all": "expected off, aws, aws*0.01, or rates such as Symmetric=5,CreateKey=1; got 'all'",
    "aws*much": "expected a number above 0 and up to 1e9, got 'aws*much'",
    "CreateKey=0": "expected a number above 0 and up to 1e9, got 'CreateKey=0'",
    "CreateKey=nan": "expected a number above 0",
    "CreateKeys=1": "there is no request quota 'CreateKeys'; choose from CancelKeyDeletion, ",
}


@pytest.mark.parametrize(("text", "words"), WRONG.items())
def test_quotas_that_are_none_are_refused(text: str, words: str, keytrail_clean: KeytrailServer) -> None:
    with pytest.raises(ValueError, match="request_quotas") as caught:
        KeytrailServer(request_quotas=text)
    assert words in str(caught.value)
    with pytest.raises(SeedError) as refused:
        hold(keytrail_clean, text)
    assert refused.value.problems[0].startswith(f"document: settings.RequestQuotas: {words}")


def test_a_factor_scales_awss_rates_by_region() -> None:
    scaled = Quotas(RequestQuotas.parse("aws*0.5,CreateKey=1"))
    assert [scaled.rate("Symmetric", region) for region in ("us-east-1", "eu-west-2", "eu-north-1")] == [
        50_000,
        10_000,
        5_000,
    ]
    assert (scaled.rate("CreateKey", "us-east-1"), scaled.rate("ListKeys", "us-east-1")) == (1, 250)
    assert scaled.rate("Encapsulate", "us-east-1") is None


def test_every_operation_but_the_encapsulations_has_a_quota() -> None:
    # How we know: kms-behaviour I.2; AWS's guide has none for ML-KEM.
    without = {name for name, operation in OPERATIONS.items() if operation.quota is None}
    assert without == {"Encapsulate", "Decapsulate"}


# ---- Where it is set


def test_settings_hold_quotas_and_a_reset_fills_them() -> None:
    with KeytrailServer(request_quotas="CreateKey=1") as server:
        server.clock.freeze()
        assert passed(server, "CreateKey", {}, 2) == 1
        hold(server, "off")
        assert passed(server, "CreateKey", {}, 3) == 3
        server.reset()
        server.clock.freeze()
        assert passed(server, "CreateKey", {}, 2) == 1


def test_the_control_api_sets_and_shows_them(server: KeytrailServer) -> None:
    url = f"{server.url}/_keytrail/settings"
    off = {"UsageDelay": "0", "ConsistencyDelay": "0", "RequestQuotas": "off", "Throttled": {}}
    shown = requests.get(url, timeout=5).json()
    assert {name: shown[name] for name in off} == off
    answer = requests.put(url, json={"RequestQuotas": "CreateKey=1"}, timeout=5)
    assert answer.json()["RequestQuotas"] == "CreateKey=1.0"
    passed(server, "CreateKey", {}, 3)
    assert requests.get(url, timeout=5).json()["Throttled"] == {"CreateKey": 2}
    for body in ({"RequestQuotas": "no"}, {"Request": "aws"}, [], {"RequestQuotas": 1}):
        assert requests.put(url, json=body, timeout=5).status_code == 400
    assert requests.get(url, timeout=5).json()["RequestQuotas"] == "CreateKey=1.0"
    answer = requests.post(
        f"{server.url}/_keytrail/fixtures?account={FOREIGN}", json={"settings": {"RequestQuotas": "aws"}}, timeout=5
    )
    assert (answer.status_code, "RequestQuotas: is the whole server's" in answer.json()["error"]) == (400, True)


def test_the_number_of_buckets_is_bounded(server: KeytrailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "MAX_BUCKETS", 3)
    hold(server, "CreateKey=1")
    accounts = [f"{number:012}" for number in range(1, 6)]
    assert [passed(server, "CreateKey", {}, account=account) for account in accounts] == [1] * 5
    assert [passed(server, "CreateKey", {}, account=account) for account in reversed(accounts[2:])] == [0] * 3
    assert passed(server, "CreateKey", {}, account=accounts[0]) == 1
