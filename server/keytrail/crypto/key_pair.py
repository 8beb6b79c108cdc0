"""Asymmetric key pairs: making them, and DER in and out (PKCS #8: RFC 5958, SubjectPublicKeyInfo: RFC 5280).

The private key stays a parsed object: parsing an RSA key holds the GIL for 45 to 300 ms.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

RSA_SIZES = {"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096}
"""The bits of the modulus, by spec."""
CURVES = {
    "ECC_NIST_P256": "SECP256R1",
    "ECC_NIST_P384": "SECP384R1",
    "ECC_NIST_P521": "SECP521R1",
    "ECC_SECG_P256K1": "SECP256K1",
}
"""The name that `cryptography` has for the curve, by spec."""
ED25519, ML_KEM_512 = "ECC_NIST_EDWARDS25519", "ML_KEM_512"
_ML_DSA = {"ML_DSA_44": "MLDSA44PrivateKey", "ML_DSA_65": "MLDSA65PrivateKey", "ML_DSA_87": "MLDSA87PrivateKey"}
_ML_KEM = {"ML_KEM_768": "MLKEM768PrivateKey", "ML_KEM_1024": "MLKEM1024PrivateKey"}

SPECS = frozenset({*RSA_SIZES, *CURVES, ED25519, *_ML_DSA, *_ML_KEM}) | (
    {ML_KEM_512} if importlib.util.find_spec("kyber_py") else frozenset[str]()
)
"""The key specs whose pairs can be made here. ML-KEM-512 is one of them where kyber-py is installed."""


class NotSupported(Exception):
    """No library that is installed has this algorithm; the message says which extra brings it."""


@dataclass(frozen=True)
class KeyPair:
    """A private key, parsed, and its public half as DER SubjectPublicKeyInfo."""

    spec: str
    private: Any = field(repr=False)
    public_der: bytes

    def private_der(self) -> bytes:
        """The private key as DER PKCS #8, unencrypted; of ML-DSA and ML-KEM in seed form."""
        from cryptography.hazmat.primitives import serialization

        der: bytes = self.private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return der


def generate(spec: str) -> KeyPair:
    """A new random pair; raises NotSupported for a spec that is not in SPECS.

    RSA takes 40 ms to 1.5 s, without the GIL.
    """
    return _pair(spec, _maker(spec)())


def load(spec: str, pkcs8_der: bytes) -> KeyPair:
    """The pair of a PKCS #8 private key; raises ValueError for other bytes and for a key of another spec."""
    if spec == ML_KEM_512:
        return _pair(spec, _ml_kem_512().from_pkcs8(pkcs8_der))
    if not _is_pkcs8(pkcs8_der):
        raise ValueError("Not a PKCS #8 private key")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        private = load_der_private_key(pkcs8_der, None)
    except (UnsupportedAlgorithm, TypeError) as error:  # an algorithm unknown here; a key behind a password
        raise ValueError("Not an unencrypted PKCS #8 private key") from error
    if not _is_of(spec, private):
        raise ValueError(f"Not a private key of {spec}")
    return _pair(spec, private)


def _is_pkcs8(der: bytes) -> bool:
    """Tell PKCS #8 (version, then a SEQUENCE) from the forms of PKCS #1 and SEC 1, which `cryptography` reads too."""
    start = 2 + (der[1] & 0x7F if len(der) > 1 and der[1] & 0x80 else 0)
    return der[start : start + 4] in (b"\x02\x01\x00\x30", b"\x02\x01\x01\x30")


def _pair(spec: str, private: Any) -> KeyPair:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = private.public_key()
    return KeyPair(spec, private, public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _maker(spec: str) -> Callable[[], Any]:
    if spec in RSA_SIZES:
        from cryptography.hazmat.primitives.asymmetric import rsa

        return lambda: rsa.generate_private_key(65537, RSA_SIZES[spec])
    if spec in CURVES:
        from cryptography.hazmat.primitives.asymmetric import ec

        return lambda: ec.generate_private_key(getattr(ec, CURVES[spec])())
    make: Callable[[], Any] = _key_class(spec).generate
    return make


def _is_of(spec: str, private: Any) -> bool:
    if spec in RSA_SIZES:
        from cryptography.hazmat.primitives.asymmetric import rsa

        return isinstance(private, rsa.RSAPrivateKey) and private.key_size == RSA_SIZES[spec]
    if spec in CURVES:
        from cryptography.hazmat.primitives.asymmetric import ec

        return isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name == CURVES[spec].lower()
    return isinstance(private, _key_class(spec))


def _key_class(spec: str) -> Any:
    """The class of a private key whose parameters are in its name."""
    from cryptography.hazmat.primitives import asymmetric

    if spec == ED25519:
        from cryptography.hazmat.primitives.asymmetric import ed25519

        return ed25519.Ed25519PrivateKey
    if spec == ML_KEM_512:
        return _ml_kem_512()
    name = _ML_DSA.get(spec) or _ML_KEM.get(spec)
    if name is None:
        raise NotSupported(f"{spec} is not supported")
    module = importlib.import_module(f"{asymmetric.__name__}.{'mldsa' if spec in _ML_DSA else 'mlkem'}")
    return getattr(module, name)


def _ml_kem_512() -> Any:
    if ML_KEM_512 not in SPECS:
        raise NotSupported("ML_KEM_512 needs the package kyber-py: pip install 'keytrail[algorithms]'")
    from keytrail.crypto.ml_kem_512 import PrivateKey

    return PrivateKey
