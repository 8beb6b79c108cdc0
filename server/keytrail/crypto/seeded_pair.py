"""The key pairs of seeded keys: derived from a seed, except for RSA."""

import hashlib

from keytrail.crypto import key_pair, key_pool
from keytrail.crypto.key_pair import KeyPair

_SEED_SIZES = {
    **dict.fromkeys(("ML_DSA_44", "ML_DSA_65", "ML_DSA_87"), 32),
    **dict.fromkeys(("ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"), 64),
}
"""Bytes of the seed in a private key: xi (FIPS 204), or d and z (FIPS 203)."""

RANDOM = frozenset(key_pool.SIZES)
"""The specs whose pairs are random, whatever the seed: RSA."""


def derive(spec: str, seed: bytes) -> KeyPair:
    """The pair derived from 32 bytes of seed. RSA ignores the seed: its pairs are random, and may take seconds.

    Raises key_pair.NotSupported.
    """
    if spec in key_pair.CURVES:
        # 1 to 2**255: less than the order of each of the curves.
        return key_pair.from_scalar(spec, (int.from_bytes(seed, "big") >> 1) + 1)
    if spec == "ECC_NIST_EDWARDS25519":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return key_pair.from_private(spec, Ed25519PrivateKey.from_private_bytes(seed))
    if spec in _SEED_SIZES:
        return key_pair.from_seed(spec, hashlib.shake_256(seed).digest(_SEED_SIZES[spec]))
    return key_pool.new_pair(spec)
