"""Answers that leave only when all that they may tell of is on disk."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from keytrail.journal import Journal, failure
from keytrail.messages import Later, Request, Response


class Held(NamedTuple):
    """An answer that waits until a change, and all before it, is on disk."""

    response: Response
    journal: Journal
    number: int
    """The number of the change."""
    failures: int
    """How many failures there had been when the request came."""
    refuse: Callable[[str], Response]
    """Makes the answer that takes its place after a failure, of the words for it."""

    def settled(self) -> Response | None:
        """The answer to send; None: not yet."""
        is_written = self.journal.is_written(self.number, self.failures)
        if is_written is None:
            return None
        return self.response if is_written else self.refuse(self.journal.broken)

    def work(self) -> Response:
        """The answer to send, when it is settled: waits for it, as the work of a Later takes its time."""
        with self.journal.lock:
            self.journal.lock.wait_for(lambda: self.journal.is_written(self.number, self.failures) is not None)
        settled = self.settled()
        assert settled is not None
        return settled


class HeldAnswers:
    """Answers as another does, but holds each answer back until all that has changed by then is on disk."""

    def __init__(
        self,
        answer: Callable[[Request], Response | Later[Response]],
        refuse: Callable[[Request, Exception], Response],
        journal: Journal,
    ) -> None:
        """Answer as `answer` does, or with what `refuse` makes of a request and an error."""
        self._answer, self._refuse, self._journal = answer, refuse, journal

    def answer(self, request: Request) -> Response | Later[Response] | Held:
        """The answer; a Held if anything is not on disk yet, a Later that waits if the operation is slow."""
        failures = self._journal.failures
        answer = self._answer(request)
        if isinstance(answer, Later):
            return Later(partial(self._work, request, answer, failures))
        return self._hold(request, answer, failures)

    def _hold(self, request: Request, response: Response, failures: int) -> Response | Held:
        journal = self._journal
        number = journal.number
        if number == journal.written and journal.failures == failures:
            return response
        return Held(response, journal, number, failures, lambda words: self._refuse(request, failure(words)))

    def _work(self, request: Request, later: Later[Response], failures: int) -> Response:
        held = self._hold(request, later.work(), failures)
        return held.work() if isinstance(held, Held) else held
