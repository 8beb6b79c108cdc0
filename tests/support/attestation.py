"""Attestation documents as a Nitro hypervisor makes them, but signed by a key of our own.

Source: Nitro Enclaves User Guide, "Verifying the root of trust"; EC2 User Guide, "Validate a NitroTPM Attestation
Document".
"""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

ES384 = {1: -35}
PCRS = {number: bytes([number]) * 48 for number in range(16)}
MODULE_ID = "i-1234567890abcdef0-enc1234567890abcdef"
TPM_MODULE_ID = "i-1234567890abcdef0-tpm0000000000000000"


@cache
def signer(curve: type[ec.EllipticCurve] = ec.SECP384R1) -> ec.EllipticCurvePrivateKey:
    """The key that signs documents, as an enclave's hypervisor has one."""
    return ec.generate_private_key(curve())


@cache
def environment_key(size: int = 2048) -> rsa.RSAPrivateKey:
    """The key that an attested environment keeps to itself."""
    return rsa.generate_private_key(65537, size)


@cache
def certificate_of(private: Any) -> bytes:
    """A certificate of the key, by itself, in DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "i-1234567890abcdef0.us-east-1.aws")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, private.public_key(), 1, now, now + timedelta(hours=3))
    return builder.sign(private, hashes.SHA256()).public_bytes(Encoding.DER)


def public_der(private: Any) -> bytes:
    der: bytes = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return der


def payload(**members: Any) -> dict[str, Any]:
    """The members of a document; `...` leaves one out."""
    valid: dict[str, Any] = {
        "module_id": MODULE_ID,
        "digest": "SHA384",
        "timestamp": 1_789_000_000_000,
        "pcrs": PCRS,
        "certificate": certificate_of(signer()),
        "cabundle": [certificate_of(signer())],
        "public_key": public_der(environment_key()),
        "user_data": None,
        "nonce": None,
    }
    return {name: value for name, value in {**valid, **members}.items() if value is not ...}


def sign(members: object, headers: object = ES384, *, by: ec.EllipticCurvePrivateKey | None = None) -> list[Any]:
    """The four parts of a COSE_Sign1 message (RFC 9052, section 4.4)."""
    protected, body = cbor2.dumps(headers), cbor2.dumps(members)
    signed = cbor2.dumps(["Signature1", protected, b"", body])
    numbers = decode_dss_signature((by or signer()).sign(signed, ec.ECDSA(hashes.SHA384())))
    return [protected, {}, body, b"".join(number.to_bytes(48, "big") for number in numbers)]


def document(*, tagged: bool = False, **members: Any) -> bytes:
    """A signed document of an enclave, with some members given."""
    parts = sign(payload(**members))
    return bytes(cbor2.dumps(cbor2.CBORTag(18, parts) if tagged else parts))


def tpm_document(**members: Any) -> bytes:
    """A signed document of a NitroTPM."""
    registers = {number: bytes([number]) * 48 for number in range(24)}
    return document(tagged=True, module_id=TPM_MODULE_ID, pcrs=..., nitrotpm_pcrs=registers, **members)


def recipient(data: bytes | None = None) -> dict[str, Any]:
    """The parameter Recipient with a document."""
    return {
        "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
        "AttestationDocument": data if data is not None else document(),
    }


def opened(envelope: bytes, folder: Path, private: rsa.RSAPrivateKey | None = None) -> bytes:
    """What OpenSSL finds in a CiphertextForRecipient with the environment's key."""
    (folder / "envelope").write_bytes(envelope)
    (folder / "key").write_bytes(
        (private or environment_key()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    command = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", "envelope", "-inkey", "key"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout
