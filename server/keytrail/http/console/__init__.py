"""The console: pages for a person's browser, made on the server, of what an endpoint knows.

A module for each page; `Console` puts them together. Nothing of it is imported before the first page is asked for.
"""

import secrets

from flask import Flask, Response, g, render_template, request, session
from flask.sessions import SecureCookieSessionInterface
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from keytrail.endpoint import Endpoint
from keytrail.http.console import access, clock, decisions, formats, key, keys, settings, trail
from keytrail.http.request_reader import CONSOLE

_PAGES = (access, keys, key, trail, decisions, clock, settings)

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""What goes with every page. Only what Keytrail serves is loaded, and no script or style stands in a page."""


class Console(Flask):
    """The console of one endpoint, as a WSGI application."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Show one endpoint."""
        super().__init__(__name__, static_url_path=f"{CONSOLE}/static")
        self.secret_key = secrets.token_bytes(32)  # sessions end with the process
        self.config.update(SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Strict")
        self.session_interface = _SessionPerPort()
        self.jinja_env.undefined = StrictUndefined
        self.jinja_env.trim_blocks = self.jinja_env.lstrip_blocks = True
        self.jinja_env.filters.update(formats.FILTERS)
        self.before_request(lambda: access.admit(endpoint.settings))
        self.before_request(lambda: setattr(g, "now", endpoint.settle()))
        self.after_request(_add_headers)
        self.register_error_handler(HTTPException, _error_page)
        self.context_processor(
            lambda: {
                "clock": endpoint.clock,
                "csrf": access.csrf_token,
                "is_logged_in": "admitted" in session,
                "now": g.get("now") or endpoint.clock.now(),
                "mark": endpoint.trail.mark(),
            }
        )
        for page in _PAGES:
            page.pages.add_to(self, endpoint)


class _SessionPerPort(SecureCookieSessionInterface):
    """Cookies are shared by all ports of a host, but each server has sessions of its own."""

    def get_cookie_name(self, app: Flask) -> str:
        port = request.environ.get("HTTP_HOST", "").rpartition(":")[2]
        return f"keytrail-{port}" if port.isdecimal() else "keytrail"


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        if name != "Cache-Control" or request.endpoint != "static":
            response.headers[name] = value
    return response


def _error_page(error: HTTPException) -> tuple[str, int]:
    return render_template("error.html", error=error), error.code or 500
