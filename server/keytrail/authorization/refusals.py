"""The messages of AccessDeniedException, for each ground of a refusal.

Source: IAM User Guide, "Troubleshoot access denied error messages"; messages that only KMS has, as reported.
"""

from keytrail.authorization.evaluation import Ground, Question, Verdict
from keytrail.authorization.policy import Policy, PolicyType
from keytrail.domain.principal import Principal
from keytrail.errors import AccessDeniedException

NO_RESOURCE_POLICY = (
    "because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access"
)

_ARTICLES = {PolicyType.IDENTITY: "an", PolicyType.TRUST: "the"}


def refusal(question: Question, verdict: Verdict, *, in_ciphertext: bool = False) -> AccessDeniedException:
    """The error for a verdict that denies; `in_ciphertext`: whether only a ciphertext names the key."""
    who = f"User: {question.principal.arn} is not authorized to perform: {question.action}"
    on_resource = f" on resource: {question.resource}"
    if not question.same_account:
        # unverified: the words about a ciphertext where the caller's own policies lack it; reported without saying
        # whose the key was
        on_resource = " on the resource associated with this ciphertext" if in_ciphertext else " on this resource"
    elif question.action == "kms:TagResource" and question.resource.endswith(":key/*"):
        on_resource = ""  # as reported for CreateKey with tags
    elif question.action.startswith("tag:"):
        on_resource = ""  # as reported for GetResources (kms-behaviour K.3)
    why = NO_RESOURCE_POLICY if verdict.ground is Ground.OTHER_ACCOUNT else _why(question, verdict)
    return AccessDeniedException(f"{who}{on_resource} {why}")


def other_account_refusal(principal: Principal, action: str, resource: str) -> AccessDeniedException:
    """The error for a resource that another account owns, or that does not exist: it does not say which.

    `resource` is what the message calls it, such as `this resource`.
    """
    return AccessDeniedException(
        f"User: {principal.arn} is not authorized to perform: {action} on {resource} {NO_RESOURCE_POLICY}"
    )


def explicit_deny(question: Question, policy: Policy) -> str:
    """The end of a message about an explicit deny, beginning with `with`. Only policies of Organizations are named."""
    name = f": {policy.name}" if _is_named(question, policy) else ""
    return f"with an explicit deny in {_ARTICLES.get(policy.type, 'a')} {policy.type}{name}"


def _is_named(question: Question, policy: Policy) -> bool:
    # unverified: that KMS names a service control policy (other services do), and a resource control policy of another
    # account in the organization (SQS and STS do; from elsewhere KMS was reported to name none)
    if policy.type is PolicyType.RCP:
        return question.same_account or question.same_organization
    return policy.type is PolicyType.SCP


def _why(question: Question, verdict: Verdict) -> str:
    if verdict.decided_by is None:
        return f"because no {verdict.policy_type} allows the {question.action} action"
    return explicit_deny(question, verdict.decided_by.policy)
