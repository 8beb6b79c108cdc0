"""The Principal and NotPrincipal elements of policy statements, and whether they name a caller.

Source: IAM User Guide, "IAM JSON policy elements: Principal", "NotPrincipal" and "Policy evaluation logic".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from keytrail.authorization.elements import INVALID_PRINCIPALS, PolicyProblem, read_texts
from keytrail.domain.principal import Principal, is_service_name
from keytrail.errors import InvalidArnException

_IAM_PRINCIPAL = re.compile(
    r"\*|[0-9]{12}|arn:aws[a-z-]*:(?:iam|sts)::[0-9]{12}:"
    r"(?:root|(?:user|role|assumed-role|federated-user)/[\w+=,.@/-]+)|A[A-Z0-9]{15,}"
)
_IAM_IDENTITY = re.compile(r"A[A-Z0-9]{15,}$|arn:[a-z-]+:(?:iam|sts)::[0-9]{12}:(?!root$)")
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

    def match(self, principal: Principal, role_arn: str | None, *, denying: bool, bounded: bool) -> PrincipalMatch:
        """How the statement names a caller; `denying`: whether the statement's effect is Deny.

        `role_arn` is the ARN of the caller's role; None if it has none, or if the role's path is not known. `bounded`:
        whether the caller has a permissions boundary; then NotPrincipal excepts it from no Deny.
        """
        matches = {_match(pattern, principal, role_arn) for pattern in self.patterns} - {PrincipalMatch.NONE}
        if not self.excluded:
            return max(matches, default=PrincipalMatch.NONE)
        # NotPrincipal excepts a caller from a Deny only if it names its account, its role and the caller itself;
        # it excepts a caller from an Allow if it names any of them.
        whole = matches >= _every_match(principal) or "*" in self.patterns
        excepted = whole and not bounded if denying else bool(matches)
        return PrincipalMatch.NONE if excepted else PrincipalMatch.CALLER

    def of_iam(self) -> tuple[str, ...]:
        """The patterns that are the ARN or the unique id of a user, a role or a session."""
        return tuple(pattern for pattern in self.patterns if _IAM_IDENTITY.match(pattern))

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


def _match(pattern: str, principal: Principal, role_arn: str | None) -> PrincipalMatch:
    if pattern == "*":
        return PrincipalMatch.CALLER
    if principal.kind == "service":
        return PrincipalMatch.CALLER if pattern == f"Service:{principal.name}" else PrincipalMatch.NONE
    root = f":iam::{principal.account}:root"
    if pattern == principal.account or (pattern.endswith(root) and pattern.startswith("arn:")):
        return PrincipalMatch.CALLER if principal.kind == "root" else PrincipalMatch.ACCOUNT
    if principal.role_arn is None:
        return PrincipalMatch.CALLER if pattern in (principal.arn, principal.unique_id) else PrincipalMatch.NONE
    if is_role(pattern, principal, role_arn):
        return PrincipalMatch.ROLE
    return PrincipalMatch.CALLER if pattern == principal.arn else PrincipalMatch.NONE


def is_role(pattern: str, principal: Principal, role_arn: str | None) -> bool:
    """Whether the pattern is the ARN or the unique id of the caller's role.

    Where the role's path is not known, for a session's ARN lacks it, only the name is compared.
    """
    role_arn = role_arn or (principal.arn if principal.kind == "role" else None)
    if role_arn is not None:
        return pattern == role_arn or (pattern[0] == "A" and pattern == Principal.from_arn(role_arn).unique_id)
    if pattern == principal.unique_id:
        return True
    prefix, separator, path = pattern.partition(f":iam::{principal.account}:role/")
    return bool(separator) and prefix.startswith("arn:") and path.rpartition("/")[2] == principal.name.partition("/")[0]


def read_principals(statement: Mapping[str, object]) -> Principals:
    """The principals of a statement, which has a Principal or a NotPrincipal; raises PolicyProblem."""
    excluded = "NotPrincipal" in statement
    name = "NotPrincipal" if excluded else "Principal"
    try:
        return Principals(_read(statement[name]), excluded)
    except PolicyProblem as problem:
        raise problem.within(name) from None


def _read(principal: object) -> tuple[str, ...]:
    if principal == "*":
        return ("*",)
    if not isinstance(principal, Mapping) or not principal or not _TYPES.issuperset(principal):
        raise _invalid(f'expected "*" or an object of {", ".join(sorted(_TYPES))}, got {principal!r}')
    patterns: list[str] = []
    for kind in principal:
        texts = read_texts(principal[kind], kind)
        if not texts:
            raise _invalid("the list is empty", kind)
        for text in texts:
            _require(kind, text)
            patterns.append(text if kind == "AWS" else f"{kind}:{text}")
    return tuple(patterns)


def _require(kind: str, text: str) -> None:
    if kind == "AWS" and not _IAM_PRINCIPAL.fullmatch(text):
        detail = f"expected *, an account, or the ARN of a root, user, role or session; got {text!r}"
        if text.startswith("arn:"):
            words = "An ARN in the specified key policy is invalid."
            raise PolicyProblem(detail, words, place=kind, of_kms=True, error=InvalidArnException)
        raise _invalid(detail, kind)
    if kind == "Service" and not is_service_name(text):
        raise _invalid(f"expected the name of a service such as s3.amazonaws.com, got {text!r}", kind)
    if not text:
        raise _invalid("expected a text that is not empty", kind)


def _invalid(detail: str, place: str = "") -> PolicyProblem:
    return PolicyProblem(detail, INVALID_PRINCIPALS, place=place, of_kms=True)
