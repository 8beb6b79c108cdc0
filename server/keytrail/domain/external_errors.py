"""External errors: what can go wrong outside KMS, in the things that custom key stores depend on.

These are clusters, proxies, VPC endpoint services and external keys. Keytrail has none of them. It takes each to be in
order, until a test sets an error for it through the control API.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from keytrail import errors
from keytrail.errors import AwsError


class ExternalError(NamedTuple):
    """An error class, and the member of requests that names the thing which causes the error."""

    error: type[AwsError]
    member: str


_CLUSTER, _PROXY = "CloudHsmClusterId", "XksProxyUriEndpoint"
_SERVICE, _XKS_KEY = "XksProxyVpcEndpointServiceName", "XksKeyId"

EXTERNAL_ERRORS: Mapping[str, ExternalError] = {
    external_error.error.code: external_error
    for external_error in (
        ExternalError(errors.CloudHsmClusterNotFoundException, _CLUSTER),
        ExternalError(errors.CloudHsmClusterNotActiveException, _CLUSTER),
        ExternalError(errors.CloudHsmClusterInvalidConfigurationException, _CLUSTER),
        ExternalError(errors.IncorrectTrustAnchorException, _CLUSTER),
        ExternalError(errors.CloudHsmClusterNotRelatedException, _CLUSTER),
        ExternalError(errors.XksProxyUriUnreachableException, _PROXY),
        ExternalError(errors.XksProxyIncorrectAuthenticationCredentialException, _PROXY),
        ExternalError(errors.XksProxyInvalidResponseException, _PROXY),
        ExternalError(errors.XksProxyInvalidConfigurationException, _PROXY),
        ExternalError(errors.XksProxyVpcEndpointServiceNotFoundException, _SERVICE),
        ExternalError(errors.XksProxyVpcEndpointServiceInvalidConfigurationException, _SERVICE),
        ExternalError(errors.XksKeyNotFoundException, _XKS_KEY),
        ExternalError(errors.XksKeyInvalidConfigurationException, _XKS_KEY),
    )
}
"""External errors by their codes. Source: KMS API Reference, "Errors" of each operation."""

MEMBERS = (_CLUSTER, _PROXY, _SERVICE, _XKS_KEY)
"""The members that name the things a custom key store depends on."""

_DESCRIPTIONS: Mapping[str, str] = {
    _CLUSTER: "The AWS CloudHSM cluster",
    _PROXY: "The external key store proxy at",
    _SERVICE: "The VPC endpoint service",
    _XKS_KEY: "The external key",
}


def raise_external_errors(
    external_errors: Mapping[tuple[str, str], str], declared: Collection[str], **names: str | None
) -> None:
    """Raise the first error that a test has set for one of these names, if the operation declares that error.

    `external_errors`: error codes that tests have set, by member and name. `declared`: the codes of the errors that the
    service model declares for the operation. `names`: the things that the operation depends on, by member.
    """
    for member, name in names.items():
        code = external_errors.get((member, name or ""), "")
        if code in declared and code in EXTERNAL_ERRORS:
            raise EXTERNAL_ERRORS[code].error(f"{_DESCRIPTIONS[member]} {name} was refused.")  # unverified: the words
