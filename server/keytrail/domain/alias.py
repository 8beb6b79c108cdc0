"""Aliases: names that an account gives to its keys. Source: KMS API Reference, CreateAlias and UpdateAlias."""

from dataclasses import dataclass, replace
from datetime import datetime

from keytrail.domain.arn import ALIAS_PREFIX, alias_arn, key_arn
from keytrail.errors import (
    InvalidAliasNameException,
    NotAuthorizedException,
    NotFoundException,
    ValidationException,
)

MAX_ALIASES_PER_KEY = 50
RESERVED_PREFIX = "alias/aws/"


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias of one account and Region; `name` includes `alias/`."""

    account: str
    region: str
    name: str
    target_key_id: str
    creation_date: datetime
    last_updated_date: datetime

    @property
    def arn(self) -> str:
        """The alias's ARN."""
        return alias_arn(self.region, self.account, self.name)

    @property
    def target_arn(self) -> str:
        """The ARN of the key to which the alias points."""
        return key_arn(self.region, self.account, self.target_key_id)

    def point_to(self, key_id: str, now: datetime) -> "Alias":
        """The alias after UpdateAlias."""
        return replace(self, target_key_id=key_id, last_updated_date=now)


def alias_not_found(arn: str) -> NotFoundException:
    """The error for an alias that does not exist, in AWS's words."""
    return NotFoundException(f"Alias {arn} is not found.")


def require_alias_name(name: str) -> None:
    """Raise unless a customer may give this name to an alias.

    Raises ValidationException (prefix, characters), InvalidAliasNameException (nothing after the prefix) or
    NotAuthorizedException (`alias/aws/` is reserved for AWS).
    """
    if not name.startswith(ALIAS_PREFIX):
        raise ValidationException(
            'Alias must start with the prefix "alias/". Please see '
            "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
        )
    if ":" in name:
        raise ValidationException(f"{name} contains invalid characters for an alias")
    if name == ALIAS_PREFIX:
        # unverified: code and text for a bare prefix; not in AWS's docs, recordings or issues
        raise InvalidAliasNameException
    if name.startswith(RESERVED_PREFIX):
        raise NotAuthorizedException
