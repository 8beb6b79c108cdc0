"""Recipient: what an attested environment asks for comes encrypted to the key in its attestation document.

How we know: AWS docs (Developer Guide, "Cryptographic attestation support in AWS KMS"), unless a test says otherwise.
The envelopes are opened by OpenSSL's command line.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keytrail.server import KeytrailServer
from tests.support import (
    ACCOUNT,
    AGREEMENT_KEY,
    FOREIGN,
    KEY,
    answered_members,
    key_arn,
    key_of,
    load_sample_seed,
    outcomes,
    refusal,
    request,
    shared_policy,
)
from tests.support import invoke as call
from tests.support.attestation import (
    MODULE_ID,
    PCRS,
    TPM_MODULE_ID,
    certificate_of,
    document,
    environment_key,
    opened,
    payload,
    public_der,
    recipient,
    sign,
    signer,
    tpm_document,
)

Make = Callable[..., Any]

SECRETS = {
    "Decrypt": "Plaintext",
    "DeriveSharedSecret": "SharedSecret",
    "GenerateDataKey": "Plaintext",
    "GenerateDataKeyPair": "PrivateKeyPlaintext",
    "GenerateRandom": "Plaintext",
}
"""The operations that have the parameter, and the member that they keep to the recipient (model)."""
ANSWERS = {
    "Decrypt": ["CiphertextForRecipient", "EncryptionAlgorithm", "KeyId", "KeyOrigin"],
    "DeriveSharedSecret": ["CiphertextForRecipient", "KeyAgreementAlgorithm", "KeyId", "KeyOrigin"],
    "GenerateDataKey": ["CiphertextBlob", "CiphertextForRecipient", "KeyId"],
    "GenerateDataKeyPair": ["CiphertextForRecipient", "KeyId", "KeyPairSpec", "PrivateKeyCiphertextBlob", "PublicKey"],
    "GenerateRandom": ["CiphertextForRecipient"],
}
"""What is answered: neither the plaintext nor KeyMaterialId is."""
WITH_KEY = [operation for operation in SECRETS if operation != "GenerateRandom"]
DRY_RUN = ("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")


@pytest.fixture(autouse=True)
def blob(keytrail_clean: KeytrailServer, kms: Any) -> bytes:
    return load_sample_seed(keytrail_clean, kms)


# ---- Shape


@pytest.mark.parametrize("operation", SECRETS)
def test_the_answer_has_an_envelope_in_place_of_the_secret(operation: str, kms: Any, blob: bytes) -> None:
    members = request(operation, blob, Recipient=recipient())
    assert answered_members(kms, operation, **members) == ANSWERS[operation]


def test_the_envelope_is_cms_with_oaep_and_aes_256_cbc(kms: Any, tmp_path: Path) -> None:
    """How we know: AWS docs: RSAES_OAEP_SHA_256; RFC 5652 for the rest, as the Nitro Enclaves SDK reads it."""
    made = kms.generate_random(NumberOfBytes=32, Recipient=recipient())["CiphertextForRecipient"]
    (tmp_path / "envelope").write_bytes(made)
    command = ["openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", "envelope"]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    assert "contentType: pkcs7-envelopedData (1.2.840.113549.1.7.3)" in lines
    assert "algorithm: rsaesOaep (1.2.840.113549.1.1.7)" in lines
    assert "algorithm: aes-256-cbc (2.16.840.1.101.3.4.1.42)" in lines
    assert printed.count("d.ktri:") == 1
    assert "d.subjectKeyIdentifier:" in printed
    assert printed.count("sha256") == 2


# ---- Rules


@pytest.mark.parametrize("made", [document, tpm_document], ids=["enclave", "NitroTPM"])
def test_decrypt_answers_the_plaintext_to_the_recipient(
    made: Callable[[], bytes], kms: Any, blob: bytes, tmp_path: Path
) -> None:
    envelope = kms.decrypt(CiphertextBlob=blob, Recipient=recipient(made()))["CiphertextForRecipient"]
    assert opened(envelope, tmp_path) == b"attack at dawn"


def test_decrypt_with_an_rsa_key_answers_the_recipient_too(kms: Any, tmp_path: Path) -> None:
    key = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    members = {"KeyId": key, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    members["CiphertextBlob"] = kms.encrypt(Plaintext=b"attack at dawn", **members)["CiphertextBlob"]
    envelope = kms.decrypt(**members, Recipient=recipient())["CiphertextForRecipient"]
    assert opened(envelope, tmp_path) == b"attack at dawn"


@pytest.mark.parametrize("length", [1, 15, 16, 17, 1024])
def test_a_data_key_is_the_same_for_the_recipient_and_in_its_ciphertext(length: int, kms: Any, tmp_path: Path) -> None:
    made = kms.generate_data_key(KeyId=KEY, NumberOfBytes=length, Recipient=recipient())
    plaintext = kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"]
    assert len(plaintext) == length
    assert opened(made["CiphertextForRecipient"], tmp_path) == plaintext


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "RSA_4096"])
def test_a_private_key_is_the_same_for_the_recipient_and_in_its_ciphertext(spec: str, kms: Any, tmp_path: Path) -> None:
    made = kms.generate_data_key_pair(KeyId=KEY, KeyPairSpec=spec, Recipient=recipient())
    private = kms.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"])["Plaintext"]
    assert opened(made["CiphertextForRecipient"], tmp_path) == private


def test_a_shared_secret_is_the_same_for_the_recipient(kms: Any, tmp_path: Path) -> None:
    members = {"KeyId": AGREEMENT_KEY, "KeyAgreementAlgorithm": "ECDH"}
    members["PublicKey"] = public_der(ec.generate_private_key(ec.SECP256R1()))
    envelope = kms.derive_shared_secret(**members, Recipient=recipient())["CiphertextForRecipient"]
    assert opened(envelope, tmp_path) == kms.derive_shared_secret(**members)["SharedSecret"]


def test_random_bytes_come_for_the_recipient(kms: Any, tmp_path: Path) -> None:
    first, second = [
        opened(kms.generate_random(NumberOfBytes=64, Recipient=recipient())["CiphertextForRecipient"], tmp_path)
        for _ in range(2)
    ]
    assert len(first) == len(second) == 64
    assert first != second


def test_a_member_of_null_is_as_good_as_none(kms: Any, tmp_path: Path) -> None:
    """As the Nitro hypervisor writes what it was not given."""
    made = recipient(document(nitrotpm_pcrs=None, nonce=None, user_data=None))
    envelope = kms.generate_random(NumberOfBytes=3, Recipient=made)["CiphertextForRecipient"]
    assert len(opened(envelope, tmp_path)) == 3


def test_a_document_may_have_a_cose_tag_a_larger_key_a_nonce_and_data(kms: Any, tmp_path: Path) -> None:
    """RFC 9052: a COSE_Sign1 message may be tagged by 18."""
    members = {"public_key": public_der(environment_key(4096)), "nonce": b"n" * 512, "user_data": b"u" * 512}
    made = recipient(document(tagged=True, **members))
    envelope = kms.generate_random(NumberOfBytes=1, Recipient=made)["CiphertextForRecipient"]
    assert len(opened(envelope, tmp_path, environment_key(4096))) == 1


@pytest.mark.parametrize("operation", WITH_KEY)
def test_an_attested_request_is_a_use_and_its_dry_run_is_not(operation: str, kms: Any, blob: bytes) -> None:
    members = request(operation, blob, Recipient=recipient())
    assert refusal(kms, operation, **members, DryRun=True) == DRY_RUN
    assert kms.get_key_last_usage(KeyId=key_of(operation))["KeyLastUsage"] == {}
    call(kms, operation, **members)
    assert kms.get_key_last_usage(KeyId=key_of(operation))["KeyLastUsage"]["Operation"] == operation


# ---- Rules: the trail


ENCLAVE_LOG = {
    "attestationDocumentModuleId": MODULE_ID,
    "attestationDocumentEnclaveImageDigest": PCRS[0].hex(),
    **{f"attestationDocumentEnclavePCR{number}": PCRS[number].hex() for number in (1, 2, 3, 4, 8)},
}
TPM_LOG = {
    "attestationDocumentModuleId": TPM_MODULE_ID,
    **{f"attestationDocumentNitroTPMPCR{number}": (bytes([number]) * 48).hex() for number in (4, 7, 8, 9, 16, 23)},
}


def last_event(server: KeytrailServer, name: str) -> dict[str, Any]:
    return [event for event in server.events() if event["eventName"] == name][-1]


@pytest.mark.parametrize("dry", [False, True])
@pytest.mark.parametrize(("made", "told"), [(document, ENCLAVE_LOG), (tpm_document, TPM_LOG)], ids=["enclave", "TPM"])
@pytest.mark.parametrize("operation", SECRETS)
def test_the_trail_shows_the_module_and_the_registers_and_not_the_document(
    operation: str,
    made: Callable[[], bytes],
    told: dict[str, str],
    dry: bool,
    kms: Any,
    blob: bytes,
    keytrail_clean: KeytrailServer,
) -> None:
    """How we know: AWS docs, "Monitoring requests for Nitro enclaves" and "... for NitroTPM"."""
    members = request(operation, blob, Recipient=recipient(made()))
    if dry and operation != "GenerateRandom":
        refusal(kms, operation, **members, DryRun=True)
    else:
        call(kms, operation, **members)
    event = last_event(keytrail_clean, operation)
    assert event["additionalEventData"]["recipient"] == told
    assert "recipient" not in (event["requestParameters"] or {})


def test_the_trail_shows_the_registers_that_the_document_has(kms: Any, keytrail_clean: KeytrailServer) -> None:
    kms.generate_random(NumberOfBytes=1, Recipient=recipient(document(pcrs={8: b"\x08" * 48})))
    assert last_event(keytrail_clean, "GenerateRandom")["additionalEventData"]["recipient"] == {
        "attestationDocumentModuleId": MODULE_ID,
        "attestationDocumentEnclavePCR8": "08" * 48,
    }


# ---- Rules: condition keys


def policy_on(condition: dict[str, Any]) -> dict[str, Any]:
    """A key policy that lets another account decrypt on a condition."""
    policy = shared_policy("kms:Decrypt")
    policy["Statement"][1]["Condition"] = condition
    return policy


IMAGE, PCR, TPM_PCR = (f"kms:RecipientAttestation:{name}" for name in ("ImageSha384", "PCR", "NitroTPMPCR"))


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        (IMAGE, "00" * 48, "enclave"),
        (IMAGE, "01" * 48, ""),
        (f"{PCR}0", "00" * 48, "enclave"),
        (f"{PCR}8", "08" * 48, "enclave"),
        (f"{PCR}8", "09" * 48, ""),
        (f"{PCR}15", "0F" * 48, "enclave"),
        (f"{PCR}31", "1f" * 48, ""),
        (f"{PCR}", "00" * 48, ""),
        (f"{PCR}x", "00" * 48, ""),
        (f"{TPM_PCR}4", "04" * 48, "NitroTPM"),
        (f"{TPM_PCR}23", "17" * 48, "NitroTPM"),
        (f"{TPM_PCR}4", "05" * 48, ""),
    ],
    ids=lambda value: value[:60],
)
def test_a_policy_may_ask_for_an_image_or_a_register(
    key: str, value: str, allowed: str, keytrail_clean: KeytrailServer, keytrail_client: Make, kms: Any, blob: bytes
) -> None:
    """How we know: KMS Developer Guide, "Condition keys for Nitro Enclaves" and "... for NitroTPM"."""
    keytrail_clean.reset()
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Policy": policy_on({"StringEqualsIgnoreCase": {key: value}})}]})
    stranger = keytrail_client(account=FOREIGN)
    for kind, made in (("enclave", document), ("NitroTPM", tpm_document), ("none", None)):
        members = {"CiphertextBlob": blob, "KeyId": key_arn(), **({"Recipient": recipient(made())} if made else {})}
        if kind == allowed:
            assert "CiphertextForRecipient" in stranger.decrypt(**members)
        else:
            assert refusal(stranger, "Decrypt", **members)[0] == "AccessDeniedException"


def test_a_policy_may_deny_whoever_is_not_attested(
    keytrail_clean: KeytrailServer, kms: Any, blob: bytes, tmp_path: Path
) -> None:
    """The usual guard of a key for enclaves."""
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": {"StringNotEqualsIgnoreCase": {IMAGE: PCRS[0].hex()}},
    }
    policy = {"Version": "2012-10-17", "Statement": [*shared_policy()["Statement"][:1], statement]}
    keytrail_clean.reset()
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Policy": policy}]})
    assert refusal(kms, "Decrypt", CiphertextBlob=blob)[0] == "AccessDeniedException"
    other = recipient(document(pcrs={**PCRS, 0: b"\xff" * 48}))
    assert refusal(kms, "Decrypt", CiphertextBlob=blob, Recipient=other)[0] == "AccessDeniedException"
    envelope = kms.decrypt(CiphertextBlob=blob, Recipient=recipient())["CiphertextForRecipient"]
    assert opened(envelope, tmp_path) == b"attack at dawn"


@pytest.mark.parametrize("key", [IMAGE, f"{PCR}0"])
def test_an_identity_policy_may_ask_for_an_image_where_there_is_no_key(
    key: str, keytrail_clean: KeytrailServer, keytrail_client: Make
) -> None:
    """How we know: AWS docs: GenerateRandom takes these condition keys, in IAM policies, for it has no key policy."""
    user = f"arn:aws:iam::{ACCOUNT}:user/enclave"
    statement = {"Effect": "Allow", "Action": "kms:GenerateRandom", "Resource": "*"}
    statement["Condition"] = {"StringEqualsIgnoreCase": {key: PCRS[0].hex()}}
    own = {"Version": "2012-10-17", "Statement": [statement]}
    keytrail_clean.load(
        {
            "credentials": [{"AccessKeyId": "AKIAENCLAVE000000001", "SecretAccessKey": "any", "Principal": user}],
            "identities": [{"Arn": user, "Policies": {"own": own}}],
        }
    )
    enclave = keytrail_client(access_key_id="AKIAENCLAVE000000001")
    assert enclave.generate_random(NumberOfBytes=1, Recipient=recipient())["CiphertextForRecipient"]
    other = recipient(document(pcrs={0: b"\xff" * 48}))
    assert refusal(enclave, "GenerateRandom", NumberOfBytes=1, Recipient=other)[0] == "AccessDeniedException"
    assert refusal(enclave, "GenerateRandom", NumberOfBytes=1)[0] == "AccessDeniedException"


# ---- Refusals


def changed(at: int, value: object) -> bytes:
    """A document with one of its four parts replaced after it was signed."""
    parts = sign(payload())
    parts[at] = value
    return bytes(cbor2.dumps(parts))


BROKEN: dict[str, Callable[[], bytes]] = {
    "garbage": lambda: b"garbage",
    "one byte": lambda: b"\0",
    "the longest that the model takes": lambda: b"\x81" * 262144,
    "no list": lambda: bytes(cbor2.dumps({})),
    "another tag": lambda: bytes(cbor2.dumps(cbor2.CBORTag(98, sign(payload())))),
    "three parts": lambda: bytes(cbor2.dumps(sign(payload())[:3])),
    "cut off": lambda: document()[:-1],
    "headers that are no bytes": lambda: changed(0, {1: -35}),
    "headers that are no map": lambda: bytes(cbor2.dumps(sign(payload(), headers=[]))),
    "another algorithm": lambda: bytes(cbor2.dumps(sign(payload(), headers={1: -7}))),
    "unprotected headers that are no map": lambda: changed(1, b""),
    "a detached payload": lambda: changed(2, None),
    "a payload that is no CBOR": lambda: changed(2, b"\xff"),
    "a payload that is no map": lambda: bytes(cbor2.dumps(sign([]))),
    "no signature": lambda: changed(3, b""),
    "a signature of zeros": lambda: changed(3, bytes(96)),
    "a signature that is too long": lambda: changed(3, sign(payload())[3] + b"\0"),
    "another payload than was signed": lambda: changed(2, cbor2.dumps(payload(module_id="i-other"))),
    "signed by another key": lambda: bytes(cbor2.dumps(sign(payload(), by=ec.generate_private_key(ec.SECP384R1())))),
    "a certificate on another curve": lambda: document(certificate=certificate_of(signer(ec.SECP256R1))),
    "a certificate of an RSA key": lambda: document(certificate=certificate_of(environment_key())),
    "a certificate that is none": lambda: document(certificate=b"x"),
    "a certificate that is too long": lambda: document(certificate=b"x" * 1025),
    "no certificate": lambda: document(certificate=...),
    "no module": lambda: document(module_id=...),
    "an empty module": lambda: document(module_id=""),
    "another digest": lambda: document(digest="SHA256"),
    "no timestamp": lambda: document(timestamp=...),
    "a timestamp of zero": lambda: document(timestamp=0),
    "a timestamp that is no number": lambda: document(timestamp="now"),
    "no registers": lambda: document(pcrs=...),
    "no register": lambda: document(pcrs={}),
    "registers of both kinds": lambda: document(nitrotpm_pcrs=PCRS),
    "a register that is too high": lambda: document(pcrs={32: b"x" * 48}),
    "a NitroTPM's register that is too high": lambda: document(pcrs=..., nitrotpm_pcrs={24: b"x" * 48}),
    "a register below zero": lambda: document(pcrs={-1: b"x" * 48}),
    "a register by name": lambda: document(pcrs={"0": b"x" * 48}),
    "a register of another length": lambda: document(pcrs={0: b"x" * 47}),
    "no bundle": lambda: document(cabundle=...),
    "an empty bundle": lambda: document(cabundle=[]),
    "an empty certificate in the bundle": lambda: document(cabundle=[b""]),
    "no public key": lambda: document(public_key=...),
    "a public key of null": lambda: document(public_key=None),
    "a public key that is none": lambda: document(public_key=b"x"),
    "a public key that is too long": lambda: document(public_key=b"x" * 1025),
    "an elliptic public key": lambda: document(public_key=public_der(signer())),
    "a public key of 1024 bits": lambda: document(public_key=public_der(environment_key(1024))),
    "too much data": lambda: document(user_data=b"x" * 1025),
    "a nonce that is no bytes": lambda: document(nonce="x"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_document_is_a_validation_error_and_no_usage(what: str, kms: Any, blob: bytes) -> None:
    """Inferred; the words are ours, and say what is wrong."""
    members = {"CiphertextBlob": blob, "Recipient": recipient(BROKEN[what]())}
    code, message = refusal(kms, "Decrypt", **members)
    assert code == "ValidationException"
    assert message.startswith("The attestation document is not valid: it")
    assert kms.get_key_last_usage(KeyId=KEY)["KeyLastUsage"] == {}


@pytest.mark.parametrize("operation", SECRETS)
def test_every_operation_checks_the_document(operation: str, kms: Any, blob: bytes) -> None:
    members = request(operation, blob, Recipient=recipient(b"garbage"))
    assert refusal(kms, operation, **members) == (
        "ValidationException",
        "The attestation document is not valid: it is no CBOR of a COSE_Sign1 message.",
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_document_with_any_bit_flipped_is_refused(data: st.DataObject, kms: Any) -> None:
    made = bytearray(document())
    bit = data.draw(st.integers(0, len(made) * 8 - 1))
    made[bit // 8] ^= 1 << bit % 8
    answer = refusal(kms, "GenerateRandom", NumberOfBytes=1, Recipient=recipient(bytes(made)))
    assert answer[0] == "ValidationException"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=st.binary(min_size=1, max_size=64) | st.recursive(st.none() | st.integers() | st.binary(), st.lists))
def test_other_cbor_and_other_bytes_are_refused(made: Any, kms: Any) -> None:
    data = made if isinstance(made, bytes) and made else cbor2.dumps(made)
    answer = refusal(kms, "GenerateRandom", NumberOfBytes=1, Recipient=recipient(data))
    assert answer[0] == "ValidationException"


TAKEN_OR_REFUSED = {"ok", "ValidationException"}
CBOR = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.integers() | st.text(), inner),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(member=st.sampled_from(sorted([*payload(), "nitrotpm_pcrs"])), value=CBOR)
def test_a_signed_document_with_any_member_of_any_kind_is_taken_or_refused(member: str, value: Any, kms: Any) -> None:
    """Never a failure of Keytrail's own."""
    members = {"NumberOfBytes": 1, "Recipient": recipient(document(**{member: value}))}
    assert outcomes(lambda: kms.generate_random(**members), 1)[0] in TAKEN_OR_REFUSED


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), member=st.sampled_from(["certificate", "public_key"]))
def test_a_signed_document_with_a_damaged_certificate_or_key_is_taken_or_refused(
    data: st.DataObject, member: str, kms: Any
) -> None:
    """Never a failure of Keytrail's own. A certificate's own signature, for one, is not looked at."""
    damaged = bytearray(payload()[member])
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    members = {"NumberOfBytes": 1, "Recipient": recipient(document(**{member: bytes(damaged)}))}
    assert outcomes(lambda: kms.generate_random(**members), 1)[0] in TAKEN_OR_REFUSED


def test_a_public_key_with_an_even_modulus_is_refused(kms: Any) -> None:
    """How we know: RFC 8017, section 3.1: the modulus is a product of odd primes."""
    damaged = bytearray(payload()["public_key"])
    damaged[damaged.index(bytes([2, 3, 1, 0, 1])) - 1] = 0
    answer = refusal(kms, "GenerateRandom", NumberOfBytes=1, Recipient=recipient(document(public_key=bytes(damaged))))
    assert answer == ("ValidationException", "The attestation document is not valid: its public_key is no RSA key.")


def test_a_certificate_with_a_serial_number_of_zero_is_refused_where_warnings_are_errors(kms: Any) -> None:
    certificate = payload()["certificate"]
    at = certificate.index(bytes([2, 1, 1])) + 2  # the serial number, 1
    damaged = certificate[:at] + bytes([0]) + certificate[at + 1 :]
    answer = refusal(kms, "GenerateRandom", NumberOfBytes=1, Recipient=recipient(document(certificate=damaged)))
    assert answer[0] == "ValidationException"


@pytest.mark.parametrize("member", ["KeyEncryptionAlgorithm", "AttestationDocument"])
def test_both_members_of_a_recipient_are_needed(member: str, kms: Any, blob: bytes) -> None:
    """Inferred; the model calls both optional."""
    given_ = recipient()
    del given_[member]
    assert refusal(kms, "Decrypt", CiphertextBlob=blob, Recipient=given_)[0] == "ValidationException"


def test_there_is_one_encryption_algorithm_for_recipients(kms: Any, blob: bytes) -> None:
    """How we know: model, in the form that is recorded of other members."""
    given_ = {**recipient(), "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_1"}
    assert refusal(kms, "Decrypt", CiphertextBlob=blob, Recipient=given_) == (
        "ValidationException",
        "1 validation error detected: Value 'RSAES_OAEP_SHA_1' at 'recipient.keyEncryptionAlgorithm' failed to satisfy "
        "constraint: Member must satisfy enum value set: [RSAES_OAEP_SHA_256]",
    )


def test_an_attested_request_for_random_bytes_says_how_many_as_well(kms: Any) -> None:
    """Inferred from requests that are not attested."""
    assert refusal(kms, "GenerateRandom", Recipient=recipient()) == (
        "ValidationException",
        "NumberOfBytes is required.",
    )


@pytest.mark.parametrize(
    ("length", "bound"), [(0, "greater than or equal to 1"), (262145, "less than or equal to 262144")]
)
def test_a_document_has_1_to_262144_bytes(length: int, bound: str, kms: Any, blob: bytes) -> None:
    """How we know: model, in the form that is recorded of other members."""
    assert refusal(kms, "Decrypt", CiphertextBlob=blob, Recipient=recipient(b"x" * length)) == (
        "ValidationException",
        "1 validation error detected: Value at 'recipient.attestationDocument' failed to satisfy constraint: "
        f"Member must have length {bound}",
    )
