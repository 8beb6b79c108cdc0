"""Signatures.

RSASSA-PSS and PKCS #1 v1.5 (RFC 8017), ECDSA in DER (FIPS 186-5), Ed25519 and Ed25519ph (RFC 8032), ML-DSA (FIPS 204).
By the message type, `message` is the message itself (RAW), its digest (DIGEST), or for ML-DSA its message
representative (EXTERNAL_MU).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from keytrail.crypto.key_pair import KeyPair, NotSupported

DIGEST_SIZES: Mapping[str, int] = {
    **{f"{scheme}_SHA_{bits}": bits // 8 for scheme in ("RSASSA_PSS", "RSASSA_PKCS1_V1_5") for bits in (256, 384, 512)},
    **{f"ECDSA_SHA_{bits}": bits // 8 for bits in (256, 384, 512)},
    "ED25519_PH_SHA_512": 64,
}
"""Bytes of a digest, by algorithm; only the algorithms that accept DIGEST."""

MU_SIZE = 64
"""Bytes of an ML-DSA message representative (FIPS 204, algorithm 7)."""


def sign(pair: KeyPair, algorithm: str, message_type: str, message: bytes) -> bytes:
    """The signature of a message. Slow for RSA: 1 to 5 ms.

    Raises NotSupported for ED25519_PH_SHA_512 without pycryptodome.
    """
    private = pair.private
    if algorithm.startswith("RSASSA"):
        return bytes(private.sign(message, _padding(algorithm), _digest(algorithm, message_type)))
    if algorithm.startswith("ECDSA"):
        return bytes(private.sign(message, _ecdsa(algorithm, message_type)))
    if algorithm == "ED25519_PH_SHA_512":
        return _prehashed(pair, message)
    if algorithm == "ML_DSA_SHAKE_256" and message_type == "EXTERNAL_MU":
        return bytes(private.sign_mu(message))
    return bytes(private.sign(message))


def verify(pair: KeyPair, algorithm: str, message_type: str, message: bytes, signature: bytes) -> bool:
    """Whether a signature, of any length, is valid for the message. Raises NotSupported as `sign` does."""
    from cryptography.exceptions import InvalidSignature

    public = pair.private.public_key()
    if algorithm == "ED25519_PH_SHA_512":
        return _is_prehashed(pair, message, signature)
    try:
        if algorithm.startswith("RSASSA"):
            public.verify(signature, message, _padding(algorithm), _digest(algorithm, message_type))
        elif algorithm.startswith("ECDSA"):
            public.verify(signature, message, _ecdsa(algorithm, message_type))
        elif algorithm == "ML_DSA_SHAKE_256" and message_type == "EXTERNAL_MU":
            public.verify_mu(signature, message)
        else:
            public.verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _padding(algorithm: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import padding

    if algorithm.startswith("RSASSA_PKCS1"):
        return padding.PKCS1v15()
    return padding.PSS(padding.MGF1(_hash(algorithm)), padding.PSS.DIGEST_LENGTH)


def _hash(algorithm: str) -> Any:
    from cryptography.hazmat.primitives import hashes

    digests: Mapping[str, Any] = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
    return digests[algorithm[-3:]]()


def _digest(algorithm: str, message_type: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    return Prehashed(_hash(algorithm)) if message_type == "DIGEST" else _hash(algorithm)


def _ecdsa(algorithm: str, message_type: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.ECDSA(_digest(algorithm, message_type))


def _eddsa() -> tuple[Any, Any]:
    """Pycryptodome's modules for Ed25519 and SHA-512; `cryptography` has no Ed25519ph."""
    try:
        from Crypto.Hash import SHA512
        from Crypto.Signature import eddsa
    except ImportError:
        raise NotSupported("ED25519_PH_SHA_512") from None
    return eddsa, SHA512


@lru_cache(maxsize=1024)  # a third of the time of an Ed25519ph signature
def _pycryptodome_key(der: bytes) -> Any:
    """A key, in DER, for pycryptodome."""
    from Crypto.PublicKey import ECC

    return ECC.import_key(der)


def _prehashed(pair: KeyPair, digest: bytes) -> bytes:
    # KMS treats the digest as the message, so it hashes it again: Developer Guide, "Key spec reference".
    eddsa, sha512 = _eddsa()
    return bytes(eddsa.new(_pycryptodome_key(pair.private_der()), "rfc8032").sign(sha512.new(digest)))


def _is_prehashed(pair: KeyPair, digest: bytes, signature: bytes) -> bool:
    eddsa, sha512 = _eddsa()
    try:
        eddsa.new(_pycryptodome_key(pair.public_der), "rfc8032").verify(sha512.new(digest), signature)
    except ValueError:
        return False
    return True
