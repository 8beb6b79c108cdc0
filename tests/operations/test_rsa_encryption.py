"""Encrypt, Decrypt and ReEncrypt with RSA keys, and between RSA and symmetric keys.

How we know: the limits and their words as recorded from AWS, what does not decrypt as measured on it, unless a test
says otherwise. The other side is OpenSSL's command line and pycryptodome; Keytrail encrypts with neither.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from Crypto.Cipher import PKCS1_OAEP
from Crypto.Hash import SHA1, SHA256
from Crypto.PublicKey import RSA
from hypothesis import given, settings
from hypothesis import strategies as st

from keytrail.server import KeytrailServer
from tests.support import answered_members, client_of, refusal

LIMITS = {
    ("RSA_2048", "RSAES_OAEP_SHA_1"): 214,
    ("RSA_3072", "RSAES_OAEP_SHA_1"): 342,
    ("RSA_4096", "RSAES_OAEP_SHA_1"): 470,
    ("RSA_2048", "RSAES_OAEP_SHA_256"): 190,
    ("RSA_3072", "RSAES_OAEP_SHA_256"): 318,
    ("RSA_4096", "RSAES_OAEP_SHA_256"): 446,
}
"""Bytes of the longest plaintext."""
SPECS = ["RSA_2048", "RSA_3072", "RSA_4096"]
SHA1_, SHA256_ = "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"
HASHES: dict[str, Any] = {SHA1_: SHA1, SHA256_: SHA256}
TEXT = b"attack at dawn"
INVALID = ("InvalidCiphertextException", "")
DRY_RUN = ("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A client of a server whose keys outlive a test, for RSA keys take long to make."""
    with KeytrailServer() as server:
        yield client_of(server)


@pytest.fixture(scope="module")
def keys(client: Any) -> dict[str, str]:
    """The ARN of a key of each spec: RSA to encrypt with, and a symmetric one."""
    made = {
        spec: client.create_key(KeySpec=spec, KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
        for spec in (*SPECS, "SYMMETRIC_DEFAULT")
    }
    return {**made, "another": client.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]}


def offline(client: Any, arn: str) -> RSA.RsaKey:
    """The public key as a client has it that encrypts by itself."""
    return RSA.import_key(client.get_public_key(KeyId=arn)["PublicKey"])


# ---- Shape


def test_the_answers_name_the_key_and_the_algorithm_and_no_material(client: Any, keys: dict[str, str]) -> None:
    """How we know: model and recordings; KeyMaterialId is of symmetric keys."""
    arn = keys["RSA_2048"]
    made = client.encrypt(KeyId=arn, Plaintext=TEXT, EncryptionAlgorithm=SHA256_)
    assert set(made) - {"ResponseMetadata"} == {"CiphertextBlob", "EncryptionAlgorithm", "KeyId"}
    assert (made["KeyId"], made["EncryptionAlgorithm"]) == (arn, SHA256_)
    members = {"KeyId": arn, "CiphertextBlob": made["CiphertextBlob"], "EncryptionAlgorithm": SHA256_}
    assert answered_members(client, "Decrypt", **members) == ["EncryptionAlgorithm", "KeyId", "KeyOrigin", "Plaintext"]
    opened = client.decrypt(**members)
    assert (opened["KeyId"], opened["EncryptionAlgorithm"], opened["Plaintext"]) == (arn, SHA256_, TEXT)


# ---- Rules


@pytest.mark.parametrize(("spec", "algorithm"), LIMITS)
def test_what_is_encrypted_is_decrypted_up_to_the_longest_plaintext(
    spec: str, algorithm: str, client: Any, keys: dict[str, str]
) -> None:
    for plaintext in (b"x", b"\0" * LIMITS[spec, algorithm]):
        blob = client.encrypt(KeyId=keys[spec], Plaintext=plaintext, EncryptionAlgorithm=algorithm)["CiphertextBlob"]
        assert len(blob) == int(spec.removeprefix("RSA_")) // 8
        opened = client.decrypt(KeyId=keys[spec], CiphertextBlob=blob, EncryptionAlgorithm=algorithm)
        assert opened["Plaintext"] == plaintext


@pytest.mark.parametrize(("spec", "algorithm"), LIMITS)
def test_what_a_client_encrypts_offline_is_decrypted(
    spec: str, algorithm: str, client: Any, keys: dict[str, str]
) -> None:
    blob = PKCS1_OAEP.new(offline(client, keys[spec]), HASHES[algorithm]).encrypt(TEXT)
    assert client.decrypt(KeyId=keys[spec], CiphertextBlob=blob, EncryptionAlgorithm=algorithm)["Plaintext"] == TEXT


@pytest.mark.parametrize(("spec", "algorithm"), LIMITS)
def test_what_openssl_encrypts_is_decrypted(
    spec: str, algorithm: str, client: Any, keys: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "public.der").write_bytes(client.get_public_key(KeyId=keys[spec])["PublicKey"])
    digest = "sha1" if algorithm == SHA1_ else "sha256"
    options = ["rsa_padding_mode:oaep", f"rsa_oaep_md:{digest}", f"rsa_mgf1_md:{digest}"]
    blob = subprocess.run(
        [
            *("openssl", "pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey", str(tmp_path / "public.der")),
            *(word for option in options for word in ("-pkeyopt", option)),
        ],
        input=TEXT,
        capture_output=True,
        check=True,
    ).stdout
    assert client.decrypt(KeyId=keys[spec], CiphertextBlob=blob, EncryptionAlgorithm=algorithm)["Plaintext"] == TEXT


@pytest.mark.parametrize("algorithm", [SHA1_, SHA256_])
def test_the_same_plaintext_has_another_ciphertext_every_time(
    algorithm: str, client: Any, keys: dict[str, str]
) -> None:
    members = {"KeyId": keys["RSA_2048"], "Plaintext": TEXT, "EncryptionAlgorithm": algorithm}
    assert len({client.encrypt(**members)["CiphertextBlob"] for _ in range(3)}) == 3


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_plaintext_comes_back_and_with_any_bit_flipped_nothing_does(
    data: st.DataObject, client: Any, keys: dict[str, str]
) -> None:
    (spec, algorithm), most = data.draw(st.sampled_from(sorted(LIMITS.items())))
    plaintext = data.draw(st.binary(min_size=1, max_size=most))
    members = {"KeyId": keys[spec], "EncryptionAlgorithm": algorithm}
    blob = bytearray(client.encrypt(**members, Plaintext=plaintext)["CiphertextBlob"])
    assert client.decrypt(**members, CiphertextBlob=bytes(blob))["Plaintext"] == plaintext
    bit = data.draw(st.integers(0, len(blob) * 8 - 1))
    blob[bit // 8] ^= 1 << bit % 8
    assert refusal(client, "Decrypt", **members, CiphertextBlob=bytes(blob)) == INVALID


@pytest.mark.parametrize("target", ["SYMMETRIC_DEFAULT", "another"])
@pytest.mark.parametrize("source", ["SYMMETRIC_DEFAULT", "RSA_2048"])
def test_re_encrypt_moves_between_rsa_and_symmetric_keys(
    source: str, target: str, client: Any, keys: dict[str, str]
) -> None:
    """How we know: AWS docs; the members for materials are those of symmetric keys, by the model."""
    algorithms = {"SYMMETRIC_DEFAULT": "SYMMETRIC_DEFAULT", "RSA_2048": SHA1_, "another": SHA256_}
    before, after = algorithms[source], algorithms[target]
    context = {"SourceEncryptionContext": {"a": "1"}} if source == "SYMMETRIC_DEFAULT" else {}
    blob = client.encrypt(
        KeyId=keys[source],
        Plaintext=TEXT,
        EncryptionAlgorithm=before,
        **({"EncryptionContext": {"a": "1"}} if context else {}),
    )["CiphertextBlob"]
    members = {
        **context,
        "CiphertextBlob": blob,
        "SourceKeyId": keys[source],
        "SourceEncryptionAlgorithm": before,
        "DestinationKeyId": keys[target],
        "DestinationEncryptionAlgorithm": after,
    }
    assert refusal(client, "ReEncrypt", **members, DryRun=True) == DRY_RUN
    moved = client.re_encrypt(**members)
    materials = {"SourceKeyMaterialId"} if source == "SYMMETRIC_DEFAULT" else set()
    materials |= {"DestinationKeyMaterialId"} if target == "SYMMETRIC_DEFAULT" else set()
    assert set(moved) - {"ResponseMetadata"} == {
        *("CiphertextBlob", "SourceKeyId", "KeyId", "SourceEncryptionAlgorithm", "DestinationEncryptionAlgorithm"),
        *materials,
    }
    assert (moved["SourceKeyId"], moved["KeyId"]) == (keys[source], keys[target])
    assert (moved["SourceEncryptionAlgorithm"], moved["DestinationEncryptionAlgorithm"]) == (before, after)
    opened = client.decrypt(KeyId=keys[target], CiphertextBlob=moved["CiphertextBlob"], EncryptionAlgorithm=after)
    assert opened["Plaintext"] == TEXT


def test_re_encrypt_changes_the_algorithm_of_one_key(client: Any, keys: dict[str, str]) -> None:
    arn = keys["RSA_2048"]
    blob = client.encrypt(KeyId=arn, Plaintext=TEXT, EncryptionAlgorithm=SHA1_)["CiphertextBlob"]
    moved = client.re_encrypt(
        CiphertextBlob=blob,
        SourceKeyId=arn,
        SourceEncryptionAlgorithm=SHA1_,
        DestinationKeyId=arn,
        DestinationEncryptionAlgorithm=SHA256_,
    )["CiphertextBlob"]
    assert client.decrypt(KeyId=arn, CiphertextBlob=moved, EncryptionAlgorithm=SHA256_)["Plaintext"] == TEXT


# ---- Refusals


@pytest.mark.parametrize(("spec", "algorithm"), LIMITS)
def test_a_plaintext_that_is_too_long_is_reported_with_the_limit(
    spec: str, algorithm: str, client: Any, keys: dict[str, str]
) -> None:
    most = LIMITS[spec, algorithm]
    answer = (
        "ValidationException",
        f"Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {most} bytes.",
    )
    members = {"KeyId": keys[spec], "Plaintext": b"x" * (most + 1), "EncryptionAlgorithm": algorithm}
    assert refusal(client, "Encrypt", **members) == answer
    assert refusal(client, "Encrypt", **members, DryRun=True) == answer


def test_4096_bytes_are_the_limit_of_every_key_and_checked_first(client: Any, keys: dict[str, str]) -> None:
    members = {"KeyId": keys["RSA_2048"], "Plaintext": b"x" * 4097, "EncryptionAlgorithm": SHA1_}
    assert refusal(client, "Encrypt", **members) == (
        "ValidationException",
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: "
        "Member must have length less than or equal to 4096",
    )


def test_a_plaintext_may_be_too_long_for_the_key_that_it_is_moved_to(client: Any, keys: dict[str, str]) -> None:
    """Inferred from Encrypt."""
    blob = client.encrypt(KeyId=keys["SYMMETRIC_DEFAULT"], Plaintext=b"x" * 191)["CiphertextBlob"]
    members = {"DestinationKeyId": keys["RSA_2048"], "DestinationEncryptionAlgorithm": SHA256_}
    assert refusal(client, "ReEncrypt", CiphertextBlob=blob, **members) == (
        "ValidationException",
        "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes.",
    )


@pytest.mark.parametrize("algorithm", [SHA1_, SHA256_])
def test_what_does_not_decrypt_is_an_invalid_ciphertext(algorithm: str, client: Any, keys: dict[str, str]) -> None:
    arn = keys["RSA_2048"]
    blob = client.encrypt(KeyId=arn, Plaintext=TEXT, EncryptionAlgorithm=algorithm)["CiphertextBlob"]
    other_hash = SHA1_ if algorithm == SHA256_ else SHA256_
    members = {"KeyId": arn, "EncryptionAlgorithm": algorithm}
    cases: list[dict[str, Any]] = [
        {**members, "CiphertextBlob": b"x" * 256},
        {**members, "CiphertextBlob": b"\xff" * 256},
        {**members, "CiphertextBlob": b"x"},
        {**members, "CiphertextBlob": blob[:-1]},
        {**members, "CiphertextBlob": blob + b"\0"},
        {**members, "CiphertextBlob": bytes([*blob[:-1], blob[-1] ^ 1])},
        {**members, "CiphertextBlob": blob, "EncryptionAlgorithm": other_hash},
        {**members, "CiphertextBlob": blob, "KeyId": keys["another"]},
        {**members, "CiphertextBlob": blob, "KeyId": keys["RSA_3072"]},
    ]
    for case in cases:
        assert refusal(client, "Decrypt", **case) == INVALID


def test_a_source_ciphertext_that_does_not_decrypt_is_invalid_too(client: Any, keys: dict[str, str]) -> None:
    members = {"SourceKeyId": keys["RSA_2048"], "SourceEncryptionAlgorithm": SHA256_}
    members |= {"DestinationKeyId": keys["SYMMETRIC_DEFAULT"]}
    assert refusal(client, "ReEncrypt", CiphertextBlob=b"x" * 256, **members) == INVALID


def test_a_symmetric_ciphertext_is_of_another_key_than_an_rsa_key(client: Any, keys: dict[str, str]) -> None:
    """How we know: measured that it is read as a symmetric one; recorded what another key is told."""
    blob = client.encrypt(KeyId=keys["SYMMETRIC_DEFAULT"], Plaintext=TEXT)["CiphertextBlob"]
    assert refusal(client, "Decrypt", CiphertextBlob=blob, KeyId=keys["RSA_2048"])[0] == "IncorrectKeyException"


def test_an_asymmetric_source_must_be_named(client: Any, keys: dict[str, str]) -> None:
    """How we know: measured for Decrypt."""
    members = {"CiphertextBlob": b"x" * 256, "DestinationKeyId": keys["SYMMETRIC_DEFAULT"]}
    answer = ("ValidationException", "SourceKeyId must not be null")
    assert refusal(client, "ReEncrypt", **members, SourceEncryptionAlgorithm=SHA256_) == answer


@pytest.mark.parametrize("member", ["SourceEncryptionContext", "DestinationEncryptionContext"])
def test_neither_side_of_a_re_encrypt_takes_a_context_with_an_rsa_key(
    member: str, client: Any, keys: dict[str, str]
) -> None:
    """How we know: measured for Encrypt and Decrypt."""
    blob = client.encrypt(KeyId=keys["RSA_2048"], Plaintext=TEXT, EncryptionAlgorithm=SHA256_)["CiphertextBlob"]
    members = {
        "CiphertextBlob": blob,
        "SourceKeyId": keys["RSA_2048"],
        "SourceEncryptionAlgorithm": SHA256_,
        "DestinationKeyId": keys["another"],
        "DestinationEncryptionAlgorithm": SHA256_,
    }
    assert refusal(client, "ReEncrypt", **members, **{member: {"a": "1"}}) == (
        "ValidationException",
        "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.",
    )


def test_a_dry_run_may_ignore_an_rsa_ciphertext(client: Any, keys: dict[str, str]) -> None:
    """How we know: AWS docs."""
    members = {"KeyId": keys["RSA_2048"], "EncryptionAlgorithm": SHA256_, "DryRun": True}
    assert refusal(client, "Decrypt", **members, DryRunModifiers=["IGNORE_CIPHERTEXT"]) == DRY_RUN
    assert refusal(client, "Decrypt", **members, CiphertextBlob=b"x" * 256) == INVALID


def test_only_a_success_is_a_use(client: Any) -> None:
    """How we know: AWS docs."""
    arn = client.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    members = {"KeyId": arn, "EncryptionAlgorithm": SHA256_}
    refusal(client, "Decrypt", CiphertextBlob=b"x" * 256, **members)
    refusal(client, "Encrypt", Plaintext=b"x" * 191, **members)
    assert client.get_key_last_usage(KeyId=arn)["KeyLastUsage"] == {}
    blob = client.encrypt(Plaintext=TEXT, **members)["CiphertextBlob"]
    assert client.get_key_last_usage(KeyId=arn)["KeyLastUsage"]["Operation"] == "Encrypt"
    client.decrypt(CiphertextBlob=blob, **members)
    assert client.get_key_last_usage(KeyId=arn)["KeyLastUsage"]["Operation"] == "Decrypt"
