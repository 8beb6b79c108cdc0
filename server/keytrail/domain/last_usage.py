"""Which operations count as a use of a key, and what follows from a key's last use.

Source: KMS API Reference, GetKeyLastUsage; KMS Developer Guide, "Determine past usage of a KMS key" and
"kms:TrailingDaysWithoutKeyUsage".
"""

from datetime import datetime, timedelta
from enum import StrEnum


class TrackedOperation(StrEnum):
    """The operations that count as a use: the model's KeyLastUsageTrackingOperation."""

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
    """What is known about the uses of a key."""

    USED = "USED"
    """It was used since tracking began."""
    NEVER_USED = "NEVER_USED"
    """It was never used: it was created after tracking began."""
    NO_RECORD_SINCE_TRACKING = "NO_RECORD_SINCE_TRACKING"
    """It was not used since tracking began, but it is older; only CloudTrail logs can show earlier uses."""


def usage_history(*, used: bool, tracking_start_date: datetime, key_creation_date: datetime) -> UsageHistory:
    """The history of a key. `used`: whether it was used since tracking began."""
    if used:
        return UsageHistory.USED
    if key_creation_date >= tracking_start_date:
        return UsageHistory.NEVER_USED
    return UsageHistory.NO_RECORD_SINCE_TRACKING


def trailing_days_without_usage(now: datetime, *, last_usage: datetime | None, tracking_start_date: datetime) -> int:
    """For how many days, rounded down, a key has not been used: kms:TrailingDaysWithoutKeyUsage.

    The days count from `last_usage`, or if that is None from `tracking_start_date`, which is the creation date of a
    newer key. If the clock was turned back, so that this moment is in the future, the result is 0.
    """
    return max(0, (now - (last_usage or tracking_start_date)) // timedelta(days=1))
