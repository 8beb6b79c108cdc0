"""Who may look, and act: the log-in with the control token, and the CSRF token of every form."""

import hmac
import secrets

from flask import abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from keytrail.endpoint import Endpoint
from keytrail.http.console.pages import Pages
from keytrail.settings import Settings

pages = Pages()

_OPEN = frozenset({"static", "access.login", "access.log_in"})
"""What everybody may ask for."""


def csrf_token() -> str:
    """The token that every form of this session sends along: a page of another origin cannot read it."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(16)
    return str(session["csrf"])


def admit(settings: Settings) -> ResponseReturnValue | None:
    """None if the request may go on; else a redirection to the log-in, or an error. To be called before each."""
    if settings.control_token and request.endpoint not in _OPEN and "admitted" not in session:
        login = url_for("access.login", next=request.full_path.rstrip("?") if request.method == "GET" else "/")
        if "HX-Request" in request.headers:
            return "", 401, {"HX-Redirect": url_for("access.login")}
        return redirect(login) if request.accept_mimetypes.accept_html else ("Log in first.", 401)
    if request.method == "POST":
        sent, expected = request.form.get("csrf", ""), session.get("csrf", "")
        if not expected or not hmac.compare_digest(sent.encode(), expected.encode()):
            abort(
                403, "This form is not this console's, or it is older than the server's last start: load its page anew."
            )
    return None


@pages.get("/login")
def login(endpoint: Endpoint) -> ResponseReturnValue:
    """The form that asks for the control token."""
    return render_template("login.html", next=_own_path(request.args.get("next", "/")), refused=False)


@pages.post("/login")
def log_in(endpoint: Endpoint) -> ResponseReturnValue:
    """Go on to the page that was asked for, if the token is right."""
    token, path = endpoint.settings.control_token, _own_path(request.form.get("next", "/"))
    if not hmac.compare_digest(request.form.get("token", "").encode(), token.encode()):
        return render_template("login.html", next=path, refused=True), 403
    session.clear()
    session["admitted"] = True
    return redirect(path)


@pages.post("/logout")
def log_out(endpoint: Endpoint) -> ResponseReturnValue:
    """Forget the session."""
    session.clear()
    return redirect(url_for("access.login"))


def _own_path(path: str) -> str:
    """The path if it is one of this server; else the first page's."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
