"""The Flask application: puts the parts together, and nothing else."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from keytrail.clock import Clock
from keytrail.endpoint import Endpoint
from keytrail.http import front
from keytrail.http.control import control
from keytrail.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Keytrail(Flask):
    """A Flask application that answers the service itself and leaves only the control API to Flask."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Serve one endpoint."""
        super().__init__("keytrail", static_folder=None)
        self.keytrail = endpoint
        self.register_blueprint(control(endpoint))
        self.register_error_handler(HTTPException, _in_json)

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        if front.is_control(environ.get("PATH_INFO", "/")):
            return super().wsgi_app(environ, start_response)
        return front.answer(self.keytrail.dispatcher, environ, start_response)


def _in_json(error: HTTPException) -> Response:
    text = f"{request.method} {request.path}: {error.description}"
    return Response(msgspec.json.encode({"error": text}), error.code or 500, mimetype="application/json")


def create_app(
    settings: Settings | None = None, clock: Clock | None = None, *, documents: Iterable[bytes] = ()
) -> Keytrail:
    """An endpoint with these settings and this clock, and seed documents besides the settings' files.

    Raises seeds.SeedError if a seed is bad.
    """
    return Keytrail(Endpoint(settings or Settings(), clock or Clock(), documents))
