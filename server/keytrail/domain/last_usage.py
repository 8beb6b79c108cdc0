"""Which operations count as a usage, and what the last one says about the past of a key.

Source: KMS API Reference, GetKeyLastUsage; KMS Developer Guide, "Determine past usage of a KMS key" and
"kms:TrailingDaysWithoutKeyUsage".
"""

from datetime import datetime, timedelta
from enum import StrEnum


class TrackedOperation(StrEnum):
    """The cryptographic operations that count as a usage. The model's KeyLastUsageTrackingOperation."""

    DECRYPT = "Decrypt"
    DERIVE_SHARED_SECRET = "DeriveSharedSecret"
    ENCRYPT = "Encrypt"
    GENERATE_DATA_KEY = "GenerateDataKey"
    GENERATE_DATA_KEY_PAIR = "GenerateDataKeyPair"
    GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT = "GenerateDataKeyPairWithoutPlaintext"
    GENERATE_DATA_KEY_WITHOUT_PLAINTEXT = "GenerateDataKeyWithoutPlaintext"
    GENERATE_MAC = "GenerateMac"
    RE_ENCRYPT = "ReEncrypt"
    SIGN = "Sign"
    VERIFY = "Verify"
    VERIFY_MAC = "VerifyMac"
    ENCAPSULATE = "Encapsulate"
    DECAPSULATE = "Decapsulate"


class UsageHistory(StrEnum):
    """What is known of the uses of a key."""

    USED = "USED"
    """It was used since tracking began."""
    NEVER_USED = "NEVER_USED"
    """It was never used: tracking covers all of its life."""
    NO_RECORD_SINCE_TRACKING = "NO_RECORD_SINCE_TRACKING"
    """It was not used since tracking began, and is older than that: only its CloudTrail logs can tell."""


def usage_history(*, used: bool, tracking_start_date: datetime, key_creation_date: datetime) -> UsageHistory:
    """The history of a key that was, or was not, used since tracking began."""
    if used:
        return UsageHistory.USED
    if key_creation_date >= tracking_start_date:
        return UsageHistory.NEVER_USED
    return UsageHistory.NO_RECORD_SINCE_TRACKING


def trailing_days_without_usage(now: datetime, *, last_usage: datetime | None, tracking_start_date: datetime) -> int:
    """How many whole days, rounded down, a key has been without usage: kms:TrailingDaysWithoutKeyUsage.

    They count from the last usage since tracking began (None: there was none), else from the start of tracking, which
    for a key that is younger is its creation. A moment to come, as after a clock was turned back, is 0 days ago.
    """
    return max(0, (now - (last_usage or tracking_start_date)) // timedelta(days=1))
