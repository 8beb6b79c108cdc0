"""VersionedDict and IndexedDict, held against models that are too simple to be wrong.

How we know: kms-behaviour H and decision 33; of the indexes, what their docstrings promise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from keytrail.store.indexed_dict import IndexedDict
from keytrail.store.versioned_dict import VersionedDict

START = datetime(2027, 1, 1, tzinfo=UTC)
DELAY = timedelta(seconds=10)
IDS = st.sampled_from("abcd")
ACCOUNTS = st.sampled_from(["1", "2"])


@dataclass(frozen=True)
class Thing:
    """A value that is in the index of its colour and in the index of its account."""

    account: str
    colour: int


THINGS = st.builds(Thing, ACCOUNTS, st.integers(0, 2))
INDEXES = [("colour", colour) for colour in range(3)] + [("account", account) for account in "12"]


def indexes_of(thing: Thing) -> list[tuple[object, ...]]:
    return [("colour", thing.colour), ("account", thing.account)]


def require_equal(things: IndexedDict[Thing], expected: dict[str, Thing]) -> None:
    """The dict holds what is expected, and each index lists what belongs to it, in the order of the ids."""
    assert dict(things.items()) == expected
    for index in INDEXES:
        listed = [expected[name] for name in sorted(expected) if index in indexes_of(expected[name])]
        assert things.all_in(index) == listed
        assert things.count(index) == len(listed)
        for at, after in enumerate(["", *sorted(name for name in expected if index in indexes_of(expected[name]))]):
            assert things.page(index, after, 2) == listed[at : at + 2]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(IDS, THINGS | st.none(), max_size=4), max_size=12))
def test_each_index_of_an_indexed_dict_lists_the_values_that_belong_to_it(steps: list[dict[str, Thing | None]]) -> None:
    things: IndexedDict[Thing] = IndexedDict(indexes_of)
    expected: dict[str, Thing] = {}
    for step in steps:
        before, copy = dict(expected), things.copy()
        things.put({name: thing for name, thing in step.items() if thing is not None})
        expected |= {name: thing for name, thing in step.items() if thing is not None}
        for name in [name for name, thing in step.items() if thing is None]:
            if name in expected:
                assert things.remove(name) == expected.pop(name)
            else:
                with pytest.raises(KeyError):
                    things.remove(name)
        require_equal(things, expected)
        require_equal(copy, before)


class VersionedDictModel(RuleBasedStateMachine):
    """What is visible of a value is the last that was so before the delay began, or was made visible at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.things: VersionedDict[Thing] = VersionedDict(indexes_of)
        self.things.delay(DELAY, self.now)
        self.delay = DELAY
        self.history: dict[str, list[tuple[datetime, Thing | None]]] = {}  # each with the moment when it is visible

    def note(self, name: str, thing: Thing | None, *, at_once: bool) -> None:
        due = START - DELAY if at_once or not self.delay else self.now + self.delay
        if at_once or not self.delay:
            self.history[name] = []
        self.history.setdefault(name, []).append((due, thing))

    def newest(self) -> dict[str, Thing]:
        latest = {name: changes[-1][1] for name, changes in self.history.items()}
        return {name: thing for name, thing in latest.items() if thing is not None}

    def visible(self) -> dict[str, Thing]:
        shown = {name: [thing for due, thing in changes if due <= self.now] for name, changes in self.history.items()}
        return {name: things[-1] for name, things in shown.items() if things and things[-1] is not None}

    @rule(things=st.dictionaries(IDS, THINGS, max_size=3), at_once=st.booleans())
    def put(self, things: dict[str, Thing], at_once: bool) -> None:
        self.things.put(things, at_once=at_once)
        for name, thing in things.items():
            self.note(name, thing, at_once=at_once)

    @rule(name=IDS, at_once=st.booleans())
    def remove(self, name: str, at_once: bool) -> None:
        if name in self.newest():
            self.things.remove(name, at_once=at_once)
            self.note(name, None, at_once=at_once)
        else:
            with pytest.raises(KeyError):
                self.things.remove(name, at_once=at_once)

    @rule(seconds=st.integers(0, 12))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.things.show(self.now)

    @rule()
    def show_all(self) -> None:
        self.things.show_all()
        self.forget()

    @rule(delay=st.sampled_from([timedelta(0), DELAY, DELAY / 2]))
    def set_delay(self, delay: timedelta) -> None:
        self.things.delay(delay, self.now)
        self.delay = delay
        self.forget()

    @rule(things=st.dictionaries(IDS, THINGS, max_size=3), account=st.none() | ACCOUNTS)
    def restore(self, things: dict[str, Thing], account: str | None) -> None:
        snapshot: VersionedDict[Thing] = VersionedDict(indexes_of)
        snapshot.put(things)
        restored = {name: thing for name, thing in self.newest().items() if account not in (None, thing.account)}
        restored |= {name: thing for name, thing in things.items() if account in (None, thing.account)}
        self.things.restore(snapshot, account)
        self.history = {name: [(START - DELAY, thing)] for name, thing in restored.items()}

    def forget(self) -> None:
        self.history = {name: [(START - DELAY, thing)] for name, thing in self.newest().items()}

    @invariant()
    def agrees(self) -> None:
        require_equal(self.things.newest, self.newest())
        require_equal(self.things.visible, self.visible())
        assert (self.things.visible is self.things.newest) == (not self.delay)


TestVersionedDict = VersionedDictModel.TestCase
TestVersionedDict.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)


def test_changes_that_have_become_visible_are_not_kept() -> None:
    now = START
    things: VersionedDict[Thing] = VersionedDict(indexes_of)
    things.delay(DELAY, now)
    for number in range(50):
        things.put({"a": Thing("1", number % 3)})
        now += timedelta(seconds=1)
        things.show(now)
    assert len(things._changes["a"]) == len(things._due) == 9
    now += DELAY
    things.show(now)
    assert not things._changes
    assert not things._due
