"""What passed: a file for each program, written by a run, and the table that is made of them.

A run of all tests of a file writes the file's results anew, and the table on the page; a run of some of them does not.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.acceptance.program import HERE, Program, program_of, stems
from tests.support.paths import ROOT

RESULTS = HERE / "results"
PAGE = ROOT / "docs/works-with.md"
MARK = "works-with"


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of a run of a program's tests."""

    packages: list[str]
    """What was installed for it, each exact."""
    works: list[str] = field(default_factory=list)
    """What was tried and works, in the words of `tried`."""
    does_not: dict[str, str] = field(default_factory=dict)
    """What was tried and does not work, as its tests expect, each with the reason that they give."""
    failed: list[str] = field(default_factory=list)
    """What was tried and failed."""

    @classmethod
    def read(cls, stem: str) -> Result | None:
        """The result of the last run of a program; None if it was never run."""
        path = RESULTS / f"{stem}.json"
        return cls(**json.loads(path.read_text())) if path.is_file() else None

    def write(self, stem: str) -> None:
        """Keep it in the program's file."""
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{stem}.json").write_text(json.dumps(vars(self), indent=2) + "\n")


class Recorder:
    """A plugin of pytest that keeps the results of a run."""

    def __init__(self) -> None:
        self._outcomes: defaultdict[str, dict[str, list[str]]] = defaultdict(dict)
        self._reasons: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a phase of a test ended; with pytest-xdist, of a test of any worker."""
        stem = Path(report.nodeid.partition("::")[0]).stem.removeprefix("test_")
        what = dict(report.user_properties).get("tried")
        outcomes = self._outcomes[stem].setdefault(str(what or report.nodeid), [])
        outcomes.append(report.outcome)
        if (reason := getattr(report, "wasxfail", None)) is not None:
            self._reasons[str(what or report.nodeid)] = reason

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the results of the files of which all tests were run, and the page."""
        option = session.config.option
        if option.keyword or option.markexpr or any("::" in name for name in session.config.args):
            return
        for stem, outcomes in self._outcomes.items():
            self._result(program_of(stem), outcomes).write(stem)
        if self._outcomes:
            write_page()

    def _result(self, program: Program, outcomes: dict[str, list[str]]) -> Result:
        failed = [what for what, phases in outcomes.items() if "failed" in phases]
        does_not = {what: self._reasons[what] for what in outcomes if what in self._reasons and what not in failed}
        works = [what for what in outcomes if what not in failed and what not in does_not and "::" not in what]
        return Result(packages=list(program.packages), works=works, does_not=does_not, failed=failed)


def table() -> str:
    """The table of the page, of the declarations and the results."""
    rows = ["| program | version | how to point it at Keytrail | what works |", "| --- | --- | --- | --- |"]
    programs = sorted(((program_of(stem), Result.read(stem)) for stem in stems()), key=lambda row: row[0].name.lower())
    rows += [_row(program, result) for program, result in programs]
    examples = [f"\n### {program.name}\n\n{program.example.strip()}" for program, _ in programs if program.example]
    return "\n".join(rows + examples) + "\n"


def _row(program: Program, result: Result | None) -> str:
    if program.cannot:
        outcome = f"**does not work:** {program.cannot}"
    elif result is None:
        outcome = "not run"
    else:
        outcome = "; ".join(
            [
                *result.works,
                *(f"**not:** {what}: {reason}" for what, reason in result.does_not.items()),
                *(f"**fails:** {what}" for what in result.failed),
            ]
        )
    return f"| {program.name} | {program.shown_version} | {program.how} | {outcome} |"


def write_page() -> None:
    """Put the table on the page."""
    head, rest = PAGE.read_text().split(f"<!-- {MARK} -->\n")
    PAGE.write_text(f"{head}<!-- {MARK} -->\n{table()}<!-- /{MARK} -->{rest.split(f'<!-- /{MARK} -->')[1]}")
