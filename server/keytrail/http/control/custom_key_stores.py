"""/_keytrail/custom-key-stores: errors of clusters, proxies and external keys, which Keytrail does not have itself.

POST custom-key-stores/<id> {"ConnectionErrorCode": ...}: from now on, connecting the store fails with this code; null:
it succeeds. POST custom-key-stores {"CloudHsmClusterId" or the like: ..., "Error": ...}: from now on, operations that
need this cluster, proxy or external key are refused with this error; null: they are not.
"""

from typing import Any

import msgspec
from flask import Request

from keytrail.domain.custom_key_store import ERROR_CODES, ConnectionErrorCode
from keytrail.domain.external_errors import MEMBERS, errors_of
from keytrail.endpoint import Endpoint
from keytrail.http.control.routes import Refusal, Routes, read_body

routes = Routes()


class _ConnectionBody(msgspec.Struct, forbid_unknown_fields=True, rename="pascal"):
    connection_error_code: ConnectionErrorCode | None


class _ExternalErrorBody(msgspec.Struct, forbid_unknown_fields=True, rename="pascal"):
    error: str | None
    cloud_hsm_cluster_id: str | None = None
    xks_proxy_uri_endpoint: str | None = None
    xks_proxy_vpc_endpoint_service_name: str | None = None
    xks_key_id: str | None = None

    def named(self) -> dict[str, str]:
        """The names in the body, by KMS's members: a valid body has exactly one."""
        named = (
            self.cloud_hsm_cluster_id,
            self.xks_proxy_uri_endpoint,
            self.xks_proxy_vpc_endpoint_service_name,
            self.xks_key_id,
        )
        return {member: name for member, name in zip(MEMBERS, named, strict=True) if name is not None}


@routes.post("/custom-key-stores/<store_id>")
def fail_connections(endpoint: Endpoint, request: Request, store_id: str) -> dict[str, Any]:
    """Make connecting a store fail with a code from now on; with null, succeed."""
    body = read_body(request, _ConnectionBody, '{"ConnectionErrorCode": "USER_LOCKED_OUT"}, or null')
    stores, error_code = endpoint.store.custom_key_stores, body.connection_error_code
    store = stores.get(store_id)
    if store is None:
        raise Refusal(f"There is no custom key store {store_id}; CreateCustomKeyStore gives the id.", 404)
    if error_code is not None and error_code not in ERROR_CODES[store.type]:
        choices = ", ".join(sorted(ERROR_CODES[store.type]))
        raise Refusal(f"A store of {store.type} does not fail with {error_code}; choose from {choices}.")
    stores.change(store_id, lambda newest: newest.fail_with(error_code))
    return {"CustomKeyStoreId": store_id, "ConnectionErrorCode": error_code}


@routes.post("/custom-key-stores")
def set_external_error(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Refuse operations that need a cluster, proxy or external key with an error; with null, no longer."""
    example = '{"CloudHsmClusterId": "cluster-...", "Error": "CloudHsmClusterNotActiveException"}'
    body = read_body(request, _ExternalErrorBody, example)
    named = body.named()
    if len(named) != 1:
        raise Refusal(f"Name exactly one thing, by one of {', '.join(MEMBERS)}.")
    ((member, name),) = named.items()
    choices = errors_of(member)
    if body.error is not None and body.error not in choices:
        raise Refusal(f"Error: expected one of {', '.join(choices)}, or null; got {body.error!r}.")
    endpoint.store.custom_key_stores.set_external_error(member, name, body.error)
    return {member: name, "Error": body.error}
