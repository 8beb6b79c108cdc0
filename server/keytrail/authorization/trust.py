"""Role trust policies: who may assume a role.

Source: IAM User Guide, "Roles terms and concepts" and "How to use trust policies with IAM roles"; STS API Reference,
"AssumeRole"; the error messages as reported.
"""

import json
from collections.abc import Mapping
from typing import Any

from keytrail.authorization.evaluation import Question, Verdict
from keytrail.authorization.policy import Policy, PolicyType
from keytrail.authorization.refusals import explicit_deny
from keytrail.domain.identity import Identity
from keytrail.domain.principal import Principal
from keytrail.errors import AccessDeniedException


def trust_policy(role: Identity | None, role_arn: str, principal: Principal, *, strict: bool) -> Policy:
    """The trust policy that decides whether a caller may assume a role; `role` is None if no seed declares it.

    It need not be the policy of the seed: a caller that is not declared stands for anybody in its account.
    """
    text = role.trust_policy if role is not None else None
    if text is None:
        text = _default_trust_policy(principal.account, strict=strict)
    elif not (principal.declared or strict):
        text = _widen(text, principal.account)
    return Policy(PolicyType.TRUST, role_arn, text)


def trust_refusal(question: Question, verdict: Verdict) -> AccessDeniedException:
    """The error for a verdict that denies. For an implicit deny, STS does not say which policy lacks an Allow."""
    why = ""
    if verdict.decided_by is not None and not verdict.decided_by.statement.allows:
        why = " " + explicit_deny(question, verdict.decided_by.policy)
    who = f"User: {question.principal.arn} is not authorized to perform: {question.action}"
    return AccessDeniedException(f"{who} on resource: {question.resource}{why}")


def _default_trust_policy(account: str, *, strict: bool) -> str:
    """The trust policy of a role that a seed gives none: the whole account may assume it; with `strict`, nobody."""
    effect = "Deny" if strict else "Allow"
    return json.dumps({"Statement": {"Effect": effect, "Principal": {"AWS": account}, "Action": "sts:*"}})


def _widen(trust_policy: str, account: str) -> str:
    """The trust policy, with every Allow to a principal of the account extended to the whole account."""
    document = json.loads(trust_policy)
    statements = document["Statement"]
    statements = [statements] if isinstance(statements, Mapping) else statements
    return json.dumps({**document, "Statement": [_widen_statement(statement, account) for statement in statements]})


def _widen_statement(statement: Mapping[str, Any], account: str) -> Mapping[str, Any]:
    principal = statement.get("Principal")
    if statement["Effect"] == "Allow" and isinstance(principal, Mapping):
        names = principal.get("AWS", [])
        names = [names] if isinstance(names, str) else names
        if any(f"::{account}:" in name for name in names):
            return {**statement, "Principal": {**principal, "AWS": [*names, account]}}
    return statement
