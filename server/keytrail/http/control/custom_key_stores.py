"""/_keytrail/custom-key-stores: what goes wrong where Keytrail does not reach, as tests want it.

POST custom-key-stores/<id> {"ConnectionErrorCode": ...}: the store's next attempts to connect fail so; null: they
succeed. POST custom-key-stores {"CloudHsmClusterId" or the like: ..., "Error": ...}: what is wrong with something
that backs a store; null: nothing is any more.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from flask import Blueprint, Response

from keytrail.domain.custom_key_store import ERROR_CODES, ConnectionErrorCode
from keytrail.domain.external_errors import EXTERNAL_ERRORS, MEMBERS
from keytrail.endpoint import Endpoint


class _FailureBody(msgspec.Struct, forbid_unknown_fields=True, rename="pascal"):
    connection_error_code: ConnectionErrorCode | None


class _ComplaintBody(msgspec.Struct, forbid_unknown_fields=True, rename="pascal"):
    error: str | None
    cloud_hsm_cluster_id: str | None = None
    xks_proxy_uri_endpoint: str | None = None
    xks_proxy_vpc_endpoint_service_name: str | None = None
    xks_key_id: str | None = None

    def things(self) -> dict[str, str]:
        """What is named, by the members of KMS."""
        named = (
            self.cloud_hsm_cluster_id,
            self.xks_proxy_uri_endpoint,
            self.xks_proxy_vpc_endpoint_service_name,
            self.xks_key_id,
        )
        return {member: name for member, name in zip(MEMBERS, named, strict=True) if name is not None}


def custom_key_stores(
    api: Blueprint,
    endpoint: Endpoint,
    read: Callable[[Any, str], Any],
    answer: Callable[..., Response],
) -> None:
    """Add the routes to the control API; `read` decodes a request's body, `answer` makes a response."""

    @api.post("/custom-key-stores/<store_id>")
    def fail(store_id: str) -> Response:
        body: _FailureBody = read(_FailureBody, '{"ConnectionErrorCode": "USER_LOCKED_OUT"}, or null')
        stores, failure = endpoint.store.custom_key_stores, body.connection_error_code
        store = stores.get(store_id)
        if store is None:
            return answer(404, error=f"There is no custom key store {store_id}; CreateCustomKeyStore gives the id.")
        if failure is not None and failure not in ERROR_CODES[store.type]:
            choices = ", ".join(sorted(ERROR_CODES[store.type]))
            return answer(400, error=f"A store of {store.type} does not fail with {failure}; choose from {choices}.")
        stores.change(store_id, lambda newest: newest.fail_with(failure))
        return answer(CustomKeyStoreId=store_id, ConnectionErrorCode=failure)

    @api.post("/custom-key-stores")
    def complain() -> Response:
        body: _ComplaintBody = read(
            _ComplaintBody, '{"CloudHsmClusterId": "cluster-...", "Error": "CloudHsmClusterNotActiveException"}'
        )
        things = body.things()
        if len(things) != 1:
            return answer(400, error=f"Name exactly one thing, by one of {', '.join(MEMBERS)}.")
        ((member, name),) = things.items()
        choices = sorted(code for code, external_error in EXTERNAL_ERRORS.items() if external_error.member == member)
        if body.error is not None and body.error not in choices:
            return answer(400, error=f"Error: expected one of {', '.join(choices)}, or null; got {body.error!r}.")
        external_errors = endpoint.store.custom_key_stores.external_errors
        if body.error is None:
            external_errors.pop((member, name), None)
        else:
            external_errors[member, name] = body.error
        return answer(**{member: name}, Error=body.error)
