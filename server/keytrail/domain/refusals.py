"""Errors that several modules raise, so that each message is written only once."""

from keytrail.errors import (
    AlreadyExistsException,
    LimitExceededException,
    NotFoundException,
    UnsupportedOperationException,
)


def key_not_found(arn: str) -> NotFoundException:
    """There is no key with this ARN."""
    return NotFoundException(f"Key '{arn}' does not exist")


def key_exists(arn: str) -> AlreadyExistsException:
    """A key with this ARN exists already. Keytrail's own: only seeds choose the ids of keys."""
    return AlreadyExistsException(f"Key '{arn}' already exists")


def grant_not_found(grant_id: str) -> NotFoundException:
    """The key has no grant with this id."""
    # unverified: the words; AWS's docs, recordings and issues have only the code
    return NotFoundException(f"Grant '{grant_id}' does not exist")


def key_quota_exceeded(limit: int, usage: int) -> LimitExceededException:
    """The account has as many keys in this Region as it may have."""
    return LimitExceededException(
        f"Key quota for this account in this region is {limit} but the current usage is {usage}."
    )


def resource_quota_exceeded(quota: str, limit: int, usage: int) -> LimitExceededException:
    """There would be too many of another resource; `quota` begins the sentence: `Aliases per key`."""
    # unverified: the words for grants and custom key stores; not in AWS's docs, recordings or issues
    return LimitExceededException(
        f"{quota} quota for this account in this region is {limit}, current usage is {usage}."
    )


def wrong_origin(arn: str, origin: str) -> UnsupportedOperationException:
    """The operation does not work for keys of this Origin."""
    return UnsupportedOperationException(f"{arn} origin is {origin} which is not valid for this operation.")


def not_a_primary_key(arn: str) -> UnsupportedOperationException:
    """The operation works only for multi-Region primary keys."""
    return UnsupportedOperationException(f"{arn} is not a multi-region primary key.")


def not_valid_for_a_replica(arn: str, operation: str) -> UnsupportedOperationException:
    """The operation does not work for multi-Region replica keys."""
    return UnsupportedOperationException(f"{arn} is a multi-region replica key which is not valid for {operation}.")


def no_cryptography(spec: str) -> UnsupportedOperationException:
    """Keytrail's own error: it has no cryptography for keys of this KeySpec."""
    return UnsupportedOperationException(f"Keytrail has no cryptography for keys of KeySpec {spec}.")
