"""Debian's Chromium: playwright drives it, since playwright's own browsers cannot be installed everywhere."""

from __future__ import annotations

import shutil

ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]
"""As root, and in containers with a small /dev/shm, there is no other way."""


def executable() -> str | None:
    """The path of Chromium; None if it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
