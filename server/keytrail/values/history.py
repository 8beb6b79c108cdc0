"""What a GetKeyLastUsageResponse says about a key's past: the domain's rules, read off the response.

Source: KMS API Reference, GetKeyLastUsage; KMS Developer Guide, "Determine past usage of a KMS key".
"""

from datetime import datetime

from keytrail.domain import last_usage
from keytrail.domain.last_usage import UsageHistory
from keytrail.values.response import GetKeyLastUsageResponse


def usage_history(response: GetKeyLastUsageResponse) -> UsageHistory:
    """USED, NEVER_USED or NO_RECORD_SINCE_TRACKING; an absent KeyLastUsage is as good as an empty one.

    Raises ValueError for a response without usage that lacks one of its dates: it does not tell.
    """
    if _used(response):
        return UsageHistory.USED
    return last_usage.usage_history(
        used=False,
        tracking_start_date=_known("TrackingStartDate", response.tracking_start_date),
        key_creation_date=_known("KeyCreationDate", response.key_creation_date),
    )


def trailing_days_without_usage(response: GetKeyLastUsageResponse, now: datetime) -> int:
    """Whole days, rounded down, without usage until `now` (aware): what kms:TrailingDaysWithoutKeyUsage compares.

    They count from the last usage, else from TrackingStartDate, which is the creation of a key that is younger than
    tracking. Raises ValueError for a response that lacks the date that counts.
    """
    used, usage = _used(response), response.key_last_usage
    moment = _known("KeyLastUsage.Timestamp", usage.timestamp) if used and usage is not None else None
    start = moment or _known("TrackingStartDate", response.tracking_start_date)
    return last_usage.trailing_days_without_usage(now, last_usage=moment, tracking_start_date=start)


def _used(response: GetKeyLastUsageResponse) -> bool:
    return response.key_last_usage is not None and not response.key_last_usage.is_empty


def _known(name: str, moment: datetime | None) -> datetime:
    if moment is None:
        raise ValueError(f"the response does not tell: it has no {name}")
    return moment
