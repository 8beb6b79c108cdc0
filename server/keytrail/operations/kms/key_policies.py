"""Key policies: get, put, list. Source: KMS API Reference; KMS Developer Guide, "Key policies in AWS KMS"."""

from keytrail.call import Call, Reply
from keytrail.domain.key import Key
from keytrail.domain.key_policy import DEFAULT_POLICY_NAME, default_key_policy, printed
from keytrail.errors import NotFoundException, ValidationException
from keytrail.operation import operation
from keytrail.operations.pagination import requested_page


@operation(quota=1000)
def get_key_policy(call: Call, key: Key, *, policy_name: str = DEFAULT_POLICY_NAME) -> Reply:
    """The key's policy document, printed anew."""
    if policy_name != DEFAULT_POLICY_NAME:
        raise NotFoundException("No such policy exists")
    policy = key.policy or default_key_policy(key.region, key.account)
    return {"Policy": printed(policy), "PolicyName": policy_name}


@operation(logged_defaults=("PolicyName", "BypassPolicyLockoutSafetyCheck"), logged_reply="key", quota=15)
def put_key_policy(
    call: Call,
    key: Key,
    *,
    policy: str,
    policy_name: str = DEFAULT_POLICY_NAME,
    bypass_policy_lockout_safety_check: bool = False,
) -> None:
    """Replace the key's policy document."""
    if policy_name != DEFAULT_POLICY_NAME:
        # unverified: the words, and the code for other names than AWS_RAM; not in AWS's docs, recordings or issues
        raise ValidationException(f"The policy {policy_name} cannot be changed; the only one that can is default.")
    call.authorizer.check_key_policy(call, policy, key, bypass_lockout=bypass_policy_lockout_safety_check)
    call.change(key, lambda newest: newest.put_policy(policy))


@operation(quota=100)
def list_key_policies(call: Call, key: Key, *, limit: int | None = None, marker: str | None = None) -> Reply:
    """List the names of the key's policies: there is one, `default`."""
    page = requested_page(call, limit, marker, default=100, maximum=1000, filters=key.arn)
    return page.reply("PolicyNames", [name for name in (DEFAULT_POLICY_NAME,) if name > page.after], str)
