"""Keytrail decides as a second evaluator does, which somebody else wrote from what AWS documents.

Every run asks the same questions; `KEYTRAIL_RANDOM_SEED=7 make test` asks others, as any text does. What differs is
printed without all that it does not need. Find out from AWS's documents, then, which of the two is right.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from random import Random

import pytest

from tests.authorization.second_evaluator.comparison import Comparison, compare, shrink
from tests.authorization.second_evaluator.conditions import Unsettled
from tests.authorization.second_evaluator.keytrail_answers import Keytrail
from tests.authorization.second_evaluator.questions import Seed
from tests.authorization.second_evaluator.random_policies import Generator

SEED = os.environ.get("KEYTRAIL_RANDOM_SEED", "Keytrail")
SEEDS, QUESTIONS = 130, 24
"""Policies of so many accounts for each of the four parts, and so many requests to each."""


@pytest.mark.parametrize("part", range(4))
def test_keytrail_decides_as_the_second_evaluator(part: int) -> None:
    """With `strict` in all parts but the last. Together more than 10,000 decisions."""
    strict = part != 3
    keytrail = Keytrail(strict=strict)
    decided = allowed = 0
    for number in range(SEEDS):
        generator = Generator(Random(f"{SEED}/{part}/{number}"), strict=strict)
        seed = generator.seed()
        keytrail.load(seed)
        for _ in range(QUESTIONS):
            try:
                answers = compare(keytrail, seed, generator.question(seed))
            except Unsettled:
                continue
            assert answers.alike, f"part {part}, seed {number}\n{shrink(keytrail, answers)}"
            decided += 1
            allowed += answers.expected.allowed
    assert decided > (2700 if strict else 2000)
    assert allowed > decided / 10, "what is nearly always refused tells little"


def test_a_difference_is_printed_without_what_it_does_not_need() -> None:
    class Forgetful(Keytrail):
        """A Keytrail that does not know boundaries."""

        def load(self, seed: Seed) -> None:
            identities = [
                {name: value for name, value in it.items() if name != "PermissionsBoundary"}
                for it in seed.get("identities", [])
            ]
            super().load({**seed, "identities": identities})

    keytrail = Forgetful(strict=True)
    found = next(it for number in range(100) for it in differences(keytrail, Generator(Random(number), strict=True)))
    smallest = shrink(keytrail, found)
    assert len(json.dumps(smallest.seed)) < 900 < len(json.dumps(found.seed))
    (identity,) = smallest.seed["identities"]
    assert "PermissionsBoundary" in identity
    assert str(smallest).startswith("expected denied: ")


def differences(keytrail: Keytrail, generator: Generator) -> Iterator[Comparison]:
    """What is denied, and Keytrail allows, under a random seed."""
    seed = generator.seed()
    keytrail.load(seed)
    for _ in range(QUESTIONS):
        with suppress(Unsettled):
            answers = compare(keytrail, seed, generator.question(seed))
            if answers.found.allowed and not answers.expected.allowed:
                yield answers
