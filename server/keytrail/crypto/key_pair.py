"""Key pairs: made, read from PKCS #8, kept parsed (parsing an RSA key takes up to 300 ms).

Formats: SubjectPublicKeyInfo (RFC 5280), PKCS #8 (RFC 5958); ML-DSA and ML-KEM private keys as seeds (RFC 9881,
RFC 9935). What makes and reads the keys is imported with the first of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_RSA = {"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096}
_CURVES = {
    "ECC_NIST_P256": "secp256r1",
    "ECC_NIST_P384": "secp384r1",
    "ECC_NIST_P521": "secp521r1",
    "ECC_SECG_P256K1": "secp256k1",
}
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
"""Specs that have a class of their own: its module and name."""

SPECS = frozenset({*_RSA, *_CURVES, *_CLASSES})
"""The key specs of which there are pairs here. SM2 is missing: no library is worth having (decision 18)."""

SLOW = frozenset({*_RSA, "ML_KEM_512"})
"""Those of which making a pair takes so long that nobody else may wait for it."""


class NotSupported(Exception):
    """There is no cryptography here for this spec or algorithm."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key, parsed, and its public key in DER (SubjectPublicKeyInfo)."""

    spec: str
    private: Any = field(repr=False)
    public_der: bytes

    def private_der(self) -> bytes:
        """The private key in DER (PKCS #8)."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        return bytes(self.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def generate(spec: str) -> KeyPair:
    """A fresh pair. Slow for RSA (20 ms for 2048 bits, up to seconds for 4096) and ML-KEM-512 (3 to 5 ms).

    Raises NotSupported for a spec that is not in SPECS.
    """
    if spec in _RSA:
        from cryptography.hazmat.primitives.asymmetric import rsa

        return _pair(spec, rsa.generate_private_key(65537, _RSA[spec]))
    if spec in _CURVES:
        from cryptography.hazmat.primitives.asymmetric import ec

        return _pair(spec, ec.generate_private_key(_curve(spec)))
    if spec in _CLASSES:
        return _pair(spec, _class(spec).generate())
    raise NotSupported(spec)


def from_seed(spec: str, seed: bytes) -> KeyPair:
    """The pair of an ML-DSA or ML-KEM private key, known by its seed of 32 (FIPS 204) or 64 bytes (FIPS 203)."""
    return _pair(spec, _class(spec).from_seed_bytes(seed))


def load(spec: str, der: bytes) -> KeyPair:
    """The pair of a PKCS #8 private key in DER.

    Raises ValueError for what is none, or is one of another spec; NotSupported for a spec that is not in SPECS.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    if spec not in SPECS:
        raise NotSupported(spec)
    if spec == "ML_KEM_512":
        return _pair(spec, _class(spec).from_pkcs8(der))
    if not _is_pkcs8(der):
        raise ValueError(f"no private key of {spec}")
    try:
        private = load_der_private_key(der, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(f"no private key of {spec}") from error
    if not _is_of(spec, private):
        raise ValueError(f"a private key, but none of {spec}")
    return _pair(spec, private)


def load_own(spec: str, der: bytes) -> KeyPair:
    """The pair of a PKCS #8 private key in DER that was made here: RSA numbers are not checked again (300 ms)."""
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    return _pair(spec, load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True))


def _is_pkcs8(der: bytes) -> bool:
    """Tell PKCS #8 from PKCS #1 and SEC 1, which `cryptography` reads as well: a version, then a SEQUENCE."""
    long_form = len(der) > 1 and der[1] & 0x80
    start = 2 + (der[1] & 0x7F if long_form else 0)
    return der[start : start + 4] in (b"\x02\x01\x00\x30", b"\x02\x01\x01\x30")


def _pair(spec: str, private: Any) -> KeyPair:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return KeyPair(spec, private, private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _is_of(spec: str, private: object) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if spec in _RSA:
        return isinstance(private, rsa.RSAPrivateKey) and private.key_size == _RSA[spec]
    if spec in _CURVES:
        return isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name == _CURVES[spec]
    return isinstance(private, _class(spec))


def _curve(spec: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    curves: Mapping[str, Callable[[], Any]] = {
        "secp256r1": ec.SECP256R1,
        "secp384r1": ec.SECP384R1,
        "secp521r1": ec.SECP521R1,
        "secp256k1": ec.SECP256K1,
    }
    return curves[_CURVES[spec]]()


def _class(spec: str) -> Any:
    from importlib import import_module

    module, name = _CLASSES[spec]
    return getattr(import_module(module), name)
