"""Full disks, torn writes, other versions, other owners: no answer is lost, and nothing half-written is read."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keytrail.data_dir.folder import DATABASE, FORMAT
from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, KEY, MESSAGE, SAMPLE_SEED, client_of
from tests.support.clients import new_client
from tests.support.data_dir import ServerProcess, copy_of, serving

WAL = f"{DATABASE}-wal"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


# A full disk


def limit_files(process: int, size: int) -> None:
    """Let no file of a process grow beyond a size: for it, the disk is full then."""
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.fixture
def full_disk(folder: Path) -> Iterator[tuple[ServerProcess, Any, Callable[[], None]]]:
    """A server whose disk is full as soon as it has written its first state; what frees the disk."""
    with serving(folder, "--fixtures", "fixtures/quickstart.yaml") as server:
        kms = new_client(server.url, "kms", "us-east-1", ACCOUNT, "any")
        kms.create_key(Description="before")
        limit_files(server.process.pid, (folder / WAL).stat().st_size)
        yield server, kms, lambda: limit_files(server.process.pid, resource.RLIM_INFINITY)


def descriptions(kms: Any) -> set[str]:
    keys = [entry["KeyId"] for page in kms.get_paginator("list_keys").paginate() for entry in page["Keys"]]
    return {kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] for key in keys}


def outcome(call: Callable[..., object], **members: object) -> str:
    try:
        call(**members)
    except Exception as error:
        return str(error)
    return "ok"


def test_on_a_full_disk_changes_are_refused_and_undone_and_reads_are_answered(
    folder: Path, full_disk: tuple[ServerProcess, Any, Callable[[], None]]
) -> None:
    server, kms, free = full_disk
    before = descriptions(kms)
    for number in range(3):
        said = outcome(kms.create_key, Description=f"refused {number}")
        assert "KMSInternalException" in said
        assert "Keytrail cannot write to its data folder (" in said
        assert said.endswith(", so nothing was changed.")
        assert descriptions(kms) == before
    free()
    said = outcome(kms.create_key, Description="after")
    while said != "ok":  # until the next attempt to write
        assert "KMSInternalException" in said
        said = outcome(kms.create_key, Description="after")
    server.kill()
    with serving(folder) as again:
        kms = new_client(again.url, "kms", "us-east-1", ACCOUNT, "any")
        assert descriptions(kms) == before | {"after"}


def test_what_a_full_disk_means_is_logged_once_and_the_control_api_says_it_too(
    folder: Path, full_disk: tuple[ServerProcess, Any, Callable[[], None]]
) -> None:
    server, kms, free = full_disk
    for _ in range(3):
        assert "KMSInternalException" in outcome(kms.create_key)
    done = subprocess.run(
        ["curl", "-s", "-X", "POST", "-d", '{"seconds": 60}', f"{server.url}/_keytrail/clock/advance"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"error":"Keytrail cannot write to its data folder (' in done.stdout
    free()
    while outcome(kms.create_key) != "ok":
        pass
    lines = server.stop().splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"cannot write to the data folder {folder}",
        f"the data folder {folder} can be written again",
    ]


# Torn writes


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after a crash: thirty keys were made one after the other, each with an alias, and are in the log."""
    folder = tmp_path_factory.mktemp("torn") / "data"
    with KeytrailServer(data_dir=folder) as server:
        kms = client_of(server)
        for number in range(30):
            key_id = kms.create_key(Description=str(number))["KeyMetadata"]["KeyId"]
            kms.create_alias(AliasName=f"alias/{number}", TargetKeyId=key_id)
        return copy_of(folder, folder.with_name("crashed"))


@given(st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_torn_log_is_read_up_to_the_last_whole_commit(crashed: Path, tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "torn"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(crashed, folder)
    log = (folder / WAL).read_bytes()
    length = data.draw(st.integers(0, len(log)), label="bytes of the log that are left")
    damage = data.draw(st.binary(max_size=64), label="bytes after them")
    (folder / WAL).write_bytes(log[:length] + damage)
    with KeytrailServer(data_dir=folder) as server:
        store = server.endpoint.store.newest
        made = [int(key.description) for key in store.all_keys()]
        named = {alias.name: alias.target_arn for alias in store.all_aliases()}
        assert made == list(range(len(made)))
        assert len(named) in (len(made), len(made) - 1), "a key's alias was made after it, and before the next key"
        assert all(store.key(target) is not None for target in named.values())
        kms = client_of(server)
        assert kms.create_key()["KeyMetadata"]["KeyState"] == "Enabled"
    with KeytrailServer(data_dir=folder) as server:
        assert len(server.endpoint.store.newest.all_keys()) == len(made) + 1


def test_a_whole_log_is_read_to_its_end(crashed: Path, tmp_path: Path) -> None:
    with KeytrailServer(data_dir=copy_of(crashed, tmp_path / "whole")) as server:
        assert len(server.endpoint.store.newest.all_keys()) == 30


@pytest.mark.parametrize("harm", ["no database", "a value", "a row of another kind"])
def test_a_damaged_folder_is_refused(folder: Path, harm: str) -> None:
    with KeytrailServer(data_dir=folder, fixtures=SAMPLE_SEED):
        pass
    if harm == "no database":
        (folder / DATABASE).write_bytes(b"It was a dark and stormy night; the rain fell in torrents." * 99)
    else:
        database = sqlite3.connect(folder / DATABASE)
        with database:
            column = "value = x'93'" if harm == "a value" else "kind = 'fortune'"
            database.execute(f"UPDATE records SET {column} WHERE kind = 'alias'")
        database.close()
    words = rf"data_dir: {folder}.*(cannot be read|is damaged): .*; put back a copy, or choose another folder"
    for _ in range(2):  # it is not left locked
        with pytest.raises(ValueError, match=words):
            KeytrailServer(data_dir=folder)


# Versions and owners


@pytest.mark.parametrize(("version", "age"), [(FORMAT + 1, "a newer"), (FORMAT - 1, "an older")])
def test_a_folder_of_another_version_is_refused_by_a_sentence(folder: Path, version: int, age: str) -> None:
    with KeytrailServer(data_dir=folder):
        pass
    database = sqlite3.connect(folder / DATABASE)
    database.execute(f"PRAGMA user_version = {version}")
    database.close()
    words = (
        f"data_dir: {folder} was written by {age} version of Keytrail, in format {version}; this one reads format "
        f"{FORMAT}. Use the version that wrote it, or choose another folder"
    )
    with pytest.raises(ValueError, match=f"^{words}$"):
        KeytrailServer(data_dir=folder)


def test_the_database_of_another_program_is_refused(folder: Path) -> None:
    folder.mkdir()
    database = sqlite3.connect(folder / DATABASE)
    database.execute("CREATE TABLE recipes (name TEXT)")
    database.close()
    with pytest.raises(ValueError, match=r"keytrail\.sqlite is not Keytrail's; choose another folder"):
        KeytrailServer(data_dir=folder)


def test_a_path_that_is_no_folder_is_refused_with_the_remedy(folder: Path) -> None:
    folder.write_text("a file")
    with pytest.raises(ValueError, match=rf"data_dir: cannot write to {folder}: .*; this server runs as user \d+, who"):
        KeytrailServer(data_dir=folder)


def command(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "keytrail", "serve", "--port", "0", "--data-dir", str(folder), *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_command_refuses_a_folder_that_another_server_has(folder: Path) -> None:
    with serving(folder) as server:
        done = command(folder)
        assert done.returncode == 2
        assert done.stderr.startswith(f"keytrail: data_dir: {folder} is in use by process {server.process.pid} on ")
        assert done.stderr.endswith("; stop that server, or choose another folder\n")
        server.kill()
    with serving(folder):  # a server that was killed has it no more
        pass


def test_the_greeting_says_what_was_continued(folder: Path) -> None:
    options = ("--fixtures", "fixtures/quickstart.yaml")
    with serving(folder, *options) as server:
        assert not [line for line in server.greeting if "continues" in line]
    with serving(folder, *options) as server:
        assert server.greeting[1] == f"It continues with 3 keys of {folder}"
        assert "seeds are loaded at the first start only" in server.greeting[2]


def test_memory_stays_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    program = "import sys, keytrail; keytrail.KeytrailServer().start(); print('sqlite3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    assert list(tmp_path.iterdir()) == []


def test_ciphertexts_of_seeded_keys_need_no_folder(folder: Path) -> None:
    """The folder changes nothing of what is derived: a ciphertext is good on a server in memory, too."""
    with KeytrailServer(data_dir=folder, fixtures=SAMPLE_SEED) as server:
        blob = client_of(server).encrypt(KeyId=KEY, Plaintext=MESSAGE)["CiphertextBlob"]
    with KeytrailServer(fixtures=SAMPLE_SEED) as server:
        assert client_of(server).decrypt(CiphertextBlob=blob)["Plaintext"] == MESSAGE
