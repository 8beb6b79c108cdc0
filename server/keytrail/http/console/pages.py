"""Pages: declaring the pages of one module, as decorators of functions."""

from collections.abc import Callable
from typing import TypeVar

from flask import Flask
from flask.typing import ResponseReturnValue

from keytrail.endpoint import Endpoint
from keytrail.http.request_reader import CONSOLE

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
"""A function of the endpoint and the path's variables; gives what Flask makes a response of."""


class Pages:
    """The pages of one module. Every POST has been checked for its CSRF token before its function is called."""

    def __init__(self) -> None:
        """Begin without pages."""
        self._pages: list[tuple[str, str, Callable[..., ResponseReturnValue]]] = []

    def get(self, path: str) -> Callable[[View], View]:
        """The function answers GET, at `/` or at a path below CONSOLE."""
        return self._add("GET", path)

    def post(self, path: str) -> Callable[[View], View]:
        """The function answers POST."""
        return self._add("POST", path)

    def _add(self, method: str, path: str) -> Callable[[View], View]:
        def add(view: View) -> View:
            self._pages.append((method, path, view))
            return view

        return add

    def add_to(self, app: Flask, endpoint: Endpoint) -> None:
        """Add the pages to an application; the name of a page is that of its module and its function."""
        for method, path, view in self._pages:
            app.add_url_rule(
                path if path == "/" else CONSOLE + path,
                endpoint=f"{view.__module__.rpartition('.')[2]}.{view.__name__.rstrip('_')}",
                view_func=_bound(view, endpoint),
                methods=[method],
                provide_automatic_options=False,
            )


def _bound(view: Callable[..., ResponseReturnValue], endpoint: Endpoint) -> Callable[..., ResponseReturnValue]:
    return lambda **variables: view(endpoint, **variables)
