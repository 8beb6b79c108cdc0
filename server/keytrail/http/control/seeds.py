"""GET /_keytrail/seed: the endpoint as a seed, in YAML, or in JSON by Accept.

POST /_keytrail/fixtures: load a seed. POST /_keytrail/reset: go back to the state after the start.

POST /_keytrail/snapshots/<name> keeps the present state, PUT goes back to it, DELETE forgets it; without a name, POST
keeps it under a number. All but DELETE take `?account=111122223333`: the default account of the seed; the only account
that goes back. A seed is the body, or the parts of a multipart/form-data body, each a file.
"""

from typing import Any

import msgspec
from flask import Request, Response

from keytrail.domain.arn import is_account
from keytrail.endpoint import Endpoint
from keytrail.export import export
from keytrail.http.control.routes import Refusal, Routes, require_no_body
from keytrail.seeds import SeedError, to_yaml
from keytrail.settings import read_flag

routes = Routes()

_YAML, _JSON = "application/yaml", "application/json"
"""Media types of seeds. Source: RFC 9512 for YAML's."""


@routes.get("/seed", arguments=["account", "key", "moments", "region", "secrets"])
def seed(endpoint: Endpoint, request: Request) -> Response:
    """The endpoint, or what is selected of it, as a seed: in YAML with comments, or in JSON if that is preferred."""
    try:
        secrets = read_flag(request.args.get("secrets", "false"))
    except ValueError as error:
        raise Refusal(f"secrets: {error}") from None
    try:
        written = export(
            endpoint,
            account=request.args.get("account"),
            region=request.args.get("region"),
            key=request.args.get("key"),
            secrets=secrets,
            moments=request.args.get("moments", "absolute"),
        )
    except ValueError as error:
        raise Refusal(str(error)) from None
    except LookupError as error:
        raise Refusal(str(error), 404) from None
    if request.accept_mimetypes.best_match([_YAML, _JSON], _YAML) == _JSON:
        return Response(msgspec.json.encode(written.document), mimetype=_JSON)
    return Response(to_yaml(written.document, written.notes), mimetype=_YAML)


@routes.post("/fixtures", arguments=["account"])
def load(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Load the seed in the body, YAML or JSON; all of it, or nothing."""
    account = _account(request)
    try:
        if request.mimetype == "multipart/form-data":
            files = [(file.filename or name, file.read()) for name, file in request.files.items(multi=True)]
            if not files or request.form:
                raise Refusal("Send each seed as a file: curl -F seed=@orders.yaml -F seed=@callers.yaml")
            return {"loaded": endpoint.load_documents(files, account)}
        return {"loaded": endpoint.load(request.get_data(), account)}
    except SeedError as error:
        raise Refusal.of_seed("Nothing was loaded", error) from None


@routes.post("/reset", arguments=["account"])
def reset(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Go back to the state after the start."""
    require_no_body(request, "; to reset one account alone, POST reset?account=111122223333.")
    endpoint.reset(_account(request))
    return {"status": "reset"}


@routes.post("/snapshots", arguments=["account"])
def take_numbered(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Keep the present state, under a number."""
    return _take(endpoint, request, None)


@routes.post("/snapshots/<name>", arguments=["account"])
def take(endpoint: Endpoint, request: Request, name: str) -> dict[str, Any]:
    """Keep the present state under a name."""
    return _take(endpoint, request, name)


def _take(endpoint: Endpoint, request: Request, name: str | None) -> dict[str, Any]:
    """Mark is the end of the trail, Loads how many seeds have been loaded so far."""
    require_no_body(request, "; for a snapshot of one account alone, POST snapshots/name?account=111122223333.")
    try:
        snapshot = endpoint.snapshot(name, _account(request))
    except ValueError as error:
        raise Refusal(f"snapshot: {error}") from None
    return {"Name": snapshot.name, "Mark": snapshot.mark, "Loads": snapshot.loads}


@routes.put("/snapshots/<name>", arguments=["account"])
def go_back(endpoint: Endpoint, request: Request, name: str) -> dict[str, Any]:
    """Go back to a snapshot."""
    require_no_body(request, "; to go back with one account alone, PUT snapshots/name?account=111122223333.")
    try:
        endpoint.reset(_account(request), to=name)
    except (LookupError, ValueError) as error:
        raise Refusal(f"snapshot: {error}", 404 if isinstance(error, LookupError) else 400) from None
    return {"status": "reset"}


@routes.delete("/snapshots/<name>")
def forget(endpoint: Endpoint, request: Request, name: str) -> dict[str, Any]:
    """Forget a snapshot."""
    if not endpoint.forget(name):
        raise Refusal(f"There is no snapshot {name}.", 404)
    return {"status": "forgotten"}


def _account(request: Request) -> str | None:
    account = request.args.get("account")
    if account is not None and not is_account(account):
        raise Refusal(f"account: expected 12 digits, got {account!r}")
    return account
