"""Readers of published vectors as the package cryptography-vectors has them, and key pairs made of their numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cryptography_vectors
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keytrail.crypto.key_pair import KeyPair

FOLDER = Path(cryptography_vectors.__file__).parent
"""Of cryptography-vectors 50.0.2 (PyPI), on 2026-11-24."""

Case = dict[str, str]

CURVES: dict[str, Callable[[], ec.EllipticCurve]] = {
    "ECC_NIST_P256": ec.SECP256R1,
    "ECC_NIST_P384": ec.SECP384R1,
    "ECC_NIST_P521": ec.SECP521R1,
    "ECC_SECG_P256K1": ec.SECP256K1,
}


def cases(path: str, first: str, of_group: tuple[str, ...] = ()) -> Iterator[Case]:
    """The cases of a file of NIST's form: lines `name = value`, a case begins with the member `first`.

    What stands before the first case of a `[section]` is part of each of its cases, as is the "section" itself; so
    are the members `of_group`, up to the next of their name.
    """
    shared: Case = {"section": ""}
    case: Case | None = None
    for line in map(str.strip, (FOLDER / path).read_text().splitlines()):
        name, found, value = (part.strip() for part in line.partition("="))
        if (line.startswith("[") and line.endswith("]") and not found) or line.startswith("[mod"):
            if case is not None:
                yield case
            shared, case = {"section": line[1:-1]}, None
        elif found and not line.startswith("#"):
            if name == first or name in of_group:
                if case is not None:
                    yield case
                case = dict(shared) if name == first else None
            (shared if case is None else case)[name] = value
    if case is not None:
        yield case


def labelled(path: str, last: str) -> Iterator[Case]:
    """The cases of a file of RSA's form: hex digits under lines `# Name:`; a case ends with the member `last`.

    What a case does not say is as in the case before.
    """
    case: Case = {}
    label, digits = "", ""
    for line in [*(FOLDER / path).read_text().splitlines(), "#"]:
        if not line.startswith("#"):
            digits += line.replace(" ", "").strip()
            continue
        if label and digits:
            case[label] = digits
            if label == last:
                yield dict(case)
            label = ""
        named = re.fullmatch(r"# ([A-Z][A-Za-z0-9 ]*?):\s*", line)
        if named:
            label, digits = named[1], ""


@dataclass(frozen=True)
class PublicOnly:
    """In the place of a private key, where a vector has none."""

    public: Any

    def public_key(self) -> Any:
        return self.public


def rsa_public(modulus: str, exponent: str) -> KeyPair:
    public = rsa.RSAPublicNumbers(int(exponent, 16), int(modulus, 16)).public_key()
    return KeyPair(f"RSA_{public.key_size}", PublicOnly(public), b"")


def rsa_private(case: Case) -> KeyPair:
    """The pair of a case of `labelled`."""
    number = {name: int(value, 16) for name, value in case.items() if name not in ("Message", "Encryption", "Seed")}
    public = rsa.RSAPublicNumbers(number["Public exponent"], number["Modulus"])
    private = rsa.RSAPrivateNumbers(
        number["Prime 1"],
        number["Prime 2"],
        number["Exponent"],
        number["Prime exponent 1"],
        number["Prime exponent 2"],
        number["Coefficient"],
        public,
    ).private_key(unsafe_skip_rsa_key_validation=True)
    return KeyPair(f"RSA_{private.key_size}", private, b"")


def ec_private(spec: str, scalar: str) -> KeyPair:
    private = ec.derive_private_key(int(scalar, 16), CURVES[spec]())
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(spec, private, public)


def ec_public(spec: str, x: str, y: str) -> KeyPair:
    public = ec.EllipticCurvePublicNumbers(int(x, 16), int(y, 16), CURVES[spec]()).public_key()
    return KeyPair(spec, PublicOnly(public), public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def point_in_der(pair: KeyPair, x: str, y: str) -> bytes:
    """The public key of any two numbers in DER, on the curve of the pair or not."""
    size = (pair.private.key_size + 7) // 8
    return pair.public_der[: -2 * size] + int(x, 16).to_bytes(size, "big") + int(y, 16).to_bytes(size, "big")
