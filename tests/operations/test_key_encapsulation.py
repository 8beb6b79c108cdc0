"""Encapsulate and Decapsulate.

How we know: AWS docs (2026-10) and FIPS 203. The other side is pycryptodome, which Keytrail does not use for these.
"""

from __future__ import annotations

from typing import Any

import pytest
from Crypto.PublicKey import MLKEM
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keytrail.domain.key_material import is_supported
from keytrail.server import KeytrailServer
from tests.support import KEM_KEY, KEY, key_arn, load_sample_seed, refusal

SIZES = {"ML_KEM_512": 768, "ML_KEM_768": 1088, "ML_KEM_1024": 1568}
"""Bytes of a ciphertext."""
SPECS = [spec for spec in SIZES if is_supported(spec)]
ALGORITHM = {"EncapsulationAlgorithm": "ML_KEM"}
INVALID = ("InvalidCiphertextException", "")


@pytest.fixture(autouse=True)
def sample_seed(keytrail_clean: KeytrailServer, kms: Any) -> None:
    """The sample seed, and a key of each of the other sizes."""
    load_sample_seed(keytrail_clean, kms)
    others = [{"KeyId": key_id(spec), "KeySpec": spec} for spec in SPECS if spec != "ML_KEM_768"]
    keytrail_clean.load({"keys": others})


def key_id(spec: str) -> str:
    return KEM_KEY if spec == "ML_KEM_768" else f"eeee{SIZES[spec]:04}-12ab-34cd-56ef-1234567890ab"


def encapsulated(public_der: bytes) -> tuple[bytes, bytes]:
    """A secret and its ciphertext under a public key. The library offers this as a part of HPKE (RFC 9180) alone."""
    secret, ciphertext = MLKEM.import_key(public_der)._encaps()
    return secret, ciphertext


# ---- Shape


@pytest.mark.parametrize("spec", SPECS)
def test_a_secret_comes_with_its_ciphertext_and_comes_back_out_of_it(spec: str, kms: Any) -> None:
    made = kms.encapsulate(KeyId=key_id(spec), **ALGORITHM)
    names = {"KeyId", "SharedSecret", "SharedSecretCiphertextBlob", "EncapsulationAlgorithm"}
    assert set(made) - {"ResponseMetadata"} == names
    assert (made["KeyId"], made["EncapsulationAlgorithm"]) == (key_arn(key_id(spec)), "ML_KEM")
    assert (len(made["SharedSecret"]), len(made["SharedSecretCiphertextBlob"])) == (32, SIZES[spec])
    blob = made["SharedSecretCiphertextBlob"]
    opened = kms.decapsulate(KeyId=key_id(spec), SharedSecretCiphertextBlob=blob, **ALGORITHM)
    del opened["ResponseMetadata"]
    assert opened == {
        "KeyId": key_arn(key_id(spec)),
        "SharedSecret": made["SharedSecret"],
        "EncapsulationAlgorithm": "ML_KEM",
    }


# ---- Rules


@pytest.mark.parametrize("spec", SPECS)
def test_what_another_library_encapsulates_is_decapsulated(spec: str, kms: Any) -> None:
    secret, blob = encapsulated(kms.get_public_key(KeyId=key_id(spec))["PublicKey"])
    opened = kms.decapsulate(KeyId=key_id(spec), SharedSecretCiphertextBlob=blob, **ALGORITHM)
    assert opened["SharedSecret"] == secret


@pytest.mark.parametrize("spec", SPECS)
def test_a_client_decapsulates_with_the_pair_that_was_made_for_it(spec: str, kms: Any) -> None:
    pair = kms.generate_data_key_pair(KeyId=KEY, KeyPairSpec=spec)
    private = MLKEM.import_key(pair["PrivateKeyPlaintext"])
    assert private.public_key() == MLKEM.import_key(pair["PublicKey"])
    secret, blob = encapsulated(pair["PublicKey"])
    assert private._decaps(blob) == secret


@pytest.mark.parametrize("spec", SPECS)
def test_no_secret_comes_twice(spec: str, kms: Any) -> None:
    made = [kms.encapsulate(KeyId=key_id(spec), **ALGORITHM) for _ in range(5)]
    assert len({one["SharedSecret"] for one in made}) == 5
    assert len({one["SharedSecretCiphertextBlob"] for one in made}) == 5


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bit=st.integers(0, 1088 * 8 - 1))
def test_a_ciphertext_with_any_bit_flipped_gives_another_secret_and_no_error(bit: int, kms: Any) -> None:
    """FIPS 203: implicit rejection. The secret is the same every time, for it depends on the key and the ciphertext."""
    made = kms.encapsulate(KeyId=KEM_KEY, **ALGORITHM)
    blob = bytearray(made["SharedSecretCiphertextBlob"])
    blob[bit // 8] ^= 1 << bit % 8
    members = {"KeyId": KEM_KEY, "SharedSecretCiphertextBlob": bytes(blob), **ALGORITHM}
    opened, again = kms.decapsulate(**members)["SharedSecret"], kms.decapsulate(**members)["SharedSecret"]
    assert len(opened) == 32
    assert opened != made["SharedSecret"]
    assert opened == again


def test_an_implicit_rejection_is_a_usage(kms: Any) -> None:
    """Inferred: the call succeeds."""
    kms.decapsulate(KeyId=KEM_KEY, SharedSecretCiphertextBlob=bytes(1088), **ALGORITHM)
    assert kms.get_key_last_usage(KeyId=KEM_KEY)["KeyLastUsage"]["Operation"] == "Decapsulate"


def test_a_ciphertext_of_another_key_is_rejected_implicitly_too(kms: Any) -> None:
    other = kms.create_key(KeySpec="ML_KEM_768", KeyUsage="ENCAPSULATE_DECAPSULATE")["KeyMetadata"]["KeyId"]
    made = kms.encapsulate(KeyId=other, **ALGORITHM)
    blob = made["SharedSecretCiphertextBlob"]
    opened = kms.decapsulate(KeyId=KEM_KEY, SharedSecretCiphertextBlob=blob, **ALGORITHM)
    assert opened["SharedSecret"] != made["SharedSecret"]


# ---- Refusals


@pytest.mark.parametrize("spec", SPECS)
def test_a_ciphertext_of_another_length_is_invalid_and_no_usage(spec: str, kms: Any) -> None:
    others = {1, SIZES[spec] - 1, SIZES[spec] + 1, 6144, *SIZES.values()} - {SIZES[spec]}
    for length in others:
        members = {"KeyId": key_id(spec), "SharedSecretCiphertextBlob": bytes(length), **ALGORITHM}
        assert refusal(kms, "Decapsulate", **members) == INVALID
        assert refusal(kms, "Decapsulate", **members, DryRun=True) == INVALID
    assert kms.get_key_last_usage(KeyId=key_id(spec))["KeyLastUsage"] == {}


@pytest.mark.parametrize(("length", "bound"), [(0, "greater than or equal to 1"), (6145, "less than or equal to 6144")])
def test_a_ciphertext_has_1_to_6144_bytes(length: int, bound: str, kms: Any) -> None:
    """How we know: model, in the form that is measured of other members."""
    members = {"KeyId": KEM_KEY, "SharedSecretCiphertextBlob": bytes(length), **ALGORITHM}
    assert refusal(kms, "Decapsulate", **members) == (
        "ValidationException",
        "1 validation error detected: Value at 'sharedSecretCiphertextBlob' failed to satisfy constraint: "
        f"Member must have length {bound}",
    )


def test_a_length_is_not_looked_at_before_the_state(kms: Any) -> None:
    kms.disable_key(KeyId=KEM_KEY)
    members = {"KeyId": KEM_KEY, "SharedSecretCiphertextBlob": b"x", **ALGORITHM}
    assert refusal(kms, "Decapsulate", **members)[0] == "DisabledException"
