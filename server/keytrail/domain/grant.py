"""Grants: who else may use a key, for which operations, under which constraints.

Source: KMS API Reference, CreateGrant, GrantListEntry, GrantConstraints; KMS Developer Guide, "Grants in AWS KMS".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from keytrail.domain.grant_constraints import Constraints
from keytrail.domain.principal import Principal
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
"""What a grant can allow."""

_GRANT_ID = re.compile(r"[0-9a-f]{64}")

_WITHOUT_CONTEXT = frozenset({"DescribeKey", "GetPublicKey", "RetireGrant"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A grant on one key; all that KMS knows of it but its tokens, of which every CreateGrant gives another."""

    grant_id: str
    """64 hex digits."""
    key_arn: str
    name: str
    """Empty if it has none."""
    creation_date: datetime
    issuing_account: str
    """The ARN of the root of the account that made it."""
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
        """What two requests of the same name must have in common to mean the same grant."""
        asked = self.constraints
        return (
            self.key_arn,
            self.name,
            self.issuing_account,
            frozenset(self.operations),
            self.grantee_principal,
            self.grantee_service_principal,
            self.retiring_principal,
            self.retiring_service_principal,
            _pairs(asked.encryption_context_subset),
            _pairs(asked.encryption_context_equals),
            asked.source_arn,
        )

    def may_be_retired_by(self, principal: Principal) -> bool:
        """Whether it is for the principal to retire: as the one named for that, as grantee, or as the issuer."""
        if principal.account == self.issuing_account.split(":")[4]:
            return True
        return self.names_for_retiring(principal) or any(
            arn is not None and _stands_for(principal, arn) for arn in self._retiring()
        )

    def names_for_retiring(self, principal: Principal) -> bool:
        """Whether the grant itself gives a user, role or service the right to retire it."""
        services = [self.retiring_service_principal]
        services += [self.grantee_service_principal] if "RetireGrant" in self.operations else []
        named = services if principal.kind == "service" else self._retiring()
        return any(arn is not None and arn in (principal.arn, principal.role_arn) for arn in named)

    def _retiring(self) -> list[str | None]:
        return [self.retiring_principal, self.grantee_principal if "RetireGrant" in self.operations else None]


def require_valid_grant(
    *,
    operations: Sequence[str],
    grantee_principal: str | None = None,
    grantee_service_principal: str | None = None,
    retiring_principal: str | None = None,
    retiring_service_principal: str | None = None,
    constraints: Constraints,
) -> None:
    """Refuse what no key can have: ValidationException, or InvalidArnException for a principal that is none."""
    if (grantee_principal is None) == (grantee_service_principal is None):
        # unverified: the words
        raise ValidationException("Specify exactly one of GranteePrincipal and GranteeServicePrincipal.")
    if retiring_principal is not None and retiring_service_principal is not None:
        # unverified: the words
        raise ValidationException("Specify at most one of RetiringPrincipal and RetiringServicePrincipal.")
    retiring = retiring_principal or retiring_service_principal
    if grantee_service_principal is not None and (constraints.source_arn is None or retiring is None):
        # unverified: the words
        raise ValidationException(
            "A grant with a GranteeServicePrincipal must have a SourceArn constraint and a retiring principal."
        )
    if not operations:
        raise ValidationException("Grants must contain at least one operation.")  # unverified: the words
    if set(operations) == {"CreateGrant"}:
        raise ValidationException("Grants must not contain only the CreateGrant operation.")
    constraints.require_valid()
    for arn in (grantee_principal, retiring_principal):
        if arn is not None:
            require_principal(arn)


def looks_at_context(operation: str) -> bool:
    """Whether a grant's constraints on the encryption context matter to an operation: others have no context."""
    return operation not in _WITHOUT_CONTEXT


def require_principal(arn: str) -> None:
    """Refuse what is no ARN of a root, user, role or session (InvalidArnException)."""
    try:
        Principal.from_arn(arn)
    except ValueError:
        raise InvalidArnException(f"ARN does not refer to a valid principal: {arn}") from None


def require_grant_id(text: str) -> None:
    """Refuse what has not the form of a grant id (InvalidGrantIdException)."""
    if not is_grant_id(text):
        raise InvalidGrantIdException(f"Invalid grant id '{text}'")  # unverified: the words


def is_grant_id(text: str) -> bool:
    """Whether a text has the form of a grant id: 64 hex digits."""
    return _GRANT_ID.fullmatch(text) is not None


def _pairs(context: Mapping[str, str] | None) -> frozenset[tuple[str, str]] | None:
    return frozenset(context.items()) if context is not None else None


def _stands_for(principal: Principal, arn: str) -> bool:
    """Whether a caller is the principal of an ARN; an account's root, and a caller not declared, is all of it."""
    other = Principal.from_arn(arn)
    if principal.account != other.account:
        return False
    return other.kind == "root" or not principal.declared or arn in (principal.arn, principal.role_arn)
