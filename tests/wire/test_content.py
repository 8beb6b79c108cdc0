"""Content types, compressed bodies, and protocols that KMS does not speak.

How we know: kms-behaviour A.5 and A.6 (other services, model, reported). What is tagged unverified in the code is not
held here as AWS's.
"""

from __future__ import annotations

import gzip

import cbor2
import pytest
import requests

from keytrail.server import KeytrailServer
from tests.support.wire import authorization, error_of, post


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-amz-json-1.1",
        "application/x-amz-json-1.0",
        "application/x-amz-json-1.1; charset=utf-8",
        "application/x-amz-json-1.1;charset=UTF-8",
        "application/json",
        "application/x-www-form-urlencoded",
    ],
)
def test_a_request_with_a_target_is_answered_whatever_its_type(
    keytrail_server: KeytrailServer, content_type: str
) -> None:
    answer = post(keytrail_server, "ListKeys", headers={"Content-Type": content_type})
    assert answer.json()["Keys"] == []
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"


@pytest.mark.parametrize("content_type", ["application/x-amz-json-1.1; charset=utf-8", "application/x-amz-json-1.1"])
def test_json_1_1_without_a_target_names_no_operation(keytrail_server: KeytrailServer, content_type: str) -> None:
    answer = post(keytrail_server, "x", prefix="", headers={"Content-Type": content_type})
    assert error_of(answer) == (400, "UnknownOperationException", None)


@pytest.mark.parametrize("content_type", ["application/x-amz-json-1.0", "application/json", "text/plain", ""])
def test_another_type_without_a_target_is_in_no_protocol(keytrail_server: KeytrailServer, content_type: str) -> None:
    answer = post(keytrail_server, "x", prefix="", headers={"Content-Type": content_type})
    assert answer.status_code == 403
    assert "Unable to determine service/operation name to be authorized" in answer.text


def test_a_compressed_body_is_told_so(keytrail_server: KeytrailServer) -> None:
    answer = post(keytrail_server, "ListKeys", gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})
    message = "The body is compressed (gzip), which no operation here takes."
    assert error_of(answer) == (400, "SerializationException", message)


def test_a_body_that_is_no_json_is_not_said_to_be_compressed(keytrail_server: KeytrailServer) -> None:
    answer = post(keytrail_server, "ListKeys", b"x", headers={"Content-Encoding": "identity"})
    assert error_of(answer) == (400, "SerializationException", None)


def test_the_header_alone_compresses_nothing(keytrail_server: KeytrailServer) -> None:
    assert post(keytrail_server, "ListKeys", b"{}", headers={"Content-Encoding": "amz-1.0"}).status_code == 200


def test_kms_says_in_cbor_that_it_speaks_json(keytrail_server: KeytrailServer) -> None:
    headers = {"smithy-protocol": "rpc-v2-cbor", "Authorization": authorization()}
    url = f"{keytrail_server.url}/service/TrentService/operation/ListKeys"
    answer = requests.post(url, data=b"\xa0", headers=headers, timeout=5)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/cbor")
    assert answer.headers["smithy-protocol"] == "rpc-v2-cbor"
    assert cbor2.loads(answer.content) == {
        "__type": "UnknownOperationException",
        "message": "KMS does not speak smithy-rpc-v2-cbor; its model lists json.",
    }


def test_cbor_for_a_service_that_is_not_here_is_told_so(keytrail_server: KeytrailServer) -> None:
    headers = {"smithy-protocol": "rpc-v2-cbor", "Authorization": authorization(service="textract")}
    answer = requests.post(
        f"{keytrail_server.url}/service/Textract/operation/X", data=b"\xa0", headers=headers, timeout=5
    )
    assert "not for textract" in cbor2.loads(answer.content)["message"]
    unsigned = {"smithy-protocol": "rpc-v2-cbor"}
    answer = requests.post(
        f"{keytrail_server.url}/service/Textract/operation/X", data=b"\xa0", headers=unsigned, timeout=5
    )
    assert cbor2.loads(answer.content) == {"__type": "UnknownOperationException"}


def test_another_path_is_in_no_protocol(keytrail_server: KeytrailServer) -> None:
    headers = {"smithy-protocol": "rpc-v2-cbor", "Authorization": authorization()}
    for path in ("/service/TrentService", "/service/TrentService/operation/", "/ListKeys"):
        assert "AccessDeniedException" in requests.post(keytrail_server.url + path, headers=headers, timeout=5).text
