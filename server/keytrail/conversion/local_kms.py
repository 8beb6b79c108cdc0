"""Converting a seed file of local-kms to a seed of Keytrail.

What stays: the keys with their ids, ARNs, descriptions, usages and materials, and their aliases, so that signatures and
MACs of local-kms verify. What cannot stay: ciphertexts, because local-kms's blobs have a form of their own.
"""

from base64 import b64encode
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import msgspec

from keytrail import seeds
from keytrail.conversion import local_kms_document as documents
from keytrail.conversion.local_kms_document import Alias, Metadata
from keytrail.seeds import SeedError
from keytrail.settings import Settings, read_moment

_YEAR = 365
"""Days between the rotations of local-kms."""

_CURVES = {
    "secp256r1": "ECC_NIST_P256",
    "secp384r1": "ECC_NIST_P384",
    "secp521r1": "ECC_NIST_P521",
    "secp256k1": "ECC_SECG_P256K1",
}
"""By the name of a curve: the spec of its keys."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """A seed of Keytrail, as a document, and a warning about each part of the source that is not in it."""

    seed: Mapping[str, Any]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    """A key in any of local-kms's forms."""

    path: str
    kind: str
    """Aes, Hmac, Rsa or Ecc; empty if only the KeySpec says it."""
    key_id: str
    metadata: Metadata
    backing_keys: list[str]
    private_key_pem: str | None
    next_key_rotation: str | None


def convert_local_kms(data: bytes, name: str, settings: Settings, now: datetime) -> Conversion:
    """Convert the seed file in these bytes; `name` is the file's, for messages.

    The settings have the account and Region of local-kms, whose ARNs the keys keep. `now` says which rotations are due.
    Raises seeds.SeedError with all that is wrong in the file.
    """
    sources, aliases = _read(data, name)
    keys: dict[str, dict[str, Any]] = {}
    problems: list[str] = []
    warnings: list[str] = []
    for source in sources:
        key_id = source.key_id.lower()
        if key_id in keys:
            warnings.append(f"{source.path}: {key_id} appears twice; the second is left out, as in local-kms")
            continue
        try:
            members, remarks = _convert_key(source, now)
        except ValueError as error:
            problems.append(f"{source.path}{error}")
            continue
        keys[key_id] = {"KeyId": key_id, "Account": settings.account, "Region": settings.region, **members}
        warnings += remarks
    names, remarks = _aliases_by_key(keys, aliases)
    seed = {"keys": [key | ({"Aliases": names[key_id]} if key_id in names else {}) for key_id, key in keys.items()]}
    problems = problems or _mistakes(seed, settings, now)
    if problems:
        raise SeedError(f"{name}: {problem}" for problem in problems)
    return Conversion(seed, (*warnings, *remarks))


def _mistakes(seed: Mapping[str, Any], settings: Settings, now: datetime) -> list[str]:
    """What is wrong with a seed that has been made, such as the id of a key that is no UUID."""
    try:
        seeds.read_document(msgspec.json.encode(seed), settings, now, name="the seed that it would become")
    except SeedError as error:
        return error.problems
    return []


# ---- Reading


def _read(data: bytes, name: str) -> tuple[list[_Source], list[Alias]]:
    """The keys and aliases of a file, in whatever form it has."""
    raw = _parse(data, name)
    keys = raw.get("Keys") if isinstance(raw, dict) else None
    new = isinstance(keys, list) and any(isinstance(key, dict) and {"KeyId", "Material"} & key.keys() for key in keys)
    try:
        if new or (isinstance(raw, dict) and "Version" in raw):
            return _sources_of_version_4(seeds.convert(raw, documents.NewDocument))
        if isinstance(keys, list):
            old = seeds.convert(raw, documents.OldDocument)
            return list(_sources_of("Keys", "Aes", old.keys)), old.aliases
        document = seeds.convert(raw, documents.Document)
    except SeedError as error:
        raise SeedError(f"{name}: {problem}" for problem in error.problems) from None
    by_kind = {
        "Symmetric.Aes": document.keys.symmetric.aes,
        "Symmetric.Hmac": document.keys.symmetric.hmac,
        "Asymmetric.Rsa": document.keys.asymmetric.rsa,
        "Asymmetric.Ecc": document.keys.asymmetric.ecc,
    }
    sources = [
        source
        for kind, members in by_kind.items()
        for source in _sources_of(f"Keys.{kind}", kind.partition(".")[2], members)
    ]
    return sources, document.aliases


def _parse(data: bytes, name: str) -> Any:
    import yaml

    try:
        # BaseLoader leaves every scalar a text.
        return yaml.load(data, getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SeedError([f"{name}: not YAML: {' '.join(str(error).split())}"]) from None


def _sources_of(path: str, kind: str, members: list[documents.Key]) -> Iterator[_Source]:
    for index, key in enumerate(members):
        yield _Source(
            f"{path}[{index}]",
            kind,
            key.metadata.key_id or "",
            key.metadata,
            key.backing_keys,
            key.private_key_pem,
            key.next_key_rotation,
        )


def _sources_of_version_4(document: documents.NewDocument) -> tuple[list[_Source], list[Alias]]:
    sources = [
        _Source(
            f"Keys[{index}]",
            "",
            key.key_id,
            key.metadata,
            key.material.backing_keys,
            key.material.private_key_pem,
            key.next_key_rotation,
        )
        for index, key in enumerate(document.keys)
    ]
    return sources, document.aliases


# ---- Converting. A ValueError's message begins with the rest of the path: `.BackingKeys[0]: expected ...`.


def _convert_key(source: _Source, now: datetime) -> tuple[dict[str, Any], list[str]]:
    """The members of a key of Keytrail, but for its id, account and Region; and what has been left out, and why."""
    if not source.key_id:
        raise ValueError(".Metadata: KeyId is missing; expected the id of a key, a UUID")
    members = {"Description": source.metadata.description} if source.metadata.description else {}
    kind = source.kind or _kind_of(source)
    converted, warnings = _CONVERTERS[kind](source, now)
    return {**members, **converted}, warnings


def _kind_of(source: _Source) -> str:
    spec = source.metadata.key_spec
    if spec is None:
        raise ValueError(".Metadata: KeySpec is missing; expected one such as SYMMETRIC_DEFAULT")
    kinds = {"SYMMETRIC_DEFAULT": "Aes", "HMAC": "Hmac"}
    return kinds.get(spec) or kinds.get(spec.partition("_")[0], "Pair")


def _convert_aes(source: _Source, now: datetime) -> tuple[dict[str, Any], list[str]]:
    secrets = [_secret(source, index) for index in range(len(source.backing_keys))]
    if source.metadata.origin == "EXTERNAL":
        return _convert_imported(source, secrets, "SYMMETRIC_DEFAULT"), []
    if not secrets:
        raise ValueError(": BackingKeys is missing; expected one or more secrets of 32 bytes in hex")
    rotation, warnings = _automatic_rotation(source, now)
    if len(secrets) > 1:
        # When it was rotated is not in the file: a day apart, the last time a day ago.
        rotation["PastKeyMaterials"] = secrets[:-1]
        rotation["Rotations"] = [
            {"RotationDate": f"{days} days ago", "RotationType": "ON_DEMAND"} for days in range(len(secrets) - 1, 0, -1)
        ]
    members: dict[str, Any] = {"KeyMaterial": secrets[-1]}
    return (members | {"Rotation": rotation} if rotation else members), warnings


def _convert_hmac(source: _Source, now: datetime) -> tuple[dict[str, Any], list[str]]:
    secrets = [_secret(source, index) for index in range(len(source.backing_keys))]
    spec = source.metadata.key_spec
    if spec is None:
        size = len(bytes.fromhex(source.backing_keys[0])) if secrets else 32
        spec = f"HMAC_{size * 8}"
    members: dict[str, Any] = {"KeySpec": spec, "KeyUsage": "GENERATE_VERIFY_MAC"}
    if source.metadata.origin == "EXTERNAL":
        return members | _convert_imported(source, secrets, spec), []
    if not secrets:
        raise ValueError(f": BackingKeys is missing; expected the secret of a key of {spec} in hex")
    warnings = []
    if len(secrets) > 1:
        warnings.append(f"{source.path}.BackingKeys: only the first is kept; KMS does not rotate HMAC keys")
    if source.next_key_rotation is not None:
        warnings.append(f"{source.path}.NextKeyRotation is left out: KMS does not rotate HMAC keys")
    return members | {"KeyMaterial": secrets[0]}, warnings


def _convert_imported(source: _Source, secrets: list[str], spec: str) -> dict[str, Any]:
    if len(secrets) > 1:
        raise ValueError(f".BackingKeys: an EXTERNAL key of {spec} has at most one; leave the others out")
    members = {"KeyMaterial": secrets[0]} if secrets else {"KeyState": "PendingImport"}
    return {"Origin": "EXTERNAL", **members}


def _convert_pair(source: _Source, now: datetime) -> tuple[dict[str, Any], list[str]]:
    from cryptography.hazmat.primitives import serialization

    if source.private_key_pem is None:
        raise ValueError(": PrivateKeyPem is missing; expected a private key in PEM")
    try:
        private = serialization.load_pem_private_key(source.private_key_pem.encode(), None)
    except Exception as error:  # cryptography raises errors of several kinds
        raise ValueError(f".PrivateKeyPem: expected a private key in PEM without a password; {error}") from None
    der = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    found, named = _spec_of(private), source.metadata.key_spec
    if None not in (found, named) and found != named:
        raise ValueError(f".Metadata.KeySpec: the private key is one of {found}, not of {named}")
    spec = found or named
    if spec is None:
        raise ValueError(".PrivateKeyPem: expected the key of an RSA_*, ECC_* or ML_DSA_* spec that KMS has")
    usage = source.metadata.key_usage or ("SIGN_VERIFY" if spec.startswith(("ECC", "ML_DSA")) else None)
    if usage is None:
        raise ValueError(".Metadata: KeyUsage is missing; expected one of SIGN_VERIFY, ENCRYPT_DECRYPT")
    return {"KeySpec": spec, "KeyUsage": usage, "KeyMaterial": b64encode(der).decode()}, []


def _spec_of(private: object) -> str | None:
    """The spec of a private key; None if it is neither RSA nor of a curve that KMS has."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(private, rsa.RSAPrivateKey):
        return f"RSA_{private.key_size}"
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return _CURVES.get(private.curve.name)
    return "ECC_NIST_EDWARDS25519" if isinstance(private, ed25519.Ed25519PrivateKey) else None


_CONVERTERS: Mapping[str, Callable[[_Source, datetime], tuple[dict[str, Any], list[str]]]] = {
    "Aes": _convert_aes,
    "Hmac": _convert_hmac,
    "Rsa": _convert_pair,
    "Ecc": _convert_pair,
    "Pair": _convert_pair,
}
"""By the kind of a key."""


def _secret(source: _Source, index: int) -> str:
    """A backing key, in base64."""
    text = source.backing_keys[index]
    try:
        return b64encode(bytes.fromhex(text)).decode()
    except ValueError:
        raise ValueError(f".BackingKeys[{index}]: expected hex digits, got {text!r}") from None


def _automatic_rotation(source: _Source, now: datetime) -> tuple[dict[str, Any], list[str]]:
    """The Rotation of a key that has a NextKeyRotation: in so many days, so that it never lies in the past."""
    if source.next_key_rotation is None:
        return {}, []
    try:
        moment = read_moment(source.next_key_rotation)
    except ValueError as error:
        raise ValueError(f".NextKeyRotation: {error}") from None
    if moment <= now:
        warning = f"{source.path}.NextKeyRotation: {source.next_key_rotation} is over; the next rotation is in a year"
        return {"RotationPeriodInDays": _YEAR}, [warning]
    days = ceil((moment - now) / timedelta(days=1))
    return {"RotationPeriodInDays": min(max(_YEAR, days), 2560), "NextRotationDate": f"in {days} days"}, []


def _aliases_by_key(keys: Collection[str], aliases: list[Alias]) -> tuple[dict[str, list[str]], list[str]]:
    """The aliases of each key, by its id; and warnings about those that are left out."""
    by_key: dict[str, list[str]] = {}
    warnings = []
    for index, alias in enumerate(aliases):
        name = "alias/" + alias.alias_name.removeprefix("alias/")
        key_id = alias.target_key_id.rpartition("key/")[2].lower()
        if any(name in names for names in by_key.values()):
            warnings.append(f"Aliases[{index}]: {name} appears twice; the second is left out, as in local-kms")
        elif key_id not in keys:
            warnings.append(f"Aliases[{index}]: {name} is left out: no key here has the id {alias.target_key_id}")
        else:
            by_key.setdefault(key_id, []).append(name)
    return by_key, warnings
