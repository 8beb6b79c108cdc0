"""The site that `make docs` builds has every page, under a subject, and each of its links leads somewhere."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PAGES = [page.name for page in (ROOT / "docs").glob("*.md")] + ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
SUBJECTS = ["Start", "Guides", "Reference", "For contributors"]


def build(folder: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a folder as `make docs` does."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_page_is_on_the_site_and_in_its_navigation(site: Path) -> None:
    index = (site / "index.html").read_text()
    for subject in SUBJECTS:
        assert subject in index
    for page in PAGES:
        name = "index.html" if page == "README.md" else page.replace(".md", ".html")
        assert (site / name).is_file()
        assert f'href="{name}"' in index or name == "index.html"


def test_links_between_the_readme_and_the_pages_in_docs_lead_to_pages_of_the_site(site: Path) -> None:
    assert 'href="pytest.html">' in (site / "index.html").read_text()
    assert 'href="CONTRIBUTING.html">' in (site / "ARCHITECTURE.html").read_text()
    assert 'href="fixtures/quickstart.yaml">' in (site / "seeds.html").read_text()
    assert (site / "fixtures/quickstart.yaml").read_bytes() == (ROOT / "fixtures/quickstart.yaml").read_bytes()


def test_the_site_fetches_nothing_from_elsewhere(site: Path) -> None:
    for page in site.glob("*.html"):
        for line in page.read_text().splitlines():
            assert not ("<script" in line and 'src="http' in line), (page.name, line)
            assert not ('rel="stylesheet"' in line and 'href="http' in line), (page.name, line)


@pytest.mark.parametrize("link", ["nowhere.md", "faults.md#nothing"])
def test_a_dangling_link_fails_the_build(link: str, tmp_path: Path) -> None:
    # Copies: mkdocs would follow links back to the repository.
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copytree(ROOT / "fixtures", tmp_path / "fixtures")
    for part in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "mkdocs.yaml"):
        shutil.copy(ROOT / part, tmp_path)
    (tmp_path / "docs/values.md").write_text(f"# Values\n\nSee [there]({link}).\n")
    done = build(tmp_path, tmp_path / "site")
    assert done.returncode != 0
    assert link in done.stdout + done.stderr
