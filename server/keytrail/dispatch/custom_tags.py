"""The tags in CreateKey by which other emulators let a test choose a key's id and material (setting `compat`).

Source: how LocalStack, moto and Floci describe their tags. LocalStack and moto show the tag with the id as a tag of the
key, Floci does not. Nobody shows the one with the material, which may be longer than the value of a tag of AWS's.
"""

import binascii
from collections.abc import Mapping, Set
from typing import Any

from keytrail.domain.custom_key import NOT_CUSTOM, CustomKey
from keytrail.errors import TagException, ValidationException
from keytrail.settings import COMPATIBLE_WITH

_ID, _MATERIAL, _HIDDEN_ID = "_custom_id_", "_custom_key_material_", "floci:override-id"

Members = Mapping[str, object]


def take_custom_tags(members: Members, compat: Set[str]) -> tuple[Members, CustomKey]:
    """The members of a CreateKey without the tags that are not shown, and what these and the others choose.

    `compat` has emulators, or names of tags. Raises TagException or ValidationException for tags that cannot be obeyed.
    """
    obeyed = frozenset().union(*(COMPATIBLE_WITH.get(name, {name}) for name in compat))
    tags = members.get("Tags")
    pairs: list[Any] = tags if isinstance(tags, list) else []
    custom = [tag for tag in pairs if isinstance(tag, dict) and tag.get("TagKey") in obeyed and "TagValue" in tag]
    if not custom:
        return members, NOT_CUSTOM
    values = {tag["TagKey"]: tag["TagValue"] for tag in custom}
    if len(values) < len(custom):
        raise TagException("Duplicate tag keys")
    shown = [tag for tag in pairs if tag not in custom or tag["TagKey"] == _ID]
    others = {name: value for name, value in members.items() if name != "Tags"}
    material = _decoded(values[_MATERIAL]) if _MATERIAL in values else None
    return {**others, "Tags": shown} if shown else others, CustomKey(values.get(_ID, values.get(_HIDDEN_ID)), material)


def _decoded(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text.encode(), strict_mode=True)
    except ValueError:
        raise ValidationException(f"The value of the tag {_MATERIAL} is not base64.") from None
