"""The Regions of an account, as EC2's DescribeRegions and Account Management's ListRegions list them.

How we know: kms-behaviour O; EC2 API Reference, "DescribeRegions" and "Filters"; recordings of radkawar/stackd
(account/regions.json, account/validation.json); awslabs/amazon-s3-tar-tool #7 for an unknown Region.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from keytrail.server import KeytrailServer
from tests.support.clients import shared_client
from tests.support.wire import authorization

Make = Callable[..., Any]

BY_DEFAULT = {
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
    *("ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1"),
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
}
AUDITOR = {
    "AccessKeyId": "AKIAAUDIT00000000001",
    "SecretAccessKey": "audit-secret",
    "Principal": "arn:aws:iam::000000000000:role/Auditor",
}
SCOPE = {"Authorization": authorization(service="ec2")}


@pytest.fixture
def ec2(keytrail_client: Make) -> Any:
    return keytrail_client("ec2")


@pytest.fixture
def account(keytrail_client: Make) -> Any:
    return keytrail_client("account")


def names(answer: dict[str, Any]) -> list[str]:
    return [region["RegionName"] for region in answer["Regions"]]


def refused(call: Callable[..., Any], **members: Any) -> tuple[int, str, str]:
    """Status, code and message of a refusal."""
    with pytest.raises(ClientError) as caught:
        call(**members)
    answer = caught.value.response
    error = answer["Error"]
    return answer["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


def auditor(server: KeytrailServer, make: Make, service: str, *actions: str) -> Any:
    """A client of a role that may do only these actions."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    role = {"Arn": AUDITOR["Principal"], "Policies": {"audit": policy}}
    server.load({"credentials": [AUDITOR], "identities": [role]})
    return make(service, access_key_id=AUDITOR["AccessKeyId"], secret_access_key=AUDITOR["SecretAccessKey"])


# ---- EC2


def test_describe_regions_has_the_regions_that_every_account_has(ec2: Any) -> None:
    answer = ec2.describe_regions()
    assert set(names(answer)) == BY_DEFAULT
    assert {region["OptInStatus"] for region in answer["Regions"]} == {"opt-in-not-required"}
    assert answer["Regions"][0]["Endpoint"] == f"ec2.{answer['Regions'][0]['RegionName']}.amazonaws.com"


def test_with_all_regions_it_has_those_that_are_not_enabled_too(ec2: Any) -> None:
    statuses = {each["RegionName"]: each["OptInStatus"] for each in ec2.describe_regions(AllRegions=True)["Regions"]}
    assert statuses["me-south-1"] == "not-opted-in"
    assert statuses["us-east-1"] == "opt-in-not-required"
    assert len(statuses) > len(BY_DEFAULT)


def test_a_region_is_enabled_while_the_account_has_keys_there(ec2: Any, keytrail_client: Make) -> None:
    keytrail_client(region="me-south-1").create_key()
    (there,) = [each for each in ec2.describe_regions()["Regions"] if each["RegionName"] == "me-south-1"]
    assert there["OptInStatus"] == "opted-in"
    assert "me-south-1" not in names(keytrail_client("ec2", account="444455556666").describe_regions())


def test_a_region_that_is_named_is_described_whether_it_is_enabled_or_not(ec2: Any) -> None:
    assert names(ec2.describe_regions(RegionNames=["me-south-1", "us-east-1"])) == ["me-south-1", "us-east-1"]


def test_an_unknown_region_is_invalid(ec2: Any) -> None:
    answer = refused(ec2.describe_regions, RegionNames=["us-east-1", "us-moon-1"])
    assert answer == (400, "InvalidParameterValue", "Invalid region: [us-moon-1]")


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("region-name", ["us-west-?", "eu-north-1"], {"us-west-1", "us-west-2", "eu-north-1"}),
        ("endpoint", ["ec2.sa-*"], {"sa-east-1"}),
        ("opt-in-status", ["opt-in-not-required", "opted-in"], BY_DEFAULT),
        ("opt-in-status", ["not-opted-in"], set()),
        ("region-name", ["US-EAST-1"], set()),
        ("region-name", ["[us]*"], set()),
    ],
)
def test_a_filter_keeps_the_regions_that_one_of_its_values_matches(
    ec2: Any, name: str, values: list[str], expected: set[str]
) -> None:
    assert set(names(ec2.describe_regions(Filters=[{"Name": name, "Values": values}]))) == expected


def test_all_filters_must_match(ec2: Any) -> None:
    both = [{"Name": "region-name", "Values": ["us-*"]}, {"Name": "endpoint", "Values": ["*west*"]}]
    assert names(ec2.describe_regions(Filters=both)) == ["us-west-1", "us-west-2"]


def test_an_unknown_filter_is_invalid(ec2: Any) -> None:
    answer = refused(ec2.describe_regions, Filters=[{"Name": "name", "Values": ["x"]}])
    assert answer == (400, "InvalidParameterValue", "The filter 'name' is invalid")


def test_another_partition_has_its_own_regions(keytrail_client: Make) -> None:
    answer = keytrail_client("ec2", region="cn-north-1").describe_regions()
    assert names(answer) == ["cn-north-1", "cn-northwest-1"]
    assert answer["Regions"][0]["Endpoint"] == "ec2.cn-north-1.amazonaws.com.cn"


def test_extra_regions_are_there() -> None:
    with KeytrailServer(extra_regions={"us-moon-1"}) as server:
        answer = shared_client(server.url, "ec2").describe_regions(RegionNames=["us-moon-1"])
        assert answer["Regions"][0]["OptInStatus"] == "opt-in-not-required"


def test_a_dry_run_says_so(ec2: Any) -> None:
    answer = refused(ec2.describe_regions, DryRun=True)
    assert answer == (412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")


def test_it_needs_its_permission(keytrail_clean: KeytrailServer, keytrail_client: Make) -> None:
    allowed = auditor(keytrail_clean, keytrail_client, "ec2", "ec2:DescribeRegions")
    assert set(names(allowed.describe_regions())) == BY_DEFAULT
    denied = auditor(keytrail_clean, keytrail_client, "ec2", "kms:*")
    status, code, message = refused(denied.describe_regions, DryRun=True)
    assert (status, code) == (403, "UnauthorizedOperation")
    assert message == (
        "You are not authorized to perform this operation. User: arn:aws:iam::000000000000:role/Auditor is not "
        "authorized to perform: ec2:DescribeRegions on resource: * because no identity-based policy allows the "
        "ec2:DescribeRegions action"
    )


def test_the_trail_has_it_with_ec2s_source_and_codes(keytrail_clean: KeytrailServer, ec2: Any) -> None:
    ec2.describe_regions(RegionNames=["us-east-1"], Filters=[{"Name": "endpoint", "Values": ["*"]}], AllRegions=True)
    refused(ec2.describe_regions, DryRun=True)
    refused(ec2.describe_regions, RegionNames=["us-moon-1"])
    first, dry, unknown = keytrail_clean.events(eventSource="ec2.amazonaws.com", eventName="DescribeRegions")
    assert first["readOnly"] is True
    assert first["requestParameters"] == {
        "regionSet": {"items": [{"regionName": "us-east-1"}]},
        "filterSet": {"items": [{"name": "endpoint", "valueSet": {"items": [{"value": "*"}]}}]},
        "allRegions": True,
    }
    assert first["responseElements"] is None
    assert (dry["errorCode"], dry["errorMessage"]) == (
        "Client.DryRunOperation",
        "Request would have succeeded, but DryRun flag is set.",
    )
    assert unknown["errorCode"] == "Client.InvalidParameterValue"
    assert keytrail_clean.events(errorCode="Client.DryRunOperation") == [dry]


def test_the_answer_is_ec2s_xml(keytrail_server: KeytrailServer) -> None:
    form = {"Action": "DescribeRegions", "Version": "2016-11-15", "RegionName.1": "us-east-1"}
    answer = requests.post(keytrail_server.url, data=form, headers=SCOPE, timeout=5)
    request_id = answer.headers["x-amzn-RequestId"]
    assert answer.headers["Content-Type"] == "text/xml;charset=UTF-8"
    assert answer.text == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<DescribeRegionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
        f"<requestId>{request_id}</requestId><regionInfo><item><optInStatus>opt-in-not-required</optInStatus>"
        "<regionName>us-east-1</regionName><regionEndpoint>ec2.us-east-1.amazonaws.com</regionEndpoint>"
        "</item></regionInfo></DescribeRegionsResponse>"
    )


@pytest.mark.parametrize(
    ("form", "status", "code", "message"),
    [
        (
            {"Action": "DescribeVpcs"},
            400,
            "InvalidAction",
            "The action DescribeVpcs is not valid for this web service.",
        ),
        ({"Action": "A<b"}, 400, "InvalidAction", "The action A&lt;b is not valid for this web service."),
        ({"RegionNam.1": "x"}, 400, "UnknownParameter", "The parameter RegionNam.1 is not recognized"),
        (
            {"AllRegions": "maybe"},
            400,
            "InvalidParameterValue",
            "The request is not valid: $.AllRegions: expected true or false, got other text",
        ),
        (
            {"RegionName": "us-east-1"},
            400,
            "InvalidParameterValue",
            "The request is not valid: $.RegionNames: expected fields, got text",
        ),
    ],
)
def test_a_refusal_is_ec2s_xml(
    keytrail_server: KeytrailServer, form: dict[str, str], status: int, code: str, message: str
) -> None:
    form = {"Action": "DescribeRegions", "Version": "2016-11-15", **form}
    answer = requests.post(keytrail_server.url, data=form, headers=SCOPE, timeout=5)
    assert (answer.status_code, answer.text) == (
        status,
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{code}</Code>'
        f"<Message>{message}</Message></Error></Errors>"
        f"<RequestID>{answer.headers['x-amzn-RequestId']}</RequestID></Response>",
    )


def test_who_is_unknown_gets_ec2s_answer() -> None:
    with KeytrailServer(strict=True) as server:
        form = {"Action": "DescribeRegions", "Version": "2016-11-15"}
        unsigned = requests.post(server.url, data=form, timeout=5)
        assert unsigned.status_code == 400
        assert "<Code>MissingParameter</Code><Message>The request must contain the parameter AWS" in unsigned.text
        stranger = shared_client(server.url, "ec2", access_key="AKIASTRANGER00000001")
        answer = refused(stranger.describe_regions)
        assert answer == (401, "AuthFailure", "AWS was not able to validate the provided access credentials")


# ---- Account Management


def test_list_regions_has_all_regions_by_name_with_their_status(account: Any) -> None:
    pages = list(account.get_paginator("list_regions").paginate())
    assert len(pages[0]["Regions"]) == 20
    assert "NextToken" not in pages[-1]
    listed = [region for page in pages for region in page["Regions"]]
    assert listed == sorted(listed, key=lambda region: region["RegionName"])
    assert {each["RegionName"] for each in listed if each["RegionOptStatus"] == "ENABLED_BY_DEFAULT"} == BY_DEFAULT
    assert {each["RegionOptStatus"] for each in listed} == {"ENABLED_BY_DEFAULT", "DISABLED"}


def test_it_lists_those_with_a_status(account: Any, keytrail_client: Make) -> None:
    keytrail_client(region="af-south-1").create_key()
    answer = account.list_regions(RegionOptStatusContains=["ENABLED", "ENABLED"])
    assert answer["Regions"] == [{"RegionName": "af-south-1", "RegionOptStatus": "ENABLED"}]


def test_a_token_is_of_its_list(account: Any, keytrail_client: Make) -> None:
    token = account.list_regions(MaxResults=1)["NextToken"]
    assert names(account.list_regions(MaxResults=1, NextToken=token)) == ["ap-east-1"]
    for client, members in (
        (account, {"NextToken": token, "RegionOptStatusContains": ["DISABLED"]}),
        (keytrail_client("account", account="444455556666"), {"NextToken": token}),
        (account, {"NextToken": "x"}),
    ):
        with pytest.raises(client.exceptions.ValidationException) as caught:
            client.list_regions(**members)
        assert caught.value.response["reason"] == "fieldValidationFailed"
        assert caught.value.response["fieldList"] == [{"name": "NextToken", "message": "NextToken is malformed"}]


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        (
            {"RegionOptStatusContains": ["ENABLED", "UNKNOWN"]},
            'instance value ("UNKNOWN") not found in enum (possible values: '
            '["ENABLED","ENABLING","DISABLING","DISABLED","ENABLED_BY_DEFAULT"])',
        ),
        ({"MaxResults": 0}, "numeric instance is lower than the required minimum (minimum: 1, found: 0)"),
        ({"MaxResults": 51}, "numeric instance is greater than the required maximum (maximum: 50, found: 51)"),
        ({"NextToken": "x" * 1001}, f'string "{"x" * 1001}" is too long (length: 1001, maximum allowed: 1000)'),
    ],
)
def test_what_is_not_valid_is_said_in_a_schema_validators_words(
    keytrail_server: KeytrailServer, members: dict[str, Any], problem: str
) -> None:
    """Not through boto3, which checks most of it before it sends."""
    headers = {"Authorization": authorization(service="account")}
    answer = requests.post(f"{keytrail_server.url}/listRegions", json=members, headers=headers, timeout=5)
    assert (answer.status_code, answer.json()) == (400, {"message": f"[{problem}]"})
    assert answer.headers["x-amzn-ErrorType"] == "ValidationException"
    assert answer.headers["Content-Type"] == "application/json"


def test_another_account_is_denied(account: Any) -> None:
    status, code, message = refused(account.list_regions, AccountId="444455556666")
    assert (status, code) == (403, "AccessDeniedException")
    assert message == "User: arn:aws:iam::000000000000:root is not authorized to perform: account:ListRegions"


def test_list_regions_needs_its_permission(keytrail_clean: KeytrailServer, keytrail_client: Make) -> None:
    allowed = auditor(keytrail_clean, keytrail_client, "account", "account:ListRegions")
    assert len(allowed.list_regions()["Regions"]) == 20
    denied = auditor(keytrail_clean, keytrail_client, "account", "ec2:*")
    assert refused(denied.list_regions)[:2] == (403, "AccessDeniedException")
    done, refusal = keytrail_clean.events(eventSource="account.amazonaws.com")
    assert (done["eventName"], done["readOnly"]) == ("ListRegions", True)
    assert refusal["errorCode"] == "AccessDenied"


def test_another_operation_of_account_management_is_unknown(account: Any, keytrail_server: KeytrailServer) -> None:
    assert refused(account.get_region_opt_status, RegionName="us-east-1")[:2] == (404, "UnknownOperationException")
    assert "Missing Authentication Token" in requests.post(f"{keytrail_server.url}/other", timeout=5).text
