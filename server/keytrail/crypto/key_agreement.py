"""Elliptic-curve Diffie-Hellman (NIST SP 800-56A, 5.7.1.2)."""

from keytrail.crypto.key_pair import KeyPair


def derive(pair: KeyPair, peer_public_der: bytes) -> bytes:
    """The raw shared secret: the X coordinate, as long as the field (32, 48 or 66 bytes).

    Raises ValueError unless the peer's key is the DER SubjectPublicKeyInfo of a point on the same curve.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        peer = load_der_public_key(peer_public_der)
    except UnsupportedAlgorithm as error:
        raise ValueError("Not a public key of a known algorithm") from error
    if not isinstance(peer, ec.EllipticCurvePublicKey) or peer.curve.name != pair.private.curve.name:
        raise ValueError(f"Not a public key of {pair.spec}")
    secret: bytes = pair.private.exchange(ec.ECDH(), peer)
    return secret
