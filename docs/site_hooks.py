"""Hooks of mkdocs: README and the pages beside it, which stand above docs/, are pages of the site as well.

In the repository their links lead into docs/, and those of docs/ to `../README.md`: on the site all are side by side.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
BESIDE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
"""The pages above docs/."""
_LINK = re.compile(r"\]\((?![a-z][a-z+.-]*:|#)([^)\s#]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages above docs/, and the sample seeds that they link to."""
    from mkdocs.structure.files import File

    samples = [path.relative_to(ROOT).as_posix() for path in (ROOT / "fixtures").rglob("*") if path.is_file()]
    for path in [*BESIDE, *sorted(samples)]:
        files.append(File.generated(config, path, content=(ROOT / path).read_bytes()))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Turn the links of a page from places in the repository to places on the site."""
    folder = "" if page.file.src_uri in BESIDE else "docs"

    def turned(link: re.Match[str]) -> str:
        place = posixpath.normpath(posixpath.join(folder, link[1]))
        return f"]({place.removeprefix('docs/')}"

    return _LINK.sub(turned, markdown)
