"""`keytrail record`: accounts of AWS as a seed, here those of a Keytrail.

How we know: docs/recording.md. What AWS answers is kms-behaviour's; these tests ask whether a recorded seed makes the
same keys again, whatever happens on the way.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from keytrail import seeds
from keytrail.recording import NothingRecorded, OtherRecording, Plan, Recording, Stopped, needed_policy, record
from keytrail.recording.calls import PAUSES
from keytrail.recording.document import refusal_of
from keytrail.recording.questions import Listing
from keytrail.server import KeytrailServer
from keytrail.settings import Settings
from tests.seeds.test_writing import SEEDS
from tests.support import ACCOUNT, KEY, MRK, OTHER_KEY, POLICY, SAMPLE_SEED, key_arn
from tests.support.paths import SAMPLE_FOLDER

SCANNERS = SAMPLE_FOLDER / "scanners"
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")
AUDITOR = ("AKIATHREEACCOUNTS001", "auditor-secret")
ACCOUNTS = ("222200000001", "222200000002", "222200000003")
ROLES = tuple(f"arn:aws:iam::{account}:role/Audit" for account in ACCOUNTS)


@pytest.fixture
def server(keytrail_clean: KeytrailServer) -> KeytrailServer:
    return keytrail_clean


@pytest.fixture(autouse=True)
def no_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The credentials of an account's root, and nothing of the person who runs the tests. boto3 waits for nothing."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None))


@pytest.fixture
def as_caller(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    def sign_as(access_key: str, secret: str = "any") -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)

    return sign_as


def recorded(server: KeytrailServer, **members: Any) -> Recording:
    plan = Plan(**{"regions": ("us-east-1",), "endpoint_url": server.url, **members})
    return record(plan, lambda: datetime.now(UTC), wait=lambda seconds: None)


def key_ids(recording: Recording) -> list[str]:
    return key_ids_of(recording.document)


def key_ids_of(document: Mapping[str, Any]) -> list[str]:
    return [key["KeyId"] for key in document["keys"]]


def require_good(document: Mapping[str, Any]) -> None:
    """What `keytrail check` does."""
    seeds.read_document(json.dumps(document).encode(), Settings(), datetime.now(UTC))


# ---- Record, load, record


def renumbered(seed: Mapping[str, Any], number: int) -> Any:
    """The seed with other ids than those of its neighbours."""
    return json.loads(json.dumps(seed).replace("1234abcd", f"{number:04}abcd"))


EVERYTHING: Mapping[str, Mapping[str, Any]] = {
    **{name: renumbered(seed, number) for number, (name, seed) in enumerate(SEEDS.items())},
    "AWS managed keys": {
        "awsManagedKeys": [
            {"Alias": "alias/aws/s3", "CreationDate": "9 days ago"},
            {"Alias": "alias/aws/ebs", "LastUsage": {"Operation": "Decrypt", "Timestamp": "1 day ago"}},
        ]
    },
    "a tag of CloudFormation": {"keys": [{"KeyId": OTHER_KEY, "Tags": {"aws:cloudformation:stack-name": "orders"}}]},
    "every usage": {
        "keys": [key for key in SAMPLE_SEED["keys"] if key["KeyId"].startswith("aaaa") and "KeyMaterial" not in key]
    },
}


def test_a_recorded_seed_makes_keys_of_which_the_same_seed_is_recorded(server: KeytrailServer) -> None:
    for seed in EVERYTHING.values():
        server.load(seed)
    first = recorded(server, regions=REGIONS)
    assert first.notes == []
    require_good(first.document)
    before = {key.arn for key in server.endpoint.store.newest.all_keys()}
    server.reset()
    server.load(first.document)
    assert {key.arn for key in server.endpoint.store.newest.all_keys()} == before
    assert recorded(server, regions=REGIONS)[:2] == first[:2]


def test_no_key_material_is_recorded_and_no_token(server: KeytrailServer) -> None:
    server.load(SAMPLE_SEED)
    text = json.dumps(recorded(server, regions=REGIONS).document)
    assert '"KeyMaterial"' not in text
    assert "GrantToken" not in text


def test_moments_are_absolute(server: KeytrailServer) -> None:
    server.load({"keys": [{"KeyId": KEY, "CreationDate": "2024-03-01T08:00:00.123Z"}]})
    assert recorded(server).document["keys"][0]["CreationDate"] == "2024-03-01T08:00:00.123Z"


def test_a_recording_changes_nothing_and_is_no_use(server: KeytrailServer) -> None:
    server.load(EVERYTHING["with all members"])
    before = len(server.events())
    recorded(server, events=True)
    events = server.events()[before:]
    assert {event["readOnly"] for event in events} == {True}
    actions = [action.partition(":")[2] for action in needed_policy(events=True)["Statement"][0]["Action"]]
    assert {event["eventName"] for event in events} == {*actions, "GetCallerIdentity"}


def test_the_service_behind_the_last_use_is_recorded_if_cloudtrail_is_asked(
    server: KeytrailServer, as_caller: Callable[[str, str], None]
) -> None:
    server.load(str(SCANNERS / "service-keys.yaml"))
    as_caller("111100000003", "any")
    for events, service in ((True, "s3"), (False, None)):
        [bucket, *_] = recorded(server, events=events).document["keys"]
        assert bucket["LastUsage"].get("Via") == service


# ---- Multi-Region sets


def multi_region(state: str = "Enabled") -> dict[str, Any]:
    replicas = [{"Region": "eu-west-1", "Description": "Europe"}, {"Region": "ap-southeast-2"}]
    return {"keys": [{"KeyId": MRK, "KeyState": state, "Description": "America", "Replicas": replicas}]}


def test_the_keys_of_a_set_are_put_together(server: KeytrailServer) -> None:
    server.load(multi_region())
    [key] = recorded(server, regions=REGIONS).document["keys"]
    assert (key["Region"], key["Description"]) == ("us-east-1", "America")
    assert {replica["Region"] for replica in key["Replicas"]} == {"eu-west-1", "ap-southeast-2"}


def test_replicas_in_regions_that_are_not_recorded_are_left_out_and_noted(server: KeytrailServer) -> None:
    server.load(multi_region())
    recording = recorded(server, regions=("us-east-1", "eu-west-1"))
    assert [replica["Region"] for replica in recording.document["keys"][0]["Replicas"]] == ["eu-west-1"]
    assert recording.notes == [f"{key_arn(MRK)}: its replicas in ap-southeast-2 are not recorded"]


def test_a_replica_whose_primary_key_is_not_recorded_is_the_primary_key(server: KeytrailServer) -> None:
    server.load(multi_region())
    recording = recorded(server, regions=("eu-west-1", "ap-southeast-2"))
    [key] = recording.document["keys"]
    assert key["Region"] == "ap-southeast-2"
    assert [replica["Region"] for replica in key["Replicas"]] == ["eu-west-1"]
    assert "its primary key, in us-east-1, is not recorded" in recording.notes[0]
    require_good(recording.document)


def test_a_primary_key_that_waits_for_replicas_that_are_not_recorded_is_pending_deletion(
    server: KeytrailServer,
) -> None:
    server.load(multi_region("PendingReplicaDeletion"))
    recording = recorded(server)
    assert recording.document["keys"][0]["KeyState"] == "PendingDeletion"
    require_good(recording.document)


# ---- Refusals


def test_a_key_that_denies_is_noted_and_the_keys_behind_it_are_recorded(
    server: KeytrailServer, as_caller: Callable[[str, str], None]
) -> None:
    server.load(str(SCANNERS / "denied-key.yaml"))
    as_caller("AKIADENIEDKEY0000001", "audit-secret")
    recording = recorded(server)
    denied = "de111ed0-0000-4000-8000-000000000005"
    assert recording.notes == [f"{key_arn(denied, '111100000001')}: DescribeKey: AccessDeniedException"]
    assert len(key_ids(recording)) == 9
    assert denied not in key_ids(recording)


def test_a_key_of_which_a_part_is_denied_is_recorded_without_that(server: KeytrailServer) -> None:
    server.load({"keys": [{"KeyId": KEY, "Tags": {"team": "payments"}, "Aliases": ["alias/orders"]}]})
    server.add_fault({"Operations": "ListResourceTags", "Error": "AccessDeniedException"})
    recording = recorded(server)
    assert recording.notes == [f"{key_arn()}: ListResourceTags: AccessDeniedException"]
    assert "Tags" not in recording.document["keys"][0]
    assert recording.document["keys"][0]["Aliases"] == ["alias/orders"]


def test_a_region_that_denies_is_noted(server: KeytrailServer) -> None:
    server.load({"keys": [{"KeyId": KEY, "Region": "eu-west-1"}]})
    server.add_fault({"Operations": "ListKeys", "Region": "us-east-1", "Error": "AccessDeniedException"})
    recording = recorded(server, regions=REGIONS)
    assert recording.notes == [f"{ACCOUNT} us-east-1: ListKeys: AccessDeniedException"]
    assert key_ids(recording) == [KEY]


def test_if_every_region_denies_there_is_no_seed(server: KeytrailServer, tmp_path: Path) -> None:
    server.add_fault({"Operations": "ListKeys", "Error": "AccessDeniedException", "Count": 1})
    with pytest.raises(NothingRecorded, match=f"{ACCOUNT} us-east-1: ListKeys: AccessDeniedException"):
        recorded(server, state=tmp_path / "partial")
    server.load({"keys": [{"KeyId": KEY}]})
    assert key_ids(recorded(server, state=tmp_path / "partial")) == [KEY], "it is asked again"


def test_without_keys_there_is_no_seed(server: KeytrailServer, tmp_path: Path) -> None:
    with pytest.raises(NothingRecorded, match="there is no key"):
        recorded(server, state=tmp_path / "partial")
    assert not (tmp_path / "partial").exists()


def test_an_alias_list_that_is_denied_is_noted(server: KeytrailServer) -> None:
    server.load({"keys": [{"KeyId": KEY, "Aliases": ["alias/orders"]}], "awsManagedKeys": [{"Alias": "alias/aws/s3"}]})
    server.add_fault({"Operations": "ListAliases", "Error": "AccessDeniedException"})
    recording = recorded(server)
    assert key_ids(recording) == [KEY]
    assert recording.notes[0] == f"{ACCOUNT} us-east-1: ListAliases: AccessDeniedException"
    assert recording.notes[1].endswith("left out: it is an AWS managed key without an alias")


# ---- Throttling


def test_throttling_is_waited_out(server: KeytrailServer) -> None:
    server.load({"keys": [{"KeyId": KEY}, {"KeyId": OTHER_KEY}]})
    calm = recorded(server)
    server.add_fault({"Probability": 0.4, "Error": "ThrottlingException", "Seed": 3, "Operations": ["DescribeKey"]})
    server.add_fault({"Count": 9, "Error": "KMSInternalException", "Operations": ["GetKeyPolicy"]})
    assert recorded(server)[:2] == calm[:2]


def test_a_recording_that_is_throttled_for_ever_stops_and_goes_on_where_it_ended(
    server: KeytrailServer, tmp_path: Path
) -> None:
    server.load({"keys": [{"KeyId": KEY}, {"KeyId": OTHER_KEY}]})
    rule = server.add_fault({"KeyId": OTHER_KEY, "Operations": "ListGrants", "Error": "ThrottlingException"})
    pauses: list[float] = []
    plan = Plan(regions=("us-east-1",), endpoint_url=server.url, state=tmp_path / "partial", parallel=1)
    with pytest.raises(Stopped, match=r"ThrottlingException.*; start again to continue"):
        record(plan, lambda: datetime.now(UTC), wait=pauses.append)
    assert len(pauses) == len(PAUSES)
    server.remove_faults(rule["Id"])
    before = len(server.events(eventName="DescribeKey"))
    assert key_ids(record(plan, lambda: datetime.now(UTC))) == [KEY, OTHER_KEY]
    asked = server.events(eventName="DescribeKey")[before:]
    assert [event["requestParameters"]["keyId"] for event in asked] == [key_arn(OTHER_KEY)]


# ---- Going on after an interruption


def many(count: int) -> dict[str, Any]:
    return {"keys": [{"KeyId": f"00000000-0000-4000-8000-{number:012}"} for number in range(count)]}


def test_what_ctrl_c_interrupts_goes_on_and_nothing_is_asked_again(server: KeytrailServer, tmp_path: Path) -> None:
    server.load(many(130))
    plan = Plan(regions=("us-east-1",), endpoint_url=server.url, state=tmp_path / "partial")

    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(plan, lambda: datetime.now(UTC), tell=interrupt)
    recording = record(plan, lambda: datetime.now(UTC))
    assert len(key_ids(recording)) == 130
    asked = [event["requestParameters"]["keyId"] for event in server.events(eventName="DescribeKey")]
    assert len(asked) == len(set(asked)) == 130
    assert len(server.events(eventName="ListKeys")) == 1
    recording.done()
    assert not (tmp_path / "partial").exists()


def test_ctrl_c_ends_the_waiting_of_what_is_throttled(server: KeytrailServer) -> None:
    server.load(many(101))
    throttled = {"Operations": "DescribeKey", "KeyId": key_ids_of(many(101))[0], "Error": "ThrottlingException"}
    rule = server.add_fault(throttled)

    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    plan = Plan(regions=("us-east-1",), endpoint_url=server.url, parallel=2)
    with pytest.raises(KeyboardInterrupt):
        record(plan, lambda: datetime.now(UTC), tell=interrupt)
    [hits] = [each["Hits"] for each in server.faults() if each["Id"] == rule["Id"]]
    assert hits < 3 * len(PAUSES), "boto3 makes a call three times"


def test_a_line_that_a_kill_cut_is_asked_again(server: KeytrailServer, tmp_path: Path) -> None:
    server.load(many(5))
    state = tmp_path / "partial"
    whole = recorded(server, state=state)
    text = state.read_bytes()
    for size in range(0, len(text), len(text) // 4):
        state.write_bytes(text[:size])
        assert recorded(server, state=state).document == whole.document
        assert state.read_bytes().count(b"\n") == text.count(b"\n")


@pytest.mark.parametrize("other", [{"regions": ("eu-west-1",)}, {"events": True}, {"roles": (ROLES[0],)}])
def test_the_partial_file_of_another_recording_is_refused(
    server: KeytrailServer, tmp_path: Path, other: dict[str, Any]
) -> None:
    server.load({"keys": [{"KeyId": KEY}]})
    recorded(server, state=tmp_path / "partial")
    with pytest.raises(OtherRecording, match="is of another recording"):
        recorded(server, state=tmp_path / "partial", **other)


@pytest.mark.parametrize("text", ["dear diary\n", "dear diary", '{"a": 1}\n', "1\n"])
def test_another_file_is_not_overwritten(server: KeytrailServer, tmp_path: Path, text: str) -> None:
    (tmp_path / "notes.txt").write_text(text)
    with pytest.raises(OtherRecording, match="choose another --state"):
        recorded(server, state=tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == text


def test_a_session_that_expires_stops_it_and_a_new_one_goes_on(
    server: KeytrailServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    session = {"AccessKeyId": "ASIASESSION", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "in 1 hour"}
    server.load({**many(3), "credentials": [{**session, "Principal": f"arn:aws:iam::{ACCOUNT}:root"}]})
    for name, value in (("ACCESS_KEY_ID", "ASIASESSION"), ("SECRET_ACCESS_KEY", "s"), ("SESSION_TOKEN", "t")):
        monkeypatch.setenv(f"AWS_{name}", value)

    plan = Plan(regions=("us-east-1", "eu-west-1"), endpoint_url=server.url, state=tmp_path / "partial")
    with pytest.raises(Stopped, match=r"ExpiredToken.*; start again with valid credentials to continue"):
        record(plan, lambda: datetime.now(UTC), tell=lambda line: server.clock.advance(hours=2))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
    assert len(key_ids(record(plan, lambda: datetime.now(UTC)))) == 3


# ---- Several Regions and accounts


def test_all_regions_are_those_of_the_partition(server: KeytrailServer) -> None:
    regions = ("eu-central-1", "ap-southeast-2", "cn-north-1")
    ids = (KEY, OTHER_KEY, "3456abcd-12ab-34cd-56ef-1234567890ab")
    server.load({"keys": [{"KeyId": key, "Region": region} for key, region in zip(ids, regions, strict=True)]})
    recording = recorded(server, regions=("all",))
    assert [key["Region"] for key in recording.document["keys"]] == ["ap-southeast-2", "eu-central-1"]


def test_a_region_that_does_not_know_the_caller_is_noted_with_a_question() -> None:
    listing = Listing(ACCOUNT, "ap-east-1", [], [], {"ListKeys": "UnrecognizedClientException"})
    assert refusal_of(listing).endswith("ap-east-1: ListKeys: UnrecognizedClientException; is the Region enabled?")


def test_three_accounts_are_recorded_by_their_roles(
    server: KeytrailServer, as_caller: Callable[[str, str], None]
) -> None:
    server.load(str(SCANNERS / "three-accounts.yaml"))
    as_caller(*AUDITOR)
    regions = (*REGIONS, "sa-east-1")
    recording = recorded(server, regions=regions, roles=ROLES)
    assert recording.notes == []
    keys = recording.document["keys"]
    assert {(key["Account"], key["Region"]) for key in keys} == {(a, r) for a in ACCOUNTS for r in regions}
    assert len(keys) == 24


def test_an_account_whose_role_cannot_be_assumed_is_noted(
    server: KeytrailServer, as_caller: Callable[[str, str], None]
) -> None:
    server.load(str(SCANNERS / "three-accounts.yaml"))
    as_caller(*AUDITOR)
    recording = recorded(server, roles=(ROLES[0], "arn:aws:iam::222200000009:role/Other"))
    assert recording.notes == ["222200000009 us-east-1: AssumeRole: AccessDenied"]
    assert len(key_ids(recording)) == 2


def test_accounts_are_mapped_wherever_they_stand(server: KeytrailServer) -> None:
    server.load(EVERYTHING["with all members"])
    other = "999988887777"
    text = json.dumps(recorded(server, accounts=((ACCOUNT, other), ("444455556666", "111111111111"))).document)
    assert ACCOUNT not in text.replace(f'"{renumbered({"": KEY}, 0)[""]}"', "")
    assert f'"Account": "{other}"' in text
    assert f"arn:aws:iam::{other}:role/Reader" in text
    assert '"IssuingAccount": "111111111111"' in text


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"roles": (ROLES[0], f"{ROLES[0]}2")}, "an account has one role"),
        ({"roles": ("arn:aws:iam::222200000001:user/x",)}, "expected the ARN of a role"),
        ({"accounts": (("111122223333", ACCOUNT),)}, f"two accounts would become {ACCOUNT}"),
        ({"regions": ()}, "there is no Region"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(
    server: KeytrailServer, members: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        recorded(server, **members)


# ---- The policy


@pytest.fixture
def strict() -> Any:
    """A server that allows nothing without an Allow, with a key of whose parts AWS answers something."""
    with KeytrailServer(strict=True) as server:
        own = {"Policy": {**POLICY, "Id": "of our own"}}
        server.load({"keys": [{**EVERYTHING["with all members"]["keys"][0], **own}]})
        yield server


def sign_as_holder_of(policy: Any, server: KeytrailServer, as_caller: Callable[[str, str], None], name: str) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    access_key = f"AKIA{name.upper()}"
    credential = {"AccessKeyId": access_key, "SecretAccessKey": "s", "Principal": arn}
    server.load({"identities": [{"Arn": arn, "Policies": {"p": policy}}], "credentials": [credential]})
    as_caller(access_key, "s")


def test_the_policy_is_sufficient(strict: KeytrailServer, as_caller: Callable[[str, str], None]) -> None:
    sign_as_holder_of(needed_policy(events=True), strict, as_caller, "holder")
    recording = recorded(strict, events=True)
    assert recording.notes == []
    assert {"Policy", "Tags", "Grants", "Rotation", "LastUsage", "Aliases"} <= recording.document["keys"][0].keys()


def test_without_any_one_of_its_actions_something_is_refused(
    strict: KeytrailServer, as_caller: Callable[[str, str], None]
) -> None:
    [statement] = needed_policy(events=True)["Statement"]
    for number, action in enumerate(statement["Action"]):
        rest = {**statement, "Action": [each for each in statement["Action"] if each != action]}
        sign_as_holder_of({"Version": "2012-10-17", "Statement": [rest]}, strict, as_caller, f"holder{number}")
        try:
            refused = recorded(strict, events=True).notes
        except NothingRecorded as error:
            refused = [str(error)]
        assert [f"{action.partition(':')[2]}: AccessDenied" in note for note in refused] == [True], action


def test_with_roles_the_policy_allows_to_assume_them() -> None:
    [_, assume] = needed_policy(ROLES)["Statement"]
    assert (assume["Action"], assume["Resource"]) == ("sts:AssumeRole", list(ROLES))


# ---- The command


def command(server: KeytrailServer, *words: str, start: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """`keytrail record` of a server, in us-east-1, and what it writes."""
    program = ["-c", f"{start}\nfrom keytrail.cli import main; main()"] if start else ["-m", "keytrail"]
    return subprocess.run(
        [sys.executable, *program, "record", *words],
        env={**os.environ, "AWS_ENDPOINT_URL": server.url, "AWS_REGION": "us-east-1", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_command_writes_a_seed_that_check_finds_good(server: KeytrailServer, tmp_path: Path) -> None:
    server.load(EVERYTHING["with all members"])
    server.add_fault({"Operations": "ListGrants", "Error": "AccessDeniedException"})
    done = command(server, "-o", str(tmp_path / "seed.yaml"))
    assert (done.returncode, done.stdout) == (0, "")
    note = ": ListGrants: AccessDeniedException"
    assert done.stderr.splitlines()[0] == f"{ACCOUNT} us-east-1: 1 of 1 keys"
    assert done.stderr.splitlines()[1].startswith("keytrail: warning: arn:")
    assert done.stderr.endswith(f"{note}\n")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["seed.yaml"]
    text = (tmp_path / "seed.yaml").read_text()
    assert text.startswith("# Recorded by `keytrail record` at ")
    assert f"{note}\n" in text
    assert f'Account: "{ACCOUNT}"' in text
    checked = subprocess.run([sys.executable, "-m", "keytrail", "check", str(tmp_path / "seed.yaml")], check=True)
    assert checked.returncode == 0


def test_what_a_kill_interrupts_goes_on(server: KeytrailServer, tmp_path: Path) -> None:
    server.load(many(40))
    server.add_fault({"Operations": "GetKeyLastUsage", "Latency": 60})
    seed, state = tmp_path / "seed.yaml", tmp_path / "seed.yaml.partial"
    words = [sys.executable, "-m", "keytrail", "record", "-o", str(seed), "--region", "us-east-1"]
    process = subprocess.Popen([*words, "--endpoint-url", server.url], stderr=subprocess.PIPE)
    while not state.exists() or state.read_bytes().count(b"\n") < 10:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert not seed.exists()
    done = command(server, "-o", str(seed), "--region", "us-east-1", "--endpoint-url", server.url)
    assert done.returncode == 0, done.stderr
    assert len(yaml.safe_load(seed.read_text())["keys"]) == 40
    assert len(server.events(eventName="DescribeKey")) <= 40 + 8
    assert not state.exists()


def test_the_command_prints_the_policy(server: KeytrailServer) -> None:
    done = command(server, "--policy", "--events", "--role", ROLES[0])
    assert json.loads(done.stdout) == needed_policy((ROLES[0],), events=True)


def test_without_boto3_the_command_says_what_to_install(server: KeytrailServer) -> None:
    done = command(server, start="import sys; sys.modules['boto3'] = None")
    assert done.returncode == 2
    assert done.stderr == "keytrail: keytrail record needs boto3: pip install 'keytrail[record]'\n"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--map", "1=2"), 2, "--map: expected two account ids such as 111122223333=000000000001, got '1=2'"),
        (("--profile", "nobodys"), 1, "The config profile (nobodys) could not be found"),
        (("--endpoint-url", "http://127.0.0.1:1"), 1, "Could not connect to the endpoint URL"),
        (("-o", "/nowhere/seed.yaml"), 2, "/nowhere/seed.yaml.partial: No such file or directory"),
    ],
)
def test_mistakes_are_told_in_one_line(server: KeytrailServer, words: tuple[str, ...], code: int, message: str) -> None:
    done = command(server, *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("keytrail: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_1500_keys_of_a_region_are_recorded(server: KeytrailServer, as_caller: Callable[[str, str], None]) -> None:
    server.load(str(SCANNERS / "many-keys.yaml"))
    as_caller("111100000002", "any")
    recording = recorded(server)
    assert len(set(key_ids(recording))) == 1500
    assert sum("LastUsage" not in key for key in recording.document["keys"]) == 149
    require_good(recording.document)
