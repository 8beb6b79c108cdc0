"""KeytrailServer in a program of one's own.

How we know: README, "A test in ten lines"; what is promised besides is in their docstrings.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from keytrail.call import Call
from keytrail.domain.key import Key
from keytrail.errors import InvalidCiphertextException
from keytrail.messages import Later
from keytrail.operation import Operation
from keytrail.operations.kms import OPERATIONS
from keytrail.seeds import SeedError
from keytrail.server import KeytrailServer
from keytrail.settings import Settings
from tests.support import ALIAS, KEY, OTHER_KEY, SAMPLE_SEED, client_of, key_arn
from tests.support.wire import connect, post


def key_ids(server: KeytrailServer) -> set[str]:
    return {key["KeyId"] for key in post(server, "ListKeys").json()["Keys"]}


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/_keytrail/health", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


# ---- Start and stop


def test_a_with_statement_serves_on_a_free_port_until_its_end() -> None:
    with KeytrailServer() as one, KeytrailServer() as other:
        assert one.url != other.url
        assert urlsplit(one.url).hostname == "127.0.0.1"
        assert answers(one.url)
        assert answers(other.url)
        post(one, "CreateKey")
        assert key_ids(other) == set(), "each has a state of its own"
        urls = one.url, other.url
    assert [answers(url) for url in urls] == [False, False]


def test_start_and_stop_may_be_said_twice() -> None:
    server = KeytrailServer()
    assert server.start() is server
    url = server.url
    assert server.start().url == url
    assert answers(url)
    server.stop()
    server.stop()
    assert not answers(url)


def test_there_is_no_url_while_it_does_not_run() -> None:
    server = KeytrailServer()
    with pytest.raises(RuntimeError, match=r"start\(\)"):
        _ = server.url
    with server:
        assert server.url
    with pytest.raises(RuntimeError):
        _ = server.url


def test_what_was_loaded_stays_for_the_next_start_at_the_same_url() -> None:
    server = KeytrailServer(fixtures=SAMPLE_SEED)
    with server:
        url = server.url
        made = post(server, "CreateKey").json()["KeyMetadata"]["KeyId"]
    with server:
        assert server.url == url
        assert {made, KEY} <= key_ids(server)


def test_a_taken_port_is_an_os_error_that_names_the_setting_and_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    with KeytrailServer() as server:
        port = urlsplit(server.url).port
        monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
        with pytest.raises(OSError, match=rf":{port}: the port is taken; set port .* or to 0 for any that is free$"):
            KeytrailServer(port=port).start()
        monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw1")
        with pytest.raises(OSError, match="under pytest-xdist each worker has a server of its own, so only 0 fits all"):
            KeytrailServer(port=port).start()


def test_a_misspelled_setting_is_an_error_that_suggests_the_right_one() -> None:
    with pytest.raises(TypeError, match=r"there is no setting prot; did you mean port\?"):
        KeytrailServer(prot=1)


def test_it_ends_though_a_client_hangs() -> None:
    server = KeytrailServer().start()
    with connect(server) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: kms\r\nContent-Length: 100\r\n\r\n{")
        begin = datetime.now(UTC)
        server.stop()
        assert datetime.now(UTC) - begin < timedelta(seconds=2)


def test_it_can_run_in_any_thread() -> None:
    with ThreadPoolExecutor(1) as pool:
        server = pool.submit(lambda: KeytrailServer().start()).result()
        assert answers(server.url)
        pool.submit(server.stop).result()
    assert threading.active_count() < 50


# ---- Settings and seeds


def test_keyword_arguments_are_settings() -> None:
    with KeytrailServer(account="111122223333", region="eu-west-1", max_events=2) as server:
        assert server.settings.account == "111122223333"
        answer = requests.post(server.url, data="{}", headers={"X-Amz-Target": "TrentService.CreateKey"}, timeout=5)
        assert answer.json()["KeyMetadata"]["Arn"].startswith("arn:aws:kms:eu-west-1:111122223333:key/")
        for _ in range(5):
            post(server, "ListKeys")
        assert len(server.events()) == 2


def test_settings_can_be_given_whole() -> None:
    with KeytrailServer(Settings(port=0, account="222233334444")) as server:
        assert post(server, "CreateKey", account="any").json()["KeyMetadata"]["AWSAccountId"] == "222233334444"


@pytest.mark.parametrize(
    ("given", "error"),
    [({"account": "1"}, ValueError), ({"usage_delay": timedelta(hours=2)}, ValueError), ({"acount": "1"}, TypeError)],
)
def test_a_bad_setting_is_refused(given: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        KeytrailServer(**given)  # type: ignore[arg-type]


def test_seeds_are_paths_or_documents_one_or_several(tmp_path: Path) -> None:
    file = tmp_path / "seed.yaml"
    file.write_text(f"keys: [{{KeyId: {KEY}}}]")
    document = {"keys": [{"KeyId": OTHER_KEY}]}
    for fixtures, expected in (
        (file, {KEY}),
        (str(file), {KEY}),
        (document, {OTHER_KEY}),
        ([file, document], {KEY, OTHER_KEY}),
        ((), set()),
    ):
        with KeytrailServer(fixtures=fixtures) as server:
            assert key_ids(server) == expected


def test_a_bad_seed_is_refused() -> None:
    with pytest.raises(SeedError, match="KeyState"):
        KeytrailServer(fixtures={"keys": [{"KeyId": KEY, "KeyState": "Asleep"}]})


# ---- What a test does to it


def test_load_adds_and_reset_takes_away_again(tmp_path: Path) -> None:
    (tmp_path / "seed.yaml").write_text(f"keys: [{{KeyId: {OTHER_KEY}, Aliases: [{ALIAS}]}}]")
    with KeytrailServer(fixtures={"keys": [{"KeyId": KEY}]}) as server:
        counted = server.load(tmp_path / "seed.yaml")
        assert (counted["keys"], counted["aliases"]) == (1, 1)
        assert key_ids(server) == {KEY, OTHER_KEY}
        server.reset()
        assert key_ids(server) == {KEY}


def test_reset_of_an_account_leaves_the_others() -> None:
    with KeytrailServer() as server:
        post(server, "CreateKey")
        post(server, "CreateKey", account="111122223333")
        server.reset("111122223333")
        assert len(key_ids(server)) == 1
        assert post(server, "ListKeys", account="111122223333").json()["Keys"] == []


def test_events_are_selected_by_their_members() -> None:
    with KeytrailServer(fixtures=SAMPLE_SEED) as server:
        post(server, "DescribeKey", {"KeyId": KEY})
        used = post(server, "Encrypt", {"KeyId": KEY, "Plaintext": b"x"})
        assert [event["eventName"] for event in server.events()] == ["DescribeKey", "Encrypt"]
        (event,) = server.events(eventName="Encrypt", readOnly=True)  # type: ignore[arg-type]
        assert event["requestID"] == used.headers["x-amzn-RequestId"]
        assert event["resources"][0]["ARN"] == key_arn()
        assert server.events(eventName="Decrypt") == []


def test_snapshots_are_states_to_go_back_to() -> None:
    with KeytrailServer() as server:
        server.load({"keys": [{"KeyId": KEY}]})
        one = server.snapshot()
        server.load({"keys": [{"KeyId": OTHER_KEY}]})
        server.clock.freeze("2027-01-01T00:00:00Z")
        both = server.snapshot()
        assert (one.loads, both.loads) == (1, 2)
        server.reset(to=one)
        assert key_ids(server) == {KEY}
        assert not server.clock.frozen
        server.reset(to=both)
        assert key_ids(server) == {KEY, OTHER_KEY}
        assert server.clock.now == datetime(2027, 1, 1, tzinfo=UTC)
        server.reset()
        assert key_ids(server) == set()
        server.forget(one)
        with pytest.raises(LookupError, match="there is no snapshot"):
            server.reset(to=one)


def test_sessions_of_sts_come_back_with_a_snapshot() -> None:
    with KeytrailServer() as server:
        issued = client_of(server, "sts").get_session_token()["Credentials"]
        taken = server.snapshot()
        server.reset()
        assert server.secret_of(issued["AccessKeyId"]) is None
        server.reset(to=taken)
        assert server.secret_of(issued["AccessKeyId"]) == issued["SecretAccessKey"]


def test_of_snapshots_without_a_name_the_newest_hundred_are_kept_and_all_with_one() -> None:
    server = KeytrailServer()
    server.snapshot("seeded")
    first, *others = [server.snapshot() for _ in range(101)]
    server.reset(to=others[0])
    server.reset(to="seeded")
    with pytest.raises(LookupError, match="there is no snapshot 1; of those without a name, the newest 100 are kept"):
        server.reset(to=first)
    for number in range(99):
        server.snapshot(f"seeded-{number}")
    server.snapshot("seeded")
    with pytest.raises(ValueError, match="there are 100 snapshots with names already; forget some"):
        server.snapshot("another")


def test_a_snapshot_keeps_materials_rotations_grants_aliases_and_what_is_due() -> None:
    with KeytrailServer() as server:
        kms = client_of(server)
        server.clock.freeze("2027-01-01T00:00:00Z")
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.enable_key_rotation(KeyId=key_id, RotationPeriodInDays=90)
        kms.create_alias(AliasName="alias/orders", TargetKeyId=key_id)
        grant = {"KeyId": key_id, "GranteePrincipal": "arn:aws:iam::000000000000:role/Reader"}
        kms.create_grant(**grant, Operations=["Decrypt"])
        blob = kms.encrypt(KeyId=key_id, Plaintext=b"order 66")["CiphertextBlob"]

        def state() -> list[object]:
            return [
                kms.describe_key(KeyId="alias/orders")["KeyMetadata"],
                kms.get_key_rotation_status(KeyId=key_id)["NextRotationDate"],
                kms.list_key_rotations(KeyId=key_id)["Rotations"],
                kms.list_grants(KeyId=key_id)["Grants"],
                kms.get_key_last_usage(KeyId=key_id)["KeyLastUsage"],
            ]

        before = state()
        taken = server.snapshot()
        server.clock.advance(days=100)
        kms.rotate_key_on_demand(KeyId=key_id)
        kms.decrypt(CiphertextBlob=blob)
        kms.delete_alias(AliasName="alias/orders")
        kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
        server.clock.advance(days=8)
        server.reset(to=taken)
        assert state() == before
        server.clock.advance(days=91)
        assert len(kms.list_key_rotations(KeyId=key_id)["Rotations"]) == 1, "what was due is due again"


def test_paths_of_seeds_start_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(f"keys: [{{KeyId: {KEY}}}]")
    (tmp_path / "other.yaml").write_text(f"keys: [{{KeyId: {OTHER_KEY}}}]")
    with KeytrailServer(fixtures="one.yaml", folder=tmp_path) as server:
        server.load("other.yaml")
        assert key_ids(server) == {KEY, OTHER_KEY}


def test_the_classes_are_in_the_package_and_imported_only_when_used() -> None:
    script = (
        "import sys, keytrail; early = set(sys.modules)\n"
        "assert keytrail.KeytrailServer is keytrail.server.KeytrailServer\n"
        "assert keytrail.KeytrailClient is keytrail.client.KeytrailClient\n"
        "assert {'KeytrailServer', 'KeytrailClient'} <= set(dir(keytrail))\n"
        "assert not any(name.startswith('keytrail.') or name == 'flask' for name in early), early\n"
        "try: keytrail.KeytrailSever\n"
        "except AttributeError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "module 'keytrail' has no attribute 'KeytrailSever'\n", done.stderr


# ---- Slow work


def slow(work: Callable[[], Mapping[str, object]]) -> Operation:
    """Encrypt, but with nothing left of it but work for a thread."""

    def function(call: Call, key: Key, **members: object) -> Later:
        return Later(lambda: {"KeyId": key.arn, **work()})

    return replace(OPERATIONS["Encrypt"], function=function)


def test_slow_work_holds_nobody_up_and_is_recorded_when_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """How we know: decision 12; a quick operation is made slow here."""
    begun, go_on = threading.Event(), threading.Event()

    def work() -> Mapping[str, object]:
        begun.set()
        assert go_on.wait(20)
        return {"CiphertextBlob": b"sealed"}

    monkeypatch.setitem(OPERATIONS, "Encrypt", slow(work))
    with KeytrailServer(fixtures=SAMPLE_SEED) as server, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(post, server, "Encrypt", {"KeyId": KEY, "Plaintext": "eA=="})
        assert begun.wait(20)
        assert post(server, "DescribeKey", {"KeyId": KEY}).status_code == 200
        assert server.events(eventName="Encrypt") == []
        go_on.set()
        answer = waiting.result(20)
        assert answer.json() == {"CiphertextBlob": "c2VhbGVk", "KeyId": key_arn()}
        [record] = server.events(eventName="Encrypt")
        usage = post(server, "GetKeyLastUsage", {"KeyId": KEY}).json()["KeyLastUsage"]
        assert record["requestID"] == answer.headers["x-amzn-RequestId"] == usage["KmsRequestId"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidCiphertextException(), 400, "InvalidCiphertextException"),
        (ZeroDivisionError(), 500, "KMSInternalException"),
    ],
)
def test_slow_work_that_fails_ends_as_its_operation_would(
    monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    def work() -> Mapping[str, object]:
        raise error

    monkeypatch.setitem(OPERATIONS, "Encrypt", slow(work))
    with KeytrailServer(fixtures=SAMPLE_SEED) as server:
        answer = post(server, "Encrypt", {"KeyId": KEY, "Plaintext": "eA=="})
        assert (answer.status_code, answer.json()["__type"]) == (status, code)
        assert post(server, "GetKeyLastUsage", {"KeyId": KEY}).json()["KeyLastUsage"] == {}
