"""An access key, what belongs to it, and who it stands for.

Source: IAM User Guide, "AWS security credentials" and "Temporary security credentials in IAM".
"""

from dataclasses import dataclass, field
from datetime import datetime

from keytrail.domain.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An access key. What is None is not known, and then not checked.

    `session_token` and `expiration` (aware) are those of temporary credentials.
    """

    principal: Principal
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    expiration: datetime | None = None

    def is_expired(self, now: datetime) -> bool:
        """Whether nobody can call with it any more."""
        return self.expiration is not None and self.expiration <= now
