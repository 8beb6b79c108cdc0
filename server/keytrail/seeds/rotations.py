"""The rotations that a seeded key has behind it, and the one before it."""

from datetime import datetime, timedelta
from typing import Any

from keytrail.domain.key import Origin
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.key_materials import AutomaticRotation, PastMaterial
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT
from keytrail.seeds.document import KeyMember, RotationMember
from keytrail.seeds.reader import SeedReader


def read_rotation(
    path: str,
    member: KeyMember,
    spec: str,
    material: KeyMaterial | None,
    reader: SeedReader,
) -> dict[str, Any]:
    """What Key needs of a seed's Rotation: material, materials and automatic."""
    rotation = member.rotation
    if rotation is None:
        return {}
    if member.origin is Origin.EXTERNAL:
        reader.problem(
            f"{path}.Rotation", "only a symmetric key of origin AWS_KMS is rotated so; tell of KeyMaterials instead"
        )
        return {}
    if spec != SYMMETRIC_DEFAULT or member.origin is not Origin.AWS_KMS or material is None:
        reader.problem(f"{path}.Rotation", "only a symmetric key of origin AWS_KMS is rotated; leave Rotation out")
        return {}
    materials = _materials(f"{path}.Rotation", member, rotation, material, reader)
    last = materials[-1].rotation_date if materials else None
    return {
        "material": materials[-1].material if materials else material,
        "materials": materials,
        "automatic": _automatic(f"{path}.Rotation", rotation, last or reader.now, reader),
    }


def _materials(
    path: str,
    member: KeyMember,
    rotation: RotationMember,
    material: KeyMaterial,
    reader: SeedReader,
) -> tuple[PastMaterial, ...]:
    # Each is derived from the key's id, so that ciphertexts stay good; a KeyMaterial that is given is the current one.
    materials = [PastMaterial(KeyMaterial.derived(member.key_id))]
    for at, past in enumerate(rotation.rotations, 1):
        at_path = f"{path}.Rotations[{at - 1}].RotationDate"
        date = reader.moment(at_path, past.rotation_date)
        if date is None:
            continue
        before = materials[-1].rotation_date
        if date > reader.now:
            reader.problem(at_path, "lies in the future; a rotation to come is NextRotationDate")
        elif before is not None and date < before:
            reader.problem(at_path, "is before the one above it; put the oldest rotation first")
        given = at == len(rotation.rotations) and member.key_material is not None
        new = material if given else KeyMaterial.derived(f"{member.key_id}/{at}")
        materials.append(PastMaterial(new, date, past.rotation_type))
    return tuple(materials) if len(materials) > 1 else ()


def _automatic(path: str, rotation: RotationMember, since: datetime, reader: SeedReader) -> AutomaticRotation | None:
    days = rotation.rotation_period_in_days
    if days is None:
        if rotation.next_rotation_date is not None:
            reader.problem(f"{path}.NextRotationDate", "is for automatic rotation; give RotationPeriodInDays too")
        return None
    period = timedelta(days=days)
    if rotation.next_rotation_date is None:
        return AutomaticRotation(days, since + period * ((reader.now - since) // period + 1))
    date = reader.moment(f"{path}.NextRotationDate", rotation.next_rotation_date)
    if date is not None and not reader.now < date <= reader.now + period:
        reader.problem(f"{path}.NextRotationDate", f"expected a moment within the {days} days to come")
    return AutomaticRotation(days, date) if date is not None else None
