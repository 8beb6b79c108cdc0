"""Service events: changes that KMS makes to keys by itself, when they are due or in consequence of a call.

CloudTrail has an event for each: DeleteKey, RotateKey, SynchronizeMultiRegionKey, DeleteExpiredKeyMaterial
(trail/event_of_service_event.py writes them). `key` is the key after the change, and `time` the moment of the change.
Source: KMS Developer Guide, "Logging AWS KMS API calls", the pages of these four.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from keytrail.domain.key import Key
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.material_history import RotationType


@dataclass(frozen=True, slots=True)
class Deleted:
    """A key was deleted after its waiting period. `cluster_id`: the cluster of its AWS CloudHSM key store, if any."""

    key: Key
    time: datetime
    cluster_id: str | None = None


@dataclass(frozen=True, slots=True)
class Rotated:
    """A key was rotated. `previous` is None if it had no material."""

    key: Key
    time: datetime
    rotation_type: RotationType
    previous: KeyMaterial | None
    current: KeyMaterial


@dataclass(frozen=True, slots=True)
class Synchronized:
    """The shared properties of a primary key were copied to its replicas; `key` is the primary key."""

    key: Key
    time: datetime


@dataclass(frozen=True, slots=True)
class MaterialExpired:
    """Imported key material was deleted at its ValidTo."""

    key: Key
    time: datetime
    material_id: str


ServiceEvent = Deleted | Rotated | Synchronized | MaterialExpired


def service_events_of(before: Key, after: Key, moment: datetime, *, is_replicated: bool) -> Iterator[ServiceEvent]:
    """The service events of a change of a key: its rotations, each at its own date, and synchronizations.

    `is_replicated`: whether the key is a primary key with replicas.
    """
    if after.materials is not before.materials:
        known = {(past.material.id, past.rotation_date) for past in before.materials}
        previous = before.material
        for past in after.materials:
            date, rotation_type = past.rotation_date, past.rotation_type
            if date is not None and rotation_type is not None and (past.material.id, date) not in known:
                yield Rotated(after, date, rotation_type, previous, past.material)
                if is_replicated:
                    yield Synchronized(after, date)
                previous = past.material
    if is_replicated and _period(before) != _period(after):
        yield Synchronized(after, moment)


def _period(key: Key) -> int | None:
    return key.automatic.period_in_days if key.automatic is not None else None
