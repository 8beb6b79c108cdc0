"""Every condition key of kms:, aws: and sts: that is evaluated, one function each, by where its value comes from.

The modules below register their condition keys when they are imported, here; `evaluated` names them all.
Source: KMS Developer Guide, "Condition keys for AWS KMS"; IAM User Guide, "AWS global condition context keys" and
"Available keys for AWS STS"; kms-behaviour F.4.
"""

from keytrail.authorization.condition_keys import (
    attestation,
    encryption,
    environment,
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
    "grants",
    "key",
    "members",
    "principal",
    "tags",
]
