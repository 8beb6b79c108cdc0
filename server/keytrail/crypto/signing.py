"""Signatures: RSASSA-PSS and PKCS #1 v1.5 (RFC 8017), ECDSA (FIPS 186-5), Ed25519 (RFC 8032), ML-DSA (FIPS 204)."""

from collections.abc import Mapping
from typing import Any

from keytrail.crypto.key_pair import KeyPair, NotSupported

_HASHES: Mapping[str, str] = {
    f"{scheme}_SHA_{bits}": f"SHA{bits}"
    for scheme in ("RSASSA_PSS", "RSASSA_PKCS1_V1_5", "ECDSA")
    for bits in (256, 384, 512)
}
DIGEST_SIZES: Mapping[str, int] = {
    **{algorithm: int(name[3:]) // 8 for algorithm, name in _HASHES.items()},
    "ED25519_PH_SHA_512": 64,
}
"""Bytes of a message of type DIGEST, by algorithm; the others take no digest."""


def sign(pair: KeyPair, algorithm: str, message_type: str, message: bytes) -> bytes:
    """The signature of a message: as it is (RAW), its digest (DIGEST) or ML-DSA's mu of 64 bytes (EXTERNAL_MU).

    ECDSA's is DER; PSS has a salt as long as the hash. Raises ValueError for a digest or a mu of a wrong length
    and NotSupported for ED25519_PH_SHA_512 without pycryptodome.
    """
    if algorithm == "ED25519_PH_SHA_512":
        signature: bytes = _ed25519_ph(pair).sign(_hashed_again(message))
    elif message_type == "EXTERNAL_MU":
        signature = pair.private.sign_mu(message)
    else:
        signature = pair.private.sign(message, *_parameters(algorithm, message_type))
    return signature


def verify(pair: KeyPair, algorithm: str, message_type: str, message: bytes, signature: bytes) -> bool:
    """Whether it is a signature of this message; raises as `sign` does, and never for the signature's sake."""
    from cryptography.exceptions import InvalidSignature

    if algorithm == "ED25519_PH_SHA_512":
        try:
            _ed25519_ph(pair).verify(_hashed_again(message), signature)
        except ValueError:
            return False
        return True
    public = pair.private.public_key()
    try:
        if message_type == "EXTERNAL_MU":
            public.verify_mu(signature, message)
        else:
            public.verify(signature, message, *_parameters(algorithm, message_type))
    except InvalidSignature:
        return False
    return True


def _parameters(algorithm: str, message_type: str) -> tuple[Any, ...]:
    """What `cryptography` wants to know besides the message."""
    if algorithm not in _HASHES:
        return ()  # the key says it all
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

    digest = getattr(hashes, _HASHES[algorithm])()
    how = utils.Prehashed(digest) if message_type == "DIGEST" else digest
    if algorithm.startswith("ECDSA"):
        return (ec.ECDSA(how),)
    if algorithm.startswith("RSASSA_PSS"):
        return padding.PSS(padding.MGF1(digest), digest.digest_size), how
    return padding.PKCS1v15(), how


def _ed25519_ph(pair: KeyPair) -> Any:
    try:
        from Crypto.PublicKey import ECC
        from Crypto.Signature import eddsa
    except ImportError:
        raise NotSupported(
            "ED25519_PH_SHA_512 needs the package pycryptodome: pip install 'keytrail[algorithms]'"
        ) from None
    return eddsa.new(ECC.construct(curve="Ed25519", seed=pair.private.private_bytes_raw()), "rfc8032")


def _hashed_again(digest: bytes) -> Any:
    """Ed25519ph of what the caller sends: KMS takes the digest for the message, and hashes it (reference E.1)."""
    from Crypto.Hash import SHA512

    return SHA512.new(digest)
