"""Key pairs: generating them, and reading them from PKCS #8.

A pair stores its private key parsed, because parsing an RSA key takes up to 300 ms. Formats: SubjectPublicKeyInfo
(RFC 5280), PKCS #8 (RFC 5958); ML-DSA and ML-KEM private keys as seeds (RFC 9881, RFC 9935). The libraries are imported
with the first pair.
"""

from dataclasses import dataclass, field
from typing import Any

from keytrail.crypto.der import der as element
from keytrail.crypto.der import from_ber

_SEQUENCE, _OCTET_STRING, _VERSION_0 = 0x30, 0x04, b"\x02\x01\x00"
_RSA = {"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096}
CURVES = {
    "ECC_NIST_P256": "SECP256R1",
    "ECC_NIST_P384": "SECP384R1",
    "ECC_NIST_P521": "SECP521R1",
    "ECC_SECG_P256K1": "SECP256K1",
}
"""Classes of `cryptography`, by spec."""
_ASYMMETRIC = "cryptography.hazmat.primitives.asymmetric"
_CLASSES = {
    "ECC_NIST_EDWARDS25519": (f"{_ASYMMETRIC}.ed25519", "Ed25519PrivateKey"),
    "ML_DSA_44": (f"{_ASYMMETRIC}.mldsa", "MLDSA44PrivateKey"),
    "ML_DSA_65": (f"{_ASYMMETRIC}.mldsa", "MLDSA65PrivateKey"),
    "ML_DSA_87": (f"{_ASYMMETRIC}.mldsa", "MLDSA87PrivateKey"),
    "ML_KEM_512": ("keytrail.crypto.ml_kem_512", "PrivateKey"),
    "ML_KEM_768": (f"{_ASYMMETRIC}.mlkem", "MLKEM768PrivateKey"),
    "ML_KEM_1024": (f"{_ASYMMETRIC}.mlkem", "MLKEM1024PrivateKey"),
}
"""Module and name of the class of private keys, for specs that have their own."""

SPECS = frozenset({*_RSA, *CURVES, *_CLASSES})
"""The key specs whose pairs Keytrail supports. SM2 is not among them (decision 18)."""

SLOW = frozenset({*_RSA, "ML_KEM_512"})
"""The specs whose pairs take so long to generate that it must happen in a thread."""


class NotSupported(Exception):
    """Keytrail has no cryptography for this spec or algorithm."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A parsed private key, and its public key in DER (SubjectPublicKeyInfo)."""

    spec: str
    private: Any = field(repr=False)
    public_der: bytes

    def private_der(self) -> bytes:
        """The private key in DER (PKCS #8).

        On an elliptic curve, the key inside names its curve a second time (RFC 5915), as the pairs of KMS do.
        """
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        if self.spec in CURVES:
            key = self.private.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
            return element(_SEQUENCE, _VERSION_0, _algorithm(self.public_der), element(_OCTET_STRING, key))
        return bytes(self.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def generate(spec: str) -> KeyPair:
    """A new random pair. Slow for RSA (20 ms for 2048 bits, up to seconds for 4096) and ML-KEM-512 (3 to 5 ms).

    Raises NotSupported for a spec that is not in SPECS.
    """
    if spec in _RSA:
        from cryptography.hazmat.primitives.asymmetric import rsa

        return from_private(spec, rsa.generate_private_key(65537, _RSA[spec]))
    if spec in CURVES:
        from cryptography.hazmat.primitives.asymmetric import ec

        return from_private(spec, ec.generate_private_key(_curve(spec)))
    if spec in _CLASSES:
        return from_private(spec, _class(spec).generate())
    raise NotSupported(spec)


def from_seed(spec: str, seed: bytes) -> KeyPair:
    """The ML-DSA or ML-KEM pair of a seed of 32 bytes (ML-DSA, FIPS 204) or 64 bytes (ML-KEM, FIPS 203)."""
    return from_private(spec, _class(spec).from_seed_bytes(seed))


def from_scalar(spec: str, scalar: int) -> KeyPair:
    """The pair on the elliptic curve of this spec whose private key is this number."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return from_private(spec, ec.derive_private_key(scalar, _curve(spec)))


def load(spec: str, der: bytes) -> KeyPair:
    """The pair of a PKCS #8 private key in DER, or in BER for RSA and the elliptic curves except Ed25519.

    Raises ValueError unless it is a private key of this spec, and NotSupported for a spec that is not in SPECS.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    if spec not in SPECS:
        raise NotSupported(spec)
    if spec == "ML_KEM_512":
        return from_private(spec, _class(spec).from_pkcs8(der))
    try:
        if spec in _RSA or spec in CURVES:  # AWS was recorded to read BER of these, and not of Ed25519
            der = from_ber(der)
        private = load_der_private_key(der, None) if _is_pkcs8(der) else None
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(f"no private key of {spec}") from error
    if not _is_of(spec, private):
        raise ValueError(f"no private key of {spec}")
    return from_private(spec, private)


def load_own(spec: str, der: bytes) -> KeyPair:
    """As `load`, for a private key that Keytrail itself generated: does not check RSA numbers, which takes 300 ms."""
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    if spec == "ML_KEM_512":
        return from_private(spec, _class(spec).from_pkcs8(der))
    return from_private(spec, load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True))


def _algorithm(public_der: bytes) -> bytes:
    """The AlgorithmIdentifier in a SubjectPublicKeyInfo of an elliptic curve, where it is short."""
    start = 2 + (public_der[1] & 0x7F if public_der[1] & 0x80 else 0)
    return public_der[start : start + 2 + public_der[start + 1]]


def to_pkcs8(der: bytes) -> bytes:
    """A private key in DER (PKCS #8, PKCS #1 or SEC 1) as PKCS #8. Raises ValueError unless it is one."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_der_private_key,
    )

    if _is_pkcs8(der):
        return der
    try:
        private = load_der_private_key(der, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("no private key in DER") from error
    return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _is_pkcs8(der: bytes) -> bool:
    """Whether this is PKCS #8 (a version, then a SEQUENCE); `cryptography` would read PKCS #1 and SEC 1 too."""
    long_form = len(der) > 1 and der[1] & 0x80
    start = 2 + (der[1] & 0x7F if long_form else 0)
    return der[start : start + 4] in (b"\x02\x01\x00\x30", b"\x02\x01\x01\x30")


def from_private(spec: str, private: Any) -> KeyPair:
    """The pair of a parsed private key, which must be of this spec."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return KeyPair(spec, private, private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _is_of(spec: str, private: object) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if spec in _RSA:
        return isinstance(private, rsa.RSAPrivateKey) and private.key_size == _RSA[spec]
    if spec in CURVES:
        return isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name == _curve(spec).name
    return isinstance(private, _class(spec))


def _curve(spec: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    return getattr(ec, CURVES[spec])()


def _class(spec: str) -> Any:
    from importlib import import_module

    module, name = _CLASSES[spec]
    return getattr(import_module(module), name)
