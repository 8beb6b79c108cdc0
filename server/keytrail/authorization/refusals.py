"""AccessDeniedException, in AWS's words for each ground.

Source: IAM User Guide, "Troubleshoot access denied error messages"; KMS's own as reported.
"""

from keytrail.authorization.evaluation import Ground, Question, Verdict
from keytrail.authorization.policy import Kind
from keytrail.domain.principal import Principal
from keytrail.errors import AccessDeniedException

NO_RESOURCE_POLICY = (
    "because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access"
)

_ARTICLES = {Kind.IDENTITY: "an"}


def refusal(asked: Question, verdict: Verdict, *, in_ciphertext: bool) -> AccessDeniedException:
    """The error for a verdict that is no allow; a key that only a ciphertext names is not named."""
    who = f"User: {asked.principal.arn} is not authorized to perform: {asked.action}"
    if verdict.ground is Ground.OTHER_ACCOUNT or (in_ciphertext and verdict.kind is Kind.KEY):
        what, why = " on this resource", NO_RESOURCE_POLICY
    else:
        what, why = f" on resource: {asked.resource}", _why(asked, verdict)
    if in_ciphertext:
        what = " on the resource associated with this ciphertext"
    elif asked.action == "kms:TagResource" and asked.resource == "*":
        what = ""  # as reported of CreateKey with tags
    return AccessDeniedException(f"{who}{what} {why}")


def other_account_refusal(principal: Principal, action: str, what: str) -> AccessDeniedException:
    """The error for what another account owns, if it exists: it is not named, but told of as `what`."""
    return AccessDeniedException(
        f"User: {principal.arn} is not authorized to perform: {action} on {what} {NO_RESOURCE_POLICY}"
    )


def _why(asked: Question, verdict: Verdict) -> str:
    kind = verdict.kind
    if verdict.deciding is None:
        return f"because no {kind} allows the {asked.action} action"
    name = f": {verdict.deciding.document.name}" if kind is Kind.SCP else ""
    return f"with an explicit deny in {_ARTICLES.get(kind or Kind.KEY, 'a')} {kind}{name}"
