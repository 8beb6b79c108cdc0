"""Session policies of AssumeRole: sent inline, or as the ARN of a managed policy.

Source: STS API Reference, "AssumeRole"; the error messages as reported.
"""

import json
from collections.abc import Mapping

from keytrail.authorization.policy import PolicyType, read_policy
from keytrail.domain.identity import Identity
from keytrail.errors import MalformedPolicyDocumentException, ValidationException

_AWS_MANAGED = {
    "AdministratorAccess": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
}
"""The AWS managed policies that are built in, by name."""


def check_session_policy(document: str) -> None:
    """Raise MalformedPolicyDocumentException unless a document is a session policy that STS accepts."""
    try:
        policy = json.loads(document)
    except (ValueError, RecursionError):
        raise MalformedPolicyDocumentException("This policy contains invalid Json") from None
    statements = policy.get("Statement") if isinstance(policy, Mapping) else None
    statements = [statements] if isinstance(statements, Mapping) else statements
    if not isinstance(statements, list) or not statements or not all(map(_is_statement, statements)):
        raise MalformedPolicyDocumentException("Syntax errors in policy.")
    if any("Principal" in statement or "NotPrincipal" in statement for statement in statements):
        raise MalformedPolicyDocumentException("Policy document should not specify a principal.")
    read_policy(document, PolicyType.SESSION)


def managed_policy(role: Identity | None, arn: str) -> str:
    """The document of a managed policy: one of the role's, by ARN or name, or an AWS managed policy.

    `role` is None for a role that no seed declares. Raises ValidationException for any other policy.
    """
    name = arn.rpartition("/")[2]
    own = role.policies if role is not None else {}
    document = own.get(arn) or own.get(name) or (_AWS_MANAGED.get(name) if ":iam::aws:" in arn else None)
    if document is None:
        raise ValidationException(f"Policy {arn} does not exist or is not attachable.")
    return document


def _is_statement(statement: object) -> bool:
    return (
        isinstance(statement, Mapping)
        and statement.get("Effect") in ("Allow", "Deny")
        and ("Action" in statement) != ("NotAction" in statement)
        and ("Resource" in statement) != ("NotResource" in statement)
    )
