"""The IAM policy that a recording needs: exactly the calls that it makes."""

from collections.abc import Sequence
from typing import Any

OF_REGIONS = ("ListKeys", "ListAliases")
"""What is asked of each Region of an account."""
OF_KEYS = (
    "DescribeKey",
    "GetKeyPolicy",
    "ListResourceTags",
    "ListGrants",
    "GetKeyRotationStatus",
    "ListKeyRotations",
    "GetKeyLastUsage",
)
"""What is asked of a key, as far as it has an answer for keys of its kind."""


def needed_policy(roles: Sequence[str] = (), *, events: bool = False) -> dict[str, Any]:
    """The policy for whoever records an account; with `roles`, those of other accounts, it may assume them.

    GetCallerIdentity is called too, and needs no permission. `events`: whether CloudTrail is asked.
    """
    actions = sorted(f"kms:{name}" for name in (*OF_REGIONS, *OF_KEYS))
    statements: list[dict[str, Any]] = [
        {
            "Sid": "KeytrailRecord",
            "Effect": "Allow",
            "Action": [*(["cloudtrail:LookupEvents"] if events else []), *actions],
            "Resource": "*",
        }
    ]
    if roles:
        assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": list(roles)}
        statements.append({"Sid": "KeytrailRecordRoles", **assume})
    return {"Version": "2012-10-17", "Statement": statements}
