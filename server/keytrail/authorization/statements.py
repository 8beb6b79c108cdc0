"""Reading the statements of policies of every type, with the checks that KMS and IAM make.

Source: IAM User Guide, "IAM JSON policy elements"; KMS Developer Guide, "Key policies"; the error messages as recorded.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keytrail.authorization.conditions import (
    Condition,
    Lookup,
    has_variable,
    read_conditions,
    resources_with_variables,
)
from keytrail.authorization.elements import PolicyProblem, read_texts
from keytrail.authorization.grammar import NEWEST_VERSION, read_document
from keytrail.authorization.operators import Test, compile_pattern, like
from keytrail.authorization.policy_types import PolicyType
from keytrail.authorization.principals import PrincipalMatch, Principals, read_principals
from keytrail.domain.key_policy import MAX_POLICY_SIZE
from keytrail.domain.principal import Principal
from keytrail.errors import LimitExceededException

_NOT_IN_KEY_POLICIES = ("aws:resourcetag", "kms:resourcetag", "kms:resourcealiases")
_NOT_FOR_ALL_VALUES = {"kms:encryptioncontext:": "encryption context", "aws:requesttag/": "tag"}
"""The beginnings of condition keys that ForAllValues must not be used with, and what the keys are about."""


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

    def match(self, principal: Principal, role_arn: str | None, *, bounded: bool) -> PrincipalMatch:
        """How the statement names the caller; `role_arn` and `bounded` are as in `Principals.match`."""
        return (
            self.principals.match(principal, role_arn, denying=not self.allows, bounded=bounded)
            if self.principals is not None
            else PrincipalMatch.CALLER
        )

    def named_principals(self) -> tuple[str, ...]:
        """The ARNs and unique ids of the users, roles and sessions that the statement names."""
        return self.principals.of_iam() if self.principals is not None else ()

    def names_account(self, account: str) -> bool:
        """Whether the statement names the account, or any principal in it."""
        return self.principals is None or self.principals.names_account(account)

    def covers_resource(self, resource: str, lookup: Lookup) -> bool:
        """Whether the statement covers a resource: an ARN, or `*` for an operation without one."""
        test = self.resource_test or like(resources_with_variables(self.resources, lookup))
        return test(resource) != self.excludes_resources

    def holds(self, lookup: Lookup) -> bool:
        """Whether the statement's conditions hold."""
        return self.condition is None or self.condition(lookup)


def read_policy(document: str, policy_type: PolicyType = PolicyType.KEY) -> tuple[Statement, ...]:
    """The statements of a policy; raises PolicyProblem for a document that AWS refuses."""
    if policy_type == PolicyType.KEY and len(document.encode()) > MAX_POLICY_SIZE:
        # unverified: the words; not in AWS's docs or issues
        words = f"Key policy size limit is {MAX_POLICY_SIZE} bytes."
        raise PolicyProblem("it is longer", words, of_kms=True, error=LimitExceededException)
    version, statements = read_document(document, policy_type)
    read = []
    for position, (place, statement) in enumerate(statements):
        try:
            read.append(_read(statement, position, policy_type, variables=version == NEWEST_VERSION))
        except PolicyProblem as problem:
            raise problem.within(place) from None
    return tuple(read)


def _read(statement: Mapping[str, Any], position: int, policy_type: PolicyType, *, variables: bool) -> Statement:
    actions = _texts(statement, "Action")
    resources = _resources(statement, policy_type)
    return Statement(
        sid=statement.get("Sid"),
        position=position,
        allows=statement["Effect"] == "Allow",
        principals=read_principals(statement) if policy_type in _RESOURCE_POLICIES else None,
        actions=re.compile("|".join(compile_pattern(action).pattern for action in actions), re.IGNORECASE),
        excludes_actions="NotAction" in statement,
        resources=resources,
        resource_test=None if variables and has_variable(resources) else like(resources),
        excludes_resources="NotResource" in statement,
        condition=_condition(statement.get("Condition", {}), policy_type, variables=variables),
    )


def _texts(statement: Mapping[str, Any], name: str) -> tuple[str, ...]:
    name = name if name in statement else f"Not{name}"
    return read_texts(statement[name], name)


def _resources(statement: Mapping[str, Any], policy_type: PolicyType) -> tuple[str, ...]:
    if policy_type == PolicyType.TRUST:
        return ("*",)
    resources = _texts(statement, "Resource")
    if policy_type == PolicyType.KEY and (resources != ("*",) or "NotResource" in statement):
        # unverified: the words; AWS's notice of 2025-08 says only that it is refused
        raise PolicyProblem('in a key policy it is "*", which is the key', "Resource is not valid.", place="Resource")
    return resources


def _condition(block: object, policy_type: PolicyType, *, variables: bool) -> Condition | None:
    try:
        if not isinstance(block, Mapping):
            raise PolicyProblem("expected a JSON object of operators and conditions")
        condition = read_conditions(block, variables=variables)
        if policy_type == PolicyType.KEY:
            for operator, keys in block.items():
                _check_condition_keys(operator, keys)
    except PolicyProblem as problem:
        raise problem.within("Condition") from None
    return condition


def _check_condition_keys(operator: str, keys: Mapping[str, object]) -> None:
    """Raise PolicyProblem for condition keys that KMS does not take in key policies, or not with the operator."""
    for key in map(str.lower, keys):
        if key.startswith(_NOT_IN_KEY_POLICIES):
            words = (
                "These condition keys are not permitted in a key policy: "
                "aws:ResourceTag, kms:ResourceTag, kms:ResourceAliases"
            )
            raise PolicyProblem("use it in the policies of identities", words, place=f"{operator}.{key}", of_kms=True)
        is_about = next((what for start, what in _NOT_FOR_ALL_VALUES.items() if key.startswith(start)), None)
        if is_about is not None and operator.lower().startswith("forallvalues:"):
            # unverified: `encryption context` or `tag`; the KMS Developer Guide prints "[encryption context or tag]"
            words = (
                "OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key "
                f"matches requests without the specified {is_about} or with an unspecified {is_about}. "
                "To fix, remove ForAllValues."
            )
            raise PolicyProblem("leave ForAllValues out", words, place=operator, of_kms=True)
