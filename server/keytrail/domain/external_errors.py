"""External errors: what can go wrong outside KMS, in the things that custom key stores depend on.

These are clusters, proxies, VPC endpoint services and external keys. Keytrail has none of them. It takes each to be in
order, until a test sets an error for it through the control API.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from keytrail import errors
from keytrail.errors import AwsError


class ExternalError(NamedTuple):
    """An error class, the member of requests that names the thing which causes the error, and AWS's words.

    `message` is of the error itself; None if AWS prints none. `in_use` is of the CustomKeyStoreInvalidStateException or
    KMSInvalidStateException that using the thing brings; None if it can be used all the same.
    """

    error: type[AwsError]
    member: str
    message: str | None = None
    in_use: str | None = None


_CLUSTER, _PROXY = "CloudHsmClusterId", "XksProxyUriEndpoint"
_SERVICE, _XKS_KEY = "XksProxyVpcEndpointServiceName", "XksKeyId"

_NO_CLUSTER = "KMS cannot communicate with your CloudHSM cluster"
_NO_CONNECTION = (
    "AWS KMS cannot communicate with the external key store proxy. This might be a transient network issue. If you see "
    "this error repeatedly, verify that your external key store proxy is active and is connected to the network, and "
    "that its endpoint URI is correct in your external key store."
)
_NOT_AUTHENTICATED = (
    "The external key store proxy rejected the request because it could not authenticate AWS KMS. Verify the XKS proxy "
    "authentication credentials for your external key store and update if necessary."
)
_BAD_RESPONSE = (
    "AWS KMS cannot interpret the response from the external key store proxy. If you see this error repeatedly, report "
    "it to your external key store proxy administrator."
)
_BAD_PATH = (
    "The external key store proxy rejected the request because of an invalid URI path. Verify the URI path for your "
    "external key store and update if necessary."
)
_NO_KEY = (
    "The external key associated with this KMS key in an external key store was not found in its external key manager. "
    "If the external key ID associated with this KMS key is incorrect, create a new KMS key with the correct external "
    "key ID."
)
_DISABLED = "The status of the external key must be ENABLED. The status of specified external key is DISABLED."
_NOT_ENABLED = (
    "The external key associated with this KMS key in an external key store is not enabled in the external key "
    "manager. Enable the external key in the external key manager and retry the request."
)

EXTERNAL_ERRORS: Mapping[str, ExternalError] = {
    external_error.error.code: external_error
    for external_error in (
        ExternalError(errors.CloudHsmClusterNotFoundException, _CLUSTER, in_use=_NO_CLUSTER),
        ExternalError(errors.CloudHsmClusterNotActiveException, _CLUSTER, in_use=_NO_CLUSTER),
        ExternalError(errors.CloudHsmClusterInvalidConfigurationException, _CLUSTER),
        ExternalError(errors.IncorrectTrustAnchorException, _CLUSTER),
        ExternalError(errors.CloudHsmClusterNotRelatedException, _CLUSTER),
        ExternalError(errors.XksProxyUriUnreachableException, _PROXY, _NO_CONNECTION, _NO_CONNECTION),
        ExternalError(
            errors.XksProxyIncorrectAuthenticationCredentialException, _PROXY, _NOT_AUTHENTICATED, _NOT_AUTHENTICATED
        ),
        ExternalError(errors.XksProxyInvalidResponseException, _PROXY, _BAD_RESPONSE, _BAD_RESPONSE),
        ExternalError(errors.XksProxyInvalidConfigurationException, _PROXY, _BAD_PATH, _BAD_PATH),
        ExternalError(errors.XksProxyVpcEndpointServiceNotFoundException, _SERVICE),
        ExternalError(errors.XksProxyVpcEndpointServiceInvalidConfigurationException, _SERVICE),
        ExternalError(errors.XksKeyNotFoundException, _XKS_KEY, _NO_KEY, _NO_KEY),
        ExternalError(errors.XksKeyInvalidConfigurationException, _XKS_KEY, _DISABLED, _NOT_ENABLED),
    )
}
"""External errors by their codes.

Source: KMS API Reference, "Errors" of each operation; the words from the XKS proxy API specification, "Error codes",
and the KMS Developer Guide, "Troubleshooting" of custom key stores. An error with several causes has the words of one.
"""

MEMBERS = (_CLUSTER, _PROXY, _SERVICE, _XKS_KEY)
"""The members that name the things a custom key store depends on."""


def errors_of(member: str) -> list[str]:
    """The codes of the errors that a thing which is named by this member can have."""
    return sorted(code for code, external_error in EXTERNAL_ERRORS.items() if external_error.member == member)


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
            # unverified: the words where AWS has printed none; not in AWS's docs, recordings or issues
            words = EXTERNAL_ERRORS[code].message or f"{_DESCRIPTIONS[member]} {name} was refused."
            raise EXTERNAL_ERRORS[code].error(words)


def raise_failure_in_use(
    external_errors: Mapping[tuple[str, str], str], error: type[AwsError], **names: str | None
) -> None:
    """Raise `error` if a test has set an error for one of these names that shows when the thing is used.

    `external_errors` and `names` are those of `raise_external_errors`.
    """
    for member, name in names.items():
        code = external_errors.get((member, name or ""), "")
        if code in EXTERNAL_ERRORS and (words := EXTERNAL_ERRORS[code].in_use) is not None:
            raise error(words)
