"""CustomKeyStores: adds, changes and removes custom key stores, and sets the availability of the keys in them.

Part of Store, with its lock. An account has at most ten custom key stores in a Region, so their lists are short. Their
keys may be many: only a change of the connection walks over them.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

from keytrail.domain.custom_key_store import MAX_CUSTOM_KEY_STORES, CustomKeyStore
from keytrail.domain.key import Key
from keytrail.domain.refusals import resource_quota_exceeded
from keytrail.errors import (
    AwsError,
    CloudHsmClusterInUseException,
    CustomKeyStoreHasCMKsException,
    CustomKeyStoreNameInUseException,
    CustomKeyStoreNotFoundException,
    XksKeyAlreadyInUseException,
    XksProxyUriEndpointInUseException,
    XksProxyUriInUseException,
    XksProxyVpcEndpointServiceInUseException,
)
from keytrail.journal import Note
from keytrail.store import indexes
from keytrail.store.schedule import Due, Schedule
from keytrail.store.versioned_dict import VersionedDict, note_differences

StoreTransition = Callable[[CustomKeyStore], CustomKeyStore]
"""A change of a custom key store: returns its new value, or raises and changes nothing."""


class CustomKeyStores:
    """The custom key stores of every account and Region."""

    def __init__(self, keys: VersionedDict[Key], lock: AbstractContextManager[bool]) -> None:
        """Begin empty, under the store's lock; `keys` are all keys of the store, by ARN."""
        self._all_keys = keys
        self._lock = lock
        self.note: Note | None = None
        """Notes each change of a store in a journal, if there is one."""
        self.note_part: Note | None = None
        """The same, for `external_errors` as a whole."""
        self._stores: dict[str, CustomKeyStore] = {}
        self._ids: dict[tuple[str, str], list[str]] = {}
        """The ids of an account's stores in a Region, in the order in which they were added."""
        self._schedule = Schedule(_due_of)
        self.external_errors: dict[tuple[str, str], str] = {}
        """Errors that a test has set: error codes, by a member such as XksKeyId, and the value of it that fails."""

    # Reading

    def get(self, store_id: str) -> CustomKeyStore | None:
        """The store with this id, in any account, if there is one."""
        return self._stores.get(store_id)

    def require(self, account: str, region: str, store_id: str) -> CustomKeyStore:
        """The account's store in a Region with this id; raises CustomKeyStoreNotFoundException, without a message."""
        store = self._stores.get(store_id)
        if store is None or (store.account, store.region) != (account, region):
            raise CustomKeyStoreNotFoundException
        return store

    def of_key(self, key: Key) -> CustomKeyStore | None:
        """The store that a key is in; None for a key in no custom key store."""
        return self._stores.get(key.custom_key_store_id) if key.custom_key_store_id is not None else None

    def all_of(self, account: str, region: str) -> list[CustomKeyStore]:
        """The account's stores in a Region, in the order of their creation."""
        with self._lock:
            stores = [self._stores[store_id] for store_id in self._ids.get((account, region), ())]
            return sorted(stores, key=lambda store: store.sort_key)

    def all(self) -> list[CustomKeyStore]:
        """The stores of all accounts and Regions."""
        with self._lock:
            return list(self._stores.values())

    def set_availability(self, key: Key) -> Key:
        """The key, Unavailable or not as its custom key store's connection says; keys in no such store stay."""
        store = self.of_key(key)
        return store.set_availability(key) if store is not None else key

    def require_keys_addable(self, keys: Iterable[Key]) -> None:
        """Raise CustomKeyStoreNotFoundException or XksKeyAlreadyInUseException if these keys cannot be added."""
        for key in keys:
            if key.custom_key_store_id is None:
                continue
            store = self.require(key.account, key.region, key.custom_key_store_id)
            if key.xks_key_id is None:
                continue
            if self._all_keys.newest.count(indexes.keys_backed_by(store.store_id, key.xks_key_id)):
                # unverified: the words; not in AWS's docs, recordings or issues
                raise XksKeyAlreadyInUseException(
                    f"The external key {key.xks_key_id} is already associated with another KMS key "
                    f"in the custom key store {store.store_id}."
                )

    # Changing

    def add(self, store: CustomKeyStore) -> None:
        """Add a store. Raises LimitExceededException, or as `_require_unique`."""
        with self._lock:
            ids = self._ids.get((store.account, store.region), [])
            self._require_unique(store)
            if len(ids) >= MAX_CUSTOM_KEY_STORES:
                raise resource_quota_exceeded("Custom key stores", MAX_CUSTOM_KEY_STORES, len(ids))
            self._note(store.store_id, store)
            self._put(store)

    @contextmanager
    def adding(self, stores: Iterable[CustomKeyStore]) -> Iterator[None]:
        """Add the stores that do not exist yet, and remove them again if the block raises an AwsError."""
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
        """Apply a transition to the newest value of a store, set its keys' availability, and return the new value.

        Raises CustomKeyStoreNotFoundException if the store is gone, what the transition raises, or as
        `_require_unique`; nothing changes then.
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
        """Remove a store.

        Raises CustomKeyStoreNotFoundException, what `check` raises, or CustomKeyStoreHasCMKsException.
        """
        with self._lock:
            store = self._stores.get(store_id)
            if store is None:
                raise CustomKeyStoreNotFoundException
            check(store)
            if self._all_keys.newest.count(indexes.keys_in(store_id)):
                # unverified: the words; not in AWS's docs, recordings or issues
                raise CustomKeyStoreHasCMKsException(f"The custom key store {store_id} still contains KMS keys.")
            self._remove(store)

    def set_external_error(self, member: str, name: str, code: str | None) -> None:
        """Let the thing that a member of requests names fail with an error from now on; None: no longer."""
        with self._lock:
            errors = {key: value for key, value in self.external_errors.items() if key != (member, name)}
            if code is not None:
                errors[member, name] = code
            if self.note_part is not None:
                self.note_part("external errors", errors)
            self.external_errors = errors

    def settle(self, now: datetime) -> None:
        """End the attempts to connect and to disconnect that are due by now."""
        next_due = self._schedule.next
        if next_due is None or next_due > now:
            return
        with self._lock:
            while (due := self._schedule.pop(now)) is not None:
                moment, store_id = due
                before = self._stores.get(store_id)
                if before is not None and before.settles_at == moment:
                    self._replace(before, before.settle())
            self._schedule.look_ahead()

    def restore(self, other: "CustomKeyStores", account: str | None) -> None:
        """Become a copy of `other`; with an account, only that account's stores do. Needs the lock."""
        before = self._stores
        kept = [store for store in self._stores.values() if account not in (None, store.account)]
        taken = [store for store in other._stores.values() if account in (None, store.account)]
        self._stores, self._ids = {}, {}
        if account is None:
            self.external_errors = dict(other.external_errors)
            if self.note_part is not None:
                self.note_part("external errors", self.external_errors)
        self.put_all((*kept, *taken))
        if self.note is not None:
            note_differences(self.note, before, self._stores)

    def put_all(self, stores: Iterable[CustomKeyStore]) -> None:
        """Put stores that are taken over as they are. Needs the lock."""
        for store in stores:
            self._put(store)
        self._schedule.rebuild(self._stores.values())

    # Under the lock

    def _put(self, store: CustomKeyStore) -> None:
        self._stores[store.store_id] = store
        self._ids.setdefault((store.account, store.region), []).append(store.store_id)
        self._schedule.note(store, self._stores.values())

    def _remove(self, store: CustomKeyStore) -> None:
        self._note(store.store_id, None)
        del self._stores[store.store_id]
        self._ids[store.account, store.region].remove(store.store_id)

    def _note(self, store_id: str, store: CustomKeyStore | None) -> None:
        if self.note is not None:
            self.note(store_id, store)

    def _replace(self, before: CustomKeyStore, after: CustomKeyStore) -> None:
        self._note(after.store_id, after)
        self._stores[after.store_id] = after
        self._schedule.note(after, self._stores.values())
        if before.is_connected != after.is_connected:
            keys = self._all_keys.newest.all_in(indexes.keys_in(after.store_id))
            self._all_keys.put({key.arn: after.set_availability(key) for key in keys})

    def _require_unique(self, store: CustomKeyStore) -> None:
        """Raise the error that fits if another store of its account and Region has its name, cluster or proxy.

        CustomKeyStoreNameInUse, CloudHsmClusterInUse, XksProxyVpcEndpointServiceInUse, XksProxyUriEndpointInUse or
        XksProxyUriInUse.
        """
        # unverified: the words of each; not in AWS's docs, recordings or issues
        for other in self.all_of(store.account, store.region):
            if other.store_id == store.store_id:
                continue
            if other.name == store.name:
                raise CustomKeyStoreNameInUseException(f"A custom key store with the name {store.name} already exists.")
            if store.cluster_id is not None and other.cluster_id == store.cluster_id:
                raise CloudHsmClusterInUseException(
                    f"The AWS CloudHSM cluster {store.cluster_id} is already associated with a custom key store."
                )
            _require_different_proxies(store, other)


def _due_of(store: CustomKeyStore) -> list[Due]:
    return [(store.settles_at, store.store_id)] if store.settles_at is not None else []


def _require_different_proxies(store: CustomKeyStore, other: CustomKeyStore) -> None:
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
    # Stores with public proxies may share an endpoint if their paths differ; others must not.
    if not (ours.is_public and theirs.is_public):
        raise XksProxyUriEndpointInUseException(
            f"The XksProxyUriEndpoint {ours.uri_endpoint} is already associated with another external key store."
        )
    if ours.uri_path == theirs.uri_path:
        raise XksProxyUriInUseException(
            f"The XksProxyUri {ours.uri_endpoint}{ours.uri_path} is already associated with another external key store."
        )
