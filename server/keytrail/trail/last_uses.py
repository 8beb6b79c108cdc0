"""LastUses: the last use of each key, which shows as late as GetKeyLastUsage may show it.

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


_DatedUse = tuple[int, Use]
"""A use, and how often the clock had been set back before: of two uses the later one is greater in both."""


class LastUses:
    """The last use of each key, by its ARN; each use is hidden for `delay`. Not thread-safe."""

    def __init__(self, delay: timedelta) -> None:
        """Begin with no uses."""
        self.delay = delay
        """Of the uses that were so far, those that show already stay."""
        self._times_set_back = 0
        self._shown: dict[str, _DatedUse] = {}
        self._hidden: dict[str, deque[_DatedUse]] = {}

    def add(self, arn: str, use: Use) -> None:
        """A key was used."""
        if not self.delay:
            self._show(arn, (self._times_set_back, use))
            return
        hidden = self._hidden.setdefault(arn, deque())
        # GetKeyLastUsage tells whole seconds: of the uses in one second the last is enough.
        if hidden and hidden[-1][1].timestamp.replace(microsecond=0) == use.timestamp.replace(microsecond=0):
            hidden.pop()
        hidden.append((self._times_set_back, use))

    def last(self, arn: str, now: datetime) -> Use | None:
        """The last use of a key that is old enough to show by now."""
        hidden = self._hidden.get(arn)
        if hidden is not None:
            if hidden[0][0] != self._times_set_back:  # the first is not the earliest any more
                hidden = self._hidden[arn] = deque(sorted(hidden, key=lambda dated: dated[1].timestamp))
            while hidden and hidden[0][1].timestamp + self.delay <= now:
                self._show(arn, hidden.popleft())
            if not hidden:
                del self._hidden[arn]
        shown = self._shown.get(arn)
        return shown[1] if shown is not None else None

    def last_used_key(self) -> str | None:
        """The ARN of the key that was used last, of those whose last use shows; with more keys it costs more."""
        return max(self._shown, key=lambda arn: _order(self._shown[arn]), default=None)

    def forget(self, arn: str) -> None:
        """A key is deleted, and its usage with it."""
        self._shown.pop(arn, None)
        self._hidden.pop(arn, None)

    def clock_set_back(self) -> None:
        """From here on, uses are later than all until now, though their times may be earlier."""
        self._times_set_back += 1

    def copy(self) -> "LastUses":
        """Another one with the same uses."""
        copy = LastUses(self.delay)
        copy._times_set_back = self._times_set_back
        copy._shown = self._shown.copy()
        copy._hidden = {arn: uses.copy() for arn, uses in self._hidden.items()}
        return copy

    def restore_account(self, account: str, earlier: "LastUses") -> None:
        """Let an account's keys have just the uses that they had in an earlier copy."""
        self._shown = _merged(self._shown, earlier._shown, account)
        self._hidden = {arn: uses.copy() for arn, uses in _merged(self._hidden, earlier._hidden, account).items()}

    def _show(self, arn: str, dated: _DatedUse) -> None:
        # Of concurrent uses the latest counts, whichever call ends last.
        shown = self._shown.get(arn)
        if shown is None or _order(shown) <= _order(dated):
            self._shown[arn] = dated


def _order(dated: _DatedUse) -> tuple[int, datetime]:
    return dated[0], dated[1].timestamp


def _merged(now: Mapping[str, _Value], earlier: Mapping[str, _Value], account: str) -> dict[str, _Value]:
    """What others than the account have now, and what the account had earlier."""
    others = {arn: value for arn, value in now.items() if arn.split(":")[4] != account}
    return others | {arn: value for arn, value in earlier.items() if arn.split(":")[4] == account}
