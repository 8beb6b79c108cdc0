"""Imported key material: the checks of its operations, and how they and the clock change a key.

Source: KMS API Reference; KMS Developer Guide, "Importing key material for AWS KMS keys".
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from keytrail.crypto import key_import
from keytrail.domain.key import Key, KeyState, Origin
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.key_rotation import history
from keytrail.domain.material_history import Import
from keytrail.domain.refusals import no_cryptography, wrong_origin
from keytrail.domain.service_event import MaterialExpired
from keytrail.errors import (
    IncorrectKeyMaterialException,
    KMSInvalidStateException,
    UnsupportedOperationException,
    ValidationException,
)

TOKENS_LIVE = timedelta(hours=24)
_LONGEST_VALIDITY = timedelta(days=365)

EXPIRES, DOES_NOT_EXPIRE = "KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE"
"""The values of ExpirationModel."""
NEW, EXISTING = "NEW_KEY_MATERIAL", "EXISTING_KEY_MATERIAL"
"""The values of ImportType."""

_OAEP, _BEHIND_AES = key_import.PLAIN, key_import.WITH_AES
_ALGORITHMS_OF: Mapping[str, frozenset[str]] = {
    "SYMMETRIC": _OAEP,
    "HMAC": _OAEP,
    "ECC": _OAEP | _BEHIND_AES,
    "RSA": _BEHIND_AES,
}
"""Which WrappingAlgorithms can wrap the material of a key spec, by how the spec begins; none that of other specs."""
_CHINESE = frozenset({"SM2PKE", "SM2"})
"""WrappingAlgorithm and WrappingKeySpec of the China Regions alone."""
_NOT_UNDER_RSA_2048 = frozenset({"ECC_NIST_P521", "ECC_NIST_EDWARDS25519"})
"""Key specs whose material cannot be wrapped by RSAES-OAEP with WrappingKeySpec RSA_2048."""


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


def is_importable(spec: str) -> bool:
    """Whether there are keys of this spec with Origin EXTERNAL: not for ML-DSA, as was recorded from AWS."""
    # unverified: that ML-KEM is as ML-DSA; not in AWS's docs, recordings or issues
    return not spec.startswith(("ML_DSA", "ML_KEM"))


def require_importable(spec: str) -> None:
    """Raise ValidationException unless there are keys of this spec with Origin EXTERNAL."""
    if not is_importable(spec):
        raise ValidationException(f"KeySpec {spec} is not supported for Origin EXTERNAL")


def require_wrapping(key: Key, algorithm: str, spec: str) -> None:
    """Raise ValidationException unless the key's material can be wrapped by this algorithm and spec.

    Raises UnsupportedOperationException for what does not exist in the key's Region.
    Source: KMS API Reference, GetParametersForImport, WrappingAlgorithm; the words and Ed25519 as recorded from AWS.
    """
    _require_wrapping_in_region(key.region, algorithm, spec)
    fits = algorithm in _ALGORITHMS_OF.get(key.spec.split("_")[0], ()) and spec in key_import.WRAPPING_SPECS
    if not fits or (algorithm in _OAEP and spec == "RSA_2048" and key.spec in _NOT_UNDER_RSA_2048):
        raise ValidationException(
            f"Wrapping algorithm {algorithm} and wrapping key spec {spec} cannot be used to import a {key.spec} key."
        )


def _require_wrapping_in_region(region: str, algorithm: str, spec: str) -> None:
    # unverified: code and words; not in AWS's docs, recordings or issues; the form is measured for KeySpec SM2
    absent = _BEHIND_AES if region.startswith("cn-") else _CHINESE
    for member, value in (("WrappingAlgorithm", algorithm), ("WrappingKeySpec", spec)):
        if value in absent:
            raise UnsupportedOperationException(f"{member} {value} is not supported in this Region")
    if (algorithm, spec) == ("SM2PKE", "SM2"):
        raise no_cryptography("SM2")


def require_validity(model: str, valid_to: datetime | None, now: datetime) -> None:
    """Raise ValidationException unless ValidTo fits the ExpirationModel.

    There must be a `valid_to` exactly if the material expires, and it must be in the next 365 days.
    """
    if model == EXPIRES and valid_to is None:
        raise ValidationException(f"A validTo date must be set if the ExpirationModel is {EXPIRES}")
    if valid_to is None:
        return
    if model == DOES_NOT_EXPIRE:
        raise ValidationException(f"A validTo date cannot be set if the ExpirationModel is {DOES_NOT_EXPIRE}")
    if valid_to <= now:
        raise ValidationException("ValidTo must be in the future")
    if valid_to > now + _LONGEST_VALIDITY:
        raise ValidationException("ValidTo must be less than 365 days in the future")


def require_import_members(
    key: Key, kind: str | None, description: str | None, material_id: str | None, *, is_replica: bool
) -> None:
    """Raise ValidationException for members that the key or the ImportType does not accept."""
    members = {"importType": kind, "keyMaterialId": material_id, "keyMaterialDescription": description}
    for name, value in members.items():
        if value is not None and not key.is_symmetric:
            raise ValidationException(f"Input parameter {name} cannot be used with {key.spec} imported keys.")
    if kind == NEW and material_id is not None:
        raise ValidationException(f"Input parameter keyMaterialId cannot be used with {NEW} importType.")
    if is_replica and description is not None:
        raise ValidationException("Key material description can only be specified on primary Multi-Region keys")
    if is_replica and kind == NEW:
        raise ValidationException(f"Input parameter ImportType {NEW} cannot be used on replica Multi-Region keys")


def import_material(
    key: Key, material: KeyMaterial, *, kind: str | None, material_id: str | None, imported: Import
) -> Key:
    """The key after ImportKeyMaterial; Enabled if it was PendingImport or Disabled and now has all its material.

    The first material becomes the current one at once; further ones are pending until RotateKeyOnDemand.
    `kind`: NEW, EXISTING, or None for whichever applies. `material_id`: the id that the material must have, if any.
    Raises IncorrectKeyMaterialException or KMSInvalidStateException.
    """
    known = known_ids(key)
    if kind is None:
        kind = EXISTING if known else NEW
    if kind == NEW and material.id in known:
        raise IncorrectKeyMaterialException(
            f"Key material (id: {material.id}) being imported as {NEW} is already associated with KMS key {key.arn}."
        )
    if material_id not in (None, material.id):
        raise _unexpected(material_id)
    if kind == EXISTING and material.id not in known:
        raise _unexpected(key.material.id if key.material is not None else None)
    if kind == NEW:
        key = _with_new(key, material)
    before = key.imports.get(material.id)
    if imported.description is None and before is not None:
        imported = replace(imported, description=before.description)
    key = replace(key, imports={**key.imports, material.id: imported})
    # unverified: a Disabled key and new material; recorded of one and its current material
    if key.state in (KeyState.PENDING_IMPORT, KeyState.DISABLED) and not key.lacks_material:
        return replace(key, state=KeyState.ENABLED)
    return key


def _unexpected(material_id: str | None) -> IncorrectKeyMaterialException:
    """The error for material that has another id than this one; None: the key has no material yet."""
    # unverified: no message without an id, and the current material's id for a key that has had several; recorded of
    # keys with one
    if material_id is None:
        return IncorrectKeyMaterialException()
    return IncorrectKeyMaterialException(
        f"Imported key material does not have the expected identifier ({material_id})."
    )


def _with_new(key: Key, material: KeyMaterial) -> Key:
    if key.material is None:
        return replace(key, material=material)
    if key.pending is not None:
        raise KMSInvalidStateException(
            f"New key material (id: {material.id}) cannot be imported into KMS key {key.arn}, "
            f"because another key material (id: {key.pending.id}) is pending rotation."
        )
    return replace(key, pending=material)


def delete_material(key: Key, material_id: str, *, is_replica: bool) -> Key:
    """The key after DeleteImportedKeyMaterial of one material, which can be imported again.

    A material that was pending rotation is forgotten, except in a replica; a rotation under way goes on. Raises
    ValidationException if the key has no such material.
    """
    if material_id not in known_ids(key):
        raise ValidationException(f"Key material (id: {material_id}) has never been imported into KMS key {key.arn}.")
    if key.pending is not None and key.pending.id == material_id and not is_replica:
        imports = {name: imported for name, imported in key.imports.items() if name != material_id}
        return replace(key, imports=imports, pending=None)
    deleted = replace(key.imports.get(material_id, Import()), valid_to=None, is_present=False)
    return replace(key, imports={**key.imports, material_id: deleted}).await_material()


def due(key: Key) -> datetime | None:
    """When the next of the key's materials expires; None: never."""
    return min((date for _, date in _expiring(key)), default=None)


def expire(key: Key, moment: datetime) -> tuple[Key, list[MaterialExpired]]:
    """The key without the use of the materials that have expired by a moment, and their service events.

    The earliest comes first. ListKeyRotations still tells expired material as imported (recorded for 15 minutes).
    """
    # unverified: a service event for material that is pending; AWS documents it for expired material as such
    ends = sorted((date, material_id) for material_id, date in _expiring(key) if date <= moment)
    expired = []
    for date, material_id in ends:
        gone = replace(key.imports[material_id], is_present=False)
        key = replace(key, imports={**key.imports, material_id: gone}).await_material()
        expired.append(MaterialExpired(key, date, material_id))
    return key, expired


def _expiring(key: Key) -> Iterator[tuple[str, datetime]]:
    """The materials that will expire, and when."""
    for material_id, imported in key.imports.items():
        if imported.is_present and imported.valid_to is not None:
            yield material_id, imported.valid_to


def expiry(key: Key) -> tuple[str, datetime | None] | None:
    """ExpirationModel and ValidTo of DescribeKey: the earliest ValidTo of the key's materials, without a pending one.

    None for keys of another Origin, and while some material of the key is missing.
    """
    if key.origin is not Origin.EXTERNAL:
        return None
    if key.state is KeyState.CREATING:
        # unverified: that it tells this too if the primary key's material expires; recorded where that does not
        return DOES_NOT_EXPIRE, None
    if key.lacks_material:
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
    """Whether the material is imported in the key's Region, even if it has expired since."""
    imported = key.imports.get(material_id)
    return imported is not None and imported.is_told
