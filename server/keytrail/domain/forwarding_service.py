"""ForwardingService: an AWS service that uses a key on behalf of a caller, as S3 does for whoever reads an object.

Source: KMS Developer Guide, "kms:ViaService"; IAM User Guide, "Forward access sessions"; kms-behaviour L.4 and L.5.
"""

import re
from dataclasses import dataclass

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

_VIA = {"ebs": "ec2"}
"""The first label of kms:ViaService, by service, where it is not the service's name."""

_INVOKED_BY = {"appconfig": "AWS Internal"}
"""CloudTrail's invokedBy, by service, where it is not the service principal."""


@dataclass(frozen=True, slots=True)
class ForwardingService:
    """A service by its short name, such as `s3`."""

    name: str

    @classmethod
    def read(cls, name: str) -> "ForwardingService":
        """The service with a name. Raises ValueError, with an example, for what is not the short name of one."""
        if _NAME.fullmatch(name) is None:
            raise ValueError(f"expected the short name of an AWS service, such as s3 or secretsmanager, got {name!r}")
        return cls(name)

    @classmethod
    def of(cls, invoked_by: str | None) -> "ForwardingService | None":
        """The service with this invokedBy in CloudTrail; None if it is not one's."""
        named = next((name for name, other in _INVOKED_BY.items() if other == invoked_by), None)
        service = cls(named or (invoked_by or "").removesuffix(".amazonaws.com"))
        return service if _NAME.fullmatch(service.name) and service.invoked_by == invoked_by else None

    @property
    def principal(self) -> str:
        """The service principal, which aws:CalledVia has: `s3.amazonaws.com`."""
        return f"{self.name}.amazonaws.com"

    @property
    def invoked_by(self) -> str:
        """CloudTrail's invokedBy, sourceIPAddress and userAgent."""
        return _INVOKED_BY.get(self.name, self.principal)

    def via(self, region: str) -> str:
        """The value of kms:ViaService in a Region: `s3.us-east-1.amazonaws.com`."""
        return f"{_VIA.get(self.name, self.name)}.{region}.amazonaws.com"
