"""Who may use the Resource Groups Tagging API, and what its calls leave in the trail.

How we know: kms-behaviour K.3 (the words of a denial, as reported), kms-behaviour K.4 (TagResources needs KMS's
permission too, by the key policy), kms-behaviour K.5 (the records); that KMS sees a forwarded call is known of other
services (kms-behaviour L.4, kms-behaviour L.5).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, KEY, OTHER_KEY, REGION, client_of, key_arn, refusal

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
ACCESS_KEY = "AKIAALICEALICEALICE0"
TO_ROOT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(*actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"}


def seed(*statements: dict[str, Any], keys: dict[str, dict[str, Any]] | None = None) -> dict[str, Any]:
    """A user with these statements, and two tagged keys; `keys` are further statements of their policies."""
    policies = {KEY: {}, OTHER_KEY: {}} | {key: {"Policy": policy(TO_ROOT, more)} for key, more in (keys or {}).items()}
    return {
        "identities": [{"Arn": ALICE, "Policies": {"own": policy(*statements)}}],
        "credentials": [{"AccessKeyId": ACCESS_KEY, "SecretAccessKey": "s" * 40, "Principal": ALICE}],
        "keys": [{"KeyId": key, "Tags": {"team": "a"}, **members} for key, members in policies.items()],
    }


@pytest.fixture
def server() -> Iterator[KeytrailServer]:
    with KeytrailServer() as server:
        yield server


def alice(server: KeytrailServer, service: str = "resourcegroupstaggingapi") -> Any:
    return client_of(server, service, access_key=ACCESS_KEY, secret="s" * 40)


REQUESTS: dict[str, dict[str, Any]] = {
    "GetResources": {},
    "GetTagKeys": {},
    "GetTagValues": {"Key": "team"},
    "TagResources": {"ResourceARNList": [key_arn()], "Tags": {"a": "b"}},
    "UntagResources": {"ResourceARNList": [key_arn()], "TagKeys": ["team"]},
    "ListRequiredTags": {},
    "GetComplianceSummary": {},
    "DescribeReportCreation": {},
    "StartReportCreation": {"S3Bucket": "reports"},
}


@pytest.mark.parametrize("operation", REQUESTS)
def test_every_operation_needs_its_own_permission_and_its_denial_names_no_resource(
    server: KeytrailServer, operation: str
) -> None:
    server.load(seed(allow("kms:*")))
    assert refusal(alice(server), operation, **REQUESTS[operation]) == (
        "AccessDeniedException",
        f"User: {ALICE} is not authorized to perform: tag:{operation} "
        f"because no identity-based policy allows the tag:{operation} action",
    )
    (event,) = server.events()
    assert (event["errorCode"], event["requestParameters"]) == ("AccessDenied", None)


def test_reading_needs_no_permission_of_kms(server: KeytrailServer) -> None:
    server.load(seed(allow("tag:Get*"), {**allow("kms:*"), "Effect": "Deny"}))
    tagging = alice(server)
    assert len(tagging.get_resources()["ResourceTagMappingList"]) == 2
    assert tagging.get_tag_values(Key="team")["TagValues"] == ["a"]


@pytest.mark.parametrize(
    ("operation", "action"), [("TagResources", "kms:TagResource"), ("UntagResources", "kms:UntagResource")]
)
def test_tagging_needs_kmss_permission_on_each_key(server: KeytrailServer, operation: str, action: str) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"}
    server.load(seed(allow("tag:*", action), keys={OTHER_KEY: deny}))
    members = {**REQUESTS[operation], "ResourceARNList": [key_arn(), key_arn(OTHER_KEY)]}
    tagging = alice(server)
    answer = tagging.tag_resources(**members) if operation == "TagResources" else tagging.untag_resources(**members)
    assert answer["FailedResourcesMap"] == {
        key_arn(OTHER_KEY): {
            "StatusCode": 400,
            "ErrorCode": "AccessDeniedException",
            "ErrorMessage": f"User: {ALICE} is not authorized to perform: {action} on resource: {key_arn(OTHER_KEY)} "
            "with an explicit deny in a resource-based policy",
        }
    }


@pytest.mark.parametrize(
    ("condition", "works"),
    {
        "by a service": ({"Bool": {"aws:ViaAWSService": "true"}}, False),
        "by tagging": ({"StringEquals": {"aws:CalledViaLast": "tagging.amazonaws.com"}}, False),
        "by tagging in the Region": ({"StringEquals": {"kms:ViaService": f"tagging.{REGION}.amazonaws.com"}}, False),
        "by tagging elsewhere": ({"StringEquals": {"kms:ViaService": "tagging.eu-west-1.amazonaws.com"}}, True),
        "a tag of the request": ({"StringEquals": {"aws:RequestTag/a": "b"}}, False),
    }.values(),
    ids=lambda value: None,
)
def test_kms_sees_a_call_that_the_service_makes_for_the_caller(
    server: KeytrailServer, condition: dict[str, Any], works: bool
) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "kms:TagResource", "Resource": "*", "Condition": condition}
    server.load(seed(allow("tag:*", "kms:*"), keys={KEY: deny}))
    failed = alice(server).tag_resources(**REQUESTS["TagResources"])["FailedResourcesMap"]
    assert (failed == {}) is works


@pytest.mark.parametrize(
    "condition",
    [{"StringEquals": {"aws:RequestTag/a": "b"}}, {"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}}],
    ids=["by value", "by key"],
)
def test_conditions_can_ask_for_the_tags_that_are_to_be_added(
    server: KeytrailServer, condition: dict[str, Any]
) -> None:
    deny = {**allow("tag:TagResources"), "Effect": "Deny", "Condition": condition}
    server.load(seed(allow("*"), deny))
    code, words = refusal(alice(server), "TagResources", **REQUESTS["TagResources"])
    assert code == "AccessDeniedException"
    assert words.endswith("tag:TagResources with an explicit deny in an identity-based policy")
    assert alice(server).tag_resources(ResourceARNList=[key_arn()], Tags={"c": "d"})["FailedResourcesMap"] == {}


def test_explain_answers_about_its_permissions(server: KeytrailServer) -> None:
    server.load(seed(allow("tag:GetResources")))
    assert server.explain(action="tag:GetResources", principal=ALICE)["allowed"]
    assert not server.explain(action="tag:TagResources", principal=ALICE)["allowed"]


# ---- The trail


def test_a_tagging_call_and_those_of_kms_are_in_the_trail(server: KeytrailServer) -> None:
    server.load(seed(allow("tag:*", "kms:TagResource")))
    alice(server).tag_resources(
        ResourceARNList=[key_arn(), "arn:aws:kms:us-east-1:000000000000:key/x"], Tags={"A": "b"}
    )
    by_name = {event["eventName"]: event for event in server.events() if "errorCode" not in event}
    tagging, kms = by_name["TagResources"], by_name["TagResource"]
    assert tagging["eventSource"] == "tagging.amazonaws.com"
    assert tagging["requestParameters"] == {
        "resourceARNList": [key_arn(), "arn:aws:kms:us-east-1:000000000000:key/x"],
        "tags": {"A": "b"},
    }
    failed = {"statusCode": 400, "errorCode": "NotFoundException", "errorMessage": "Invalid keyId x"}
    assert tagging["responseElements"] == {"failedResourcesMap": {"arn:aws:kms:us-east-1:000000000000:key/x": failed}}
    assert tagging["readOnly"] is False
    assert "resources" not in tagging
    assert tagging["tlsDetails"]["clientProvidedHostHeader"] == "tagging.us-east-1.amazonaws.com"

    assert kms["requestParameters"] == {"keyId": key_arn(), "tags": [{"tagKey": "A", "tagValue": "b"}]}
    assert kms["responseElements"] == {"keyId": key_arn()}
    assert kms["userIdentity"]["arn"] == ALICE
    assert [kms["userIdentity"]["invokedBy"], kms["sourceIPAddress"], kms["userAgent"]] == ["tagging.amazonaws.com"] * 3
    assert [resource["ARN"] for resource in kms["resources"]] == [key_arn()]


def test_the_event_of_a_read_has_what_was_asked_and_nothing_of_the_answer(server: KeytrailServer) -> None:
    server.load(seed(allow("tag:*")))
    asked = [{"Key": "Team", "Values": ["a"]}]
    alice(server).get_resources(TagFilters=asked, ResourcesPerPage=50, ResourceTypeFilters=["kms"])
    (event,) = server.events()
    assert event["requestParameters"] == {
        "tagFilters": [{"key": "Team", "values": ["a"]}],
        "resourcesPerPage": 50,
        "resourceTypeFilters": ["kms"],
    }
    assert (event["responseElements"], event["readOnly"]) == (None, True)
    trail = client_of(server, "cloudtrail")
    names = {"AttributeKey": "EventSource", "AttributeValue": "tagging.amazonaws.com"}
    (looked_up,) = trail.lookup_events(LookupAttributes=[names])["Events"]
    assert (looked_up["EventName"], looked_up["Resources"]) == ("GetResources", [])
    assert json.loads(looked_up["CloudTrailEvent"])["eventID"] == event["eventID"]
