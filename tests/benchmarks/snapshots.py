"""What going back to a snapshot costs, in this process."""

import json
import time
from statistics import median

from lists import ask
from measures import MANY_KEYS, Effort
from report import Row

from keytrail.clock import Clock
from keytrail.endpoint import Endpoint
from keytrail.settings import Settings

MOST = 50
"""Milliseconds of CPU time."""


def snapshots(effort: Effort) -> list[Row]:
    """CPU time to go back to a snapshot of 20,000 keys that have been used: everything, and one account."""
    keys = [
        {
            "KeyId": f"{number:08x}-0000-4000-8000-000000000000",
            "Aliases": [f"alias/a{number}"],
            "LastUsage": {"Operation": "Decrypt", "Timestamp": "20 days ago"},
        }
        for number in range(MANY_KEYS)
    ]
    state = Endpoint(Settings(), Clock(), [json.dumps({"keys": keys}).encode()])
    taken = state.snapshot().name
    rows = []
    for words, account in (("everything", None), ("one account", state.settings.account)):
        costs = []
        for _ in range(effort.rounds):
            for _ in range(10):
                ask(state, "CreateKey")
            begun = time.process_time()
            state.reset(account, to=taken)
            costs.append((time.process_time() - begun) * 1000)
        name = f"going back to {MANY_KEYS:,} keys: {words}"
        rows.append(Row(name, f"<= {MOST} ms", median(costs) <= MOST, f"{median(costs):.0f} ms"))
    return rows
