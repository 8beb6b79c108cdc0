"""A custom key store: what backs it, whether it is connected, and what that means for the keys in it.

Source: KMS API Reference, CustomKeyStoresListEntry and the operations on it; KMS Developer Guide, "Key stores".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from keytrail.domain.key import Key, KeyState, Origin
from keytrail.errors import CustomKeyStoreInvalidStateException

MAX_CUSTOM_KEY_STORES = 10
"""In an account and Region."""


class ConnectionState(StrEnum):
    """Whether a store is connected, as DescribeCustomKeyStores tells it."""

    CONNECTED = "CONNECTED"
    CONNECTING = "CONNECTING"
    FAILED = "FAILED"
    DISCONNECTED = "DISCONNECTED"
    DISCONNECTING = "DISCONNECTING"


class ConnectionErrorCode(StrEnum):
    """Why a store could not be connected."""

    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    CLUSTER_NOT_FOUND = "CLUSTER_NOT_FOUND"
    NETWORK_ERRORS = "NETWORK_ERRORS"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    INSUFFICIENT_CLOUDHSM_HSMS = "INSUFFICIENT_CLOUDHSM_HSMS"
    USER_LOCKED_OUT = "USER_LOCKED_OUT"
    USER_NOT_FOUND = "USER_NOT_FOUND"
    USER_LOGGED_IN = "USER_LOGGED_IN"
    SUBNET_NOT_FOUND = "SUBNET_NOT_FOUND"
    INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET = "INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET"
    XKS_PROXY_ACCESS_DENIED = "XKS_PROXY_ACCESS_DENIED"
    XKS_PROXY_NOT_REACHABLE = "XKS_PROXY_NOT_REACHABLE"
    XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND = "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND"
    XKS_PROXY_INVALID_RESPONSE = "XKS_PROXY_INVALID_RESPONSE"
    XKS_PROXY_INVALID_CONFIGURATION = "XKS_PROXY_INVALID_CONFIGURATION"
    XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION = "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION"
    XKS_PROXY_TIMED_OUT = "XKS_PROXY_TIMED_OUT"
    XKS_PROXY_INVALID_TLS_CONFIGURATION = "XKS_PROXY_INVALID_TLS_CONFIGURATION"


_OF_ALL_STORES = frozenset({ConnectionErrorCode.INTERNAL_ERROR, ConnectionErrorCode.NETWORK_ERRORS})
_OF_XKS = frozenset(code for code in ConnectionErrorCode if code.startswith("XKS_")) | {
    ConnectionErrorCode.INVALID_CREDENTIALS
}

ERROR_CODES: Mapping[Origin, frozenset[ConnectionErrorCode]] = {
    Origin.AWS_CLOUDHSM: frozenset(code for code in ConnectionErrorCode if not code.startswith("XKS_")),
    Origin.EXTERNAL_KEY_STORE: _OF_ALL_STORES | _OF_XKS,
}
"""The failures that a store of a type can meet."""

_C = ConnectionErrorCode
REMEDIES: Mapping[str, frozenset[ConnectionErrorCode]] = {
    "KeyStorePassword": frozenset({_C.INVALID_CREDENTIALS, _C.USER_LOCKED_OUT, _C.USER_NOT_FOUND, _C.USER_LOGGED_IN}),
    "CloudHsmClusterId": frozenset({_C.CLUSTER_NOT_FOUND}),
    "XksProxyAuthenticationCredential": frozenset({_C.INVALID_CREDENTIALS, _C.XKS_PROXY_ACCESS_DENIED}),
    "XksProxyUriEndpoint": frozenset(
        {_C.XKS_PROXY_NOT_REACHABLE, _C.XKS_PROXY_TIMED_OUT, _C.XKS_PROXY_INVALID_TLS_CONFIGURATION}
    ),
    "XksProxyUriPath": frozenset({_C.XKS_PROXY_NOT_REACHABLE, _C.XKS_PROXY_INVALID_CONFIGURATION}),
    "XksProxyVpcEndpointServiceName": frozenset(
        {_C.XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND, _C.XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION}
    ),
    "XksProxyVpcEndpointServiceOwner": frozenset({_C.XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND}),
}
"""The failures that a new value of a member of UpdateCustomKeyStore puts right.

Source: KMS Developer Guide, "Troubleshooting a custom key store".
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class XksProxy:
    """How an external key store reaches its external key manager."""

    connectivity: str
    access_key_id: str
    uri_endpoint: str
    uri_path: str
    vpc_endpoint_service_name: str | None = None
    vpc_endpoint_service_owner: str | None = None

    @property
    def is_public(self) -> bool:
        """Whether it is reached over the internet, and not through a VPC endpoint service."""
        return self.connectivity == "PUBLIC_ENDPOINT"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomKeyStore:
    """One custom key store. An AWS CloudHSM key store has a cluster and its certificate, an external one a proxy.

    `failure` is what its next attempts to connect will end in; `settles_at` is when it is no longer CONNECTING or
    DISCONNECTING. Of passwords and secrets nothing is kept, for nothing here is reached with them.
    """

    account: str
    region: str
    store_id: str
    name: str
    creation_date: datetime
    cluster_id: str | None = None
    trust_anchor_certificate: str | None = None
    proxy: XksProxy | None = None
    state: ConnectionState = ConnectionState.DISCONNECTED
    error_code: ConnectionErrorCode | None = None
    failure: ConnectionErrorCode | None = None
    settles_at: datetime | None = None

    @property
    def type(self) -> Origin:
        """Its CustomKeyStoreType, which is the Origin of its keys."""
        return Origin.AWS_CLOUDHSM if self.proxy is None else Origin.EXTERNAL_KEY_STORE

    @property
    def sort_key(self) -> str:
        """What lists are sorted by: the creation date, then the id."""
        return f"{self.creation_date.isoformat()}/{self.store_id}"

    @property
    def is_connected(self) -> bool:
        """Whether its keys can be used."""
        return self.state is ConnectionState.CONNECTED

    def require_state(self, *allowed: ConnectionState) -> None:
        """Raise CustomKeyStoreInvalidStateException unless the store is in one of these states."""
        if self.state not in allowed:
            # unverified: the words
            raise CustomKeyStoreInvalidStateException(
                f"The custom key store {self.store_id} is {self.state}; "
                f"this operation is valid only when it is {' or '.join(allowed)}."
            )

    def connect(self, now: datetime, takes: timedelta) -> "CustomKeyStore":
        """CONNECTING for as long as that takes; a store that is connected or about to be stays so."""
        self.require_state(ConnectionState.DISCONNECTED, ConnectionState.CONNECTING, ConnectionState.CONNECTED)
        if self.state is not ConnectionState.DISCONNECTED:
            return self
        return replace(self, state=ConnectionState.CONNECTING, settles_at=now + takes)

    def disconnect(self, now: datetime, takes: timedelta) -> "CustomKeyStore":
        """DISCONNECTING for as long as that takes."""
        self.require_state(ConnectionState.CONNECTED, ConnectionState.CONNECTING, ConnectionState.FAILED)
        return replace(self, state=ConnectionState.DISCONNECTING, error_code=None, settles_at=now + takes)

    def settle(self) -> "CustomKeyStore":
        """What a store that is CONNECTING or DISCONNECTING becomes."""
        if self.state is ConnectionState.DISCONNECTING:
            return replace(self, state=ConnectionState.DISCONNECTED, settles_at=None)
        if self.failure is not None:
            return replace(self, state=ConnectionState.FAILED, error_code=self.failure, settles_at=None)
        return replace(self, state=ConnectionState.CONNECTED, settles_at=None)

    def fail_with(self, failure: ConnectionErrorCode | None) -> "CustomKeyStore":
        """The store whose next attempts to connect end in this failure; None: they succeed."""
        return replace(self, failure=failure)

    def remedied_by(self, member: str) -> "CustomKeyStore":
        """The store once a member of UpdateCustomKeyStore has a new value: what that puts right is no failure now."""
        return replace(self, failure=None) if self.failure in REMEDIES.get(member, ()) else self

    def set_availability(self, key: Key) -> Key:
        """A key of the store as it is while the store is connected, or Unavailable while it is not.

        A key that is pending deletion stays so either way.
        """
        if self.is_connected and key.state is KeyState.UNAVAILABLE:
            return replace(key, state=key.becomes or KeyState.ENABLED, becomes=None)
        if not self.is_connected and key.state in (KeyState.ENABLED, KeyState.DISABLED):
            return replace(key, state=KeyState.UNAVAILABLE, becomes=key.state)
        return key
