"""KeytrailClient has KeytrailServer's vocabulary: every test here is about both, side by side.

How we know: docs/pytest.md, "A server that runs elsewhere"; what is promised besides is in the docstrings.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from keytrail.client import KeytrailClient
from keytrail.operation import Operation
from keytrail.operations.kms import OPERATIONS
from keytrail.seeds import SeedError
from keytrail.server import KeytrailServer
from keytrail.trail import IncompleteTrailError, RecordedCall
from tests.support import (
    ACCOUNT,
    ALIAS,
    ELSEWHERE,
    FOREIGN,
    KEY,
    MISSING_KEY,
    OTHER_KEY,
    SAMPLE_SEED,
    client_of,
    key_arn,
    refusal,
    shared_policy,
)
from tests.support.wire import post

Control = KeytrailServer | KeytrailClient


@pytest.fixture(params=["in this process", "elsewhere"])
def server(request: pytest.FixtureRequest, keytrail_clean: KeytrailServer) -> Control:
    return keytrail_clean if request.param == "in this process" else KeytrailClient(keytrail_clean.url + "/")


def key_ids(server: Control, account: str = ACCOUNT) -> set[str]:
    return {key["KeyId"] for key in post(server, "ListKeys", account=account).json()["Keys"]}


# ---- One vocabulary


def methods_of(kind: type) -> dict[str, Any]:
    return {name: member for name, member in vars(kind).items() if not name.startswith("_")}


def test_the_methods_are_the_same_with_the_same_keywords_and_promises() -> None:
    ours, theirs = methods_of(KeytrailServer), methods_of(KeytrailClient)
    assert ours.keys() - theirs.keys() == {"start", "stop", "url"}, "`url` is an attribute of a client"
    assert theirs.keys() - ours.keys() == {"ask", "wait_until_ready"}
    for name in ours.keys() & theirs.keys() - {"settings", "tls_url", "ca_file"}:
        assert inspect.signature(ours[name]) == inspect.signature(theirs[name]), name
        first = [inspect.getdoc(each).split("\n")[0] for each in (ours[name], theirs[name])]  # type: ignore[union-attr]
        assert first[0].split(":")[0].split(" of a file")[0] in first[1], name


def test_the_settings_are_those_of_the_server() -> None:
    given: Mapping[str, Any] = {
        "account": FOREIGN,
        "region": ELSEWHERE,
        "usage_delay": timedelta(minutes=15),
        "request_quotas": "Symmetric=5",
        "strict": True,
        "control_token": "sesame",
    }
    with KeytrailServer(**given) as server:
        settings = KeytrailClient(server.url, "sesame").settings
        assert settings.control_token == "", "a secret is not told"
        for name in given.keys() - {"control_token"}:
            assert getattr(settings, name) == getattr(server.settings, name), name


# ---- Seeds and resets


def test_a_seed_is_a_document_a_file_or_a_folder(server: Control, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"keys: [{{KeyId: {KEY}, Aliases: [{ALIAS}]}}]")
    (tmp_path / "b.json").write_text(f'{{"keys": [{{"KeyId": "{OTHER_KEY}"}}]}}')
    (tmp_path / "notes.txt").write_text("no seed")
    assert server.load(tmp_path) == {"keys": 2, "aliases": 1, "credentials": 0}
    server.reset()
    assert key_ids(server) == set()
    server.load(str(tmp_path / "a.yaml"))
    assert key_ids(server) == {KEY}
    server.load({"keys": [{"KeyId": OTHER_KEY, "CreationDate": datetime(2026, 5, 1, tzinfo=UTC)}]})
    assert key_ids(server) == {KEY, OTHER_KEY}


def test_a_wrong_seed_is_refused_whole_with_file_and_place(server: Control, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"keys: [{{KeyId: {KEY}}}]")
    (tmp_path / "b.yaml").write_text("keys: [{KeyState: Asleep}]")
    with pytest.raises(SeedError, match=r"b\.yaml: keys\[0\]") as caught:
        server.load(tmp_path)
    assert all(str(tmp_path) in problem for problem in caught.value.problems)
    with pytest.raises(SeedError, match="KeyState"):
        server.load({"keys": [{"KeyState": "Asleep"}]})
    with pytest.raises(SeedError, match=r"nowhere\.yaml: No such file or directory"):
        server.load(tmp_path / "nowhere.yaml")
    assert key_ids(server) == set()


def test_paths_start_from_a_folder(keytrail_clean: KeytrailServer, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"keys: [{{KeyId: {KEY}}}]")
    client = KeytrailClient(keytrail_clean.url, folder=tmp_path)
    client.load("a.yaml")
    assert key_ids(client) == {KEY}


def test_a_reset_of_an_account_leaves_the_others(server: Control) -> None:
    post(server, "CreateKey")
    post(server, "CreateKey", account=FOREIGN)
    server.reset(FOREIGN)
    assert (len(key_ids(server)), key_ids(server, FOREIGN)) == (1, set())


def test_a_snapshot_is_a_state_to_go_back_to(server: Control) -> None:
    server.load({"keys": [{"KeyId": KEY}]})
    taken = server.snapshot()
    for _ in range(2):
        server.load({"keys": [{"KeyId": OTHER_KEY}]})
        server.clock.freeze("2027-01-01T00:00:00Z")
        server.reset(to=taken)
        assert key_ids(server) == {KEY}
        assert not server.clock.frozen
    server.forget(taken)
    server.forget(taken)
    with pytest.raises(LookupError, match="there is no snapshot"):
        server.reset(to=taken)


def test_a_with_statement_goes_back_to_its_begin_and_forgets_it(server: Control) -> None:
    server.load({"keys": [{"KeyId": KEY}]})
    with server.snapshot() as taken:
        server.load({"keys": [{"KeyId": OTHER_KEY}]})
    assert key_ids(server) == {KEY}
    with pytest.raises(SeedError), server.snapshot():
        server.load({"keys": [{"KeyId": OTHER_KEY}, {"KeyState": "Asleep"}]})
    assert key_ids(server) == {KEY}
    with pytest.raises(LookupError, match="there is no snapshot"):
        server.reset(to=taken)


def test_a_snapshot_with_a_name_is_known_to_other_processes(server: Control, keytrail_clean: KeytrailServer) -> None:
    post(server, "CreateKey")
    assert server.snapshot("orders-1.2_x").name == "orders-1.2_x"
    post(server, "CreateKey")
    KeytrailClient(keytrail_clean.url).reset(to="orders-1.2_x")
    assert len(key_ids(server)) == 1
    post(server, "CreateKey")
    server.snapshot("orders-1.2_x")
    server.reset()
    server.reset(to="orders-1.2_x")
    assert len(key_ids(server)) == 2, "the newer one has replaced the older one"
    server.forget("orders-1.2_x")
    with pytest.raises(LookupError, match=r"there is no snapshot orders-1\.2_x"):
        server.reset(to="orders-1.2_x")


@pytest.mark.parametrize("name", ["a b", "x" * 65, "17", "a/b"])
def test_a_name_of_a_snapshot_has_few_characters_and_is_no_number(server: Control, name: str) -> None:
    with pytest.raises(ValueError, match="expected up to 64 letters"):
        server.snapshot(name)


def test_a_snapshot_of_an_account_goes_back_with_that_alone(server: Control) -> None:
    with server.snapshot(account=FOREIGN) as taken:
        post(server, "CreateKey")
        post(server, "CreateKey", account=FOREIGN)
        with pytest.raises(ValueError, match=f"is one of account {FOREIGN} alone"):
            server.reset(ACCOUNT, to=taken)
    assert (len(key_ids(server)), key_ids(server, FOREIGN)) == (1, set())


# ---- Events and calls


@pytest.fixture
def called(keytrail_clean: KeytrailServer, server: Control) -> Control:
    server.load(SAMPLE_SEED)
    kms = client_of(keytrail_clean)
    context = {"tenant": "acme"}
    blob = kms.encrypt(KeyId=ALIAS, Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"]
    kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)
    refusal(kms, "DescribeKey", KeyId=MISSING_KEY)
    client_of(keytrail_clean, region=ELSEWHERE, access_key=FOREIGN).list_keys()
    return server


FILTERS: Mapping[str, tuple[tuple[Any, ...], dict[str, Any], list[str]]] = {
    "all": ((), {}, ["Encrypt", "Decrypt", "DescribeKey", "ListKeys"]),
    "an operation": (("Decrypt",), {}, ["Decrypt"]),
    "a key by its alias": ((), {"key": ALIAS}, ["Encrypt", "Decrypt"]),
    "a context": ((), {"encryption_context": {"tenant": "acme"}}, ["Encrypt", "Decrypt"]),
    "an error": ((), {"error_code": "NotFoundException"}, ["DescribeKey"]),
    "success": ((), {"succeeded": True}, ["Encrypt", "Decrypt", "ListKeys"]),
    "an account": ((), {"account": FOREIGN}, ["ListKeys"]),
    "a Region": ((), {"region": ELSEWHERE}, ["ListKeys"]),
    "an access key": ((), {"access_key_id": FOREIGN}, ["ListKeys"]),
    "a user": ((), {"username": "root", "service": "kms"}, ["Encrypt", "Decrypt", "DescribeKey", "ListKeys"]),
    "another service": ((), {"service": "sts"}, []),
    "a program": (("Encrypt",), {"user_agent": "Boto3", "source_ip": "127.0.0.1"}, ["Encrypt"]),
    "long ago": ((), {"until": datetime(2026, 1, 1)}, []),  # noqa: DTZ001 - a naive moment is UTC
    "since long ago": (("Decrypt",), {"since": "2026-01-01"}, ["Decrypt"]),
}


@pytest.mark.parametrize("case", FILTERS)
def test_calls_are_filtered(called: Control, case: str) -> None:
    words, filters, names = FILTERS[case]
    assert [call.operation for call in called.calls(*words, **filters)] == names


def test_a_call_has_the_same_members_here_and_elsewhere(keytrail_clean: KeytrailServer, called: Control) -> None:
    calls = called.calls()
    assert calls == keytrail_clean.calls()
    encrypted, _, missing, _ = calls
    assert isinstance(encrypted, RecordedCall)
    assert (encrypted.keys, encrypted.encryption_context) == ((key_arn(),), {"tenant": "acme"})
    assert (encrypted.record["eventName"], missing.error_code) == ("Encrypt", "NotFoundException")
    assert [each.request_id for each in called.calls(request_id=encrypted.request_id)] == [encrypted.request_id]
    assert [each.event_id for each in called.calls(event_id=encrypted.event_id)] == [encrypted.event_id]
    assert repr(called.calls("Encrypt")) == repr(keytrail_clean.calls("Encrypt"))
    assert "others: 1 Decrypt, 1 DescribeKey, 1 ListKeys" in repr(called.calls("Encrypt"))


def test_the_past_in_a_seed_is_no_call(server: Control) -> None:
    mark = server.mark()
    past = {"Operation": "Decrypt", "Timestamp": "2 days ago"}
    server.load({"keys": [{"KeyId": KEY, "CreationDate": "3 days ago", "LastUsage": past}]})
    assert len(server.events(eventName="Decrypt")) == 1
    assert server.calls() == server.calls("Decrypt", after=mark) == []
    assert "others" not in repr(server.calls("Encrypt"))


def test_only_calls_after_a_mark_count(called: Control, keytrail_clean: KeytrailServer) -> None:
    mark = called.mark()
    assert called.calls(after=mark) == []
    client_of(keytrail_clean).list_keys()
    assert [call.operation for call in called.calls(after=mark)] == ["ListKeys"]


def test_events_are_filtered_by_their_members(called: Control) -> None:
    assert [event["eventName"] for event in called.events(readOnly=True, awsRegion=ELSEWHERE)] == ["ListKeys"]
    [event] = called.events(eventName="Encrypt", keyArn=key_arn())
    assert called.events(eventId=event["eventID"]) == [event]
    assert len(called.events(errorCode="NotFoundException")) == 1


WRONG: Mapping[str, tuple[Callable[[Control], Any], type[Exception], str]] = {
    "an operation": (lambda s: s.calls("Encypt"), ValueError, "no operation Encypt; did you mean Encrypt?"),
    "a name of boto3": (lambda s: s.calls("generate_data_key"), ValueError, "did you mean GenerateDataKey?"),
    "an action": (lambda s: s.calls("kms:Decrypt"), ValueError, "did you mean Decrypt?"),
    "no operation at all": (lambda s: s.calls("Frobnicate"), ValueError, "the names are AWS's, such as Decrypt"),
    "another service's": (lambda s: s.calls("Decrypt", service="sts"), ValueError, "an operation of kms, not of sts"),
    "a service": (lambda s: s.calls(service="s3"), ValueError, "the services here are account, cloudtrail, ec2, kms"),
    "KMS's own doing": (lambda s: s.calls("DeleteKey"), ValueError, r"not a call: events\(eventName='DeleteKey'\)"),
    "an event": (lambda s: s.events(eventName="Encypt"), ValueError, "did you mean Encrypt?"),
    "an error": (lambda s: s.calls(error_code="NotFoundExeption"), ValueError, "did you mean NotFoundException?"),
    "KMS's code": (lambda s: s.calls(error_code="AccessDeniedException"), ValueError, "for it is AccessDenied"),
    "an alias": (lambda s: s.calls(key="alias/none"), ValueError, "alias/none is not found"),
    "a filter": (lambda s: s.calls(keyid=KEY), TypeError, "no filter keyid; did you mean key?"),
    "no filter at all": (lambda s: s.calls(colour="red"), TypeError, "choose from operation, service, account, "),
    "a moment": (lambda s: s.calls(since="soon"), ValueError, "ISO 8601 moment"),
    "a member": (lambda s: s.events(eventname="Encrypt"), TypeError, "has a member eventname; did you mean eventName"),
    "nothing to explain": (lambda s: s.explain(), TypeError, r"explain one thing: explain\(call\)"),
    "two to explain": (lambda s: s.explain("a", event_id="b"), TypeError, "explain one thing"),
    "a request": (lambda s: s.explain("none"), LookupError, "No request none is known"),
    "an event's id": (lambda s: s.explain(event_id="none"), LookupError, "no call with the event id none"),
    "an action to explain": (lambda s: s.explain(action="kms:Decypt"), ValueError, "kms:Decypt is not a permission"),
    "a principal": (lambda s: s.explain(action="kms:Decrypt", principal="me"), ValueError, "principal: "),
    "a fault": (lambda s: s.add_fault(Operations="Encypt", Error="KMSInternalException"), SeedError, "Encypt"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_name_that_does_not_exist_is_an_error_that_suggests_the_right_one(server: Control, case: str) -> None:
    act, error, words = WRONG[case]
    with pytest.raises(error, match=words):
        act(server)


def test_a_call_that_keytrail_failed_in_fails_the_assertion(
    server: Control, keytrail_clean: KeytrailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(operation: Operation, call: object) -> object:
        raise ZeroDivisionError("by zero")

    post(server, "ListKeys")
    monkeypatch.setattr(Operation, "run", fail)
    assert post(server, "ScheduleKeyDeletion", {"KeyId": KEY}).status_code == 500
    monkeypatch.undo()
    for ask in (server.calls, server.events, lambda: server.calls("ScheduleKeyDeletion")):
        with pytest.raises(IncompleteTrailError, match=r"ScheduleKeyDeletion: request .*, ZeroDivisionError: by zero"):
            ask()
    assert len(server.calls("ListKeys")) == 1
    assert server.calls("ScheduleKeyDeletion", account=FOREIGN) == []


# ---- Explanations, faults, secrets


def test_a_decision_is_explained(server: Control, keytrail_clean: KeytrailServer) -> None:
    server.load({"keys": [{"KeyId": KEY, "Policy": shared_policy("kms:Encrypt")}]})
    refusal(client_of(keytrail_clean, access_key=FOREIGN), "DescribeKey", KeyId=key_arn())
    [call] = server.calls("DescribeKey")
    answers = [server.explain(call), server.explain(call.request_id), server.explain(event_id=call.event_id)]
    assert answers[0] == answers[1] == answers[2]
    [decision] = answers[0]["decisions"]
    assert decision["action"] == "kms:DescribeKey"


def test_what_a_caller_may_is_explained_without_a_call(server: Control) -> None:
    server.load({"keys": [{"KeyId": KEY, "Policy": shared_policy("kms:Encrypt")}]})
    question: dict[str, Any] = {"principal": FOREIGN, "key_id": key_arn(), "region": "us-east-1"}
    answers = [server.explain(action=f"kms:{name}", **question) for name in ("Encrypt", "Decrypt")]
    assert [answer["allowed"] for answer in answers] == [True, False]


def test_faults_are_added_shown_and_removed(server: Control) -> None:
    rule = server.add_fault({"Operations": "ListKeys"}, Count=1, Error="KMSInternalException")
    assert post(server, "ListKeys").status_code == 500
    assert [(each["Id"], each["Hits"]) for each in server.faults()] == [(rule["Id"], 1)]
    assert [server.remove_faults(rule["Id"]), server.remove_faults(rule["Id"]), server.remove_faults()] == [1, 0, 0]


def test_the_secret_of_a_declared_access_key_is_known(server: Control) -> None:
    server.load(
        {
            "credentials": [
                {
                    "AccessKeyId": "AKIAAUDITOR000000001",
                    "SecretAccessKey": "auditor-secret",
                    "Principal": f"arn:aws:iam::{ACCOUNT}:role/KeyAuditor",
                }
            ]
        }
    )
    secrets = [server.secret_of(each) for each in ("AKIAAUDITOR000000001", "AKIANOBODY", "a/../b", "")]
    assert secrets == ["auditor-secret", None, None, None]


# ---- Of a client alone


def test_a_client_of_an_account_is_about_it_alone(keytrail_clean: KeytrailServer) -> None:
    theirs = keytrail_clean
    client = KeytrailClient(theirs.url, account=FOREIGN)
    assert client.settings.account == FOREIGN
    theirs.load({"keys": [{"KeyId": OTHER_KEY}]})
    theirs.add_fault(Operations="ListGrants", Latency=1)
    client.load({"keys": [{"KeyId": KEY}]})
    client.add_fault(Operations="ListKeys", Latency=1)
    assert (key_ids(client, FOREIGN), key_ids(client)) == ({KEY}, {OTHER_KEY})
    assert [call.account for call in client.calls()] == [event["recipientAccountId"] for event in client.events()]
    assert [call.account for call in client.calls()] == [FOREIGN]
    assert [rule["Hits"] for rule in client.faults()] == [1]
    assert client.explain(action="kms:ListKeys")["principal"] == f"arn:aws:iam::{FOREIGN}:root"
    taken = client.snapshot()
    post(theirs, "CreateKey", account=FOREIGN)
    post(theirs, "CreateKey")
    client.reset(to=taken)
    assert (len(key_ids(client, FOREIGN)), len(key_ids(client))) == (1, 2)
    assert client.remove_faults() == 1
    client.reset()
    assert (key_ids(client, FOREIGN), len(key_ids(client)), len(theirs.faults())) == (set(), 2, 1)


def test_a_wrong_token_or_a_closed_api_is_a_permission_error() -> None:
    with KeytrailServer(control_token="sesame") as server:
        KeytrailClient(server.url, "sesame").reset()
        for token in ("", "open"):
            with pytest.raises(PermissionError, match="wants its control token"):
                KeytrailClient(server.url, token).reset()
    with KeytrailServer(control=False) as server, pytest.raises(PermissionError, match="KEYTRAIL_CONTROL=true"):
        KeytrailClient(server.url).reset()


class _NotKeytrail(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def another_program() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _NotKeytrail) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_it_says_who_does_not_answer(another_program: str) -> None:
    with pytest.raises(ConnectionError, match=r"no Keytrail answers at http://127\.0\.0\.1:9: .*refused"):
        KeytrailClient("http://127.0.0.1:9").mark()
    with pytest.raises(ConnectionError, match="is not Keytrail's control API"):
        KeytrailClient(another_program).mark()
    with pytest.raises(ConnectionError):
        KeytrailClient(another_program).wait_until_ready(0)


@pytest.mark.parametrize("url", ["127.0.0.1:4599", "ftp://127.0.0.1", "http://", ""])
def test_a_url_is_one_of_http(url: str) -> None:
    with pytest.raises(ValueError, match="expected the URL of a Keytrail server"):
        KeytrailClient(url)


def test_the_server_may_start_later() -> None:
    server = KeytrailServer().start()
    url = server.url
    server.stop()
    starting = Thread(target=server.start)
    starting.start()
    KeytrailClient(url).wait_until_ready(20)
    starting.join()
    server.stop()


def test_operations_of_the_model_are_the_names_that_count(server: Control) -> None:
    for operation in OPERATIONS:
        assert server.calls(operation) == []
