"""The page "Works with" says what a run of `make acceptance` found, of the programs as they are declared now."""

from __future__ import annotations

import re

import pytest

from tests.acceptance.program import LOCKS, SCRIPTS, is_locked, module_of, program_of, stems, what_is_tried
from tests.acceptance.results import RESULTS, Result
from tests.support.paths import ROOT

STEMS = stems()
REMEDY = "run `make acceptance ONLY={}`, and commit what it writes"


@pytest.mark.parametrize("stem", STEMS)
def test_the_results_are_those_of_the_declared_packages_and_of_all_that_is_tried(stem: str) -> None:
    program, result = program_of(stem), Result.read(stem)
    if program.cannot:
        assert result is None, f"tests/acceptance/results/{stem}.json: {program.name} is said not to work"
        assert not what_is_tried(stem)
        return
    assert result is not None, REMEDY.format(stem)
    assert result.packages == list(program.packages), REMEDY.format(stem)
    assert result.failed == []
    assert result.works
    assert sorted([*result.works, *result.does_not]) == sorted(what_is_tried(stem)), REMEDY.format(stem)


@pytest.mark.parametrize("stem", STEMS)
def test_whatever_is_installed_is_pinned(stem: str) -> None:
    program = program_of(stem)
    for package in program.pip:
        assert re.fullmatch(r"[\w.-]+(\[[\w,-]+\])?==[\w.]+", package), package
    for package in program.npm:
        assert re.fullmatch(r"(@[\w.-]+/)?[\w.-]+@\d[\w.-]*", package), package
    assert program.shown_version
    if not program.cannot:
        assert is_locked(stem, program), REMEDY.format(stem)


@pytest.mark.parametrize("stem", STEMS)
def test_an_example_is_run_by_a_test(stem: str) -> None:
    if program_of(stem).example:
        assert "PROGRAM.code" in (ROOT / f"tests/acceptance/test_{stem}.py").read_text()


def test_programs_have_names_of_their_own() -> None:
    names = [program_of(stem).name for stem in STEMS]
    assert len(set(names)) == len(names)


def test_every_test_of_a_program_says_what_it_tries() -> None:
    for stem in STEMS:
        for name, test in vars(module_of(stem)).items():
            if name.startswith("test_"):
                assert [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "tried"], (stem, name)


def test_results_and_locks_and_scripts_belong_to_programs() -> None:
    assert {path.stem for path in [*RESULTS.iterdir(), *LOCKS.iterdir()]} <= set(STEMS)
    for path in SCRIPTS.glob("[!_]*.*"):
        used = [stem for stem in STEMS if path.name in (ROOT / f"tests/acceptance/test_{stem}.py").read_text()]
        assert used, path


def test_no_lock_names_a_registry() -> None:
    for path in LOCKS.iterdir():
        assert "resolved" not in path.read_text(), path
        assert " @ " not in path.read_text(), path
