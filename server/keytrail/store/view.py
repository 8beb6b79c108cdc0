"""View: reads keys, aliases and grants, the newest values or the visible ones.

Keys and aliases are read by ARN without a lock: each is one frozen value from a dict. Reads that use an index take the
store's lock; a grant is found by its id in one.
"""

from contextlib import AbstractContextManager

from keytrail.crypto.ciphertext_blob import CiphertextBlob
from keytrail.domain.alias import Alias, alias_not_found
from keytrail.domain.arn import KeyIdentifier, alias_arn, key_arn
from keytrail.domain.grant import Grant
from keytrail.domain.key import Key
from keytrail.domain.refusals import key_not_found
from keytrail.store import indexes
from keytrail.store.indexed_dict import IndexedDict
from keytrail.store.tagged_keys import TaggedKeys


class View:
    """The keys, aliases and grants of every account and Region, for reading."""

    def __init__(
        self,
        keys: IndexedDict[Key],
        aliases: IndexedDict[Alias],
        grants: IndexedDict[Grant],
        lock: AbstractContextManager[bool],
    ) -> None:
        """Read these; `lock` is the store's."""
        self._keys = keys
        self._aliases = aliases
        self._grants = grants
        self._lock = lock
        self.tagged_keys = TaggedKeys(keys, lock)

    # Keys

    def key(self, arn: str) -> Key | None:
        """The key with this ARN, if there is one."""
        return self._keys.get(arn)

    def require_key(self, arn: str) -> Key:
        """The key with this ARN; raises NotFoundException."""
        key = self._keys.get(arn)
        if key is None:
            raise key_not_found(arn)
        return key

    def named(self, name: KeyIdentifier) -> Key | None:
        """The key that an identifier names, by its ARN or by an alias, if there is one."""
        if name.alias is None:
            return self._keys.get(name.arn)
        alias = self._aliases.get(name.arn)
        return self._keys.get(alias.target_arn) if alias is not None else None

    def require_named(self, name: KeyIdentifier) -> Key:
        """The key that an identifier names; raises NotFoundException."""
        return self.require_key(name.arn if name.alias is None else self.require_alias(name.arn).target_arn)

    def key_of_ciphertext(self, blob: CiphertextBlob, account: str, region: str) -> Key | None:
        """The key in a Region that a symmetric ciphertext was encrypted under, if there is one.

        If several accounts have a key with this id, it is the one with the ciphertext's material, or else the key of
        `account`.
        """

        def unfitness(key: Key) -> tuple[bool, bool]:
            return key.material is not None and key.find_material(blob.material_id) is None, key.account != account

        with self._lock:
            keys = self._keys.all_in(indexes.keys_with_id(region, blob.key_id))
        return min(keys, key=unfitness, default=None)

    def keys_after(self, account: str, region: str, after: str, limit: int) -> list[Key]:
        """The next keys in the order of their ids: at most `limit` of those after the id `after`."""
        with self._lock:
            return self._keys.page(indexes.keys_of(account, region), key_arn(region, account, after), limit)

    def all_keys(self) -> list[Key]:
        """The keys of all accounts and Regions, in the order in which they were added."""
        with self._lock:
            return list(self._keys.values())

    def any_key(self) -> Key | None:
        """The key that was added first, if there are any."""
        with self._lock:
            return next(iter(self._keys.values()), None)

    # Aliases

    def alias(self, arn: str) -> Alias | None:
        """The alias with this ARN, if there is one."""
        return self._aliases.get(arn)

    def require_alias(self, arn: str) -> Alias:
        """The alias with this ARN; raises NotFoundException."""
        alias = self._aliases.get(arn)
        if alias is None:
            raise alias_not_found(arn)
        return alias

    def all_aliases(self) -> list[Alias]:
        """The aliases of all accounts and Regions."""
        with self._lock:
            return list(self._aliases.values())

    def aliases_after(self, account: str, region: str, after: str, limit: int) -> list[Alias]:
        """The next aliases in the order of their names: at most `limit` of those after the name `after`."""
        with self._lock:
            return self._aliases.page(indexes.aliases_of(account, region), alias_arn(region, account, after), limit)

    def aliases_of_after(self, key: Key, after: str, limit: int) -> list[Alias]:
        """As `aliases_after`, but only the aliases of one key."""
        with self._lock:
            after = alias_arn(key.region, key.account, after)
            return self._aliases.page(indexes.aliases_of_key(key.arn), after, limit)

    # Grants: `after` is a grant's sort key

    def grant(self, key_arn: str, grant_id: str) -> Grant | None:
        """The grant of a key with this id, if there is one."""
        with self._lock:
            grants = self._grants.all_in(indexes.grants_with_id(grant_id))
        return next((grant for grant in grants if grant.key_arn == key_arn), None)

    def grants_after(
        self, key_arn: str, after: str, limit: int, *, grantee: str = "", service: str = ""
    ) -> list[Grant]:
        """The next grants of a key: at most `limit` after `after`; if a grantee is named, only its grants."""
        with self._lock:
            return self._grants.page(indexes.grants_of_key(key_arn, grantee=grantee, service=service), after, limit)

    def retirable_grants_after(
        self, region: str, after: str, limit: int, *, principal: str = "", service: str = ""
    ) -> list[Grant]:
        """The next grants in a Region, of any key, with this retiring principal or retiring service principal."""
        with self._lock:
            index = indexes.retirable_grants(region, principal=principal, service=service)
            return self._grants.page(index, after, limit)

    def usable_grants_after(
        self, key_arn: str, after: str, limit: int, *, grantee: str, operation: str, pair: tuple[str, str] | None
    ) -> list[Grant]:
        """The next grants of a key that allow a grantee an operation; `pair` as in indexes.usable_grants."""
        with self._lock:
            return self._grants.page(indexes.usable_grants(key_arn, grantee, operation, pair), after, limit)
