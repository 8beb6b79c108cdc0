"""Condition keys of attested requests: kms:RecipientAttestation:ImageSha384, :PCR<n> and :NitroTPMPCR<n>.

Source: KMS Developer Guide, "Condition keys for Nitro Enclaves" and "Condition keys for NitroTPM".
"""

from collections.abc import Mapping

from keytrail.authorization.condition_keys.context import RequestContext, condition_key_prefix


@condition_key_prefix("kms:RecipientAttestation:")
def recipient_attestation(context: RequestContext) -> Mapping[str, str]:
    """The registers of the attestation document, in lower-case hex digits. PCR0 is also ImageSha384."""
    attestation = context.facts.attestation
    if attestation is None:
        return {}
    prefix = "NitroTPMPCR" if attestation.is_tpm else "PCR"
    registers = {f"{prefix}{number}": pcr.hex() for number, pcr in attestation.pcrs.items()}
    if "PCR0" in registers:
        registers["ImageSha384"] = registers["PCR0"]
    return registers
