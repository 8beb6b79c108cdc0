"""What a seed cannot have is left out of a recording and noted, and account ids are mapped.

How we know: docs/recording.md, "What is not in the seed".
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keytrail import seeds
from keytrail.recording.accounts import with_accounts
from keytrail.recording.sound import without_problems
from keytrail.settings import Settings
from tests.support import GRANT_ID, KEY, MRK, OTHER_KEY

NOW = datetime(2026, 12, 1, tzinfo=UTC)
ACCOUNT = "111122223333"
READER = f"arn:aws:iam::{ACCOUNT}:role/Reader"
GOOD: dict[str, Any] = {"KeyId": OTHER_KEY, "Account": ACCOUNT, "Region": "eu-west-1"}
GRANT: dict[str, Any] = {"GranteePrincipal": READER, "Operations": ["Decrypt"]}


def key(**members: Any) -> dict[str, Any]:
    return {"KeyId": KEY, "Account": ACCOUNT, "Region": "us-east-1", **members}


NOT_YET: dict[str, tuple[dict[str, Any], dict[str, Any] | None, str]] = {
    "a spec that is not known yet": (key(KeySpec="ML_DSA_1024"), None, "got 'ML_DSA_1024'"),
    "a usage that is not known yet": (key(KeyUsage="TELEPATHY"), None, "got 'TELEPATHY'"),
    "a state that is not known yet": (key(KeyState="Asleep"), None, "got 'Asleep'"),
    "a Region that is not known yet": (key(Region="mars-north-1"), None, "mars-north-1"),
    "an operation of a grant": (
        key(Grants=[{**GRANT, "Operations": ["Levitate"]}, GRANT]),
        key(Grants=[GRANT]),
        "Grants[0]: left out: expected one of",
    ),
    "a grant to a deleted principal": (
        key(Grants=[{**GRANT, "GranteePrincipal": "AROAEXAMPLEEXAMPLE123"}]),
        key(),
        "is a unique id",
    ),
    "an operation of a use": (
        key(LastUsage={"Operation": "Levitate", "Timestamp": "2026-10-01T00:00:00Z"}),
        key(),
        "LastUsage: left out",
    ),
    "a policy": (key(Policy={"Version": "2033-01-01", "Statement": []}), key(), "Policy: left out"),
    "a part of a replica": (
        {"KeyId": MRK, "Account": ACCOUNT, "Replicas": [{"Region": "eu-west-1", "Aliases": ["alias/a b", "alias/c"]}]},
        {"KeyId": MRK, "Account": ACCOUNT, "Replicas": [{"Region": "eu-west-1", "Aliases": ["alias/c"]}]},
        "Replicas[0] Aliases[0]: left out",
    ),
    "a replica": (
        {"KeyId": MRK, "Account": ACCOUNT, "Replicas": [{"Region": "mars-north-1"}, {"Region": "eu-west-1"}]},
        {"KeyId": MRK, "Account": ACCOUNT, "Replicas": [{"Region": "eu-west-1"}]},
        "Replicas[0]: left out",
    ),
}


@pytest.mark.parametrize(("found", "kept", "noted"), NOT_YET.values(), ids=NOT_YET)
def test_the_smallest_part_that_can_be_left_out_is(
    found: dict[str, Any], kept: dict[str, Any] | None, noted: str
) -> None:
    sound = without_problems({"keys": [found, GOOD]}, NOW)
    assert sound.document == {"keys": [*([kept] if kept is not None else []), GOOD]}
    [note] = sound.notes
    assert note.startswith(f"{ACCOUNT} ")
    assert noted in note


def test_a_service_that_is_not_known_yet_and_a_document_of_which_nothing_is_left() -> None:
    sound = without_problems({"awsManagedKeys": [{"Alias": "alias/aws/orbit", "Account": ACCOUNT}]}, NOW)
    assert sound.document == {}
    assert "alias/aws/orbit" in sound.notes[0]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
MEMBERS = st.sampled_from(
    ["KeySpec", "KeyState", "Policy", "Tags", "Aliases", "Grants", "LastUsage", "Rotation", "Replicas", "NewMember"]
)


@settings(max_examples=40)
@given(st.lists(st.dictionaries(MEMBERS, ANYTHING, max_size=3), max_size=3))
def test_whatever_aws_answers_check_accepts_the_seed(found: list[dict[str, Any]]) -> None:
    keys = [key(KeyId=f"1234abcd-12ab-34cd-56ef-12345678900{at}", **members) for at, members in enumerate(found)]
    document = without_problems({"keys": [*keys, GOOD]}, NOW).document
    seeds.read_document(json.dumps(document).encode(), Settings(), NOW)
    assert GOOD in document["keys"]


# ---- Other ids for accounts


def test_an_account_is_mapped_in_arns_policies_and_names() -> None:
    document = {
        "Account": ACCOUNT,
        "Policy": {"Principal": {"AWS": [READER, f"arn:aws:iam::{ACCOUNT}:root"]}},
        "Tags": {f"owner-{ACCOUNT}": f"{ACCOUNT}/x"},
        "Constraints": {"SourceArn": f"arn:aws:s3:::logs-{ACCOUNT}-eu"},
    }
    assert with_accounts(document, {ACCOUNT: "1" * 12}) == json.loads(json.dumps(document).replace(ACCOUNT, "1" * 12))


@pytest.mark.parametrize("text", [f"9{ACCOUNT}", f"{KEY[:24]}{ACCOUNT}", f"mrk-{ACCOUNT * 3}"[:36], GRANT_ID])
def test_longer_numbers_and_ids_stay(text: str) -> None:
    assert with_accounts({"x": [text]}, {ACCOUNT: "1" * 12, GRANT_ID[:12]: "2" * 12}) == {"x": [text]}


def test_two_accounts_can_change_places() -> None:
    swapped = with_accounts([ACCOUNT, "1" * 12], {ACCOUNT: "1" * 12, "1" * 12: ACCOUNT})
    assert swapped == ["1" * 12, ACCOUNT]
