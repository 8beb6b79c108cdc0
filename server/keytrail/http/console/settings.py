"""/settings: the faults and settings in force, and the reset."""

from dataclasses import fields

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from keytrail.endpoint import Endpoint
from keytrail.http.console.pages import Pages
from keytrail.seeds import SETTINGS
from keytrail.settings import Settings

pages = Pages()

_SECRET = "control_token"


@pages.get("/settings")
def show(endpoint: Endpoint) -> ResponseReturnValue:
    """The fault rules with their counts, the request quotas that struck, and every setting."""
    settings = endpoint.settings
    quotas = endpoint.faults.quotas
    defaults = Settings()
    rows = [
        (
            SETTINGS.get(field.name),
            field.name,
            ("set" if settings.control_token else "") if field.name == _SECRET else settings.text(field.name),
            getattr(settings, field.name) != getattr(defaults, field.name),
        )
        for field in fields(Settings)
    ]
    return render_template(
        "settings.html",
        faults=endpoint.faults.rules(),
        throttled=quotas.throttled() if quotas is not None else {},
        rows=rows,
    )


@pages.post("/faults/remove")
def remove_fault(endpoint: Endpoint) -> ResponseReturnValue:
    """Remove the fault rule `id`."""
    removed = endpoint.faults.remove(request.form.get("id", ""))
    flash("The fault rule is removed." if removed else "There is no such fault rule any more.")
    return redirect(url_for("settings.show"))


@pages.get("/reset")
def question(endpoint: Endpoint) -> ResponseReturnValue:
    """Ask before a reset."""
    return render_template("reset.html", keys=len(endpoint.store.newest.all_keys()), events=endpoint.trail.count())


@pages.post("/reset")
def reset(endpoint: Endpoint) -> ResponseReturnValue:
    """Go back to the state just after the start."""
    endpoint.reset()
    flash("Everything is as it was just after the start.")
    return redirect(url_for("keys.show"))
