"""When a key was last used.

Source: KMS API Reference, GetKeyLastUsage; KMS Developer Guide, "Determine past usage of a KMS key".
"""

from keytrail.call import Call, Reply
from keytrail.domain.key import Key
from keytrail.operation import operation


@operation(quota=5)
def get_key_last_usage(call: Call, key: Key) -> Reply:
    """The key's last successful cryptographic operation since tracking began.

    KeyLastUsage is empty if there was none. Its CloudTrailEventId is that of the event in the key owner's trail.
    """
    tracking_start = max(call.settings.tracking_start, key.creation_date)
    use = call.trail.last_use(key.arn, call.now)
    usage: dict[str, object] = {}
    if use is not None:
        usage = {
            "Operation": use.operation,
            "Timestamp": use.timestamp,
            "CloudTrailEventId": use.event_id,
            "KmsRequestId": use.request_id,
        }
    return {
        "KeyId": key.key_id,
        "KeyLastUsage": usage,
        "TrackingStartDate": tracking_start,
        "KeyCreationDate": key.creation_date,
    }
