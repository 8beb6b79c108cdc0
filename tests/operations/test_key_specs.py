"""Which key is made for what, and what a key that is for something else is told: every cell of the matrix.

How we know: the matrix and its sources are in tests/support/key_specs.py;
the words as recorded from AWS (CreateKey, usage, HMAC) or measured on it (the other algorithms).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from keytrail.domain.key_material import is_supported
from keytrail.server import KeytrailServer
from tests.support import KEY, key_arn, refusal
from tests.support.key_specs import MATRIX, MEMBER, SPECS, USAGES, algorithms_for

Make = Callable[..., Any]

AT_HAND = [(spec, usage) for spec, usage in MATRIX if is_supported(spec)]
"""Specs of which there is cryptography here. The rest is refused, and a test says how."""
ASYMMETRIC = [(spec, usage) for spec, usage in AT_HAND if not spec.startswith(("SYMMETRIC", "HMAC"))]


def key_id(spec: str, usage: str) -> str:
    """The seeded key of a spec and usage."""
    return f"cccc{list(MATRIX).index((spec, usage)):04}-12ab-34cd-56ef-1234567890ab"


@pytest.fixture(autouse=True)
def blob(keytrail_clean: KeytrailServer, kms: Any) -> bytes:
    """A ciphertext under KEY, with a key of every kind beside it. Their pairs are made when they are first used."""
    keys = [{"KeyId": key_id(spec, usage), "KeySpec": spec, "KeyUsage": usage} for spec, usage in AT_HAND]
    keytrail_clean.load({"keys": [{"KeyId": KEY}, *keys]})
    return bytes(kms.encrypt(KeyId=KEY, Plaintext=b"x")["CiphertextBlob"])


# ---- Keys are created


@pytest.mark.parametrize(("spec", "usage"), AT_HAND)
def test_a_key_is_made_with_the_algorithms_of_its_spec_and_usage(spec: str, usage: str, kms: Any) -> None:
    made = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
    assert (made["KeySpec"], made["KeyUsage"], made["KeyState"]) == (spec, usage, "Enabled")
    assert made["CustomerMasterKeySpec"] == spec
    assert {name: made[name] for name in MEMBER.values() if name in made} == {MEMBER[usage]: MATRIX[spec, usage]}
    assert ("CurrentKeyMaterialId" in made) == (spec == "SYMMETRIC_DEFAULT")
    assert kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"] == made


@pytest.mark.parametrize(
    ("spec", "usage"),
    [(spec, usage) for spec in SPECS for usage in USAGES if (spec, usage) not in MATRIX],
)
def test_no_key_is_made_for_a_usage_that_its_spec_lacks(spec: str, usage: str, keytrail_client: Make) -> None:
    kms = keytrail_client(region="cn-north-1" if spec == "SM2" else "us-east-1")
    answer = ("ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    assert refusal(kms, "CreateKey", KeySpec=spec, KeyUsage=usage) == answer


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec != "SYMMETRIC_DEFAULT"])
def test_only_a_symmetric_encryption_key_has_a_usage_by_default(spec: str, keytrail_client: Make) -> None:
    kms = keytrail_client(region="cn-north-1" if spec == "SM2" else "us-east-1")
    assert refusal(kms, "CreateKey", KeySpec=spec) == (
        "ValidationException",
        "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
    )


def test_a_symmetric_encryption_key_is_what_is_made_by_default(kms: Any) -> None:
    made = kms.create_key()["KeyMetadata"]
    assert (made["KeySpec"], made["KeyUsage"]) == ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")


@pytest.mark.parametrize(
    ("spec", "usage", "region"),
    [
        *[("SM2", usage, "us-east-1") for usage in ("ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT")],
        *[(f"ML_KEM_{size}", "ENCAPSULATE_DECAPSULATE", "cn-north-1") for size in (512, 768, 1024)],
    ],
)
def test_a_spec_is_refused_where_kms_does_not_have_it(
    spec: str, usage: str, region: str, keytrail_client: Make
) -> None:
    """How we know: measured for SM2; for ML-KEM in China inferred from it."""
    assert refusal(keytrail_client(region=region), "CreateKey", KeySpec=spec, KeyUsage=usage) == (
        "UnsupportedOperationException",
        f"KeySpec {spec} is not supported in this Region",
    )


MISSING = [(spec, usage) for spec, usage in MATRIX if not is_supported(spec)]


@pytest.mark.skipif(not MISSING, reason="there is cryptography here for every spec")
@pytest.mark.parametrize(("spec", "usage"), MISSING or [("", "")])
def test_a_spec_without_cryptography_here_is_refused_by_name(spec: str, usage: str, keytrail_client: Make) -> None:
    """Ours: no key is made that could do nothing."""
    kms = keytrail_client(region="cn-north-1" if spec == "SM2" else "us-east-1")
    code, message = refusal(kms, "CreateKey", KeySpec=spec, KeyUsage=usage)
    assert code == "UnsupportedOperationException"
    assert spec in message


@pytest.mark.parametrize(("spec", "usage"), ASYMMETRIC)
def test_a_public_key_comes_with_its_usage_and_algorithms(spec: str, usage: str, kms: Any) -> None:
    """How we know: model. One list of algorithms is there, that of the usage."""
    public = kms.get_public_key(KeyId=key_id(spec, usage))
    del public["ResponseMetadata"]
    assert set(public) == {"KeyId", "PublicKey", "CustomerMasterKeySpec", "KeySpec", "KeyUsage", MEMBER[usage]}
    assert public["KeyId"] == key_arn(key_id(spec, usage))
    assert (public["KeySpec"], public["CustomerMasterKeySpec"], public["KeyUsage"]) == (spec, spec, usage)
    assert public[MEMBER[usage]] == MATRIX[spec, usage]


def test_a_key_that_waits_for_its_material_has_no_public_key_yet(kms: Any) -> None:
    """Inferred: kms-behaviour D.2 lets such a key through, but there is nothing to tell before the first import."""
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Origin="EXTERNAL")["KeyMetadata"]
    answer = ("KMSInvalidStateException", f"{made['Arn']} is pending import.")
    assert refusal(kms, "GetPublicKey", KeyId=made["KeyId"]) == answer


# ---- Keys are used


class Step(NamedTuple):
    """What an operation asks of one of its keys."""

    operation: str
    usage: str
    key: str = "KeyId"
    """The member that names the key."""
    algorithm: str | None = None
    """The member that names the algorithm."""
    rest: dict[str, Any] = {}  # noqa: RUF012 - read only
    """The other members; `...` stands for a ciphertext under KEY."""
    word: str = ""
    """How the refusal names the operation; its own name if empty."""


MESSAGE = {"Message": b"x"}
STEPS = [
    Step("Encrypt", "ENCRYPT_DECRYPT", algorithm="EncryptionAlgorithm", rest={"Plaintext": b"x"}),
    Step("Decrypt", "ENCRYPT_DECRYPT", algorithm="EncryptionAlgorithm", rest={"CiphertextBlob": b"x" * 256}),
    Step(
        "ReEncrypt",
        "ENCRYPT_DECRYPT",
        "SourceKeyId",
        "SourceEncryptionAlgorithm",
        {"CiphertextBlob": b"x" * 256, "DestinationKeyId": KEY},
        "ReEncryptFrom",
    ),
    Step(
        "ReEncrypt",
        "ENCRYPT_DECRYPT",
        "DestinationKeyId",
        "DestinationEncryptionAlgorithm",
        {"CiphertextBlob": ...},
        "ReEncryptTo",
    ),
    Step("GenerateDataKey", "ENCRYPT_DECRYPT", rest={"KeySpec": "AES_256"}),
    Step("GenerateDataKeyWithoutPlaintext", "ENCRYPT_DECRYPT", rest={"NumberOfBytes": 1}),
    Step("GenerateDataKeyPair", "ENCRYPT_DECRYPT", rest={"KeyPairSpec": "ECC_NIST_P256"}),
    Step("GenerateDataKeyPairWithoutPlaintext", "ENCRYPT_DECRYPT", rest={"KeyPairSpec": "ECC_NIST_P256"}),
    Step("Sign", "SIGN_VERIFY", algorithm="SigningAlgorithm", rest={**MESSAGE, "MessageType": "DIGEST"}),
    Step("Sign", "SIGN_VERIFY", algorithm="SigningAlgorithm", rest=MESSAGE),
    Step("Verify", "SIGN_VERIFY", algorithm="SigningAlgorithm", rest={**MESSAGE, "Signature": b"x"}),
    Step("GenerateMac", "GENERATE_VERIFY_MAC", algorithm="MacAlgorithm", rest=MESSAGE),
    Step("VerifyMac", "GENERATE_VERIFY_MAC", algorithm="MacAlgorithm", rest={**MESSAGE, "Mac": b"x"}),
    Step("DeriveSharedSecret", "KEY_AGREEMENT", algorithm="KeyAgreementAlgorithm", rest={"PublicKey": b"x"}),
    Step("Encapsulate", "ENCAPSULATE_DECAPSULATE", algorithm="EncapsulationAlgorithm"),
    Step(
        "Decapsulate",
        "ENCAPSULATE_DECAPSULATE",
        algorithm="EncapsulationAlgorithm",
        rest={"SharedSecretCiphertextBlob": b"x"},
    ),
]
"""Every operation that needs a usage of its key; whatever is wrong with the data is told after usage and algorithm."""


def step_name(step: Step) -> str:
    return f"{step.word or step.operation} {step.rest.get('MessageType', '')}".strip()


def request(step: Step, key: str, algorithm: str, blob: bytes) -> dict[str, Any]:
    """The step's request on a key."""
    rest = {name: blob if value is ... else value for name, value in step.rest.items()}
    return {step.key: key, **({step.algorithm: algorithm} if step.algorithm else {}), **rest}


def some_algorithm(step: Step) -> str:
    """An algorithm of the step's operation that needs the key to be named."""
    return "RSAES_OAEP_SHA_256" if step.usage == "ENCRYPT_DECRYPT" else algorithms_for(step.usage)[0]


@pytest.mark.parametrize("state", ["Enabled", "Disabled"])
@pytest.mark.parametrize("step", STEPS, ids=step_name)
def test_a_key_for_another_usage_is_refused_whatever_its_state(step: Step, state: str, kms: Any, blob: bytes) -> None:
    """How we know: recorded; that it comes before the state, measured for Sign on an HMAC key."""
    for spec, usage in AT_HAND:
        if usage == step.usage:
            continue
        key = key_id(spec, usage)
        if state == "Disabled":
            kms.disable_key(KeyId=key)
        assert refusal(kms, step.operation, **request(step, key, some_algorithm(step), blob)) == (
            "InvalidKeyUsageException",
            f"{key_arn(key)} key usage is {usage} which is not valid for {step.word or step.operation}.",
        )


@pytest.mark.parametrize("step", [step for step in STEPS if step.algorithm], ids=step_name)
def test_an_algorithm_of_another_spec_is_incompatible(step: Step, kms: Any, blob: bytes) -> None:
    """Whatever the message is: neither its type nor its length is looked at before the algorithm."""
    tried = 0
    for spec, usage in AT_HAND:
        if usage != step.usage:
            continue
        for algorithm in {*algorithms_for(usage)} - {*MATRIX[spec, usage]}:
            if (
                algorithm == "SYMMETRIC_DEFAULT"
                and step.operation in ("Decrypt", "ReEncrypt")
                and step.key != ("DestinationKeyId")
            ):
                continue  # the ciphertext is read as a symmetric one first
            tried += 1
            assert refusal(kms, step.operation, **request(step, key_id(spec, usage), algorithm, blob)) == (
                "InvalidKeyUsageException",
                f"Algorithm {algorithm} is incompatible with key spec {spec}.",
            )
    assert tried or len(algorithms_for(step.usage)) == 1


@pytest.mark.parametrize("step", [step for step in STEPS if len(algorithms_for(step.usage)) > 1], ids=step_name)
def test_a_state_is_reported_before_an_incompatible_algorithm(step: Step, kms: Any, blob: bytes) -> None:
    """How we know: measured, for Sign on an RSA key."""
    for spec, usage in AT_HAND:
        others = sorted({*algorithms_for(usage)} - {*MATRIX[spec, usage]} - {"SYMMETRIC_DEFAULT"})
        if usage != step.usage or not others:
            continue
        key = key_id(spec, usage)
        kms.disable_key(KeyId=key)
        answer = ("DisabledException", f"{key_arn(key)} is disabled.")
        assert refusal(kms, step.operation, **request(step, key, others[0], blob)) == answer


@pytest.mark.parametrize("operation", [step.operation for step in STEPS if step.operation.startswith("GenerateData")])
@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
def test_an_asymmetric_key_makes_no_data_keys_nor_pairs(spec: str, operation: str, kms: Any, blob: bytes) -> None:
    """How we know: measured for data keys; for pairs radkawar/stackd testdata/aws/kms/rsa.json."""
    (step,) = [step for step in STEPS if step.operation == operation]
    assert refusal(kms, operation, **request(step, key_id(spec, "ENCRYPT_DECRYPT"), "", blob)) == (
        "InvalidKeyUsageException",
        f"You cannot generate a data key{' pair' if 'Pair' in operation else ''} with an asymmetric CMK",
    )


@pytest.mark.parametrize("operation", ["Sign", "Verify"])
def test_the_algorithm_of_symmetric_keys_is_no_signing_keys_either(operation: str, kms: Any) -> None:
    """How we know: measured on Sign. Unlike that of RSA encryption, which is none of the enum's values."""
    members = {"KeyId": key_id("RSA_2048", "SIGN_VERIFY"), "Message": b"x"}
    members |= {"Signature": b"x"} if operation == "Verify" else {}
    assert refusal(kms, operation, **members, SigningAlgorithm="SYMMETRIC_DEFAULT") == (
        "InvalidKeyUsageException",
        "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.",
    )
    code, message = refusal(kms, operation, **members, SigningAlgorithm="RSAES_OAEP_SHA_256")
    assert code == "ValidationException"
    start = "1 validation error detected: Value 'RSAES_OAEP_SHA_256' at 'signingAlgorithm' failed to satisfy constraint"
    assert message.startswith(start)


@pytest.mark.parametrize(
    ("operation", "member"),
    [
        ("DeriveSharedSecret", "KeyAgreementAlgorithm"),
        ("Encapsulate", "EncapsulationAlgorithm"),
        ("Decapsulate", "EncapsulationAlgorithm"),
    ],
)
def test_an_algorithm_that_does_not_exist_is_reported_before_the_key(operation: str, member: str, kms: Any) -> None:
    """How we know: recorded for KeyAgreementAlgorithm; the others have the same form."""
    (step,) = [step for step in STEPS if step.operation == operation]
    only = algorithms_for(step.usage)[0]
    camel = member[0].lower() + member[1:]
    members = {"KeyId": "none", member: "INVALID", **step.rest}
    assert refusal(kms, operation, **members) == (
        "ValidationException",
        f"1 validation error detected: Value 'INVALID' at '{camel}' failed to satisfy constraint: "
        f"Member must satisfy enum value set: [{only}]",
    )
