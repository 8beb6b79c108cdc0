"""Reading the imported key material of a key of Origin EXTERNAL: past, current and pending material."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from keytrail.domain.imported_material import MaterialState, is_importable
from keytrail.domain.key import Key, KeyState, Origin
from keytrail.domain.key_material import KeyMaterial, is_supported
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT
from keytrail.domain.material_history import Import, PastMaterial, RotationType
from keytrail.seeds.document import ImportedMaterialMember, ImportState, KeyMember, RegionalMember, ReplicaMember
from keytrail.seeds.key_material import read_key_material
from keytrail.seeds.reader import SeedReader

_PENDING = (MaterialState.PENDING_ROTATION, MaterialState.PENDING_MULTI_REGION_IMPORT_AND_ROTATION)
_WITH_MATERIAL = (KeyState.ENABLED, KeyState.DISABLED, KeyState.UPDATING)


def read_imports(path: str, member: KeyMember, spec: str, name: str, reader: SeedReader) -> dict[str, Any]:
    """The fields of Key for its imported material: material, materials, pending and imports; {} if there is none.

    `name` is what its materials are derived from (`material_name`).
    """
    if member.origin is not Origin.EXTERNAL:
        _refuse_import_members(path, member, reader)
        return {}
    if not is_importable(spec):
        reader.add_problem(f"{path}.KeySpec", f"{spec} is not for Origin: EXTERNAL")
    parts = _parts(path, member, reader)
    if not is_supported(spec) or not parts:
        return {}
    if len(parts) > 1 and spec != SYMMETRIC_DEFAULT:
        reader.add_problem(f"{path}.KeyMaterials", f"a key of {spec} has one key material; leave the others out")
        return {}
    past: list[PastMaterial] = []
    pending: KeyMaterial | None = None
    imports: dict[str, Import] = {}
    for at, (part_path, part) in enumerate(parts):
        material = _material(part_path, member.key_id, name, spec, at, part, reader)
        if material is None:
            return {}
        first = reader.first_place(f"{part_path}.KeyMaterial", f"{path} {material.id}")
        if material.id in imports and first is not None:
            rule = "every key material of a key is different"
            reader.add_problem(
                f"{part_path}.KeyMaterial", f"this material of {member.key_id} appears twice, first at {first}; {rule}"
            )
        imports[material.id] = _import(part_path, member, part, reader)
        if part.key_material_state in _PENDING:
            pending = material
            _check_pending(part_path, part, at, len(parts), reader, replicated=bool(member.replicas))
        else:
            past.append(_past(part_path, material, part, past, reader))
    if not past:
        return {}
    materials = tuple(past) if len(past) > 1 else ()
    return {"material": past[-1].material, "materials": materials, "pending": pending, "imports": imports}


def replica_imports(
    path: str, replica: ReplicaMember, member: KeyMember, primary: Key, reader: SeedReader
) -> dict[str, Import]:
    """The imports of a replica, by material id, as its KeyMaterials say.

    Without those: of all of its primary key's materials, but of none while it is PendingImport.
    """
    if primary.origin is not Origin.EXTERNAL:
        _refuse_import_members(path, replica, reader)
        return {}
    if replica.key_materials:
        return _listed_imports(path, replica, primary, reader)
    if replica.key_state in (KeyState.PENDING_IMPORT, KeyState.CREATING) or primary.material is None:
        if replica.valid_to is not None:
            reader.add_problem(
                f"{path}.ValidTo", f"nothing is imported while the key is {replica.key_state}; leave it out"
            )
        return {name: replace(how, valid_to=None, is_present=False) for name, how in primary.imports.items()}
    imports = {name: Import(description=how.description) for name, how in primary.imports.items()}
    current = primary.material.id
    described = imports[current].description
    imports[current] = _import_until(path, ImportState.IMPORTED, replica.valid_to, described, reader)
    waiting = MaterialState.PENDING_MULTI_REGION_IMPORT_AND_ROTATION
    if primary.pending is not None and member.key_materials and member.key_materials[-1].key_material_state is waiting:
        imports[primary.pending.id] = replace(imports[primary.pending.id], is_present=False)
    return imports


def _listed_imports(path: str, replica: ReplicaMember, primary: Key, reader: SeedReader) -> dict[str, Import]:
    names = list(primary.imports)  # in the order of the primary key's KeyMaterials
    if len(replica.key_materials) != len(names) or replica.valid_to is not None:
        reader.add_problem(
            f"{path}.KeyMaterials",
            f"expected one for each of the primary key's {len(names)}, and no ValidTo beside them",
        )
    return {
        name: _import_until(
            f"{path}.KeyMaterials[{at}]", part.import_state, part.valid_to, primary.imports[name].description, reader
        )
        for at, (name, part) in enumerate(zip(names, replica.key_materials, strict=False))
    }


def check_state(path: str, key: Key, reader: SeedReader) -> None:
    """Add a problem if a key's state and its key material contradict each other."""
    if not is_supported(key.spec):
        return
    if key.lacks_material and key.state in _WITH_MATERIAL:
        reader.add_problem(
            f"{path}.KeyState", f"{key.state} needs all its key material; import it, or make it PendingImport"
        )
    if key.state is KeyState.PENDING_IMPORT and key.origin is Origin.EXTERNAL and not key.lacks_material:
        reader.add_problem(f"{path}.KeyState", "PendingImport needs material with ImportState: PENDING_IMPORT")


def _refuse_import_members(path: str, member: RegionalMember, reader: SeedReader) -> None:
    sent = {"ValidTo": member.valid_to is not None}
    if isinstance(member, KeyMember):
        sent["KeyMaterialDescription"] = member.key_material_description is not None
        sent["KeyMaterials"] = member.key_materials is not None
    if isinstance(member, ReplicaMember):
        sent["KeyMaterials"] = bool(member.key_materials)
    for name in [name for name, is_sent in sent.items() if is_sent]:
        reader.add_problem(f"{path}.{name}", "is for imported key material; needs Origin: EXTERNAL")


def _parts(path: str, member: KeyMember, reader: SeedReader) -> list[tuple[str, ImportedMaterialMember]]:
    """The materials of the key, the oldest first, each with its path."""
    short = (member.key_material, member.key_material_description, member.valid_to)
    if member.key_materials is not None:
        if short != (None, None, None):
            reader.add_problem(
                f"{path}.KeyMaterials",
                "has KeyMaterial, KeyMaterialDescription and ValidTo for each material; leave those of the key out",
            )
        return [(f"{path}.KeyMaterials[{at}]", part) for at, part in enumerate(member.key_materials)]
    if member.key_state is KeyState.PENDING_IMPORT and short == (None, None, None):
        return []  # nothing was ever imported
    material, description, valid_to = short
    part = ImportedMaterialMember(key_material=material, key_material_description=description, valid_to=valid_to)
    return [(path, part)]


def _material(
    path: str, key_id: str, name: str, spec: str, at: int, part: ImportedMaterialMember, reader: SeedReader
) -> KeyMaterial | None:
    if part.key_material is None:
        return KeyMaterial.derived(f"{name}/{at}" if at else name, spec)
    make = partial(KeyMaterial.imported, key_id)
    return read_key_material(f"{path}.KeyMaterial", part.key_material, spec, make, reader)


def _import(path: str, member: KeyMember, part: ImportedMaterialMember, reader: SeedReader) -> Import:
    state = part.import_state
    if state is None:
        waits = member.key_state is KeyState.PENDING_IMPORT and part.key_material_state not in _PENDING
        state = ImportState.PENDING_IMPORT if waits else ImportState.IMPORTED
    return _import_until(path, state, part.valid_to, part.key_material_description, reader)


def _import_until(
    path: str, state: ImportState, valid_to: str | None, description: str | None, reader: SeedReader
) -> Import:
    if state is ImportState.PENDING_IMPORT:
        if valid_to is not None:
            reader.add_problem(
                f"{path}.ValidTo", "is for imported material; leave it out, or ImportState: PENDING_IMPORT"
            )
        return Import(None, description, is_present=False)
    date = _valid_to(f"{path}.ValidTo", valid_to, reader)
    return Import(date, description, is_present=date is None or date > reader.now)


def _past(
    path: str,
    material: KeyMaterial,
    part: ImportedMaterialMember,
    before: list[PastMaterial],
    reader: SeedReader,
) -> PastMaterial:
    date_path = f"{path}.RotationDate"
    if not before:
        if part.rotation_date is not None:
            reader.add_problem(date_path, "the first material of a key has no rotation; leave it out")
        return PastMaterial(material)
    if part.rotation_date is None:
        reader.add_problem(date_path, "is missing; say when the key was rotated to this material")
        return PastMaterial(material, reader.now, RotationType.ON_DEMAND)
    date = reader.moment(date_path, part.rotation_date) or reader.now
    earlier = before[-1].rotation_date
    if date > reader.now:
        reader.add_problem(
            date_path, "lies in the future; material for a future rotation has KeyMaterialState: PENDING_ROTATION"
        )
    elif earlier is not None and date < earlier:
        reader.add_problem(date_path, "is before the one above it; put the oldest material first")
    return PastMaterial(material, date, RotationType.ON_DEMAND)


def _check_pending(
    path: str, part: ImportedMaterialMember, at: int, count: int, reader: SeedReader, *, replicated: bool
) -> None:
    if at == 0 or at != count - 1:
        reader.add_problem(f"{path}.KeyMaterialState", "only the last of several materials is pending rotation")
    if part.rotation_date is not None:
        reader.add_problem(
            f"{path}.RotationDate", "is for material that the key was rotated to; this is pending rotation"
        )
    if part.import_state is ImportState.PENDING_IMPORT and not replicated:
        reader.add_problem(f"{path}.ImportState", "material that is pending rotation must be imported; leave it out")


def _valid_to(path: str, text: str | None, reader: SeedReader) -> datetime | None:
    date = reader.moment(path, text) if text is not None else None
    if date is not None and date > reader.now + timedelta(days=365):
        reader.add_problem(path, "expected a moment within the next 365 days")
    return date
