"""LastUses: the last use of each key, which GetKeyLastUsage returns after a delay.

Source: KMS API Reference, "GetKeyLastUsage".
"""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

_Value = TypeVar("_Value")


class Use(NamedTuple):
    """A successful cryptographic operation on a key."""

    operation: str
    timestamp: datetime
    event_id: str
    request_id: str


_OrderedUse = tuple[int, Use]
"""How often the clock had been set back before a use, and the use. Uses are ordered by that number, then by time."""


class KeptUses(NamedTuple):
    """The uses of a key that are needed: the last one that has been shown, and those that are hidden."""

    shown: tuple[int, Use] | None
    hidden: list[tuple[int, Use]]


class LastUses:
    """The last use of each key, by its ARN. A use is hidden until it is `delay` old. Not thread-safe."""

    def __init__(self, delay: timedelta) -> None:
        """Begin empty."""
        self.delay = delay
        """It may change: uses that have been shown stay visible."""
        self.changed: set[str] | None = None
        """The keys with uses that are not in a data folder yet; None if there is no such folder."""
        self._times_set_back = 0
        self._shown: dict[str, _OrderedUse] = {}
        self._hidden: dict[str, deque[_OrderedUse]] = {}

    def add(self, arn: str, use: Use) -> None:
        """Add a use of a key."""
        if self.changed is not None:
            self.changed.add(arn)
        if not self.delay:
            self._show(arn, (self._times_set_back, use))
            return
        hidden = self._hidden.setdefault(arn, deque())
        # Only the last use in each second is kept, so that an hour of uses needs little memory.
        if hidden and hidden[-1][1].timestamp.replace(microsecond=0) == use.timestamp.replace(microsecond=0):
            hidden.pop()
        hidden.append((self._times_set_back, use))

    def last(self, arn: str, now: datetime) -> Use | None:
        """The last use of a key that is not hidden any more."""
        hidden = self._hidden.get(arn)
        if hidden is not None:
            if hidden[0][0] != self._times_set_back:  # uses after the clock was set back may be earlier
                hidden = self._hidden[arn] = deque(sorted(hidden, key=lambda ordered: ordered[1].timestamp))
            while hidden and hidden[0][1].timestamp + self.delay <= now:
                self._show(arn, hidden.popleft())
            if not hidden:
                del self._hidden[arn]
        shown = self._shown.get(arn)
        return shown[1] if shown is not None else None

    def all(self, now: datetime) -> dict[str, Use]:
        """The last uses of all keys that are not hidden any more, by the keys' ARNs. It costs more with more keys."""
        for arn in list(self._hidden):
            self.last(arn, now)
        return {arn: use for arn, (_, use) in self._shown.items()}

    def count_hidden(self) -> int:
        """Of how many keys the last use is hidden."""
        return len(self._hidden)

    def last_used_key(self) -> str | None:
        """The ARN of the key with the latest use that has been shown, if any. It costs more with more keys."""
        return max(self._shown, key=lambda arn: _order(self._shown[arn]), default=None)

    def forget(self, arn: str) -> None:
        """Remove the uses of a deleted key."""
        self._shown.pop(arn, None)
        self._hidden.pop(arn, None)
        if self.changed is not None:
            self.changed.add(arn)

    def clock_set_back(self) -> None:
        """The clock was set back: uses from now on count as later than all before, even with earlier times."""
        self._times_set_back += 1

    def of(self, arn: str) -> KeptUses | None:
        """What is kept of a key; None if it is nothing."""
        shown, hidden = self._shown.get(arn), self._hidden.get(arn)
        return KeptUses(shown, list(hidden or ())) if shown is not None or hidden else None

    def keys(self) -> set[str]:
        """The ARNs of all keys of which something is kept."""
        return {*self._shown, *self._hidden}

    @property
    def times_set_back(self) -> int:
        """How often the clock has been set back."""
        return self._times_set_back

    def put_all(self, uses: Mapping[str, KeptUses], times_set_back: int) -> None:
        """Put what was read from a data folder."""
        self._times_set_back = times_set_back
        for arn, kept in uses.items():
            if kept.shown is not None:
                self._shown[arn] = kept.shown
            if kept.hidden:
                self._hidden[arn] = deque(kept.hidden)

    def copy(self) -> "LastUses":
        """A copy with the same uses."""
        copy = LastUses(self.delay)
        copy._times_set_back = self._times_set_back
        copy._shown = self._shown.copy()
        copy._hidden = {arn: uses.copy() for arn, uses in self._hidden.items()}
        return copy

    def restore_account(self, account: str, earlier: "LastUses") -> None:
        """Replace the uses of an account's keys by those in an earlier copy."""
        self._shown = _merged(self._shown, earlier._shown, account)
        self._hidden = {arn: uses.copy() for arn, uses in _merged(self._hidden, earlier._hidden, account).items()}

    def _show(self, arn: str, use: _OrderedUse) -> None:
        # Concurrent calls may end in another order than they began: the latest time counts.
        shown = self._shown.get(arn)
        if shown is None or _order(shown) <= _order(use):
            self._shown[arn] = use


def _order(use: _OrderedUse) -> tuple[int, datetime]:
    return use[0], use[1].timestamp


def _merged(now: Mapping[str, _Value], earlier: Mapping[str, _Value], account: str) -> dict[str, _Value]:
    """The values of `earlier` for the account's keys, and those of `now` for all other keys."""
    owner = f":{account}:"
    others = {arn: value for arn, value in now.items() if owner not in arn}
    return others | {arn: value for arn, value in earlier.items() if owner in arn}
