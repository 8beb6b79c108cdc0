"""The Flask application: the control API, the console and, for people who mount it in a WSGI server, the services."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec
from flask import Flask, request
from flask import Response as FlaskResponse
from werkzeug.exceptions import HTTPException

from keytrail.clock import Clock
from keytrail.endpoint import Endpoint
from keytrail.errors import KMSInternalException
from keytrail.http import wsgi
from keytrail.http.control import control
from keytrail.http.control.routes import json_response
from keytrail.http.foreign_sites import why_foreign
from keytrail.http.request_reader import is_console, is_control
from keytrail.http.responses import STATUS, headers_of
from keytrail.journal import Journal
from keytrail.messages import Response
from keytrail.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Keytrail(Flask):
    """A Flask application whose views are the control API; calls of AWS's operations do not pass through Flask.

    A Flask view costs several times as much as answering the call.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        """Serve one endpoint."""
        super().__init__("keytrail", static_folder=None)
        self.keytrail = endpoint
        self._answer = endpoint.answers(endpoint.dispatcher.answer)
        self._console: WSGIApplication | None = None
        self._console_lock = threading.Lock()
        self.register_blueprint(control(endpoint))
        self.register_error_handler(HTTPException, _error_response)
        self.register_error_handler(KMSInternalException, _not_written)

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request.

        Raises ConnectionAbortedError if a fault rule closes the connection: WSGI has no other way.
        """
        settings, path = self.keytrail.settings, environ.get("PATH_INFO", "/")
        is_page = settings.has_console and is_console(environ["REQUEST_METHOD"], path, environ.get("HTTP_ACCEPT", ""))
        if is_page or is_control(path):
            why = why_foreign(environ, settings)
            if why is not None:
                return json_response(403, {"error": why})(environ, start_response)
            application = self._pages() if is_page else super().wsgi_app
            if self.keytrail.journal is None:
                return application(environ, start_response)
            return _when_written(self.keytrail.journal, application, environ, start_response)
        response = self._answer(wsgi.request_of(environ, settings.max_body))
        if not isinstance(response, Response):
            response = response.work()
        delivery = response.delivery
        time.sleep(delivery.delay)
        if delivery.drop:
            raise ConnectionAbortedError("a fault rule drops this connection")
        start_response(STATUS[response.status], headers_of(response))
        part = delivery.part_of(response.body)
        if len(part) < len(response.body):
            return _cut(part)
        return [part if environ["REQUEST_METHOD"] != "HEAD" else b""]

    def _pages(self) -> "WSGIApplication":
        """The console, an application of its own, which is imported with its first page."""
        with self._console_lock:
            if self._console is None:
                from keytrail.http.console import Console

                self._console = Console(self.keytrail)
            return self._console


def _cut(part: bytes) -> Iterator[bytes]:
    yield part
    raise ConnectionAbortedError("a fault rule cuts this answer")


def _when_written(
    journal: Journal, application: "WSGIApplication", environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    """What an application answers, when all that it may tell of is in the data folder."""
    started: list[tuple[Any, ...]] = []

    def start_later(*arguments: Any) -> Callable[[bytes], object]:
        started.append(arguments)
        return lambda _: None

    failures = journal.failures
    answer = application(environ, start_later)
    try:
        journal.wait(failures)
    except KMSInternalException as error:
        return _not_written(error)(environ, start_response)
    start_response(*started[-1])
    return answer


def _not_written(error: KMSInternalException) -> FlaskResponse:
    return json_response(500, {"error": error.message})


def _error_response(error: HTTPException) -> FlaskResponse:
    text = f"{request.method} {request.path}: {error.description}"
    return FlaskResponse(msgspec.json.encode({"error": text}), error.code or 500, mimetype="application/json")


def create_app(
    settings: Settings | None = None, clock: Clock | None = None, *, documents: Iterable[bytes] = ()
) -> Keytrail:
    """An application with an endpoint of its own; `documents` are seeds besides the files in the settings.

    Raises seeds.SeedError if a seed has mistakes.
    """
    return Keytrail(Endpoint(settings or Settings(), clock or Clock(), documents))
