"""The Resource Groups Tagging API, on the tags of keys.

How we know: kms-behaviour K.1 (the model), kms-behaviour K.2 and kms-behaviour K.3 (recorded from AWS), kms-behaviour
K.4 (AWS's docs, and inferred).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
import requests

from keytrail.operations import SERVICES
from keytrail.server import KeytrailServer
from keytrail.server_clock import ServerClock
from tests.support import (
    DOOMED_KEY,
    ELSEWHERE,
    FOREIGN,
    KEY,
    MISSING_KEY,
    OTHER_KEY,
    alias_arn,
    client_of,
    key_arn,
    refusal,
)
from tests.support.wire import authorization, post

PREFIX = "ResourceGroupsTaggingAPI_20170126."
THIRD_KEY, UNTAGGED_KEY = "5555abcd-12ab-34cd-56ef-1234567890ab", "6666abcd-12ab-34cd-56ef-1234567890ab"
SEED: dict[str, Any] = {
    "keys": [
        {"KeyId": KEY, "Tags": {"team": "payments", "stage": "live"}},
        {"KeyId": OTHER_KEY, "Tags": {"team": "orders", "stage": "test"}},
        {"KeyId": THIRD_KEY, "Tags": {"team": "orders", "owner": ""}},
        {"KeyId": DOOMED_KEY, "Tags": {"team": "archive"}, "KeyState": "PendingDeletion"},
        {"KeyId": UNTAGGED_KEY},
        {"KeyId": UNTAGGED_KEY, "Region": ELSEWHERE, "Tags": {"elsewhere": "yes"}},
        {"KeyId": KEY, "Account": FOREIGN, "Tags": {"foreign": "yes"}},
    ],
    "awsManagedKeys": [{"Alias": "alias/aws/s3"}],
}
TAGGED = [key_arn(key) for key in (KEY, OTHER_KEY, DOOMED_KEY, THIRD_KEY)]
"""The tagged keys of the account and Region, in the order of their ids."""


@pytest.fixture
def tagging(keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any]) -> Any:
    keytrail_clean.load(SEED)
    return keytrail_client("resourcegroupstaggingapi")


def listed(tagging: Any, **members: Any) -> list[str]:
    """The ARNs of the one page of a list."""
    answer = tagging.get_resources(**members)
    assert answer["PaginationToken"] == "", "an empty text on the last page, never null and never absent"
    return [mapping["ResourceARN"] for mapping in answer["ResourceTagMappingList"]]


def tags_of(tagging: Any, arn: str = key_arn()) -> dict[str, str] | None:
    """A key's tags; None if it is not listed."""
    mappings = tagging.get_resources(ResourceARNList=[arn])["ResourceTagMappingList"]
    return {tag["Key"]: tag["Value"] for tag in mappings[0]["Tags"]} if mappings else None


def filters(**values: list[str]) -> list[dict[str, Any]]:
    return [{"Key": key, "Values": each} for key, each in values.items()]


# ---- GetResources: what is listed


def test_the_tagged_keys_of_the_account_and_region_are_listed(tagging: Any) -> None:
    """Keys pending deletion too; keys without tags, and AWS managed keys, are not."""
    assert listed(tagging) == TAGGED


def test_an_entry_has_the_arn_and_the_tags_in_the_order_in_which_they_were_added(tagging: Any) -> None:
    entry = tagging.get_resources(ResourceARNList=[key_arn()])["ResourceTagMappingList"]
    team, stage = {"Key": "team", "Value": "payments"}, {"Key": "stage", "Value": "live"}
    assert entry == [{"ResourceARN": key_arn(), "Tags": [team, stage]}]


def test_other_accounts_and_regions_have_their_own(tagging: Any, keytrail_client: Callable[..., Any]) -> None:
    foreign = keytrail_client("resourcegroupstaggingapi", account=FOREIGN)
    elsewhere = keytrail_client("resourcegroupstaggingapi", region=ELSEWHERE)
    assert listed(foreign) == [key_arn(account=FOREIGN)]
    assert listed(elsewhere) == [key_arn(UNTAGGED_KEY, region=ELSEWHERE)]
    assert listed(elsewhere, ResourceARNList=TAGGED) == []


@pytest.mark.parametrize(
    ("asked", "keys"),
    {
        "one value": (filters(team=["payments"]), [KEY]),
        "one of several values": (filters(team=["payments", "archive", "none"]), [KEY, DOOMED_KEY]),
        "a value twice": (filters(team=["orders", "orders"]), [OTHER_KEY, THIRD_KEY]),
        "the key is there": (filters(stage=[]), [KEY, OTHER_KEY]),
        "without the member Values": ([{"Key": "owner"}], [THIRD_KEY]),
        "an empty value": (filters(owner=[""]), [THIRD_KEY]),
        "all of several keys": (filters(team=["orders", "payments"], stage=["test"]), [OTHER_KEY]),
        "no such key": (filters(nobody=[]), []),
        "no such value": (filters(team=["Payments"]), []),
        "two filters that exclude each other": (filters(team=["orders"]) + filters(team=["payments"]), []),
    }.values(),
    ids=lambda value: None,
)
def test_tag_filters_ask_for_all_keys_and_any_value_of_each(tagging: Any, asked: Any, keys: list[str]) -> None:
    assert listed(tagging, TagFilters=asked) == [key_arn(key) for key in keys]


@pytest.mark.parametrize(
    ("types", "found"),
    [(["kms"], True), (["kms:key"], True), (["s3", "kms:key"], True), (["kms:alias"], False), (["no-such:t"], False)],
    ids=str,
)
def test_type_filters_are_the_service_and_the_type_of_the_arn(tagging: Any, types: list[str], found: bool) -> None:
    assert listed(tagging, ResourceTypeFilters=types) == (TAGGED if found else [])
    assert listed(tagging, ResourceTypeFilters=types, TagFilters=filters(stage=[])) == (TAGGED[:2] if found else [])


def test_a_list_of_arns_is_answered_in_its_order_without_what_is_unknown_or_was_never_tagged(tagging: Any) -> None:
    asked = [THIRD_KEY, MISSING_KEY, UNTAGGED_KEY, KEY]
    arns = [*map(key_arn, asked), "arn:aws:s3:::orders", key_arn(account=FOREIGN)]
    assert listed(tagging, ResourceARNList=arns) == [key_arn(THIRD_KEY), key_arn()]
    assert listed(tagging, ResourceARNList=arns, PaginationToken="") == [key_arn(THIRD_KEY), key_arn()]


# ---- Keys that had tags


def test_a_key_whose_last_tag_was_removed_stays_without_tags(tagging: Any, kms: Any) -> None:
    kms.untag_resource(KeyId=KEY, TagKeys=["team", "stage"])
    assert tags_of(tagging) == {}
    assert listed(tagging, ResourceTypeFilters=["kms:key"]) == TAGGED
    assert key_arn() not in listed(tagging, TagFilters=filters(team=[]))
    assert listed(tagging, ResourceARNList=[key_arn(UNTAGGED_KEY)]) == []


def test_a_seed_says_that_a_key_had_tags(tagging: Any, keytrail_clean: KeytrailServer) -> None:
    keytrail_clean.load({"keys": [{"KeyId": MISSING_KEY, "PreviouslyTagged": True}]})
    assert tags_of(tagging, key_arn(MISSING_KEY)) == {}


def test_a_snapshot_keeps_which_keys_had_tags(tagging: Any, kms: Any, keytrail_clean: KeytrailServer) -> None:
    kms.untag_resource(KeyId=KEY, TagKeys=["team", "stage"])
    snapshot = keytrail_clean.snapshot()
    kms.tag_resource(KeyId=KEY, Tags=[{"TagKey": "team", "TagValue": "new"}])
    kms.tag_resource(KeyId=UNTAGGED_KEY, Tags=[{"TagKey": "team", "TagValue": "new"}])
    assert tagging.get_tag_values(Key="team")["TagValues"] == ["archive", "new", "orders"]
    keytrail_clean.reset(to=snapshot)
    assert (tags_of(tagging), tags_of(tagging, key_arn(UNTAGGED_KEY))) == ({}, None)
    assert tagging.get_tag_values(Key="team")["TagValues"] == ["archive", "orders"]


def test_a_deleted_key_is_gone(tagging: Any, keytrail_clock: ServerClock) -> None:
    keytrail_clock.advance(days=40)
    assert key_arn(DOOMED_KEY) not in listed(tagging)
    assert tagging.get_tag_values(Key="team")["TagValues"] == ["orders", "payments"]


def test_tags_show_when_the_consistency_delay_is_over() -> None:
    with KeytrailServer(fixtures=SEED, consistency_delay="PT5M") as server:
        tagging, late = client_of(server, "resourcegroupstaggingapi"), [{"TagKey": "late", "TagValue": "1"}]
        client_of(server).tag_resource(KeyId=UNTAGGED_KEY, Tags=late)
        assert tags_of(tagging, key_arn(UNTAGGED_KEY)) is None
        assert "late" not in tagging.get_tag_keys()["TagKeys"]
        server.clock.advance(minutes=5)
        assert tags_of(tagging, key_arn(UNTAGGED_KEY)) == {"late": "1"}
        assert "late" in tagging.get_tag_keys()["TagKeys"]


# ---- Pages


def test_a_full_page_has_a_token_and_the_page_after_the_last_one_is_empty(tagging: Any) -> None:
    """As recorded: three hits, one on a page, are three pages with a token and an empty one without."""
    pages = list(tagging.get_paginator("get_resources").paginate(PaginationConfig={"PageSize": 1}))
    found = [[mapping["ResourceARN"] for mapping in page["ResourceTagMappingList"]] for page in pages]
    assert found == [*([arn] for arn in TAGGED), []]
    assert [bool(page["PaginationToken"]) for page in pages] == [True, True, True, True, False]
    assert pages[-1]["PaginationToken"] == ""


def test_pages_of_a_filtered_list(tagging: Any) -> None:
    pages = list(
        tagging.get_paginator("get_resources").paginate(
            TagFilters=filters(team=["payments", "orders"]), PaginationConfig={"PageSize": 2}
        )
    )
    assert [len(page["ResourceTagMappingList"]) for page in pages] == [2, 1]


def test_a_page_ends_before_the_key_with_whose_tags_there_would_be_too_many(
    tagging: Any, keytrail_clean: KeytrailServer
) -> None:
    """The example of the API Reference: 22 resources with 10 tags, TagsPerPage 100."""
    ids = [f"{number:08x}-12ab-34cd-56ef-1234567890ab" for number in range(22)]
    tags = {str(number): "x" for number in range(10)}
    keytrail_clean.reset()
    keytrail_clean.load({"keys": [{"KeyId": key, "Tags": tags} for key in ids]})
    pages, token = [], ""
    while not pages or token:
        page = tagging.get_resources(TagsPerPage=100, PaginationToken=token)
        pages, token = [*pages, len(page["ResourceTagMappingList"])], page["PaginationToken"]
    assert pages == [10, 10, 2]


def test_a_token_is_good_for_15_minutes(tagging: Any, keytrail_clock: ServerClock) -> None:
    keytrail_clock.freeze()
    token = tagging.get_resources(ResourcesPerPage=1)["PaginationToken"]
    keytrail_clock.advance(minutes=15)
    assert listed(tagging, PaginationToken=token) == TAGGED[1:]
    keytrail_clock.advance(seconds=1)
    code, _ = refusal(tagging, "GetResources", PaginationToken=token)
    assert code == "PaginationTokenExpiredException"


@pytest.mark.parametrize("token", ["x", "AAAA", "ä", "A" * 2048])
def test_a_token_that_is_none_is_refused(tagging: Any, token: str) -> None:
    assert refusal(tagging, "GetResources", PaginationToken=token)[0] == "InvalidParameterException"


def test_a_token_of_another_list_is_refused(tagging: Any, keytrail_client: Callable[..., Any]) -> None:
    token = tagging.get_resources(ResourcesPerPage=1)["PaginationToken"]
    for client, operation, members in (
        (tagging, "GetResources", {"TagFilters": filters(team=[])}),
        (tagging, "GetTagKeys", {}),
        (keytrail_client("resourcegroupstaggingapi", account=FOREIGN), "GetResources", {}),
    ):
        assert refusal(client, operation, PaginationToken=token, **members)[0] == "InvalidParameterException"


# ---- GetTagKeys, GetTagValues


def test_tag_keys_and_values_in_use_come_in_the_order_of_their_characters(tagging: Any, kms: Any) -> None:
    assert tagging.get_tag_keys()["TagKeys"] == ["owner", "stage", "team"]
    assert tagging.get_tag_values(Key="team")["TagValues"] == ["archive", "orders", "payments"]
    assert tagging.get_tag_values(Key="owner")["TagValues"] == [""]
    assert tagging.get_tag_values(Key="foreign")["TagValues"] == []
    kms.untag_resource(KeyId=THIRD_KEY, TagKeys=["owner", "team"])
    assert tagging.get_tag_keys()["TagKeys"] == ["stage", "team"]
    assert tagging.get_tag_values(Key="team")["TagValues"] == ["archive", "orders", "payments"]


def test_tag_keys_and_values_come_in_pages(tagging: Any, keytrail_clean: KeytrailServer) -> None:
    """Values of 256 characters of four bytes, so that the token is as long as it can be."""
    keys = [
        {
            "KeyId": f"{number:08x}-12ab-34cd-56ef-1234567890ab",
            "Tags": {"v": f"{number:03}" + "😀" * 253, str(number): ""},
        }
        for number in range(230)
    ]
    keytrail_clean.load({"keys": keys})
    values = list(tagging.get_paginator("get_tag_values").paginate(Key="v"))
    assert [len(page["TagValues"]) for page in values] == [100, 100, 30]
    found = [value for page in values for value in page["TagValues"]]
    assert found == [key["Tags"]["v"] for key in keys]
    names = [name for page in tagging.get_paginator("get_tag_keys").paginate() for name in page["TagKeys"]]
    assert names == sorted({"owner", "stage", "team", "v", *(str(number) for number in range(230))})


# ---- TagResources, UntagResources


def test_kmss_tags_and_these_are_the_same(tagging: Any, kms: Any) -> None:
    arns = [key_arn(), key_arn(UNTAGGED_KEY)]
    answer = tagging.tag_resources(ResourceARNList=arns, Tags={"team": "new", "cost": "1"})
    assert answer["FailedResourcesMap"] == {}
    told = {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=KEY)["Tags"]}
    assert told == tags_of(tagging) == {"team": "new", "stage": "live", "cost": "1"}
    assert tagging.untag_resources(ResourceARNList=arns, TagKeys=["cost"])["FailedResourcesMap"] == {}
    assert kms.list_resource_tags(KeyId=UNTAGGED_KEY)["Tags"] == [{"TagKey": "team", "TagValue": "new"}]


@pytest.mark.parametrize("operation", ["TagResources", "UntagResources"])
def test_what_kms_refuses_is_in_the_failed_resources_map_with_kmss_own_words(tagging: Any, operation: str) -> None:
    members = {"Tags": {"a": "b"}} if operation == "TagResources" else {"TagKeys": ["team"]}
    other = key_arn(KEY, region=ELSEWHERE)
    arns = [key_arn(DOOMED_KEY), key_arn(MISSING_KEY), other, key_arn()]
    call = getattr(tagging, "tag_resources" if operation == "TagResources" else "untag_resources")
    doomed, missing, elsewhere = (
        {"StatusCode": 400, "ErrorCode": code, "ErrorMessage": words}
        for code, words in (
            ("KMSInvalidStateException", f"{key_arn(DOOMED_KEY)} is pending deletion."),
            ("NotFoundException", f"Key '{key_arn(MISSING_KEY)}' does not exist"),
            ("NotFoundException", f"Invalid arn {ELSEWHERE}"),
        )
    )
    answer = call(ResourceARNList=arns, **members)
    assert answer["FailedResourcesMap"] == {arns[0]: doomed, arns[1]: missing, other: elsewhere}
    assert (tags_of(tagging) or {}).get("a" if operation == "TagResources" else "stage") is not None


def test_a_fault_of_kms_strikes_the_call_on_behalf(tagging: Any, keytrail_clean: KeytrailServer) -> None:
    keytrail_clean.add_fault({"Operations": "TagResource", "Count": 1, "Error": "KMSInternalException"})
    keytrail_clean.add_fault({"Operations": "TagResource", "Count": 1, "Drop": "before"})
    codes = []
    for _ in range(3):
        failed = tagging.tag_resources(ResourceARNList=[key_arn()], Tags={"a": "b"})["FailedResourcesMap"]
        codes += [(failed[key_arn()]["StatusCode"], failed[key_arn()]["ErrorCode"])] if failed else []
    assert codes == [(500, "KMSInternalException"), (500, "InternalServiceException")]


def test_a_service_can_be_the_subject_of_a_fault_rule(tagging: Any, keytrail_clean: KeytrailServer) -> None:
    keytrail_clean.add_fault({"Service": "tagging", "Error": "ThrottledException", "Count": 1})
    assert refusal(tagging, "GetTagKeys")[0] == "ThrottledException"


# ---- Refusals

WHOLE_CALL: dict[str, tuple[str, dict[str, Any], str]] = {
    "page size beside a list": (
        "GetResources",
        {"ResourceARNList": [key_arn()], "ResourcesPerPage": 1},
        "Page size is not supported with ResourceARNList.",
    ),
    "tag filters beside a list": (
        "GetResources",
        {"ResourceARNList": [key_arn()], "TagFilters": filters(team=[])},
        "Filters is not allowed when providing a resource list.",
    ),
    "type filters beside a list": (
        "GetResources",
        {"ResourceARNList": [key_arn()], "ResourceTypeFilters": ["kms"]},
        "ResourceTypeFilters is not allowed when providing a ResourceARNList.",
    ),
    "compliant ones excluded without the details": (
        "GetResources",
        {"ExcludeCompliantResources": True},
        "You must specify the IncludeComplianceDetails parameter and set it to true.",
    ),
    "an empty type filter": ("GetResources", {"ResourceTypeFilters": [""]}, " is unsupported ResourceType."),
    "one ARN that is none": (
        "TagResources",
        {"ResourceARNList": [key_arn(), "invalid"], "Tags": {"a": "b"}},
        "invalid is not a valid AmazonResourceName (ARN)",
    ),
    "an alias": (
        "TagResources",
        {"ResourceARNList": [alias_arn()], "Tags": {"a": "b"}},
        f"{alias_arn()} is not a valid AmazonResourceName (ARN)",
    ),
    "one ARN of another partition": (
        "UntagResources",
        {"ResourceARNList": [key_arn().replace("arn:aws:", "arn:aws-cn:")], "TagKeys": ["team"]},
        f"{key_arn().replace('arn:aws:', 'arn:aws-cn:')} is not a valid AmazonResourceName (ARN)",
    ),
    "a reserved tag": (
        "TagResources",
        {"ResourceARNList": [key_arn()], "Tags": {"aws:reserved": "b", "a": "b"}},
        "The caller isn't allowed to modify system tags.",
    ),
}


@pytest.mark.parametrize(("operation", "members", "words"), WHOLE_CALL.values(), ids=WHOLE_CALL)
def test_these_refuse_the_whole_call(tagging: Any, operation: str, members: dict[str, Any], words: str) -> None:
    assert refusal(tagging, operation, **members) == ("InvalidParameterException", words)
    assert tags_of(tagging) == {"team": "payments", "stage": "live"}, "nothing is tagged"


@pytest.mark.parametrize(
    "sizes", [{"ResourcesPerPage": 0}, {"ResourcesPerPage": 101}, {"TagsPerPage": 99}, {"TagsPerPage": 501}], ids=str
)
def test_sizes_of_pages_have_limits(tagging: Any, sizes: dict[str, int]) -> None:
    """How we know: the API Reference for the limits; not for the words."""
    assert refusal(tagging, "GetResources", **sizes)[0] == "InvalidParameterException"


def sent(server: KeytrailServer, operation: str, members: dict[str, Any]) -> tuple[int, dict[str, str]]:
    """Status and body of an answer, as they are on the wire; no SDK sends such members."""
    headers = {"Authorization": authorization(service="tagging")}
    answer = post(server, operation, members, prefix=PREFIX, headers=headers)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("operation", "members", "words"),
    {
        "a tag filter's key": (
            "GetResources",
            {"TagFilters": [{"Key": ""}]},
            "Value '' at 'tagFilters.1.member.key' failed to satisfy constraint: Member must have length greater than "
            "or equal to 1",
        ),
        "no tags": (
            "TagResources",
            {"ResourceARNList": [key_arn()], "Tags": {}},
            "Value '{}' at 'tags' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        "a tag's key": (
            "TagResources",
            {"ResourceARNList": [key_arn()], "Tags": {"": "x"}},
            "Value '{=x}' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have "
            "length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy "
            "regular expression pattern: [\\s\\S]*]",
        ),
    }.values(),
    ids=lambda value: None,
)
def test_the_models_constraints_have_corals_namespace(
    keytrail_clean: KeytrailServer, operation: str, members: dict[str, Any], words: str
) -> None:
    assert sent(keytrail_clean, operation, members) == (
        400,
        {
            "__type": "com.amazon.coral.validate#ValidationException",
            "message": f"1 validation error detected: {words}",
        },
    )


def test_the_services_own_errors_have_its_namespace_and_a_capital_message(keytrail_clean: KeytrailServer) -> None:
    members = {"ResourceARNList": ["invalid"], "Tags": {"a": "b"}}
    assert sent(keytrail_clean, "TagResources", members) == (
        400,
        {
            "__type": "com.amazonaws.tagging.router.service.model.v20170126#InvalidParameterException",
            "Message": "invalid is not a valid AmazonResourceName (ARN)",
        },
    )


def test_more_than_20_resources_are_too_many(keytrail_clean: KeytrailServer) -> None:
    members = {"ResourceARNList": [key_arn()] * 21, "Tags": {"a": "b"}}
    status, body = sent(keytrail_clean, "TagResources", members)
    assert status == 400
    assert body["message"].endswith("Member must have length less than or equal to 20")


def test_an_operation_that_it_does_not_have_is_unknown(keytrail_clean: KeytrailServer) -> None:
    assert sent(keytrail_clean, "GetTags", {})[1]["__type"].endswith("#UnknownOperationException")


# ---- Tag policies


def test_every_key_is_compliant(tagging: Any) -> None:
    (entry,) = tagging.get_resources(ResourceARNList=[key_arn()], IncludeComplianceDetails=True)[
        "ResourceTagMappingList"
    ]
    lists = ("KeysWithNoncompliantValues", "MissingTagKeys", "NoncompliantKeys")
    assert entry["ComplianceDetails"] == {"ComplianceStatus": True, **{name: [] for name in lists}}
    assert listed(tagging, IncludeComplianceDetails=True, ExcludeCompliantResources=True) == []


def test_reports_of_compliance_need_tag_policies_and_no_tag_is_required(tagging: Any) -> None:
    words = (
        "Access to tag policies is not enabled. To enable it, run the AWS Organizations EnableAWSServiceAccess action "
        "and specify tagpolicies.tag.amazonaws.com for the service principal."
    )
    expected = ("ConstraintViolationException", words)
    assert refusal(tagging, "GetComplianceSummary") == expected
    assert refusal(tagging, "DescribeReportCreation") == expected
    assert refusal(tagging, "StartReportCreation", S3Bucket="reports") == expected
    answer = tagging.list_required_tags()
    del answer["ResponseMetadata"]
    assert answer == {"RequiredTags": []}


# ---- The model


def test_its_members_are_those_of_awss_model() -> None:
    model = botocore.session.get_session().get_service_model("resourcegroupstaggingapi")
    assert SERVICES["tagging"].operations.keys() == set(model.operation_names)
    refused = {"GetComplianceSummary", "StartReportCreation"}
    for name, operation in SERVICES["tagging"].operations.items():
        shape = model.operation_model(name).input_shape
        assert operation.parameters.keys() == (set(shape.members) if name not in refused else set()), name


def test_an_answer_has_no_headers_about_caches(keytrail_clean: KeytrailServer) -> None:
    """How we know: kms-behaviour A.2: they are KMS's."""
    headers = {"X-Amz-Target": f"{PREFIX}GetResources", "Authorization": authorization(service="tagging")}
    answer = requests.post(keytrail_clean.url, data=b"{}", headers=headers, timeout=5)
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert "Cache-Control" not in answer.headers
    assert json.loads(answer.content) == {"PaginationToken": "", "ResourceTagMappingList": []}
