"""STS sessions: the properties of temporary credentials besides their principal.

Source: IAM User Guide, "Temporary security credentials in IAM", "Pass session tags in AWS STS" and "Monitor and
control actions taken with assumed roles".
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session that AssumeRole or GetSessionToken created at `created` (an aware datetime).

    `role` is the ARN, with path, of the assumed role; None for a session of GetSessionToken. `tags` are pairs of key
    and value. `transitive` are the keys of the tags that pass on to sessions of roles that this session assumes.
    """

    created: datetime
    role: str | None = None
    mfa: bool = False
    tags: tuple[tuple[str, str], ...] = ()
    transitive: frozenset[str] = frozenset()
    source_identity: str | None = None

    def session_context(self) -> dict[str, object]:
        """CloudTrail's sessionContext, without sessionIssuer."""
        context: dict[str, object] = {
            "attributes": {
                "creationDate": self.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "mfaAuthenticated": str(self.mfa).lower(),
            }
        }
        if self.source_identity is not None:
            context["sourceIdentity"] = self.source_identity
        return context
