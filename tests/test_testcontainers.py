"""KeytrailContainer, on an engine that is none: what it asks of the engine, and what it makes of the answers.

`.ci/run` has tests/image_client.py try it with the real engine and the real image.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from testcontainers.core import container as testcontainers_container
from testcontainers.core.config import testcontainers_config
from testcontainers.core.docker_client import ConnectionMode

from keytrail.server import KeytrailServer
from keytrail.settings import Settings
from keytrail.testcontainers import PORT, TLS_PORT, KeytrailContainer
from tests.support import KEY, OTHER_KEY
from tests.support.wire import post


class Engine:
    """Runs, for each container, a server of this process with the container's variables and files."""

    folder: Path
    broken = False

    def __init__(self, **_: object) -> None:
        self.client = self
        self.server: KeytrailServer | None = None

    def create(self, image: str, environment: dict[str, str], ports: dict[str, None], **_: object) -> Engine:
        assert (image, list(ports)) in [("keytrail", [str(PORT)]), ("keytrail", [str(PORT), str(TLS_PORT)])]
        self.id, self.short_id, self.status = image, image, "running"
        self.environment = environment
        return self

    def put_archive(self, path: str, data: bytes) -> bool:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            archive.extractall(self.folder, filter=lambda member, _: member.replace(name=member.name.lstrip("/")))
        return True

    def start(self, _: Engine) -> None:
        settings = Settings.from_environment(self.environment).with_fixtures(str(self.folder / "fixtures"))
        if not self.broken:
            self.server = KeytrailServer(settings).start()

    def get_connection_mode(self) -> ConnectionMode:
        return ConnectionMode.docker_host

    def host(self) -> str:
        return "127.0.0.1"

    def port(self, _: str, port: int) -> int:
        assert self.broken or self.server is not None
        if self.server is None:
            return 9
        return int(urlsplit(self.server.tls_url if port == TLS_PORT else self.server.url).port or 0)

    def reload(self) -> None: ...
    def close(self) -> None: ...

    def logs(self, *, stderr: bool = True, **_: object) -> bytes:
        return b"keytrail: a seed has mistakes" if stderr else b""

    def remove(self, **_: object) -> None:
        if self.server is not None:
            self.server.stop()


@pytest.fixture(autouse=True)
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Engine]]:
    monkeypatch.setattr(testcontainers_container, "DockerClient", Engine)
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)
    monkeypatch.setattr(Engine, "folder", tmp_path / "container", raising=False)
    (tmp_path / "container/fixtures").mkdir(parents=True)
    return Engine  # type: ignore[return-value]


def started(*seeds: Any, **settings: Any) -> KeytrailContainer:
    container = KeytrailContainer().with_settings(port=0, **settings)
    for seed in seeds:
        container.with_seed(seed)
    return container


def test_a_container_has_its_seeds_when_it_is_started(tmp_path: Path) -> None:
    folder = tmp_path / "seeds"
    folder.mkdir()
    (folder / "one.yaml").write_text(f"keys: [{{KeyId: {KEY}}}]")
    with started(folder, {"keys": [{"KeyId": OTHER_KEY}]}) as keytrail:
        keys = {key["KeyId"] for key in post(keytrail, "ListKeys").json()["Keys"]}
        assert keys == {KEY, OTHER_KEY}
        assert [call.operation for call in keytrail.client.calls()] == ["ListKeys"]


def test_settings_are_those_of_a_server_and_the_client_has_the_token() -> None:
    with started(account="111122223333", usage_delay="PT15M", control_token="sesame") as keytrail:
        settings = keytrail.client.settings
        assert (settings.account, settings.usage_delay.total_seconds()) == ("111122223333", 900)


def test_a_container_answers_https_under_the_names_that_it_was_given() -> None:
    container = KeytrailContainer().with_tls("kms").with_settings(port=0, tls_port=0)
    with container as keytrail:
        answer = requests.get(f"{keytrail.tls_url}/_keytrail/health", verify=keytrail.client.ca_file, timeout=5)
        assert answer.json() == {"status": "ready"}
        assert keytrail.client.settings.tls_names == {"kms"}


def test_wrong_settings_and_seeds_are_refused_before_the_start(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="there is no setting acount; did you mean account"):
        started(acount="111122223333")
    with pytest.raises(ValueError, match="account: expected 12 digits"):
        started(account="1")
    with pytest.raises(FileNotFoundError):
        started(tmp_path / "nowhere.yaml")


def test_a_container_that_does_not_answer_shows_its_log(engine: type[Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "broken", True)
    monkeypatch.setattr("keytrail.testcontainers._READY", 0)
    with pytest.raises(RuntimeError, match=r"does not answer: .*\nkeytrail: a seed has mistakes"):
        started().start()
