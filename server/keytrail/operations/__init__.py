"""The services of the endpoint, a module or a package for each. Importing this package registers their operations."""

from keytrail.operation import SERVICES
from keytrail.operations import account, cloudtrail, ec2, kms, sts

__all__ = ["SERVICES", "account", "cloudtrail", "ec2", "kms", "sts"]
