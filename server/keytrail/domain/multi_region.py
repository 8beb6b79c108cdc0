"""Sets of related multi-Region keys: a primary key, and its replicas in other Regions.

Source: KMS Developer Guide, "Multi-Region keys in AWS KMS".
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class MultiRegionSet:
    """The Region of the primary key, and the Regions of its replicas in the order of their creation."""

    primary: str
    replicas: tuple[str, ...] = ()

    @property
    def regions(self) -> tuple[str, ...]:
        """The Regions of all keys of the set, the primary key's first."""
        return (self.primary, *self.replicas)

    def with_replica(self, region: str) -> "MultiRegionSet":
        """The set with one more replica."""
        return replace(self, replicas=(*self.replicas, region))

    def without(self, region: str) -> "MultiRegionSet":
        """The set after the replica in a Region was deleted."""
        return replace(self, replicas=tuple(other for other in self.replicas if other != region))

    def with_primary(self, region: str) -> "MultiRegionSet":
        """The set after UpdatePrimaryRegion: the replica in this Region is the primary key, the old one a replica."""
        others = tuple(self.primary if other == region else other for other in self.replicas)
        return MultiRegionSet(region, others)
