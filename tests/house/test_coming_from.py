"""The pages for those who come from another emulator: their diffs apply, and what they make works."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from keytrail import cli
from tests.support.paths import ROOT

PAGES = {page.stem: page.read_text() for page in sorted((ROOT / "docs").glob("from-*.md"))}


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGES[page], re.MULTILINE | re.DOTALL)


def versions(diff: str) -> tuple[str, str, str]:
    """The name of a diff's file, and the file before and after."""
    head, name, *lines = diff.splitlines()
    assert (head[:6], name[:6]) == ("--- a/", "+++ b/")
    assert head[6:] == name[6:]
    assert all(line[:1] in "-+ " for line in lines)
    before, after = ("\n".join(line[1:] for line in lines if line[0] in kept) + "\n" for kept in ("- ", "+ "))
    return name[6:], before, after


DIFFS = [(page, *versions(diff)) for page in PAGES for diff in blocks(page, "diff")]
SUITES = {page: (before, after) for page, name, before, after in DIFFS if name.startswith("tests/")}


def test_there_is_a_page_for_each_with_the_diff_of_a_suite() -> None:
    assert sorted(PAGES) == sorted(SUITES) == ["from-local-kms", "from-localstack", "from-moto"]


@pytest.mark.parametrize("page", SUITES)
def test_the_suite_passes_after_the_change(page: str, tmp_path: Path) -> None:
    before, after = SUITES[page]
    compile(before, "before", "exec")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_orders.py").write_text(after)
    (tmp_path / "fixtures").mkdir()
    for block in blocks(page, "yaml"):
        if block.startswith("# seed"):
            (tmp_path / "fixtures" / "keys.yaml").write_text(block)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    tests = len(re.findall(r"^def test_", after, re.MULTILINE))
    assert f"{tests} passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("page", "before", "after"), [(page, *both) for page, name, *both in DIFFS if "compose" in name]
)
def test_the_compose_file_fits_the_image_after_the_change(page: str, before: str, after: str) -> None:
    assert "keytrail" not in str(yaml.safe_load(before))
    services = yaml.safe_load(after)["services"]
    kms, dockerfile = services["kms"], (ROOT / "Dockerfile").read_text()
    assert kms["image"] == "keytrail"
    assert f"EXPOSE {kms['ports'][0].split(':')[1]}" in dockerfile
    assert f"KEYTRAIL_FIXTURES={kms['volumes'][0].split(':')[1]}" in dockerfile
    assert services["app"]["environment"]["AWS_ENDPOINT_URL_KMS"] == "http://kms:4599"
    assert kms.get("environment", {}).keys() <= {f"KEYTRAIL_{name.upper()}" for name in cli.OPTION_HELP}


def test_the_command_makes_the_seed_that_the_page_shows(tmp_path: Path) -> None:
    (command,) = blocks("from-local-kms", "sh")
    source, seed = blocks("from-local-kms", "yaml")
    _, _, path, _, target = shlex.split(command)[1:]
    for name in (path, target):
        (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_text(source)
    words = [sys.executable, "-m", "keytrail", *shlex.split(command)[1:]]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert (tmp_path / target).read_text().partition("\n")[2] == seed.partition("\n")[2]
