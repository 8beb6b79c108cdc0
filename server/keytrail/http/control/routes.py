"""What all routes of the control API share: declaring a route, its checks, reading a body, writing an answer."""

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

View = TypeVar("View", bound=Callable[..., Mapping[str, Any] | Response])
"""A function of the endpoint, the request and the path's variables.

It gives the answer's members, or an answer that need not be JSON, or raises Refusal.
"""


class Refusal(Exception):
    """The request is refused; the message says what would be right."""

    def __init__(self, error: str, status: int = 400, **members: object) -> None:
        """Answer with this status, `error`, and further members."""
        self.status = status
        self.members = {"error": error, **members}
        super().__init__(error)

    @classmethod
    def of_seed(cls, undone: str, error: SeedError) -> "Refusal":
        """The refusal of a seed document or a part of one; `undone` says what did not happen ("Nothing was loaded")."""
        return cls(f"{undone}: " + "; ".join(error.problems), problems=error.problems)


@dataclass(frozen=True, slots=True)
class _Route:
    method: str
    path: str
    view: Callable[..., Mapping[str, Any] | Response]
    arguments: Collection[str]
    """The parameters that the query may have."""
    always: bool
    """Whether it answers while the control API is off."""

    def admit(self, settings: Settings) -> None:
        """Raise Refusal for a wrong token, while the control API is off, or for an unknown parameter."""
        token = settings.control_token
        authorization = request.headers.get("Authorization", "")
        if token and not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise Refusal("Send the control token: Authorization: Bearer <KEYTRAIL_CONTROL_TOKEN>.", 401)
        if not (settings.control or self.always):
            raise Refusal("The control API is off; start with KEYTRAIL_CONTROL=true to use it.", 403)
        unknown = ", ".join(sorted(set(request.args) - set(self.arguments)))
        if unknown:
            known = ", ".join(sorted(self.arguments)) or "none"
            raise Refusal(f"There is no parameter {unknown}; expected: {known}.")


class Routes:
    """The routes of one group: decorators that register a function for a method, a path and query parameters."""

    def __init__(self) -> None:
        """Begin without routes."""
        self._routes: list[_Route] = []

    def get(self, path: str, arguments: Collection[str] = (), *, always: bool = False) -> Callable[[View], View]:
        """The function answers GET; with `always`, also while the control API is off."""
        return self._route("GET", path, arguments, always=always)

    def post(self, path: str, arguments: Collection[str] = ()) -> Callable[[View], View]:
        """The function answers POST."""
        return self._route("POST", path, arguments)

    def put(self, path: str, arguments: Collection[str] = ()) -> Callable[[View], View]:
        """The function answers PUT."""
        return self._route("PUT", path, arguments)

    def delete(self, path: str, arguments: Collection[str] = ()) -> Callable[[View], View]:
        """The function answers DELETE."""
        return self._route("DELETE", path, arguments)

    def _route(
        self, method: str, path: str, arguments: Collection[str], *, always: bool = False
    ) -> Callable[[View], View]:
        def add(view: View) -> View:
            self._routes.append(_Route(method, path, view, arguments, always))
            return view

        return add

    def add_to(self, api: Blueprint, endpoint: Endpoint) -> None:
        """Add the routes to a blueprint, for an endpoint."""
        for route in self._routes:
            api.add_url_rule(
                route.path,
                endpoint=f"{route.method} {route.path}".replace(".", "_"),  # Flask takes no dot in a name
                view_func=_view_function(route, endpoint),
                methods=[route.method],
                provide_automatic_options=False,
            )


def _view_function(route: _Route, endpoint: Endpoint) -> Callable[..., Response]:
    def answer(**variables: str) -> Response:
        route.admit(endpoint.settings)
        answered = route.view(endpoint, request, **variables)
        return answered if isinstance(answered, Response) else json_response(200, answered)

    return answer


def read_body(request: Request, kind: type[_Body], example: str) -> _Body:
    """Decode the request's body as a type, by msgspec. Raises Refusal, with the example in its message."""
    try:
        return msgspec.json.decode(request.get_data(), type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Refusal(f"Expected a JSON object such as {example}; {error}") from None


def require_no_body(request: Request, why: str) -> None:
    """Raise Refusal if the request has a body other than `{}`; `why` ends the sentence "Send no body"."""
    if request.get_data().strip() not in (b"", b"{}"):
        raise Refusal(f"Send no body{why}")


def json_response(status: int, members: Mapping[str, Any]) -> Response:
    """An answer of the control API."""
    return Response(msgspec.json.encode(members), status, mimetype="application/json")
