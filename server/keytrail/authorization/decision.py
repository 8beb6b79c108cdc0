"""May they? Nobody whom the key policy denies; else everybody in the key's own account, and others whom it allows.

Source: KMS Developer Guide, "Determining access to AWS KMS keys", "Allowing users in other accounts to use a KMS key"
and "Troubleshooting key access"; IAM User Guide, "Policy evaluation logic".
"""

from keytrail.authorization import policy as policies
from keytrail.authorization.context import RequestContext
from keytrail.call import Call
from keytrail.domain.arn import KeyIdentifier
from keytrail.domain.key import Key
from keytrail.domain.key_policy import default_key_policy
from keytrail.domain.principal import Principal
from keytrail.errors import AccessDeniedException, MalformedPolicyDocumentException

_NO_RESOURCE_POLICY = (
    "because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access"
)

_NAMED_BY_CIPHERTEXT = frozenset({"kms:Decrypt", "kms:ReEncryptFrom"})


class Decision:
    """The one place that says whether a caller may."""

    def authorize(self, call: Call, action: str, key: Key | None, named: KeyIdentifier | None) -> None:
        """Raise AccessDeniedException unless the caller may do the action on the key.

        `key` is None where there is none; `named` is None for a key that only a ciphertext names.
        """
        principal, in_ciphertext = call.principal, named is None and action in _NAMED_BY_CIPHERTEXT
        what = "the resource associated with this ciphertext" if in_ciphertext else "this resource"
        if key is not None and key.account == principal.account:
            # The default key policy, which None stands for, denies nobody.
            if key.policy is None:
                return
            if not policies.denies(key.policy, principal, action, RequestContext(call, action, key)):
                return
            if not in_ciphertext:
                why = "with an explicit deny in a resource-based policy"
                raise _denied(principal, action, f"resource: {key.arn}", why)
        elif call.cross_account and key is not None:
            document = key.policy or default_key_policy(key.region, key.account)
            if policies.allows(document, principal, action, RequestContext(call, action, key)):
                return
        raise _denied(principal, action, what, _NO_RESOURCE_POLICY)

    def check_key_policy(self, principal: Principal, document: str, account: str, *, bypass_lockout: bool) -> None:
        """Raise MalformedPolicyDocumentException for a document that KMS would not take."""
        policies.read_policy(document)
        if not bypass_lockout and not policies.keeps_control(document, principal, account):
            raise MalformedPolicyDocumentException(
                "The new key policy will not allow you to update the key policy in the future."
            )


def _denied(principal: Principal, action: str, what: str, why: str) -> AccessDeniedException:
    return AccessDeniedException(f"User: {principal.arn} is not authorized to perform: {action} on {what} {why}")
