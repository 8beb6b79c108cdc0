"""TagResource, UntagResource, ListResourceTags."""

from __future__ import annotations

from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.support import KEY, load_sample_seed, refusal


@pytest.fixture(autouse=True)
def sample_seed(keytrail_clean: KeytrailServer, kms: Any) -> None:
    load_sample_seed(keytrail_clean, kms)


def tags(**pairs: str) -> list[dict[str, str]]:
    return [{"TagKey": name, "TagValue": value} for name, value in pairs.items()]


def listed(kms: Any) -> dict[str, str]:
    return {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=KEY)["Tags"]}


# shape


def test_a_key_without_tags_lists_none(kms: Any) -> None:
    """How we know: AWS docs; Truncated as in every list."""
    answer = kms.list_resource_tags(KeyId=KEY)
    assert (answer["Tags"], answer["Truncated"]) == ([], False)


# rules


def test_tags_are_added_overwritten_and_taken_away(kms: Any) -> None:
    """How we know: KMS API Reference, TagResource; UntagResource of a tag that is not there is inferred to succeed."""
    kms.tag_resource(KeyId=KEY, Tags=tags(team="payments", stage="test"))
    kms.tag_resource(KeyId=KEY, Tags=tags(stage="live", owner=""))
    assert listed(kms) == {"team": "payments", "stage": "live", "owner": ""}
    kms.untag_resource(KeyId=KEY, TagKeys=["team", "never there"])
    assert listed(kms) == {"stage": "live", "owner": ""}


def test_the_tags_of_a_new_key_a_replica_and_a_seed_are_listed(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: KMS API Reference, CreateKey and ReplicateKey; docs/seeds.md, "Seeds"."""
    made = kms.create_key(Tags=tags(team="a"))["KeyMetadata"]["KeyId"]
    assert kms.list_resource_tags(KeyId=made)["Tags"] == tags(team="a")
    seeded = "4444abcd-12ab-34cd-56ef-1234567890ab"
    keytrail_clean.load({"keys": [{"KeyId": seeded, "Tags": {"team": "b"}}]})
    assert kms.list_resource_tags(KeyId=seeded)["Tags"] == tags(team="b")


def test_tags_come_in_pages(kms: Any) -> None:
    """How we know: KMS API Reference, ListResourceTags."""
    kms.tag_resource(KeyId=KEY, Tags=[{"TagKey": f"{at:02}", "TagValue": ""} for at in range(7)])
    pages = list(kms.get_paginator("list_resource_tags").paginate(KeyId=KEY, PaginationConfig={"PageSize": 3}))
    assert [len(page["Tags"]) for page in pages] == [3, 3, 1]
    assert [tag["TagKey"] for page in pages for tag in page["Tags"]] == [f"{at:02}" for at in range(7)]


# refusals


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([*tags(team="a"), *tags(team="b")], "Duplicate tag keys"),
        (tags(**{"AWS:owner": "x"}), "Tags beginning with aws: are reserved"),
        ([{"TagKey": str(at), "TagValue": ""} for at in range(51)], "Too many tags"),
    ],
)
def test_bad_tags_are_refused_and_none_is_kept(given: list[dict[str, str]], words: str, kms: Any) -> None:
    """How we know: aws-recorded."""
    assert refusal(kms, "TagResource", KeyId=KEY, Tags=given) == ("TagException", words)
    assert listed(kms) == {}


def test_a_key_has_no_more_than_50_tags_in_all(kms: Any) -> None:
    """How we know: AWS docs, from memory, for the number; the words as recorded for one request."""
    kms.tag_resource(KeyId=KEY, Tags=[{"TagKey": str(at), "TagValue": ""} for at in range(50)])
    assert refusal(kms, "TagResource", KeyId=KEY, Tags=tags(more="x")) == ("TagException", "Too many tags")
    kms.tag_resource(KeyId=KEY, Tags=[{"TagKey": "7", "TagValue": "new"}])
    assert listed(kms)["7"] == "new"
