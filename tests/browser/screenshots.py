"""Takes the pictures of the console: four views, light and dark, wide and narrow.

.venv/bin/python -m tests.browser.screenshots [FOLDER]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import demo
from tests.browser.chromium import ARGUMENTS, executable
from tests.support.paths import ROOT

CONSOLE = "/_keytrail/console"
VIEWS = {
    "keys": "/",
    "key": f"{CONSOLE}/keys/arn:aws:kms:us-east-1:{demo.PAYMENTS}:key/{demo.ORDERS}",
    "trail": f"{CONSOLE}/trail",
    "why": f"{CONSOLE}/why?principal={demo.READER}&action=kms:Decrypt&keyId=alias/orders"
    "&request=%7B%22EncryptionContext%22%3A+%7B%22tenant%22%3A+%22globex%22%7D%7D",
    "clock": f"{CONSOLE}/clock?until=2026-12-08T00:00",
    "settings": f"{CONSOLE}/settings",
}
"""The pages, by what they show."""

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZES = {"": (1280, 800), "-narrow": (380, 800)}


def _event(page: Page, url: str) -> None:
    """A refused Decrypt, opened in the trail."""
    page.goto(url + VIEWS["trail"])
    page.locator("#rows tr.refused a.name", has_text="Decrypt").first.click()
    page.get_by_role("dialog").wait_for()


PICTURES: Mapping[str, Callable[[Page, str], object]] = {
    "keys": lambda page, url: page.goto(url + VIEWS["keys"]),
    "key": lambda page, url: page.goto(url + VIEWS["key"]),
    "event": _event,
    "clock": lambda page, url: page.goto(url + VIEWS["clock"]),
}


def take(browser: Browser, url: str, folder: Path) -> None:
    """Write all pictures of a server with the demo's keys and calls."""
    for scheme in SCHEMES:
        for suffix, (width, height) in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            for name, show in PICTURES.items():
                show(page, url)
                page.screenshot(path=folder / f"{name}{suffix}-{scheme}.png", animations="disabled")
            page.close()


def main(folder: Path) -> None:
    """Take them of a server of their own."""
    if executable() is None:
        sys.exit("Chromium is not installed: apt-get install chromium")
    folder.mkdir(parents=True, exist_ok=True)
    with demo.serve() as server, sync_playwright() as playwright:
        demo.call(server)
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        take(browser, server.url, folder)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots")
