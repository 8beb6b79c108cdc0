"""Imported key material: the checks of its operations, and the changes of a key that they and the clock bring about.

Source: KMS API Reference; KMS Developer Guide, "Importing key material for AWS KMS keys".
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from keytrail.crypto import key_import
from keytrail.domain.key import Key, KeyState, Origin
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.key_materials import Import
from keytrail.domain.key_rotation import history
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

_LARGEST: Mapping[str, int] = {"ECC_NIST_P521": 241}
"""Bytes of a key in PKCS #8 that RSAES-OAEP under RSA_2048 does not hold."""


class MaterialState(StrEnum):
    """Which part a material has in its key, as ListKeyRotations tells it."""

    CURRENT = "CURRENT"
    NON_CURRENT = "NON_CURRENT"
    PENDING_ROTATION = "PENDING_ROTATION"
    PENDING_MULTI_REGION_IMPORT_AND_ROTATION = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"


def require_external(key: Key) -> None:
    """Raise UnsupportedOperationException for a key that takes no imported material."""
    if key.origin is not Origin.EXTERNAL:
        raise wrong_origin(key.arn, key.origin)


def require_wrapping(key: Key, algorithm: str, spec: str) -> None:
    """Raise UnsupportedOperationException unless material of the key's spec can be wrapped so.

    Source: KMS API Reference, GetParametersForImport, WrappingAlgorithm. # unverified: code and words
    """
    china = key.region.startswith("cn-")
    if not china and (algorithm == "SM2PKE" or spec == "SM2"):
        what = "WrappingAlgorithm SM2PKE" if algorithm == "SM2PKE" else "WrappingKeySpec SM2"
        raise UnsupportedOperationException(f"{what} is not supported in this Region")
    if (algorithm == "SM2PKE") != (spec == "SM2"):
        raise UnsupportedOperationException(
            f"WrappingAlgorithm {algorithm} is not compatible with WrappingKeySpec {spec}"
        )
    if algorithm == "SM2PKE":
        raise UnsupportedOperationException("Keytrail has no cryptography for keys of KeySpec SM2.")
    if algorithm not in key_import.WRAPPING_ALGORITHMS:
        raise UnsupportedOperationException(f"WrappingAlgorithm {algorithm} is not supported")
    longest = key_import.longest_material(spec, algorithm)
    if longest is not None and (key.spec.startswith("RSA") or _LARGEST.get(key.spec, 0) > longest):
        raise UnsupportedOperationException(
            f"WrappingAlgorithm {algorithm} with WrappingKeySpec {spec} is not compatible with KeySpec {key.spec}"
        )


def require_validity(model: str, valid_to: datetime | None, now: datetime) -> None:
    """Raise ValidationException unless a moment of expiry is there just when the model has one, and is near."""
    if model == EXPIRES and valid_to is None:
        raise ValidationException(f"A validTo date must be set if the ExpirationModel is {EXPIRES}")
    if valid_to is None:
        return
    # unverified: the words of these
    if model == DOES_NOT_EXPIRE:
        raise ValidationException(f"A validTo date must not be set if the ExpirationModel is {DOES_NOT_EXPIRE}")
    if valid_to <= now:
        raise ValidationException("The validTo date must be in the future")
    if valid_to > now + _LONGEST_VALIDITY:
        raise ValidationException("The validTo date must be within 365 days from now")


def require_members_of(key: Key, kind: str | None, description: str | None, material_id: str | None) -> None:
    """Raise ValidationException for a member that is for symmetric keys only, or not for new material.

    # unverified: the words; AWS documents only that these are not valid
    """
    given = {"ImportType": kind, "KeyMaterialDescription": description, "KeyMaterialId": material_id}
    for name, value in given.items():
        if value is not None and not key.is_symmetric:
            raise ValidationException(f"{name} can only be specified for symmetric encryption keys.")
    if kind == NEW and material_id is not None:
        raise ValidationException(f"KeyMaterialId cannot be specified with ImportType {NEW}.")


def import_material(
    key: Key, material: KeyMaterial, *, kind: str | None, material_id: str | None, how: Import, is_replica: bool
) -> Key:
    """The key with a material imported into it; Enabled, if that was all it waited for.

    The first material is the current one at once, another one is pending until RotateKeyOnDemand.
    `kind`: NEW, EXISTING, or None for what fits; `material_id`: the id that the material must have.
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
    if how.description is None and before is not None:
        how = replace(how, description=before.description)
    key = replace(key, imports={**key.imports, material.id: how})
    if key.state is KeyState.PENDING_IMPORT and not key.lacks_material:
        return replace(key, state=KeyState.ENABLED)
    return key


def _with_new(key: Key, material: KeyMaterial, *, is_replica: bool) -> Key:
    if key.material is None:
        return replace(key, material=material)
    if is_replica:
        raise not_a_primary_key(key.arn)  # unverified: that this is the refusal
    if key.pending is not None:
        raise KMSInvalidStateException(
            f"New key material (id: {material.id}) cannot be imported into KMS key {key.arn}, "
            f"because another key material (id: {key.pending.id}) is pending rotation."
        )
    return replace(key, pending=material)


def delete_material(key: Key, material_id: str, *, is_replica: bool) -> Key:
    """The key without one of its materials, to be imported again; what was pending rotation is forgotten.

    Raises NotFoundException for a material that is not the key's.
    """
    if key.pending is not None and key.pending.id == material_id:
        imports = {name: how for name, how in key.imports.items() if name != material_id}
        if is_replica:
            return replace(key, imports=imports)
        return replace(key, imports=imports, pending=None, on_demand=None)
    if material_id not in known_ids(key):
        # unverified: code and words
        raise NotFoundException(f"Key material {material_id} is not associated with {key.arn}")
    how = key.imports.get(material_id, Import())
    gone = replace(how, valid_to=None, is_there=False)
    return replace(key, imports={**key.imports, material_id: gone}).await_material()


def due(key: Key) -> datetime | None:
    """When the next of a key's materials expires."""
    return min((how.valid_to for how in key.imports.values() if how.valid_to is not None), default=None)


def expire(key: Key, moment: datetime, *, is_replica: bool) -> tuple[Key, list[MaterialExpired]]:
    """The key without what has expired by a moment, and what that is, the earliest first."""
    over = sorted(
        (how.valid_to, material_id)
        for material_id, how in key.imports.items()
        if how.valid_to is not None and how.valid_to <= moment
    )
    expired = []
    for date, material_id in over:
        key = delete_material(key, material_id, is_replica=is_replica)
        expired.append(MaterialExpired(key, date, material_id))
    return key, expired


def expiry(key: Key) -> tuple[str, datetime | None] | None:
    """ExpirationModel and ValidTo as DescribeKey tells them: the earliest of what is the key's for good.

    None for a key that has no such thing: of another origin, or while some of its material is missing.
    """
    if key.origin is not Origin.EXTERNAL or key.lacks_material:
        return None
    own = [key.imports[past.material.id].valid_to for past in history(key)]
    first = min((date for date in own if date is not None), default=None)
    return (EXPIRES if first is not None else DOES_NOT_EXPIRE), first


def token_subject(key: Key) -> str:
    """What an import token is bound to: this very key, and no other of its name."""
    return f"{key.arn}/{key.creation_date.isoformat()}"


def known_ids(key: Key) -> frozenset[str]:
    """The ids of all materials that are the key's, the pending one too."""
    ids = {past.material.id for past in history(key)}
    return frozenset(ids if key.pending is None else {*ids, key.pending.id})


def is_imported(key: Key, material_id: str) -> bool:
    """Whether a material is there in the key's Region."""
    how = key.imports.get(material_id)
    return how is not None and how.is_there
