"""Aliases: friendly names of keys.

How we know: the API Reference (docs); the words of refusals as each test says.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.support import (
    ACCOUNT,
    ALIAS,
    DOOMED_KEY,
    ELSEWHERE,
    FOREIGN,
    KEY,
    MISSING_KEY,
    OTHER_KEY,
    alias_arn,
    answered_members,
    key_arn,
    load_sample_seed,
    outcomes,
    own_aliases,
    refusal,
)
from tests.support import invoke as call

Make = Callable[..., Any]

NOW = datetime(2026, 10, 1, 9, 30, 0, 250_000, tzinfo=UTC)
HMAC_KEY = "6789abcd-12ab-34cd-56ef-1234567890ab"
CHANGES = [
    ("CreateAlias", {"TargetKeyId": KEY}),
    ("UpdateAlias", {"TargetKeyId": KEY}),
    ("DeleteAlias", {}),
]


@pytest.fixture
def sample_seed(keytrail_clean: KeytrailServer, kms: Any) -> None:
    """The sample seed, in which ALIAS stands for KEY, with an HMAC key."""
    load_sample_seed(keytrail_clean, kms)
    keytrail_clean.load({"keys": [{"KeyId": HMAC_KEY, "KeySpec": "HMAC_256"}]})


pytestmark = pytest.mark.usefixtures("sample_seed")


def names(kms: Any, **members: object) -> list[str]:
    return sorted(own_aliases(kms.list_aliases(**members)["Aliases"]))


def target(kms: Any, name: str = ALIAS) -> str:
    (found,) = (alias["TargetKeyId"] for alias in kms.list_aliases()["Aliases"] if alias["AliasName"] == name)
    return str(found)


# ---- Shape


def test_an_alias_is_listed_with_five_members(kms: Any, keytrail_clock: Any) -> None:
    keytrail_clock.freeze(NOW)
    kms.create_alias(AliasName="alias/fresh", TargetKeyId=key_arn(OTHER_KEY))
    answer = kms.list_aliases(KeyId=OTHER_KEY)
    assert answer["Truncated"] is False
    assert "NextMarker" not in answer
    assert answer["Aliases"] == [
        {
            "AliasName": "alias/fresh",
            "AliasArn": alias_arn("alias/fresh"),
            "TargetKeyId": OTHER_KEY,
            "CreationDate": NOW,
            "LastUpdatedDate": NOW,
        }
    ]


def test_a_list_begins_with_a_count_that_the_model_lacks(kms: Any) -> None:
    """How we know: recorded."""
    assert answered_members(kms, "ListAliases") == ["AliasCount", "Aliases", "Truncated"]


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("CreateAlias", {"AliasName": "alias/fresh", "TargetKeyId": KEY}),
        ("UpdateAlias", {"AliasName": ALIAS, "TargetKeyId": OTHER_KEY}),
        ("DeleteAlias", {"AliasName": ALIAS}),
    ],
)
def test_changes_of_aliases_answer_nothing(operation: str, members: dict[str, str], kms: Any) -> None:
    assert set(call(kms, operation, **members)) == {"ResponseMetadata"}


# ---- Rules


@pytest.mark.parametrize("name", ["alias/a", "alias/A-b_c/d", "alias/" + "x" * 250, "alias/awsome"])
def test_a_name_of_letters_digits_slashes_underscores_and_dashes_is_taken(name: str, kms: Any) -> None:
    kms.create_alias(AliasName=name, TargetKeyId=KEY)
    assert target(kms, name) == KEY
    assert kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] == KEY


def test_an_alias_moves_to_another_key_and_shows_when(kms: Any, keytrail_clock: Any) -> None:
    keytrail_clock.freeze(NOW)
    kms.create_alias(AliasName="alias/fresh", TargetKeyId=KEY)
    later = keytrail_clock.advance(days=2)
    kms.update_alias(AliasName="alias/fresh", TargetKeyId=OTHER_KEY)
    (alias,) = kms.list_aliases(KeyId=OTHER_KEY)["Aliases"]
    assert (alias["CreationDate"], alias["LastUpdatedDate"]) == (NOW, later)
    assert names(kms, KeyId=KEY) == [ALIAS]
    assert kms.describe_key(KeyId="alias/fresh")["KeyMetadata"]["KeyId"] == OTHER_KEY


def test_a_deleted_alias_leaves_its_key_and_can_be_made_again(kms: Any) -> None:
    kms.delete_alias(AliasName=ALIAS)
    assert names(kms) == []
    assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"] == "Enabled"
    assert refusal(kms, "DescribeKey", KeyId=ALIAS)[0] == "NotFoundException"
    kms.create_alias(AliasName=ALIAS, TargetKeyId=OTHER_KEY)
    assert target(kms) == OTHER_KEY


def test_a_key_may_have_several_aliases_and_a_list_may_be_of_one_key(kms: Any) -> None:
    kms.create_alias(AliasName="alias/second", TargetKeyId=KEY)
    kms.create_alias(AliasName="alias/third", TargetKeyId=OTHER_KEY)
    assert names(kms) == [ALIAS, "alias/second", "alias/third"]
    assert names(kms, KeyId=KEY) == names(kms, KeyId=key_arn()) == [ALIAS, "alias/second"]
    assert names(kms, KeyId=DOOMED_KEY) == []


def test_a_name_is_unique_in_its_account_and_region_alone(keytrail_client: Make) -> None:
    for account, region in ((ACCOUNT, ELSEWHERE), (FOREIGN, "us-east-1")):
        client = keytrail_client(account=account, region=region)
        assert names(client) == []
        key_id = client.create_key()["KeyMetadata"]["KeyId"]
        client.create_alias(AliasName=ALIAS, TargetKeyId=key_id)
        assert target(client) == key_id
    assert target(keytrail_client()) == KEY


def test_names_differ_by_case(kms: Any) -> None:
    """How we know: docs-2023."""
    kms.create_alias(AliasName=ALIAS.upper().replace("ALIAS/", "alias/"), TargetKeyId=OTHER_KEY)
    assert (target(kms, "alias/orders"), target(kms, "alias/ORDERS")) == (KEY, OTHER_KEY)


def test_pages_give_every_alias_once(kms: Any) -> None:
    for n in range(6):
        kms.create_alias(AliasName=f"alias/n{n}", TargetKeyId=KEY)
    kms.describe_key(KeyId="alias/aws/s3")
    kms.describe_key(KeyId="alias/aws/sqs")
    whole = kms.list_aliases()
    assert whole["Truncated"] is False
    pages = list(kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["Aliases"]) for page in pages] == [3] * 6 + [2]
    assert [page["Truncated"] for page in pages] == [True] * 6 + [False]
    listed = [alias for page in pages for alias in page["Aliases"]]
    assert listed == whole["Aliases"] == sorted(listed, key=lambda alias: alias["AliasName"])
    assert len(own_aliases(listed)) == 7


@pytest.mark.parametrize(("members", "length"), [({}, 50), ({"Limit": 1}, 1), ({"Limit": 100}, 100)])
def test_a_page_of_aliases_has_50_and_at_most_100(members: dict[str, int], length: int, kms: Any) -> None:
    """What AWS does with 101 to 1000 is not known."""
    for key_id in (KEY, OTHER_KEY, HMAC_KEY):
        for n in range(40):
            kms.create_alias(AliasName=f"alias/{key_id[:4]}-{n}", TargetKeyId=key_id)
    answer = kms.list_aliases(**members)
    assert len(answer["Aliases"]) == length
    assert answer["Truncated"] is True


def test_50_aliases_fit_on_a_key(kms: Any) -> None:
    for n in range(49):
        kms.create_alias(AliasName=f"alias/n{n}", TargetKeyId=KEY)
    assert len(kms.list_aliases(KeyId=KEY)["Aliases"]) == 50


def test_of_many_who_make_the_same_name_at_once_one_succeeds(kms: Any) -> None:
    ended = outcomes(lambda: kms.create_alias(AliasName="alias/fresh", TargetKeyId=KEY))
    assert ended == ["AlreadyExistsException"] * 11 + ["ok"]


def test_of_many_who_delete_the_same_name_at_once_one_succeeds(kms: Any) -> None:
    assert outcomes(lambda: kms.delete_alias(AliasName=ALIAS)) == ["NotFoundException"] * 11 + ["ok"]


# ---- Refusals


@pytest.mark.parametrize(("operation", "members"), CHANGES)
@pytest.mark.parametrize("name", ["orders", "Alias/orders", "aliasorders"])
def test_a_name_without_its_prefix_is_refused(operation: str, members: dict[str, str], name: str, kms: Any) -> None:
    """How we know: recorded on CreateAlias."""
    assert refusal(kms, operation, AliasName=name, **members) == (
        "ValidationException",
        'Alias must start with the prefix "alias/". Please see '
        "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
    )


def test_a_name_with_a_colon_is_refused(kms: Any) -> None:
    """How we know: other emulators."""
    assert refusal(kms, "CreateAlias", AliasName="alias/a:b", TargetKeyId=KEY) == (
        "ValidationException",
        "alias/a:b contains invalid characters for an alias",
    )


@pytest.mark.parametrize(("operation", "members"), CHANGES)
def test_a_name_of_other_characters_breaks_the_models_pattern(
    operation: str, members: dict[str, str], kms: Any
) -> None:
    """How we know: other emulators, and the model."""
    assert refusal(kms, operation, AliasName="alias/!x", **members) == (
        "ValidationException",
        "1 validation error detected: Value 'alias/!x' at 'aliasName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$",
    )


@pytest.mark.parametrize(("operation", "members"), CHANGES)
@pytest.mark.parametrize("name", ["alias/aws/s3", "alias/aws/mine"])
def test_the_aliases_of_aws_are_not_for_customers(operation: str, members: dict[str, str], name: str, kms: Any) -> None:
    """How we know: other emulators; an error that the model lacks, without a message."""
    assert refusal(kms, operation, AliasName=name, **members) == ("NotAuthorizedException", "")


@pytest.mark.parametrize("key_id", [KEY, OTHER_KEY])
def test_a_name_that_exists_is_not_made_again(key_id: str, kms: Any) -> None:
    """How we know: other emulators, widely seen."""
    assert refusal(kms, "CreateAlias", AliasName=ALIAS, TargetKeyId=key_id) == (
        "AlreadyExistsException",
        f"An alias with the name {alias_arn()} already exists",
    )
    assert target(kms) == KEY


@pytest.mark.parametrize(("operation", "members"), CHANGES[1:])
def test_a_name_that_does_not_exist_cannot_be_changed(operation: str, members: dict[str, str], kms: Any) -> None:
    """How we know: measured."""
    assert refusal(kms, operation, AliasName="alias/none", **members) == (
        "NotFoundException",
        f"Alias {alias_arn('alias/none')} is not found.",
    )


@pytest.mark.parametrize("operation", ["CreateAlias", "UpdateAlias"])
def test_a_key_pending_deletion_gets_no_alias(operation: str, kms: Any) -> None:
    """How we know: measured."""
    name = {"CreateAlias": "alias/fresh", "UpdateAlias": ALIAS}[operation]
    assert refusal(kms, operation, AliasName=name, TargetKeyId=DOOMED_KEY) == (
        "KMSInvalidStateException",
        f"{key_arn(DOOMED_KEY)} is pending deletion.",
    )
    assert names(kms) == [ALIAS]
    assert target(kms) == KEY


def test_an_alias_moves_away_from_a_key_pending_deletion(kms: Any) -> None:
    """How we know: AWS docs."""
    kms.schedule_key_deletion(KeyId=KEY)
    kms.update_alias(AliasName=ALIAS, TargetKeyId=OTHER_KEY)
    assert target(kms) == OTHER_KEY


def test_an_alias_does_not_move_to_a_key_of_another_type(kms: Any) -> None:
    """How we know: AWS docs; the words are not known."""
    assert refusal(kms, "UpdateAlias", AliasName=ALIAS, TargetKeyId=HMAC_KEY)[0] == "ValidationException"
    assert target(kms) == KEY


@pytest.mark.parametrize("operation", ["CreateAlias", "UpdateAlias"])
def test_a_51st_alias_is_over_the_keys_quota(operation: str, kms: Any) -> None:
    """How we know: AWS docs, 50 a key; the words are reported (2024)."""
    for n in range(49):
        kms.create_alias(AliasName=f"alias/n{n}", TargetKeyId=KEY)
    kms.create_alias(AliasName="alias/other", TargetKeyId=OTHER_KEY)
    name = {"CreateAlias": "alias/51st", "UpdateAlias": "alias/other"}[operation]
    code, message = refusal(kms, operation, AliasName=name, TargetKeyId=KEY)
    assert code == "LimitExceededException"
    assert message.startswith("Aliases per key quota for this account in this region is 50, current usage is 5")


def test_a_list_of_a_missing_keys_aliases_is_not_found(kms: Any) -> None:
    """How we know: model."""
    assert refusal(kms, "ListAliases", KeyId=MISSING_KEY) == (
        "NotFoundException",
        f"Key '{key_arn(MISSING_KEY)}' does not exist",
    )


@pytest.mark.parametrize("marker", ["nonsense", "alias/orders"])
def test_a_marker_that_no_list_gave_out_is_invalid(marker: str, kms: Any) -> None:
    """How we know: the code from the API Reference, HTTP 400; its words are not known."""
    assert refusal(kms, "ListAliases", Marker=marker)[0] == "InvalidMarkerException"


def test_an_alias_that_is_missing_is_reported_before_the_state_of_its_new_target(
    kms: Any, keytrail_clean: KeytrailServer
) -> None:
    """How we know: kms-behaviour E: identifiers are resolved (2) before the key state is looked at (6)."""
    doomed = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=doomed)
    answer = refusal(kms, "UpdateAlias", AliasName="alias/never-made", TargetKeyId=doomed)
    assert answer == (
        "NotFoundException",
        "Alias arn:aws:kms:us-east-1:000000000000:alias/never-made is not found.",
    )
