"""kms_calls: what the code under test called, as an assertion asks for it.

How we know: docs/what-happened.md; which record is a call's own: kms-behaviour G.2, "Cross-account".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keytrail.pytest_plugin import KmsCalls
from keytrail.server import KeytrailServer
from keytrail.server_clock import ServerClock
from tests.support import (
    ACCOUNT,
    ALIAS,
    ELSEWHERE,
    FOREIGN,
    KEY,
    MISSING_KEY,
    MRK,
    OTHER_KEY,
    REGION,
    SAMPLE_SEED,
    key_arn,
    refusal,
    shared_policy,
)

TENANT = {"tenant": "acme", "purpose": "orders"}


@pytest.fixture
def seeded(keytrail_clean: KeytrailServer, kms: Any) -> Any:
    keytrail_clean.load(SAMPLE_SEED)
    return kms


def test_decrypt_was_called_exactly_twice_with_this_context(seeded: Any, kms_calls: KmsCalls) -> None:
    blob = seeded.encrypt(KeyId=ALIAS, Plaintext=b"x", EncryptionContext=TENANT)["CiphertextBlob"]
    other = seeded.encrypt(KeyId=OTHER_KEY, Plaintext=b"x", EncryptionContext={"tenant": "other"})["CiphertextBlob"]
    for _ in range(2):
        seeded.decrypt(CiphertextBlob=blob, EncryptionContext=TENANT)
    seeded.decrypt(CiphertextBlob=other, EncryptionContext={"tenant": "other"})
    assert len(kms_calls("Decrypt", encryption_context=TENANT)) == 2
    assert len(kms_calls("Decrypt", encryption_context={"tenant": "acme"})) == 2
    assert len(kms_calls("Decrypt", encryption_context={"tenant": "none"})) == 0
    assert len(kms_calls(operation="Decrypt")) == 3
    assert [call.encryption_context for call in kms_calls("Decrypt", key=KEY)] == [TENANT, TENANT]


def test_a_key_is_named_by_its_id_its_arn_or_an_alias(seeded: Any, kms_calls: KmsCalls) -> None:
    seeded.describe_key(KeyId=KEY)
    seeded.describe_key(KeyId=OTHER_KEY)
    for name in (KEY, key_arn(), ALIAS):
        assert [call.keys for call in kms_calls("DescribeKey", key=name)] == [(key_arn(),)]
    with pytest.raises(ValueError, match="alias/none is not found"):
        kms_calls(key="alias/none")


def test_either_context_of_reencrypt_counts(seeded: Any, kms_calls: KmsCalls) -> None:
    blob = seeded.encrypt(KeyId=KEY, Plaintext=b"x", EncryptionContext={"a": "1"})["CiphertextBlob"]
    seeded.re_encrypt(
        CiphertextBlob=blob,
        SourceEncryptionContext={"a": "1"},
        DestinationKeyId=OTHER_KEY,
        DestinationEncryptionContext={"b": "2"},
    )
    for context in ({"a": "1"}, {"b": "2"}):
        assert len(kms_calls("ReEncrypt", encryption_context=context)) == 1
    assert len(kms_calls("ReEncrypt", encryption_context={"a": "1", "b": "2"})) == 0


def test_refusals_are_counted_by_their_code(seeded: Any, kms_calls: KmsCalls) -> None:
    seeded.describe_key(KeyId=KEY)
    refusal(seeded, "DescribeKey", KeyId=MISSING_KEY)
    assert [call.error_code for call in kms_calls("DescribeKey")] == [None, "NotFoundException"]
    assert len(kms_calls(error_code="NotFoundException")) == 1
    assert len(kms_calls("DescribeKey", succeeded=True)) == 1
    assert len(kms_calls("DescribeKey", succeeded=False)) == 1


def test_a_call_on_another_accounts_key_counts_once(
    keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any], kms_calls: KmsCalls
) -> None:
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Policy": shared_policy("kms:Encrypt")}]})
    keytrail_client(account=FOREIGN).encrypt(KeyId=key_arn(), Plaintext=b"x")
    assert len(keytrail_clean.events(eventName="Encrypt")) == 2
    [call] = kms_calls("Encrypt")
    assert (call.account, call.keys) == (FOREIGN, (key_arn(),))
    assert kms_calls("Encrypt", account=ACCOUNT) == []


def test_service_events_are_not_calls(seeded: Any, kms_calls: KmsCalls) -> None:
    seeded.update_primary_region(KeyId=MRK, PrimaryRegion=ELSEWHERE)
    assert [call.region for call in kms_calls("UpdatePrimaryRegion")] == [REGION]


def test_only_what_was_called_since_counts_even_if_the_clock_was_set_back(
    seeded: Any, kms_calls: KmsCalls, keytrail_clock: ServerClock
) -> None:
    seeded.list_keys()
    kms_calls.forget()
    assert kms_calls() == []
    keytrail_clock.freeze("2020-05-01T08:00:00Z")
    seeded.describe_key(KeyId=KEY)
    [call] = kms_calls()
    assert (call.operation, call.time) == ("DescribeKey", datetime(2020, 5, 1, 8, tzinfo=UTC))
    assert len(kms_calls(since=call.time, until=call.time + timedelta(milliseconds=1))) == 1
    assert kms_calls(until=call.time) == []


def test_a_failed_assertion_shows_the_calls_and_the_others(seeded: Any, kms_calls: KmsCalls) -> None:
    seeded.encrypt(KeyId=KEY, Plaintext=b"x", EncryptionContext={"a": "1"})
    refusal(seeded, "DescribeKey", KeyId=MISSING_KEY)
    lines = repr(kms_calls("Encrypt")).split("\n  ")
    assert lines[0] == "1 call"
    assert lines[1].endswith(f" Encrypt key/{KEY} {{'a': '1'}} -> ok>")
    assert lines[2] == "others: 1 DescribeKey"
    assert repr(kms_calls("Sign")) == "0 calls\n  others: 1 DescribeKey, 1 Encrypt"
    assert repr(kms_calls(error_code="NotFoundException")[0]).endswith(" DescribeKey -> NotFoundException>")


def test_a_call_has_its_record(seeded: Any, kms_calls: KmsCalls) -> None:
    answer = seeded.describe_key(KeyId=KEY)
    [call] = kms_calls("DescribeKey", service="kms", user_agent="Boto3", source_ip="127.0.0.1")
    assert call.request_id == answer["ResponseMetadata"]["RequestId"] == call.record["requestID"]
    assert (call.event_id, call.principal) == (call.record["eventID"], f"arn:aws:iam::{ACCOUNT}:root")
    assert kms_calls(service="cloudtrail") == []


def test_a_filter_that_is_none_is_refused(kms_calls: KmsCalls) -> None:
    with pytest.raises(TypeError, match="keyid"):
        kms_calls(keyid=KEY)
