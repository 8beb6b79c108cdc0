"""What the tests of programs use: a strict server with keys, and the program, installed and ready to run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

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
    """Strict: signatures are checked, and nobody may do what no policy allows. HTTPS, too, for who needs that."""
    return {"strict": True, "tls_port": 0}


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


@pytest.fixture
def moto(run: Runner) -> Iterator[None]:
    """An S3 and a DynamoDB, which are moto's, for the commands."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    run.environment |= {"AWS_ENDPOINT_URL_S3": url, "AWS_ENDPOINT_URL_DYNAMODB": url}
    yield
    server.stop()
