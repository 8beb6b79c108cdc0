"""/_keytrail/custom-key-stores: what goes wrong behind custom key stores, where Keytrail has nothing of its own.

POST custom-key-stores/<id> {"ConnectionErrorCode": ...}: the store's next attempts to connect fail so; null: they
succeed. POST custom-key-stores {"CloudHsmClusterId" or the like: ..., "Error": ...}: what meets this cluster, proxy or
external key is refused with the error; null: no longer.
"""

from typing import Any

import msgspec
from flask import Request

from keytrail.domain.custom_key_store import ERROR_CODES, ConnectionErrorCode
from keytrail.domain.external_errors import EXTERNAL_ERRORS, MEMBERS
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
        """What is named, by the members of KMS."""
        named = (
            self.cloud_hsm_cluster_id,
            self.xks_proxy_uri_endpoint,
            self.xks_proxy_vpc_endpoint_service_name,
            self.xks_key_id,
        )
        return {member: name for member, name in zip(MEMBERS, named, strict=True) if name is not None}


@routes.post("/custom-key-stores/<store_id>")
def fail_connections(endpoint: Endpoint, request: Request, store_id: str) -> dict[str, Any]:
    """Let the next attempts to connect a store fail with a code; or succeed, with null."""
    body = read_body(request, _ConnectionBody, '{"ConnectionErrorCode": "USER_LOCKED_OUT"}, or null')
    stores, failure = endpoint.store.custom_key_stores, body.connection_error_code
    store = stores.get(store_id)
    if store is None:
        raise Refusal(f"There is no custom key store {store_id}; CreateCustomKeyStore gives the id.", 404)
    if failure is not None and failure not in ERROR_CODES[store.type]:
        choices = ", ".join(sorted(ERROR_CODES[store.type]))
        raise Refusal(f"A store of {store.type} does not fail with {failure}; choose from {choices}.")
    stores.change(store_id, lambda newest: newest.fail_with(failure))
    return {"CustomKeyStoreId": store_id, "ConnectionErrorCode": failure}


@routes.post("/custom-key-stores")
def set_external_error(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Let whatever meets a cluster, proxy or external key be refused with an error; or not, with null."""
    example = '{"CloudHsmClusterId": "cluster-...", "Error": "CloudHsmClusterNotActiveException"}'
    body = read_body(request, _ExternalErrorBody, example)
    named = body.named()
    if len(named) != 1:
        raise Refusal(f"Name exactly one thing, by one of {', '.join(MEMBERS)}.")
    ((member, name),) = named.items()
    choices = sorted(code for code, external_error in EXTERNAL_ERRORS.items() if external_error.member == member)
    if body.error is not None and body.error not in choices:
        raise Refusal(f"Error: expected one of {', '.join(choices)}, or null; got {body.error!r}.")
    external_errors = endpoint.store.custom_key_stores.external_errors
    if body.error is None:
        external_errors.pop((member, name), None)
    else:
        external_errors[member, name] = body.error
    return {member: name, "Error": body.error}
