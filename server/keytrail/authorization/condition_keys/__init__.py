"""Condition keys: one function for each that is evaluated (kms:, aws: and sts:), in modules by the value's origin.

Importing this package imports the modules below, which registers their condition keys. `evaluated` lists them all.
Source: KMS Developer Guide, "Condition keys for AWS KMS"; IAM User Guide, "AWS global condition context keys" and
"Available keys for AWS STS"; kms-behaviour F.4.
"""

from keytrail.authorization.condition_keys import (
    attestation,
    encryption,
    environment,
    forwarding,
    grants,
    key,
    members,
    principal,
    tags,
)
from keytrail.authorization.condition_keys.context import RequestContext, evaluated
from keytrail.authorization.condition_keys.not_evaluated import NOT_EVALUATED

__all__ = [
    "NOT_EVALUATED",
    "RequestContext",
    "attestation",
    "encryption",
    "environment",
    "evaluated",
    "forwarding",
    "grants",
    "key",
    "members",
    "principal",
    "tags",
]
