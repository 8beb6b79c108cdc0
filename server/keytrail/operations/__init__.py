"""The services of the endpoint, a module or a package for each. Importing this package registers their operations."""

from keytrail.operation import SERVICES
from keytrail.operations import cloudtrail, kms, sts, tagging

__all__ = ["SERVICES", "cloudtrail", "kms", "sts", "tagging"]
