"""Sets of related multi-Region keys: a primary key, and its replicas in other Regions.

Source: KMS Developer Guide, "Multi-Region keys in AWS KMS".
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from keytrail.domain.arn import partition_of
from keytrail.errors import AlreadyExistsException, ValidationException
from keytrail.regions import is_region


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


def require_replicable(primary: str, region: str, extra_regions: Collection[str] = ()) -> None:
    """Raise ValidationException unless the primary key in one Region may have a replica in the other.

    `extra_regions`: names that count as Regions though AWS has none of them.
    """
    if region == primary:
        raise ValidationException(f"{region} cannot have a replica because it contains the primary.")
    if not is_region(region, extra_regions):
        raise ValidationException(
            f"Region {region} is not a valid Region or multi-Region keys are not supported in Region {region}."
        )
    if partition_of(region) != partition_of(primary):
        raise ValidationException("The replica key Region must be in the same AWS partition as the primary key Region.")


def replica_exists() -> AlreadyExistsException:
    """The Region has a replica already, if only one that is pending deletion."""
    return AlreadyExistsException("You can create only one replica of each primary key in each AWS Region.")
