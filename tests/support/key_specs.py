"""What every key spec is for, and by which algorithms.

Source: KMS Developer Guide, "Key spec reference", and KMS API Reference, CreateKey (read 2026-09, the pages on ML-KEM
2026-10); the lists of SYMMETRIC_DEFAULT, ECC_NIST_P256 and the HMAC specs as recorded from AWS. Nothing of this is read
from the product.
"""

from __future__ import annotations

from collections.abc import Mapping

_RSA_ENCRYPTION = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]
_RSA_SIGNATURES = [
    "RSASSA_PKCS1_V1_5_SHA_256",
    "RSASSA_PKCS1_V1_5_SHA_384",
    "RSASSA_PKCS1_V1_5_SHA_512",
    "RSASSA_PSS_SHA_256",
    "RSASSA_PSS_SHA_384",
    "RSASSA_PSS_SHA_512",
]

MATRIX: Mapping[tuple[str, str], list[str]] = {
    ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"): ["SYMMETRIC_DEFAULT"],
    ("RSA_2048", "ENCRYPT_DECRYPT"): _RSA_ENCRYPTION,
    ("RSA_3072", "ENCRYPT_DECRYPT"): _RSA_ENCRYPTION,
    ("RSA_4096", "ENCRYPT_DECRYPT"): _RSA_ENCRYPTION,
    ("RSA_2048", "SIGN_VERIFY"): _RSA_SIGNATURES,
    ("RSA_3072", "SIGN_VERIFY"): _RSA_SIGNATURES,
    ("RSA_4096", "SIGN_VERIFY"): _RSA_SIGNATURES,
    ("ECC_NIST_P256", "SIGN_VERIFY"): ["ECDSA_SHA_256"],
    ("ECC_NIST_P384", "SIGN_VERIFY"): ["ECDSA_SHA_384"],
    ("ECC_NIST_P521", "SIGN_VERIFY"): ["ECDSA_SHA_512"],
    ("ECC_NIST_P256", "KEY_AGREEMENT"): ["ECDH"],
    ("ECC_NIST_P384", "KEY_AGREEMENT"): ["ECDH"],
    ("ECC_NIST_P521", "KEY_AGREEMENT"): ["ECDH"],
    ("ECC_SECG_P256K1", "SIGN_VERIFY"): ["ECDSA_SHA_256"],
    ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY"): ["ED25519_PH_SHA_512", "ED25519_SHA_512"],
    ("ML_DSA_44", "SIGN_VERIFY"): ["ML_DSA_SHAKE_256"],
    ("ML_DSA_65", "SIGN_VERIFY"): ["ML_DSA_SHAKE_256"],
    ("ML_DSA_87", "SIGN_VERIFY"): ["ML_DSA_SHAKE_256"],
    ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE"): ["ML_KEM"],
    ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE"): ["ML_KEM"],
    ("ML_KEM_1024", "ENCAPSULATE_DECAPSULATE"): ["ML_KEM"],
    ("HMAC_224", "GENERATE_VERIFY_MAC"): ["HMAC_SHA_224"],
    ("HMAC_256", "GENERATE_VERIFY_MAC"): ["HMAC_SHA_256"],
    ("HMAC_384", "GENERATE_VERIFY_MAC"): ["HMAC_SHA_384"],
    ("HMAC_512", "GENERATE_VERIFY_MAC"): ["HMAC_SHA_512"],
    ("SM2", "ENCRYPT_DECRYPT"): ["SM2PKE"],
    ("SM2", "SIGN_VERIFY"): ["SM2DSA"],
    ("SM2", "KEY_AGREEMENT"): ["ECDH"],
}
"""Algorithms by key spec and key usage."""

MEMBER: Mapping[str, str] = {
    "ENCRYPT_DECRYPT": "EncryptionAlgorithms",
    "SIGN_VERIFY": "SigningAlgorithms",
    "GENERATE_VERIFY_MAC": "MacAlgorithms",
    "KEY_AGREEMENT": "KeyAgreementAlgorithms",
    "ENCAPSULATE_DECAPSULATE": "EncapsulationAlgorithms",
}
"""The member of KeyMetadata and of GetPublicKey's answer that lists the algorithms, by usage."""

SPECS = sorted({spec for spec, _ in MATRIX})
USAGES = sorted(MEMBER)


def algorithms_for(usage: str) -> list[str]:
    """Every algorithm of a usage, of whatever spec."""
    return sorted({algorithm for (_, of), algorithms in MATRIX.items() if of == usage for algorithm in algorithms})


def specs_for(usage: str) -> list[str]:
    """The specs that have a usage."""
    return [spec for spec, of in MATRIX if of == usage]
