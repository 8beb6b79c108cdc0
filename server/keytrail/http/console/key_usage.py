"""Who used a key: by caller and operation, from the events of the key's account and Region."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from keytrail.domain.key import Key
from keytrail.operations.kms import OPERATIONS
from keytrail.trail import Query, StoredEvent, Trail
from keytrail.trail.event_history import KEY

DAYS = 90

_MOST = 100_000
"""Events of one key that are looked at: as many as a trail has by default."""


class Usage(NamedTuple):
    """What one caller did with one operation."""

    caller: str
    """Its ARN, or the name of a service."""
    operation: str
    calls: int
    """How many succeeded."""
    refused: int
    last: datetime
    """The last call, refused or not."""


def events_of(trail: Trail, key: Key, limit: int = _MOST, since: datetime | None = None) -> list[StoredEvent]:
    """The newest events about a key; other accounts' calls have a copy in the key's own account."""
    query = Query(account=key.account, region=key.region, attribute=(KEY, key.key_id), since=since)
    return trail.lookup(query, None, limit)


def users_of(events: Sequence[StoredEvent]) -> list[Usage]:
    """The callers of cryptographic operations in events that are newest first; those with the most calls first."""
    counts: dict[tuple[str, str], list[int]] = {}
    last: dict[tuple[str, str], datetime] = {}
    for event in events:
        group = event.group
        operation = OPERATIONS.get(group.name)
        if group.principal is None or operation is None or not operation.tracked:
            continue
        user = group.principal.arn, group.name
        last.setdefault(user, event.time)
        counts.setdefault(user, [0, 0])[event.error_code is not None] += 1
    usages = [Usage(*user, calls, refused, last[user]) for user, (calls, refused) in counts.items()]
    return sorted(usages, key=lambda usage: (-usage.calls, -usage.refused, usage.caller, usage.operation))


def since(now: datetime) -> datetime:
    """The begin of the time that `users_of` is about."""
    return now - timedelta(days=DAYS)
