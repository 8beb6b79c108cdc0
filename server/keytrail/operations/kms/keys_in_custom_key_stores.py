"""Keys in custom key stores: the checks before one is created, and what replies and events show of one.

Source: KMS API Reference, CreateKey and GenerateRandom; KMS Developer Guide, "Key stores".
"""

from keytrail.call import Call
from keytrail.domain.custom_key_store import CustomKeyStore
from keytrail.domain.external_errors import raise_external_errors, raise_failure_in_use
from keytrail.domain.key import CUSTOM_KEY_STORE_ORIGINS, Key, Origin
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT
from keytrail.errors import (
    CustomKeyStoreInvalidStateException,
    KMSInvalidStateException,
    UnsupportedOperationException,
    ValidationException,
)
from keytrail.operation import SERVICES

# unverified: the words of all refusals in this module; not in AWS's docs, recordings or issues


def require_store_for_key(
    call: Call, origin: Origin, store_id: str | None, xks_key_id: str | None, *, spec: str, multi_region: bool
) -> None:
    """Raise unless CreateKey can create such a key in the custom key store that it names, or in none."""
    if origin not in CUSTOM_KEY_STORE_ORIGINS:
        if store_id is not None:
            raise ValidationException(f"You cannot specify a CustomKeyStoreId for a key of Origin {origin}.")
        if xks_key_id is not None:
            raise ValidationException(f"You cannot specify an XksKeyId for a key of Origin {origin}.")
        return
    if store_id is None:
        raise ValidationException(f"You must specify a CustomKeyStoreId for a key of Origin {origin}.")
    if (xks_key_id is None) != (origin is Origin.AWS_CLOUDHSM):
        may = "must" if xks_key_id is None else "cannot"
        raise ValidationException(f"You {may} specify an XksKeyId for a key of Origin {origin}.")
    if multi_region:
        raise UnsupportedOperationException("You cannot create a multi-Region key in a custom key store.")
    if spec != SYMMETRIC_DEFAULT:
        raise UnsupportedOperationException(f"You cannot create a key of KeySpec {spec} in a custom key store.")
    store = call.store.custom_key_stores.require(call.account, call.region, store_id)
    if store.type is not origin:
        raise ValidationException(f"The custom key store {store_id} holds keys of Origin {store.type} only.")
    store.require_connected()
    external_errors = call.store.custom_key_stores.external_errors
    raise_external_errors(
        external_errors,
        SERVICES["kms"].operations[call.operation].model.errors,
        CloudHsmClusterId=store.cluster_id,
        XksKeyId=xks_key_id,
    )
    raise_failure_in_use(external_errors, CustomKeyStoreInvalidStateException, XksProxyUriEndpoint=_endpoint(store))


def require_reachable(call: Call, key: Key) -> None:
    """Raise KMSInvalidStateException if a test has set an error for what is behind a key in a custom key store."""
    if key.custom_key_store_id is None:
        return
    stores = call.store.custom_key_stores
    store = stores.of_key(key)
    raise_failure_in_use(
        stores.external_errors,
        KMSInvalidStateException,
        CloudHsmClusterId=store.cluster_id if store is not None else None,
        XksProxyUriEndpoint=_endpoint(store) if store is not None else None,
        XksKeyId=key.xks_key_id,
    )


def _endpoint(store: CustomKeyStore) -> str | None:
    return store.proxy.uri_endpoint if store.proxy is not None else None


def require_still_connected(call: Call, key: Key) -> None:
    """Raise CustomKeyStoreInvalidStateException if a new key is in a custom key store that is not connected.

    If it is connected, the event gets the key's backing key.
    """
    store = call.store.custom_key_stores.of_key(key)
    if store is not None:
        store.require_connected()
        call.additional_event_data |= backing_key(key) if key.xks_key_id else {"backingKey": _backing_key_text(key)}


def require_random_source(call: Call, store_id: str) -> None:
    """Raise unless the custom key store is a connected AWS CloudHSM key store."""
    store = call.store.custom_key_stores.require(call.account, call.region, store_id)
    if store.type is not Origin.AWS_CLOUDHSM:
        raise UnsupportedOperationException(f"The custom key store {store_id} generates no random bytes.")
    store.require_connected()


def backing_key(key: Key) -> dict[str, object]:
    """The additionalEventData of a key in a custom key store: its backing key, in place of its key material."""
    store: dict[str, object] = {"customKeyStoreId": key.custom_key_store_id}
    if key.xks_key_id is not None:
        return {**store, "xksKeyId": key.xks_key_id}
    return {**store, "backingKeyId": key.require_aes_material().id}


def _backing_key_text(key: Key) -> str:
    """A backing key as CreateKey and ScheduleKeyDeletion show it: JSON text in the event's JSON."""
    material_id = key.require_aes_material().id
    # unverified: how handles look; AWS's docs have only the samples "01" and "19"
    return f'{{"keyHandle":"{int(material_id[:2], 16):02}","backingKeyId":"{material_id}"}}'


def show_backing_keys(call: Call, key: Key) -> None:
    """Let the event of ScheduleKeyDeletion show the backing keys of a key in an AWS CloudHSM key store."""
    store = call.store.custom_key_stores.of_key(key)
    if store is not None and store.cluster_id is not None:
        call.additional_event_data |= {
            "customKeyStoreId": store.store_id,
            "clusterId": store.cluster_id,
            "backingKeys": f"[{_backing_key_text(key)}]",
        }


def key_members(call: Call, key: Key) -> dict[str, object]:
    """The members of KeyMetadata that only keys in custom key stores have."""
    store = call.store.custom_key_stores.of_key(key)
    if store is None:
        return {}
    members: dict[str, object] = {"CustomKeyStoreId": store.store_id}
    if store.cluster_id is not None:
        members["CloudHsmClusterId"] = store.cluster_id
    if key.xks_key_id is not None:
        members["XksKeyConfiguration"] = {"Id": key.xks_key_id}
    return members
