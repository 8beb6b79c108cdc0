"""The services that answer on the port, a module or package each. Importing this package registers their operations."""

from keytrail.operation import SERVICES
from keytrail.operations import cloudtrail, kms, sts

__all__ = ["SERVICES", "cloudtrail", "kms", "sts"]
