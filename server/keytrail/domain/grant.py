"""Grants: which principal may use a key, for which operations, under which constraints.

Source: KMS API Reference, CreateGrant, GrantListEntry, GrantConstraints; KMS Developer Guide, "Grants in AWS KMS".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from keytrail.domain.grant_constraints import Constraints
from keytrail.domain.principal import Principal, is_unique_id
from keytrail.errors import InvalidArnException, InvalidGrantIdException, ValidationException

MAX_GRANTS_PER_KEY = 50_000

GrantOperation = Literal[
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "Sign",
    "Verify",
    "GetPublicKey",
    "CreateGrant",
    "RetireGrant",
    "DescribeKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateMac",
    "VerifyMac",
    "DeriveSharedSecret",
    "Encapsulate",
    "Decapsulate",
]
"""The operations that a grant can allow."""

_GRANT_ID = re.compile(r"[0-9a-f]{64}")

_WITHOUT_CONTEXT = frozenset({"DescribeKey", "GetPublicKey", "RetireGrant"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A grant on one key, without its tokens: each CreateGrant returns another token for the same grant."""

    grant_id: str
    """64 hex digits."""
    key_arn: str
    name: str
    """Empty if the grant has no name."""
    creation_date: datetime
    issuing_account: str
    """The root ARN of the account that created the grant."""
    operations: tuple[str, ...]
    grantee_principal: str | None = None
    grantee_service_principal: str | None = None
    retiring_principal: str | None = None
    retiring_service_principal: str | None = None
    constraints: Constraints = field(default_factory=Constraints)

    @property
    def account(self) -> str:
        """The account of the key."""
        return self.key_arn.split(":", 5)[4]

    @property
    def region(self) -> str:
        """The Region of the key."""
        return self.key_arn.split(":", 5)[3]

    @property
    def sort_key(self) -> str:
        """What lists are sorted by: the creation date, then the grant id. Also the grant's id in the store."""
        return f"{self.creation_date:%Y%m%d%H%M%S%f}/{self.grant_id}"

    @property
    def parameters(self) -> tuple[object, ...]:
        """Two CreateGrant requests with the same name mean the same grant if these are equal."""
        constraints = self.constraints
        return (
            self.key_arn,
            self.name,
            self.issuing_account,
            frozenset(self.operations),
            self.grantee_principal,
            self.grantee_service_principal,
            self.retiring_principal,
            self.retiring_service_principal,
            _pairs(constraints.encryption_context_subset),
            _pairs(constraints.encryption_context_equals),
            constraints.source_arn,
        )

    @property
    def retiring_principals(self) -> tuple[str | None, str | None]:
        """The ARNs that the grant lets retire it: its retiring principal, and its grantee if it may RetireGrant."""
        return self.retiring_principal, self.grantee_principal if "RetireGrant" in self.operations else None

    @property
    def retiring_services(self) -> tuple[str | None, str | None]:
        """The same, of the service principals."""
        return (
            self.retiring_service_principal,
            self.grantee_service_principal if "RetireGrant" in self.operations else None,
        )


def require_valid_grant(
    *,
    operations: Sequence[str],
    grantee_principal: str | None = None,
    grantee_service_principal: str | None = None,
    retiring_principal: str | None = None,
    retiring_service_principal: str | None = None,
    constraints: Constraints,
) -> None:
    """Raise ValidationException (InvalidArnException for a malformed principal) unless a key can have the grant."""
    if (grantee_principal is None) == (grantee_service_principal is None):
        # unverified: the words; not in AWS's docs, recordings or issues
        raise ValidationException("Specify exactly one of GranteePrincipal and GranteeServicePrincipal.")
    if retiring_principal is not None and retiring_service_principal is not None:
        # unverified: the words; not in AWS's docs, recordings or issues
        raise ValidationException("Specify at most one of RetiringPrincipal and RetiringServicePrincipal.")
    retiring = retiring_principal or retiring_service_principal
    if grantee_service_principal is not None and (constraints.source_arn is None or retiring is None):
        # unverified: the words; not in AWS's docs, recordings or issues
        raise ValidationException(
            "A grant with a GranteeServicePrincipal must have a SourceArn constraint and a retiring principal."
        )
    if not operations:
        # unverified: the words; not in AWS's docs, recordings or issues
        raise ValidationException("Grants must contain at least one operation.")
    if set(operations) == {"CreateGrant"}:
        raise ValidationException("Grants must not contain only the CreateGrant operation.")
    constraints.require_valid()
    for arn in (grantee_principal, retiring_principal):
        if arn is not None:
            require_principal(arn)


def has_encryption_context(operation: str) -> bool:
    """Whether an operation of a grant has an encryption context, to which the grant's constraints apply."""
    return operation not in _WITHOUT_CONTEXT


def require_principal(text: str) -> None:
    """Raise InvalidArnException unless the text is the ARN of a root, user, role or session, or IAM's unique id."""
    if is_unique_id(text):
        return
    try:
        principal = Principal.from_arn(text)
    except ValueError:
        raise no_principal(text) from None
    if principal.kind == "assumed-role" and principal.name.count("/") != 1:  # a session's ARN has no path
        raise InvalidArnException(f"ARN is not valid: {text}")


def no_principal(arn: str) -> InvalidArnException:
    """The error for an ARN that is not that of a principal, or of one that does not exist."""
    return InvalidArnException(f"ARN does not refer to a valid principal: {arn}")


def require_grant_id(text: str) -> None:
    """Raise InvalidGrantIdException unless the text has the form of a grant id."""
    if not is_grant_id(text):
        # unverified: the words; not in AWS's docs, recordings or issues
        raise InvalidGrantIdException(f"Invalid grant id '{text}'")


def is_grant_id(text: str) -> bool:
    """Whether a text has the form of a grant id: 64 hex digits."""
    return _GRANT_ID.fullmatch(text) is not None


def _pairs(context: Mapping[str, str] | None) -> frozenset[tuple[str, str]] | None:
    return frozenset(context.items()) if context is not None else None
