"""Recipient: replies whose secret only an attested environment (Nitro enclave, NitroTPM) can read.

Source: KMS Developer Guide, "Cryptographic attestation support in AWS KMS" and "Monitoring attested requests".
"""

from collections.abc import Mapping

from keytrail.call import Call, Reply
from keytrail.crypto import attestation, cms
from keytrail.crypto.attestation import Attestation, NotAttested
from keytrail.errors import ValidationException

_LOGGED_ENCLAVE = {0: "ImageDigest", 1: "PCR1", 2: "PCR2", 3: "PCR3", 4: "PCR4", 8: "PCR8"}
_LOGGED_TPM = (4, 7, 8, 9, 16, 23)
"""The numbers of the registers (PCRs) that CloudTrail shows."""


def read_recipient(members: Mapping[str, object]) -> Attestation | None:
    """Read the attestation document of the request's Recipient; None if it has no Recipient.

    Raises ValidationException for a Recipient without a valid attestation document.
    """
    recipient = members.get("Recipient")
    return _attestation(recipient) if isinstance(recipient, Mapping) else None


def for_recipient(call: Call, reply: Mapping[str, object], secret: str) -> Reply:
    """The reply for the call's recipient; unchanged if it has none.

    CiphertextForRecipient (the member `secret`, encrypted to the recipient's public key) replaces `secret` and
    KeyMaterialId.
    """
    attested = call.attestation
    if attested is None:
        return reply
    call.additional_event_data["recipient"] = _logged_recipient(attested)
    plaintext = reply[secret]
    assert isinstance(plaintext, bytes)
    others = {name: value for name, value in reply.items() if name not in (secret, "KeyMaterialId")}
    return {**others, "CiphertextForRecipient": cms.envelope(attested.public_key, plaintext)}


def _attestation(recipient: Mapping[str, object]) -> Attestation:
    # unverified: the words of these refusals, and that both members are needed; not in AWS's docs, recordings or issues
    document = recipient.get("AttestationDocument")
    if not isinstance(document, bytes) or "KeyEncryptionAlgorithm" not in recipient:
        raise ValidationException("Recipient must have both KeyEncryptionAlgorithm and AttestationDocument.")
    try:
        return attestation.read(document)
    except NotAttested as error:
        raise ValidationException(f"The attestation document is not valid: {error}.") from None


def _logged_recipient(attested: Attestation) -> dict[str, str]:
    """What CloudTrail shows of a recipient in additionalEventData."""
    names = {number: f"NitroTPMPCR{number}" for number in _LOGGED_TPM}
    if not attested.is_tpm:
        names = {number: f"Enclave{name}" for number, name in _LOGGED_ENCLAVE.items()}
    registers = {
        f"attestationDocument{name}": attested.pcrs[number].hex()
        for number, name in names.items()
        if number in attested.pcrs
    }
    return {"attestationDocumentModuleId": attested.module_id, **registers}
