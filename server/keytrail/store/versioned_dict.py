"""VersionedDict: values by id, of which a change may become visible some time after it was made.

KMS is eventually consistent: reads and authorization notice a change some time later, but writes always apply to the
newest value. Source: KMS Developer Guide, "AWS KMS eventual consistency" and "Grant
eventual consistency" (kms-behaviour H, decision 33).
"""

from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Generic, Protocol, TypeVar

from keytrail.journal import Note
from keytrail.store.indexed_dict import Index, IndexedDict


class Owned(Protocol):
    """Something that an account owns: a key, an alias, a grant."""

    @property
    def account(self) -> str:
        """The account."""


Value = TypeVar("Value", bound=Owned)


class VersionedDict(Generic[Value]):
    """Values by id, twice: `newest`, as last written, and `visible`.

    Every write changes `newest` at once, and `visible` when its delay is over and `show` is called. Without a delay,
    `visible` is the same object as `newest`. All methods, and those of `newest` and `visible`, need the store's lock,
    except `get`.
    """

    def __init__(
        self, indexes_of: Callable[[Value], list[Index]], is_listed: Callable[[Index], bool] = lambda _: False
    ) -> None:
        """Begin empty, without a delay; the arguments are as in IndexedDict."""
        self.newest = IndexedDict(indexes_of, is_listed)
        self.visible = self.newest
        self.note: Note | None = None
        """Notes each change in a journal, if there is one."""
        self._delay = timedelta(0)
        self._now = datetime.min.replace(tzinfo=UTC)
        """The moment of the latest `show`: changes from there on are made at that moment."""
        self._changes: dict[str, deque[tuple[datetime, Value | None]]] = {}
        """For each id the changes that are not visible yet: when they will be, and the new value (None: removed)."""
        self._due: deque[tuple[datetime, str]] = deque()
        """All these moments in order, with the ids."""

    def put(self, values: Mapping[str, Value], *, at_once: bool = False) -> None:
        """Put values, new or changed, by their ids.

        `at_once`: they are visible at once, and replace their changes that are not visible yet.
        """
        if self.note is not None:
            for value_id, value in values.items():
                self.note(value_id, value)
        self.newest.put(values)
        if self.visible is not self.newest:
            for value_id, value in values.items():
                self._change(value_id, value, at_once)

    def remove(self, value_id: str, *, at_once: bool = False) -> Value:
        """Remove and return the value with this id; raises KeyError if there is none. `at_once`: as in `put`."""
        if self.note is not None:
            self.note(value_id, None)
        removed = self.newest.remove(value_id)
        if self.visible is not self.newest:
            self._change(value_id, None, at_once)
        return removed

    def delay(self, delay: timedelta, now: datetime) -> None:
        """From now on make each change visible so long after it was made; what has changed so far, at once."""
        self._delay, self._now = delay, now
        self._make_newest_visible()

    def show(self, now: datetime) -> None:
        """Make visible what is due by now. Changes from here on are made at this moment."""
        self._now = now
        while self._due and self._due[0][0] <= now:
            value_id = self._due.popleft()[1]
            changes = self._changes.get(value_id, ())
            while changes and changes[0][0] <= now:
                self._make_visible(value_id, changes.popleft()[1])
            if not changes:
                self._changes.pop(value_id, None)

    def show_all(self) -> None:
        """Make all changes visible."""
        for value_id, changes in self._changes.items():
            self._make_visible(value_id, changes[-1][1])
        self._changes, self._due = {}, deque()

    def restore(self, other: "VersionedDict[Value]", account: str | None = None) -> None:
        """Become a copy of `other.newest`; with an account, only what that account owns does. All is visible then.

        `newest` and `visible` are new objects afterwards, so nobody who still reads the old ones gets a mixture.
        """
        before = self.newest
        if account is None:
            self.newest = other.newest.copy()
        else:
            ours = self.newest.copy()
            held, wanted = dict(ours.items()), other.newest.items()
            taken = {value_id: value for value_id, value in wanted if value.account == account}
            gone = [each for each, value in held.items() if each not in taken and value.account == account]
            back = {value_id: value for value_id, value in taken.items() if held.get(value_id) is not value}
            ours.remove_all(gone)
            ours.put(back)
            self.newest = ours
        self._make_newest_visible()
        if self.note is not None:
            note_differences(self.note, dict(before.items()), dict(self.newest.items()))

    def _make_newest_visible(self) -> None:
        self._changes, self._due = {}, deque()
        self.visible = self.newest.copy() if self._delay else self.newest

    def _change(self, value_id: str, value: Value | None, at_once: bool) -> None:
        if at_once:
            self._changes.pop(value_id, None)
            self._make_visible(value_id, value)
            return
        due = self._now + self._delay
        self._changes.setdefault(value_id, deque()).append((due, value))
        self._due.append((due, value_id))

    def _make_visible(self, value_id: str, value: Value | None) -> None:
        if value is not None:
            self.visible.put({value_id: value})
        elif self.visible.get(value_id) is not None:
            self.visible.remove(value_id)


def note_differences(note: Note, before: Mapping[str, object], after: Mapping[str, object]) -> None:
    """Note what has to change so that `before` becomes `after`."""
    for value_id in before.keys() - after.keys():
        note(value_id, None)
    for value_id, value in after.items():
        earlier = before.get(value_id)
        if earlier is not value and earlier != value:
            note(value_id, value)
