"""The setting `transition_time`: how long keys and custom key stores take to change."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class TransitionTimes:
    """How long each transition lasts."""

    creating: timedelta
    """A replica is Creating (ReplicateKey)."""
    updating: timedelta
    """The old and the new primary key are Updating (UpdatePrimaryRegion)."""
    rotation: timedelta
    """A rotation on demand is under way (RotateKeyOnDemand)."""
    multi_region_rotation: timedelta
    """The same of a multi-Region key whose material KMS makes."""
    imported_multi_region_rotation: timedelta
    """The same of a multi-Region key with imported material."""
    cloudhsm_connection: timedelta
    """An AWS CloudHSM key store is CONNECTING or DISCONNECTING."""
    external_connection: timedelta
    """An external key store is CONNECTING or DISCONNECTING."""

    @classmethod
    def all(cls, duration: timedelta) -> "TransitionTimes":
        """Each transition lasts as long as every other."""
        return cls(duration, duration, duration, duration, duration, duration, duration)


AWS = TransitionTimes(
    creating=timedelta(seconds=3),
    updating=timedelta(seconds=5),
    rotation=timedelta(minutes=2),
    multi_region_rotation=timedelta(minutes=8),
    imported_multi_region_rotation=timedelta(seconds=50),
    cloudhsm_connection=timedelta(minutes=20),
    external_connection=timedelta(minutes=5),
)
"""About what AWS takes.

Keys: recorded in September 2026. Rotations took 100, 112 and 131 seconds, one of a multi-Region key 460, and two of
multi-Region keys with imported material 22 and 48. A replica was Enabled at the fourth call after ReplicateKey, a new
primary key at the second poll, 3 seconds after the first. Custom key stores: KMS Developer Guide, which says up to 20
minutes, and about five.
# unverified: that disconnecting takes as long as connecting; not in AWS's docs, recordings or issues
"""
AT_ONCE = TransitionTimes.all(timedelta(0))
"""Each transition ends before the next request."""
