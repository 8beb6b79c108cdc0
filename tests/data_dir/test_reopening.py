"""The random sequences of tests/operations/test_state_machine.py, with the endpoint ended and continued in between.

How we know: the model is the same, so an endpoint that continues must answer as if it had never ended.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from keytrail.clock import Clock
from keytrail.endpoint import Endpoint
from keytrail.settings import Settings
from tests.operations.test_state_machine import START, KeyStates
from tests.support.data_dir import copy_of
from tests.support.key_model import TRANSITION

RUNS, STEPS_PER_RUN = 10, 40


class ReopenedKeyStates(KeyStates):
    """The same, in a data folder."""

    reopened = 0
    """How often, in all runs."""

    def __init__(self) -> None:
        super().__init__()
        self.folders = tempfile.TemporaryDirectory()
        self.folder = Path(self.folders.name, "0")
        clock = Clock()
        clock.set(START, frozen=True)
        self.endpoint = self.open(clock)

    def open(self, clock: Clock) -> Endpoint:
        return Endpoint(Settings(transition_time=TRANSITION, data_dir=str(self.folder)), clock)

    def teardown(self) -> None:
        self.endpoint.close()
        self.folders.cleanup()

    @rule()
    def end(self) -> None:
        self.reopen(crash=False)

    @rule(twice=st.booleans())
    def crash(self, twice: bool) -> None:
        for _ in range(1 + twice):
            self.reopen(crash=True)

    def reopen(self, *, crash: bool) -> None:
        """End the endpoint and continue; a crash loses nothing but the last moment of the trail."""
        before = everything(self.endpoint, trail=not crash)
        if crash:
            journal = self.endpoint.journal
            assert journal is not None
            journal.wait(journal.failures)  # as an answer does
            copy = copy_of(self.folder, self.folder.with_name(str(int(self.folder.name) + 1)))
            self.endpoint.close()
            self.folder = copy
        else:
            self.endpoint.close()
        self.endpoint = self.open(Clock())
        assert everything(self.endpoint, trail=not crash) == before
        type(self).reopened += 1


def everything(endpoint: Endpoint, *, trail: bool) -> list[Any]:
    endpoint.settle()
    store = endpoint.store
    state: list[Any] = [
        {key.arn: key for key in store.newest.all_keys()},
        {alias.arn: alias for alias in store.newest.all_aliases()},
        store.grants.with_tokens(),
        store.custom_key_stores.all(),
        store._sets.all(),
        endpoint.clock.now(),
    ]
    if trail:
        state += [[event.record() for event in endpoint.trail.events()], endpoint.trail.last_uses(endpoint.clock.now())]
    return state


def test_an_endpoint_that_continues_answers_as_one_that_never_ended() -> None:
    run_state_machine_as_test(
        ReopenedKeyStates,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS_PER_RUN,
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert ReopenedKeyStates.reopened > RUNS
