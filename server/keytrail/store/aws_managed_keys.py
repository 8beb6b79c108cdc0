"""AWS managed keys come into being when somebody first asks for one of them. Source: KMS API Reference, DescribeKey."""

from contextlib import suppress
from datetime import datetime

from keytrail.domain import aws_managed_key
from keytrail.domain.arn import KeyIdentifier
from keytrail.errors import AlreadyExistsException
from keytrail.store.store import Store


def bring_into_being(store: Store, name: KeyIdentifier, now: datetime) -> None:
    """Make the AWS managed key that an alias stands for, unless it is there or the alias is a customer's."""
    service = aws_managed_key.service_of(name.alias)
    if service is None or store.newest.named(name) is not None:
        return
    key, alias = aws_managed_key.create(name.account, name.region, service, now, now)
    with suppress(AlreadyExistsException):  # somebody else asked at the same moment
        store.add([key], aliases=[alias], counted=False)
