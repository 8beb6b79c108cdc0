"""GetKeyLastUsage: when a key was last used, as AWS tells it since 2026-04-27.

How we know: the model of the operation and the two samples of the API Reference (docs), unless a test says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keytrail.operations.kms import OPERATIONS
from keytrail.server import KeytrailServer
from tests.support import (
    ACCOUNT,
    ALIAS,
    DOOMED_KEY,
    ELSEWHERE,
    FOREIGN,
    KEY,
    KINDS,
    MISSING_KEY,
    MRK,
    OTHER_KEY,
    REGION,
    SAMPLE_SEED,
    SIGNING_KEY,
    UUID,
    alias_arn,
    alias_of,
    client_of,
    denied,
    key_arn,
    key_of,
    load_sample_seed,
    refusal,
    request,
    shared_policy,
)
from tests.support import invoke as call
from tests.support.paths import SAMPLE_FOLDER

Make = Callable[..., Any]

THEN = datetime(2026, 9, 1, 12, 0, 0, 417_000, tzinfo=UTC)
THIRD = "333344445555"

TRACKED = (
    "Decrypt",
    "DeriveSharedSecret",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "ReEncrypt",
    "Sign",
    "Verify",
    "VerifyMac",
    "Encapsulate",
    "Decapsulate",
)
"""The operations that count as a use (model)."""
ON_KEY = [name for name in TRACKED if key_of(name) == KEY]


def last_usage(client: Any, key_id: str = KEY) -> dict[str, Any]:
    usage: dict[str, Any] = client.get_key_last_usage(KeyId=key_id)["KeyLastUsage"]
    return usage


def request_id(answer: dict[str, Any]) -> str:
    return str(answer["ResponseMetadata"]["RequestId"])


def event_of(server: KeytrailServer, usage: dict[str, Any]) -> dict[str, Any]:
    """The one record of the trail with the event id of a last usage."""
    (record,) = server.events(eventId=usage["CloudTrailEventId"])
    return record


@pytest.fixture
def blob(keytrail_clean: KeytrailServer, kms: Any) -> bytes:
    """A ciphertext under KEY, in the sample seed, where no key was used yet."""
    return load_sample_seed(keytrail_clean, kms)


# ---- Shape


def test_an_answer_has_four_members_and_the_bare_key_id(kms: Any, blob: bytes) -> None:
    answer = kms.get_key_last_usage(KeyId=KEY)
    assert set(answer) - {"ResponseMetadata"} == {"KeyId", "KeyLastUsage", "TrackingStartDate", "KeyCreationDate"}
    assert answer["KeyId"] == KEY


def test_an_unused_key_has_an_empty_last_usage_not_a_missing_one(kms: Any) -> None:
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    assert kms.get_key_last_usage(KeyId=key_id)["KeyLastUsage"] == {}


def test_a_last_usage_has_four_members(kms: Any, blob: bytes) -> None:
    kms.encrypt(KeyId=KEY, Plaintext=b"x")
    assert set(last_usage(kms)) == {"Operation", "Timestamp", "KmsRequestId", "CloudTrailEventId"}


def test_the_ids_of_a_last_usage_are_two_different_lower_case_uuids(kms: Any, blob: bytes) -> None:
    kms.encrypt(KeyId=KEY, Plaintext=b"x")
    usage = last_usage(kms)
    assert re.fullmatch(UUID, usage["KmsRequestId"])
    assert re.fullmatch(UUID, usage["CloudTrailEventId"])
    assert usage["KmsRequestId"] != usage["CloudTrailEventId"]


def test_the_timestamp_and_the_dates_of_the_key_have_milliseconds(kms: Any, keytrail_clock: Any) -> None:
    """How we know: recorded; AWS's sample, older, has a timestamp without a fraction."""
    keytrail_clock.freeze(THEN)
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.encrypt(KeyId=key_id, Plaintext=b"x")
    answer = kms.get_key_last_usage(KeyId=key_id)
    assert answer["KeyLastUsage"]["Timestamp"] == answer["KeyCreationDate"] == THEN
    assert THEN.microsecond


def test_tracking_of_a_new_key_starts_with_its_creation_to_the_fraction(kms: Any, keytrail_clock: Any) -> None:
    keytrail_clock.freeze(THEN)
    created = kms.create_key()["KeyMetadata"]
    keytrail_clock.advance(days=3)
    answer = kms.get_key_last_usage(KeyId=created["KeyId"])
    assert answer["TrackingStartDate"] == answer["KeyCreationDate"] == created["CreationDate"] == THEN


@pytest.mark.parametrize("operation", TRACKED)
def test_a_seeded_past_may_be_any_of_the_fourteen_operations(
    operation: str, kms: Any, keytrail_clean: KeytrailServer, keytrail_clock: Any
) -> None:
    """How we know: model; docs/still-needed.md: the event that GetKeyLastUsage tells of is always found."""
    keytrail_clock.freeze(THEN)
    keytrail_clean.load({"keys": [{"KeyId": KEY, "LastUsage": {"Operation": operation, "Timestamp": "3 days ago"}}]})
    usage = last_usage(kms)
    assert usage["Operation"] == operation
    assert usage["Timestamp"] == THEN - timedelta(days=3)
    event = event_of(keytrail_clean, usage)
    assert event["eventName"] == operation
    assert event["requestID"] == usage["KmsRequestId"]
    assert event["eventTime"] == "2026-08-29T12:00:00Z"
    assert [resource["ARN"] for resource in event["resources"]] == [key_arn()]
    assert event["recipientAccountId"] == ACCOUNT


# ---- Rules: what the dates say


@pytest.mark.parametrize(
    ("created", "used", "is_empty", "is_older_than_tracking"),
    [
        ("2026-06-01T08:00:00Z", "2026-07-01T00:00:00Z", False, False),
        ("2023-01-01T00:00:00Z", "2026-07-01T00:00:00Z", False, True),
        ("2026-06-01T08:00:00Z", None, True, False),
        ("2023-01-01T00:00:00Z", None, True, True),
    ],
    ids=["used", "used, old", "never used", "not used since tracking began"],
)
def test_empty_usage_and_the_two_dates_tell_never_used_from_unknown(
    created: str,
    used: str | None,
    is_empty: bool,
    is_older_than_tracking: bool,
    kms: Any,
    keytrail_clean: KeytrailServer,
) -> None:
    """How we know: KMS Developer Guide, "Determine past usage of a KMS key"."""
    seed: dict[str, Any] = {"KeyId": KEY, "CreationDate": created}
    if used is not None:
        seed["LastUsage"] = {"Operation": "Decrypt", "Timestamp": used}
    keytrail_clean.load({"keys": [seed]})
    answer = kms.get_key_last_usage(KeyId=KEY)
    assert (answer["KeyLastUsage"] == {}) == is_empty
    assert (answer["KeyCreationDate"] < answer["TrackingStartDate"]) == is_older_than_tracking
    assert answer["KeyCreationDate"] == datetime.fromisoformat(created)


def test_the_sample_of_idle_keys_has_all_three_cases(
    keytrail_client: Make, keytrail_clean: KeytrailServer, keytrail_clock: Any
) -> None:
    """How we know: kms-behaviour C.2; fixtures/idle-keys.yaml."""
    keytrail_clock.freeze(datetime(2027, 1, 1, tzinfo=UTC))
    keytrail_clean.load(SAMPLE_FOLDER / "idle-keys.yaml")
    kms = keytrail_client(account="222233334444")
    cases = set()
    for key in kms.list_keys()["Keys"]:
        answer = kms.get_key_last_usage(KeyId=key["KeyId"])
        unknown = answer["KeyCreationDate"] < answer["TrackingStartDate"]
        cases.add("used" if answer["KeyLastUsage"] else "unknown" if unknown else "never used")
    assert cases == {"used", "never used", "unknown"}


def test_keys_older_than_tracking_share_its_first_day(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: reported, 2026-04-23; the time of day is not known."""
    keytrail_clean.load(
        {
            "keys": [
                {"KeyId": KEY, "CreationDate": "2015-01-01T00:00:00Z"},
                {"KeyId": OTHER_KEY, "CreationDate": "2026-04-22T00:00:00Z"},
            ]
        }
    )
    first, second = (kms.get_key_last_usage(KeyId=key)["TrackingStartDate"] for key in (KEY, OTHER_KEY))
    assert first == second
    assert first.astimezone(UTC).date().isoformat() == "2026-04-23"


def test_a_use_before_tracking_began_is_not_known(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: AWS docs, a last usage that is not empty is one since TrackingStartDate."""
    past = {"Operation": "Decrypt", "Timestamp": "2025-01-01T00:00:00Z"}
    keytrail_clean.load({"keys": [{"KeyId": KEY, "CreationDate": "2023-01-01T00:00:00Z", "LastUsage": past}]})
    assert last_usage(kms) == {}


def test_the_date_that_tracking_began_can_be_set() -> None:
    """How we know: docs/settings.md, "Settings": KEYTRAIL_TRACKING_START."""
    begin = datetime(2020, 2, 2, tzinfo=UTC)
    with KeytrailServer(tracking_start=begin) as server:
        server.load({"keys": [{"KeyId": KEY, "CreationDate": "2019-01-01T00:00:00Z"}]})
        assert client_of(server).get_key_last_usage(KeyId=KEY)["TrackingStartDate"] == begin


# ---- Rules: what counts as a use


@pytest.mark.parametrize("operation", TRACKED)
def test_a_successful_cryptographic_operation_is_the_last_usage(
    operation: str, kms: Any, keytrail_clean: KeytrailServer, keytrail_clock: Any, blob: bytes
) -> None:
    moment = keytrail_clock.freeze(THEN + timedelta(days=90))
    answer = call(kms, operation, **request(operation, blob))
    usage = last_usage(kms, key_of(operation))
    assert usage["Operation"] == operation
    assert usage["Timestamp"] == moment
    assert usage["KmsRequestId"] == request_id(answer)
    assert usage["KmsRequestId"] == answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
    event = event_of(keytrail_clean, usage)
    assert event["eventName"] == operation
    assert event["requestID"] == request_id(answer)
    assert event["recipientAccountId"] == ACCOUNT
    assert key_arn(key_of(operation)) in [resource["ARN"] for resource in event["resources"]]


@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - set(TRACKED)))
def test_no_other_operation_is_a_use(
    operation: str, kms: Any, keytrail_client: Make, keytrail_clock: Any, blob: bytes
) -> None:
    """How we know: AWS docs; they are not among the fourteen."""
    kms.encrypt(KeyId=KEY, Plaintext=b"x")
    keytrail_clock.advance(hours=1)
    elsewhere = keytrail_client(region=ELSEWHERE)
    keys = ((kms, KEY), (kms, OTHER_KEY), (kms, DOOMED_KEY), (kms, MRK), (elsewhere, MRK))
    before = [last_usage(client, key) for client, key in keys]
    call(kms, operation, **request(operation, blob))
    assert [last_usage(client, key) for client, key in keys] == before


def test_only_the_latest_use_is_reported(kms: Any, keytrail_clock: Any, blob: bytes) -> None:
    for operation in (*ON_KEY, *reversed(ON_KEY)):
        moment = keytrail_clock.advance(minutes=7)
        answer = call(kms, operation, **request(operation, blob))
        usage = last_usage(kms)
        assert (usage["Operation"], usage["KmsRequestId"]) == (operation, request_id(answer))
        assert abs(usage["Timestamp"] - moment) < timedelta(minutes=1)


def test_each_key_has_its_own_usage(kms: Any, blob: bytes) -> None:
    kms.encrypt(KeyId=KEY, Plaintext=b"x")
    assert last_usage(kms, OTHER_KEY) == {}


@pytest.mark.parametrize("form", ["alias", "alias ARN", "id", "ARN"])
@pytest.mark.parametrize("operation", [name for name in TRACKED if name != "ReEncrypt"])
def test_a_use_by_whatever_name_is_recorded_on_the_key_itself(operation: str, form: str, kms: Any, blob: bytes) -> None:
    """How we know: inferred."""
    key, alias = key_of(operation), alias_of(operation)
    if alias != ALIAS:
        kms.create_alias(AliasName=alias, TargetKeyId=key)
    name = {"alias": alias, "alias ARN": alias_arn(alias), "id": key, "ARN": key_arn(key)}[form]
    answer = call(kms, operation, **request(operation, blob, KeyId=name))
    assert last_usage(kms, key)["KmsRequestId"] == request_id(answer)
    assert last_usage(kms, OTHER_KEY) == {}


def test_an_alias_that_moved_records_on_the_key_that_it_names_now(kms: Any, blob: bytes) -> None:
    """How we know: inferred."""
    before = kms.encrypt(KeyId=ALIAS, Plaintext=b"x")
    kms.update_alias(AliasName=ALIAS, TargetKeyId=OTHER_KEY)
    after = kms.encrypt(KeyId=ALIAS, Plaintext=b"x")
    assert last_usage(kms, KEY)["KmsRequestId"] == request_id(before)
    assert last_usage(kms, OTHER_KEY)["KmsRequestId"] == request_id(after)


def test_decrypt_without_a_key_id_is_recorded_on_the_key_in_the_ciphertext(kms: Any, blob: bytes) -> None:
    """How we know: inferred."""
    answer = kms.decrypt(CiphertextBlob=blob)
    assert last_usage(kms)["KmsRequestId"] == request_id(answer)
    assert last_usage(kms)["Operation"] == "Decrypt"
    assert last_usage(kms, OTHER_KEY) == {}


@pytest.mark.parametrize("source", [{}, {"SourceKeyId": KEY}, {"SourceKeyId": ALIAS}], ids=["blob", "id", "alias"])
def test_re_encrypt_is_a_use_of_both_keys_by_one_event(
    source: dict[str, str], kms: Any, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    """How we know: AWS docs, both keys, Operation ReEncrypt; inferred, one owner's one event."""
    answer = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=OTHER_KEY, **source)
    from_usage, to_usage = last_usage(kms, KEY), last_usage(kms, OTHER_KEY)
    assert from_usage == to_usage
    assert from_usage["Operation"] == "ReEncrypt"
    assert from_usage["KmsRequestId"] == request_id(answer)
    event = event_of(keytrail_clean, from_usage)
    assert [resource["ARN"] for resource in event["resources"]] == [key_arn(KEY), key_arn(OTHER_KEY)]


def test_re_encrypt_under_the_same_key_is_one_use(kms: Any, keytrail_clean: KeytrailServer, blob: bytes) -> None:
    """How we know: inferred."""
    answer = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=KEY)
    assert last_usage(kms)["KmsRequestId"] == request_id(answer)
    assert len(keytrail_clean.events(eventName="ReEncrypt")) == 1


def test_the_keys_of_a_re_encrypt_go_on_apart(kms: Any, keytrail_clock: Any, blob: bytes) -> None:
    """How we know: AWS docs, "independently"."""
    first = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=OTHER_KEY)
    keytrail_clock.advance(days=1)
    second = kms.encrypt(KeyId=OTHER_KEY, Plaintext=b"x")
    assert last_usage(kms, KEY)["KmsRequestId"] == request_id(first)
    assert last_usage(kms, OTHER_KEY)["KmsRequestId"] == request_id(second)


@pytest.mark.parametrize(
    ("caller", "source_owner", "destination_owner"),
    [
        (ACCOUNT, ACCOUNT, FOREIGN),
        (ACCOUNT, FOREIGN, ACCOUNT),
        (ACCOUNT, FOREIGN, FOREIGN),
        (ACCOUNT, FOREIGN, THIRD),
    ],
)
def test_re_encrypt_across_accounts_gives_each_key_its_own_owners_event(
    caller: str,
    source_owner: str,
    destination_owner: str,
    keytrail_client: Make,
    keytrail_clean: KeytrailServer,
) -> None:
    """How we know: AWS docs, "from its own owner's account"; inferred, one request id."""
    keytrail_clean.load(
        {
            "keys": [
                {"KeyId": key, "Account": owner, "Policy": shared_policy("kms:ReEncrypt*", owner=owner, to=caller)}
                for key, owner in ((KEY, source_owner), (OTHER_KEY, destination_owner))
            ]
        }
    )
    source, destination = keytrail_client(account=source_owner), keytrail_client(account=destination_owner)
    ciphertext = source.encrypt(KeyId=KEY, Plaintext=b"x")["CiphertextBlob"]
    answer = keytrail_client(account=caller).re_encrypt(
        CiphertextBlob=ciphertext, DestinationKeyId=key_arn(OTHER_KEY, destination_owner)
    )
    usages = [last_usage(source, KEY), last_usage(destination, OTHER_KEY)]
    assert {usage["KmsRequestId"] for usage in usages} == {request_id(answer)}
    assert {usage["Operation"] for usage in usages} == {"ReEncrypt"}
    owners = [event_of(keytrail_clean, usage)["recipientAccountId"] for usage in usages]
    assert owners == [source_owner, destination_owner]
    same_owner = source_owner == destination_owner
    assert (usages[0]["CloudTrailEventId"] == usages[1]["CloudTrailEventId"]) == same_owner


@pytest.mark.parametrize("operation", ["Encrypt", "Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"])
def test_a_use_by_another_account_shows_the_owners_event(
    operation: str, keytrail_client: Make, keytrail_clean: KeytrailServer
) -> None:
    """How we know: AWS docs, the event in the key owner's account."""
    policy = shared_policy(f"kms:{operation}", owner=FOREIGN, to=ACCOUNT)
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Account": FOREIGN, "Policy": policy}]})
    owner, user = keytrail_client(account=FOREIGN), keytrail_client(account=ACCOUNT)
    ciphertext = owner.encrypt(KeyId=KEY, Plaintext=b"x")["CiphertextBlob"]
    answer = call(user, operation, **request(operation, ciphertext, KeyId=key_arn(account=FOREIGN)))
    usage = last_usage(owner)
    assert usage["KmsRequestId"] == request_id(answer)
    assert event_of(keytrail_clean, usage)["recipientAccountId"] == FOREIGN
    assert event_of(keytrail_clean, usage)["userIdentity"]["accountId"] == ACCOUNT


# ---- Rules: multi-Region keys, each Region for itself


@pytest.mark.parametrize(("used", "unused"), [(REGION, ELSEWHERE), (ELSEWHERE, REGION)])
def test_a_use_in_one_region_is_none_in_the_other(used: str, unused: str, keytrail_client: Make, blob: bytes) -> None:
    """How we know: AWS docs."""
    here, there = keytrail_client(region=used), keytrail_client(region=unused)
    answer = here.encrypt(KeyId=MRK, Plaintext=b"x")
    assert last_usage(here, MRK)["KmsRequestId"] == request_id(answer)
    assert last_usage(there, MRK) == {}
    second = there.decrypt(CiphertextBlob=answer["CiphertextBlob"])
    assert last_usage(there, MRK)["KmsRequestId"] == request_id(second)
    assert last_usage(here, MRK)["KmsRequestId"] == request_id(answer)


def test_a_new_replica_starts_unused_with_its_own_creation_date(
    kms: Any, keytrail_client: Make, keytrail_clock: Any
) -> None:
    """How we know: inferred."""
    keytrail_clock.freeze(THEN)
    key_id = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.encrypt(KeyId=key_id, Plaintext=b"x")
    later = keytrail_clock.advance(days=40)
    kms.replicate_key(KeyId=key_id, ReplicaRegion=ELSEWHERE)
    answer = keytrail_client(region=ELSEWHERE).get_key_last_usage(KeyId=key_id)
    assert answer["KeyLastUsage"] == {}
    assert answer["KeyCreationDate"] == answer["TrackingStartDate"] == later


def test_moving_the_primary_moves_no_usage(kms: Any, keytrail_client: Make, blob: bytes) -> None:
    """How we know: inferred."""
    elsewhere = keytrail_client(region=ELSEWHERE)
    kms.encrypt(KeyId=MRK, Plaintext=b"x")
    before = last_usage(kms, MRK)
    kms.update_primary_region(KeyId=MRK, PrimaryRegion=ELSEWHERE)
    assert last_usage(kms, MRK) == before != {}
    assert last_usage(elsewhere, MRK) == {}


# ---- Rules: what does not count, and what survives


@pytest.mark.parametrize("operation", TRACKED)
def test_a_dry_run_is_no_use(operation: str, kms: Any, blob: bytes) -> None:
    """How we know: inferred, it ends in an exception; all fourteen know DryRun (model)."""
    assert refusal(kms, operation, **request(operation, blob), DryRun=True) == (
        "DryRunOperationException",
        "The request would have succeeded, but the DryRun option is set.",
    )
    assert last_usage(kms, KEY) == last_usage(kms, OTHER_KEY) == {}


@pytest.mark.parametrize("operation", TRACKED)
def test_an_operation_refused_by_the_key_state_is_no_use(operation: str, kms: Any, blob: bytes) -> None:
    """How we know: AWS docs, only successful operations."""
    kms.disable_key(KeyId=key_of(operation))
    assert refusal(kms, operation, **request(operation, blob))[0] == "DisabledException"
    assert last_usage(kms, key_of(operation)) == last_usage(kms, OTHER_KEY) == {}


FAILURES: list[tuple[str, dict[str, Any], str]] = [
    ("Decrypt", {"EncryptionContext": {"not": "so"}}, "InvalidCiphertextException"),
    ("Decrypt", {"CiphertextBlob": b"garbage"}, "InvalidCiphertextException"),
    ("Decrypt", {"KeyId": OTHER_KEY}, "IncorrectKeyException"),
    ("Encrypt", {"EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}, "InvalidKeyUsageException"),
    ("Encrypt", {"Plaintext": b"x" * 4097}, "ValidationException"),
    ("GenerateDataKey", {"NumberOfBytes": 16}, "ValidationException"),
    ("GenerateDataKeyWithoutPlaintext", {"KeySpec": "AES_256"}, "ValidationException"),
    ("GenerateDataKeyPair", {"KeyPairSpec": "SM2"}, "UnsupportedOperationException"),
    ("GenerateDataKeyPairWithoutPlaintext", {"KeyPairSpec": "SM2"}, "UnsupportedOperationException"),
    ("ReEncrypt", {"SourceEncryptionContext": {"not": "so"}}, "InvalidCiphertextException"),
    ("ReEncrypt", {"SourceKeyId": OTHER_KEY}, "IncorrectKeyException"),
    ("ReEncrypt", {"DestinationKeyId": DOOMED_KEY}, "KMSInvalidStateException"),
    ("ReEncrypt", {"DestinationKeyId": MISSING_KEY}, "NotFoundException"),
    ("Sign", {"SigningAlgorithm": "ECDSA_SHA_384"}, "InvalidKeyUsageException"),
    ("Sign", {"MessageType": "DIGEST"}, "ValidationException"),
    ("Verify", {"Signature": b"x"}, "KMSInvalidSignatureException"),
    ("Verify", {"Message": b"other words"}, "KMSInvalidSignatureException"),
    ("GenerateMac", {"MacAlgorithm": "HMAC_SHA_512"}, "InvalidKeyUsageException"),
    ("VerifyMac", {"Mac": b"x"}, "KMSInvalidMacException"),
    ("VerifyMac", {"Message": b"other words"}, "KMSInvalidMacException"),
    ("DeriveSharedSecret", {"PublicKey": b"garbage"}, "ValidationException"),
    ("Encapsulate", {"KeyId": SIGNING_KEY}, "InvalidKeyUsageException"),
    ("Decapsulate", {"SharedSecretCiphertextBlob": b"too short"}, "InvalidCiphertextException"),
]
"""What is wrong with a request that else would succeed, at least once for each of the fourteen."""


@pytest.mark.parametrize(("operation", "members", "code"), FAILURES)
def test_a_failed_operation_is_no_use_of_any_key(
    operation: str, members: dict[str, Any], code: str, kms: Any, blob: bytes
) -> None:
    """How we know: AWS docs, only successful operations; that a false signature or MAC is a failure is inferred."""
    assert refusal(kms, operation, **request(operation, blob, **members))[0] == code
    for key in (KEY, OTHER_KEY, DOOMED_KEY, *KINDS):
        assert last_usage(kms, key) == {}


def test_each_of_the_fourteen_is_answered_and_fails_once_above() -> None:
    assert {operation for operation, _, _ in FAILURES} == set(TRACKED) <= set(OPERATIONS)


@pytest.mark.parametrize("operation", [name for name in TRACKED if name != "ReEncrypt"])
def test_an_operation_denied_to_another_account_is_no_use(
    operation: str, kms: Any, keytrail_client: Make, blob: bytes
) -> None:
    stranger = keytrail_client(account=FOREIGN)
    members = request(operation, blob, KeyId=key_arn())
    assert refusal(stranger, operation, **members)[0] == "AccessDeniedException"
    assert last_usage(kms) == {}


def test_a_failure_after_a_use_leaves_that_use(kms: Any, keytrail_clock: Any, blob: bytes) -> None:
    kms.encrypt(KeyId=KEY, Plaintext=b"x")
    before = last_usage(kms)
    keytrail_clock.advance(days=1)
    refusal(kms, "Decrypt", CiphertextBlob=blob, EncryptionContext={"not": "so"})
    refusal(kms, "Encrypt", KeyId=KEY, Plaintext=b"x", DryRun=True)
    assert last_usage(kms) == before != {}


def _disable_and_enable(kms: Any) -> None:
    kms.disable_key(KeyId=KEY)
    kms.enable_key(KeyId=KEY)


def _schedule_and_cancel(kms: Any) -> None:
    kms.schedule_key_deletion(KeyId=KEY, PendingWindowInDays=7)
    kms.cancel_key_deletion(KeyId=KEY)


@pytest.mark.parametrize(
    "happens",
    [
        lambda kms: kms.disable_key(KeyId=KEY),
        _disable_and_enable,
        lambda kms: kms.schedule_key_deletion(KeyId=KEY, PendingWindowInDays=7),
        _schedule_and_cancel,
        lambda kms: kms.update_key_description(KeyId=KEY, Description="other"),
        lambda kms: kms.delete_alias(AliasName=ALIAS),
    ],
    ids=["disabled", "enabled again", "pending deletion", "deletion cancelled", "described", "alias deleted"],
)
def test_usage_survives_what_happens_to_the_key(
    happens: Callable[[Any], object], kms: Any, keytrail_clock: Any, blob: bytes
) -> None:
    """How we know: inferred."""
    kms.encrypt(KeyId=ALIAS, Plaintext=b"x")
    before = kms.get_key_last_usage(KeyId=KEY)
    keytrail_clock.advance(days=1)
    happens(kms)
    after = kms.get_key_last_usage(KeyId=KEY)
    assert last_usage(kms) != {}
    del before["ResponseMetadata"], after["ResponseMetadata"]
    assert after == before


def test_usage_ends_with_the_key(kms: Any, keytrail_clock: Any, blob: bytes) -> None:
    kms.encrypt(KeyId=KEY, Plaintext=b"x")
    kms.schedule_key_deletion(KeyId=KEY, PendingWindowInDays=7)
    keytrail_clock.advance(days=7, hours=24)
    assert refusal(kms, "GetKeyLastUsage", KeyId=KEY) == (
        "NotFoundException",
        f"Key '{key_arn()}' does not exist",
    )


# ---- Rules: time


def test_a_last_usage_stays_where_it_was_while_time_goes_on(kms: Any, keytrail_clock: Any, blob: bytes) -> None:
    moment = keytrail_clock.freeze()
    kms.encrypt(KeyId=KEY, Plaintext=b"x")
    keytrail_clock.advance(days=200)
    assert last_usage(kms)["Timestamp"] == moment
    answer = kms.decrypt(CiphertextBlob=blob)
    assert last_usage(kms)["Timestamp"] == moment + timedelta(days=200)
    assert last_usage(kms)["KmsRequestId"] == request_id(answer)


def test_a_use_follows_a_seeded_past(kms: Any, keytrail_clean: KeytrailServer) -> None:
    past = {"Operation": "Decrypt", "Timestamp": "20 days ago"}
    keytrail_clean.load({"keys": [{"KeyId": KEY, "LastUsage": past}]})
    assert last_usage(kms)["Operation"] == "Decrypt"
    answer = kms.encrypt(KeyId=KEY, Plaintext=b"x")
    assert (last_usage(kms)["Operation"], last_usage(kms)["KmsRequestId"]) == ("Encrypt", request_id(answer))


def test_a_use_after_the_clock_was_set_back_is_the_last_one(
    kms: Any, keytrail_clean: KeytrailServer, keytrail_clock: Any
) -> None:
    """How we know: inferred; AWS's clock is never set back, ours is, and the newest call is what a test asks for."""
    keytrail_clean.load({"keys": [{"KeyId": KEY, "CreationDate": "90 days ago"}]})
    ciphertext = kms.encrypt(KeyId=KEY, Plaintext=b"x")["CiphertextBlob"]
    moment = keytrail_clock.advance(days=-30)
    answer = kms.decrypt(CiphertextBlob=ciphertext)
    assert last_usage(kms)["KmsRequestId"] == request_id(answer)
    assert abs(last_usage(kms)["Timestamp"] - moment) < timedelta(minutes=1)


def test_of_concurrent_uses_the_latest_is_reported(kms: Any, keytrail_clean: KeytrailServer, blob: bytes) -> None:
    """How we know: inferred."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: kms.encrypt(KeyId=KEY, Plaintext=b"x"), range(200)))
    usage = last_usage(kms)
    events = {event["eventID"]: event for event in keytrail_clean.events(eventName="Encrypt")}
    assert len(events) == 200
    latest = max(event["eventTime"] for event in events.values())
    assert events[usage["CloudTrailEventId"]]["eventTime"] == latest
    assert usage["Timestamp"].replace(microsecond=0) == datetime.fromisoformat(latest)
    assert usage["KmsRequestId"] == events[usage["CloudTrailEventId"]]["requestID"]
    assert usage["KmsRequestId"] in {request_id(answer) for answer in answers}


DELAY = timedelta(minutes=30)


@pytest.fixture
def late() -> Any:
    """A server that shows a use after half an hour, on a clock that stands still, with a client."""
    with KeytrailServer(usage_delay=DELAY) as server:
        server.clock.freeze(THEN)
        server.load(SAMPLE_SEED)
        yield server, client_of(server)


def test_without_a_delay_a_use_shows_at_once(kms: Any, blob: bytes) -> None:
    answer = kms.encrypt(KeyId=KEY, Plaintext=b"x")
    assert last_usage(kms)["KmsRequestId"] == request_id(answer)


def test_a_delayed_use_shows_once_the_clock_has_passed_the_delay(late: Any) -> None:
    """How we know: AWS docs, up to an hour; how late here: docs/settings.md, "Settings", KEYTRAIL_USAGE_DELAY."""
    server, kms = late
    answer = kms.encrypt(KeyId=KEY, Plaintext=b"x")
    assert last_usage(kms) == {}
    server.clock.advance(DELAY - timedelta(seconds=1))
    assert last_usage(kms) == {}
    server.clock.advance(timedelta(seconds=2))
    usage = last_usage(kms)
    assert (usage["Operation"], usage["KmsRequestId"]) == ("Encrypt", request_id(answer))
    assert usage["Timestamp"] == THEN


def test_the_use_before_is_reported_while_a_later_one_is_held_back(late: Any) -> None:
    server, kms = late
    first = kms.encrypt(KeyId=KEY, Plaintext=b"x")
    server.clock.advance(timedelta(minutes=20))
    second = kms.generate_data_key(KeyId=KEY, KeySpec="AES_256")
    server.clock.advance(timedelta(minutes=15))
    assert last_usage(kms)["KmsRequestId"] == request_id(first)
    server.clock.advance(timedelta(minutes=16))
    assert last_usage(kms)["KmsRequestId"] == request_id(second)
    assert last_usage(kms)["Timestamp"] == THEN + timedelta(minutes=20)


def test_the_event_of_a_delayed_use_is_in_the_trail_at_once(late: Any) -> None:
    """How we know: docs/still-needed.md; the delay is that of GetKeyLastUsage alone."""
    server, kms = late
    answer = kms.encrypt(KeyId=KEY, Plaintext=b"x")
    (event,) = server.events(eventName="Encrypt")
    assert event["requestID"] == request_id(answer)
    server.clock.advance(DELAY * 2)
    assert last_usage(kms)["CloudTrailEventId"] == event["eventID"]


def test_a_fixture_can_set_the_delay(kms: Any, keytrail_clean: KeytrailServer, keytrail_clock: Any) -> None:
    keytrail_clock.freeze(THEN)
    keytrail_clean.load({"settings": {"UsageDelay": "PT15M"}, **SAMPLE_SEED})
    kms.encrypt(KeyId=KEY, Plaintext=b"x")
    assert last_usage(kms) == {}
    keytrail_clock.advance(minutes=16)
    assert last_usage(kms)["Operation"] == "Encrypt"


def test_a_delay_that_a_fixture_set_ends_with_a_reset(kms: Any, keytrail_clean: KeytrailServer) -> None:
    keytrail_clean.load({"settings": {"UsageDelay": "PT15M"}})
    keytrail_clean.reset()
    keytrail_clean.load(SAMPLE_SEED)
    kms.encrypt(KeyId=KEY, Plaintext=b"x")
    assert last_usage(kms)["Operation"] == "Encrypt"


def test_a_seeded_past_is_reported_in_spite_of_a_delay(late: Any) -> None:
    server, kms = late
    key = "4567abcd-12ab-34cd-56ef-1234567890ab"
    past = {"Operation": "Decrypt", "Timestamp": "2 hours ago"}
    server.load({"keys": [{"KeyId": key, "LastUsage": past}]})
    assert last_usage(kms, key)["Operation"] == "Decrypt"


def test_a_usage_outlives_its_event() -> None:
    """How we know: docs/settings.md, "Settings": MAX_EVENTS is about events; kms-behaviour C.3: a use is kept."""
    with KeytrailServer(max_events=5) as server:
        server.load(SAMPLE_SEED)
        kms = client_of(server)
        answer = kms.encrypt(KeyId=KEY, Plaintext=b"x")
        for _ in range(5):
            kms.list_keys()
        assert server.events(requestID=request_id(answer)) == []
        assert last_usage(kms)["KmsRequestId"] == request_id(answer)


# ---- Refusals


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        (ALIAS, "InvalidArnException", "Key Aliases are not supported for this operation."),
        ("alias/none", "InvalidArnException", "Key Aliases are not supported for this operation."),
        (alias_arn(), "InvalidArnException", "Key Aliases are not supported for this operation."),
        (MISSING_KEY, "NotFoundException", f"Key '{key_arn(MISSING_KEY)}' does not exist"),
        (key_arn(region="us-west-2"), "NotFoundException", "Invalid arn us-west-2"),
        ("orders", "NotFoundException", "Invalid keyId 'orders'"),
    ],
)
def test_a_key_is_named_by_id_or_arn_alone(name: str, code: str, message: str, kms: Any, blob: bytes) -> None:
    """How we know: recorded and measured on other operations that take no alias; inferred for this one."""
    assert refusal(kms, "GetKeyLastUsage", KeyId=name) == (code, message)


@pytest.mark.parametrize("key_id", [KEY, MISSING_KEY])
def test_another_accounts_key_is_denied_even_if_its_policy_names_the_caller(
    key_id: str, keytrail_client: Make, keytrail_clean: KeytrailServer
) -> None:
    """How we know: AWS docs, no cross-account use; the words are inferred from those of other operations."""
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Policy": shared_policy("kms:*")}]})
    stranger = keytrail_client(account=FOREIGN)
    assert refusal(stranger, "GetKeyLastUsage", KeyId=key_arn(key_id)) == denied("kms:GetKeyLastUsage")
