"""Every error that Keytrail puts on the wire, under AWS's name.

The class fixes the code, the HTTP status and the spelling of the message member; the raise gives the words.
Statuses are what KMS really sends (400 for every client error), not what its model claims. Source: the KMS
API Reference, "Common Errors" and each operation's "Errors"; statuses and spellings as recorded from AWS.
"""

from typing import ClassVar


class AwsError(Exception):
    """An answer that is an error.

    `code` goes out as `__type`; `message` is left out of the body when it is None, as AWS does for
    InvalidCiphertextException and a few others.
    """

    code: ClassVar[str]
    status: ClassVar[int] = 400
    message_member: ClassVar[str] = "message"
    trail_code: ClassVar[str]
    """What CloudTrail shows as errorCode."""

    def __init_subclass__(cls) -> None:
        """Take AWS's code from the name of the class."""
        cls.code = cls.__name__
        cls.trail_code = cls.__dict__.get("trail_code", cls.__name__)

    def __init__(self, message: str | None = None) -> None:
        """Keep the words; None means a body without a message member."""
        super().__init__(message)
        self.message = message


# Front end: what AWS answers before the service sees the call.


class UnknownOperationException(AwsError):
    """The X-Amz-Target is missing or names nothing; also every path and method but POST /."""

    status = 404


class SerializationException(AwsError):
    """The body is no JSON object, or a member has the wrong JSON type."""


class RequestEntityTooLargeException(AwsError):
    """The body is larger than the endpoint takes."""

    status = 413


class InvalidSignatureException(AwsError):
    """The credential scope or the signature is wrong."""


class MissingAuthenticationTokenException(AwsError):
    """The call is not signed."""


class IncompleteSignatureException(AwsError):
    """A part of the signature is missing, or none of it can be read."""


class UnrecognizedClientException(AwsError):
    """There is no such access key, or the session token is not that of its session."""


class ExpiredTokenException(AwsError):
    """The session is over."""


class ValidationException(AwsError):
    """A constraint of the service model, or a rule of the operation, is violated."""


class AccessDeniedException(AwsError):
    """The caller may not."""

    message_member = "Message"
    trail_code = "AccessDenied"


class NotAuthorizedException(AwsError):
    """A reserved alias was named."""


class ThrottlingException(AwsError):
    """Too many calls."""


class InternalFailure(AwsError):
    """Something failed before the service saw the call, or in a service without an error of its own for that."""

    status = 500


class ServiceUnavailable(AwsError):
    """The service cannot be reached just now."""

    status = 503


# The service's own errors, as declared by its model.


class AlreadyExistsException(AwsError):
    """The resource exists."""


class CloudHsmClusterInUseException(AwsError):
    """The CloudHSM cluster already backs a custom key store."""


class CloudHsmClusterInvalidConfigurationException(AwsError):
    """The CloudHSM cluster does not meet the requirements."""


class CloudHsmClusterNotActiveException(AwsError):
    """The CloudHSM cluster is not active."""


class CloudHsmClusterNotFoundException(AwsError):
    """There is no such CloudHSM cluster."""


class CloudHsmClusterNotRelatedException(AwsError):
    """The CloudHSM cluster shares no backup history with the old one."""


class ConflictException(AwsError):
    """An automatic rotation is in progress."""


class CustomKeyStoreHasCMKsException(AwsError):
    """The custom key store still holds keys."""


class CustomKeyStoreInvalidStateException(AwsError):
    """The custom key store's connection state forbids it."""


class CustomKeyStoreNameInUseException(AwsError):
    """The custom key store's name is taken."""


class CustomKeyStoreNotFoundException(AwsError):
    """There is no such custom key store; AWS sends no message."""


class DependencyTimeoutException(AwsError):
    """A backend did not answer in time."""

    status = 503


class DisabledException(AwsError):
    """The key is disabled."""


class DryRunOperationException(AwsError):
    """The call would have succeeded."""


class ExpiredImportTokenException(AwsError):
    """The import token has expired."""


class IncorrectKeyException(AwsError):
    """The key named is not the one that made the ciphertext."""


class IncorrectKeyMaterialException(AwsError):
    """The imported material is not the one expected."""


class IncorrectTrustAnchorException(AwsError):
    """The trust anchor certificate is not the cluster's."""


class InvalidAliasNameException(AwsError):
    """The alias name is not valid."""


class InvalidArnException(AwsError):
    """An ARN is malformed, or an alias stands where only a key may."""


class InvalidCiphertextException(AwsError):
    """The ciphertext is not authentic under this key and context; AWS sends no message."""


class InvalidGrantIdException(AwsError):
    """The grant id is not valid."""


class InvalidGrantTokenException(AwsError):
    """The grant token is not valid."""


class InvalidImportTokenException(AwsError):
    """The import token belongs to another key."""


class InvalidKeyUsageException(AwsError):
    """The key's usage or spec does not fit the operation."""


class InvalidMarkerException(AwsError):
    """The marker is not one that this list gave out."""


class KMSInternalException(AwsError):
    """Something failed inside."""

    status = 500


class KMSInvalidMacException(AwsError):
    """The MAC does not verify; AWS sends no message."""


class KMSInvalidSignatureException(AwsError):
    """The signature does not verify; AWS sends no message."""


class KMSInvalidStateException(AwsError):
    """The key's state forbids it."""


class KeyUnavailableException(AwsError):
    """The key cannot be reached just now."""

    status = 500


class LimitExceededException(AwsError):
    """A quota is used up."""


class MalformedPolicyDocumentException(AwsError):
    """The key policy is not well formed, or locks everybody out."""


class NotFoundException(AwsError):
    """There is no such key, alias or grant."""


class TagException(AwsError):
    """A tag is not valid."""


class UnsupportedOperationException(AwsError):
    """The key does not support the operation; AWS often sends no message."""


class XksKeyAlreadyInUseException(AwsError):
    """The external key already backs a KMS key."""


class XksKeyInvalidConfigurationException(AwsError):
    """The external key does not meet the requirements."""


class XksKeyNotFoundException(AwsError):
    """There is no such external key."""


class XksProxyIncorrectAuthenticationCredentialException(AwsError):
    """The external key store proxy refuses the credential."""


class XksProxyInvalidConfigurationException(AwsError):
    """The external key store proxy's configuration is not valid."""


class XksProxyInvalidResponseException(AwsError):
    """The external key store proxy answered something unexpected."""


class XksProxyUriEndpointInUseException(AwsError):
    """The proxy URI endpoint already serves another store."""


class XksProxyUriInUseException(AwsError):
    """The proxy URI already serves another store."""


class XksProxyUriUnreachableException(AwsError):
    """The proxy URI cannot be reached."""


class XksProxyVpcEndpointServiceInUseException(AwsError):
    """The VPC endpoint service already serves another store."""


class XksProxyVpcEndpointServiceInvalidConfigurationException(AwsError):
    """The VPC endpoint service's configuration is not valid."""


class XksProxyVpcEndpointServiceNotFoundException(AwsError):
    """There is no such VPC endpoint service."""


# CloudTrail's errors, as declared by its model.


class InvalidEventCategoryException(AwsError):
    """There is no such category of events."""


class InvalidLookupAttributesException(AwsError):
    """A lookup attribute is wrong, or there are too many."""


class InvalidMaxResultsException(AwsError):
    """The size of a page is out of its range."""


class InvalidNextTokenException(AwsError):
    """The token is none that this query gave out."""


class InvalidTimeRangeException(AwsError):
    """The range of time ends before it begins."""


class OperationNotPermittedException(AwsError):
    """The operation is not permitted."""


# STS's own errors, as declared by its model.


class PackedPolicyTooLargeException(AwsError):
    """The session policies and tags are too large together."""
