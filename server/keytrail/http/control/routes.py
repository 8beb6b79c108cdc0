"""What all routes of the control API have in common: how they are declared, admitted, read and answered."""

import hmac
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Request, Response, request

from keytrail.endpoint import Endpoint
from keytrail.seeds import SeedError
from keytrail.settings import Settings

_Body = TypeVar("_Body")

View = TypeVar("View", bound=Callable[..., Mapping[str, Any]])
"""Takes the endpoint, the request and the variables of the path; gives the members of the answer, or raises Refusal."""


class Refusal(Exception):
    """A request that is refused, with a sentence that says what would be right."""

    def __init__(self, error: str, status: int = 400, **members: object) -> None:
        """Answer with this status, `error`, and further members."""
        self.status = status
        self.members = {"error": error, **members}
        super().__init__(error)

    @classmethod
    def of_seed(cls, undone: str, error: SeedError) -> "Refusal":
        """The refusal of a document; `undone` says what did not happen."""
        return cls(f"{undone}: " + "; ".join(error.problems), problems=error.problems)


@dataclass(frozen=True, slots=True)
class _Route:
    method: str
    path: str
    view: Callable[..., Mapping[str, Any]]
    arguments: Collection[str]
    """What may stand in the query."""
    always: bool
    """Whether it answers while the control API is off."""

    def admit(self, settings: Settings) -> None:
        """Raise Refusal for a request that may not be made, or has an argument that there is not."""
        token = settings.control_token
        given = request.headers.get("Authorization", "")
        if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            raise Refusal("Send the control token: Authorization: Bearer <KEYTRAIL_CONTROL_TOKEN>.", 401)
        if not (settings.control or self.always):
            raise Refusal("The control API is off; start with KEYTRAIL_CONTROL=true to use it.", 403)
        unknown = ", ".join(sorted(set(request.args) - set(self.arguments)))
        if unknown:
            known = ", ".join(sorted(self.arguments)) or "none"
            raise Refusal(f"There is no parameter {unknown}; those that are: {known}.")


class Routes:
    """The routes of one group. Each is a function under a decorator that says method, path and arguments."""

    def __init__(self) -> None:
        """Begin without routes."""
        self._routes: list[_Route] = []

    def get(self, path: str, arguments: Collection[str] = (), *, always: bool = False) -> Callable[[View], View]:
        """The function below answers GET; `always`, also while the control API is off."""
        return self._route("GET", path, arguments, always=always)

    def post(self, path: str, arguments: Collection[str] = ()) -> Callable[[View], View]:
        """The function below answers POST."""
        return self._route("POST", path, arguments)

    def put(self, path: str, arguments: Collection[str] = ()) -> Callable[[View], View]:
        """The function below answers PUT."""
        return self._route("PUT", path, arguments)

    def delete(self, path: str, arguments: Collection[str] = ()) -> Callable[[View], View]:
        """The function below answers DELETE."""
        return self._route("DELETE", path, arguments)

    def _route(
        self, method: str, path: str, arguments: Collection[str], *, always: bool = False
    ) -> Callable[[View], View]:
        def add(view: View) -> View:
            self._routes.append(_Route(method, path, view, arguments, always))
            return view

        return add

    def add_to(self, api: Blueprint, endpoint: Endpoint) -> None:
        """Let a blueprint answer them about an endpoint."""
        for route in self._routes:
            api.add_url_rule(
                route.path,
                endpoint=f"{route.method} {route.path}",
                view_func=_view_function(route, endpoint),
                methods=[route.method],
                provide_automatic_options=False,
            )


def _view_function(route: _Route, endpoint: Endpoint) -> Callable[..., Response]:
    def answer(**variables: str) -> Response:
        route.admit(endpoint.settings)
        return json_response(200, route.view(endpoint, request, **variables))

    return answer


def read_body(request: Request, kind: type[_Body], example: str) -> _Body:
    """The request's body, decoded as a type of msgspec's; raises Refusal."""
    try:
        return msgspec.json.decode(request.get_data(), type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Refusal(f"Expected a JSON object such as {example}; {error}") from None


def require_no_body(request: Request, why: str) -> None:
    """Raise Refusal if the request has a body with something in it."""
    if request.get_data().strip() not in (b"", b"{}"):
        raise Refusal(f"Send no body{why}")


def json_response(status: int, members: Mapping[str, Any]) -> Response:
    """An answer of the control API."""
    return Response(msgspec.json.encode(members), status, mimetype="application/json")
