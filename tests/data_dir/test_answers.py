"""An answer leaves when all that it may tell of is on disk: over raw sockets, while nothing can be written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from keytrail.http.app import create_app
from keytrail.journal import Journal
from keytrail.server import KeytrailServer
from keytrail.settings import Settings
from tests.support import KEY, SAMPLE_SEED
from tests.support.data_dir import copy_of
from tests.support.raw_http import Client, kms

READS = {
    "ListKeys": kms("ListKeys"),
    "DescribeKey": kms("DescribeKey", json.dumps({"KeyId": KEY}).encode()),
    "Encrypt": kms("Encrypt", json.dumps({"KeyId": KEY, "Plaintext": "YQ=="}).encode()),
    "an RSA signature": kms("GetPublicKey", b'{"KeyId": "aaaa0009-12ab-34cd-56ef-1234567890ab"}'),
    "the control API": b"GET /_keytrail/events HTTP/1.1\r\nHost: kms\r\n\r\n",
    "a page": b"GET / HTTP/1.1\r\nHost: kms\r\nAccept: text/html\r\n\r\n",
}
RSA_KEY = {"KeyId": "aaaa0009-12ab-34cd-56ef-1234567890ab", "KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[KeytrailServer]:
    seed = {**SAMPLE_SEED, "keys": [*SAMPLE_SEED["keys"], RSA_KEY]}
    with KeytrailServer(data_dir=tmp_path / "data", fixtures=seed) as server:
        yield server


def journal_of(server: KeytrailServer) -> Journal:
    journal = server.endpoint.journal
    assert journal is not None
    return journal


@contextmanager
def nothing_is_written(server: KeytrailServer) -> Iterator[None]:
    """As while somebody is in the middle of changes that belong together."""
    with journal_of(server).together():
        yield


def test_whoever_may_have_seen_a_change_waits_for_it(server: KeytrailServer) -> None:
    with ExitStack() as clients:
        writer = clients.enter_context(Client(server))
        readers = {name: clients.enter_context(Client(server)) for name in READS}
        with nothing_is_written(server):
            before = journal_of(server).number
            writer.send(kms("CreateKey"))
            while journal_of(server).number == before:
                pass  # the key is made on the event loop
            for name, reader in readers.items():
                reader.send(READS[name])
            assert [name for name, client in {"CreateKey": writer, **readers}.items() if not client.is_silent()] == []
        assert [client.read_answer().status for client in (writer, *readers.values())] == [200] * 7
    assert journal_of(server).written == journal_of(server).number


def test_where_nothing_changes_nobody_waits(server: KeytrailServer) -> None:
    with Client(server) as client:
        client.send(READS["an RSA signature"])  # it makes the pair, which is written
        assert client.read_answer().status == 200
        with nothing_is_written(server):
            for name, read in READS.items():
                client.send(read)
                assert client.read_answer().status == 200, name


def test_answers_of_one_connection_keep_their_order(server: KeytrailServer) -> None:
    with Client(server) as client:
        with nothing_is_written(server):
            client.send(kms("CreateKey") + kms("ListKeys") + kms("NoSuchOperation"))
            assert client.is_silent()
        assert [client.read_answer().status for _ in range(3)] == [200, 200, 403]


def test_a_client_that_leaves_before_its_answer_harms_nobody(server: KeytrailServer) -> None:
    with Client(server) as staying, nothing_is_written(server):
        with Client(server) as leaving:
            leaving.send(kms("CreateKey"))
            assert leaving.is_silent()
        staying.send(kms("CreateKey"))
    with Client(server) as staying:
        staying.send(kms("ListKeys"))
        assert staying.read_answer().status == 200


def test_mounted_in_another_server_it_waits_too(tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path / "data"))  # type: ignore[arg-type]
    try:
        made = app.test_client().post("/", headers={"X-Amz-Target": "TrentService.CreateKey"}, data=b"{}")
        copy = copy_of(tmp_path / "data", tmp_path / "copy")
        control = app.test_client().post("/_keytrail/clock/advance", json={"seconds": 60})
        assert (made.status_code, control.status_code) == (200, 200)
    finally:
        app.keytrail.close()
    with KeytrailServer(data_dir=copy) as server:
        keys = [key.arn for key in server.endpoint.store.newest.all_keys()]
    assert keys == [json.loads(made.data)["KeyMetadata"]["Arn"]]
