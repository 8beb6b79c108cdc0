"""Every error that Keytrail answers with, under AWS's name.

A class has the code, the HTTP status and the spelling of the message member; who raises it gives the message.
Statuses are those that KMS sends (400 for almost every client error), not those in its model. Source: the KMS
API Reference, "Common Errors" and each operation's "Errors"; statuses and spellings as recorded from AWS.
"""

from typing import ClassVar


class AwsError(Exception):
    """An error to answer a request with.

    `code` is sent as `__type`. If `message` is None, the body has no message member, as with AWS's
    InvalidCiphertextException and a few others.
    """

    code: ClassVar[str]
    status: ClassVar[int] = 400
    message_member: ClassVar[str] = "message"
    trail_code: ClassVar[str]
    """CloudTrail's errorCode."""

    def __init_subclass__(cls) -> None:
        """Use the name of the class as the code."""
        cls.code = cls.__dict__.get("code", cls.__name__)
        cls.trail_code = cls.__dict__.get("trail_code", cls.code)

    def __init__(self, message: str | None = None) -> None:
        """Set the message; None: a body without a message member."""
        super().__init__(message)
        self.message = message


# Common errors, which AWS answers with before the service gets the call.


class UnknownOperationException(AwsError):
    """The X-Amz-Target is missing or names no operation."""


class SerializationException(AwsError):
    """The body is not a JSON object, or a member has the wrong JSON type."""

    # unverified: the spelling; Kinesis's (mhart/kinesalite, test/helpers.js), nothing of KMS's own was found
    message_member = "Message"


class RequestEntityTooLargeException(AwsError):
    """The body is larger than the setting `max_body`."""

    status = 413


class InvalidSignatureException(AwsError):
    """The credential scope or the signature is wrong."""


class MissingAuthenticationTokenException(AwsError):
    """The call is not signed."""


class IncompleteSignatureException(AwsError):
    """A part of the signature is missing, or the signature cannot be read."""


class UnrecognizedClientException(AwsError):
    """There is no such access key, or the session token is not that of its session."""


class ExpiredTokenException(AwsError):
    """The session has expired."""


class ValidationException(AwsError):
    """A constraint of the service model, or a rule of the operation, is violated."""


class AccessDeniedException(AwsError):
    """The caller is not allowed to do this."""

    message_member = "Message"
    trail_code = "AccessDenied"


class NotAuthorizedException(AwsError):
    """The alias has a reserved name."""


class ThrottlingException(AwsError):
    """A request quota is exceeded."""


class InternalFailure(AwsError):
    """A failure before the service got the call, or in a service that has no error of its own for failures."""

    status = 500


class ServiceUnavailable(AwsError):
    """The service cannot be reached at the moment."""

    status = 503


# The service's own errors, as declared by its model.


class AlreadyExistsException(AwsError):
    """The resource exists already."""


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
    """The custom key store still has keys."""


class CustomKeyStoreInvalidStateException(AwsError):
    """The custom key store's connection state does not allow the operation."""


class CustomKeyStoreNameInUseException(AwsError):
    """The custom key store's name is taken."""


class CustomKeyStoreNotFoundException(AwsError):
    """There is no such custom key store; AWS sends no message."""


class DependencyTimeoutException(AwsError):
    """A system that KMS depends on did not answer in time."""

    status = 503


class DisabledException(AwsError):
    """The key is disabled."""


class DryRunOperationException(AwsError):
    """The call would have succeeded."""


class ExpiredImportTokenException(AwsError):
    """The import token has expired."""


class IncorrectKeyException(AwsError):
    """The request names another key than the one that made the ciphertext."""


class IncorrectKeyMaterialException(AwsError):
    """The imported material is not the one expected."""


class IncorrectTrustAnchorException(AwsError):
    """The trust anchor certificate is not the cluster's."""


class InvalidAliasNameException(AwsError):
    """The alias name is not valid."""


class InvalidArnException(AwsError):
    """An ARN is malformed, or an alias is given where only a key is allowed."""


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
    """The marker is not from this list."""


class KMSInternalException(AwsError):
    """A failure inside KMS."""

    status = 500


class KMSInvalidMacException(AwsError):
    """The MAC does not verify; AWS sends no message."""


class KMSInvalidSignatureException(AwsError):
    """The signature does not verify; AWS sends no message."""


class KMSInvalidStateException(AwsError):
    """The key's state does not allow the operation."""


class KeyUnavailableException(AwsError):
    """The key cannot be reached at the moment."""

    status = 500


class LimitExceededException(AwsError):
    """A resource quota is exceeded."""


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
    """The external key store proxy sent an unexpected answer."""


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
    """MaxResults is out of its range."""


class InvalidNextTokenException(AwsError):
    """The token is not from this query."""


class InvalidTimeRangeException(AwsError):
    """The end time is before the start time."""


class OperationNotPermittedException(AwsError):
    """The operation is not permitted."""


class CloudTrailARNInvalidException(AwsError):
    """The ARN is not that of a trail."""


class InvalidTrailNameException(AwsError):
    """The name is none that a trail can have."""


class TrailNotFoundException(AwsError):
    """There is no such trail."""


# The errors of Account Management, as declared by its model.


class FieldValidationFailed(ValidationException):
    """A ValidationException that names the member that is wrong."""

    code = "ValidationException"

    def __init__(self, field: str, message: str) -> None:
        """Set the member and the message."""
        super().__init__(message)
        self.field = field


class InternalServerException(AwsError):
    """A failure inside Account Management."""

    status = 500


class TooManyRequestsException(AwsError):
    """A request quota of Account Management is exceeded."""

    status = 429


# EC2's own errors.


class UnknownParameter(AwsError):
    """A field of the request is no parameter of its operation."""


# STS's own errors.


class InvalidParameterValue(AwsError):
    """A session tag of STS, or a value for EC2, is not valid."""


class PackedPolicyTooLargeException(AwsError):
    """The session policies and tags are too large together."""
