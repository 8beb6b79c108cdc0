"""Data keys, and random bytes.

How we know: measured on AWS, unless a test says otherwise.
"""

from __future__ import annotations

from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.support import ALIAS, KEY, alias_arn, key_arn, load_sample_seed, refusal
from tests.support import invoke as call

HMAC_KEY = "6789abcd-12ab-34cd-56ef-1234567890ab"
RSA_KEY = "789abcde-12ab-34cd-56ef-1234567890ab"
DATA_KEYS = ["GenerateDataKey", "GenerateDataKeyWithoutPlaintext"]
SAY_HOW_LONG = ("ValidationException", "Please specify either number of bytes or key spec.")
DRY_RUN = ("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")


@pytest.fixture
def sample_seed(keytrail_clean: KeytrailServer, kms: Any) -> None:
    """The sample seed, with an HMAC and an RSA key."""
    load_sample_seed(keytrail_clean, kms)
    keytrail_clean.load(
        {
            "keys": [
                {"KeyId": HMAC_KEY, "KeySpec": "HMAC_256"},
                {"KeyId": RSA_KEY, "KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"},
            ]
        }
    )


pytestmark = pytest.mark.usefixtures("sample_seed")

# ---- Shape


@pytest.mark.parametrize("name", [KEY, key_arn(), ALIAS, alias_arn()])
@pytest.mark.parametrize("operation", DATA_KEYS)
def test_a_data_key_is_answered_with_its_key_and_material(operation: str, name: str, kms: Any) -> None:
    """How we know: recorded; KeyMaterialId from the model."""
    answer = call(kms, operation, KeyId=name, KeySpec="AES_256")
    plaintext = {"Plaintext"} if operation == "GenerateDataKey" else set()
    assert set(answer) - {"ResponseMetadata"} == {"CiphertextBlob", "KeyId", "KeyMaterialId"} | plaintext
    assert answer["KeyId"] == key_arn()
    assert answer["KeyMaterialId"] == kms.describe_key(KeyId=KEY)["KeyMetadata"]["CurrentKeyMaterialId"]


def test_random_bytes_are_answered_alone(kms: Any) -> None:
    """How we know: model."""
    assert set(kms.generate_random(NumberOfBytes=16)) == {"Plaintext", "ResponseMetadata"}


# ---- Rules


@pytest.mark.parametrize(
    ("members", "length"),
    [
        ({"KeySpec": "AES_128"}, 16),
        ({"KeySpec": "AES_256"}, 32),
        ({"NumberOfBytes": 1}, 1),
        ({"NumberOfBytes": 64}, 64),
        ({"NumberOfBytes": 1024}, 1024),
    ],
    ids=str,
)
@pytest.mark.parametrize("operation", DATA_KEYS)
def test_a_data_key_has_the_length_asked_for_and_decrypts(
    operation: str, members: dict[str, Any], length: int, kms: Any
) -> None:
    """How we know: AWS docs."""
    answer = call(kms, operation, KeyId=KEY, **members)
    plaintext = kms.decrypt(CiphertextBlob=answer["CiphertextBlob"])["Plaintext"]
    assert len(plaintext) == length
    assert answer.get("Plaintext", plaintext) == plaintext


@pytest.mark.parametrize("operation", DATA_KEYS)
def test_a_data_key_is_bound_to_its_encryption_context(operation: str, kms: Any) -> None:
    """How we know: AWS docs."""
    blob = call(kms, operation, KeyId=KEY, KeySpec="AES_256", EncryptionContext={"a": "1"})["CiphertextBlob"]
    assert len(kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "1"})["Plaintext"]) == 32
    assert refusal(kms, "Decrypt", CiphertextBlob=blob)[0] == "InvalidCiphertextException"


def test_no_data_key_comes_twice(kms: Any) -> None:
    assert len({kms.generate_data_key(KeyId=KEY, KeySpec="AES_256")["Plaintext"] for _ in range(20)}) == 20


@pytest.mark.parametrize("length", [1, 32, 1024])
def test_as_many_random_bytes_come_as_were_asked_for(length: int, kms: Any) -> None:
    assert len(kms.generate_random(NumberOfBytes=length)["Plaintext"]) == length


def test_no_random_bytes_come_twice(kms: Any) -> None:
    assert len({kms.generate_random(NumberOfBytes=32)["Plaintext"] for _ in range(20)}) == 20


@pytest.mark.parametrize("operation", DATA_KEYS)
def test_a_dry_run_ends_in_its_own_exception(operation: str, kms: Any) -> None:
    """How we know: recorded, on GenerateDataKeyPair."""
    assert refusal(kms, operation, KeyId=KEY, KeySpec="AES_256", DryRun=True) == DRY_RUN


# ---- Refusals


@pytest.mark.parametrize("operation", DATA_KEYS)
@pytest.mark.parametrize("members", [{}, {"KeySpec": "AES_256", "NumberOfBytes": 32}], ids=["neither", "both"])
@pytest.mark.parametrize("key_id", [KEY, HMAC_KEY, RSA_KEY])
@pytest.mark.parametrize("disabled", [False, True], ids=["", "disabled"])
def test_exactly_one_length_is_given_whatever_the_key(
    operation: str, members: dict[str, Any], key_id: str, disabled: bool, kms: Any
) -> None:
    """It is told before the usage and the state of the key."""
    if disabled:
        kms.disable_key(KeyId=key_id)
    assert refusal(kms, operation, KeyId=key_id, **members) == SAY_HOW_LONG


@pytest.mark.parametrize("operation", DATA_KEYS)
def test_a_key_for_another_usage_is_refused_by_the_operations_name(operation: str, kms: Any) -> None:
    assert refusal(kms, operation, KeyId=HMAC_KEY, KeySpec="AES_256") == (
        "InvalidKeyUsageException",
        f"{key_arn(HMAC_KEY)} key usage is GENERATE_VERIFY_MAC which is not valid for {operation}.",
    )


@pytest.mark.parametrize("operation", DATA_KEYS)
def test_an_asymmetric_key_makes_no_data_keys(operation: str, kms: Any) -> None:
    assert refusal(kms, operation, KeyId=RSA_KEY, KeySpec="AES_256") == (
        "InvalidKeyUsageException",
        "You cannot generate a data key with an asymmetric CMK",
    )


@pytest.mark.parametrize("operation", DATA_KEYS)
def test_an_asymmetric_keys_state_is_reported_before_its_kind(operation: str, kms: Any) -> None:
    kms.disable_key(KeyId=RSA_KEY)
    assert refusal(kms, operation, KeyId=RSA_KEY, KeySpec="AES_256") == (
        "DisabledException",
        f"{key_arn(RSA_KEY)} is disabled.",
    )


@pytest.mark.parametrize("operation", [*DATA_KEYS, "GenerateRandom"])
def test_at_most_1024_bytes_come_at_once(operation: str, kms: Any) -> None:
    """How we know: recorded."""
    members = {} if operation == "GenerateRandom" else {"KeyId": KEY}
    assert refusal(kms, operation, **members, NumberOfBytes=1025) == (
        "ValidationException",
        "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: "
        "Member must have value less than or equal to 1024",
    )


@pytest.mark.parametrize("operation", DATA_KEYS)
@pytest.mark.parametrize("spec", ["RSA_2048", "aes_256", "SYMMETRIC_DEFAULT"])
def test_a_spec_is_one_of_a_data_key(operation: str, spec: str, kms: Any) -> None:
    """The specs of KMS keys are no specs of data keys, though AWS's own message lists them."""
    code, message = refusal(kms, operation, KeyId=KEY, KeySpec=spec)
    assert code == "ValidationException"
    start = f"1 validation error detected: Value '{spec}' at 'keySpec' failed to satisfy constraint: "
    assert message.startswith(start + "Member must satisfy enum value set: [")


def test_random_bytes_need_a_number(kms: Any) -> None:
    """How we know: recorded."""
    assert refusal(kms, "GenerateRandom") == ("ValidationException", "NumberOfBytes is required.")


def test_an_unknown_custom_key_store_makes_no_random_bytes(kms: Any) -> None:
    """How we know: recorded (2021); without a message."""
    answered = refusal(kms, "GenerateRandom", NumberOfBytes=16, CustomKeyStoreId="cks-99999999999999999")
    assert answered == ("CustomKeyStoreNotFoundException", "")
