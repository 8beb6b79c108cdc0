"""Custom key stores: what they depend on, whether they are connected, and how that changes the keys in them.

Source: KMS API Reference, CustomKeyStoresListEntry and the operations on it; KMS Developer Guide, "Key stores".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from keytrail.domain.key import NO_PROXY, Key, KeyState, Origin
from keytrail.errors import CustomKeyStoreInvalidStateException

MAX_CUSTOM_KEY_STORES = 10
"""For one account in one Region."""


class ConnectionState(StrEnum):
    """Whether a store is connected: the ConnectionState of DescribeCustomKeyStores."""

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


_CODES_OF_BOTH_TYPES = frozenset({ConnectionErrorCode.INTERNAL_ERROR, ConnectionErrorCode.NETWORK_ERRORS})
_CODES_OF_XKS = frozenset(code for code in ConnectionErrorCode if code.startswith("XKS_")) | {
    ConnectionErrorCode.INVALID_CREDENTIALS
}

ERROR_CODES: Mapping[Origin, frozenset[ConnectionErrorCode]] = {
    Origin.AWS_CLOUDHSM: frozenset(code for code in ConnectionErrorCode if not code.startswith("XKS_")),
    Origin.EXTERNAL_KEY_STORE: _CODES_OF_BOTH_TYPES | _CODES_OF_XKS,
}
"""The ConnectionErrorCodes that are possible, by the type of the store."""

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
"""The failures that end when UpdateCustomKeyStore changes a member, by that member.

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
        """Whether KMS reaches the proxy over the internet; otherwise it does so through a VPC endpoint service."""
        return self.connectivity == "PUBLIC_ENDPOINT"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomKeyStore:
    """One custom key store.

    An AWS CloudHSM key store has `cluster_id` and `trust_anchor_certificate`, an external key store has `proxy`.
    `failure` is the error of the next attempts to connect; None: they succeed. `settles_at` is the moment at which
    CONNECTING or DISCONNECTING ends. Passwords and secrets are not stored, because nothing here needs them.
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
        """The CustomKeyStoreType, which is also the Origin of the store's keys."""
        return Origin.AWS_CLOUDHSM if self.proxy is None else Origin.EXTERNAL_KEY_STORE

    @property
    def sort_key(self) -> str:
        """What lists are sorted by: the creation date, then the id."""
        return f"{self.creation_date.isoformat()}/{self.store_id}"

    @property
    def is_connected(self) -> bool:
        """Whether the store is connected, so that its keys can be used."""
        return self.state is ConnectionState.CONNECTED

    def require_state(self, *allowed: ConnectionState) -> None:
        """Raise CustomKeyStoreInvalidStateException unless the store is in one of these states."""
        if self.state not in allowed:
            # unverified: the words; not in AWS's docs, recordings or issues
            raise CustomKeyStoreInvalidStateException(
                f"The custom key store {self.store_id} is {self.state}; "
                f"this operation is valid only when it is {' or '.join(allowed)}."
            )

    def require_connected(self) -> None:
        """Raise CustomKeyStoreInvalidStateException unless the store is connected, so that it takes new keys."""
        if self.proxy is not None and not self.is_connected:
            raise CustomKeyStoreInvalidStateException(NO_PROXY)
        self.require_state(ConnectionState.CONNECTED)

    def connect(self, now: datetime, duration: timedelta) -> "CustomKeyStore":
        """The store after ConnectCustomKeyStore: CONNECTING for this duration.

        A store that is CONNECTED or CONNECTING does not change. Raises CustomKeyStoreInvalidStateException.
        """
        self.require_state(ConnectionState.DISCONNECTED, ConnectionState.CONNECTING, ConnectionState.CONNECTED)
        if self.state is not ConnectionState.DISCONNECTED:
            return self
        return replace(self, state=ConnectionState.CONNECTING, settles_at=now + duration)

    def disconnect(self, now: datetime, duration: timedelta) -> "CustomKeyStore":
        """The store after DisconnectCustomKeyStore: DISCONNECTING for this duration.

        Raises CustomKeyStoreInvalidStateException.
        """
        self.require_state(ConnectionState.CONNECTED, ConnectionState.CONNECTING, ConnectionState.FAILED)
        return replace(self, state=ConnectionState.DISCONNECTING, error_code=None, settles_at=now + duration)

    def settle(self) -> "CustomKeyStore":
        """The store when CONNECTING or DISCONNECTING has ended: CONNECTED, FAILED or DISCONNECTED."""
        if self.state is ConnectionState.DISCONNECTING:
            return replace(self, state=ConnectionState.DISCONNECTED, settles_at=None)
        if self.failure is not None:
            return replace(self, state=ConnectionState.FAILED, error_code=self.failure, settles_at=None)
        return replace(self, state=ConnectionState.CONNECTED, settles_at=None)

    def fail_with(self, failure: ConnectionErrorCode | None) -> "CustomKeyStore":
        """The store with the failure of its next attempts to connect; None: they will succeed."""
        return replace(self, failure=failure)

    def remedied_by(self, member: str) -> "CustomKeyStore":
        """The store after UpdateCustomKeyStore changed this member, without a failure that the change remedies."""
        return replace(self, failure=None) if self.failure in REMEDIES.get(member, ()) else self

    def set_availability(self, key: Key) -> Key:
        """The key in its own state if the store is connected, else in state Unavailable.

        A key that is pending deletion does not change.
        """
        if self.is_connected and key.state is KeyState.UNAVAILABLE:
            return replace(key, state=key.next_state or KeyState.ENABLED, next_state=None)
        if not self.is_connected and key.state in (KeyState.ENABLED, KeyState.DISABLED):
            return replace(key, state=KeyState.UNAVAILABLE, next_state=key.state)
        return key
