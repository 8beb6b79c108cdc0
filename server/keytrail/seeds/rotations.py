"""Reading the past rotations of a key, and its automatic rotation."""

from datetime import datetime, timedelta
from typing import Any

from keytrail.domain.key import USABLE, Origin
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT
from keytrail.domain.material_history import AutomaticRotation, OnDemandRotation, PastMaterial
from keytrail.seeds.document import KeyMember, RotationMember
from keytrail.seeds.key_material import read_key_material
from keytrail.seeds.reader import SeedReader


def read_rotation(
    path: str,
    member: KeyMember,
    spec: str,
    material: KeyMaterial | None,
    name: str,
    reader: SeedReader,
) -> dict[str, Any]:
    """The fields of Key for its rotations: material, materials, automatic and on_demand; {} if the seed has none.

    `name` is what its materials are derived from (`material_name`).
    """
    rotation = member.rotation
    if rotation is None:
        return {}
    on_demand = _on_demand(f"{path}.Rotation", rotation, reader)
    if member.origin is Origin.EXTERNAL:
        dates = (rotation.on_demand_rotation_start_date, rotation.on_demand_rotation_end_date)
        under_way = RotationMember(on_demand_rotation_start_date=dates[0], on_demand_rotation_end_date=dates[1])
        if rotation != under_way or rotation == RotationMember():
            reader.add_problem(
                f"{path}.Rotation",
                "only a symmetric key of origin AWS_KMS has more than a rotation on demand; use KeyMaterials instead",
            )
        return {"on_demand": on_demand}
    if spec != SYMMETRIC_DEFAULT or member.origin is not Origin.AWS_KMS or material is None:
        reader.add_problem(f"{path}.Rotation", "only a symmetric key of origin AWS_KMS is rotated; leave Rotation out")
        return {}
    materials = _materials(f"{path}.Rotation", member, rotation, material, name, reader)
    last = materials[-1].rotation_date if materials else None
    return {
        "material": materials[-1].material if materials else material,
        "materials": materials,
        "automatic": _automatic(f"{path}.Rotation", member, rotation, last or reader.now, reader),
        "on_demand": on_demand,
    }


def _on_demand(path: str, rotation: RotationMember, reader: SeedReader) -> OnDemandRotation | None:
    """The rotation on demand that is under way."""
    start, end = rotation.on_demand_rotation_start_date, rotation.on_demand_rotation_end_date
    if start is None or end is None:
        if start is not end:
            name = "OnDemandRotationStartDate" if start is None else "OnDemandRotationEndDate"
            reader.add_problem(f"{path}.{name}", "is missing; a rotation on demand that is under way has both dates")
        return None
    began = reader.past_moment(f"{path}.OnDemandRotationStartDate", start)
    ends = reader.moment(f"{path}.OnDemandRotationEndDate", end)
    if ends is not None and ends <= reader.now:
        reader.add_problem(
            f"{path}.OnDemandRotationEndDate", "is in the past; list the rotation among the past ones instead"
        )
    return OnDemandRotation(began, ends) if began is not None and ends is not None else None


def _materials(
    path: str,
    member: KeyMember,
    rotation: RotationMember,
    material: KeyMaterial,
    name: str,
    reader: SeedReader,
) -> tuple[PastMaterial, ...]:
    # Derived from the key, so ciphertexts are valid in every run. A KeyMaterial in the seed is the current one.
    given = _past_materials(path, rotation, reader)
    materials = [PastMaterial(given[0] if given else KeyMaterial.derived(name))]
    for number, past in enumerate(rotation.rotations, 1):
        date_path = f"{path}.Rotations[{number - 1}].RotationDate"
        date = reader.moment(date_path, past.rotation_date)
        if date is None:
            continue
        before = materials[-1].rotation_date
        if date > reader.now:
            reader.add_problem(date_path, "lies in the future; a future rotation is NextRotationDate")
        elif before is not None and date < before:
            reader.add_problem(date_path, "is before the one above it; put the oldest rotation first")
        is_current = number == len(rotation.rotations)
        if is_current and member.key_material is not None:
            materials.append(PastMaterial(material, date, past.rotation_type))
        else:
            past_material = given[number] if number < len(given) else KeyMaterial.derived(f"{name}/{number}")
            materials.append(PastMaterial(past_material, date, past.rotation_type))
    if given and len({past.material.id for past in materials}) < len(materials):
        reader.add_problem(f"{path}.PastKeyMaterials", "every key material of a key, KeyMaterial too, is different")
    return tuple(materials) if len(materials) > 1 else ()


def _past_materials(path: str, rotation: RotationMember, reader: SeedReader) -> list[KeyMaterial]:
    """The materials that the rotations ended, if the seed has them, else none."""
    texts, count = rotation.past_key_materials, len(rotation.rotations)
    if texts and len(texts) != count:
        reader.add_problem(
            f"{path}.PastKeyMaterials", f"expected one for each of the {count} Rotations, got {len(texts)}"
        )
        return []
    materials = [
        read_key_material(f"{path}.PastKeyMaterials[{at}]", text, SYMMETRIC_DEFAULT, KeyMaterial.from_data, reader)
        for at, text in enumerate(texts)
    ]
    sound = [material for material in materials if material is not None]
    return sound if len(sound) == count else []


def _automatic(
    path: str, member: KeyMember, rotation: RotationMember, since: datetime, reader: SeedReader
) -> AutomaticRotation | None:
    days = rotation.rotation_period_in_days
    if days is None:
        if rotation.next_rotation_date is not None:
            reader.add_problem(f"{path}.NextRotationDate", "is for automatic rotation; add RotationPeriodInDays")
        return None
    period = timedelta(days=days)
    if rotation.next_rotation_date is None:
        return AutomaticRotation(days, since + period * ((reader.now - since) // period + 1))
    date = reader.moment(f"{path}.NextRotationDate", rotation.next_rotation_date)
    overdue = date is not None and date <= reader.now
    # A key that cannot be used is not rotated until somebody enables it.
    if date is not None and (date > reader.now + period or (overdue and member.key_state in USABLE)):
        reader.add_problem(f"{path}.NextRotationDate", f"expected a moment within the next {days} days")
    return AutomaticRotation(days, date) if date is not None else None
