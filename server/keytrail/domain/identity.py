"""What IAM holds of a user or a role: the policies that are attached to it.

Source: IAM User Guide, "Policies and permissions in AWS Identity and Access Management".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A user or a role that fixtures declare. Documents are JSON policy texts.

    `policies` are its identity policies by name, inline and managed alike. `trust_policy` and
    `max_session_duration` (seconds; IAM gives a new role an hour) are a role's alone.
    """

    arn: str
    account: str
    policies: Mapping[str, str] = field(default_factory=dict)
    permissions_boundary: str | None = None
    trust_policy: str | None = None
    max_session_duration: int = 3600
    tags: Mapping[str, str] = field(default_factory=dict)
