"""Principals of statements: read, and how they name a caller.

Source: IAM User Guide, "IAM JSON policy elements: Principal", "NotPrincipal" and "Policy evaluation logic".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from keytrail.authorization.texts import malformed, texts
from keytrail.domain.principal import Principal
from keytrail.errors import InvalidArnException, MalformedPolicyDocumentException

_IAM_PRINCIPAL = re.compile(
    r"\*|[0-9]{12}|arn:aws[a-z-]*:(?:iam|sts)::[0-9]{12}:"
    r"(?:root|(?:user|role|assumed-role|federated-user)/[\w+=,.@/-]+)|A[A-Z0-9]{15,}"
)
_TYPES = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})


class PrincipalMatch(IntEnum):
    """How a statement names a caller; the greater, the less its own policies have to say about an Allow."""

    NOT = 0
    ACCOUNT = 1
    """Its account, which leaves it to the account's identity policies."""
    ROLE = 2
    """The role of its session: permissions boundary and session policies still bound it."""
    ITSELF = 3
    """Itself: the user, the very session, the root, the service, or everybody."""


@dataclass(frozen=True, slots=True)
class Principals:
    """The Principal or NotPrincipal of a statement; of other types than AWS each has its type in front."""

    patterns: tuple[str, ...]
    excluded: bool

    def match(self, principal: Principal, *, denying: bool) -> PrincipalMatch:
        """How the statement names a caller; `denying` says whether its effect is Deny."""
        matches = {_match(pattern, principal) for pattern in self.patterns} - {PrincipalMatch.NOT}
        if not self.excluded:
            return max(matches, default=PrincipalMatch.NOT)
        # A Deny excepts a caller that is named in every way: account, role, and itself. An Allow keeps it out by any.
        excepted = matches >= _every_match(principal) or "*" in self.patterns if denying else bool(matches)
        return PrincipalMatch.NOT if excepted else PrincipalMatch.ITSELF

    def names_account(self, account: str) -> bool:
        """Whether anybody in the account is named."""
        return self.excluded or any(pattern == "*" or account in pattern for pattern in self.patterns)


def _every_match(principal: Principal) -> set[PrincipalMatch]:
    """The ways in which a NotPrincipal has to name a caller to except it from a Deny."""
    if principal.kind in ("root", "service"):
        return {PrincipalMatch.ITSELF}
    if principal.kind == "role":
        return {PrincipalMatch.ACCOUNT, PrincipalMatch.ROLE}
    return {PrincipalMatch.ACCOUNT, PrincipalMatch.ITSELF} | (
        {PrincipalMatch.ROLE} if principal.role_arn is not None else set()
    )


def _match(pattern: str, principal: Principal) -> PrincipalMatch:
    if pattern == "*":
        return PrincipalMatch.ITSELF
    if principal.kind == "service":
        return PrincipalMatch.ITSELF if pattern == f"Service:{principal.name}" else PrincipalMatch.NOT
    role, root = principal.role_arn, f":iam::{principal.account}:root"
    if pattern == principal.account or (pattern.endswith(root) and pattern.startswith("arn:")):
        return PrincipalMatch.ITSELF if principal.kind == "root" else PrincipalMatch.ACCOUNT
    unique_id = principal.principal_id.partition(":")[0] if pattern[0] == "A" else ""
    if role is not None and (pattern in (role, unique_id) or _same_role(pattern, principal)):
        return PrincipalMatch.ROLE
    return PrincipalMatch.ITSELF if pattern in (principal.arn, unique_id) else PrincipalMatch.NOT


def _same_role(pattern: str, principal: Principal) -> bool:
    """Whether the pattern is the ARN of a session's role; of the role's path a session does not tell."""
    if principal.kind != "assumed-role":
        return False
    beginning, found, path = pattern.partition(f":iam::{principal.account}:role/")
    return bool(found) and beginning.startswith("arn:") and path.rpartition("/")[2] == principal.name.partition("/")[0]


def read_principals(statement: Mapping[str, object]) -> Principals:
    """The principals of a statement; raises MalformedPolicyDocumentException or InvalidArnException."""
    excluded = "NotPrincipal" in statement
    if excluded == ("Principal" in statement):
        raise _invalid()
    return Principals(_read(statement["NotPrincipal" if excluded else "Principal"]), excluded)


def _read(principal: object) -> tuple[str, ...]:
    if principal == "*":
        return ("*",)
    if not isinstance(principal, Mapping) or not principal or not _TYPES.issuperset(principal):
        raise _invalid()
    found: list[str] = []
    for kind in principal:
        for text in texts(principal, kind):
            if kind != "AWS":
                found.append(f"{kind}:{text}")
            elif _IAM_PRINCIPAL.fullmatch(text):
                found.append(text)
            elif text.startswith("arn:"):
                raise InvalidArnException("An ARN in the specified key policy is invalid.")
            else:
                raise _invalid()
    return tuple(found)


def _invalid() -> MalformedPolicyDocumentException:
    return malformed("Policy contains a statement with one or more invalid principals.")
