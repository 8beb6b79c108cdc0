"""Writing custom key stores, and the errors behind them."""

from collections.abc import Mapping

from keytrail.domain.custom_key_store import ConnectionState, CustomKeyStore, XksProxy
from keytrail.seeds.writing.source import Members, Source, present


def custom_key_store_members(store: CustomKeyStore, source: Source) -> Members:
    """A custom key store as a member of a seed's `customKeyStores`."""
    failed = store.state is ConnectionState.FAILED
    next_failure = (store.failure or "NONE") if failed and store.failure is not store.error_code else None
    failure = store.error_code if failed else store.failure
    return present(
        {
            "CustomKeyStoreId": store.store_id,
            "CustomKeyStoreName": store.name,
            "CustomKeyStoreType": str(store.type),
            "Account": store.account,
            "Region": store.region,
            "CreationDate": source.moment(store.creation_date),
            "ConnectionState": str(store.state),
            "NextConnectionStateDate": source.moment(store.settles_at),
            "ConnectionErrorCode": str(failure) if failure is not None else None,
            "NextConnectionErrorCode": str(next_failure) if next_failure is not None else None,
            "CloudHsmClusterId": store.cluster_id,
            "TrustAnchorCertificate": store.trust_anchor_certificate,
            "XksProxyConfiguration": _proxy(store.proxy) if store.proxy is not None else None,
        }
    )


def _proxy(proxy: XksProxy) -> Members:
    return present(
        {
            "Connectivity": proxy.connectivity,
            "AccessKeyId": proxy.access_key_id,
            "UriEndpoint": proxy.uri_endpoint,
            "UriPath": proxy.uri_path,
            "VpcEndpointServiceName": proxy.vpc_endpoint_service_name,
            "VpcEndpointServiceOwner": proxy.vpc_endpoint_service_owner,
        }
    )


def external_error_members(external_errors: Mapping[tuple[str, str], str]) -> list[Members]:
    """The errors that tests have set for clusters, proxies and external keys, as a seed's `externalErrors`."""
    return [{member: name, "Error": error} for (member, name), error in sorted(external_errors.items())]
