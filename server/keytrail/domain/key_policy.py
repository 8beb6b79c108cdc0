"""Key policies: their name and size, and the default key policy.

Source: KMS Developer Guide, "Default key policy" (of keys that are created with the API).
"""

from keytrail.domain.arn import root_arn

DEFAULT_POLICY_NAME = "default"
"""The PolicyName of every key policy; a key has exactly one."""

MAX_POLICY_SIZE = 32_768
"""Bytes of a key policy, at most."""


def default_key_policy(region: str, account: str) -> str:
    """The JSON text, as KMS returns it, of the key policy that leaves access to the account's IAM policies."""
    return (
        '{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions",'
        f'"Effect":"Allow","Principal":{{"AWS":"{root_arn(region, account)}"}},"Action":"kms:*","Resource":"*"}}]}}'
    )
