"""A session: what temporary credentials carry along beside the principal that they stand for.

Source: IAM User Guide, "Temporary security credentials in IAM", "Pass session tags in AWS STS" and "Monitor and
control actions taken with assumed roles".
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What AssumeRole or GetSessionToken said of a session. `created` is aware; tags are keys and values.

    `role` is the ARN of the role that was assumed, with its path; None for a user's or root's own session.
    `transitive` are the keys of those tags that go on to the sessions of roles assumed from here.
    """

    created: datetime
    role: str | None = None
    mfa: bool = False
    tags: tuple[tuple[str, str], ...] = ()
    transitive: frozenset[str] = frozenset()
    source_identity: str | None = None

    def record(self) -> dict[str, object]:
        """CloudTrail's sessionContext, less the issuer."""
        context: dict[str, object] = {
            "attributes": {
                "creationDate": self.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "mfaAuthenticated": str(self.mfa).lower(),
            }
        }
        if self.source_identity is not None:
            context["sourceIdentity"] = self.source_identity
        return context
