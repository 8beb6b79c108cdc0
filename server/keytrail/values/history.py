"""What a GetKeyLastUsageResponse says about the past usage of a key, by the rules in domain/last_usage.py.

Source: KMS API Reference, GetKeyLastUsage; KMS Developer Guide, "Determine past usage of a KMS key".
"""

from datetime import datetime

from keytrail.domain import last_usage
from keytrail.domain.last_usage import UsageHistory
from keytrail.values.response import GetKeyLastUsageResponse


def usage_history(response: GetKeyLastUsageResponse) -> UsageHistory:
    """USED, NEVER_USED or NO_RECORD_SINCE_TRACKING. An absent KeyLastUsage means the same as an empty one.

    Raises ValueError if the response has no usage and lacks one of its dates.
    """
    if _used(response):
        return UsageHistory.USED
    return last_usage.usage_history(
        used=False,
        tracking_start_date=_require_date("TrackingStartDate", response.tracking_start_date),
        key_creation_date=_require_date("KeyCreationDate", response.key_creation_date),
    )


def trailing_days_without_usage(response: GetKeyLastUsageResponse, now: datetime) -> int:
    """Whole days without usage until `now` (aware), rounded down: the value of kms:TrailingDaysWithoutKeyUsage.

    They are counted from the last usage. If there is none, they are counted from TrackingStartDate, which is the
    creation date of a key that is younger than tracking. Raises ValueError if the response lacks the date.
    """
    used, usage = _used(response), response.key_last_usage
    moment = _require_date("KeyLastUsage.Timestamp", usage.timestamp) if used and usage is not None else None
    start = moment or _require_date("TrackingStartDate", response.tracking_start_date)
    return last_usage.trailing_days_without_usage(now, last_usage=moment, tracking_start_date=start)


def _used(response: GetKeyLastUsageResponse) -> bool:
    return response.key_last_usage is not None and not response.key_last_usage.is_empty


def _require_date(name: str, moment: datetime | None) -> datetime:
    if moment is None:
        raise ValueError(f"the response cannot answer this: it has no {name}")
    return moment
