"""The types of policies."""

from enum import StrEnum


class PolicyType(StrEnum):
    """The types of policies, as AWS's error messages call them."""

    KEY = "resource-based policy"
    TRUST = "role trust policy"
    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    SCP = "service control policy"
    RCP = "resource control policy"
