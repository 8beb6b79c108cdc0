"""What goes wrong outside KMS, in what custom key stores depend on.

These are clusters, proxies, VPC endpoint services and external keys, none of which is here: each is taken to be as it
should, until a test says by the control API what is wrong with it.
"""

from collections.abc import Mapping
from typing import NamedTuple

from keytrail import errors
from keytrail.errors import AwsError


class ExternalError(NamedTuple):
    """An error outside KMS: the member that names what has gone wrong, and the operations that fail by it."""

    error: type[AwsError]
    member: str
    operations: frozenset[str]


_STORES = frozenset({"CreateCustomKeyStore", "UpdateCustomKeyStore"})
_CREATE = frozenset({"CreateCustomKeyStore"})
_UPDATE = frozenset({"UpdateCustomKeyStore"})
_CONNECT = frozenset({"ConnectCustomKeyStore"})
_KEY = frozenset({"CreateKey"})

_CLUSTER, _PROXY = "CloudHsmClusterId", "XksProxyUriEndpoint"
_SERVICE, _XKS_KEY = "XksProxyVpcEndpointServiceName", "XksKeyId"

EXTERNAL_ERRORS: Mapping[str, ExternalError] = {
    external_error.error.code: external_error
    for external_error in (
        ExternalError(errors.CloudHsmClusterNotFoundException, _CLUSTER, _STORES),
        ExternalError(errors.CloudHsmClusterNotActiveException, _CLUSTER, _STORES | _CONNECT),
        ExternalError(errors.CloudHsmClusterInvalidConfigurationException, _CLUSTER, _STORES | _CONNECT | _KEY),
        ExternalError(errors.IncorrectTrustAnchorException, _CLUSTER, _CREATE),
        ExternalError(errors.CloudHsmClusterNotRelatedException, _CLUSTER, _UPDATE),
        ExternalError(errors.XksProxyUriUnreachableException, _PROXY, _STORES),
        ExternalError(errors.XksProxyIncorrectAuthenticationCredentialException, _PROXY, _STORES),
        ExternalError(errors.XksProxyInvalidResponseException, _PROXY, _STORES),
        ExternalError(errors.XksProxyInvalidConfigurationException, _PROXY, _STORES),
        ExternalError(errors.XksProxyVpcEndpointServiceNotFoundException, _SERVICE, _STORES),
        ExternalError(errors.XksProxyVpcEndpointServiceInvalidConfigurationException, _SERVICE, _STORES),
        ExternalError(errors.XksKeyNotFoundException, _XKS_KEY, _KEY),
        ExternalError(errors.XksKeyInvalidConfigurationException, _XKS_KEY, _KEY),
    )
}
"""By their codes. Source: KMS API Reference, "Errors" of each operation."""

MEMBERS = (_CLUSTER, _PROXY, _SERVICE, _XKS_KEY)
"""The members that name what a custom key store depends on."""

_DESCRIPTIONS: Mapping[str, str] = {
    _CLUSTER: "The AWS CloudHSM cluster",
    _PROXY: "The external key store proxy at",
    _SERVICE: "The VPC endpoint service",
    _XKS_KEY: "The external key",
}


def raise_external_errors(external_errors: Mapping[tuple[str, str], str], operation: str, **names: str | None) -> None:
    """Raise the error of the first of the names with which something is wrong, if the operation fails by that.

    `names`: what the operation depends on, by member. `external_errors`: the codes of what is wrong, by member and
    name.
    """
    for member, name in names.items():
        code = external_errors.get((member, name or ""))
        external_error = EXTERNAL_ERRORS.get(code or "")
        if external_error is not None and operation in external_error.operations:
            raise external_error.error(f"{_DESCRIPTIONS[member]} {name} was refused.")  # unverified: the words
