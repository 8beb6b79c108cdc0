"""Certificates for TLS: an authority, and a server's certificate that it signs. On the curve P-256, in PEM.

Every TLS library has that curve, and it signs a handshake in a tenth of the time of RSA. What a certificate must have
is what the strictest clients check (Python's VERIFY_X509_STRICT, Go, Apple). Sources: RFC 5280; RFC 9525; Apple,
"Requirements for trusted certificates in iOS 13 and macOS 10.15".
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keytrail.host_names import is_address

VALID = timedelta(days=396)
"""How long a server's certificate is valid; some clients refuse one that is valid for more than 398 days."""
VALID_AUTHORITY = timedelta(days=3650)
_PARTS = re.compile(rb"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----\s", re.DOTALL)
_EARLIER = timedelta(days=1)
"""Certificates are valid from so long ago on, for clients whose clock is slow."""


class Authority:
    """A certificate authority, for certificates of servers alone."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        """With its own certificate, and the private key of that."""
        self._certificate = certificate
        self._key = key

    @classmethod
    def make(cls, now: datetime) -> "Authority":
        """Another authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        # Its number is in its name, for a client may trust several of ours: they are told apart by their names.
        number = x509.random_serial_number()
        name = _name(f"Keytrail CA {number % 16**8:08x}")
        builder = _builder(name, name, key.public_key(), number, now, VALID_AUTHORITY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(authority=True), critical=True)
        return cls(builder.sign(key, SHA256()), key)

    @classmethod
    def read(cls, pem: bytes, now: datetime) -> "Authority":
        """The authority that is kept as `pem_with_key`. Raises ValueError if it is none, or not valid now."""
        parts = _PARTS.findall(pem)
        if len(parts) != 2:
            raise ValueError("expected a private key and a certificate")
        key = load_pem_private_key(parts[0], None)
        certificate = x509.load_pem_x509_certificate(parts[1])
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise ValueError("the key is not that of the certificate")
        first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not first <= now < last:
            raise ValueError(f"the certificate is valid from {first:%Y-%m-%d} to {last:%Y-%m-%d}")
        return cls(certificate, key)

    @property
    def pem(self) -> bytes:
        """Its certificate, which clients have to trust."""
        return self._certificate.public_bytes(Encoding.PEM)

    @property
    def pem_with_key(self) -> bytes:
        """Its private key, and its certificate."""
        return _pem(self._key) + self.pem

    def issue(self, names: Iterable[str], now: datetime) -> tuple[bytes, bytes]:
        """A certificate of a server with these names and addresses, and its private key. It ends with the authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        valid = min(VALID, self._certificate.not_valid_after_utc - now)
        number = x509.random_serial_number()
        builder = _builder(_name("Keytrail"), self._certificate.subject, key.public_key(), number, now, valid)
        alternatives = [_alternative(name) for name in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(authority=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        return builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM), _pem(key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    number: int,
    now: datetime,
    valid: timedelta,
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer, subject, public_key, number, now - _EARLIER, now + valid)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(name: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(name)) if is_address(name) else x509.DNSName(name)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
