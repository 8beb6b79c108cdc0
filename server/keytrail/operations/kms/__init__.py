"""The operations of AWS KMS, one module per family; importing this package registers them all."""

from keytrail.operations.kms import (
    aliases,
    data_keys,
    encryption,
    grants,
    key_lifecycle,
    key_policies,
    multi_region,
    rotation,
    tags,
    usage,
)
from keytrail.operations.registry import OPERATIONS

__all__ = [
    "OPERATIONS",
    "aliases",
    "data_keys",
    "encryption",
    "grants",
    "key_lifecycle",
    "key_policies",
    "multi_region",
    "rotation",
    "tags",
    "usage",
]
