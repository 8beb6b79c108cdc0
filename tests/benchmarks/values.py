"""What `keytrail.values` costs, in this process: no server takes part."""

import time
from collections.abc import Callable
from statistics import median

from measures import Effort
from report import Row, spread

from keytrail.values import GetKeyLastUsageResponse, shape

RESPONSE = (
    b'{"KeyCreationDate":1.77325342556E9,"KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab",'
    b'"KeyLastUsage":{"CloudTrailEventId":"2cfd5892-ea8c-4342-ad49-4b9594b06a8b",'
    b'"KmsRequestId":"040cce3e-9ef3-4651-b8cf-e47c9bafdc9b","Operation":"Encrypt","Timestamp":1.773253497E9},'
    b'"TrackingStartDate":1.77325342556E9}'
)


def value_codecs(effort: Effort) -> list[Row]:
    """Decoding plus encoding one GetKeyLastUsageResponse, text to text."""
    read = GetKeyLastUsageResponse
    codec = shape("GetKeyLastUsageResponse")
    xml = codec.to_string(codec.from_json(RESPONSE))
    json = microseconds(effort, lambda: read.from_json(RESPONSE).to_json_bytes())
    in_xml = microseconds(effort, lambda: read.from_string(xml).to_string())
    return [
        Row("GetKeyLastUsageResponse, JSON to value to JSON", "< 15 us", median(json) < 15, f"{spread(json)} us"),
        Row("GetKeyLastUsageResponse, XML to value to XML", "none", True, f"{spread(in_xml)} us"),
    ]


def microseconds(effort: Effort, once: Callable[[], object]) -> list[float]:
    """CPU time of one call, for each round."""
    rounds = []
    for _ in range(effort.rounds):
        calls, started, until = 0, time.process_time(), time.perf_counter() + effort.seconds
        while time.perf_counter() < until:
            for _ in range(1_000):
                once()
            calls += 1_000
        rounds.append((time.process_time() - started) / calls * 1e6)
    return rounds
