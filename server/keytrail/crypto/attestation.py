"""Attestation documents of Nitro Enclaves and NitroTPM: CBOR (RFC 8949), signed as COSE_Sign1 (RFC 9052).

Checked are the structure, the members and their sizes, and the signature by the certificate in the document. Not
checked are the dates of this certificate, and whether it is AWS's: only AWS can issue certificates under its root, so
no test could create a document that passes. Source: Nitro Enclaves User Guide, "Verifying the root of trust"; EC2 User
Guide, "Validate a NitroTPM Attestation Document".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_COSE_SIGN1_TAG = 18
_ALGORITHM, _ES384 = 1, -35
_NUMBER_SIZE = 48
"""Bytes of each of the two numbers in an ES384 signature."""
_PCR_SIZES = frozenset({32, 48, 64})
_LONGEST_KEY = 1024
"""Bytes of a certificate and of the public key, at most."""
_LONGEST_DATA = 1024
"""Bytes of user_data and nonce, at most."""


class NotAttested(Exception):
    """The attestation document is malformed or its signature is wrong; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Attestation:
    """The content of an attestation document: the environment, what it runs, and the public key of the recipient."""

    module_id: str
    is_tpm: bool
    """Whether the document is of a NitroTPM; otherwise it is of an enclave."""
    pcrs: Mapping[int, bytes]
    """Platform configuration registers, by number."""
    public_key: Any = field(repr=False)
    """An RSA public key of `cryptography`."""


def read(document: bytes) -> Attestation:
    """Verify a document and return its content. Raises NotAttested."""
    import cbor2

    try:
        message = cbor2.loads(document)
        if isinstance(message, cbor2.CBORTag) and message.tag == _COSE_SIGN1_TAG:
            message = message.value
        protected, payload, signature = _parts(message)
        headers, members = cbor2.loads(protected), cbor2.loads(payload)
        signed = cbor2.dumps(["Signature1", protected, b"", payload])
    except (cbor2.CBORError, ValueError, TypeError, RecursionError):
        raise NotAttested("it is no CBOR of a COSE_Sign1 message") from None
    if not isinstance(headers, Mapping) or headers.get(_ALGORITHM) != _ES384:
        raise NotAttested("it is not signed by ES384")
    if not isinstance(members, Mapping):
        raise NotAttested("its payload is no map")
    _require_members(members)
    _verify(members["certificate"], signature, signed)
    is_tpm = members.get("nitrotpm_pcrs") is not None
    pcrs = members["nitrotpm_pcrs" if is_tpm else "pcrs"]
    return Attestation(members["module_id"], is_tpm, dict(pcrs), _public_key(members.get("public_key")))


def _parts(message: object) -> tuple[bytes, bytes, bytes]:
    """Protected headers, payload and signature of a COSE_Sign1 message."""
    if not isinstance(message, (list, tuple)) or len(message) != 4 or not isinstance(message[1], Mapping):
        raise ValueError("no COSE_Sign1")
    protected, _, payload, signature = message
    if not (isinstance(protected, bytes) and isinstance(payload, bytes) and isinstance(signature, bytes)):
        raise ValueError("no COSE_Sign1")
    return protected, payload, signature


def _require_members(members: Mapping[Any, Any]) -> None:
    pcrs, tpm_pcrs = members.get("pcrs"), members.get("nitrotpm_pcrs")
    cabundle = members.get("cabundle")
    rules = {
        "module_id": isinstance(members.get("module_id"), str) and members["module_id"] != "",
        "digest": members.get("digest") == "SHA384",
        "timestamp": _is_number(members.get("timestamp")) and members["timestamp"] > 0,
        "pcrs": (pcrs is None) != (tpm_pcrs is None) and (_are_pcrs(pcrs, 32) or _are_pcrs(tpm_pcrs, 24)),
        "certificate": _is_bytes(members.get("certificate"), 1, _LONGEST_KEY),
        "cabundle": isinstance(cabundle, (list, tuple))
        and len(cabundle) > 0
        and all(_is_bytes(certificate, 1, _LONGEST_KEY) for certificate in cabundle),
        # unverified: documents may lack it, but without a key nothing can be encrypted for the recipient; AWS's docs do
        # not say what KMS answers then, nor do its enclave libraries
        "public_key": _is_bytes(members.get("public_key"), 1, _LONGEST_KEY),
        "user_data": members.get("user_data") is None or _is_bytes(members["user_data"], 0, _LONGEST_DATA),
        "nonce": members.get("nonce") is None or _is_bytes(members["nonce"], 0, _LONGEST_DATA),
    }
    for name, valid in rules.items():
        if not valid:
            raise NotAttested(f"its {name} is missing or malformed")


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_bytes(value: object, least: int, most: int) -> bool:
    return isinstance(value, bytes) and least <= len(value) <= most


def _are_pcrs(value: object, count: int) -> bool:
    """Whether a value is a map of registers whose numbers are less than `count`."""
    return (
        isinstance(value, Mapping)
        and len(value) > 0
        and all(_is_number(number) and 0 <= number < count for number in value)
        and all(isinstance(pcr, bytes) and len(pcr) in _PCR_SIZES for pcr in value.values())
    )


def _verify(certificate: bytes, signature: bytes, signed: bytes) -> None:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.utils import CryptographyDeprecationWarning

    try:
        public = x509.load_der_x509_certificate(certificate).public_key()
    # The warning matters where warnings are errors: RFC 5280 disallows the serial number; later it will be an error.
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion, CryptographyDeprecationWarning):
        raise NotAttested("its certificate is missing or malformed") from None
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP384R1):
        raise NotAttested("its certificate is of no key on P-384")
    first, second = (int.from_bytes(half, "big") for half in (signature[:_NUMBER_SIZE], signature[_NUMBER_SIZE:]))
    try:
        if len(signature) != 2 * _NUMBER_SIZE:
            raise InvalidSignature
        public.verify(encode_dss_signature(first, second), signed, ec.ECDSA(hashes.SHA384()))
    except (InvalidSignature, ValueError):
        raise NotAttested("its signature is not that of its certificate") from None


def _public_key(data: bytes | None) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        public = load_der_public_key(data or b"")
    except (ValueError, UnsupportedAlgorithm):
        raise NotAttested("its public_key is missing or malformed") from None
    # The product of two odd primes is odd. `cryptography` loads an even modulus, and then fails when it encrypts.
    if not isinstance(public, RSAPublicKey) or public.public_numbers().n % 2 == 0:
        raise NotAttested("its public_key is no RSA key")
    # unverified: that KMS refuses short keys; not in AWS's docs or its enclave libraries
    if public.key_size < 2048:
        raise NotAttested("its public_key has fewer than 2048 bits")
    return public
