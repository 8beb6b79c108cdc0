"""Imported key material: the checks of its operations, and how they and the clock change a key.

Source: KMS API Reference; KMS Developer Guide, "Importing key material for AWS KMS keys".
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from keytrail.crypto import key_import
from keytrail.domain.key import Key, KeyState, Origin
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.key_rotation import history
from keytrail.domain.material_history import Import
from keytrail.domain.refusals import not_a_primary_key, wrong_origin
from keytrail.domain.service_event import MaterialExpired
from keytrail.errors import (
    IncorrectKeyMaterialException,
    KMSInvalidStateException,
    NotFoundException,
    UnsupportedOperationException,
    ValidationException,
)

TOKENS_LIVE = timedelta(hours=24)
_LONGEST_VALIDITY = timedelta(days=365)

EXPIRES, DOES_NOT_EXPIRE = "KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE"
"""The values of ExpirationModel."""
NEW, EXISTING = "NEW_KEY_MATERIAL", "EXISTING_KEY_MATERIAL"
"""The values of ImportType."""

_PKCS8_SIZES: Mapping[str, int] = {"ECC_NIST_P521": 241}
"""Bytes of a PKCS #8 private key, by those specs (besides RSA) that are too large for RSAES-OAEP under RSA_2048."""


class MaterialState(StrEnum):
    """The KeyMaterialState of ListKeyRotations."""

    CURRENT = "CURRENT"
    NON_CURRENT = "NON_CURRENT"
    PENDING_ROTATION = "PENDING_ROTATION"
    PENDING_MULTI_REGION_IMPORT_AND_ROTATION = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"


def require_external(key: Key) -> None:
    """Raise UnsupportedOperationException unless the key is of Origin EXTERNAL."""
    if key.origin is not Origin.EXTERNAL:
        raise wrong_origin(key.arn, key.origin)


def require_wrapping(key: Key, algorithm: str, spec: str) -> None:
    """Raise UnsupportedOperationException unless the key's material can be wrapped by this algorithm and spec.

    Source: KMS API Reference, GetParametersForImport, WrappingAlgorithm. # unverified: code and words
    """
    china = key.region.startswith("cn-")
    if not china and (algorithm == "SM2PKE" or spec == "SM2"):
        member = "WrappingAlgorithm SM2PKE" if algorithm == "SM2PKE" else "WrappingKeySpec SM2"
        raise UnsupportedOperationException(f"{member} is not supported in this Region")
    if (algorithm == "SM2PKE") != (spec == "SM2"):
        raise UnsupportedOperationException(
            f"WrappingAlgorithm {algorithm} is not compatible with WrappingKeySpec {spec}"
        )
    if algorithm == "SM2PKE":
        raise UnsupportedOperationException("Keytrail has no cryptography for keys of KeySpec SM2.")
    if algorithm not in key_import.WRAPPING_ALGORITHMS:
        raise UnsupportedOperationException(f"WrappingAlgorithm {algorithm} is not supported")
    longest = key_import.longest_material(spec, algorithm)
    if longest is not None and (key.spec.startswith("RSA") or _PKCS8_SIZES.get(key.spec, 0) > longest):
        raise UnsupportedOperationException(
            f"WrappingAlgorithm {algorithm} with WrappingKeySpec {spec} is not compatible with KeySpec {key.spec}"
        )


def require_validity(model: str, valid_to: datetime | None, now: datetime) -> None:
    """Raise ValidationException unless ValidTo fits the ExpirationModel.

    There must be a `valid_to` exactly if the material expires, and it must be in the next 365 days.
    """
    if model == EXPIRES and valid_to is None:
        raise ValidationException(f"A validTo date must be set if the ExpirationModel is {EXPIRES}")
    if valid_to is None:
        return
    # unverified: the words of the errors below
    if model == DOES_NOT_EXPIRE:
        raise ValidationException(f"A validTo date must not be set if the ExpirationModel is {DOES_NOT_EXPIRE}")
    if valid_to <= now:
        raise ValidationException("The validTo date must be in the future")
    if valid_to > now + _LONGEST_VALIDITY:
        raise ValidationException("The validTo date must be within 365 days from now")


def require_import_members(key: Key, kind: str | None, description: str | None, material_id: str | None) -> None:
    """Raise ValidationException for members that only symmetric keys accept, or that new material does not accept.

    # unverified: the words; AWS documents only that these members are not valid
    """
    members = {"ImportType": kind, "KeyMaterialDescription": description, "KeyMaterialId": material_id}
    for name, value in members.items():
        if value is not None and not key.is_symmetric:
            raise ValidationException(f"{name} can only be specified for symmetric encryption keys.")
    if kind == NEW and material_id is not None:
        raise ValidationException(f"KeyMaterialId cannot be specified with ImportType {NEW}.")


def import_material(
    key: Key, material: KeyMaterial, *, kind: str | None, material_id: str | None, imported: Import, is_replica: bool
) -> Key:
    """The key after ImportKeyMaterial; Enabled if it was PendingImport and now has all its material.

    The first material becomes the current one at once; further ones are pending until RotateKeyOnDemand.
    `kind`: NEW, EXISTING, or None for whichever applies. `material_id`: the id that the material must have, if any.
    Raises IncorrectKeyMaterialException, KMSInvalidStateException or UnsupportedOperationException.
    """
    known = known_ids(key)
    if kind is None:
        kind = EXISTING if known else NEW
    if (kind == NEW) == (material.id in known) or material_id not in (None, material.id):
        raise IncorrectKeyMaterialException
    if kind == NEW:
        key = _with_new(key, material, is_replica=is_replica)
    before = key.imports.get(material.id)
    if imported.description is None and before is not None:
        imported = replace(imported, description=before.description)
    key = replace(key, imports={**key.imports, material.id: imported})
    if key.state is KeyState.PENDING_IMPORT and not key.lacks_material:
        return replace(key, state=KeyState.ENABLED)
    return key


def _with_new(key: Key, material: KeyMaterial, *, is_replica: bool) -> Key:
    if key.material is None:
        return replace(key, material=material)
    if is_replica:
        raise not_a_primary_key(key.arn)  # unverified: the error
    if key.pending is not None:
        raise KMSInvalidStateException(
            f"New key material (id: {material.id}) cannot be imported into KMS key {key.arn}, "
            f"because another key material (id: {key.pending.id}) is pending rotation."
        )
    return replace(key, pending=material)


def delete_material(key: Key, material_id: str, *, is_replica: bool) -> Key:
    """The key after DeleteImportedKeyMaterial of one material, which can be imported again.

    A material that was pending rotation is forgotten, except in a replica. Raises NotFoundException if the key has no
    such material.
    """
    if key.pending is not None and key.pending.id == material_id:
        imports = {name: imported for name, imported in key.imports.items() if name != material_id}
        if is_replica:
            return replace(key, imports=imports)
        return replace(key, imports=imports, pending=None, on_demand=None)
    if material_id not in known_ids(key):
        # unverified: code and words
        raise NotFoundException(f"Key material {material_id} is not associated with {key.arn}")
    imported = key.imports.get(material_id, Import())
    deleted = replace(imported, valid_to=None, is_present=False)
    return replace(key, imports={**key.imports, material_id: deleted}).await_material()


def due(key: Key) -> datetime | None:
    """When the next of the key's materials expires; None: never."""
    return min((imported.valid_to for imported in key.imports.values() if imported.valid_to is not None), default=None)


def expire(key: Key, moment: datetime, *, is_replica: bool) -> tuple[Key, list[MaterialExpired]]:
    """The key without the materials that have expired by a moment, and their service events, the earliest first."""
    ends = sorted(
        (imported.valid_to, material_id)
        for material_id, imported in key.imports.items()
        if imported.valid_to is not None and imported.valid_to <= moment
    )
    expired = []
    for date, material_id in ends:
        key = delete_material(key, material_id, is_replica=is_replica)
        expired.append(MaterialExpired(key, date, material_id))
    return key, expired


def expiry(key: Key) -> tuple[str, datetime | None] | None:
    """ExpirationModel and ValidTo of DescribeKey: the earliest ValidTo of the key's materials, without a pending one.

    None for keys of another Origin, and while some material of the key is missing.
    """
    if key.origin is not Origin.EXTERNAL or key.lacks_material:
        return None
    dates = [key.imports[past.material.id].valid_to for past in history(key)]
    first = min((date for date in dates if date is not None), default=None)
    return (EXPIRES if first is not None else DOES_NOT_EXPIRE), first


def token_subject(key: Key) -> str:
    """The text to which an import token is bound. It differs for a later key with the same ARN."""
    return f"{key.arn}/{key.creation_date.isoformat()}"


def known_ids(key: Key) -> frozenset[str]:
    """The ids of all materials of the key, including the pending one."""
    ids = {past.material.id for past in history(key)}
    return frozenset(ids if key.pending is None else {*ids, key.pending.id})


def is_imported(key: Key, material_id: str) -> bool:
    """Whether the material is present in the key's Region."""
    imported = key.imports.get(material_id)
    return imported is not None and imported.is_present
