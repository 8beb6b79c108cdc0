"""AWS managed keys are created when somebody first describes them. Source: KMS API Reference, DescribeKey."""

from contextlib import suppress
from datetime import datetime

from keytrail.domain import aws_managed_key
from keytrail.domain.arn import KeyIdentifier
from keytrail.errors import AlreadyExistsException
from keytrail.store.store import Store


def ensure_aws_managed_key(store: Store, name: KeyIdentifier, now: datetime) -> None:
    """Create the AWS managed key that an alias names. Does nothing if it exists, or if no service has this alias."""
    service = aws_managed_key.service_of(name.alias)
    if service is None or store.newest.named(name) is not None:
        return
    key, alias = aws_managed_key.make(name.account, name.region, service, now, now)
    with suppress(AlreadyExistsException):  # another thread was faster
        store.add([key], aliases=[alias], counted=False)
