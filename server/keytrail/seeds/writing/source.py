"""What all parts of a written seed share: where facts come from, and how moments and policies are written."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from keytrail.domain.forwarding_service import ForwardingService
from keytrail.seeds.moments import absolute, relative
from keytrail.store import Store
from keytrail.trail import Use

Members = dict[str, Any]
"""Members by AWS's names, as a seed document has them."""

MomentForm = Literal["absolute", "relative"]
"""How moments are written: `2026-05-01T08:00:00Z`, or `20 days ago`."""


@dataclass(frozen=True, slots=True)
class Source:
    """What keys are written from."""

    store: Store
    use_of: Callable[[str], Use | None]
    """The last use of a key, by its ARN."""
    via_of: Callable[[Use], ForwardingService | None]
    """The service that made a use on a caller's behalf."""
    now: datetime
    moments: MomentForm = "absolute"

    def moment(self, moment: datetime | None) -> str | None:
        """A moment as the seed has it."""
        if moment is None:
            return None
        return absolute(moment) if self.moments == "absolute" else relative(moment, self.now)


def present(members: Members) -> Members:
    """The members without those that a seed leaves out: None, empty texts, lists and mappings."""
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}


def policy(text: str | None) -> object:
    """A policy as a mapping, unless only its text gives back the same text."""
    if text is None:
        return None
    document = json.loads(text)
    try:
        return document if msgspec.json.encode(document).decode() == text else text
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can say
        return text
