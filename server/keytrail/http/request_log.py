"""The log of requests: what happened to each, and how long it took."""

from collections.abc import Callable
from functools import partial
from time import perf_counter

from keytrail.clock import Clock
from keytrail.endpoint import Endpoint
from keytrail.http.log_writer import NOT_READABLE, Line, LogWriter
from keytrail.http.request_reader import Refused
from keytrail.http.responses import Headers
from keytrail.messages import Facts, Later, Request, Response

_HEALTH = "/_keytrail/health"

_NO_FACTS = Facts("", "")

_Control = Callable[[Request], tuple[int, Headers, bytes]]


class RequestLog:
    """Answers as the dispatcher does, and writes a line about each answer. Thread-safe."""

    def __init__(self, endpoint: Endpoint, url: str) -> None:
        """Log the requests to an endpoint that is served at this URL, in the format of its settings."""
        self._dispatcher = endpoint.dispatcher
        self._dispatcher.tells_facts = True
        self._explanations = endpoint.authorizer.explanations
        self._explain = f"{url}/_keytrail/explain?requestId=" if endpoint.settings.control else ""
        self._writer = LogWriter(endpoint.settings.log_format)
        self._clock = Clock()
        """The real time: whoever reads the log compares it with other logs."""

    def answer(self, request: Request) -> Response | Later[Response]:
        """The dispatcher's answer."""
        begun = perf_counter()
        answer = self._dispatcher.answer(request)
        if isinstance(answer, Later):
            return Later(partial(self._later, answer, begun))
        self._write(answer, begun)
        return answer

    def _later(self, answer: Later[Response], begun: float) -> Response:
        response = answer.work()
        self._write(response, begun)
        return response

    def control(self, answer: _Control, request: Request) -> tuple[int, Headers, bytes]:
        """What the control API answers. A health check that succeeds is not logged: there is one every few seconds."""
        begun = perf_counter()
        result = answer(request)
        if result[0] != 200 or request.path != _HEALTH:
            call = Facts("", f"{request.method} {request.path}")
            self._writer.write(Line(self._clock.now(), result[0], perf_counter() - begun, call))
        return result

    def refused(self, refused: Refused) -> None:
        """Write a line about what is no HTTP request."""
        call = Facts("", NOT_READABLE, error_message=str(refused))
        self._writer.write(Line(self._clock.now(), refused.status, 0.0, call))

    def close(self, patience: float) -> None:
        """Write what is left, for at most so many seconds."""
        self._writer.close(patience)

    def _write(self, response: Response, begun: float) -> None:
        facts = response.facts or _NO_FACTS
        why = explain = ""
        if facts.error_code == "AccessDeniedException":
            # Decisions on later actions of a call come after those that allowed the first.
            decisions = self._explanations.of_request(response.request_id)
            if decisions and not decisions[-1].verdict.allowed:
                why = str(decisions[-1].members()["reason"])
                explain = f"{self._explain}{response.request_id}" if self._explain else ""
        seconds = perf_counter() - begun + response.delivery.delay
        status = 0 if response.delivery.drop else response.status
        self._writer.write(Line(self._clock.now(), status, seconds, facts, response.request_id, why, explain))
