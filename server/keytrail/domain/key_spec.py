"""Key specs, and the usages and algorithms of each.

Source: KMS Developer Guide, "Key spec reference"; KMS API Reference, CreateKey.
"""

from collections.abc import Mapping
from enum import StrEnum

from keytrail.errors import UnsupportedOperationException, ValidationException

SYMMETRIC_DEFAULT = "SYMMETRIC_DEFAULT"


class KeyUsage(StrEnum):
    """The cryptographic operations for which a key can be used."""

    ENCRYPT_DECRYPT = "ENCRYPT_DECRYPT"
    SIGN_VERIFY = "SIGN_VERIFY"
    GENERATE_VERIFY_MAC = "GENERATE_VERIFY_MAC"
    KEY_AGREEMENT = "KEY_AGREEMENT"
    ENCAPSULATE_DECAPSULATE = "ENCAPSULATE_DECAPSULATE"


ALGORITHMS_MEMBER = {
    KeyUsage.ENCRYPT_DECRYPT: "EncryptionAlgorithms",
    KeyUsage.SIGN_VERIFY: "SigningAlgorithms",
    KeyUsage.GENERATE_VERIFY_MAC: "MacAlgorithms",
    KeyUsage.KEY_AGREEMENT: "KeyAgreementAlgorithms",
    KeyUsage.ENCAPSULATE_DECAPSULATE: "EncapsulationAlgorithms",
}
"""The member of KeyMetadata that lists a key's algorithms, by the key's usage."""

_RSA = {
    KeyUsage.ENCRYPT_DECRYPT: ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"),
    KeyUsage.SIGN_VERIFY: (
        "RSASSA_PKCS1_V1_5_SHA_256",
        "RSASSA_PKCS1_V1_5_SHA_384",
        "RSASSA_PKCS1_V1_5_SHA_512",
        "RSASSA_PSS_SHA_256",
        "RSASSA_PSS_SHA_384",
        "RSASSA_PSS_SHA_512",
    ),
}
_ML_DSA = {KeyUsage.SIGN_VERIFY: ("ML_DSA_SHAKE_256",)}
_ML_KEM = {KeyUsage.ENCAPSULATE_DECAPSULATE: ("ML_KEM",)}


def _nist(digest: str) -> dict[KeyUsage, tuple[str, ...]]:
    return {KeyUsage.SIGN_VERIFY: (f"ECDSA_SHA_{digest}",), KeyUsage.KEY_AGREEMENT: ("ECDH",)}


def _hmac(digest: str) -> dict[KeyUsage, tuple[str, ...]]:
    return {KeyUsage.GENERATE_VERIFY_MAC: (f"HMAC_SHA_{digest}",)}


ALGORITHMS: Mapping[str, Mapping[KeyUsage, tuple[str, ...]]] = {
    SYMMETRIC_DEFAULT: {KeyUsage.ENCRYPT_DECRYPT: (SYMMETRIC_DEFAULT,)},
    "RSA_2048": _RSA,
    "RSA_3072": _RSA,
    "RSA_4096": _RSA,
    "ECC_NIST_P256": _nist("256"),
    "ECC_NIST_P384": _nist("384"),
    "ECC_NIST_P521": _nist("512"),
    "ECC_SECG_P256K1": {KeyUsage.SIGN_VERIFY: ("ECDSA_SHA_256",)},
    "ECC_NIST_EDWARDS25519": {KeyUsage.SIGN_VERIFY: ("ED25519_PH_SHA_512", "ED25519_SHA_512")},
    "HMAC_224": _hmac("224"),
    "HMAC_256": _hmac("256"),
    "HMAC_384": _hmac("384"),
    "HMAC_512": _hmac("512"),
    "ML_DSA_44": _ML_DSA,
    "ML_DSA_65": _ML_DSA,
    "ML_DSA_87": _ML_DSA,
    "ML_KEM_512": _ML_KEM,
    "ML_KEM_768": _ML_KEM,
    "ML_KEM_1024": _ML_KEM,
    "SM2": {
        KeyUsage.ENCRYPT_DECRYPT: ("SM2PKE",),
        KeyUsage.SIGN_VERIFY: ("SM2DSA",),
        KeyUsage.KEY_AGREEMENT: ("ECDH",),
    },
}
"""Algorithms by key spec and usage, in the order in which KMS lists them."""


def usage_for(spec: str, usage: str | None) -> KeyUsage:
    """The usage of a new key. Only SYMMETRIC_DEFAULT has a default.

    Raises ValidationException if `usage` is missing or does not fit the spec.
    """
    if usage is None:
        if spec != SYMMETRIC_DEFAULT:
            raise ValidationException(
                "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
            )
        return KeyUsage.ENCRYPT_DECRYPT
    if usage not in ALGORITHMS[spec]:
        raise ValidationException(f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    return KeyUsage(usage)


def require_in_region(spec: str, region: str) -> None:
    """Raise UnsupportedOperationException for SM2 outside the China Regions and for ML-KEM in them."""
    in_china = region.startswith("cn-")
    if (spec == "SM2" and not in_china) or (spec.startswith("ML_KEM") and in_china):
        raise UnsupportedOperationException(f"KeySpec {spec} is not supported in this Region")
