"""The additionalEventData of STS.

Source: events of STS of 2026-09 (radkawar/stackd, cloudtrail/service_management_events.json).
"""

import os
from base64 import b64encode
from datetime import datetime


def request_details(region: str, time: datetime) -> dict[str, object]:
    """What every success of STS has, as recorded of the endpoint of a Region."""
    unique = b64encode(os.urandom(6)).decode()
    extended = f"1:{region}:S:{int(time.timestamp() * 1000)}:R:{unique}"
    return {
        "ExtendedRequestId": b64encode(extended.encode()).decode(),
        "RequestDetails": {"awsServingRegion": region, "endpointType": "regional"},
    }
