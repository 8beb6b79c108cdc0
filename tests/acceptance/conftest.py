"""What the tests of programs use: a strict server with keys, and the program, installed and ready to run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.acceptance.program import Program, install
from tests.acceptance.results import Recorder
from tests.acceptance.running import SEED, Runner


def pytest_configure(config: pytest.Config) -> None:
    """Keep the results, in the process that sees the reports of all workers."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder())


@pytest.fixture(autouse=True)
def _is_tried(request: pytest.FixtureRequest, record_property: Any) -> None:
    marker = request.node.get_closest_marker("tried")
    if marker is not None:
        record_property("tried", marker.args[0])


@pytest.fixture(scope="session")
def keytrail_settings() -> dict[str, Any]:
    """Strict: signatures are checked, and nobody may do what no policy allows."""
    return {"strict": True}


@pytest.fixture(scope="session")
def keytrail_seed() -> Any:
    """The seed of every test."""
    return SEED


@pytest.fixture(scope="module")
def installed(request: pytest.FixtureRequest) -> Path:
    """The folder with what is installed for the program of this file: `bin/`, `node_modules/`."""
    program: Program = request.module.PROGRAM
    return install(Path(request.module.__file__).stem.removeprefix("test_"), program)


@pytest.fixture
def run(installed: Path, keytrail_clean: KeytrailServer, tmp_path: Path) -> Runner:
    """Runs commands of the program against the server: `run("aws", "kms", "list-keys")`."""
    return Runner(installed, keytrail_clean, tmp_path)
