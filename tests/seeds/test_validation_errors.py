"""The messages about mistakes in a document: path, what is wrong, and what would be right.

How we know: nothing of AWS's. The words come from the types of the document, wherever in it the mistake is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from keytrail.seeds import SeedError, read_document
from keytrail.settings import Settings
from tests.support import KEY, MRK

MISTAKES: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "a form": ({"keys": [{"KeyId": KEY, "Region": "US East"}]}, "keys[0].Region: expected the name of a Region"),
    "a form further in": (
        {"keys": [{"KeyId": MRK, "Replicas": [{"Region": "US East"}]}]},
        "keys[0].Replicas[0].Region: expected the name of a Region, such as us-east-1",
    ),
    "a form of a member that has one in one place only": (
        {"serviceControlPolicies": [{"Arn": "guard", "Policy": "{}"}]},
        "serviceControlPolicies[0].Arn: expected an ARN such as arn:aws:organizations::",
    ),
    "a choice of an enumeration": (
        {"keys": [{"KeyId": KEY, "KeyState": "Asleep"}]},
        "keys[0].KeyState: Invalid enum value 'Asleep'; choose from Creating, Enabled, Disabled, ",
    ),
    "a choice of texts": (
        {"customKeyStores": [{"CustomKeyStoreId": "cks-1234567890abcdef0", "ConnectionState": "GONE"}]},
        "customKeyStores[0].ConnectionState: Invalid enum value 'GONE'; choose from CONNECTED, DISCONNECTED, FAILED",
    ),
    "a choice within one of two types": (
        {"faults": [{"Latency": {"Distribution": "even"}}]},
        "faults[0].Latency.Distribution: Invalid enum value 'even'; choose from lognormal, normal, uniform",
    ),
    "a member of the same object": (
        {"settings": {"UsageDely": "PT1M"}},
        "settings: there is no member UsageDely; did you mean UsageDelay?",
    ),
    "a member that is like none": (
        {"settings": {"Xyzzy": "PT1M"}},
        "settings: there is no member Xyzzy; `keytrail check --schema` lists the members",
    ),
    "a number for a text": (
        {"settings": {"UsageDelay": 4}},
        "settings.UsageDelay: Expected str | null, got int; write it in quotes",
    ),
    "a number in a mapping of texts": (
        {"keys": [{"KeyId": KEY, "Tags": {"team": "a", "floor": 7}}]},
        "keys[0].Tags.floor: Expected str, got int; write it in quotes",
    ),
}


@pytest.mark.parametrize(("document", "words"), MISTAKES.values(), ids=MISTAKES)
def test_the_message_says_what_would_be_right(document: Mapping[str, Any], words: str) -> None:
    with pytest.raises(SeedError) as caught:
        read_document(json.dumps(document).encode(), Settings(), datetime.now(UTC), name="seed.json")
    (problem,) = caught.value.problems
    assert problem.startswith(f"seed.json: {words}")
