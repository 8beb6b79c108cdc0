"""The kinds of records besides keys and their materials: how the values of each become bytes, and are read again."""

from collections.abc import Mapping
from typing import Any

from keytrail.clock import ClockSnapshot
from keytrail.data_dir.packing import decoder
from keytrail.domain.alias import Alias
from keytrail.domain.credential import Credential
from keytrail.domain.custom_key_store import CustomKeyStore
from keytrail.domain.identity import Identity
from keytrail.domain.multi_region import MultiRegionSet
from keytrail.domain.organization import Membership
from keytrail.faults.rules import KeptRules
from keytrail.store.grants import GrantWithTokens
from keytrail.trail.last_uses import KeptUses
from keytrail.trail.trail import MissingCall

KINDS: Mapping[str, Any] = {
    "alias": Alias,
    "grant": GrantWithTokens,
    "custom key store": CustomKeyStore,
    "multi-Region set": MultiRegionSet,
    "session": Credential,
    "assumed role": str,
    "use": KeptUses,
}
"""The type of a record's value, by its kind."""

PARTS: Mapping[str, Any] = {
    "clock": ClockSnapshot,
    "credentials": dict[str, Credential],
    "external errors": list[tuple[tuple[str, str], str]],
    "faults": KeptRules,
    "identities": dict[str, Identity],
    "import token secret": bytes,
    "memberships": dict[str, Membership],
    "session key": bytes,
    "settings": dict[str, tuple[str, str]],
    "trail": tuple[int, int, int, list[MissingCall]],
}
"""The same, for the kind `part`, by the id: what an endpoint has one of."""

_decode_kind = {kind: decoder(value_type) for kind, value_type in KINDS.items()}
_decode_part = {name: decoder(value_type) for name, value_type in PARTS.items()}


def decode(kind: str, value_id: str, data: bytes) -> Any:
    """The value of a record. Raises msgspec.DecodeError, and KeyError for a kind that there is not."""
    return (_decode_part[value_id] if kind == "part" else _decode_kind[kind])(data)


def to_pack(kind: str, value_id: str, value: object) -> object:
    """A value in a form that MessagePack has."""
    if (kind, value_id) == ("part", "external errors") and isinstance(value, Mapping):
        return list(value.items())
    return value
