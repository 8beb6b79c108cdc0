"""Elliptic curve Diffie-Hellman (NIST SP 800-56A, section 5.7.1.2): the secret is the x coordinate, at field length."""

from keytrail.crypto.key_pair import KeyPair


def derive(pair: KeyPair, peer_public_der: bytes) -> bytes:
    """The raw shared secret with a peer's public key in DER. Raises ValueError unless it is a key on the same curve."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        peer = load_der_public_key(peer_public_der)
    except (ValueError, UnsupportedAlgorithm, TypeError) as error:
        raise ValueError("no public key") from error
    if not isinstance(peer, ec.EllipticCurvePublicKey) or peer.curve.name != pair.private.curve.name:
        raise ValueError("a public key of another curve")
    return bytes(pair.private.exchange(ec.ECDH(), peer))
