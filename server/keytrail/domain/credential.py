"""Credentials: an access key with its secret, and the principal that calls with it.

Source: IAM User Guide, "AWS security credentials" and "Temporary security credentials in IAM".
"""

from dataclasses import dataclass, field
from datetime import datetime

from keytrail.domain.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An access key and its principal. A secret or token that is None is not known, so it is not checked.

    Only temporary credentials have `session_token` and `expiration` (an aware datetime).
    """

    principal: Principal
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    expiration: datetime | None = None

    def is_expired(self, now: datetime) -> bool:
        """Whether the credential has expired by `now`."""
        return self.expiration is not None and self.expiration <= now
