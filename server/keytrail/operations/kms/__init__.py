"""The operations of AWS KMS, a module for each family. Importing this package registers them."""

from keytrail.operation import SERVICES
from keytrail.operations.kms import (
    aliases,
    custom_key_stores,
    data_keys,
    encryption,
    grants,
    key_agreement,
    key_import,
    key_lifecycle,
    key_policies,
    mac,
    multi_region,
    rotation,
    signing,
    tags,
    usage,
)

OPERATIONS = SERVICES["kms"].operations
"""Every operation of KMS, by its name."""

__all__ = [
    "OPERATIONS",
    "aliases",
    "custom_key_stores",
    "data_keys",
    "encryption",
    "grants",
    "key_agreement",
    "key_import",
    "key_lifecycle",
    "key_policies",
    "mac",
    "multi_region",
    "rotation",
    "signing",
    "tags",
    "usage",
]
