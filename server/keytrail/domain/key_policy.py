"""Key policies: their name and size, and the default key policy.

Source: KMS Developer Guide, "Default key policy" (of keys that are created with the API).
"""

import re

from keytrail.domain.arn import root_arn

DEFAULT_POLICY_NAME = "default"
"""The PolicyName of every key policy; a key has exactly one."""

MAX_POLICY_SIZE = 32_768
"""Bytes of a key policy, at most."""

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
"""The tokens of JSON: strings, punctuation, and other values."""


def default_key_policy(region: str, account: str) -> str:
    """The JSON text of the key policy that leaves access to the account's IAM policies."""
    return (
        '{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions",'
        f'"Effect":"Allow","Principal":{{"AWS":"{root_arn(region, account)}"}},"Action":"kms:*","Resource":"*"}}]}}'
    )


def printed(policy: str) -> str:
    """A key policy, which is JSON, as GetKeyPolicy and ReplicateKey print it: an indented line for each member.

    # unverified: that members keep their order; users report that AWS may change it, but not how
    """
    parts: list[str] = []
    within: list[str] = []
    previous = ""
    for token in _TOKENS.findall(policy):
        if token in ("}", "]"):
            is_list = within.pop() == "["
            parts.append(" " if is_list or previous == "{" else _line(within))
        elif previous in ("{", "[", ","):
            parts.append(_line(within) if within[-1] == "{" else " ")
        if token in ("{", "["):
            within.append(token)
        parts.append(" : " if token == ":" else token)
        previous = token
    return "".join(parts)


def _line(within: list[str]) -> str:
    return "\n" + "  " * within.count("{")
