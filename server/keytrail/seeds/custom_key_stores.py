"""The custom key stores of a seed, and which of its keys are in which."""

import hashlib
from dataclasses import replace
from datetime import datetime

from keytrail.domain.custom_key_store import ERROR_CODES, ConnectionErrorCode, ConnectionState, CustomKeyStore, XksProxy
from keytrail.domain.key import CUSTOM_KEY_STORE_ORIGINS, Key, KeyState, Origin
from keytrail.seeds.document import CustomKeyStoreMember, KeyMember, RegionalMember, XksProxyMember
from keytrail.seeds.parsing import Wrong, read_past_moment
from keytrail.seeds.seed import Seed
from keytrail.settings import Settings

_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nmade up by Keytrail\n-----END CERTIFICATE-----"
_BASE_32 = "abcdefghijklmnopqrstuvwxyz234567"


def read_custom_key_stores(
    members: list[CustomKeyStoreMember], seed: Seed, settings: Settings, now: datetime, wrong: Wrong
) -> None:
    """Add a document's stores to the seed; what backs them is made up, always alike, where it is not given."""
    for at, member in enumerate(members):
        path, store_id = f"customKeyStores[{at}]", member.custom_key_store_id
        kind = Origin(member.custom_key_store_type)
        _require_fit(path, member, kind, wrong)
        if store_id in seed.custom_key_stores:
            wrong(f"{path}.CustomKeyStoreId", f"{store_id} stands twice; every custom key store has an id of its own")
        state, failure = ConnectionState(member.connection_state), member.connection_error_code
        if state is ConnectionState.FAILED and failure is None:
            failure = ConnectionErrorCode.INTERNAL_ERROR
        account = member.account or settings.account
        name = member.custom_key_store_name or f"keytrail-{store_id}"
        created = _creation_date(path, member, now, wrong)
        store = _made_up(store_id, account, member.region or settings.region, name, kind, created)
        seed.custom_key_stores[store_id] = replace(
            store,
            cluster_id=member.cloud_hsm_cluster_id or store.cluster_id,
            trust_anchor_certificate=member.trust_anchor_certificate or store.trust_anchor_certificate,
            proxy=_proxy(member.xks_proxy_configuration, account) or store.proxy,
            state=state,
            error_code=failure if state is ConnectionState.FAILED else None,
            failure=failure,
        )


def _require_fit(path: str, member: CustomKeyStoreMember, kind: Origin, wrong: Wrong) -> None:
    """Tell of members that a store of its type does not have."""
    if kind is Origin.AWS_CLOUDHSM:
        strange: dict[str, object] = {"XksProxyConfiguration": member.xks_proxy_configuration}
    else:
        strange = {
            "CloudHsmClusterId": member.cloud_hsm_cluster_id,
            "TrustAnchorCertificate": member.trust_anchor_certificate,
        }
    for name, value in strange.items():
        if value is not None:
            wrong(f"{path}.{name}", f"a store of CustomKeyStoreType {kind} has none; leave it out")
    failure = member.connection_error_code
    if failure is not None and failure not in ERROR_CODES[kind]:
        choices = ", ".join(sorted(ERROR_CODES[kind]))
        wrong(f"{path}.ConnectionErrorCode", f"{kind} does not fail with {failure}; choose from {choices}")
    proxy = member.xks_proxy_configuration
    if proxy is not None and (proxy.connectivity == "PUBLIC_ENDPOINT") == (proxy.vpc_endpoint_service_name is not None):
        what = "VpcEndpointServiceName"
        wrong(f"{path}.XksProxyConfiguration.{what}", "goes with Connectivity: VPC_ENDPOINT_SERVICE, and only with it")


def _creation_date(path: str, member: CustomKeyStoreMember, now: datetime, wrong: Wrong) -> datetime:
    if member.creation_date is None:
        return now
    return read_past_moment(f"{path}.CreationDate", member.creation_date, now, wrong) or now


def _proxy(member: XksProxyMember | None, account: str) -> XksProxy | None:
    if member is None:
        return None
    private = member.vpc_endpoint_service_name is not None
    return XksProxy(
        connectivity=member.connectivity,
        access_key_id=member.access_key_id,
        uri_endpoint=member.uri_endpoint,
        uri_path=member.uri_path,
        vpc_endpoint_service_name=member.vpc_endpoint_service_name,
        vpc_endpoint_service_owner=(member.vpc_endpoint_service_owner or account) if private else None,
    )


def _made_up(store_id: str, account: str, region: str, name: str, kind: Origin, created: datetime) -> CustomKeyStore:
    """A store with something made up behind it; always alike."""
    digits = hashlib.sha256(f"{store_id}/{account}/{region}".encode()).digest()
    letters = "".join(_BASE_32[byte % 32] for byte in digits)
    store = CustomKeyStore(
        account=account,
        region=region,
        store_id=store_id,
        name=name,
        creation_date=created,
        state=ConnectionState.CONNECTED,
    )
    if kind is Origin.AWS_CLOUDHSM:
        cluster = "cluster-" + letters[:11]
        return replace(store, cluster_id=cluster, trust_anchor_certificate=_CERTIFICATE)
    proxy = XksProxy(
        connectivity="PUBLIC_ENDPOINT",
        access_key_id=letters[:20].upper(),
        uri_endpoint=f"https://{store_id}.xks.example.com",
        uri_path="/kms/xks/v1",
    )
    return replace(store, proxy=proxy)


def place_key(path: str, member: RegionalMember, key: Key, seed: Seed, wrong: Wrong) -> Key:
    """The key in its custom key store, named or made up, and as that store's connection lets it be."""
    named = member.custom_key_store_id if isinstance(member, KeyMember) else None
    xks_key_id = member.xks_key_id if isinstance(member, KeyMember) else None
    if key.origin not in CUSTOM_KEY_STORE_ORIGINS:
        for name, value in (("CustomKeyStoreId", named), ("XksKeyId", xks_key_id)):
            if value is not None:
                wrong(f"{path}.{name}", "needs Origin: AWS_CLOUDHSM or EXTERNAL_KEY_STORE")
        return key
    store = seed.custom_key_stores.get(named) if named is not None else _store_of(key, seed)
    if store is None:
        wrong(f"{path}.CustomKeyStoreId", f"{named} is not among the customKeyStores above; describe it there")
        return key
    if (store.account, store.region) != (key.account, key.region) or store.type is not key.origin:
        wrong(
            f"{path}.CustomKeyStoreId",
            f"{store.store_id} holds keys of Origin {store.type} of account {store.account} in {store.region} only",
        )
    if key.origin is Origin.EXTERNAL_KEY_STORE:
        xks_key_id = xks_key_id or key.key_id
        if (store.store_id, xks_key_id) in seed.xks_keys:
            wrong(f"{path}.XksKeyId", f"{xks_key_id} stands twice; an external key is behind one key of its store")
        seed.xks_keys.add((store.store_id, xks_key_id))
    elif xks_key_id is not None:
        wrong(f"{path}.XksKeyId", "needs Origin: EXTERNAL_KEY_STORE")
    if key.state is KeyState.UNAVAILABLE and store.is_connected:
        wrong(f"{path}.KeyState", f"{store.store_id} is connected; give it ConnectionState: DISCONNECTED")
    if key.state is KeyState.UNAVAILABLE:
        key = replace(key, becomes=KeyState.ENABLED)
    return store.set_availability(replace(key, custom_key_store_id=store.store_id, xks_key_id=xks_key_id))


def _store_of(key: Key, seed: Seed) -> CustomKeyStore:
    """The store made up for the keys of an account, Region and origin that name none; one for those that it lost."""
    kind = "cloudhsm" if key.origin is Origin.AWS_CLOUDHSM else "xks"
    name = f"keytrail-{kind}" + ("-disconnected" if key.state is KeyState.UNAVAILABLE else "")
    store_id = "cks-" + hashlib.sha256(f"{name}/{key.account}/{key.region}".encode()).hexdigest()[:17]
    store = seed.custom_key_stores.get(store_id) or seed.made_up_stores.get(store_id)
    if store is None:
        store = _made_up(store_id, key.account, key.region, name, key.origin, key.creation_date)
        if key.state is KeyState.UNAVAILABLE:
            store = replace(store, state=ConnectionState.DISCONNECTED)
        seed.made_up_stores[store_id] = store
    return store
