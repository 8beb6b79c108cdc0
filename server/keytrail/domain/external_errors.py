"""What backs custom key stores: clusters, proxies, VPC endpoint services and external keys, none of which is here.

Each of them is taken to be as it should, until somebody says what is wrong with it (the control API).
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from keytrail import errors
from keytrail.errors import AwsError


class ExternalError(NamedTuple):
    """What may be wrong with such a thing, and the member that names the thing."""

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
"""By AWS's code. Source: KMS API Reference, "Errors" of each operation."""

MEMBERS = (_CLUSTER, _PROXY, _SERVICE, _XKS_KEY)
"""The members that name what backs a store."""

_WORDS: Mapping[str, str] = {
    _CLUSTER: "The AWS CloudHSM cluster",
    _PROXY: "The external key store proxy at",
    _SERVICE: "The VPC endpoint service",
    _XKS_KEY: "The external key",
}


def raise_external_errors(
    external_errors: Mapping[tuple[str, str], str], declared: Collection[str], **things: str | None
) -> None:
    """Raise what is wrong with one of the things that an operation meets, if it declares that error.

    `external_errors` are the codes of what is wrong, by member and name; `declared` are the codes of the operation's
    errors in the service model; each of the `things` stands under its member's name.
    """
    for member, name in things.items():
        code = external_errors.get((member, name or ""), "")
        if code in declared and code in EXTERNAL_ERRORS:
            raise EXTERNAL_ERRORS[code].error(f"{_WORDS[member]} {name} was refused.")  # unverified: the words
