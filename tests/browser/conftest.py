"""A real browser for the tests of the console: Debian's Chromium, driven by playwright.

Where there is none the tests are skipped: `apt-get install chromium`.
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from keytrail.server import KeytrailServer
from tests.browser import demo
from tests.browser.chromium import ARGUMENTS, executable

expect.set_options(timeout=30_000)  # for a busy machine


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for a module: while playwright runs, nothing else in this thread can have an event loop."""
    if executable() is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        yield browser
        browser.close()
    with warnings.catch_warnings():  # what playwright leaves unclosed is no fault of a later test
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
def demo_server() -> Iterator[KeytrailServer]:
    """A server with the keys and calls of demo.py, for tests that only look."""
    with demo.serve() as server:
        demo.call(server)
        yield server


@pytest.fixture
def server() -> Iterator[KeytrailServer]:
    """The same keys, in a server that the test may change."""
    with demo.serve() as server:
        yield server


class Watched:
    """What pages did that they should not: messages on the console, and requests to another origin."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def watch(self, page: Page, origin: str) -> None:
        page.on("console", lambda message: self.complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: self._request(request.url, origin))

    def _request(self, url: str, origin: str) -> None:
        if not url.startswith((f"{origin}/", "data:", "blob:")):
            self.complaints.append(f"request: {url}")


@pytest.fixture
def watched() -> Iterator[Watched]:
    """Every test of a page is one that it complains of nothing and asks nobody else."""
    watched = Watched()
    yield watched
    assert watched.complaints == []


@pytest.fixture
def look(browser: Browser, demo_server: KeytrailServer, watched: Watched) -> Iterator[Page]:
    """A page at the server that tests only look at."""
    yield from _page(browser, demo_server, watched)


@pytest.fixture
def page(browser: Browser, server: KeytrailServer, watched: Watched) -> Iterator[Page]:
    """A page at the server that the test may change."""
    yield from _page(browser, server, watched)


def _page(browser: Browser, server: KeytrailServer, watched: Watched) -> Iterator[Page]:
    context = browser.new_context(base_url=server.url, permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(30_000)
    page = context.new_page()
    watched.watch(page, server.url)
    yield page
    context.close()
