"""Sign, Verify and GetPublicKey.

How we know: measured on AWS, unless a test says otherwise. What is signed is verified by OpenSSL's command line, or by
pycryptodome where OpenSSL 3.0 lacks the algorithm; Keytrail signs with neither (but for Ed25519ph).
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from Crypto.Hash import SHA256, SHA384, SHA512
from Crypto.PublicKey import ECC, MLDSA
from Crypto.Signature import DSS, eddsa, mldsa
from hypothesis import given, settings
from hypothesis import strategies as st

from keytrail.server import KeytrailServer
from tests.support import (
    KEY,
    MAC_KEY,
    MESSAGE,
    SIGNING_KEY,
    client_of,
    derived_material,
    key_arn,
    load_sample_seed,
    refusal,
)
from tests.support import invoke as call
from tests.support.key_specs import MATRIX, specs_for

SPECS = [spec for spec in specs_for("SIGN_VERIFY") if spec != "SM2"]
ED25519, ED25519_PH = "ED25519_SHA_512", "ED25519_PH_SHA_512"
EVERY = [(spec, algorithm) for spec in SPECS for algorithm in MATRIX[spec, "SIGN_VERIFY"]]
WITH_DIGEST = [(spec, algorithm) for spec, algorithm in EVERY if algorithm.startswith(("RSASSA", "ECDSA"))]
"""Where a message may be given whole or as its digest, to the same effect."""
ML_DSA = {"ML_DSA_44": (2420, 1334), "ML_DSA_65": (3309, 1974), "ML_DSA_87": (4627, 2614)}
"""Bytes of a signature, and of a public key in DER."""
BOTH: dict[str, dict[str, Any]] = {"Sign": {}, "Verify": {"Signature": b"x"}}
INVALID = ("KMSInvalidSignatureException", "")


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A client of a server whose keys outlive a test, for RSA keys take long to make."""
    with KeytrailServer() as server:
        yield client_of(server)


@pytest.fixture(scope="module")
def keys(client: Any) -> dict[str, str]:
    """The ARN of a key of each spec."""
    return {spec: client.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"] for spec in SPECS}


@pytest.fixture(scope="module")
def publics(client: Any, keys: dict[str, str]) -> dict[str, bytes]:
    """The public key of each, in DER."""
    return {spec: client.get_public_key(KeyId=arn)["PublicKey"] for spec, arn in keys.items()}


def as_given(algorithm: str, message: bytes) -> dict[str, Any]:
    """A message in the type that the algorithm takes; Ed25519ph takes nothing but a digest."""
    if algorithm == ED25519_PH:
        return {"Message": hashlib.sha512(message).digest(), "MessageType": "DIGEST"}
    return {"Message": message}


def digest_of(algorithm: str, message: bytes) -> bytes:
    return hashlib.new(f"sha{algorithm[-3:]}", message).digest()


def verifies(public: bytes, algorithm: str, message: bytes, signature: bytes, folder: Path) -> bool:
    """Whether the signature is the message's, as another than Keytrail sees it."""
    try:
        if algorithm == ED25519:
            eddsa.new(ECC.import_key(public), "rfc8032").verify(message, signature)
        elif algorithm == ED25519_PH:
            # KMS hashes what it is given, and it is given a digest: Developer Guide, "Key spec reference".
            hashed = SHA512.new(hashlib.sha512(message).digest())
            eddsa.new(ECC.import_key(public), "rfc8032").verify(hashed, signature)
        elif algorithm == "ML_DSA_SHAKE_256":
            mldsa.new(MLDSA.import_key(public)).verify(message, signature)
        else:
            return _openssl_verifies(public, algorithm, message, signature, folder)
    except ValueError:
        return False
    return True


def _openssl_verifies(public: bytes, algorithm: str, message: bytes, signature: bytes, folder: Path) -> bool:
    for name, data in (("public", public), ("message", message), ("signature", signature)):
        (folder / name).write_bytes(data)
    command = ["openssl", "dgst", f"-sha{algorithm[-3:]}", "-keyform", "DER", "-verify", "public"]
    if "PSS" in algorithm:
        command += ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
    command += ["-signature", "signature", "message"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout == "Verified OK\n"


# ---- Rules


@pytest.mark.parametrize(("spec", "algorithm"), EVERY)
def test_what_is_signed_verifies_elsewhere_and_here(
    spec: str, algorithm: str, client: Any, keys: dict[str, str], publics: dict[str, bytes], tmp_path: Path
) -> None:
    members = {"KeyId": keys[spec], "SigningAlgorithm": algorithm, **as_given(algorithm, MESSAGE)}
    made = call(client, "Sign", **members)
    assert set(made) - {"ResponseMetadata"} == {"KeyId", "Signature", "SigningAlgorithm"}
    assert (made["KeyId"], made["SigningAlgorithm"]) == (keys[spec], algorithm)
    signature = made["Signature"]
    assert verifies(publics[spec], algorithm, MESSAGE, signature, tmp_path)
    assert not verifies(publics[spec], algorithm, MESSAGE + b"!", signature, tmp_path)
    verified = call(client, "Verify", **members, Signature=signature)
    del verified["ResponseMetadata"]
    assert verified == {"KeyId": keys[spec], "SignatureValid": True, "SigningAlgorithm": algorithm}


@pytest.mark.parametrize(("spec", "algorithm"), EVERY)
def test_what_is_not_the_messages_signature_is_invalid_without_a_message(
    spec: str, algorithm: str, client: Any, keys: dict[str, str]
) -> None:
    """Of whatever length it is; how we know: recorded, and for the lengths measured."""
    members = {"KeyId": keys[spec], "SigningAlgorithm": algorithm, **as_given(algorithm, MESSAGE)}
    good = call(client, "Sign", **members)["Signature"]
    for wrong in (bytes([*good[:-1], good[-1] ^ 1]), good[:-1], good + b"\0", b"x", b"x" * 6144):
        assert refusal(client, "Verify", **members, Signature=wrong) == INVALID
        assert refusal(client, "Verify", **members, Signature=wrong, DryRun=True) == INVALID
    other = {**members, **as_given(algorithm, b"retreat at dusk")}
    assert refusal(client, "Verify", **other, Signature=good) == INVALID


@pytest.mark.parametrize(("spec", "algorithm"), WITH_DIGEST)
def test_a_digest_is_signed_and_verified_as_the_message_that_it_is_of(
    spec: str, algorithm: str, client: Any, keys: dict[str, str], publics: dict[str, bytes], tmp_path: Path
) -> None:
    whole = {"KeyId": keys[spec], "SigningAlgorithm": algorithm, "Message": MESSAGE, "MessageType": "RAW"}
    digest = {**whole, "Message": digest_of(algorithm, MESSAGE), "MessageType": "DIGEST"}
    of_digest = call(client, "Sign", **digest)["Signature"]
    assert verifies(publics[spec], algorithm, MESSAGE, of_digest, tmp_path)
    assert call(client, "Verify", **whole, Signature=of_digest)["SignatureValid"]
    assert call(client, "Verify", **digest, Signature=call(client, "Sign", **whole)["Signature"])["SignatureValid"]
    # A digest sent as a message is hashed once more.
    assert refusal(client, "Verify", **{**digest, "MessageType": "RAW"}, Signature=of_digest) == INVALID


@pytest.mark.parametrize("spec", ML_DSA)
def test_a_message_representative_is_signed_and_verified_as_its_message(
    spec: str, client: Any, keys: dict[str, str], publics: dict[str, bytes], tmp_path: Path
) -> None:
    """How we know: AWS docs and FIPS 204, algorithms 7 and 8; the representative is worked out by pycryptodome."""
    mu = mldsa.MLDSAMuHash(MLDSA.import_key(publics[spec])).update(MESSAGE).digest()
    members = {"KeyId": keys[spec], "SigningAlgorithm": "ML_DSA_SHAKE_256"}
    external = {**members, "Message": mu, "MessageType": "EXTERNAL_MU"}
    made = call(client, "Sign", **external)["Signature"]
    assert verifies(publics[spec], "ML_DSA_SHAKE_256", MESSAGE, made, tmp_path)
    assert call(client, "Verify", **members, Message=MESSAGE, Signature=made)["SignatureValid"]
    of_whole = call(client, "Sign", **members, Message=MESSAGE)["Signature"]
    assert call(client, "Verify", **external, Signature=of_whole)["SignatureValid"]
    assert refusal(client, "Verify", **members, Message=mu, Signature=made) == INVALID


@pytest.mark.parametrize("spec", ML_DSA)
def test_an_ml_dsa_signature_and_key_have_the_sizes_of_fips_204(
    spec: str, client: Any, keys: dict[str, str], publics: dict[str, bytes]
) -> None:
    made = client.sign(KeyId=keys[spec], Message=MESSAGE, SigningAlgorithm="ML_DSA_SHAKE_256")
    assert (len(made["Signature"]), len(publics[spec])) == ML_DSA[spec]


def test_an_ed25519_signature_and_key_have_the_sizes_of_rfc_8032(
    client: Any, keys: dict[str, str], publics: dict[str, bytes]
) -> None:
    made = client.sign(KeyId=keys["ECC_NIST_EDWARDS25519"], Message=MESSAGE, SigningAlgorithm=ED25519)
    assert (len(made["Signature"]), len(publics["ECC_NIST_EDWARDS25519"])) == (64, 44)


def test_the_two_algorithms_of_ed25519_do_not_verify_each_other(client: Any, keys: dict[str, str]) -> None:
    """RFC 8032: the domain of Ed25519ph is its own."""
    digest = hashlib.sha512(MESSAGE).digest()
    arn = keys["ECC_NIST_EDWARDS25519"]
    pure = client.sign(KeyId=arn, Message=digest, SigningAlgorithm=ED25519)["Signature"]
    members = {"KeyId": arn, "Message": digest, "MessageType": "DIGEST", "SigningAlgorithm": ED25519_PH}
    assert refusal(client, "Verify", **members, Signature=pure) == INVALID


@pytest.mark.parametrize("algorithm", MATRIX["RSA_2048", "SIGN_VERIFY"])
def test_only_pkcs1_gives_the_same_signature_twice(algorithm: str, client: Any, keys: dict[str, str]) -> None:
    """RFC 8017: PSS has a fresh salt in every signature."""
    members = {"KeyId": keys["RSA_2048"], "Message": MESSAGE, "SigningAlgorithm": algorithm}
    made = {client.sign(**members)["Signature"] for _ in range(3)}
    assert len(made) == (3 if "PSS" in algorithm else 1)


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"])
def test_what_another_library_signs_with_a_seeded_key_verifies(
    spec: str, kms: Any, keytrail_clean: KeytrailServer
) -> None:
    """The pair of a seeded elliptic curve key is derived, so that a test may have it too."""
    keytrail_clean.load({"keys": [{"KeyId": KEY, "KeySpec": spec, "KeyUsage": "SIGN_VERIFY"}]})
    pair = derived_material(KEY, spec).pair
    assert pair is not None
    (algorithm,) = MATRIX[spec, "SIGN_VERIFY"]
    digest: Any = {"256": SHA256, "384": SHA384, "512": SHA512}[algorithm[-3:]].new(MESSAGE)
    signature = DSS.new(ECC.import_key(pair.private_der()), "fips-186-3", encoding="der").sign(digest)
    members = {"KeyId": KEY, "Message": MESSAGE, "SigningAlgorithm": algorithm, "Signature": signature}
    assert call(kms, "Verify", **members)["SignatureValid"]


@pytest.mark.parametrize("algorithm", [ED25519, ED25519_PH])
def test_what_another_library_signs_with_a_seeded_edwards_key_verifies(
    algorithm: str, kms: Any, keytrail_clean: KeytrailServer
) -> None:
    keytrail_clean.load({"keys": [{"KeyId": KEY, "KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "SIGN_VERIFY"}]})
    pair = derived_material(KEY, "ECC_NIST_EDWARDS25519").pair
    assert pair is not None
    given = as_given(algorithm, MESSAGE)
    message = SHA512.new(given["Message"]) if algorithm == ED25519_PH else given["Message"]
    signature = eddsa.new(ECC.import_key(pair.private_der()), "rfc8032").sign(message)
    members = {"KeyId": KEY, "SigningAlgorithm": algorithm, "Signature": signature, **given}
    assert call(kms, "Verify", **members)["SignatureValid"]


@settings(max_examples=40, deadline=None)
@given(message=st.binary(min_size=1, max_size=64), data=st.data())
def test_a_signature_with_any_bit_flipped_is_invalid(
    message: bytes, data: st.DataObject, client: Any, keys: dict[str, str]
) -> None:
    spec, algorithm = data.draw(st.sampled_from([pair for pair in EVERY if "3072" not in pair[0]]))
    members = {"KeyId": keys[spec], "SigningAlgorithm": algorithm, **as_given(algorithm, message)}
    signature = bytearray(call(client, "Sign", **members)["Signature"])
    bit = data.draw(st.integers(0, len(signature) * 8 - 1))
    signature[bit // 8] ^= 1 << bit % 8
    assert refusal(client, "Verify", **members, Signature=bytes(signature)) == INVALID


def test_4096_bytes_are_signed_whole_and_one_more_is_not(client: Any, keys: dict[str, str]) -> None:
    members = {"KeyId": keys["ECC_NIST_P256"], "SigningAlgorithm": "ECDSA_SHA_256"}
    made = call(client, "Sign", **members, Message=b"x" * 4096)["Signature"]
    assert call(client, "Verify", **members, Message=b"x" * 4096, Signature=made)["SignatureValid"]
    for operation, rest in BOTH.items():
        assert refusal(client, operation, **members, **rest, Message=b"x" * 4097) == (
            "ValidationException",
            "1 validation error detected: Value at 'message' failed to satisfy constraint: "
            "Member must have length less than or equal to 4096",
        )


def test_a_seeded_elliptic_key_is_the_same_in_every_run(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """Ours."""
    load_sample_seed(keytrail_clean, kms)
    before = kms.get_public_key(KeyId=SIGNING_KEY)["PublicKey"]
    keytrail_clean.reset()
    load_sample_seed(keytrail_clean, kms)
    assert kms.get_public_key(KeyId=SIGNING_KEY)["PublicKey"] == before


# ---- Refusals


@pytest.mark.parametrize("operation", BOTH)
@pytest.mark.parametrize(("spec", "algorithm"), [*WITH_DIGEST, ("ECC_NIST_EDWARDS25519", ED25519_PH)])
def test_a_digest_has_the_length_of_its_hash(
    spec: str, algorithm: str, operation: str, client: Any, keys: dict[str, str]
) -> None:
    """How we know: recorded for Sign with RSASSA_PSS_SHA_256."""
    right = 64 if algorithm == ED25519_PH else int(algorithm[-3:]) // 8
    for length in {1, 20, 32, 48, 64, right - 1, right + 1, 4096} - {right}:
        members = {"Message": b"x" * length, "MessageType": "DIGEST", "SigningAlgorithm": algorithm}
        assert refusal(client, operation, KeyId=keys[spec], **members, **BOTH[operation]) == (
            "ValidationException",
            f"Digest is invalid length for algorithm {algorithm}.",
        )


@pytest.mark.parametrize("operation", BOTH)
@pytest.mark.parametrize("spec", ML_DSA)
def test_a_message_representative_has_64_bytes(spec: str, operation: str, client: Any, keys: dict[str, str]) -> None:
    """How we know: radkawar/stackd testdata/aws/kms/mldsa.json, mu_length_63."""
    for length in (1, 63, 65, 4096):
        members = {"Message": b"x" * length, "MessageType": "EXTERNAL_MU", "SigningAlgorithm": "ML_DSA_SHAKE_256"}
        assert refusal(client, operation, KeyId=keys[spec], **members, **BOTH[operation]) == (
            "ValidationException",
            "External Mu is invalid length for algorithm ML_DSA_SHAKE_256.",
        )


@pytest.mark.parametrize("operation", BOTH)
@pytest.mark.parametrize(
    ("spec", "algorithm", "message_type", "what"),
    [
        ("ECC_NIST_EDWARDS25519", ED25519, "DIGEST", f"algorithm {ED25519}"),
        ("ECC_NIST_EDWARDS25519", ED25519, "EXTERNAL_MU", "key spec ECC_NIST_EDWARDS25519"),
        ("ECC_NIST_EDWARDS25519", ED25519_PH, "RAW", f"algorithm {ED25519_PH}"),
        ("ECC_NIST_EDWARDS25519", ED25519_PH, "EXTERNAL_MU", "key spec ECC_NIST_EDWARDS25519"),
        *[(spec, "ML_DSA_SHAKE_256", "DIGEST", f"key spec {spec}") for spec in ML_DSA],
        *[(spec, algorithm, "EXTERNAL_MU", f"key spec {spec}") for spec, algorithm in WITH_DIGEST],
    ],
)
def test_a_message_type_is_one_of_the_algorithms(
    spec: str, algorithm: str, message_type: str, what: str, operation: str, client: Any, keys: dict[str, str]
) -> None:
    """Told before a wrong length. How we know: radkawar/stackd testdata/aws/kms/ecc.json, rsa.json and mldsa.json."""
    members = {"Message": b"x", "MessageType": message_type, "SigningAlgorithm": algorithm}
    assert refusal(client, operation, KeyId=keys[spec], **members, **BOTH[operation]) == (
        "ValidationException",
        f"Message type {message_type} is incompatible with {what}.",
    )


@pytest.mark.parametrize("key", [KEY, MAC_KEY])
def test_a_key_that_is_no_pair_has_no_public_key(key: str, kms: Any, keytrail_clean: KeytrailServer) -> None:
    load_sample_seed(keytrail_clean, kms)
    assert refusal(kms, "GetPublicKey", KeyId=key) == ("UnsupportedOperationException", "")


def test_a_public_key_is_no_usage_and_comes_of_a_disabled_key(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: AWS docs."""
    load_sample_seed(keytrail_clean, kms)
    kms.disable_key(KeyId=SIGNING_KEY)
    assert kms.get_public_key(KeyId=SIGNING_KEY)["KeyId"] == key_arn(SIGNING_KEY)
    assert kms.get_key_last_usage(KeyId=SIGNING_KEY)["KeyLastUsage"] == {}


def test_a_signature_that_does_not_verify_is_no_usage(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: AWS docs, only successful operations."""
    load_sample_seed(keytrail_clean, kms)
    members = {"KeyId": SIGNING_KEY, "Message": MESSAGE, "SigningAlgorithm": "ECDSA_SHA_256"}
    refusal(kms, "Verify", **members, Signature=b"x")
    assert kms.get_key_last_usage(KeyId=SIGNING_KEY)["KeyLastUsage"] == {}
    call(kms, "Sign", **members)
    assert kms.get_key_last_usage(KeyId=SIGNING_KEY)["KeyLastUsage"]["Operation"] == "Sign"
