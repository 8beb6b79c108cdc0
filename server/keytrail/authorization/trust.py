"""May they assume the role? What its trust policy says of them, and their own policies.

Source: IAM User Guide, "Roles terms and concepts", "How to use trust policies with IAM roles", "Available keys for AWS
STS"; STS API Reference, "AssumeRole"; the refusals as reported.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from keytrail.authorization.conditions import Values
from keytrail.authorization.context import RequestContext
from keytrail.authorization.evaluation import Question, Verdict, decide
from keytrail.authorization.explanations import Explanation, Explanations
from keytrail.authorization.identities import Identities
from keytrail.authorization.policy import Document, Kind
from keytrail.call import Call
from keytrail.errors import AccessDeniedException

_REQUEST_TAG = "aws:requesttag/"


class Trust:
    """Who trusts whom."""

    def __init__(self, identities: Identities, explanations: Explanations) -> None:
        """Decide by what these identities may, and note why."""
        self._identities = identities
        self._explanations = explanations

    def require(self, call: Call, action: str, role_arn: str) -> None:
        """Raise AccessDeniedException unless the role's trust policy, and their own, let the caller do the action.

        A role that no fixture declares trusts every account, unless we are strict.
        """
        principal, strict = call.principal, call.settings.strict
        if principal.kind == "root" and principal.declared:
            raise AccessDeniedException("Roles may not be assumed by root accounts.")
        # An undeclared caller needs to be trusted too; it is only not asked who of its account it is.
        standing = replace(self._identities.standing(principal, strict=strict), lenient=False)
        role = self._identities.get(role_arn)
        text = role.trust_policy if role is not None else None
        context = TrustContext(call, action, None, standing)
        asked = Question(
            principal=principal,
            action=action,
            resource=role_arn,
            lookup=context.__getitem__,
            policy=Document(
                Kind.TRUST,
                role_arn,
                _no_trust(principal.account, strict=strict)
                if text is None
                else text
                if principal.declared or strict
                else _of_anybody(text, principal.account),
            ),
            at_home=role_arn.split(":")[4] == principal.account,
        )
        verdict = decide(asked, standing)
        self._explanations.note(call.request_id, Explanation.of(asked, verdict, context))
        if not verdict.allowed:
            raise AccessDeniedException(
                f"User: {principal.arn} is not authorized to perform: {action} on resource: {role_arn}{_why(verdict)}"
            )


def _why(verdict: Verdict) -> str:
    """Of a want of Allows, STS says nothing more."""
    if verdict.deciding is None or verdict.deciding.statement.allows:
        return ""
    document = verdict.deciding.document
    if document.kind is Kind.TRUST:
        return " with an explicit deny in the role trust policy"
    name = f": {document.name}" if document.kind is Kind.SCP else ""
    return f" with an explicit deny in {'an' if document.kind is Kind.IDENTITY else 'a'} {document.kind}{name}"


def _no_trust(account: str, *, strict: bool) -> str:
    """What stands for the trust policy of a role that has none: all of the account, or nobody."""
    effect = "Deny" if strict else "Allow"
    return json.dumps({"Statement": {"Effect": effect, "Principal": {"AWS": account}, "Action": "sts:*"}})


@lru_cache(maxsize=256)
def _of_anybody(trust_policy: str, account: str) -> str:
    """The document to a caller that stands for anybody of its account: who of it is allowed means all of it."""
    document = json.loads(trust_policy)
    statements = document["Statement"]
    statements = [statements] if isinstance(statements, Mapping) else statements
    return json.dumps({**document, "Statement": [_widened(statement, account) for statement in statements]})


def _widened(statement: Mapping[str, Any], account: str) -> Mapping[str, Any]:
    principal = statement.get("Principal")
    if statement["Effect"] == "Allow" and isinstance(principal, Mapping):
        names = principal.get("AWS", [])
        names = [names] if isinstance(names, str) else names
        if any(f"::{account}:" in name for name in names):
            return {**statement, "Principal": {**principal, "AWS": [*names, account]}}
    return statement


class TrustContext(RequestContext):
    """The condition keys of a call that assumes a role."""

    def _find(self, name: str) -> Values:
        members = self._call.members
        if name in _MEMBERS:
            value = members.get(_MEMBERS[name])
            return tuple(value) or None if isinstance(value, list) else (str(value),) if value is not None else None
        if name == "aws:tagkeys":
            return tuple(self._tags()) or None
        if name.startswith(_REQUEST_TAG):
            wanted = name.removeprefix(_REQUEST_TAG)
            return tuple(value for key, value in self._tags().items() if key.lower() == wanted) or None
        if name == "aws:multifactorauthpresent" and "TokenCode" in members:
            return ("true",)  # a code given here counts; the session's own may have been given before
        return super()._find(name)

    def _tags(self) -> Mapping[str, str]:
        tags = self._call.members.get("Tags", [])
        assert isinstance(tags, list)
        return {tag["Key"]: tag["Value"] for tag in tags}


_MEMBERS = {
    "sts:externalid": "ExternalId",
    "sts:rolesessionname": "RoleSessionName",
    "sts:sourceidentity": "SourceIdentity",
    "sts:transitivetagkeys": "TransitiveTagKeys",
}
