"""Encrypt, Decrypt and ReEncrypt.

How we know: recorded from AWS, unless a test says otherwise.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.support import (
    ACCOUNT,
    ALIAS,
    ELSEWHERE,
    KEY,
    MRK,
    NO_SUCH_OR_NO_ACCESS,
    OTHER_KEY,
    answered_members,
    key_arn,
    load_sample_seed,
    refusal,
    request,
)

Make = Callable[..., Any]

HMAC_KEY = "6789abcd-12ab-34cd-56ef-1234567890ab"
RSA_KEY = "789abcde-12ab-34cd-56ef-1234567890ab"
ASYMMETRIC = {"KeyId": RSA_KEY, "KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}
NO_MESSAGE = ""
INCORRECT_KEY = (
    "IncorrectKeyException",
    "The key ID in the request does not identify a CMK that can perform this operation.",
)
IGNORE_CIPHERTEXT = {"DryRun": True, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]}
DRY_RUN = ("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")


@pytest.fixture
def blob(keytrail_clean: KeytrailServer, kms: Any) -> bytes:
    """A ciphertext under KEY, in the sample seed with an HMAC and an RSA key."""
    ciphertext = load_sample_seed(keytrail_clean, kms)
    keytrail_clean.load({"keys": [{"KeyId": HMAC_KEY, "KeySpec": "HMAC_256"}, ASYMMETRIC]})
    return ciphertext


def material_of(kms: Any, key_id: str) -> str:
    return str(kms.describe_key(KeyId=key_id)["KeyMetadata"]["CurrentKeyMaterialId"])


# ---- Shape


def test_encrypt_answers_with_three_members(kms: Any, blob: bytes) -> None:
    """How we know: model; KeyMaterialId is not among them."""
    answer = kms.encrypt(KeyId=KEY, Plaintext=b"x")
    assert set(answer) - {"ResponseMetadata"} == {"CiphertextBlob", "KeyId", "EncryptionAlgorithm"}
    assert (answer["KeyId"], answer["EncryptionAlgorithm"]) == (key_arn(), "SYMMETRIC_DEFAULT")


def test_decrypt_answers_with_the_key_and_its_material(kms: Any, blob: bytes) -> None:
    answer = kms.decrypt(CiphertextBlob=blob)
    del answer["ResponseMetadata"]
    assert answer == {
        "KeyId": key_arn(),
        "Plaintext": b"attack at dawn",
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "KeyMaterialId": material_of(kms, KEY),
    }


def test_decrypt_answers_with_a_key_origin_that_the_model_lacks(kms: Any, blob: bytes) -> None:
    assert answered_members(kms, "Decrypt", CiphertextBlob=blob) == [
        "EncryptionAlgorithm",
        "KeyId",
        "KeyMaterialId",
        "KeyOrigin",
        "Plaintext",
    ]


def test_re_encrypt_answers_with_both_keys(kms: Any, blob: bytes) -> None:
    answer = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=OTHER_KEY)
    del answer["ResponseMetadata"], answer["CiphertextBlob"]
    assert answer == {
        "SourceKeyId": key_arn(KEY),
        "KeyId": key_arn(OTHER_KEY),
        "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "SourceKeyMaterialId": material_of(kms, KEY),
        "DestinationKeyMaterialId": material_of(kms, OTHER_KEY),
    }


def test_a_ciphertext_begins_as_those_of_aws_and_carries_its_key_material_id(kms: Any, blob: bytes) -> None:
    """How we know: recorded, of two keys."""
    assert blob[:5] == bytes.fromhex("0102020078")
    assert blob[5:37].hex() == material_of(kms, KEY)
    assert base64.b64encode(blob).startswith(b"AQICAH")


# ---- Rules


@pytest.mark.parametrize("plaintext", [b"x", b"\0" * 16, bytes(range(256)), b"x" * 4096])
def test_what_was_encrypted_is_decrypted(plaintext: bytes, kms: Any, blob: bytes) -> None:
    ciphertext = kms.encrypt(KeyId=KEY, Plaintext=plaintext)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=ciphertext)["Plaintext"] == plaintext
    assert len(ciphertext) <= 6144
    assert plaintext not in ciphertext or len(plaintext) == 1


def test_the_same_plaintext_has_another_ciphertext_every_time(kms: Any, blob: bytes) -> None:
    assert len({kms.encrypt(KeyId=KEY, Plaintext=b"x")["CiphertextBlob"] for _ in range(20)}) == 20


@pytest.mark.parametrize(
    "context", [{"a": "1"}, {"a": "1", "b": "2"}, {"": ""}, {"ü": "ß", "😀": "日本"}, {"k" * 500: "v" * 5000}]
)
def test_a_context_given_again_decrypts(context: dict[str, str], kms: Any, blob: bytes) -> None:
    """How we know: AWS docs."""
    ciphertext = kms.encrypt(KeyId=KEY, Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=ciphertext, EncryptionContext=context)["Plaintext"] == b"x"


def test_the_order_of_a_context_does_not_matter(kms: Any, blob: bytes) -> None:
    """How we know: AWS docs."""
    ciphertext = kms.encrypt(KeyId=KEY, Plaintext=b"x", EncryptionContext={"a": "1", "b": "2"})["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=ciphertext, EncryptionContext={"b": "2", "a": "1"})["Plaintext"] == b"x"


@pytest.mark.parametrize("key_id", [None, KEY, key_arn(), ALIAS])
def test_decrypt_may_name_the_key_of_the_ciphertext(key_id: str | None, kms: Any, blob: bytes) -> None:
    members = {} if key_id is None else {"KeyId": key_id}
    assert kms.decrypt(CiphertextBlob=blob, **members)["Plaintext"] == b"attack at dawn"


def test_re_encrypt_moves_a_plaintext_from_key_and_context_to_key_and_context(kms: Any, blob: bytes) -> None:
    first = kms.encrypt(KeyId=KEY, Plaintext=b"hello", EncryptionContext={"a": "1"})["CiphertextBlob"]
    second = kms.re_encrypt(
        CiphertextBlob=first,
        SourceEncryptionContext={"a": "1"},
        DestinationKeyId=OTHER_KEY,
        DestinationEncryptionContext={"b": "2"},
    )["CiphertextBlob"]
    answer = kms.decrypt(CiphertextBlob=second, EncryptionContext={"b": "2"})
    assert (answer["Plaintext"], answer["KeyId"]) == (b"hello", key_arn(OTHER_KEY))
    assert refusal(kms, "Decrypt", CiphertextBlob=second, EncryptionContext={"a": "1"}) == (
        "InvalidCiphertextException",
        NO_MESSAGE,
    )
    assert kms.decrypt(CiphertextBlob=first, EncryptionContext={"a": "1"})["Plaintext"] == b"hello"


@pytest.mark.parametrize("into", ["us-east-1", ELSEWHERE])
def test_a_ciphertext_of_a_multi_region_key_decrypts_under_each_related_key(
    into: str, keytrail_client: Make, blob: bytes
) -> None:
    """How we know: AWS docs."""
    out_of = {"us-east-1": ELSEWHERE, ELSEWHERE: "us-east-1"}[into]
    ciphertext = keytrail_client(region=out_of).encrypt(KeyId=MRK, Plaintext=b"hello")["CiphertextBlob"]
    answer = keytrail_client(region=into).decrypt(CiphertextBlob=ciphertext)
    assert (answer["Plaintext"], answer["KeyId"]) == (b"hello", key_arn(MRK, region=into))


def test_a_key_that_was_disabled_decrypts_again_once_it_is_enabled(kms: Any, blob: bytes) -> None:
    kms.disable_key(KeyId=KEY)
    assert refusal(kms, "Decrypt", CiphertextBlob=blob) == ("DisabledException", f"{key_arn()} is disabled.")
    kms.enable_key(KeyId=KEY)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"attack at dawn"


def test_a_ciphertext_under_given_key_material_decrypts_in_every_run(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: docs/seeds.md, "Seeds"."""
    seed = {"keys": [{"KeyId": KEY, "KeyMaterial": base64.b64encode(b"0123456789abcdef" * 2).decode()}]}
    keytrail_clean.load(seed)
    ciphertext = kms.encrypt(KeyId=KEY, Plaintext=b"hello")["CiphertextBlob"]
    keytrail_clean.reset()
    keytrail_clean.load(seed)
    assert kms.decrypt(CiphertextBlob=ciphertext)["Plaintext"] == b"hello"
    keytrail_clean.reset()
    keytrail_clean.load({"keys": [{"KeyId": KEY}]})  # the same id, other material
    assert refusal(kms, "Decrypt", CiphertextBlob=ciphertext)[0] in (
        "InvalidCiphertextException",
        "AccessDeniedException",
    )


@pytest.mark.parametrize("operation", ["Encrypt", "Decrypt", "ReEncrypt"])
def test_a_dry_run_ends_in_its_own_exception(operation: str, kms: Any, blob: bytes) -> None:
    """How we know: recorded, on GenerateDataKeyPair."""
    assert refusal(kms, operation, **request(operation, blob), DryRun=True) == DRY_RUN


@pytest.mark.parametrize(
    ("operation", "members"),
    [("Decrypt", {"KeyId": KEY}), ("ReEncrypt", {"SourceKeyId": KEY, "DestinationKeyId": OTHER_KEY})],
)
@pytest.mark.parametrize("sent", [{}, {"CiphertextBlob": b"garbage"}], ids=["no ciphertext", "any ciphertext"])
def test_a_dry_run_may_ignore_the_ciphertext(
    operation: str, members: dict[str, str], sent: dict[str, bytes], kms: Any, blob: bytes
) -> None:
    """How we know: AWS docs."""
    assert refusal(kms, operation, **members, **sent, **IGNORE_CIPHERTEXT) == DRY_RUN


# ---- Refusals: the ciphertext


@pytest.mark.parametrize(
    ("sealed", "opened"),
    [
        ({"a": "1"}, {}),
        ({}, {"a": "1"}),
        ({"a": "1"}, {"a": "2"}),
        ({"a": "1"}, {"A": "1"}),
        ({"a": "x"}, {"a": "X"}),
        ({"a": "1"}, {"a": "1", "b": "2"}),
        ({"a": "1", "b": "2"}, {"a": "1"}),
        ({"a": "1", "b": "2"}, {"a": "2", "b": "1"}),
        ({"ab": "c"}, {"a": "bc"}),
        ({"a": "b", "c": "d"}, {"a": "bcd"}),
        ({"a": "b", "c": "d"}, {"abc": "d"}),
        ({"a": "", "b": ""}, {"ab": ""}),
    ],
    ids=str,
)
def test_another_context_does_not_decrypt(
    sealed: dict[str, str], opened: dict[str, str], kms: Any, blob: bytes
) -> None:
    """Not even one that is made of the same letters."""
    ciphertext = kms.encrypt(KeyId=KEY, Plaintext=b"x", EncryptionContext=sealed)["CiphertextBlob"]
    assert refusal(kms, "Decrypt", CiphertextBlob=ciphertext, EncryptionContext=opened) == (
        "InvalidCiphertextException",
        NO_MESSAGE,
    )


@pytest.mark.parametrize("named", [{}, {"KeyId": KEY}], ids=["no KeyId", "KeyId"])
@pytest.mark.parametrize(
    "change",
    [
        lambda blob: blob[:-1] + bytes([blob[-1] ^ 1]),
        lambda blob: blob[:-17] + bytes([blob[-17] ^ 128]) + blob[-16:],
        lambda blob: blob[:-1],
        lambda blob: blob + b"\0",
        lambda blob: b"\0" + blob[1:],
        lambda blob: blob[:40],
        lambda blob: b"garbage",
        lambda blob: b"\0",
    ],
    ids=["last byte", "middle", "shorter", "longer", "version", "cut", "garbage", "a byte"],
)
def test_a_ciphertext_that_was_changed_does_not_decrypt(
    change: Callable[[bytes], bytes], named: dict[str, str], kms: Any, blob: bytes
) -> None:
    assert refusal(kms, "Decrypt", CiphertextBlob=change(blob), **named) == (
        "InvalidCiphertextException",
        NO_MESSAGE,
    )


@pytest.mark.parametrize(
    ("operation", "member", "key_id"),
    [
        ("Decrypt", "KeyId", OTHER_KEY),
        ("Decrypt", "KeyId", MRK),
        ("Decrypt", "KeyId", HMAC_KEY),
        ("ReEncrypt", "SourceKeyId", OTHER_KEY),
        ("ReEncrypt", "SourceKeyId", HMAC_KEY),
    ],
)
def test_another_key_than_that_of_the_ciphertext_is_incorrect_whatever_it_is_for(
    operation: str, member: str, key_id: str, kms: Any, blob: bytes
) -> None:
    assert refusal(kms, operation, **request(operation, blob, **{member: key_id})) == INCORRECT_KEY


@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion"])
def test_an_incorrect_key_is_reported_before_its_state(state: str, kms: Any, keytrail_clean: Any, blob: bytes) -> None:
    """How we know: AWS docs, the order of the checks; inferred for the state."""
    wrong = "89abcdef-12ab-34cd-56ef-1234567890ab"
    keytrail_clean.load({"keys": [{"KeyId": wrong, "KeyState": state}]})
    assert refusal(kms, "Decrypt", CiphertextBlob=blob, KeyId=wrong) == INCORRECT_KEY


def test_an_alias_that_names_another_key_by_now_is_refused(kms: Any, blob: bytes) -> None:
    """How we know: KMS API Reference, IncorrectKeyException or NotFoundException."""
    kms.update_alias(AliasName=ALIAS, TargetKeyId=OTHER_KEY)
    assert refusal(kms, "Decrypt", CiphertextBlob=blob, KeyId=ALIAS) == INCORRECT_KEY


@pytest.mark.parametrize(("operation", "action"), [("Decrypt", "kms:Decrypt"), ("ReEncrypt", "kms:ReEncryptFrom")])
def test_a_ciphertext_of_a_deleted_key_is_denied(
    operation: str, action: str, kms: Any, keytrail_clock: Any, blob: bytes
) -> None:
    """How we know: reported, very common."""
    kms.schedule_key_deletion(KeyId=KEY, PendingWindowInDays=7)
    keytrail_clock.advance(days=8)
    assert refusal(kms, operation, **request(operation, blob)) == (
        "AccessDeniedException",
        f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: {action} "
        f"on the resource associated with this ciphertext {NO_SUCH_OR_NO_ACCESS}",
    )


def test_a_ciphertext_of_another_regions_key_is_denied(keytrail_client: Make, blob: bytes) -> None:
    """How we know: reported."""
    assert refusal(keytrail_client(region=ELSEWHERE), "Decrypt", CiphertextBlob=blob) == (
        "AccessDeniedException",
        f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: kms:Decrypt "
        f"on the resource associated with this ciphertext {NO_SUCH_OR_NO_ACCESS}",
    )


@pytest.mark.parametrize("further", [{}, {"DryRunModifiers": []}, {"DryRun": True, "DryRunModifiers": []}], ids=str)
@pytest.mark.parametrize("operation", ["Decrypt", "ReEncrypt"])
def test_a_ciphertext_is_required(operation: str, further: dict[str, Any], kms: Any, blob: bytes) -> None:
    """How we know: measured; docs, KMS API Reference, Decrypt, "DryRunModifiers", of no modifier."""
    members = request(operation, blob, **further)
    del members["CiphertextBlob"]
    assert refusal(kms, operation, **members) == (
        "ValidationException",
        "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: "
        "Member must not be null",
    )


# ---- Refusals: what the key is for


@pytest.mark.parametrize(
    ("operation", "members", "word"),
    [
        ("Encrypt", {"KeyId": HMAC_KEY}, "Encrypt"),
        ("ReEncrypt", {"DestinationKeyId": HMAC_KEY}, "ReEncryptTo"),
        ("ReEncrypt", {"SourceKeyId": HMAC_KEY, **IGNORE_CIPHERTEXT}, "ReEncryptFrom"),
    ],
)
def test_a_key_for_another_usage_is_refused_by_the_operations_word(
    operation: str, members: dict[str, Any], word: str, kms: Any, blob: bytes
) -> None:
    """How we know: recorded; the word of a source is inferred from that of a destination."""
    assert refusal(kms, operation, **request(operation, blob, **members)) == (
        "InvalidKeyUsageException",
        f"{key_arn(HMAC_KEY)} key usage is GENERATE_VERIFY_MAC which is not valid for {word}.",
    )


@pytest.mark.parametrize(
    ("operation", "members", "algorithm", "spec"),
    [
        ("Encrypt", {"EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}, "RSAES_OAEP_SHA_256", "SYMMETRIC_DEFAULT"),
        (
            "Decrypt",
            {"EncryptionAlgorithm": "RSAES_OAEP_SHA_256", "KeyId": KEY},
            "RSAES_OAEP_SHA_256",
            "SYMMETRIC_DEFAULT",
        ),
        ("Encrypt", {"KeyId": RSA_KEY}, "SYMMETRIC_DEFAULT", "RSA_2048"),
        (
            "ReEncrypt",
            {"DestinationEncryptionAlgorithm": "RSAES_OAEP_SHA_1"},
            "RSAES_OAEP_SHA_1",
            "SYMMETRIC_DEFAULT",
        ),
        ("ReEncrypt", {"DestinationKeyId": RSA_KEY}, "SYMMETRIC_DEFAULT", "RSA_2048"),
    ],
)
def test_an_algorithm_that_is_not_the_keys_is_incompatible(
    operation: str, members: dict[str, str], algorithm: str, spec: str, kms: Any, blob: bytes
) -> None:
    """How we know: measured and reported."""
    assert refusal(kms, operation, **request(operation, blob, **members)) == (
        "InvalidKeyUsageException",
        f"Algorithm {algorithm} is incompatible with key spec {spec}.",
    )


@pytest.mark.parametrize("operation", ["Encrypt", "Decrypt"])
def test_the_state_is_checked_before_the_algorithm(operation: str, kms: Any, blob: bytes) -> None:
    """How we know: measured, for Sign on an RSA key."""
    kms.disable_key(KeyId=KEY)
    members = request(operation, blob, KeyId=KEY, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    assert refusal(kms, operation, **members) == ("DisabledException", f"{key_arn()} is disabled.")


@pytest.mark.parametrize("operation", ["Encrypt", "Decrypt"])
def test_an_asymmetric_key_takes_no_context(operation: str, kms: Any, blob: bytes) -> None:
    """How we know: measured."""
    members = request(operation, blob, KeyId=RSA_KEY, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    assert refusal(kms, operation, **members, EncryptionContext={"a": "1"}) == (
        "ValidationException",
        "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.",
    )


def test_an_rsa_algorithm_needs_a_key_id(kms: Any, blob: bytes) -> None:
    """How we know: measured."""
    assert refusal(kms, "Decrypt", CiphertextBlob=b"x" * 256, EncryptionAlgorithm="RSAES_OAEP_SHA_256") == (
        "ValidationException",
        "KeyId must not be null",
    )


def test_an_rsa_key_without_an_algorithm_has_its_ciphertext_read_as_a_symmetric_one(kms: Any, blob: bytes) -> None:
    """How we know: measured; not InvalidKeyUsage."""
    assert refusal(kms, "Decrypt", CiphertextBlob=b"x" * 256, KeyId=RSA_KEY) == (
        "InvalidCiphertextException",
        NO_MESSAGE,
    )


# ---- Refusals: sizes, and dry runs that would fail


@pytest.mark.parametrize(
    ("operation", "members", "member", "constraint"),
    [
        ("Encrypt", {"Plaintext": b"x" * 4097}, "plaintext", "less than or equal to 4096"),
        ("Encrypt", {"Plaintext": b""}, "plaintext", "greater than or equal to 1"),
        ("Decrypt", {"CiphertextBlob": b"x" * 6145}, "ciphertextBlob", "less than or equal to 6144"),
        ("Decrypt", {"CiphertextBlob": b""}, "ciphertextBlob", "greater than or equal to 1"),
        ("ReEncrypt", {"CiphertextBlob": b"x" * 6145}, "ciphertextBlob", "less than or equal to 6144"),
    ],
)
def test_a_blob_out_of_range_is_refused_without_being_echoed(
    operation: str, members: dict[str, bytes], member: str, constraint: str, kms: Any, blob: bytes
) -> None:
    """How we know: recorded for 4096, measured for the others."""
    assert refusal(kms, operation, **request(operation, blob, **members)) == (
        "ValidationException",
        f"1 validation error detected: Value at '{member}' failed to satisfy constraint: "
        f"Member must have length {constraint}",
    )


@pytest.mark.parametrize(
    ("operation", "members", "code"),
    [
        ("Encrypt", {"KeyId": HMAC_KEY}, "InvalidKeyUsageException"),
        ("Encrypt", {"KeyId": "alias/none"}, "NotFoundException"),
        ("Decrypt", {"KeyId": OTHER_KEY}, "IncorrectKeyException"),
        ("Decrypt", {"EncryptionContext": {"a": "1"}}, "InvalidCiphertextException"),
        ("ReEncrypt", {"SourceEncryptionContext": {"a": "1"}}, "InvalidCiphertextException"),
    ],
)
def test_a_dry_run_of_what_would_fail_is_the_real_failure(
    operation: str, members: dict[str, Any], code: str, kms: Any, blob: bytes
) -> None:
    """How we know: AWS docs."""
    assert refusal(kms, operation, **request(operation, blob, **members), DryRun=True)[0] == code


@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion"])
def test_a_dry_run_that_ignores_the_ciphertext_still_looks_at_the_key(
    state: str, kms: Any, keytrail_clean: KeytrailServer
) -> None:
    """How we know: the code from kms-behaviour D.2."""
    keytrail_clean.load({"keys": [{"KeyId": KEY, "KeyState": state}]})
    code = {"Disabled": "DisabledException", "PendingDeletion": "KMSInvalidStateException"}[state]
    assert refusal(kms, "Decrypt", KeyId=KEY, **IGNORE_CIPHERTEXT)[0] == code


def test_a_blob_of_a_key_whose_material_is_another_now_is_an_invalid_ciphertext(
    keytrail_clean: KeytrailServer, kms: Any
) -> None:
    """How we know: AWS docs, "tampered or foreign blob"; AWS never gives an id to other material, a seed may."""
    blobs = []
    for material in (b"1" * 32, b"2" * 32):
        keytrail_clean.reset()
        keytrail_clean.load({"keys": [{"KeyId": KEY, "KeyMaterial": base64.b64encode(material).decode()}]})
        blobs.append(kms.encrypt(KeyId=KEY, Plaintext=b"x")["CiphertextBlob"])
    assert kms.decrypt(CiphertextBlob=blobs[1])["Plaintext"] == b"x"
    assert refusal(kms, "Decrypt", CiphertextBlob=blobs[0])[0] == "InvalidCiphertextException"
