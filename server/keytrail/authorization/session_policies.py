"""Session policies of AssumeRole: sent inline, or as the ARN of a managed policy.

Source: STS API Reference, "AssumeRole"; the error messages as reported.
"""

from keytrail.authorization.elements import PolicyProblem
from keytrail.authorization.policy import PolicyType, read_policy
from keytrail.domain.identity import Identity
from keytrail.errors import ValidationException

_MAX_SIZE = 2048
"""Characters of an inline session policy, at most."""
_AWS_MANAGED = {
    "AdministratorAccess": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
}
"""The AWS managed policies that are built in, by name."""


def check_session_policy(document: str) -> None:
    """Raise ValidationException or MalformedPolicyDocumentException for an inline session policy that STS refuses."""
    if len(document) > _MAX_SIZE:
        # unverified: the words; the API Reference says only that there are at most 2,048 characters
        raise ValidationException(
            f"1 validation error detected: Value '{document}' at 'policy' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_MAX_SIZE}"
        )
    try:
        read_policy(document, PolicyType.SESSION)
    except PolicyProblem as problem:
        raise problem.answer() from None


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
