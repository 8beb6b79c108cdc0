"""A set of related multi-Region keys: one primary, and replicas in other Regions.

Source: KMS Developer Guide, "Multi-Region keys in AWS KMS".
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class MultiRegionSet:
    """Which Region holds the primary key, and which hold a replica, in the order of their making."""

    primary: str
    replicas: tuple[str, ...] = ()

    @property
    def regions(self) -> tuple[str, ...]:
        """All Regions with a key of this set, the primary's first."""
        return (self.primary, *self.replicas)

    def with_replica(self, region: str) -> "MultiRegionSet":
        """One replica more."""
        return replace(self, replicas=(*self.replicas, region))

    def without(self, region: str) -> "MultiRegionSet":
        """The set after the replica in a Region was deleted."""
        return replace(self, replicas=tuple(other for other in self.replicas if other != region))

    def with_primary(self, region: str) -> "MultiRegionSet":
        """The set after a replica's Region became the primary's; the old primary is a replica now."""
        others = tuple(self.primary if other == region else other for other in self.replicas)
        return MultiRegionSet(region, others)
