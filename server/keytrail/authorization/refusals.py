"""The messages of AccessDeniedException, for each ground of a refusal.

Source: IAM User Guide, "Troubleshoot access denied error messages"; messages that only KMS has, as reported.
"""

from keytrail.authorization.evaluation import Ground, Question, Verdict
from keytrail.authorization.policy import PolicyType
from keytrail.domain.principal import Principal
from keytrail.errors import AccessDeniedException

NO_RESOURCE_POLICY = (
    "because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access"
)

_ARTICLES = {PolicyType.IDENTITY: "an"}


def refusal(question: Question, verdict: Verdict, *, in_ciphertext: bool) -> AccessDeniedException:
    """The error for a verdict that denies; `in_ciphertext`: whether only a ciphertext names the key."""
    who = f"User: {question.principal.arn} is not authorized to perform: {question.action}"
    if verdict.ground is Ground.OTHER_ACCOUNT or (in_ciphertext and verdict.policy_type is PolicyType.KEY):
        on_resource, why = " on this resource", NO_RESOURCE_POLICY
    else:
        on_resource, why = f" on resource: {question.resource}", _why(question, verdict)
    if in_ciphertext:
        on_resource = " on the resource associated with this ciphertext"
    elif question.action == "kms:TagResource" and question.resource == "*":
        on_resource = ""  # as reported for CreateKey with tags
    return AccessDeniedException(f"{who}{on_resource} {why}")


def other_account_refusal(principal: Principal, action: str, resource: str) -> AccessDeniedException:
    """The error for a resource that another account owns, or that does not exist: it does not say which.

    `resource` is what the message calls it, such as `this resource`.
    """
    return AccessDeniedException(
        f"User: {principal.arn} is not authorized to perform: {action} on {resource} {NO_RESOURCE_POLICY}"
    )


def _why(question: Question, verdict: Verdict) -> str:
    policy_type = verdict.policy_type
    if verdict.decided_by is None:
        return f"because no {policy_type} allows the {question.action} action"
    name = f": {verdict.decided_by.policy.name}" if policy_type is PolicyType.SCP else ""
    return f"with an explicit deny in {_ARTICLES.get(policy_type or PolicyType.KEY, 'a')} {policy_type}{name}"
