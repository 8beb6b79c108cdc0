"""What backs custom key stores: clusters, proxies, VPC endpoint services and external keys, none of which is here.

Each of them is taken to be as it should, until somebody says what is wrong with it (the control API).
"""

from collections.abc import Mapping
from typing import NamedTuple

from keytrail import errors
from keytrail.errors import AwsError


class Complaint(NamedTuple):
    """What may be wrong with a thing: the member that names the thing, and the operations that meet it."""

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

COMPLAINTS: Mapping[str, Complaint] = {
    complaint.error.code: complaint
    for complaint in (
        Complaint(errors.CloudHsmClusterNotFoundException, _CLUSTER, _STORES),
        Complaint(errors.CloudHsmClusterNotActiveException, _CLUSTER, _STORES | _CONNECT),
        Complaint(errors.CloudHsmClusterInvalidConfigurationException, _CLUSTER, _STORES | _CONNECT | _KEY),
        Complaint(errors.IncorrectTrustAnchorException, _CLUSTER, _CREATE),
        Complaint(errors.CloudHsmClusterNotRelatedException, _CLUSTER, _UPDATE),
        Complaint(errors.XksProxyUriUnreachableException, _PROXY, _STORES),
        Complaint(errors.XksProxyIncorrectAuthenticationCredentialException, _PROXY, _STORES),
        Complaint(errors.XksProxyInvalidResponseException, _PROXY, _STORES),
        Complaint(errors.XksProxyInvalidConfigurationException, _PROXY, _STORES),
        Complaint(errors.XksProxyVpcEndpointServiceNotFoundException, _SERVICE, _STORES),
        Complaint(errors.XksProxyVpcEndpointServiceInvalidConfigurationException, _SERVICE, _STORES),
        Complaint(errors.XksKeyNotFoundException, _XKS_KEY, _KEY),
        Complaint(errors.XksKeyInvalidConfigurationException, _XKS_KEY, _KEY),
    )
}
"""By AWS's code. Source: KMS API Reference, "Errors" of each operation."""

MEMBERS = (_CLUSTER, _PROXY, _SERVICE, _XKS_KEY)
"""The members that name what backs a store."""

_WORDS: Mapping[str, str] = {
    _CLUSTER: "The AWS CloudHSM cluster",
    _PROXY: "The external key store proxy at",
    _SERVICE: "The VPC endpoint service",
    _XKS_KEY: "The external key",
}


def require_sound(complaints: Mapping[tuple[str, str], str], operation: str, **things: str | None) -> None:
    """Raise what is wrong with one of the things that an operation meets; each under its member's name.

    `complaints` are the codes of what is wrong, by member and name.
    """
    for member, name in things.items():
        code = complaints.get((member, name or ""))
        complaint = COMPLAINTS.get(code or "")
        if complaint is not None and operation in complaint.operations:
            raise complaint.error(f"{_WORDS[member]} {name} was refused.")  # unverified: the words
