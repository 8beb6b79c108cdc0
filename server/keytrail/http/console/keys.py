"""`/`: the keys, the idlest first, with search and filters that live in the URL."""

import hashlib
import time

from flask import abort, g, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from keytrail.domain.key import KeyState
from keytrail.domain.last_usage import UsageHistory
from keytrail.endpoint import Endpoint
from keytrail.http.console.key_list import Search, find
from keytrail.http.console.pages import Pages

pages = Pages()

_REFRESH = 2.0
"""After so many seconds a page of keys looks whether it has changed."""
_SHARE = 0.02
"""The most of a processor that an open page takes for it: with very many keys it looks less often."""


@pages.get("/")
def show(endpoint: Endpoint) -> ResponseReturnValue:
    """A page of keys. Nothing (204) if it is the one that the browser has `seen`."""
    begun = time.perf_counter()
    try:
        search = Search.read(request.args)
    except ValueError as error:
        abort(400, str(error))
    page = find(endpoint, search, g.now)
    table = render_template("key_table.html", search=search, page=page)
    seen = hashlib.blake2b(table.encode(), digest_size=8).hexdigest()
    if request.args.get("seen") == seen:
        return "", 204
    parts = {"search": search, "page": page, "table": table, "seen": seen}
    parts["refresh"] = max(_REFRESH, (time.perf_counter() - begun) / _SHARE)
    response = make_response(render_template("keys.html", **parts, states=list(KeyState), histories=list(UsageHistory)))
    if "HX-Request" in request.headers and "seen" not in request.args:
        response.headers["HX-Push-Url"] = url_for("keys.show", **search.query())
    return response
