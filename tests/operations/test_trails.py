"""An account here has no trails, and its event history needs none (decision 78).

How we know: CloudTrail API Reference, "DescribeTrails" and "GetTrailStatus"; the text about an unknown trail as people
report it. What is tagged unverified in the code is not held here as AWS's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.support.clients import shared_client

Make = Callable[..., Any]

ARN = "arn:aws:cloudtrail:us-east-1:000000000000:trail/audit"


@pytest.fixture
def trail(keytrail_client: Make) -> Any:
    return keytrail_client("cloudtrail")


@pytest.mark.parametrize("members", [{}, {"trailNameList": [ARN, "audit"]}, {"includeShadowTrails": False}])
def test_there_are_no_trails(trail: Any, members: dict[str, Any]) -> None:
    assert trail.describe_trails(**members)["trailList"] == []


def test_a_folder_for_log_files_is_no_trail(tmp_path: Path) -> None:
    with KeytrailServer(trail_dir=str(tmp_path)) as server:
        assert shared_client(server.url, "cloudtrail").describe_trails()["trailList"] == []


@pytest.mark.parametrize("name", ["audit", ARN])
def test_the_status_of_a_trail_is_not_there(trail: Any, name: str) -> None:
    with pytest.raises(trail.exceptions.TrailNotFoundException) as caught:
        trail.get_trail_status(Name=name)
    assert caught.value.response["Error"]["Message"] == f"Unknown trail: {ARN} for the user: 000000000000"


@pytest.mark.parametrize("name", ["", "ab", "a" * 129, "my trail"])
def test_a_name_that_no_trail_can_have_is_invalid(trail: Any, name: str) -> None:
    with pytest.raises(trail.exceptions.InvalidTrailNameException):
        trail.get_trail_status(Name=name)


@pytest.mark.parametrize("arn", ["arn:aws:s3:::audit", "arn:aws:cloudtrail:us-east-1:000000000000:trail/a b"])
def test_an_arn_of_another_form_is_invalid(trail: Any, arn: str) -> None:
    with pytest.raises(trail.exceptions.CloudTrailARNInvalidException):
        trail.get_trail_status(Name=arn)


def test_each_needs_its_permission(keytrail_clean: KeytrailServer, keytrail_client: Make) -> None:
    statements = [
        {"Effect": "Allow", "Action": "cloudtrail:DescribeTrails", "Resource": "*"},
        {"Effect": "Allow", "Action": "cloudtrail:GetTrailStatus", "Resource": ARN},
    ]
    role = "arn:aws:iam::000000000000:role/Auditor"
    policy = {"Version": "2012-10-17", "Statement": statements}
    credential = {"AccessKeyId": "AKIAAUDIT00000000001", "SecretAccessKey": "audit-secret", "Principal": role}
    keytrail_clean.load({"credentials": [credential], "identities": [{"Arn": role, "Policies": {"audit": policy}}]})
    client = keytrail_client("cloudtrail", access_key_id="AKIAAUDIT00000000001")
    assert client.describe_trails()["trailList"] == []
    with pytest.raises(client.exceptions.TrailNotFoundException):
        client.get_trail_status(Name="audit")
    with pytest.raises(
        client.exceptions.ClientError, match=r"perform: cloudtrail:GetTrailStatus on resource: .*/other "
    ):
        client.get_trail_status(Name="other")


def test_the_trail_has_both_as_reads(keytrail_clean: KeytrailServer, trail: Any) -> None:
    trail.describe_trails(includeShadowTrails=False)
    with pytest.raises(trail.exceptions.TrailNotFoundException):
        trail.get_trail_status(Name="audit")
    listed, status = keytrail_clean.events(eventSource="cloudtrail.amazonaws.com")
    assert (listed["eventName"], listed["readOnly"]) == ("DescribeTrails", True)
    assert listed["requestParameters"] == {"includeShadowTrails": False}
    assert (status["eventName"], status["readOnly"]) == ("GetTrailStatus", True)
    assert status["errorCode"] == "TrailNotFoundException"
    assert status["requestParameters"] == {"name": "audit"}
