"""View: what can be read of keys, aliases and grants, as they newly are or as they are visible.

What is read by id takes no lock: it is one frozen value from a dict.
"""

from contextlib import AbstractContextManager

from keytrail.crypto.ciphertext_blob import CiphertextBlob
from keytrail.domain.alias import Alias, alias_not_found
from keytrail.domain.arn import KeyIdentifier, alias_arn, key_arn
from keytrail.domain.grant import Grant
from keytrail.domain.key import Key
from keytrail.errors import NotFoundException
from keytrail.store import indexes
from keytrail.store.indexed_dict import IndexedDict


class View:
    """The keys, aliases and grants of every account and Region, to be read."""

    def __init__(
        self,
        keys: IndexedDict[Key],
        aliases: IndexedDict[Alias],
        grants: IndexedDict[Grant],
        lock: AbstractContextManager[bool],
    ) -> None:
        """Read these, and lists of them under the store's lock."""
        self._keys = keys
        self._aliases = aliases
        self._grants = grants
        self._lock = lock

    # Keys

    def key(self, arn: str) -> Key | None:
        """The key with this ARN, if there is one."""
        return self._keys.get(arn)

    def require_key(self, arn: str) -> Key:
        """The key with this ARN; raises NotFoundException in AWS's words."""
        key = self._keys.get(arn)
        if key is None:
            raise NotFoundException(f"Key '{arn}' does not exist")
        return key

    def named(self, name: KeyIdentifier) -> Key | None:
        """The key that an identifier names, by its id or by an alias of it, if there is one."""
        if name.alias is None:
            return self._keys.get(name.arn)
        alias = self._aliases.get(name.arn)
        return self._keys.get(alias.target_arn) if alias is not None else None

    def require_named(self, name: KeyIdentifier) -> Key:
        """The key that an identifier names; raises NotFoundException in AWS's words."""
        return self.require_key(name.arn if name.alias is None else self.require_alias(name.arn).target_arn)

    def key_of_ciphertext(self, blob: CiphertextBlob, account: str, region: str) -> Key | None:
        """The key in a Region under which a symmetric ciphertext was made, if there is one.

        Of several accounts' keys with its id, it is the one that has its material, or else the account's own.
        """

        def unfitness(key: Key) -> tuple[bool, bool]:
            return key.material is not None and key.find_material(blob.material_id) is None, key.account != account

        with self._lock:
            keys = self._keys.all_in(indexes.keys_with_id(region, blob.key_id))
        return min(keys, key=unfitness, default=None)

    def keys_after(self, account: str, region: str, after: str, limit: int) -> list[Key]:
        """The next keys in the order of their ids: at most `limit` of those behind the id `after`."""
        with self._lock:
            return self._keys.page(indexes.keys_of(account, region), key_arn(region, account, after), limit)

    def any_key(self) -> Key | None:
        """The key that was added first, if there are any."""
        with self._lock:
            return next(iter(self._keys.values()), None)

    # Aliases

    def alias(self, arn: str) -> Alias | None:
        """The alias with this ARN, if there is one."""
        return self._aliases.get(arn)

    def require_alias(self, arn: str) -> Alias:
        """The alias with this ARN; raises NotFoundException in AWS's words."""
        alias = self._aliases.get(arn)
        if alias is None:
            raise alias_not_found(arn)
        return alias

    def aliases_after(self, account: str, region: str, after: str, limit: int) -> list[Alias]:
        """The next aliases in the order of their names: at most `limit` of those behind the name `after`."""
        with self._lock:
            return self._aliases.page(indexes.aliases_of(account, region), alias_arn(region, account, after), limit)

    def aliases_of_after(self, key: Key, after: str, limit: int) -> list[Alias]:
        """The same of one key's aliases."""
        with self._lock:
            after = alias_arn(key.region, key.account, after)
            return self._aliases.page(indexes.aliases_of_key(key.arn), after, limit)

    # Grants: `after` is a grant's place

    def grant(self, key_arn: str, grant_id: str) -> Grant | None:
        """The grant of a key with this id, if there is one."""
        with self._lock:
            grants = self._grants.all_in(indexes.grants_with_id(grant_id))
        return next((grant for grant in grants if grant.key_arn == key_arn), None)

    def grants_after(
        self, key_arn: str, after: str, limit: int, *, grantee: str = "", service: str = ""
    ) -> list[Grant]:
        """The next grants of a key: at most `limit` of those behind `after`, of one grantee if one is named."""
        with self._lock:
            return self._grants.page(indexes.grants_of_key(key_arn, grantee=grantee, service=service), after, limit)

    def retirable_grants_after(
        self, region: str, after: str, limit: int, *, principal: str = "", service: str = ""
    ) -> list[Grant]:
        """The next grants in a Region, whichever keys they are of, that a principal or a service is to retire."""
        with self._lock:
            index = indexes.retirable_grants(region, principal=principal, service=service)
            return self._grants.page(index, after, limit)

    def usable_grants_after(
        self, key_arn: str, after: str, limit: int, *, grantee: str, operation: str, pair: tuple[str, str] | None
    ) -> list[Grant]:
        """The next grants of a key that let a principal or service do an operation, under constraints of one kind.

        `pair`: the first one of the encryption context that they ask for; None: they ask for none, or the operation
        does not look at it.
        """
        with self._lock:
            return self._grants.page(indexes.usable_grants(key_arn, grantee, operation, pair), after, limit)
