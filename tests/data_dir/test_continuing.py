"""An endpoint with a data folder continues where it ended. Through boto3, over HTTP."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from keytrail.clock import Clock
from keytrail.crypto import key_import
from keytrail.endpoint import Endpoint
from keytrail.seeds import SeedError
from keytrail.server import KeytrailServer
from keytrail.settings import Settings
from tests.support import ACCOUNT, FOREIGN, KEY, POLICY, REQUESTS, SAMPLE_SEED, client_of, invoke, refusal
from tests.support.clients import new_client
from tests.support.data_dir import copy_of

ROLE = f"arn:aws:iam::{ACCOUNT}:role/Reader"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@contextmanager
def kms_on(folder: Path, **members: Any) -> Iterator[tuple[KeytrailServer, Any]]:
    with KeytrailServer(data_dir=folder, **members) as server:
        yield server, client_of(server)


def told(kms: Any, key_id: str) -> dict[str, Any]:
    """What an endpoint tells of a key."""
    answers = {
        "DescribeKey": kms.describe_key(KeyId=key_id)["KeyMetadata"],
        "Tags": kms.list_resource_tags(KeyId=key_id)["Tags"],
        "Policy": kms.get_key_policy(KeyId=key_id)["Policy"],
        "Aliases": kms.list_aliases(KeyId=key_id)["Aliases"],
        "Grants": kms.list_grants(KeyId=key_id)["Grants"],
        "Usage": kms.get_key_last_usage(KeyId=key_id),
    }
    answers["Usage"].pop("ResponseMetadata")
    return answers


def test_what_was_told_of_a_key_is_told_again(folder: Path) -> None:
    with kms_on(folder) as (_, kms):
        key_id = kms.create_key(Tags=[{"TagKey": "team", "TagValue": "a"}], Description="words")["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName="alias/orders", TargetKeyId=key_id)
        kms.put_key_policy(KeyId=key_id, Policy=json.dumps(POLICY))
        token = kms.create_grant(KeyId=key_id, GranteePrincipal=ROLE, Operations=["Decrypt"], Name="a")["GrantToken"]
        ciphertext = kms.encrypt(KeyId=key_id, Plaintext=b"secret")["CiphertextBlob"]
        before = told(kms, key_id)
    with kms_on(folder) as (server, kms):
        assert told(kms, key_id) == before
        assert kms.decrypt(CiphertextBlob=ciphertext, GrantTokens=[token])["Plaintext"] == b"secret"
        assert [event["eventName"] for event in server.events(eventName="Encrypt")] == ["Encrypt"]
        kms.retire_grant(GrantToken=token)


@pytest.mark.parametrize(
    ("spec", "usage", "operation", "members", "checked"),
    [
        ("RSA_2048", "SIGN_VERIFY", "Sign", {"SigningAlgorithm": "RSASSA_PSS_SHA_256"}, "Verify"),
        ("ECC_NIST_P256", "SIGN_VERIFY", "Sign", {"SigningAlgorithm": "ECDSA_SHA_256"}, "Verify"),
        ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", "Sign", {"SigningAlgorithm": "ED25519_SHA_512"}, "Verify"),
        ("ML_DSA_44", "SIGN_VERIFY", "Sign", {"SigningAlgorithm": "ML_DSA_SHAKE_256"}, "Verify"),
        ("HMAC_256", "GENERATE_VERIFY_MAC", "GenerateMac", {"MacAlgorithm": "HMAC_SHA_256"}, "VerifyMac"),
    ],
)
@pytest.mark.parametrize("seeded", [False, True], ids=["created", "seeded"])
def test_signatures_of_every_kind_of_material_stay_valid(
    folder: Path, spec: str, usage: str, operation: str, members: dict[str, str], checked: str, seeded: bool
) -> None:
    seed = {"keys": [{"KeyId": KEY, "KeySpec": spec, "KeyUsage": usage}]}
    with kms_on(folder, fixtures=seed if seeded else ()) as (_, kms):
        key_id = KEY if seeded else kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
        made = invoke(kms, operation, KeyId=key_id, Message=b"words", **members)
    proof = {name: made[name] for name in ("Signature", "Mac") if name in made}
    for _ in range(2):
        with kms_on(folder) as (server, kms):
            answer = invoke(kms, checked, KeyId=key_id, Message=b"words", **members, **proof)
            assert answer.get("SignatureValid", answer.get("MacValid"))
            if seeded:
                server.reset()  # its random pair stays


@pytest.mark.parametrize("spec", ["ML_KEM_512", "ML_KEM_768"])
def test_shared_secrets_can_be_decapsulated(folder: Path, spec: str) -> None:
    with kms_on(folder) as (_, kms):
        key_id = kms.create_key(KeySpec=spec, KeyUsage="ENCAPSULATE_DECAPSULATE")["KeyMetadata"]["KeyId"]
        made = kms.encapsulate(KeyId=key_id, EncapsulationAlgorithm="ML_KEM")
    with kms_on(folder) as (_, kms):
        again = kms.decapsulate(
            KeyId=key_id,
            EncapsulationAlgorithm="ML_KEM",
            SharedSecretCiphertextBlob=made["SharedSecretCiphertextBlob"],
        )
    assert again["SharedSecret"] == made["SharedSecret"]


def test_a_public_key_that_was_told_stays_though_nothing_was_changed(folder: Path) -> None:
    """The RSA pair of a seeded key is made at its first use, by a call that only reads."""
    seed = {"keys": [{"KeyId": KEY, "KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}]}
    with kms_on(folder, fixtures=seed) as (_, kms):
        public_key = kms.get_public_key(KeyId=KEY)["PublicKey"]
    with kms_on(folder) as (_, kms):
        assert kms.get_public_key(KeyId=KEY)["PublicKey"] == public_key


def test_ciphertexts_of_every_rotation_can_be_decrypted(folder: Path) -> None:
    with kms_on(folder) as (server, kms):
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]
        ciphertexts = []
        for number in range(3):
            ciphertexts.append(kms.encrypt(KeyId=key_id, Plaintext=b"%d" % number)["CiphertextBlob"])
            server.clock.advance(days=1)
            kms.rotate_key_on_demand(KeyId=key_id)
        rotations = kms.list_key_rotations(KeyId=key_id)["Rotations"]
    with kms_on(folder) as (_, kms):
        plaintexts = [kms.decrypt(CiphertextBlob=ciphertext)["Plaintext"] for ciphertext in ciphertexts]
        assert plaintexts == [b"0", b"1", b"2"]
        assert kms.list_key_rotations(KeyId=key_id)["Rotations"] == rotations


@pytest.mark.parametrize("kept", [True, False], ids=["with the secret", "without it"])
def test_an_import_that_was_begun_can_be_ended(folder: Path, tmp_path: Path, kept: bool) -> None:
    with kms_on(folder) as (_, kms):
        key_id = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
        parameters = kms.get_parameters_for_import(
            KeyId=key_id, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
        )
    public_key: Any = load_der_public_key(parameters["PublicKey"])
    material = {
        "KeyId": key_id,
        "ImportToken": parameters["ImportToken"],
        "EncryptedKeyMaterial": public_key.encrypt(bytes(32), OAEP(MGF1(SHA256()), SHA256(), None)),
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
    }
    if not kept:
        folder = copy_of(folder, tmp_path / "copy")
        with sqlite3.connect(folder / "keytrail.sqlite") as database:
            database.execute("DELETE FROM records WHERE id = 'import token secret'")
        database.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_import, "_secrets", [bytes(32)])  # those of another process
        with kms_on(folder) as (_, kms):
            if kept:
                kms.import_key_material(**material)
                assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "Enabled"
            else:
                assert refusal(kms, "ImportKeyMaterial", **material)[0] == "InvalidImportTokenException"


def test_sessions_of_sts_stay_valid(folder: Path) -> None:
    with kms_on(folder) as (server, _):
        session = client_of(server, "sts").assume_role(RoleArn=ROLE, RoleSessionName="tests")["Credentials"]
    with kms_on(folder) as (server, _):
        keys = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
        arn = new_client(server.url, "sts", "us-east-1", *keys).get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/Reader/tests"


def test_credentials_identities_and_organizations_of_seeds_stay(folder: Path) -> None:
    user = f"arn:aws:iam::{ACCOUNT}:user/alice"
    deny = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "kms:ListKeys", "Resource": "*"}}
    allow = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:List*", "Resource": "*"}}
    policy = f"arn:aws:organizations::{FOREIGN}:policy/o-exampleorgid/service_control_policy/p-guard"
    seed = {
        "credentials": [{"AccessKeyId": "AKIAALICE00000000001", "SecretAccessKey": "secret", "Principal": user}],
        "identities": [{"Arn": user, "Policies": {"lists": allow}}],
        "serviceControlPolicies": [{"Arn": policy, "Accounts": [ACCOUNT], "Policy": deny}],
    }
    with kms_on(folder, fixtures=seed):
        pass
    with kms_on(folder) as (server, _):
        alice = new_client(server.url, "kms", "us-east-1", "AKIAALICE00000000001", "secret")
        assert refusal(alice, "ListKeys")[1].endswith("with an explicit deny in a service control policy: " + policy)
        assert "no identity-based policy allows" in refusal(alice, "CreateKey")[1]
        assert alice.list_aliases()["Aliases"]
        wrong = new_client(server.url, "kms", "us-east-1", "AKIAALICE00000000001", "another")
        assert refusal(wrong, "ListAliases")[0] == "InvalidSignatureException"


@pytest.mark.parametrize("state", ["frozen", "moved", "fast"])
def test_the_clock_goes_on(folder: Path, state: str) -> None:
    moment = datetime(2027, 3, 1, tzinfo=UTC)
    with kms_on(folder) as (server, _):
        server.clock.set(moment)
        if state == "frozen":
            server.clock.freeze()
        elif state == "fast":
            server.clock.speed(100)
        before = server.clock.now
    with kms_on(folder) as (server, _):
        after = server.clock.now
        assert server.clock.frozen == (state == "frozen")
        assert after == before if state == "frozen" else before < after < before + timedelta(days=1)
        server.clock.reset()
    with kms_on(folder) as (server, _):
        assert server.clock.now < moment


def test_a_clock_that_was_frozen_before_the_first_start_stays_so(folder: Path) -> None:
    clock = Clock()
    moment = clock.set(datetime(2027, 3, 1, tzinfo=UTC), frozen=True)
    Endpoint(Settings(data_dir=folder), clock).close()  # type: ignore[arg-type]
    with kms_on(folder) as (server, _):
        assert (server.clock.now, server.clock.frozen) == (moment, True)


def test_what_fell_due_in_the_meantime_has_happened(folder: Path) -> None:
    with kms_on(folder) as (server, kms):
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
        server.clock.speed(1_000_000)  # nearly twelve days in each second, here and while nothing runs
    with kms_on(folder) as (server, kms):
        server.clock.advance(days=7)
        assert refusal(kms, "DescribeKey", KeyId=key_id)[0] == "NotFoundException"
        assert [event["eventName"] for event in server.events(eventName="DeleteKey")] == ["DeleteKey"]
    with kms_on(folder) as (_, kms):
        assert refusal(kms, "DescribeKey", KeyId=key_id)[0] == "NotFoundException"


def test_settings_that_were_changed_stay_changed(folder: Path) -> None:
    with kms_on(folder) as (server, _):
        server.load({"settings": {"UsageDelay": "PT15M"}})
    with kms_on(folder) as (server, _):
        assert server.settings.usage_delay == timedelta(minutes=15)
        assert server.endpoint.trail.usage_delay == timedelta(minutes=15)
    with kms_on(folder, usage_delay="PT1M") as (server, _):
        assert server.settings.usage_delay == timedelta(minutes=1), "this start gives another value"


def test_fault_rules_go_on_with_their_counts_and_chances(folder: Path) -> None:
    def call(kms: Any, times: int) -> None:
        for _ in range(times):
            kms.list_keys()

    rule = {"Operations": "ListKeys", "Probability": 0.5, "Seed": 7, "Latency": 0}
    with KeytrailServer() as server:
        kept = server.add_fault(rule)
        kms = client_of(server)
        call(kms, 40)
        whole = [rule["Hits"] for rule in server.faults()]
    with kms_on(folder) as (server, kms):
        assert server.add_fault(rule) == kept
        call(kms, 25)
        half = server.faults()
    with kms_on(folder) as (server, kms):
        assert server.faults() == half
        call(kms, 15)
        assert [rule["Hits"] for rule in server.faults()] == whole
        server.remove_faults()
    with kms_on(folder) as (server, _):
        assert server.faults() == []
        assert server.add_fault(rule)["Id"] != kept["Id"], "an id is not given again"


def test_external_errors_stay(folder: Path) -> None:
    store = dict(REQUESTS["CreateCustomKeyStore"])
    with kms_on(folder) as (server, _):
        stores = server.endpoint.store.custom_key_stores
        stores.set_external_error("CloudHsmClusterId", store["CloudHsmClusterId"], "CloudHsmClusterNotActiveException")
    with kms_on(folder) as (server, kms):
        assert refusal(kms, "CreateCustomKeyStore", **store)[0] == "CloudHsmClusterNotActiveException"


def test_multi_region_keys_stay_related(folder: Path) -> None:
    with kms_on(folder, fixtures=SAMPLE_SEED) as (server, kms):
        mrk = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
        kms.replicate_key(KeyId=mrk, ReplicaRegion="eu-west-1")
        kms.update_primary_region(KeyId=mrk, PrimaryRegion="eu-west-1")
        before = kms.describe_key(KeyId=mrk)["KeyMetadata"]
    with kms_on(folder) as (server, kms):
        assert kms.describe_key(KeyId=mrk)["KeyMetadata"] == before
        client_of(server, region="eu-west-1").rotate_key_on_demand(KeyId=mrk)
        assert kms.list_key_rotations(KeyId=mrk)["Rotations"], "a replica follows its primary key"


def test_numbers_of_the_trail_go_on(folder: Path) -> None:
    with kms_on(folder) as (server, kms):
        kms.list_keys()
        mark = server.mark()
        before = server.events()
    with kms_on(folder) as (server, kms):
        assert server.events() == before
        kms.list_aliases()
        assert [call.operation for call in server.calls(after=mark)] == ["ListAliases"]


def test_events_are_trimmed_in_the_folder_too(folder: Path) -> None:
    with kms_on(folder, max_events=700) as (server, kms):
        for _ in range(1600):
            kms.list_keys()
        before = server.events()
        assert len(before) <= 700
    with kms_on(folder) as (server, _):
        assert server.events() == before
        rows = server.endpoint._data_dir._opened.read("SELECT count(*), max(last) FROM events")  # type: ignore[union-attr]
    assert rows[0][0] <= 3
    assert rows[0][1] == 1600


# Seeds and reset


def test_seeds_are_loaded_at_the_first_start_only(folder: Path) -> None:
    with kms_on(folder, fixtures=SAMPLE_SEED) as (_, kms):
        kms.delete_alias(AliasName="alias/orders")
    with kms_on(folder, fixtures={"keys": [{"KeyId": KEY, "Aliases": ["alias/other"]}]}) as (server, kms):
        assert server.endpoint.is_continued
        assert kms.list_aliases(KeyId=KEY)["Aliases"] == []


def test_a_seed_with_mistakes_leaves_a_folder_that_is_new(folder: Path) -> None:
    with pytest.raises(SeedError, match="KeyId"):
        KeytrailServer(data_dir=folder, fixtures=[{"keys": [{"KeyId": KEY}]}, {"keys": [{"KeyId": "no"}]}])
    with kms_on(folder, fixtures=SAMPLE_SEED) as (server, kms):
        assert not server.endpoint.is_continued
        assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"] == "Enabled"


@pytest.mark.parametrize("in_account", [None, ACCOUNT])
def test_a_reset_goes_back_to_the_first_start(folder: Path, in_account: str | None) -> None:
    with kms_on(folder, fixtures=SAMPLE_SEED) as (server, kms):
        first = told(kms, KEY)
        kms.disable_key(KeyId=KEY)
    with kms_on(folder) as (server, kms):
        made = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.delete_alias(AliasName="alias/orders")
        theirs = client_of(server, access_key=FOREIGN).create_key()["KeyMetadata"]["KeyId"]
        server.reset(in_account)
        assert told(kms, KEY) == first
    with kms_on(folder) as (server, kms):
        assert told(kms, KEY) == first
        assert refusal(kms, "DescribeKey", KeyId=made)[0] == "NotFoundException"
        their_keys = [key["KeyId"] for key in client_of(server, access_key=FOREIGN).list_keys()["Keys"]]
        assert their_keys == ([theirs] if in_account else [])


def test_a_server_that_was_stopped_starts_again(folder: Path) -> None:
    server = KeytrailServer(data_dir=folder)
    with server:
        key_id = client_of(server).create_key()["KeyMetadata"]["KeyId"]
    with pytest.raises(Exception, match="the server is stopped"):
        server.load(SAMPLE_SEED)
    with kms_on(folder) as (_, kms):  # meanwhile another one
        kms.schedule_key_deletion(KeyId=key_id)
    with server:
        kms = client_of(server)
        assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "PendingDeletion"
        kms.cancel_key_deletion(KeyId=key_id)
    with kms_on(folder) as (_, kms):
        assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "Disabled"


# When it is written


CHANGES: dict[str, Callable[[KeytrailServer, Any], object]] = {
    "CreateKey": lambda server, kms: kms.create_key(),
    "CreateAlias": lambda server, kms: kms.create_alias(AliasName="alias/new", TargetKeyId=KEY),
    "TagResource": lambda server, kms: kms.tag_resource(KeyId=KEY, Tags=[{"TagKey": "team", "TagValue": "a"}]),
    "PutKeyPolicy": lambda server, kms: kms.put_key_policy(KeyId=KEY, Policy=json.dumps(POLICY)),
    "CreateGrant": lambda server, kms: kms.create_grant(KeyId=KEY, GranteePrincipal=ROLE, Operations=["Decrypt"]),
    "ScheduleKeyDeletion": lambda server, kms: kms.schedule_key_deletion(KeyId=KEY),
    "CreateCustomKeyStore": lambda server, kms: kms.create_custom_key_store(**REQUESTS["CreateCustomKeyStore"]),
    "ReplicateKey": lambda server, kms: invoke(kms, "ReplicateKey", **REQUESTS["ReplicateKey"]),
    "AssumeRole": lambda server, kms: client_of(server, "sts").assume_role(RoleArn=ROLE, RoleSessionName="tests"),
    "load": lambda server, kms: server.load({"keys": [{"KeyId": KEY.replace("1", "7")}]}),
    "clock": lambda server, kms: server.clock.freeze("2027-01-01T00:00:00Z"),
    "add_fault": lambda server, kms: server.add_fault(Operations="Decrypt", Count=1, Error="KMSInternalException"),
    "reset": lambda server, kms: server.reset(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_answered_is_on_disk(folder: Path, tmp_path: Path, change: str) -> None:
    with kms_on(folder, fixtures=SAMPLE_SEED) as (server, kms):
        if change == "reset":
            kms.create_key()
        CHANGES[change](server, kms)
        copy = copy_of(folder, tmp_path / "copy")
        shown = state_of(server)
    with kms_on(copy) as (server, _):
        assert state_of(server) == shown


def state_of(server: KeytrailServer) -> list[object]:
    server.endpoint.settle()
    store, callers = server.endpoint.store, server.endpoint.callers
    return [
        {key.arn: key for key in store.newest.all_keys()},
        {alias.arn: alias for alias in store.newest.all_aliases()},
        store.grants.with_tokens(),
        {each.store_id: each for each in store.custom_key_stores.all()},
        store._sets.all(),
        callers.snapshot(),
        server.endpoint.clock.snapshot(),
        server.faults(),
    ]


# The folder itself


def test_only_the_owner_may_read_the_folder(folder: Path) -> None:
    with kms_on(folder) as (_, kms):
        kms.create_key()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert modes == dict.fromkeys(["keytrail.sqlite", "keytrail.sqlite-wal", "lock"], 0o600)


def test_a_second_server_on_a_folder_is_refused_by_name(folder: Path) -> None:
    words = rf"data_dir: {folder} is in use by process {os.getpid()} on .*; stop that server"
    with kms_on(folder), pytest.raises(ValueError, match=words):
        KeytrailServer(data_dir=folder)


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ValueError, match=r"has other files \(thesis.tex\) and is no data folder"):
        KeytrailServer(data_dir=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
