"""What happens to keys without a call of its own: because its time has come, or as the consequence of a call.

Each has its own time. CloudTrail tells of each as an event that KMS writes by itself (trail/event_of_service_event.py).
Source: KMS Developer Guide, "Logging AWS KMS API calls": DeleteKey, RotateKey, SynchronizeMultiRegionKey,
DeleteExpiredKeyMaterial.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from keytrail.domain.key import Key
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.key_materials import RotationType


@dataclass(frozen=True, slots=True)
class Deleted:
    """A key is gone: its waiting period is over. `cluster_id` is of its AWS CloudHSM key store, if it was in one."""

    key: Key
    time: datetime
    cluster_id: str | None = None


@dataclass(frozen=True, slots=True)
class Rotated:
    """A key got new material, on demand or by its schedule. `previous` is None where it had none."""

    key: Key
    time: datetime
    kind: RotationType
    previous: KeyMaterial | None
    current: KeyMaterial


@dataclass(frozen=True, slots=True)
class Synchronized:
    """What a primary key shares was copied to its replicas; `key` is the primary."""

    key: Key
    time: datetime


@dataclass(frozen=True, slots=True)
class MaterialExpired:
    """Imported key material reached its ValidTo and is gone."""

    key: Key
    time: datetime
    material_id: str


ServiceEvent = Deleted | Rotated | Synchronized | MaterialExpired


def of_change(before: Key, after: Key, moment: datetime, *, replicated: bool) -> Iterator[ServiceEvent]:
    """What a change of a key at a moment was: rotations, each at its own date, and copies of what is shared.

    `replicated`: whether the key is a primary with replicas.
    """
    if after.materials is not before.materials:
        known = {(past.material.id, past.rotation_date) for past in before.materials}
        previous = before.material
        for past in after.materials:
            date, kind = past.rotation_date, past.rotation_type
            if date is not None and kind is not None and (past.material.id, date) not in known:
                yield Rotated(after, date, kind, previous, past.material)
                if replicated:
                    yield Synchronized(after, date)
                previous = past.material
    if replicated and _period(before) != _period(after):
        yield Synchronized(after, moment)


def _period(key: Key) -> int | None:
    return key.automatic.period_in_days if key.automatic is not None else None
