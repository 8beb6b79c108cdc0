"""The condition keys of attested requests: kms:RecipientAttestation:ImageSha384, :PCR<n> and :NitroTPMPCR<n>.

Source: KMS Developer Guide, "Condition keys for Nitro Enclaves" and "Condition keys for NitroTPM".
"""

from collections.abc import Mapping

from keytrail.authorization.conditions import Values
from keytrail.crypto import attestation
from keytrail.crypto.attestation import NotAttested

PREFIX = "kms:recipientattestation:"
_IMAGE, _ENCLAVE, _TPM = "imagesha384", "pcr", "nitrotpmpcr"


def attested(members: Mapping[str, object], name: str) -> Values:
    """The value under a condition key in lower case, in lower-case hex digits; None without such a register."""
    recipient = members.get("Recipient")
    document = recipient.get("AttestationDocument") if isinstance(recipient, Mapping) else None
    if not isinstance(document, bytes):
        return None
    try:
        found = attestation.read(document)
    except NotAttested:
        return None
    register = name.removeprefix(PREFIX)
    if register == _IMAGE:
        register = f"{_ENCLAVE}0"
    number = register.removeprefix(_TPM if found.is_tpm else _ENCLAVE)
    pcr = found.pcrs.get(int(number)) if number.isdecimal() and number.isascii() else None
    return (pcr.hex(),) if pcr is not None else None
