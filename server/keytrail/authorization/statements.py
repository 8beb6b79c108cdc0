"""Reading the statements of policies of every type, with the checks that KMS and IAM make.

Source: IAM User Guide, "IAM JSON policy elements"; KMS Developer Guide, "Key policies"; the error messages as recorded.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from keytrail.authorization.conditions import Condition, Lookup, has_variable, read_conditions, with_variables
from keytrail.authorization.elements import malformed, read_texts
from keytrail.authorization.operators import Test, compile_pattern, like
from keytrail.authorization.principals import PrincipalMatch, Principals, read_principals
from keytrail.authorization.resource_control_policies import require_resource_control_statement
from keytrail.domain.key_policy import MAX_POLICY_SIZE
from keytrail.domain.principal import Principal
from keytrail.errors import LimitExceededException, MalformedPolicyDocumentException

_NOT_IN_KEY_POLICIES = ("aws:resourcetag", "kms:resourcetag", "kms:resourcealiases")
_NOT_FOR_ALL_VALUES = {"kms:encryptioncontext:": "encryption context", "aws:requesttag/": "tag"}
"""The beginnings of condition keys that ForAllValues must not be used with, and what the keys are about."""


class PolicyType(StrEnum):
    """The types of policies, as AWS's error messages call them."""

    KEY = "resource-based policy"
    TRUST = "role trust policy"
    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    SCP = "service control policy"
    RCP = "resource control policy"


_RESOURCE_POLICIES = frozenset({PolicyType.KEY, PolicyType.TRUST})
"""Policies of a resource: their statements name principals. Other policies belong to a principal and name resources.

A resource control policy names both, but as principal everybody.
"""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy."""

    sid: str | None
    position: int
    """Its index in the document, from 0."""
    allows: bool
    """Whether its effect is Allow; else it is Deny."""
    principals: Principals | None
    """None in a policy that belongs to a principal, or is about everybody."""
    actions: re.Pattern[str]
    excludes_actions: bool
    resources: tuple[str, ...]
    resource_test: Test | None
    """The test of a resource's ARN against `resources`; None if those have policy variables."""
    excludes_resources: bool
    condition: Condition | None

    def covers_action(self, action: str) -> bool:
        """Whether the statement covers an action, such as `kms:Decrypt`."""
        return (self.actions.fullmatch(action) is not None) != self.excludes_actions

    def match(self, principal: Principal) -> PrincipalMatch:
        """How the statement names the caller."""
        return (
            self.principals.match(principal, denying=not self.allows)
            if self.principals is not None
            else PrincipalMatch.CALLER
        )

    def names_account(self, account: str) -> bool:
        """Whether the statement names the account, or any principal in it."""
        return self.principals is None or self.principals.names_account(account)

    def covers_resource(self, resource: str, lookup: Lookup) -> bool:
        """Whether the statement covers a resource: an ARN, or `*` for an operation without one."""
        test = self.resource_test if self.resource_test is not None else like(with_variables(self.resources, lookup))
        return test(resource) != self.excludes_resources

    def holds(self, lookup: Lookup) -> bool:
        """Whether the statement's conditions hold."""
        return self.condition is None or self.condition(lookup)


def read_policy(document: str, policy_type: PolicyType = PolicyType.KEY) -> tuple[Statement, ...]:
    """The statements of a policy.

    Raises MalformedPolicyDocumentException, InvalidArnException or LimitExceededException, as KMS does for
    CreateKey and PutKeyPolicy.
    """
    if policy_type == PolicyType.KEY and len(document.encode()) > MAX_POLICY_SIZE:
        raise LimitExceededException(
            f"Key policy size limit is {MAX_POLICY_SIZE} bytes."  # unverified: the words; not in AWS's docs or issues
        )
    try:
        policy = json.loads(document)
    except (ValueError, RecursionError):
        raise MalformedPolicyDocumentException from None  # without a message, as reported of CreateKey
    if not isinstance(policy, Mapping):
        raise malformed("Policy is not a JSON object.")
    statements = policy.get("Statement")
    if isinstance(statements, Mapping):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise malformed("Policy contains no statement.")
    variables = policy.get("Version") == "2012-10-17"
    return tuple(_read(each, position, policy_type, variables=variables) for position, each in enumerate(statements))


def _read(statement: object, position: int, policy_type: PolicyType, *, variables: bool) -> Statement:
    if not isinstance(statement, Mapping):
        raise malformed("Policy contains a statement that is not a JSON object.")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise malformed("Policy contains a statement whose Effect is neither Allow nor Deny.")
    if policy_type is PolicyType.RCP:
        require_resource_control_statement(statement, position)
    actions = read_texts(statement, "Action", "NotAction")
    resources = _resources(statement, policy_type)
    block = statement.get("Condition", {})
    if not isinstance(block, Mapping):
        raise malformed("Policy contains a statement whose Condition is not a JSON object.")
    _check_condition_block(block, policy_type)
    try:
        condition = read_conditions(block, variables=variables)
    except ValueError as error:
        raise malformed(f"Policy contains {error}.") from None
    named = {"Principal", "NotPrincipal"} & statement.keys()
    if named and policy_type not in _RESOURCE_POLICIES | {PolicyType.RCP}:
        raise malformed(
            f"Policy contains a statement with a principal; a policy of this type ({policy_type}) has none."
        )
    sid = statement.get("Sid")
    return Statement(
        sid=sid if isinstance(sid, str) else None,
        position=position,
        allows=statement["Effect"] == "Allow",
        principals=read_principals(statement) if policy_type in _RESOURCE_POLICIES else None,
        actions=re.compile("|".join(compile_pattern(action).pattern for action in actions), re.IGNORECASE),
        excludes_actions="NotAction" in statement,
        resources=resources,
        resource_test=None if variables and has_variable(resources) else like(resources),
        excludes_resources="NotResource" in statement,
        condition=condition,
    )


def _resources(statement: Mapping[str, object], policy_type: PolicyType) -> tuple[str, ...]:
    if policy_type == PolicyType.TRUST:
        if {"Resource", "NotResource"} & statement.keys():
            raise malformed("Policy contains a statement with a resource, which a role trust policy has not.")
        return ("*",)
    resources = read_texts(statement, "Resource", "NotResource")
    if policy_type == PolicyType.KEY and (resources != ("*",) or "NotResource" in statement):
        raise malformed('Policy contains a statement whose Resource is not "*".')
    return resources


def _check_condition_block(block: Mapping[str, object], policy_type: PolicyType) -> None:
    for operator, keys in block.items():
        if not isinstance(keys, Mapping):
            raise malformed(f"Policy contains a condition {operator} that is not a JSON object.")
        if policy_type == PolicyType.KEY:
            _check_condition_keys(operator, keys)


def _check_condition_keys(operator: str, keys: Mapping[str, object]) -> None:
    for key in map(str.lower, keys):
        if key.startswith(_NOT_IN_KEY_POLICIES):
            raise MalformedPolicyDocumentException(
                "These condition keys are not permitted in a key policy: "
                "aws:ResourceTag, kms:ResourceTag, kms:ResourceAliases"
            )
        is_about = next((what for start, what in _NOT_FOR_ALL_VALUES.items() if key.startswith(start)), None)
        if is_about is not None and operator.lower().startswith("forallvalues:"):
            # unverified: `encryption context` or `tag`; the KMS Developer Guide prints "[encryption context or tag]"
            raise MalformedPolicyDocumentException(
                "OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key "
                f"matches requests without the specified {is_about} or with an unspecified {is_about}. "
                "To fix, remove ForAllValues."
            )
