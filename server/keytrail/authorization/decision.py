"""May they? For now: everybody in the key's own account may; others if the key policy says so.

Source: KMS Developer Guide, "Allowing users in other accounts to use a KMS key" and "Troubleshooting key access".
"""

from keytrail.authorization import policy as policies
from keytrail.domain.arn import KeyIdentifier
from keytrail.domain.key import Key
from keytrail.domain.key_policy import default_key_policy
from keytrail.domain.principal import Principal
from keytrail.errors import AccessDeniedException, MalformedPolicyDocumentException

_NO_RESOURCE_POLICY = (
    "because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access"
)


class Decision:
    """The one place that says whether a caller may."""

    def authorize(
        self,
        principal: Principal,
        action: str,
        key: Key | None,
        named: KeyIdentifier | None,
        *,
        foreign: bool,
    ) -> None:
        """Raise AccessDeniedException unless the principal may do the action on the key.

        `key` is None where there is none; `named` is None for a key that only a ciphertext names; `foreign` says
        whether the operation works on other accounts' keys at all.
        """
        if key is not None and key.account == principal.account:
            return
        if foreign and key is not None:
            document = key.policy or default_key_policy(key.region, key.account)
            if policies.allows(document, principal, action):
                return
        what = "this resource" if named is not None else "the resource associated with this ciphertext"
        raise AccessDeniedException(
            f"User: {principal.arn} is not authorized to perform: {action} on {what} {_NO_RESOURCE_POLICY}"
        )

    def check_key_policy(self, principal: Principal, document: str, account: str, *, bypass_lockout: bool) -> None:
        """Raise MalformedPolicyDocumentException for a document that KMS would not take."""
        policies.read_policy(document)
        if not bypass_lockout and not policies.keeps_control(document, principal, account):
            raise MalformedPolicyDocumentException(
                "The new key policy will not allow you to update the key policy in the future."
            )
