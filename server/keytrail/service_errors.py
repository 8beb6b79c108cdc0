"""The errors that only services other than KMS answer with, under AWS's names, as those in keytrail.errors."""

from keytrail.errors import AwsError, ValidationException

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


# The Resource Groups Tagging API's errors, as declared by its model.


class ConcurrentModificationException(AwsError):
    """A report is being made already."""

    message_member = "Message"


class ConstraintViolationException(AwsError):
    """A condition for using tag policies is not met."""

    message_member = "Message"


class InternalServiceException(AwsError):
    """A failure inside the service."""

    status = 500
    message_member = "Message"


class InvalidParameterException(AwsError):
    """A parameter is missing, malformed, or does not go with another one."""

    message_member = "Message"


class PaginationTokenExpiredException(AwsError):
    """The pagination token is older than 15 minutes."""

    message_member = "Message"


class ThrottledException(AwsError):
    """There are too many requests."""

    message_member = "Message"


# STS's own errors.


class InvalidParameterValue(AwsError):
    """A session tag of STS, or a value for EC2, is not valid."""


class PackedPolicyTooLargeException(AwsError):
    """The session policies and tags are too large together."""
