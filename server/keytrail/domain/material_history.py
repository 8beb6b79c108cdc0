"""The materials that a key has had, and its next rotations. Source: KMS Developer Guide, "Rotate AWS KMS keys"."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from keytrail.domain.key_material import KeyMaterial


class RotationType(StrEnum):
    """The RotationType of ListKeyRotations: what caused a rotation."""

    AUTOMATIC = "AUTOMATIC"
    ON_DEMAND = "ON_DEMAND"


@dataclass(frozen=True, slots=True)
class PastMaterial:
    """One of a key's materials, with the rotation that made it the current one; the first material has no rotation."""

    material: KeyMaterial
    rotation_date: datetime | None = None
    rotation_type: RotationType | None = None


@dataclass(frozen=True, slots=True)
class Import:
    """The import of one of a key's materials in the key's Region.

    `valid_to` is when the material expires or has expired; None: never. `is_present` is False after it was deleted or
    has expired.
    """

    valid_to: datetime | None = None
    description: str | None = None
    is_present: bool = True

    @property
    def is_told(self) -> bool:
        """Whether ListKeyRotations tells it as IMPORTED: it is present, or has expired and was not deleted."""
        return self.is_present or self.valid_to is not None


@dataclass(frozen=True, slots=True)
class AutomaticRotation:
    """Automatic rotation that is enabled: its period, and the moment of the next rotation."""

    period_in_days: int
    next_date: datetime

    def after(self, date: datetime) -> "AutomaticRotation":
        """The setting after a rotation at this moment."""
        return AutomaticRotation(self.period_in_days, date + timedelta(days=self.period_in_days))


@dataclass(frozen=True, slots=True)
class OnDemandRotation:
    """A rotation on demand that is in progress: when it started, and when it ends."""

    start: datetime
    end: datetime
