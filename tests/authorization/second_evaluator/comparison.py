"""The two evaluators side by side; where they differ, the smallest seed and question that still show it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from keytrail.errors import AwsError
from keytrail.seeds import SeedError
from tests.authorization.second_evaluator.conditions import Unsettled
from tests.authorization.second_evaluator.evaluator import Decision, decide
from tests.authorization.second_evaluator.keytrail_answers import Keytrail
from tests.authorization.second_evaluator.questions import Question, Seed, World


@dataclass(frozen=True)
class Comparison:
    """What the second evaluator and Keytrail answer to a question; `text` is Keytrail's refusal."""

    seed: Seed
    question: Question
    expected: Decision
    found: Decision
    text: str

    @property
    def alike(self) -> bool:
        """Whether both allow, or both refuse, and Keytrail for a reason that the second evaluator has."""
        return self.found.allowed == self.expected.allowed and self.found.reasons <= self.expected.reasons

    def __str__(self) -> str:
        """All that somebody needs to see who is right."""
        caller = {
            field.name: value
            for field in fields(self.question.caller)
            if (value := getattr(self.question.caller, field.name))
        }
        asked = {
            field.name: value
            for field in fields(self.question)
            if field.name != "caller" and (value := getattr(self.question, field.name))
        }
        return "\n".join(
            [
                f"expected {_words(self.expected)}",
                f"Keytrail {_words(self.found)} {self.text}",
                f"caller   {json.dumps(caller)}",
                f"asks     {json.dumps(asked)}",
                "seed     " + json.dumps(self.seed, indent=1),
            ]
        )


def _words(decision: Decision) -> str:
    return "allowed" if decision.allowed else f"denied: {' | '.join(sorted(decision.reasons))}"


def compare(keytrail: Keytrail, seed: Seed, question: Question) -> Comparison:
    """Ask both. `keytrail` must have loaded the seed. Raises Unsettled."""
    expected = decide(question, World(seed, strict=keytrail.strict))
    found, text = keytrail.answer(question)
    return Comparison(seed, question, expected, found, text)


def shrink(keytrail: Keytrail, found: Comparison) -> Comparison:
    """A comparison whose answers differ, with everything left out that the difference does not need."""

    def still(seed: Seed, question: Question) -> Comparison | None:
        try:
            keytrail.load(seed)
            made = compare(keytrail, seed, question)
        except (SeedError, AwsError, Unsettled, KeyError, IndexError, TypeError, ValueError):
            return None  # no seed, or no question, that could be asked
        same = made.found == found.found and made.expected.allowed == found.expected.allowed
        return made if same and not made.alike else None

    smaller: Comparison | None = found
    while smaller is not None:
        found = smaller
        smaller = next(filter(None, (still(*it) for it in _smaller(found))), None)
    return found


def _smaller(found: Comparison) -> Iterator[tuple[Seed, Question]]:
    """The seed, then the question, with one thing less."""
    for seed in _parts_left_out(found.seed):
        yield seed, found.question
    for question in found.question.without():
        yield found.seed, question
    for number, policy in enumerate(found.question.caller.session_policies):
        for less in _parts_left_out(policy):
            yield found.seed, found.question.with_session_policy(number, less)


def _parts_left_out(value: Any) -> Iterator[Any]:
    """A JSON value with one member or element less, the largest parts first; a list of one as that one."""
    if isinstance(value, Mapping):
        for name in value:
            yield {other: value[other] for other in value if other != name}
        for name, member in value.items():
            for less in _parts_left_out(member):
                yield {**value, name: less}
    elif isinstance(value, list):
        if len(value) == 1 and not isinstance(value[0], (dict, list)):
            yield value[0]
        for number in range(len(value)):
            yield [*value[:number], *value[number + 1 :]]
        for number, element in enumerate(value):
            for less in _parts_left_out(element):
                yield [*value[:number], less, *value[number + 1 :]]
