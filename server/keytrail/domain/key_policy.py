"""The key policy that a key has when none is given.

Source: KMS Developer Guide, "Default key policy" (the one for keys made through the API).
"""

from keytrail.domain.arn import root_arn

DEFAULT_POLICY_NAME = "default"
"""The name of the one key policy that a key has."""

MAX_POLICY_SIZE = 32_768
"""Bytes of a key policy document."""


def default_key_policy(region: str, account: str) -> str:
    """The document that hands the key to the account's identity policies, as KMS returns it."""
    return (
        '{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions",'
        f'"Effect":"Allow","Principal":{{"AWS":"{root_arn(region, account)}"}},"Action":"kms:*","Resource":"*"}}]}}'
    )
