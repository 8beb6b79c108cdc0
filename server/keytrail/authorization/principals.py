"""The Principal and NotPrincipal elements of policy statements, and whether they name a caller.

Source: IAM User Guide, "IAM JSON policy elements: Principal", "NotPrincipal" and "Policy evaluation logic".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from keytrail.authorization.elements import malformed, read_texts
from keytrail.domain.principal import Principal
from keytrail.errors import InvalidArnException, MalformedPolicyDocumentException

_IAM_PRINCIPAL = re.compile(
    r"\*|[0-9]{12}|arn:aws[a-z-]*:(?:iam|sts)::[0-9]{12}:"
    r"(?:root|(?:user|role|assumed-role|federated-user)/[\w+=,.@/-]+)|A[A-Z0-9]{15,}"
)
_TYPES = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})


class PrincipalMatch(IntEnum):
    """How a statement names a caller. The greater the value, the fewer of the caller's own policies must allow too."""

    NONE = 0
    """Not at all."""
    ACCOUNT = 1
    """By its account: the account's identity policies must allow too."""
    ROLE = 2
    """By its session's role: the permissions boundary and session policies must allow too."""
    CALLER = 3
    """By itself (as this user, session, root or service) or as anybody: no other policy needs to allow."""


@dataclass(frozen=True, slots=True)
class Principals:
    """The Principal element of a statement, or its NotPrincipal element if `excluded`.

    A pattern is `*`, an account id, an ARN or a unique id; one of another type than AWS is `<type>:<text>`.
    """

    patterns: tuple[str, ...]
    excluded: bool

    def match(self, principal: Principal, *, denying: bool) -> PrincipalMatch:
        """How the statement names a caller; `denying`: whether the statement's effect is Deny."""
        matches = {_match(pattern, principal) for pattern in self.patterns} - {PrincipalMatch.NONE}
        if not self.excluded:
            return max(matches, default=PrincipalMatch.NONE)
        # NotPrincipal excepts a caller from a Deny only if it names its account, its role and the caller itself;
        # it excepts a caller from an Allow if it names any of them.
        excepted = matches >= _every_match(principal) or "*" in self.patterns if denying else bool(matches)
        return PrincipalMatch.NONE if excepted else PrincipalMatch.CALLER

    def names_account(self, account: str) -> bool:
        """Whether the statement names the account, or any principal in it."""
        return self.excluded or any(pattern == "*" or account in pattern for pattern in self.patterns)


def _every_match(principal: Principal) -> set[PrincipalMatch]:
    """The matches that a NotPrincipal needs to except a caller from a Deny."""
    if principal.kind in ("root", "service"):
        return {PrincipalMatch.CALLER}
    if principal.kind == "role":
        return {PrincipalMatch.ACCOUNT, PrincipalMatch.ROLE}
    return {PrincipalMatch.ACCOUNT, PrincipalMatch.CALLER} | (
        {PrincipalMatch.ROLE} if principal.role_arn is not None else set()
    )


def _match(pattern: str, principal: Principal) -> PrincipalMatch:
    if pattern == "*":
        return PrincipalMatch.CALLER
    if principal.kind == "service":
        return PrincipalMatch.CALLER if pattern == f"Service:{principal.name}" else PrincipalMatch.NONE
    role, root = principal.role_arn, f":iam::{principal.account}:root"
    if pattern == principal.account or (pattern.endswith(root) and pattern.startswith("arn:")):
        return PrincipalMatch.CALLER if principal.kind == "root" else PrincipalMatch.ACCOUNT
    unique_id = principal.principal_id.partition(":")[0] if pattern[0] == "A" else ""
    if role is not None and (pattern in (role, unique_id) or _same_role(pattern, principal)):
        return PrincipalMatch.ROLE
    return PrincipalMatch.CALLER if pattern in (principal.arn, unique_id) else PrincipalMatch.NONE


def _same_role(pattern: str, principal: Principal) -> bool:
    """Whether the pattern is the ARN of a session's role. Only the name is compared: a session's ARN lacks the path."""
    if principal.kind != "assumed-role":
        return False
    prefix, separator, path = pattern.partition(f":iam::{principal.account}:role/")
    return bool(separator) and prefix.startswith("arn:") and path.rpartition("/")[2] == principal.name.partition("/")[0]


def read_principals(statement: Mapping[str, object]) -> Principals:
    """The principals of a statement.

    Raises MalformedPolicyDocumentException or InvalidArnException.
    """
    excluded = "NotPrincipal" in statement
    if excluded == ("Principal" in statement):
        raise _invalid()
    return Principals(_read(statement["NotPrincipal" if excluded else "Principal"]), excluded)


def _read(principal: object) -> tuple[str, ...]:
    if principal == "*":
        return ("*",)
    if not isinstance(principal, Mapping) or not principal or not _TYPES.issuperset(principal):
        raise _invalid()
    patterns: list[str] = []
    for kind in principal:
        for text in read_texts(principal, kind):
            if kind != "AWS":
                patterns.append(f"{kind}:{text}")
            elif _IAM_PRINCIPAL.fullmatch(text):
                patterns.append(text)
            elif text.startswith("arn:"):
                raise InvalidArnException("An ARN in the specified key policy is invalid.")
            else:
                raise _invalid()
    return tuple(patterns)


def _invalid() -> MalformedPolicyDocumentException:
    return malformed("Policy contains a statement with one or more invalid principals.")
