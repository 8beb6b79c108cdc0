"""Takes the pictures of the console: four views, light and dark, wide and narrow.

.venv/bin/python -m tests.browser.screenshots [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser import demo
from tests.browser.chromium import ARGUMENTS, executable

CONSOLE = "/_keytrail/console"
VIEWS = {
    "keys": "/",
    "key": f"{CONSOLE}/keys/arn:aws:kms:us-east-1:{demo.PAYMENTS}:key/{demo.ORDERS}",
    "trail": f"{CONSOLE}/trail",
    "why": f"{CONSOLE}/why?principal={demo.READER}&action=kms:Decrypt&keyId=alias/orders"
    "&request=%7B%22EncryptionContext%22%3A+%7B%22tenant%22%3A+%22globex%22%7D%7D",
    "clock": f"{CONSOLE}/clock",
    "settings": f"{CONSOLE}/settings",
}
SIZES = {"wide": (1280, 800), "narrow": (380, 800)}


def take(browser: Browser, url: str, folder: Path) -> None:
    for scheme in ("light", "dark"):
        for size, (width, height) in SIZES.items():
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=1
            )
            page = context.new_page()
            for name, path in VIEWS.items():
                page.goto(url + path)
                page.screenshot(path=folder / f"{name}-{size}-{scheme}.png", full_page=size == "narrow")
            page.goto(url + VIEWS["trail"] + "?operation=Decrypt&error=any")
            page.locator("#rows a.name").first.click()
            page.get_by_role("dialog").wait_for()
            page.wait_for_timeout(200)
            page.screenshot(path=folder / f"event-{size}-{scheme}.png")
            context.close()


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with demo.serve() as server, sync_playwright() as playwright:
        demo.call(server)
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        take(browser, server.url, folder)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screenshots"))
