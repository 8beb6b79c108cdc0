"""Custom key stores: create, describe, update, delete, connect, disconnect.

Source: KMS API Reference; KMS Developer Guide, "AWS CloudHSM key stores" and "External key stores".
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from keytrail.call import Call, Reply
from keytrail.crypto.randomness import new_uuid
from keytrail.domain.custom_key_store import ConnectionState, CustomKeyStore, XksProxy
from keytrail.domain.external_errors import raise_external_errors
from keytrail.domain.key import Origin
from keytrail.errors import CustomKeyStoreNotFoundException, ValidationException
from keytrail.operation import SERVICES, operation
from keytrail.operations.pagination import requested_page

_CLUSTER_MEMBERS = ("CloudHsmClusterId", "TrustAnchorCertificate", "KeyStorePassword")
_PROXY_MEMBERS = (
    "XksProxyUriEndpoint",
    "XksProxyUriPath",
    "XksProxyAuthenticationCredential",
    "XksProxyConnectivity",
)
_VPC_MEMBERS = ("XksProxyVpcEndpointServiceName", "XksProxyVpcEndpointServiceOwner")

_CHANGEABLE_WHILE_CONNECTED = frozenset(
    {"CustomKeyStoreId", "NewCustomKeyStoreName", "XksProxyUriPath", "XksProxyAuthenticationCredential"}
)
"""Members of UpdateCustomKeyStore that may change while the store is connected."""

# unverified: the words of all refusals in this module; not in AWS's docs, recordings or issues


def _require_members(members: Mapping[str, object], required: tuple[str, ...], subject: str) -> None:
    for name in required:
        if name not in members:
            raise ValidationException(f"You must specify {name} for {subject}.")


def _refuse_members(members: Mapping[str, object], refused: tuple[str, ...], subject: str) -> None:
    for name in refused:
        if name in members:
            raise ValidationException(f"You cannot specify {name} for {subject}.")


def _store_of_type(store_type: object) -> str:
    return f"a custom key store of CustomKeyStoreType {store_type}"


def _check_store(members: Mapping[str, object]) -> None:
    kind = members.get("CustomKeyStoreType", Origin.AWS_CLOUDHSM)
    if kind == Origin.AWS_CLOUDHSM:
        _require_members(members, _CLUSTER_MEMBERS, _store_of_type(kind))
        _refuse_members(members, (*_PROXY_MEMBERS, *_VPC_MEMBERS), _store_of_type(kind))
        return
    _require_members(members, _PROXY_MEMBERS, _store_of_type(kind))
    _refuse_members(members, _CLUSTER_MEMBERS, _store_of_type(kind))
    connectivity = f"XksProxyConnectivity {members['XksProxyConnectivity']}"
    if members["XksProxyConnectivity"] == "PUBLIC_ENDPOINT":
        _refuse_members(members, _VPC_MEMBERS, connectivity)
    else:
        _require_members(members, _VPC_MEMBERS[:1], connectivity)


@operation(authorization="*", rules=_check_store, logged_request=False, logged_reply="reply", quota=5)
def create_custom_key_store(
    call: Call,
    *,
    custom_key_store_name: str,
    cloud_hsm_cluster_id: str | None = None,
    trust_anchor_certificate: str | None = None,
    key_store_password: str | None = None,
    custom_key_store_type: str = Origin.AWS_CLOUDHSM,
    xks_proxy_uri_endpoint: str | None = None,
    xks_proxy_uri_path: str | None = None,
    xks_proxy_vpc_endpoint_service_name: str | None = None,
    xks_proxy_vpc_endpoint_service_owner: str | None = None,
    xks_proxy_authentication_credential: Mapping[str, str] | None = None,
    xks_proxy_connectivity: str | None = None,
) -> Reply:
    """Create a custom key store, which is not connected yet. Its password and secret are not kept."""
    call.further_parameters["CustomKeyStoreName"] = custom_key_store_name
    proxy = None
    if custom_key_store_type == Origin.AWS_CLOUDHSM:
        call.further_parameters["ClusterId"] = cloud_hsm_cluster_id
    else:
        owner = xks_proxy_vpc_endpoint_service_owner or call.account
        proxy = XksProxy(
            connectivity=xks_proxy_connectivity or "",
            access_key_id=(xks_proxy_authentication_credential or {})["AccessKeyId"],
            uri_endpoint=xks_proxy_uri_endpoint or "",
            uri_path=xks_proxy_uri_path or "",
            vpc_endpoint_service_name=xks_proxy_vpc_endpoint_service_name,
            vpc_endpoint_service_owner=owner if xks_proxy_vpc_endpoint_service_name is not None else None,
        )
        call.further_parameters.update(_logged_proxy(call.members, custom_key_store_type))
    store = CustomKeyStore(
        account=call.account,
        region=call.region,
        store_id="cks-" + new_uuid().replace("-", "")[:17],
        name=custom_key_store_name,
        creation_date=call.now,
        cluster_id=cloud_hsm_cluster_id,
        trust_anchor_certificate=trust_anchor_certificate,
        proxy=proxy,
    )
    _raise_external_error(call, store)
    call.writable_store.custom_key_stores.add(store)
    return {"CustomKeyStoreId": store.store_id}


def _logged_proxy(members: Mapping[str, object], store_type: str) -> dict[str, object]:
    # unverified: what CloudTrail shows of an external key store; AWS's samples are of CloudHSM key stores only
    shown = [name for name in (*_PROXY_MEMBERS, *_VPC_MEMBERS) if name != "XksProxyAuthenticationCredential"]
    return {"CustomKeyStoreType": store_type, **{name: members[name] for name in shown if name in members}}


def _raise_external_error(call: Call, store: CustomKeyStore) -> None:
    """Raise the external error of the store's cluster or proxy, if a test has set one."""
    public = store.proxy is not None and store.proxy.is_public
    raise_external_errors(
        call.store.custom_key_stores.external_errors,
        SERVICES["kms"].operations[call.operation].model.errors,
        CloudHsmClusterId=store.cluster_id,
        # KMS calls a proxy behind a VPC endpoint service only when the store is connected.
        XksProxyUriEndpoint=store.proxy.uri_endpoint if public and store.proxy is not None else None,
        XksProxyVpcEndpointServiceName=store.proxy.vpc_endpoint_service_name if store.proxy is not None else None,
    )


def _check_id_or_name(members: Mapping[str, object]) -> None:
    if "CustomKeyStoreId" in members and "CustomKeyStoreName" in members:
        raise ValidationException("You can specify either a CustomKeyStoreId or a CustomKeyStoreName, not both.")


@operation(authorization="*", rules=_check_id_or_name, quota=5)
def describe_custom_key_stores(
    call: Call,
    *,
    custom_key_store_id: str | None = None,
    custom_key_store_name: str | None = None,
    limit: int | None = None,
    marker: str | None = None,
) -> Reply:
    """Describe the account's custom key stores in the Region, or one of them."""
    filters = f"{custom_key_store_id or ''}/{custom_key_store_name or ''}"
    page = requested_page(call, limit, marker, default=1000, maximum=1000, filters=filters)
    stores = [
        store
        for store in call.store.custom_key_stores.all_of(call.account, call.region)
        if custom_key_store_id in (None, store.store_id) and custom_key_store_name in (None, store.name)
    ]
    if not stores and (custom_key_store_id, custom_key_store_name) != (None, None):
        raise CustomKeyStoreNotFoundException
    listed = [store for store in stores if store.sort_key > page.after]
    reply = page.reply("CustomKeyStores", listed, lambda store: store.sort_key)
    return {**reply, "CustomKeyStores": [_entry(store) for store in listed[: page.limit]]}


def _entry(store: CustomKeyStore) -> dict[str, object]:
    entry: dict[str, object] = {
        "CustomKeyStoreId": store.store_id,
        "CustomKeyStoreName": store.name,
        "ConnectionState": store.state,
        "CreationDate": store.creation_date,
        "CustomKeyStoreType": store.type,
        "CloudHsmClusterId": store.cluster_id,
        "TrustAnchorCertificate": store.trust_anchor_certificate,
        "ConnectionErrorCode": store.error_code,
    }
    if store.proxy is not None:
        proxy = {
            "Connectivity": store.proxy.connectivity,
            "AccessKeyId": store.proxy.access_key_id,
            "UriEndpoint": store.proxy.uri_endpoint,
            "UriPath": store.proxy.uri_path,
            "VpcEndpointServiceName": store.proxy.vpc_endpoint_service_name,
            "VpcEndpointServiceOwner": store.proxy.vpc_endpoint_service_owner,
        }
        entry["XksProxyConfiguration"] = {name: value for name, value in proxy.items() if value is not None}
    return {name: value for name, value in entry.items() if value is not None}


@operation(authorization="*", logged_request=False, quota=5)
def update_custom_key_store(
    call: Call,
    *,
    custom_key_store_id: str,
    new_custom_key_store_name: str | None = None,
    key_store_password: str | None = None,
    cloud_hsm_cluster_id: str | None = None,
    xks_proxy_uri_endpoint: str | None = None,
    xks_proxy_uri_path: str | None = None,
    xks_proxy_vpc_endpoint_service_name: str | None = None,
    xks_proxy_vpc_endpoint_service_owner: str | None = None,
    xks_proxy_authentication_credential: Mapping[str, str] | None = None,
    xks_proxy_connectivity: str | None = None,
) -> Reply:
    """Change a custom key store. While it is connected, only its name, proxy path and credential can change."""
    members = {name: value for name, value in call.members.items() if name != "CustomKeyStoreId"}
    # unverified: that CloudTrail shows the other members as they were sent; AWS's sample has only the cluster
    call.further_parameters["CustomKeyStoreId"] = custom_key_store_id
    if cloud_hsm_cluster_id is not None:
        call.further_parameters["ClusterId"] = cloud_hsm_cluster_id
    if new_custom_key_store_name is not None:
        call.further_parameters["NewCustomKeyStoreName"] = new_custom_key_store_name
    call.further_parameters.update(
        {
            name: value
            for name, value in members.items()
            if name.startswith("XksProxy") and name != "XksProxyAuthenticationCredential"
        }
    )
    _require_store(call, custom_key_store_id)

    def update(store: CustomKeyStore) -> CustomKeyStore:
        refused = _CLUSTER_MEMBERS if store.proxy is not None else (*_PROXY_MEMBERS, *_VPC_MEMBERS)
        _refuse_members(members, refused, _store_of_type(store.type))
        if not members.keys() <= _CHANGEABLE_WHILE_CONNECTED:
            store.require_state(ConnectionState.DISCONNECTED)
        updated = replace(
            store,
            name=new_custom_key_store_name or store.name,
            cluster_id=cloud_hsm_cluster_id or store.cluster_id,
            proxy=_update_proxy(store.proxy, members, call.account) if store.proxy is not None else None,
        )
        if members.keys() - {"NewCustomKeyStoreName"}:
            _raise_external_error(call, updated)
        for member in members:
            updated = updated.remedied_by(member)
        return updated

    call.writable_store.custom_key_stores.change(custom_key_store_id, update)
    return {}


def _update_proxy(proxy: XksProxy, members: Mapping[str, object], account: str) -> XksProxy:
    """The proxy, changed by the members of an update."""
    connectivity = str(members.get("XksProxyConnectivity", proxy.connectivity))
    subject = f"XksProxyConnectivity {connectivity}"
    if connectivity != proxy.connectivity:
        _require_members(members, ("XksProxyUriEndpoint",), subject)
    service, owner = proxy.vpc_endpoint_service_name, proxy.vpc_endpoint_service_owner
    if connectivity == "PUBLIC_ENDPOINT":
        _refuse_members(members, _VPC_MEMBERS, subject)
        service = owner = None
    else:
        if proxy.is_public:
            _require_members(members, _VPC_MEMBERS[:1], subject)
        service = str(members.get("XksProxyVpcEndpointServiceName", service))
        owner = str(members.get("XksProxyVpcEndpointServiceOwner", owner or account))
    credential = members.get("XksProxyAuthenticationCredential")
    return XksProxy(
        connectivity=connectivity,
        access_key_id=str(credential["AccessKeyId"]) if isinstance(credential, Mapping) else proxy.access_key_id,
        uri_endpoint=str(members.get("XksProxyUriEndpoint", proxy.uri_endpoint)),
        uri_path=str(members.get("XksProxyUriPath", proxy.uri_path)),
        vpc_endpoint_service_name=service,
        vpc_endpoint_service_owner=owner,
    )


@operation(authorization="*", quota=5)
def delete_custom_key_store(call: Call, *, custom_key_store_id: str) -> Reply:
    """Delete a custom key store that is disconnected and has no keys; what backs it stays."""
    _require_store(call, custom_key_store_id)
    call.writable_store.custom_key_stores.remove(
        custom_key_store_id, lambda store: store.require_state(ConnectionState.DISCONNECTED)
    )
    return {}


@operation(authorization="*", quota=5)
def connect_custom_key_store(call: Call, *, custom_key_store_id: str) -> Reply:
    """Begin to connect a store; DescribeCustomKeyStores shows whether it succeeded."""
    store = _require_store(call, custom_key_store_id)
    takes = _connection_time(call, store)
    if store.state is ConnectionState.DISCONNECTED:
        _raise_external_error(call, store)
    call.writable_store.custom_key_stores.change(custom_key_store_id, lambda newest: newest.connect(call.now, takes))
    return {}


@operation(authorization="*", quota=5)
def disconnect_custom_key_store(call: Call, *, custom_key_store_id: str) -> Reply:
    """Begin to disconnect a store; its keys are unavailable from now on."""
    takes = _connection_time(call, _require_store(call, custom_key_store_id))
    call.writable_store.custom_key_stores.change(custom_key_store_id, lambda newest: newest.disconnect(call.now, takes))
    return {}


def _connection_time(call: Call, store: CustomKeyStore) -> timedelta:
    """How long a store takes to connect or disconnect."""
    times = call.settings.transition_time
    return times.cloudhsm_connection if store.cluster_id is not None else times.external_connection


def _require_store(call: Call, store_id: str) -> CustomKeyStore:
    """Find the caller's store, whose name and cluster its event then shows. Raises CustomKeyStoreNotFoundException."""
    store = call.store.custom_key_stores.require(call.account, call.region, store_id)
    call.additional_event_data["customKeyStoreName"] = store.name
    if store.cluster_id is not None:
        call.additional_event_data["clusterId"] = store.cluster_id
    return store
