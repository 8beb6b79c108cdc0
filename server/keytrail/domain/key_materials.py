"""Which materials a key has had, and when it gets the next. Source: KMS Developer Guide, "Rotate AWS KMS keys"."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from keytrail.domain.key_material import KeyMaterial


class RotationType(StrEnum):
    """What brought a rotation about, as ListKeyRotations tells it."""

    AUTOMATIC = "AUTOMATIC"
    ON_DEMAND = "ON_DEMAND"


@dataclass(frozen=True, slots=True)
class PastMaterial:
    """One of a key's materials and the rotation that made it the current one; its first has none of that."""

    material: KeyMaterial
    rotation_date: datetime | None = None
    rotation_type: RotationType | None = None


@dataclass(frozen=True, slots=True)
class Import:
    """How one of a key's imported materials stands in the key's Region.

    `valid_to` is when it expires, None for never; `is_there` is False once it was deleted or has expired.
    """

    valid_to: datetime | None = None
    description: str | None = None
    is_there: bool = True


@dataclass(frozen=True, slots=True)
class AutomaticRotation:
    """Automatic rotation, switched on: every so many days, and next at this moment."""

    period_in_days: int
    next_date: datetime

    def after(self, date: datetime) -> "AutomaticRotation":
        """The same setting once it has rotated the key at a moment."""
        return AutomaticRotation(self.period_in_days, date + timedelta(days=self.period_in_days))


@dataclass(frozen=True, slots=True)
class OnDemandRotation:
    """A rotation on demand that is under way, from one moment to another."""

    start: datetime
    end: datetime
