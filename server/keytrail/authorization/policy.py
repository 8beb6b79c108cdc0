"""Key policy documents: read, checked as KMS checks them, and matched against a caller and an action.

Source: IAM User Guide, "IAM JSON policy elements"; KMS Developer Guide, "Key policies"; the texts as recorded.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from keytrail.authorization.conditions import Conditions, Lookup, hold, read_conditions
from keytrail.authorization.operators import wildcards
from keytrail.domain.key_policy import MAX_POLICY_SIZE
from keytrail.domain.principal import Principal
from keytrail.errors import InvalidArnException, LimitExceededException, MalformedPolicyDocumentException

_IAM_PRINCIPAL = re.compile(
    r"\*|[0-9]{12}|arn:aws[a-z-]*:(?:iam|sts)::[0-9]{12}:"
    r"(?:root|(?:user|role|assumed-role|federated-user)/[\w+=,.@/-]+)|A[A-Z0-9]{15,}"
)
_PRINCIPAL_TYPES = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})

_NOT_IN_KEY_POLICIES = ("aws:resourcetag", "kms:resourcetag", "kms:resourcealiases")
_NOT_FOR_ALL_VALUES = ("kms:encryptioncontext:", "aws:requesttag/")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its effect on which principals and which actions."""

    allows: bool
    principals: tuple[str, ...]
    excludes_principals: bool
    actions: re.Pattern[str]
    excludes_actions: bool
    conditions: Conditions

    def covers_action(self, action: str) -> bool:
        """Whether the statement is about this action, such as `kms:Decrypt`."""
        return (self.actions.fullmatch(action) is not None) != self.excludes_actions

    def names(self, principal: Principal) -> bool:
        """Whether the statement names the caller: itself, its role, its account, or everybody."""
        named = any(_names(pattern, principal) for pattern in self.principals)
        return named != self.excludes_principals

    def applies(self, principal: Principal, action: str, lookup: Lookup) -> bool:
        """Whether the statement speaks of this request."""
        return self.covers_action(action) and self.names(principal) and hold(self.conditions, lookup)

    def names_account(self, account: str) -> bool:
        """Whether the statement names anybody in the account."""
        named = any(pattern == "*" or account in pattern for pattern in self.principals)
        return named or self.excludes_principals


def _names(pattern: str, principal: Principal) -> bool:
    if pattern in ("*", principal.account, principal.arn, principal.role_arn):
        return True
    return pattern.startswith("arn:") and pattern.endswith(f":iam::{principal.account}:root")


@lru_cache(maxsize=1024)
def read_policy(document: str) -> tuple[Statement, ...]:
    """The statements of a key policy.

    Raises MalformedPolicyDocumentException, InvalidArnException or LimitExceededException, as KMS does for
    CreateKey and PutKeyPolicy.
    """
    if len(document.encode()) > MAX_POLICY_SIZE:
        raise LimitExceededException(
            f"Key policy size limit is {MAX_POLICY_SIZE} bytes."  # unverified: the words
        )
    try:
        policy = json.loads(document)
    except (ValueError, RecursionError):
        raise _malformed("Policy is not a well-formed JSON document.") from None
    if not isinstance(policy, Mapping):
        raise _malformed("Policy is not a JSON object.")
    statements = policy.get("Statement")
    if isinstance(statements, Mapping):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise _malformed("Policy contains no statement.")
    variables = policy.get("Version") == "2012-10-17"
    return tuple(_read_statement(statement, variables=variables) for statement in statements)


def _read_statement(statement: object, *, variables: bool) -> Statement:
    if not isinstance(statement, Mapping):
        raise _malformed("Policy contains a statement that is not a JSON object.")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise _malformed("Policy contains a statement whose Effect is neither Allow nor Deny.")
    actions = _texts(statement, "Action", "NotAction")
    if _texts(statement, "Resource", "NotResource") != ("*",):
        raise _malformed('Policy contains a statement whose Resource is not "*".')
    condition = statement.get("Condition", {})
    if not isinstance(condition, Mapping):
        raise _malformed("Policy contains a statement whose Condition is not a JSON object.")
    _check_condition(condition)
    try:
        conditions = read_conditions(condition, variables=variables)
    except ValueError as error:
        raise _malformed(f"Policy contains {error}.") from None
    negated = "NotPrincipal" in statement
    if negated == ("Principal" in statement):
        raise _malformed("Policy contains a statement with one or more invalid principals.")
    return Statement(
        allows=statement["Effect"] == "Allow",
        principals=_read_principals(statement["NotPrincipal" if negated else "Principal"]),
        excludes_principals=negated,
        actions=re.compile("|".join(wildcards(action).pattern for action in actions), re.IGNORECASE),
        excludes_actions="NotAction" in statement,
        conditions=conditions,
    )


def _check_condition(condition: Mapping[str, object]) -> None:
    for operator, keys in condition.items():
        if not isinstance(keys, Mapping):
            raise _malformed(f"Policy contains a condition {operator} that is not a JSON object.")
        for key in map(str.lower, keys):
            if key.startswith(_NOT_IN_KEY_POLICIES):
                raise MalformedPolicyDocumentException(
                    "These condition keys are not permitted in a key policy: "
                    "aws:ResourceTag, kms:ResourceTag, kms:ResourceAliases"
                )
            if operator.lower().startswith("forallvalues:") and key.startswith(_NOT_FOR_ALL_VALUES):
                # unverified: what stands between the first word and the last sentence
                raise MalformedPolicyDocumentException(
                    f"OverlyPermissiveCondition: {operator} with {key} also holds for a request without the key. "
                    "To fix, remove ForAllValues."
                )


def _read_principals(principal: object) -> tuple[str, ...]:
    if principal == "*":
        return ("*",)
    invalid = _malformed("Policy contains a statement with one or more invalid principals.")
    if not isinstance(principal, Mapping) or not principal or not _PRINCIPAL_TYPES.issuperset(principal):
        raise invalid
    found: list[str] = []
    for kind in principal:
        for text in _texts(principal, kind):
            if kind != "AWS":
                found.append(f"{kind}:{text}")
            elif _IAM_PRINCIPAL.fullmatch(text):
                found.append(text)
            elif text.startswith("arn:"):
                raise InvalidArnException("An ARN in the specified key policy is invalid.")
            else:
                raise invalid
    return tuple(found)


def _texts(members: Mapping[str, object], *names: str) -> tuple[str, ...]:
    present = [name for name in names if name in members]
    if len(present) != 1:
        raise _malformed(f"Policy contains a statement without exactly one of {' and '.join(names)}.")
    value = members[present[0]]
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise _malformed(f"Policy contains a statement whose {present[0]} is no text and no list of texts.")
    return tuple(texts)


def _malformed(words: str) -> MalformedPolicyDocumentException:
    # unverified: AWS's words for a broken document are not known, but for the invalid principals.
    return MalformedPolicyDocumentException(words)


def denies(document: str, principal: Principal, action: str, lookup: Lookup) -> bool:
    """Whether a key policy denies the caller the action: a Deny that names it and whose conditions hold."""
    return any(not s.allows and s.applies(principal, action, lookup) for s in read_policy(document))


def allows(document: str, principal: Principal, action: str, lookup: Lookup) -> bool:
    """Whether a key policy itself lets the caller do the action: an Allow whose conditions hold, and no Deny."""
    applying = [s.allows for s in read_policy(document) if s.applies(principal, action, lookup)]
    return bool(applying) and all(applying)


def keeps_control(document: str, principal: Principal, account: str) -> bool:
    """Whether somebody can still change the policy: the caller, or, for an undeclared one, its account."""
    put = [s for s in read_policy(document) if s.covers_action("kms:PutKeyPolicy")]
    if any(not s.allows and not s.conditions and s.names(principal) for s in put):
        return False
    if principal.declared:
        return any(s.allows and s.names(principal) for s in put)
    return any(s.allows and s.names_account(account) for s in put)
