"""The key pairs of seeded keys: always the same ones where a few bytes make a key."""

import hashlib

from keytrail.crypto import key_pair, key_pool
from keytrail.crypto.key_pair import KeyPair

_CURVES = {
    "ECC_NIST_P256": "SECP256R1",
    "ECC_NIST_P384": "SECP384R1",
    "ECC_NIST_P521": "SECP521R1",
    "ECC_SECG_P256K1": "SECP256K1",
}

_SEED_SIZES = {
    **dict.fromkeys(("ML_DSA_44", "ML_DSA_65", "ML_DSA_87"), 32),
    **dict.fromkeys(("ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"), 64),
}
"""Bytes of the seed that is a private key: xi (FIPS 204), d and z (FIPS 203)."""


def derive(spec: str, seed: bytes) -> KeyPair:
    """The pair that 32 bytes of seed stand for; for RSA a fresh one, whatever the seed.

    For RSA this takes up to seconds. Raises key_pair.NotSupported.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    if spec in _CURVES:
        # 1 to 2**255: below the order of each of the curves.
        scalar = (int.from_bytes(seed, "big") >> 1) + 1
        private = ec.derive_private_key(scalar, getattr(ec, _CURVES[spec])())
    elif spec == "ECC_NIST_EDWARDS25519":
        private = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    elif spec in _SEED_SIZES:
        return key_pair.from_seed(spec, hashlib.shake_256(seed).digest(_SEED_SIZES[spec]))
    else:
        return key_pool.new_pair(spec)
    return key_pair.load(spec, private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
