"""A person at the console, without a browser: pages as trees, and forms that are sent as they stand there."""

from __future__ import annotations

import re
from typing import Any

import lxml.html
import requests

from keytrail.server import KeytrailServer

CONSOLE = "/_keytrail/console"


class Visitor:
    """A session of the console; `path` is `/`, or below CONSOLE: `/trail`."""

    def __init__(self, server: KeytrailServer) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.headers["Accept"] = "text/html,application/xhtml+xml"

    def ask(self, path: str, method: str = "GET", **more: Any) -> requests.Response:
        more.setdefault("timeout", 10)
        return self.session.request(method, url_of(self.server, path), **more)

    def page(self, path: str, **more: Any) -> Any:
        """The page as a tree; it must be there."""
        answer = self.ask(path, **more)
        assert answer.status_code == 200, answer.text
        return lxml.html.fromstring(answer.text)

    def submit(self, page: Any, action: str, **fields: str) -> Any:
        """Send the form of a page that leads to `action`, with some fields filled in; the page that follows."""
        [form] = [form for form in page.forms if form.action == f"{CONSOLE}{action}" and form.method == "POST"][:1]
        answer = self.ask(action, "POST", data={**dict(form.fields), **fields})
        assert answer.status_code == 200, answer.text
        return lxml.html.fromstring(answer.text)


def url_of(server: KeytrailServer, path: str) -> str:
    below = path.startswith("/") and not path.startswith(("/?", CONSOLE)) and path != "/"
    return f"{server.url}{CONSOLE if below else ''}{path}"


def words(element: Any) -> str:
    """The text of an element, with single spaces."""
    text = " ".join(" ".join(element.itertext()).split())
    return re.sub(r" (?=[,;.])", "", text)


def rows_of(page: Any, css_class: str = "keys") -> list[str]:
    """The rows of a table, each as its words."""
    return [words(row) for row in page.xpath(f"//table[contains(@class, '{css_class}')]/tbody/tr")]
