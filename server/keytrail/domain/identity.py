"""IAM identities: users and roles with the policies that are attached to them.

Source: IAM User Guide, "Policies and permissions in AWS Identity and Access Management".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A user or a role that a seed declares. Policies are JSON texts.

    `policies` are the identity policies by name, both inline and managed. Only roles use `trust_policy` and
    `max_session_duration` (seconds; the default is IAM's, one hour).
    """

    arn: str
    account: str
    policies: Mapping[str, str] = field(default_factory=dict)
    permissions_boundary: str | None = None
    trust_policy: str | None = None
    max_session_duration: int = 3600
    tags: Mapping[str, str] = field(default_factory=dict)
