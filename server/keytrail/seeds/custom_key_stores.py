"""Reading the custom key stores of a seed, and placing keys in them."""

import hashlib
from dataclasses import replace
from datetime import datetime

from keytrail.domain.custom_key_store import ERROR_CODES, ConnectionErrorCode, ConnectionState, CustomKeyStore, XksProxy
from keytrail.domain.key import CUSTOM_KEY_STORE_ORIGINS, Key, KeyState, Origin
from keytrail.seeds.document import CustomKeyStoreMember, KeyMember, RegionalMember, XksProxyMember
from keytrail.seeds.reader import SeedReader
from keytrail.seeds.seed import Seed

_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nmade up by Keytrail\n-----END CERTIFICATE-----"
_BASE_32 = "abcdefghijklmnopqrstuvwxyz234567"


def read_custom_key_store(path: str, member: CustomKeyStoreMember, reader: SeedReader) -> None:
    """Add a custom key store. A cluster or proxy that the seed does not describe is derived from the store's id."""
    store_id, kind = member.custom_key_store_id, Origin(member.custom_key_store_type)
    _require_members_of_type(path, member, kind, reader)
    reader.require_once(f"{path}.CustomKeyStoreId", store_id, "every custom key store has its own id")
    state, failure = member.connection_state, member.connection_error_code
    if state is ConnectionState.FAILED and failure is None:
        failure = ConnectionErrorCode.INTERNAL_ERROR
    error_code = failure if state is ConnectionState.FAILED else None
    if member.next_connection_error_code is not None:
        failure = _next_failure(path, member, kind, reader)
    account, region = member.account or reader.settings.account, reader.region(f"{path}.Region", member.region)
    name = member.custom_key_store_name or f"keytrail-{store_id}"
    created = reader.now
    if member.creation_date is not None:
        created = reader.past_moment(f"{path}.CreationDate", member.creation_date) or created
    store = _derived_store(store_id, account, region, name, kind, created)
    reader.seed.custom_key_stores[store_id] = replace(
        store,
        cluster_id=member.cloud_hsm_cluster_id or store.cluster_id,
        trust_anchor_certificate=member.trust_anchor_certificate or store.trust_anchor_certificate,
        proxy=_proxy(member.xks_proxy_configuration, account) or store.proxy,
        state=state,
        error_code=error_code,
        failure=failure,
        settles_at=_end_of_state(path, member, reader),
    )


def _next_failure(
    path: str, member: CustomKeyStoreMember, kind: Origin, reader: SeedReader
) -> ConnectionErrorCode | None:
    """What the next attempt to connect a FAILED store fails with."""
    if member.connection_state is not ConnectionState.FAILED:
        reader.add_problem(f"{path}.NextConnectionErrorCode", "needs ConnectionState: FAILED; use ConnectionErrorCode")
    if member.next_connection_error_code in (None, "NONE"):
        return None
    code = ConnectionErrorCode(member.next_connection_error_code)
    _require_code_of_type(f"{path}.NextConnectionErrorCode", code, kind, reader)
    return code


def _end_of_state(path: str, member: CustomKeyStoreMember, reader: SeedReader) -> datetime | None:
    """When CONNECTING or DISCONNECTING ends."""
    date_path, text = f"{path}.NextConnectionStateDate", member.next_connection_state_date
    passing = member.connection_state in (ConnectionState.CONNECTING, ConnectionState.DISCONNECTING)
    if passing != (text is not None):
        reader.add_problem(date_path, "goes with ConnectionState: CONNECTING or DISCONNECTING, and only with them")
    date = reader.moment(date_path, text) if text is not None else None
    if date is not None and date <= reader.now:
        reader.add_problem(date_path, "is in the past; describe the store in the state that followed")
    return date


def _require_members_of_type(path: str, member: CustomKeyStoreMember, kind: Origin, reader: SeedReader) -> None:
    """Add a problem for each member that a custom key store of this type does not have."""
    if kind is Origin.AWS_CLOUDHSM:
        foreign: dict[str, object] = {"XksProxyConfiguration": member.xks_proxy_configuration}
    else:
        foreign = {
            "CloudHsmClusterId": member.cloud_hsm_cluster_id,
            "TrustAnchorCertificate": member.trust_anchor_certificate,
        }
    for name, value in foreign.items():
        if value is not None:
            reader.add_problem(f"{path}.{name}", f"a store of CustomKeyStoreType {kind} has no {name}; leave it out")
    if member.connection_error_code is not None:
        _require_code_of_type(f"{path}.ConnectionErrorCode", member.connection_error_code, kind, reader)
    proxy = member.xks_proxy_configuration
    if proxy is not None and (proxy.connectivity == "PUBLIC_ENDPOINT") == (proxy.vpc_endpoint_service_name is not None):
        reader.add_problem(
            f"{path}.XksProxyConfiguration.VpcEndpointServiceName",
            "goes with Connectivity: VPC_ENDPOINT_SERVICE, and only with it",
        )


def _require_code_of_type(path: str, code: ConnectionErrorCode, kind: Origin, reader: SeedReader) -> None:
    if code not in ERROR_CODES[kind]:
        choices = ", ".join(sorted(ERROR_CODES[kind]))
        reader.add_problem(path, f"{kind} does not fail with {code}; choose from {choices}")


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


def _derived_store(
    store_id: str, account: str, region: str, name: str, kind: Origin, created: datetime
) -> CustomKeyStore:
    """A store whose cluster or proxy is derived: always the same for the same id, account and Region."""
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


def place_key(path: str, member: RegionalMember, key: Key, reader: SeedReader) -> Key:
    """The key, placed in the custom key store that it names or in an implicit one, available if that is connected."""
    named = member.custom_key_store_id if isinstance(member, KeyMember) else None
    xks_key_id = member.xks_key_id if isinstance(member, KeyMember) else None
    if key.origin not in CUSTOM_KEY_STORE_ORIGINS:
        for name, value in (("CustomKeyStoreId", named), ("XksKeyId", xks_key_id)):
            if value is not None:
                reader.add_problem(f"{path}.{name}", "needs Origin: AWS_CLOUDHSM or EXTERNAL_KEY_STORE")
        return key
    store = reader.seed.custom_key_stores.get(named) if named is not None else _implicit_store(key, reader.seed)
    if store is None:
        reader.add_problem(
            f"{path}.CustomKeyStoreId", f"{named} is not among the customKeyStores of the seeds; add it there"
        )
        return key
    if (store.account, store.region) != (key.account, key.region) or store.type is not key.origin:
        reader.add_problem(
            f"{path}.CustomKeyStoreId",
            f"{store.store_id} is only for keys of Origin {store.type} of account {store.account} in {store.region}",
        )
    if key.origin is Origin.EXTERNAL_KEY_STORE:
        xks_key_id = xks_key_id or key.key_id
        name = f"the external key {xks_key_id} of {store.store_id}"
        reader.require_once(f"{path}.XksKeyId", name, "in a store, an external key backs one KMS key")
    elif xks_key_id is not None:
        reader.add_problem(f"{path}.XksKeyId", "needs Origin: EXTERNAL_KEY_STORE")
    if key.state is KeyState.UNAVAILABLE and store.is_connected:
        reader.add_problem(
            f"{path}.KeyState", f"{store.store_id} is connected; describe it with ConnectionState: DISCONNECTED"
        )
    return store.set_availability(replace(key, custom_key_store_id=store.store_id, xks_key_id=xks_key_id))


def _implicit_store(key: Key, seed: Seed) -> CustomKeyStore:
    """The store for keys of an account, Region and origin that name none; for Unavailable keys, a disconnected one."""
    kind = "cloudhsm" if key.origin is Origin.AWS_CLOUDHSM else "xks"
    name = f"keytrail-{kind}" + ("-disconnected" if key.state is KeyState.UNAVAILABLE else "")
    store_id = "cks-" + hashlib.sha256(f"{name}/{key.account}/{key.region}".encode()).hexdigest()[:17]
    store = seed.custom_key_stores.get(store_id) or seed.implicit_stores.get(store_id)
    if store is None:
        store = _derived_store(store_id, key.account, key.region, name, key.origin, key.creation_date)
        if key.state is KeyState.UNAVAILABLE:
            store = replace(store, state=ConnectionState.DISCONNECTED)
        seed.implicit_stores[store_id] = store
    return store
