"""The messages about mistakes in a document: path, what is wrong, and what would be right.

How we know: nothing of AWS's. The words come from the types of the document, wherever in it the mistake is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytrail.seeds import Seed, SeedError, read_document, read_files
from keytrail.seeds.document import SeedDocument
from keytrail.seeds.validation_errors import problems_of
from keytrail.settings import Settings
from tests.support import KEY, MRK, OTHER_KEY

STORE = "cks-1234567890abcdef0"


def read(data: bytes, name: str = "seed.json", seed: Seed | None = None, **settings: Any) -> Seed:
    return read_document(data, Settings(**settings), datetime.now(UTC), name=name, seed=seed)


def problems(document: Mapping[str, Any] | bytes) -> list[str]:
    """All that is wrong with a document."""
    with pytest.raises(SeedError) as caught:
        read(document if isinstance(document, bytes) else json.dumps(document).encode())
    assert all(problem.startswith("seed.json: ") for problem in caught.value.problems)
    return [problem.removeprefix("seed.json: ") for problem in caught.value.problems]


def in_key(**members: Any) -> dict[str, Any]:
    return {"keys": [{"KeyId": KEY, **members}]}


MISTAKES: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "a form": (
        in_key(Region="US East"),
        "keys[0].Region: expected the name of a Region, such as us-east-1, got 'US East'",
    ),
    "a form further in": (
        {"keys": [{"KeyId": MRK, "Replicas": [{"Region": "US East"}]}]},
        "keys[0].Replicas[0].Region: expected the name of a Region, such as us-east-1, got 'US East'",
    ),
    "a form of a member that has one in one place only": (
        {"serviceControlPolicies": [{"Arn": "guard", "Policy": "{}"}]},
        "serviceControlPolicies[0].Arn: expected an ARN such as "
        "arn:aws:organizations::111122223333:policy/o-1/service_control_policy/p-1, got 'guard'",
    ),
    "a choice of an enumeration": (
        in_key(KeyState="enabled"),
        "keys[0].KeyState: expected one of Creating, Enabled, Disabled, PendingDeletion, PendingImport, "
        "PendingReplicaDeletion, Unavailable, Updating, got 'enabled'; did you mean Enabled?",
    ),
    "a choice of texts": (
        {"customKeyStores": [{"CustomKeyStoreId": STORE, "ConnectionState": "GONE"}]},
        "customKeyStores[0].ConnectionState: expected one of "
        "CONNECTED, CONNECTING, FAILED, DISCONNECTED, DISCONNECTING, got 'GONE'",
    ),
    "a choice within one of two types": (
        {"faults": [{"Latency": {"Distribution": "even"}}]},
        "faults[0].Latency.Distribution: expected one of lognormal, normal, uniform, got 'even'",
    ),
    "an operation of a grant": (
        in_key(Grants=[{"GranteePrincipal": "arn:aws:iam::111122223333:root", "Operations": ["Sign", "Decypt"]}]),
        "keys[0].Grants[0].Operations[1]: expected one of CreateGrant, Decapsulate, Decrypt, DeriveSharedSecret, "
        "DescribeKey, Encapsulate, Encrypt, GenerateDataKey, GenerateDataKeyPair, GenerateDataKeyPairWithoutPlaintext, "
        "GenerateDataKeyWithoutPlaintext, GenerateMac, GetPublicKey, ReEncryptFrom, ReEncryptTo, RetireGrant, Sign, "
        "Verify, VerifyMac, got 'Decypt'; did you mean Decrypt?",
    ),
    "a member of the same object": (
        {"settings": {"UsageDely": "PT1M"}},
        "settings: there is no member UsageDely; did you mean UsageDelay?",
    ),
    "a member in one": (in_key(Alias="alias/a"), "keys[0]: there is no member Alias; did you mean Aliases?"),
    "a member in Python's case": (
        in_key(key_usage="x"),
        "keys[0]: there is no member key_usage; did you mean KeyUsage?",
    ),
    "a part in the case of a member": ({"Keys": []}, "there is no member Keys; did you mean keys?"),
    "a member of an object further in": (
        in_key(Operation="Decrypt"),
        "keys[0]: there is no member Operation here; it belongs under LastUsage",
    ),
    "a member of a list further in": (
        in_key(RotationType="ON_DEMAND"),
        "keys[0]: there is no member RotationType here; it belongs under Rotation.Rotations[]",
    ),
    "a member of an object further out": (
        {"keys": [{"KeyId": MRK, "Replicas": [{"Region": "eu-west-1", "KeySpec": "RSA_2048"}]}]},
        "keys[0].Replicas[0]: there is no member KeySpec here; it belongs in keys[0]",
    ),
    "a part within a part": (
        in_key(faults=[]),
        "keys[0]: there is no member faults here; it belongs at the top of the document",
    ),
    "a member that is like none of few": (
        {"settings": {"Xyzzy": "PT1M"}},
        "settings: there is no member Xyzzy; choose from UsageDelay, ConsistencyDelay, RequestQuotas",
    ),
    "a member that is like none of many": (
        in_key(Xyzzy="PT1M"),
        "keys[0]: there is no member Xyzzy; `keytrail check --schema` lists the members",
    ),
    "a member that is missing": (
        {"keys": [{"KeyState": "Disabled"}]},
        "keys[0]: KeyId is missing; expected a lower-case UUID, or `mrk-` and 32 lower-case hex digits",
    ),
    "a number for a text": (
        {"settings": {"UsageDelay": 4}},
        "settings.UsageDelay: expected a text (how late a use shows: ISO 8601, at most PT1H), got the number 4; "
        "write it in quotes",
    ),
    "a number for an account": (
        in_key(Account=111122223333),
        "keys[0].Account: expected 12 digits, in quotes, got the number 111122223333; write it in quotes",
    ),
    "a number in a mapping of texts": (
        in_key(Tags={"team": "a", "floor": 7}),
        "keys[0].Tags.floor: expected a text, got the number 7; write it in quotes",
    ),
    "a text for an object": (
        in_key(LastUsage="20 days ago"),
        "keys[0].LastUsage: expected a mapping such as {Operation: Decrypt, Timestamp: 20 days ago}, got '20 days ago'",
    ),
    "a text for a list": (
        in_key(Aliases="alias/a"),
        "keys[0].Aliases: expected a list such as [alias/orders], got 'alias/a'; write [alias/a]",
    ),
    "a list of tags": (
        in_key(Tags=[{"TagKey": "team", "TagValue": "a"}, {"TagKey": "floor", "TagValue": "b"}]),
        "keys[0].Tags: expected a mapping such as {team: payments}, got a list; write {team: a, floor: b}",
    ),
    "seconds since 1970": (
        in_key(CreationDate=1714550400),
        "keys[0].CreationDate: expected a moment (ISO 8601, such as 2026-05-01T08:00:00Z; or `200 days ago`, "
        "`in 10 days`, `now`), got the number 1714550400; if it counts from 1970, write 2024-05-01T08:00:00Z",
    ),
    "milliseconds since 1970": (
        in_key(LastUsage={"Operation": "Decrypt", "Timestamp": 1714550400000}),
        "keys[0].LastUsage.Timestamp: expected a moment (ISO 8601, such as 2026-05-01T08:00:00Z; or `200 days ago`, "
        "`in 10 days`, `now`), got the number 1714550400000; if it counts from 1970, write 2024-05-01T08:00:00Z",
    ),
    "a text too long": (
        in_key(Description="d" * 8193),
        f"keys[0].Description: expected a text of at most 8192 characters, got '{'d' * 100}'... of 8193 characters",
    ),
    "a text of the wrong length": (
        {"customKeyStores": [{"CustomKeyStoreId": STORE, "CustomKeyStoreName": ""}]},
        "customKeyStores[0].CustomKeyStoreName: expected a text of 1 to 256 characters, got ''",
    ),
    "an empty text": (
        {"credentials": [{"AccessKeyId": "", "SecretAccessKey": "a", "Principal": "s3.amazonaws.com"}]},
        "credentials[0].AccessKeyId: expected a text that is not empty, got ''",
    ),
    "a number out of range": (
        in_key(PendingDeletionWindowInDays=3),
        "keys[0].PendingDeletionWindowInDays: expected a whole number from 7 to 30, got the number 3",
    ),
    "nothing": ({"keys": None}, "keys: expected a list, got nothing"),
    "a Region that AWS does not have": (
        in_key(Region="us-esat-1"),
        "keys[0].Region: AWS has no Region us-esat-1; did you mean us-east-1? "
        "(--extra-regions us-esat-1, or KEYTRAIL_EXTRA_REGIONS, would allow it)",
    ),
    "a replica in the Region of its primary key": (
        {"keys": [{"KeyId": MRK, "Replicas": [{"Region": "us-east-1"}]}]},
        "keys[0].Replicas[0].Region: us-east-1 is the Region of the primary key; a replica is in another Region",
    ),
}


@pytest.mark.parametrize(("document", "message"), MISTAKES.values(), ids=MISTAKES)
def test_the_message_says_what_would_be_right(document: Mapping[str, Any], message: str) -> None:
    assert problems(document) == [message]


def test_all_mistakes_of_a_document_are_reported_at_once() -> None:
    document = {
        "keys": [
            {"KeyId": KEY, "Alias": "alias/a", "KeyState": "Asleep"},
            {"KeyId": OTHER_KEY, "CreationDate": "soon", "Region": "us-esat-1"},
        ],
        "faults": [{"Count": 0, "Drop": "never"}, {"Error": "KMSInternalEror"}],
        "settings": {"UsageDelay": "PT2H", "Xyzzy": "a"},
    }
    assert [problem.partition(": ")[0] for problem in problems(document)] == [
        *("keys[0]", "keys[0].KeyState", "faults[0].Count", "faults[0].Drop", "settings"),
        *("keys[1].Region", "keys[1].CreationDate", "faults[1].Error"),
    ]


def test_a_mistake_in_a_custom_key_store_is_not_reported_of_its_keys_too() -> None:
    document = {
        "customKeyStores": [{"CustomKeyStoreId": STORE, "Xyzzy": 1}],
        "keys": [{"KeyId": KEY, "Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": STORE}],
    }
    (problem,) = problems(document)
    assert problem.startswith("customKeyStores[0]: there is no member Xyzzy")


# A member never suggests itself, and no mistake goes without a message: whatever the document.
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["alias/a", KEY, "Decrypt", "now", "111122223333"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["KeyId", "Alias", "Region", "Tags", "a"]), inner)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*SeedDocument.__struct_encode_fields__, "Alias"]), ANYTHING))
def test_what_is_no_seed_has_a_message_and_what_is_one_has_none(document: dict[str, Any]) -> None:
    try:
        msgspec.convert(document, SeedDocument, strict=True)
        valid = True
    except msgspec.ValidationError:
        valid = False
    found = [str(problem) for problem in problems_of(document, SeedDocument)]
    assert bool(found) is not valid
    for problem in found:
        unknown = re.search(r"there is no member (\S+); did you mean (\S+)\?", problem)
        assert unknown is None or unknown[1] != unknown[2]


# ---- documents that describe nothing


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the document is empty; expected a seed, such as keys: [...]"),
        (b"\n\n", "the document is empty; expected a seed, such as keys: [...]"),
        (b"# keys:\n# none yet\n", "there is nothing but comments; expected a seed, such as keys: [...]"),
        (b"{}", "there is nothing in this seed; expected one or more of settings, accounts, credentials, "),
        (b"keys: []", "there is nothing in this seed; expected one or more of settings, accounts, credentials, "),
    ],
)
def test_a_seed_of_nothing_is_an_error(data: bytes, message: str) -> None:
    (problem,) = problems(data)
    assert problem.startswith(message)


@pytest.mark.parametrize(
    "lines",
    [
        ["# the keys of the shop", "keys:", f"  - KeyId: {KEY}"],
        ["keys:", f"  - KeyId: {KEY}", "    KeyState: Disabled"],
    ],
)
def test_yaml_that_lost_its_newlines_is_an_error_that_says_how(lines: list[str]) -> None:
    assert len(read("\n".join(lines).encode()).keys) == 1
    (problem,) = problems("".join(lines).encode())
    assert problem.endswith("; are its newlines lost? `curl -d @FILE` drops them, `curl --data-binary @FILE` does not")


# ---- what is there twice


def test_what_is_there_twice_names_both_places_and_files(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(f"keys: [{{KeyId: {KEY}, Aliases: [alias/orders]}}]")
    second.write_text(f"keys: [{{KeyId: {OTHER_KEY}, Aliases: [alias/orders]}}, {{KeyId: {KEY}}}]")
    with pytest.raises(SeedError) as caught:
        read_files([str(first), str(second)], Settings(), datetime.now(UTC))
    assert caught.value.problems == [
        f"{second}: keys[0].Aliases[0]: arn:aws:kms:us-east-1:000000000000:alias/orders appears twice, "
        f"first at {first}: keys[0].Aliases[0]; an alias names one key",
        f"{second}: keys[1].KeyId: arn:aws:kms:us-east-1:000000000000:key/{KEY} appears twice, "
        f"first at {first}: keys[0].KeyId; a Region has one key with an id",
    ]


def test_a_member_that_is_there_twice_in_json_names_both_values() -> None:
    (problem,) = problems(f'{{"keys": [{{"KeyId": "{KEY}", "Tags": {{}}, "KeyId": "{OTHER_KEY}"}}]}}'.encode())
    assert problem == f'KeyId appears twice in one object: "{KEY}" and "{OTHER_KEY}"; keep one'


def test_a_member_that_is_there_twice_names_both_lines() -> None:
    (problem,) = problems(f"keys:\n  - KeyId: {KEY}\n    KeyState: Disabled\n    KeyId: {OTHER_KEY}\n".encode())
    assert problem == "not YAML at line 4, column 5: KeyId appears twice in a mapping, first at line 2; keep one"


# ---- Regions


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"keys": [{"KeyId": MRK, "Replicas": [{"Region": "mars-1"}]}]}, "keys[0].Replicas[0].Region"),
        ({"awsManagedKeys": [{"Alias": "alias/aws/s3", "Region": "mars-1"}]}, "awsManagedKeys[0].Region"),
        ({"customKeyStores": [{"CustomKeyStoreId": STORE, "Region": "mars-1"}]}, "customKeyStores[0].Region"),
        ({"faults": [{"Region": "mars-1", "Drop": "before"}]}, "faults[0].Region"),
    ],
)
def test_every_region_is_one_that_aws_has_or_that_a_setting_allows(document: dict[str, Any], path: str) -> None:
    (problem,) = problems(document)
    assert problem.startswith(f"{path}: AWS has no Region mars-1; ")
    assert read(json.dumps(document).encode(), extra_regions=["mars-1"])
