"""Calls of services that are not here: an error that their SDK can read, and that says which services are.

How we know: it is Keytrail's own, for AWS has an endpoint for each service. Without a signature, what names no
operation is answered as kms-behaviour A.5 says (tests/recorded/wire/kinesis.yaml).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from keytrail.operations import SERVICES
from keytrail.server import KeytrailServer
from tests.support.wire import authorization, error_of, post


@pytest.fixture(scope="module")
def server() -> Iterator[KeytrailServer]:
    with KeytrailServer() as server:
        yield server


def client(server: KeytrailServer, service: str) -> Any:
    once = Config(retries={"total_max_attempts": 1}, signature_version="s3v4" if service == "s3" else None)
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="111122223333",
        aws_secret_access_key="any",
        config=once,
    )


CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "S3's XML": ("s3", "get_object", {"Bucket": "orders", "Key": "a/b.txt"}),
    "S3's XML for a body larger than ours may be": (
        "s3",
        "put_object",
        {"Bucket": "o", "Key": "b", "Body": b"x" * 2**21},
    ),
    "JSON 1.0": ("dynamodb", "list_tables", {}),
    "JSON 1.1": ("secretsmanager", "list_secrets", {}),
    "Query": ("sns", "list_topics", {}),
    "REST and JSON": ("lambda", "list_functions", {}),
    "REST and XML": ("route53", "list_hosted_zones", {}),
    "CBOR": ("cloudwatch", "list_dashboards", {}),
}


@pytest.mark.parametrize(("service", "operation", "members"), CALLS.values(), ids=CALLS)
def test_the_sdk_shows_which_services_are_here(
    server: KeytrailServer, service: str, operation: str, members: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(client(server, service), operation)(**members)
    error = caught.value.response["Error"]
    assert error["Code"] == "UnknownOperationException"
    scope = {"cloudwatch": "monitoring"}.get(service, service)
    assert error["Message"].startswith(
        "This is Keytrail, which answers for KMS, and for parts of Account, CloudTrail, "
    )
    assert f" and STS, not for {scope}. Give the client of {scope} another endpoint" in error["Message"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_the_message_names_every_service_that_is_here(server: KeytrailServer) -> None:
    with pytest.raises(ClientError) as caught:
        client(server, "sns").list_topics()
    for service in SERVICES.values():
        title = boto3.client(service.name, "us-east-1").meta.service_model.metadata["serviceId"]
        assert title in caught.value.response["Error"]["Message"]


def test_a_presigned_url_of_another_service_is_told_so_too(server: KeytrailServer) -> None:
    url = client(server, "s3").generate_presigned_url("get_object", Params={"Bucket": "orders", "Key": "a"})
    answer = requests.get(url, timeout=5)
    assert answer.status_code == 400
    assert "<Message>This is Keytrail, which answers for KMS, and for parts of " in answer.text
    assert " and STS, not for s3." in answer.text


@pytest.mark.parametrize("scope", ["000000000000/20261124/us-east-1/s3 <b>/aws4_request", "000000000000/s3", "/" * 300])
def test_a_scope_that_names_no_service_is_answered_as_before(server: KeytrailServer, scope: str) -> None:
    answer = post(server, "Encypt", headers={"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, Signature=00"})
    assert error_of(answer) == (400, "UnknownOperationException", None)


def test_an_unknown_operation_of_a_service_that_is_here_is_answered_as_before(server: KeytrailServer) -> None:
    assert error_of(post(server, "Encypt")) == (400, "UnknownOperationException", None)


def test_without_a_signature_nothing_of_it_is_told(server: KeytrailServer) -> None:
    for answer in (
        requests.get(f"{server.url}/bucket/key", timeout=5),
        requests.post(server.url, headers={"X-Amz-Target": "DynamoDB_20120810.GetItem"}, timeout=5),
    ):
        assert "<Message>Missing Authentication Token</Message>" in answer.text
    answer = post(server, "DynamoDB_20120810.GetItem", prefix="", headers={"Authorization": ""})
    assert error_of(answer) == (400, "UnknownOperationException", None)


def test_a_call_that_names_an_operation_of_kms_is_kmss_whatever_its_scope_says(server: KeytrailServer) -> None:
    answer = post(server, "ListKeys", headers={"Authorization": authorization(service="s3")})
    assert answer.json()["Keys"] == []
