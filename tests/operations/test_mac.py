"""GenerateMac and VerifyMac.

How we know: recorded from AWS, unless a test says otherwise.
"""

from __future__ import annotations

import hmac
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keytrail.server import KeytrailServer
from tests.support import KEY, MAC_KEY, derived_material, key_arn, load_sample_seed, refusal
from tests.support import invoke as call

SIZES = {"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64}
"""Bytes of a MAC: those of its hash (FIPS 180-4)."""
MISMATCHES = [(spec, other.replace("_", "_SHA_")) for spec in SIZES for other in SIZES if other != spec]
OPERATIONS = {"GenerateMac": {"Message": b"x"}, "VerifyMac": {"Message": b"x", "Mac": b"x" * 32}}


@pytest.fixture(autouse=True)
def sample_seed(keytrail_clean: KeytrailServer, kms: Any) -> None:
    load_sample_seed(keytrail_clean, kms)


def new_key(kms: Any, spec: str) -> str:
    return str(kms.create_key(KeySpec=spec, KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"])


# ---- Shape


@pytest.mark.parametrize("spec", SIZES)
def test_a_mac_is_as_long_as_its_hash_and_verifies(spec: str, kms: Any) -> None:
    arn, algorithm = new_key(kms, spec), spec.replace("_", "_SHA_")
    made = kms.generate_mac(KeyId=arn, Message=b"attack at dawn", MacAlgorithm=algorithm)
    assert set(made) - {"ResponseMetadata"} == {"Mac", "MacAlgorithm", "KeyId"}
    assert (made["KeyId"], made["MacAlgorithm"], len(made["Mac"])) == (arn, algorithm, SIZES[spec])
    verified = kms.verify_mac(KeyId=arn, Message=b"attack at dawn", MacAlgorithm=algorithm, Mac=made["Mac"])
    del verified["ResponseMetadata"]
    assert verified == {"KeyId": arn, "MacValid": True, "MacAlgorithm": algorithm}


def test_a_key_for_macs_shows_no_key_material_id(kms: Any) -> None:
    metadata = kms.describe_key(KeyId=MAC_KEY)["KeyMetadata"]
    assert metadata["MacAlgorithms"] == ["HMAC_SHA_256"]
    assert "CurrentKeyMaterialId" not in metadata


# ---- Rules


@pytest.mark.parametrize("spec", SIZES)
def test_the_macs_of_a_seeded_key_are_those_of_pythons_own_hmac(
    spec: str, kms: Any, keytrail_clean: KeytrailServer
) -> None:
    keytrail_clean.reset()
    keytrail_clean.load({"keys": [{"KeyId": KEY, "KeySpec": spec}]})
    secret = derived_material(KEY, spec).data
    made = kms.generate_mac(KeyId=KEY, Message=b"attack at dawn", MacAlgorithm=spec.replace("_", "_SHA_"))["Mac"]
    assert len(secret) == SIZES[spec]
    assert made == hmac.digest(secret, b"attack at dawn", spec.replace("HMAC_", "sha"))


def test_two_keys_have_two_macs_for_a_message(kms: Any) -> None:
    macs = {
        kms.generate_mac(KeyId=new_key(kms, "HMAC_256"), Message=b"x", MacAlgorithm="HMAC_SHA_256")["Mac"]
        for _ in range(2)
    }
    assert len(macs) == 2


# ---- Refusals


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(("spec", "algorithm"), MISMATCHES)
def test_an_algorithm_of_another_hash_is_incompatible(operation: str, spec: str, algorithm: str, kms: Any) -> None:
    members = {"KeyId": new_key(kms, spec), "MacAlgorithm": algorithm, **OPERATIONS[operation]}
    assert refusal(kms, operation, **members) == (
        "InvalidKeyUsageException",
        f"Algorithm {algorithm} is incompatible with key spec {spec}.",
    )


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_key_for_another_usage_is_refused_by_the_operations_name(operation: str, kms: Any) -> None:
    assert refusal(kms, operation, KeyId=KEY, MacAlgorithm="HMAC_SHA_256", **OPERATIONS[operation]) == (
        "InvalidKeyUsageException",
        f"{key_arn()} key usage is ENCRYPT_DECRYPT which is not valid for {operation}.",
    )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=st.binary(min_size=1, max_size=64), bit=st.integers(0, 255))
def test_a_mac_with_any_bit_flipped_is_invalid_without_a_message(message: bytes, bit: int, kms: Any) -> None:
    members = {"KeyId": MAC_KEY, "Message": message, "MacAlgorithm": "HMAC_SHA_256"}
    mac = bytearray(call(kms, "GenerateMac", **members)["Mac"])
    call(kms, "VerifyMac", **members, Mac=bytes(mac))
    mac[bit // 8] ^= 1 << bit % 8
    assert refusal(kms, "VerifyMac", **members, Mac=bytes(mac)) == ("KMSInvalidMacException", "")


@pytest.mark.parametrize("mac", [b"x", b"x" * 31, b"x" * 33, b"x" * 6144])
def test_a_mac_of_another_length_is_invalid_too(mac: bytes, kms: Any) -> None:
    members = {"KeyId": MAC_KEY, "Message": b"x", "MacAlgorithm": "HMAC_SHA_256", "Mac": mac}
    assert refusal(kms, "VerifyMac", **members) == ("KMSInvalidMacException", "")


def test_a_mac_that_does_not_verify_is_no_usage(kms: Any) -> None:
    """How we know: AWS says "successful" (kms-behaviour C.3); that a false MAC is a failure is inferred."""
    refusal(kms, "VerifyMac", KeyId=MAC_KEY, Message=b"x", MacAlgorithm="HMAC_SHA_256", Mac=b"x" * 32)
    assert kms.get_key_last_usage(KeyId=MAC_KEY)["KeyLastUsage"] == {}
    kms.generate_mac(KeyId=MAC_KEY, Message=b"x", MacAlgorithm="HMAC_SHA_256")
    assert kms.get_key_last_usage(KeyId=MAC_KEY)["KeyLastUsage"]["Operation"] == "GenerateMac"
