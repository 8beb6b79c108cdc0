"""What each file of tests/acceptance declares of its program, and how that is installed."""

from __future__ import annotations

import hashlib
import importlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.paths import ROOT

HERE = ROOT / "tests/acceptance"
LOCKS = HERE / "locks"
SCRIPTS = HERE / "scripts"
INSTALLED = ROOT / ".venv/acceptance"


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program that is tried, in words for the page "Works with"."""

    name: str
    """As its makers write it."""
    pip: tuple[str, ...] = ()
    """What pip installs for it, each exact: `awscli==1.46.3`."""
    npm: tuple[str, ...] = ()
    """What npm installs for it, each exact: `@aws-sdk/client-kms@3.1164.0`."""
    how: str
    """How it is pointed at Keytrail: a line of Markdown."""
    version: str = ""
    """If it is not the version of the first of its packages."""
    example: str = ""
    """A longer example, a fenced block of Markdown; a test of the file runs it (see `code`)."""
    cannot: str = ""
    """Why it does not work with Keytrail, if it does not; nothing is tried then."""

    @property
    def packages(self) -> tuple[str, ...]:
        """All that is installed for it, each exact."""
        return self.pip + self.npm

    @property
    def shown_version(self) -> str:
        """Its version, for a reader."""
        return self.version or re.split("==|(?<=.)@", self.packages[0])[1] if self.packages else self.version

    @property
    def code(self) -> str:
        """What is in the fenced block of `example`."""
        return self.example.strip().partition("\n")[2].rpartition("```")[0]


def tried(what: str) -> pytest.MarkDecorator:
    """Say in a few words what a test tries; if it passes, the page lists it."""
    return pytest.mark.tried(what)


# ---- All programs


def stems() -> list[str]:
    """The programs, by the names of their files, without `test_` and `.py`."""
    return sorted(path.stem.removeprefix("test_") for path in HERE.glob("test_*.py"))


def module_of(stem: str) -> ModuleType:
    """The test file of a program."""
    return importlib.import_module(f"tests.acceptance.test_{stem}")


def program_of(stem: str) -> Program:
    """What a test file declares. Raises AttributeError if that is nothing."""
    program: Program = module_of(stem).PROGRAM
    return program


def what_is_tried(stem: str) -> list[str]:
    """What the tests of a file try, in its order, each once."""
    tests: list[Callable[..., Any]] = [test for name, test in vars(module_of(stem)).items() if name.startswith("test_")]
    marks = [mark for test in tests for mark in getattr(test, "pytestmark", ()) if mark.name == "tried"]
    return list(dict.fromkeys(mark.args[0] for mark in marks))


# ---- Installing


def install(stem: str, program: Program) -> Path:
    """Install a program into a folder of its own in .venv/acceptance, unless it is there; gives the folder.

    What is not declared is pinned by the program's locks, which are written if they do not fit the declaration. Fails
    the test with the words of pip or npm.
    """
    home = INSTALLED / stem
    stamp = home / ".installed"
    if stamp.is_file() and stamp.read_text() == _digest(stem, program):
        return home
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    LOCKS.mkdir(exist_ok=True)
    if program.pip:
        _install_by_pip(home, program.pip, _pip_lock(stem))
    if program.npm:
        _install_by_npm(home, program.npm, _npm_lock(stem))
    stamp.write_text(_digest(stem, program))
    return home


def is_locked(stem: str, program: Program) -> bool:
    """Whether the locks pin all that is declared."""
    return _pip_lock_fits(program.pip, _pip_lock(stem)) and _npm_lock_fits(program.npm, _npm_lock(stem))


def _digest(stem: str, program: Program) -> str:
    """Changes with all that decides what is installed."""
    locks = [path.read_text() for path in (_pip_lock(stem), _npm_lock(stem)) if path.is_file()]
    return hashlib.sha256(repr((program.packages, locks, sys.version)).encode()).hexdigest()


def _pip_lock(stem: str) -> Path:
    return LOCKS / f"{stem}.txt"


def _npm_lock(stem: str) -> Path:
    return LOCKS / f"{stem}.json"


def _pip_lock_fits(packages: tuple[str, ...], lock: Path) -> bool:
    locked = lock.read_text().splitlines() if lock.is_file() else []
    return {_normal(package) for package in packages} <= {_normal(line) for line in locked}


def _normal(requirement: str) -> str:
    """A requirement as pip freeze has it: without extras, its name as PEP 503 compares it."""
    name, _, version = re.sub(r"\[.*\]", "", requirement).partition("==")
    return f"{re.sub('[-_.]+', '-', name).lower()}=={version}"


def _install_by_pip(home: Path, packages: tuple[str, ...], lock: Path) -> None:
    _do(sys.executable, "-m", "venv", "--without-pip", home)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", home / "bin/python")
    fits = _pip_lock_fits(packages, lock)
    _do(*pip, "install", "--quiet", *packages, *(("--constraint", lock) if fits else ()))
    if not fits:
        lock.write_text(_do(*pip, "freeze"))


def _npm_lock_fits(packages: tuple[str, ...], lock: Path) -> bool:
    locked = json.loads(lock.read_text())["packages"][""]["dependencies"] if lock.is_file() else {}
    return bool(locked == dict(package.rsplit("@", 1) for package in packages))


def _install_by_npm(home: Path, packages: tuple[str, ...], lock: Path) -> None:
    if shutil.which("npm") is None:
        pytest.fail("npm is not here: this program needs Node.js 20 or newer", pytrace=False)
    fits = _npm_lock_fits(packages, lock)
    if fits:
        shutil.copy(lock, home / "package-lock.json")
    dependencies = dict(package.rsplit("@", 1) for package in packages)
    (home / "package.json").write_text(json.dumps({"dependencies": dependencies}))
    # The lock has no address of a registry: whoever installs by it has a registry of his own.
    quiet = ("--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts")
    _do("npm", "install", "--prefix", home, "--omit-lockfile-registry-resolved", *quiet)
    if not fits:
        # npm calls the package in a folder by the folder's name.
        lock.write_text((home / "package-lock.json").read_text())


def _do(*words: str | Path) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(f"{words[0]} could not install:\n{done.stdout[-3000:]}{done.stderr[-3000:]}", pytrace=False)
    return done.stdout
