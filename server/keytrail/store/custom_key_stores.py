"""The custom key stores of a store, and what becomes of the keys in them.

Part of Store, and under its lock. An account has ten custom key stores in a Region, so their lists are short; of
their keys there may be many, and only a change of the connection walks over those.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

from keytrail.domain.custom_key_store import MAX_CUSTOM_KEY_STORES, CustomKeyStore
from keytrail.domain.key import Key
from keytrail.errors import (
    AwsError,
    CloudHsmClusterInUseException,
    CustomKeyStoreHasCMKsException,
    CustomKeyStoreNameInUseException,
    CustomKeyStoreNotFoundException,
    LimitExceededException,
    XksKeyAlreadyInUseException,
    XksProxyUriEndpointInUseException,
    XksProxyUriInUseException,
    XksProxyVpcEndpointServiceInUseException,
)
from keytrail.store import indexes
from keytrail.store.versioned_dict import VersionedDict

StoreTransition = Callable[[CustomKeyStore], CustomKeyStore]
"""A change of a custom key store: gives its new value, or raises and changes nothing."""


class CustomKeyStores:
    """The custom key stores of every account and Region."""

    def __init__(self, keys: VersionedDict[Key], lock: AbstractContextManager[bool]) -> None:
        """Begin empty, under the store's lock; `keys` are all of its keys, by their ARNs."""
        self._all_keys = keys
        self._lock = lock
        self._stores: dict[str, CustomKeyStore] = {}
        self._ids: dict[tuple[str, str], list[str]] = {}
        self._due: dict[str, datetime] = {}
        self._next_due: datetime | None = None
        self.external_errors: dict[tuple[str, str], str] = {}
        """What is wrong outside KMS: error codes, by the member that names what is wrong and by its name."""

    # Reading

    def get(self, store_id: str) -> CustomKeyStore | None:
        """The store with this id, whoever owns it, if there is one."""
        return self._stores.get(store_id)

    def require(self, account: str, region: str, store_id: str) -> CustomKeyStore:
        """The account's store in a Region with this id; raises CustomKeyStoreNotFoundException, without words."""
        store = self._stores.get(store_id)
        if store is None or (store.account, store.region) != (account, region):
            raise CustomKeyStoreNotFoundException
        return store

    def of_key(self, key: Key) -> CustomKeyStore | None:
        """The store that a key is in; None for a key in no custom key store."""
        return self._stores.get(key.custom_key_store_id) if key.custom_key_store_id is not None else None

    def all_of(self, account: str, region: str) -> list[CustomKeyStore]:
        """The account's stores in a Region, in the order in which they were made."""
        with self._lock:
            stores = [self._stores[store_id] for store_id in self._ids.get((account, region), ())]
            return sorted(stores, key=lambda store: store.place)

    def set_availability(self, key: Key) -> Key:
        """A key as it is while its store, if it is in one, is or is not connected."""
        store = self.of_key(key)
        return store.set_availability(key) if store is not None else key

    def require_room(self, keys: Iterable[Key]) -> None:
        """Raise what stands against new keys in their stores: CustomKeyStoreNotFound, XksKeyAlreadyInUse."""
        for key in keys:
            if key.custom_key_store_id is None:
                continue
            store = self.require(key.account, key.region, key.custom_key_store_id)
            if key.xks_key_id is None:
                continue
            if self._all_keys.newest.count(indexes.keys_behind(store.store_id, key.xks_key_id)):
                raise XksKeyAlreadyInUseException(  # unverified: the words
                    f"The external key {key.xks_key_id} is already associated with another KMS key "
                    f"in the custom key store {store.store_id}."
                )

    # Changing

    def add(self, store: CustomKeyStore) -> None:
        """Add a store. Raises LimitExceededException, or the error of what another store uses already."""
        with self._lock:
            ids = self._ids.get((store.account, store.region), [])
            self._require_unique(store)
            if len(ids) >= MAX_CUSTOM_KEY_STORES:
                raise LimitExceededException(  # unverified: the words
                    f"Custom key stores quota for this account in this region is {MAX_CUSTOM_KEY_STORES}, "
                    f"current usage is {len(ids)}."
                )
            self._put(store)

    @contextmanager
    def adding(self, stores: Iterable[CustomKeyStore]) -> Iterator[None]:
        """Add those of the stores that are not there, and remove them again if the block raises an AwsError."""
        with self._lock:
            added: list[CustomKeyStore] = []
            try:
                for store in stores:
                    if store.store_id not in self._stores:
                        self.add(store)
                        added.append(store)
                yield
            except AwsError:
                for store in added:
                    self._remove(store)
                raise

    def change(self, store_id: str, transition: StoreTransition) -> CustomKeyStore:
        """Apply a transition to the newest value of a store, and to its keys what that means; gives the new value.

        Raises what the transition raises, CustomKeyStoreNotFoundException if the store has gone, or the error of
        what another store uses already; nothing changes then.
        """
        with self._lock:
            before = self._stores.get(store_id)
            if before is None:
                raise CustomKeyStoreNotFoundException
            after = transition(before)
            self._require_unique(after)
            self._replace(before, after)
            return after

    def remove(self, store_id: str, check: Callable[[CustomKeyStore], None]) -> None:
        """Remove a store that passes a check and has no keys. Raises CustomKeyStoreHasCMKsException."""
        with self._lock:
            store = self._stores.get(store_id)
            if store is None:
                raise CustomKeyStoreNotFoundException
            check(store)
            if self._all_keys.newest.count(indexes.keys_in(store_id)):
                raise CustomKeyStoreHasCMKsException(  # unverified: the words
                    f"The custom key store {store_id} still contains KMS keys."
                )
            self._remove(store)

    def settle(self, now: datetime) -> None:
        """Let the attempts to connect and to disconnect end that are due by now."""
        next_due = self._next_due  # read without the lock, so it is a value of its own
        if next_due is None or next_due > now:
            return
        with self._lock:
            for store_id in [store_id for store_id, moment in self._due.items() if moment <= now]:
                before = self._stores[store_id]
                self._replace(before, before.settle())

    def restore(self, other: "CustomKeyStores", account: str | None) -> None:
        """Become what the other is; with an account, only that account's stores do."""
        kept = [store for store in self._stores.values() if account not in (None, store.account)]
        taken = [store for store in other._stores.values() if account in (None, store.account)]
        self._stores, self._ids, self._due = {}, {}, {}
        self._next_due = None
        if account is None:
            self.external_errors = dict(other.external_errors)
        for store in (*kept, *taken):
            self._put(store)

    # Under the lock

    def _put(self, store: CustomKeyStore) -> None:
        self._stores[store.store_id] = store
        self._ids.setdefault((store.account, store.region), []).append(store.store_id)
        self._note_due(store)

    def _remove(self, store: CustomKeyStore) -> None:
        del self._stores[store.store_id]
        self._ids[store.account, store.region].remove(store.store_id)

    def _replace(self, before: CustomKeyStore, after: CustomKeyStore) -> None:
        self._stores[after.store_id] = after
        self._note_due(after)
        if before.is_connected != after.is_connected:
            keys = self._all_keys.newest.all_in(indexes.keys_in(after.store_id))
            self._all_keys.put({key.arn: after.set_availability(key) for key in keys})

    def _note_due(self, store: CustomKeyStore) -> None:
        self._due.pop(store.store_id, None)
        if store.settles_at is not None:
            self._due[store.store_id] = store.settles_at
        self._next_due = min(self._due.values(), default=None)

    def _require_unique(self, store: CustomKeyStore) -> None:
        """Raise the error of what a store shares with another one of its account and Region."""
        # unverified: the words of each
        for other in self.all_of(store.account, store.region):
            if other.store_id == store.store_id:
                continue
            if other.name == store.name:
                raise CustomKeyStoreNameInUseException(f"A custom key store with the name {store.name} already exists.")
            if store.cluster_id is not None and other.cluster_id == store.cluster_id:
                raise CloudHsmClusterInUseException(
                    f"The AWS CloudHSM cluster {store.cluster_id} is already associated with a custom key store."
                )
            _require_own_proxy(store, other)


def _require_own_proxy(store: CustomKeyStore, other: CustomKeyStore) -> None:
    ours, theirs = store.proxy, other.proxy
    if ours is None or theirs is None:
        return
    if (
        ours.vpc_endpoint_service_name is not None
        and ours.vpc_endpoint_service_name == theirs.vpc_endpoint_service_name
    ):
        raise XksProxyVpcEndpointServiceInUseException(
            f"The VPC endpoint service {ours.vpc_endpoint_service_name} is already associated with "
            "another external key store."
        )
    if ours.uri_endpoint != theirs.uri_endpoint:
        return
    # Public proxies may share an endpoint under several paths; a private name has one store.
    if not (ours.is_public and theirs.is_public):
        raise XksProxyUriEndpointInUseException(
            f"The XksProxyUriEndpoint {ours.uri_endpoint} is already associated with another external key store."
        )
    if ours.uri_path == theirs.uri_path:
        raise XksProxyUriInUseException(
            f"The XksProxyUri {ours.uri_endpoint}{ours.uri_path} is already associated with another external key store."
        )
