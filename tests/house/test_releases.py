"""Releases: one version, workflows that GitHub would accept, distributions that work where nothing else is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yaml"))


def run(*words: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a command; its output is text."""
    return subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=False)


# ---- The version


def test_the_changelog_begins_with_the_version_that_is_built() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    [first, *_] = re.findall(r"^## (.*)$", changelog, re.MULTILINE)
    assert re.fullmatch(rf"\[{re.escape(PROJECT['version'])}\] - (unreleased|\d{{4}}-\d\d-\d\d)", first), first


def test_the_command_tells_the_version() -> None:
    assert run(sys.executable, "-m", "keytrail", "--version").stdout.split()[-1] == PROJECT["version"]
    assert version("keytrail") == PROJECT["version"]


def test_the_readme_says_which_python_it_needs() -> None:
    assert f"Python {PROJECT['requires-python'].replace('>=', '>= ')}" in (ROOT / "README.md").read_text()


# ---- The workflows


def test_there_is_a_workflow_for_checks_one_for_releases_and_one_for_programs() -> None:
    assert {"acceptance.yaml", "check.yaml", "release.yaml"} <= {path.name for path in WORKFLOWS}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_fits_githubs_schema(path: Path) -> None:
    done = run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_workflow_that_does_not_fit_is_found(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text((ROOT / ".github/workflows/check.yaml").read_text().replace("runs-on", "run-on"))
    done = run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", broken)
    assert done.returncode == 1


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="actionlint is not installed; check.yaml runs it")
def test_actionlint_has_nothing_to_say() -> None:
    done = run("actionlint", *WORKFLOWS)
    assert done.returncode == 0, done.stdout


def steps(name: str, job: str) -> list[dict[str, Any]]:
    """The steps of a workflow's job."""
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / ".github/workflows" / name).read_text())["jobs"][job]["steps"]
    return found


def test_the_workflows_call_targets_that_make_has() -> None:
    jobs = [(path.name, job) for path in WORKFLOWS for job in yaml.safe_load(path.read_text())["jobs"]]
    called = [
        step["run"]
        for name, job in jobs
        if (name, job) != ("release.yaml", "check")  # the whole of check.yaml
        for step in steps(name, job)
        if step.get("run", "").startswith("make ")
    ]
    assert {"make acceptance", "make check", "make docs", "make dist"} <= set(called)
    for command in called:
        assert run(*command.split(), "--dry-run").returncode == 0, command


@pytest.mark.parametrize(
    ("tag", "changelog", "is_released"),
    [
        ("v1.2.3", "## [1.2.3] - 2026-12-01\n", True),
        ("v1.2.3", "## [1.2.3] - unreleased\n", False),
        ("v1.2.3", "## [1.2.30] - 2026-12-01\n", False),
        ("v1.2.4", "## [1.2.4] - 2026-12-01\n", False),
    ],
)
def test_a_release_needs_the_tag_of_its_version_and_a_date(
    tag: str, changelog: str, is_released: bool, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text(changelog)
    [script] = [step["run"] for step in steps("release.yaml", "dist") if "CHANGELOG.md" in step.get("run", "")]
    # As GitHub runs it: `bash -e`.
    done = run("env", f"GITHUB_REF_NAME={tag}", "bash", "-e", "-c", script, cwd=tmp_path)
    assert (done.returncode == 0) is is_released, done.stdout + done.stderr


def test_the_image_is_for_both_architectures_and_says_what_is_in_it() -> None:
    [push] = [step for step in steps("release.yaml", "image") if step.get("uses", "").startswith("docker/build-push")]
    assert push["with"]["platforms"] == "linux/amd64,linux/arm64"
    assert push["with"]["provenance"] == "mode=max"
    assert push["with"]["sbom"] is True


def test_pypi_trusts_the_workflow_and_no_password_is_kept() -> None:
    release = yaml.safe_load((ROOT / ".github/workflows/release.yaml").read_text())
    assert release["jobs"]["pypi"]["permissions"] == {"id-token": "write"}
    [publish] = [step for step in steps("release.yaml", "pypi") if "pypi-publish" in step["uses"]]
    assert "with" not in publish


# ---- The distributions


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make dist` builds."""
    folder = tmp_path_factory.mktemp("dist")
    done = run(sys.executable, "-m", "build", "--outdir", folder)
    if done.returncode != 0:
        pytest.fail(
            "the distributions could not be built; the build installs what pyproject.toml requires, so pip needs "
            f"a package index:\n{done.stdout[-2000:]}{done.stderr[-2000:]}",
            pytrace=False,
        )
    return folder


@pytest.mark.slow
def test_the_distributions_have_what_belongs_there(dist: Path) -> None:
    [wheel], [source] = dist.glob("*.whl"), dist.glob("*.tar.gz")
    assert wheel.name == f"keytrail-{PROJECT['version']}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    assert {"keytrail/py.typed", "keytrail/regions.json", "keytrail/wire/models/kms.json"} <= names
    assert all(name.startswith(("keytrail/", "keytrail-")) for name in names)
    with tarfile.open(source) as packed_source:
        paths = {name.partition("/")[2] for name in packed_source.getnames()}
    assert {"README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", "mkdocs.yaml", "docs/pytest.md"} <= paths


@pytest.mark.slow
def test_the_wheel_runs_the_readmes_ten_lines_in_an_empty_environment(dist: Path, tmp_path: Path) -> None:
    [wheel] = dist.glob("*.whl")
    assert run(sys.executable, "-m", "venv", tmp_path / "venv").returncode == 0
    python = tmp_path / "venv/bin/python"
    installed = run(python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", f"{wheel}[pytest]")
    if installed.returncode != 0:
        pytest.fail(
            f"pip could not install the wheel's dependencies; it needs a package index:\n{installed.stderr[-2000:]}",
            pytrace=False,
        )
    readme = (ROOT / "README.md").read_text()
    [test, *_] = re.findall(r"^```python\n(def test_.*?)^```", readme, re.MULTILINE | re.DOTALL)
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite/test_readme.py").write_text(test)
    done = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", ".", cwd=tmp_path / "suite")
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    where = run(python, "-c", "import keytrail; print(keytrail.__file__)", cwd=tmp_path / "suite")
    assert Path(where.stdout.strip()).is_relative_to(tmp_path / "venv")
