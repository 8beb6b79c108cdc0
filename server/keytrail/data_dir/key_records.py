"""Keys and their materials as bytes. A material is written once, in a record of its own; the key names it by its id.

A field of Key that has its default is left out, so a key of which little is known is small.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from datetime import datetime
from typing import Any, get_type_hints

import msgspec

from keytrail.data_dir.packing import decoder, encode
from keytrail.domain.key import Key
from keytrail.domain.key_material import KeyMaterial, LazyPair, PairMaterial
from keytrail.domain.material_history import PastMaterial, RotationType

Materials = Mapping[str, KeyMaterial]
"""The materials of a key, by their ids."""


class _PastMaterial(msgspec.Struct, omit_defaults=True):
    material: str
    rotation_date: datetime | None = None
    rotation_type: RotationType | None = None


class _Material(msgspec.Struct, omit_defaults=True):
    """The bytes of a secret, or for a pair one of the other two, with its key spec."""

    secret: bytes = b""
    spec: str = ""
    private_key: bytes = b""
    """PKCS #8, in DER."""
    seed: bytes = b""
    """Of a seeded key, from which its pair is derived at its first use."""


_PAST_MATERIALS = tuple[_PastMaterial, ...]


def _default_of(each: "Field[Any]") -> object:
    """The default of a field of Key; MISSING: there is none."""
    return each.default_factory() if each.default_factory is not MISSING else each.default


_DEFAULTS: Mapping[str, object] = {each.name: _default_of(each) for each in fields(Key) if each.init}
_PLAIN = (str, str | None, int | None, datetime, datetime | None)
"""Types whose values MessagePack has as they are."""
_TYPES: Mapping[str, Any] = {
    name: kind
    for name, kind in get_type_hints(Key).items()
    if name in _DEFAULTS and kind not in _PLAIN and name not in ("material", "materials", "pending")
}
"""The types of the other fields, of which most keys have the default."""

_decode_members = decoder(dict[str, Any])
_decode_material = decoder(_Material)


def encode_key(key: Key) -> bytes:
    """A key, without the bytes of its materials."""
    members = {name: value for name, default in _DEFAULTS.items() if (value := getattr(key, name)) != default}
    for name in ("material", "pending"):
        if name in members:
            members[name] = members[name].id
    if "materials" in members:
        members["materials"] = [
            _PastMaterial(past.material.id, past.rotation_date, past.rotation_type) for past in key.materials
        ]
    return encode(members)


def decode_key(data: bytes, materials: Materials) -> Key:
    """The key that `encode_key` wrote.

    Raises KeyError for a material that is missing, TypeError for a field that there is not, or msgspec.DecodeError.
    """
    members = _decode_members(data)
    for name in _TYPES.keys() & members.keys():
        members[name] = msgspec.convert(members[name], _TYPES[name])
    for name in ("material", "pending"):
        if name in members:
            members[name] = materials[members[name]]
    if "materials" in members:
        members["materials"] = tuple(
            PastMaterial(materials[past.material], past.rotation_date, past.rotation_type)
            for past in msgspec.convert(members["materials"], _PAST_MATERIALS)
        )
    return Key(**members)


def materials_of(key: Key) -> dict[str, KeyMaterial]:
    """The materials that a key names, by their ids."""
    materials = [past.material for past in key.materials]
    materials += [each for each in (key.material, key.pending) if each is not None]
    return {material.id: material for material in materials}


def encode_material(material: KeyMaterial, tell_random: Callable[[], None]) -> bytes:
    """A material. `tell_random` is called when a pair has been generated that its seed does not give."""
    if not isinstance(material, PairMaterial):
        return encode(_Material(secret=material.data))
    lazy = material.lazy
    if lazy.seed and (not lazy.is_random or lazy.tell_random(tell_random)):
        return encode(_Material(spec=lazy.spec, seed=lazy.seed))
    return encode(_Material(spec=lazy.spec, private_key=lazy.private_der or lazy.get().private_der()))


def decode_material(material_id: str, data: bytes, tell_random: Callable[[KeyMaterial], None]) -> KeyMaterial:
    """The material that `encode_material` wrote. Its pair is read at its first use. Raises msgspec.DecodeError."""
    record = _decode_material(data)
    if not record.spec:
        return KeyMaterial(record.secret, material_id)
    lazy = LazyPair(record.spec, seed=record.seed, private_der=record.private_key)
    material = PairMaterial(b"", material_id, lazy)
    if record.seed and lazy.is_random:
        lazy.tell_random(lambda: tell_random(material))
    return material
