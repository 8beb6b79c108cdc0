"""What can be read of a store: keys by whatever names them, their aliases, and how multi-Region keys belong together.

Reads take no lock: they fetch one frozen value from a dict.
"""

import threading
from collections.abc import Iterator

from keytrail.domain import imported_material
from keytrail.domain.alias import Alias
from keytrail.domain.arn import KeyIdentifier, alias_arn, key_arn
from keytrail.domain.key import Key
from keytrail.domain.multi_region import MultiRegionSet
from keytrail.store.aliases import Aliases
from keytrail.store.keys import Keys
from keytrail.store.multi_region import MultiRegionSets


class Readings:
    """The half of Store that changes nothing."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lock = threading.RLock()
        self._keys = Keys(self._lock)
        self._aliases = Aliases(self._lock)
        self._sets = MultiRegionSets()

    # Keys

    def of(self, key: Key) -> Key:
        """A key as it is seen."""
        return key

    def key(self, account: str, region: str, key_id: str) -> Key | None:
        """The key with this id, if there is one."""
        return self._keys.get(key_arn(region, account, key_id))

    def has(self, arn: str) -> bool:
        """Whether there is a key with this ARN."""
        return self._keys.get(arn) is not None

    def require_key(self, arn: str) -> Key:
        """The key with this ARN; raises NotFoundException in AWS's words."""
        return self._keys.require(arn)

    def any_key(self) -> Key | None:
        """The first key that was added, if there are any."""
        return next(iter(self._keys.all()), None)

    def keys_with_id(self, region: str, key_id: str) -> Iterator[Key]:
        """The keys with this id in a Region, whichever accounts own them (nearly always one, at most)."""
        return self._keys.with_id(region, key_id)

    def key_ids_after(self, account: str, region: str, after: str, limit: int) -> list[str]:
        """The next ids of keys in their order: at most `limit` of those behind `after`."""
        return self._keys.ids_after(account, region, after, limit)

    def arn_prefix(self, account: str, region: str) -> str:
        """What the ARNs of an account's keys in a Region begin with, up to the id."""
        return key_arn(region, account, "")

    def named(self, name: KeyIdentifier) -> Key | None:
        """The key that an identifier names, by its id or by an alias of it, if there is one."""
        if name.alias is None:
            return self._keys.get(name.arn)
        alias = self._aliases.get(name.arn)
        return self.key(name.account, name.region, alias.target_key_id) if alias is not None else None

    def require_named(self, name: KeyIdentifier) -> Key:
        """The key that an identifier names; raises NotFoundException in AWS's words."""
        if name.alias is None:
            return self._keys.require(name.arn)
        alias = self._aliases.require(name.arn)
        return self._keys.require(key_arn(name.region, name.account, alias.target_key_id))

    # Aliases

    def alias(self, account: str, region: str, name: str) -> Alias | None:
        """The alias with this name (`alias/` included), if there is one."""
        return self._aliases.get(alias_arn(region, account, name))

    def require_alias(self, account: str, region: str, name: str) -> Alias:
        """The alias with this name; raises NotFoundException in AWS's words."""
        return self._aliases.require(alias_arn(region, account, name))

    def aliases_after(self, account: str, region: str, after: str, limit: int) -> list[Alias]:
        """The next aliases in the order of their names: at most `limit` of those behind `after`."""
        return self._aliases.after(account, region, after, limit)

    def aliases_of_after(self, key: Key, after: str, limit: int) -> list[Alias]:
        """The same of one key's aliases."""
        return self._aliases.of_key_after(key, after, limit)

    # Multi-Region sets

    def has_set(self, account: str, key_id: str) -> bool:
        """Whether there is a multi-Region key with this id in some Region."""
        return self._sets.has(account, key_id)

    def multi_region_set(self, key: Key) -> MultiRegionSet | None:
        """Where the keys related to this one are; None for a single-Region key."""
        return self._sets.of_key(key)

    def is_replica(self, key: Key) -> bool:
        """Whether the key is a replica of a primary key in another Region."""
        members = self._sets.of_key(key)
        return members is not None and members.primary != key.region

    def is_replicated(self, key: Key) -> bool:
        """Whether the key is a primary key with replicas in other Regions."""
        members = self._sets.of_key(key)
        return members is not None and members.primary == key.region and bool(members.replicas)

    def is_imported_everywhere(self, key: Key, material_id: str) -> bool:
        """Whether a material was imported into a key and into each of its replicas."""
        members = self._sets.of_key(key)
        regions = members.regions if members is not None else (key.region,)
        keys = [self.key(key.account, region, key.key_id) for region in regions if region != key.region]
        return all(held is None or imported_material.is_imported(held, material_id) for held in (key, *keys))
