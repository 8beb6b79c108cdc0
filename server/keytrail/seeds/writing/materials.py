"""Writing the material of a key: its own, that of each rotation, and what was imported."""

from base64 import b64encode
from datetime import datetime

from keytrail.domain.imported_material import MaterialState, is_imported
from keytrail.domain.key import Key, Origin
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.key_rotation import history
from keytrail.domain.material_history import Import
from keytrail.domain.multi_region import MultiRegionSet
from keytrail.seeds.document import ImportState
from keytrail.seeds.key_material import material_name
from keytrail.seeds.writing.source import Members, Source, present


def material_members(key: Key, related: MultiRegionSet | None, source: Source) -> Members:
    """The members of a primary or single-Region key for its materials and rotations."""
    if key.origin is Origin.EXTERNAL:
        return {"KeyMaterials": _imported_materials(key, related, source), **_rotation(key, source)}
    if key.material is None:
        return _rotation(key, source)
    *earlier, current = history(key)
    known = {} if _is_derived(key, current.material, len(earlier)) else {"KeyMaterial": _data(current.material)}
    return {**known, **_rotation(key, source)}


def replica_materials(key: Key, primary: Key, source: Source) -> Members:
    """The members of a replica for what is imported into it."""
    absent = Import(is_present=False)
    materials = [past.material for past in history(primary)]
    if primary.pending is not None:
        materials.append(primary.pending)
    if primary.origin is not Origin.EXTERNAL:
        materials = []
    return present({"KeyMaterials": [_import_members(key.imports.get(each.id, absent), source) for each in materials]})


def _is_derived(key: Key, material: KeyMaterial, position: int) -> bool:
    """Whether a seed that says nothing makes the same material at this position.

    It derives the material again, but not an RSA pair; one that nobody has used yet may be any.
    """
    if key.spec.startswith("RSA") and material.is_generated:
        return False
    name = material_name(key.account, key.region, key.key_id)
    return KeyMaterial.derived(f"{name}/{position}" if position else name, key.spec).id == material.id


def _data(material: KeyMaterial) -> str:
    return b64encode(material.pair.private_der() if material.pair is not None else material.data).decode()


def _rotation(key: Key, source: Source) -> Members:
    members: Members = {}
    if key.automatic is not None:
        members["RotationPeriodInDays"] = key.automatic.period_in_days
        members["NextRotationDate"] = source.moment(key.automatic.next_date)
    if key.on_demand is not None:
        members["OnDemandRotationStartDate"] = source.moment(key.on_demand.start)
        members["OnDemandRotationEndDate"] = source.moment(key.on_demand.end)
    if key.origin is not Origin.EXTERNAL:
        members["Rotations"] = [
            {"RotationDate": source.moment(past.rotation_date), "RotationType": str(past.rotation_type)}
            for past in key.materials
            if past.rotation_date is not None
        ]
        earlier = [past.material for past in history(key)][:-1]
        if not all(_is_derived(key, material, at) for at, material in enumerate(earlier)):
            members["PastKeyMaterials"] = [_data(material) for material in earlier]
    return present({"Rotation": present(members)})


def _imported_materials(key: Key, related: MultiRegionSet | None, source: Source) -> list[Members]:
    materials: list[tuple[KeyMaterial, datetime | None, str | None]] = [
        (past.material, past.rotation_date, None) for past in history(key)
    ]
    if key.pending is not None:
        materials.append((key.pending, None, _pending_state(key, key.pending, related, source)))
    return [
        present(
            {
                "KeyMaterial": None if _is_derived(key, material, at) else _data(material),
                "KeyMaterialDescription": key.imports[material.id].description,
                "KeyMaterialState": state,
                **_import_members(key.imports[material.id], source),
                "RotationDate": source.moment(date),
            }
        )
        for at, (material, date, state) in enumerate(materials)
    ]


def _import_members(imported: Import, source: Source) -> Members:
    state = ImportState.IMPORTED if imported.is_told else ImportState.PENDING_IMPORT
    return present({"ImportState": str(state), "ValidTo": source.moment(imported.valid_to)})


def _pending_state(key: Key, pending: KeyMaterial, related: MultiRegionSet | None, source: Source) -> str:
    everywhere = is_imported(key, pending.id) and (
        related is None or source.store.is_imported_everywhere(key, pending.id)
    )
    return str(MaterialState.PENDING_ROTATION if everywhere else MaterialState.PENDING_MULTI_REGION_IMPORT_AND_ROTATION)
