"""Calls that AWS services make on behalf of a caller: conditions, grants, policies, the trail, the last usage.

How we know: kms-behaviour F.4, L.4 and L.5; KMS Developer Guide, "kms:ViaService" and "kms:GrantIsForAWSResource".
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from keytrail.client import KeytrailClient
from keytrail.seeds import SeedError
from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, FOREIGN, KEY, client_of, key_arn, refusal

Control = KeytrailServer | KeytrailClient

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
READER = f"arn:aws:iam::{ACCOUNT}:role/Reader"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Reader/one"
TO_ROOT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}
CONTEXT = {"aws:s3:arn": "arn:aws:s3:::orders/1"}
ENCRYPT = {"KeyId": KEY, "Plaintext": b"order 66", "EncryptionContext": CONTEXT}


def seed(*statements: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A key whose policy has these statements, and a user who may do everything under that policy."""
    policy = {"Version": "2012-10-17", "Statement": [TO_ROOT, *statements]}
    identities = [{"Arn": ALICE, "Policies": {"all": ALL}}, {"Arn": READER}]
    return {"keys": [{"KeyId": KEY, "Policy": policy}], "identities": identities, **members}


def denied(condition: dict[str, Any], action: str = "kms:*") -> dict[str, Any]:
    return {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*", "Condition": condition}


@pytest.fixture(params=["lenient", "strict"])
def running(request: pytest.FixtureRequest) -> Iterator[KeytrailServer]:
    with KeytrailServer(strict=request.param == "strict", fixtures=seed()) as server:
        yield server


@pytest.fixture(params=["in this process", "elsewhere"])
def server(request: pytest.FixtureRequest, running: KeytrailServer) -> Control:
    return running if request.param == "in this process" else KeytrailClient(running.url)


# ---- The answer is KMS's


def test_the_answer_is_what_kms_would_have_answered_with_bytes_in_base64(server: Control) -> None:
    made = server.invoke("Encrypt", ENCRYPT, principal=ALICE, via="s3")
    assert (made["status"], made["body"]["KeyId"]) == (200, key_arn())
    again = {"CiphertextBlob": made["body"]["CiphertextBlob"], "EncryptionContext": CONTEXT}
    for blob in (again["CiphertextBlob"], b64decode(again["CiphertextBlob"])):
        read = server.invoke("Decrypt", {**again, "CiphertextBlob": blob}, principal=ALICE, via="s3")
        assert b64decode(read["body"]["Plaintext"]) == b"order 66"
    assert [call.request_id for call in server.calls()][-1] == read["requestId"]


def test_a_refusal_is_an_answer_too(server: Control) -> None:
    server.invoke("DisableKey", {"KeyId": KEY}, principal=ALICE, via="s3")
    answer = server.invoke("Encrypt", ENCRYPT, principal=ALICE, via="s3")
    assert answer["status"] == 400
    assert answer["body"] == {"__type": "DisabledException", "message": f"{key_arn()} is disabled."}


def test_an_operation_without_a_reply_has_an_empty_body(server: Control) -> None:
    answer = server.invoke("DisableKey", {"KeyId": KEY}, principal=ALICE, via="s3")
    assert (answer["status"], answer["body"]) == (200, {})


def test_a_slow_operation_is_answered_like_others(server: Control) -> None:
    made = server.invoke("CreateKey", {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}, principal=ALICE, via="acm")
    members = {"KeyId": made["body"]["KeyMetadata"]["KeyId"], "Message": b"x", "SigningAlgorithm": "RSASSA_PSS_SHA_256"}
    assert b64decode(server.invoke("Sign", members, principal=ALICE, via="acm")["body"]["Signature"])


def test_faults_strike_and_a_cut_connection_is_an_error(server: Control) -> None:
    server.add_fault(Operations="Encrypt", Count=1, Error="KMSInternalException", Message="later")
    answer = server.invoke("Encrypt", ENCRYPT, principal=ALICE, via="s3")
    assert (answer["status"], answer["body"]["__type"]) == (500, "KMSInternalException")
    server.add_fault(Operations="Encrypt", Count=1, Drop="after")
    with pytest.raises(ConnectionError, match="cut the connection"):
        server.invoke("Encrypt", ENCRYPT, principal=ALICE, via="s3")
    assert [call.error_code for call in server.calls("Encrypt")] == ["KMSInternalException", None]


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"operation": "Decript"}, "operation: KMS has no operation Decript; did you mean Decrypt?"),
        ({"via": "s3.amazonaws.com"}, "via: expected the short name of an AWS service, such as s3"),
        ({"region": "us-esat-1"}, "region: AWS has no Region us-esat-1; did you mean us-east-1?"),
        ({"principal": "alice"}, "principal: expected the ARN of an account root, user, role or session"),
        ({"principal": ALICE, "access_key_id": "AKIA"}, "name the caller once"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_happens(server: Control, members: dict[str, str], told: str) -> None:
    given: dict[str, Any] = {"operation": "Decrypt", "via": "s3", **members}
    with pytest.raises(ValueError, match=told.replace("?", r"\?")):
        server.invoke(**given)
    assert server.events() == []


def test_a_member_that_invoke_does_not_have_is_refused(running: KeytrailServer) -> None:
    body = {"operation": "ListKeys", "via": "s3", "action": "x"}
    answer = requests.post(f"{running.url}/_keytrail/invoke", json=body, timeout=60)
    assert (answer.status_code, "`action`" in answer.json()["error"]) == (400, True)


# ---- For whom


def test_the_caller_is_a_principal_an_account_or_an_access_key() -> None:
    credential = {"AccessKeyId": "AKIAALICE00000000001", "SecretAccessKey": "secret", "Principal": ALICE}
    with KeytrailServer(fixtures=seed(credentials=[credential])) as server:
        for named, expected in (
            ({"principal": ALICE}, ALICE),
            ({"access_key_id": "AKIAALICE00000000001"}, ALICE),
            ({"principal": FOREIGN}, f"arn:aws:iam::{FOREIGN}:root"),
            ({}, f"arn:aws:iam::{ACCOUNT}:root"),
        ):
            server.invoke("ListKeys", {}, via="s3", **named)
            assert server.calls("ListKeys")[-1].principal == expected
        identity = server.events(eventName="ListKeys")[1]["userIdentity"]
        assert identity["accessKeyId"] == "AKIAALICE00000000001"
        of_an_account = KeytrailClient(server.url, account=FOREIGN)
        of_an_account.invoke("ListKeys", {}, via="s3")
        assert of_an_account.calls("ListKeys")[-1].principal == f"arn:aws:iam::{FOREIGN}:root"


def test_a_session_of_sts_is_the_caller_until_it_expires() -> None:
    with KeytrailServer(fixtures=seed()) as server:
        issued = client_of(server, "sts").assume_role(RoleArn=READER, RoleSessionName="one")["Credentials"]
        server.invoke("ListKeys", {}, access_key_id=issued["AccessKeyId"], via="s3")
        assert server.calls("ListKeys")[-1].principal == SESSION
        server.clock.advance(hours=2)
        answer = server.invoke("ListKeys", {}, access_key_id=issued["AccessKeyId"], via="s3")
        assert answer["body"]["__type"] == "ExpiredTokenException"


def test_strict_refuses_an_unknown_access_key() -> None:
    for strict, expected in ((True, "UnrecognizedClientException"), (False, None)):
        with KeytrailServer(strict=strict) as server:
            answer = server.invoke("ListKeys", {}, access_key_id="AKIAUNKNOWN000000001", via="s3")
            assert answer["body"].get("__type") == expected


# ---- What conditions see

SEEN = {
    "kms:ViaService": {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
    "aws:CalledVia": {"ForAnyValue:StringEquals": {"aws:CalledVia": "s3.amazonaws.com"}},
    "aws:CalledViaFirst": {"StringEquals": {"aws:CalledViaFirst": "s3.amazonaws.com"}},
    "aws:CalledViaLast": {"StringEquals": {"aws:CalledViaLast": "s3.amazonaws.com"}},
    "aws:ViaAWSService": {"Bool": {"aws:ViaAWSService": "true"}},
    "aws:UserAgent": {"StringEquals": {"aws:UserAgent": "s3.amazonaws.com"}},
}
"""Conditions that hold when S3 calls, and neither when SNS does nor when the caller itself does."""


@pytest.mark.parametrize("name", SEEN)
@pytest.mark.parametrize("strict", [False, True])
def test_a_condition_sees_the_service(name: str, strict: bool) -> None:
    credential = {"AccessKeyId": "AKIAALICE00000000001", "SecretAccessKey": "secret", "Principal": ALICE}
    with KeytrailServer(strict=strict, fixtures=seed(denied(SEEN[name]), credentials=[credential])) as server:
        answer = server.invoke("Encrypt", ENCRYPT, principal=ALICE, via="s3")
        assert answer["body"]["Message"].endswith("with an explicit deny in a resource-based policy")
        other = server.invoke("Encrypt", ENCRYPT, principal=ALICE, via="sns")
        assert other["status"] == (400 if name == "aws:ViaAWSService" else 200)
        assert client_of(server, access_key="AKIAALICE00000000001", secret="secret").encrypt(**ENCRYPT)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringNotEqualsIfExists": {"aws:CalledViaLast": "sqs.amazonaws.com"}},
        {"Bool": {"aws:ViaAWSService": "false"}},
    ],
)
def test_a_policy_that_denies_direct_use_lets_the_service_through(condition: dict[str, Any]) -> None:
    """How we know: recorded, kms-behaviour L.4."""
    with KeytrailServer(fixtures=seed(denied(condition, "kms:Encrypt"))) as server:
        assert refusal(client_of(server), "Encrypt", **ENCRYPT)[0] == "AccessDeniedException"
        assert server.invoke("Encrypt", ENCRYPT, principal=ALICE, via="sqs")["status"] == 200


def test_the_caller_is_no_service_and_its_address_is_not_known() -> None:
    """How we know: recorded for aws:PrincipalIsAWSService, kms-behaviour L.4."""
    for condition in (
        {"Bool": {"aws:PrincipalIsAWSService": "false"}},
        {"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}},
    ):
        with KeytrailServer(fixtures=seed(denied(condition, "kms:Encrypt"))) as server:
            assert server.invoke("Encrypt", ENCRYPT, principal=ALICE, via="s3")["status"] == 400


def test_a_call_about_no_key_has_no_via_service_but_the_others() -> None:
    """How we know: kms-behaviour F.4, permissions.tsv: GenerateRandom takes no kms:ViaService."""
    for name, allowed in (("kms:ViaService", True), ("aws:CalledVia", False), ("aws:CalledViaLast", False)):
        statement = {"Effect": "Deny", "Action": "kms:GenerateRandom", "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [{**statement, "Condition": {"Null": {name: "false"}}}]}
        identities = [{"Arn": ALICE, "Policies": {"all": ALL, "no": policy}}]
        with KeytrailServer(fixtures=seed() | {"identities": identities}) as server:
            answer = server.invoke("GenerateRandom", {"NumberOfBytes": 8}, principal=ALICE, via="s3")
            assert (answer["status"] == 200) is allowed, name


def test_ebs_is_ec2_to_a_policy_and_itself_in_the_trail() -> None:
    """How we know: kms-behaviour L.4 and L.5."""
    is_ec2 = {"StringEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}}
    with KeytrailServer(fixtures=seed(denied(is_ec2, "kms:Encrypt"))) as server:
        assert server.invoke("Encrypt", ENCRYPT, principal=ALICE, via="ebs")["status"] == 400
        assert server.events()[-1]["userIdentity"]["invokedBy"] == "ebs.amazonaws.com"


# ---- What policies and grants decide


def grant(**members: Any) -> dict[str, Any]:
    return {"KeyId": KEY, "GranteePrincipal": READER, "Operations": ["Encrypt"], **members}


@pytest.mark.parametrize("strict", [False, True])
def test_an_aws_managed_key_is_used_by_way_of_its_service_alone(strict: bool) -> None:
    """How we know: the condition kms:ViaService of its key policy. Without `strict`, a direct call counts as S3's."""
    credential = {"AccessKeyId": "AKIAALICE00000000001", "SecretAccessKey": "secret", "Principal": ALICE}
    with KeytrailServer(strict=strict, fixtures=seed(credentials=[credential])) as server:
        members = {"KeyId": "alias/aws/s3", "KeySpec": "AES_256"}
        made = server.invoke("GenerateDataKey", members, principal=ALICE, via="s3")["body"]
        blob = {"CiphertextBlob": b64decode(made["CiphertextBlob"])}
        assert server.invoke("Decrypt", blob, principal=ALICE, via="s3")["body"]["Plaintext"] == made["Plaintext"]
        if strict:
            alice = client_of(server, access_key="AKIAALICE00000000001", secret="secret")
            assert refusal(alice, "Decrypt", **blob)[0] == "AccessDeniedException"
            assert server.invoke("Decrypt", blob, principal=ALICE, via="sns")["status"] == 400
        else:
            assert client_of(server).decrypt(**blob)["Plaintext"] == b64decode(made["Plaintext"])


def test_the_key_of_a_service_is_made_by_its_first_use(server: Control) -> None:
    answer = server.invoke("GenerateDataKey", {"KeyId": "alias/aws/ebs", "NumberOfBytes": 64}, via="ebs")
    listed = server.invoke("DescribeKey", {"KeyId": answer["body"]["KeyId"]}, via="ebs")
    assert listed["body"]["KeyMetadata"]["KeyManager"] == "AWS"


def test_a_grant_decides_and_its_constraint_is_judged() -> None:
    with KeytrailServer(strict=True, fixtures=seed()) as server:
        asked = grant(Constraints={"EncryptionContextEquals": CONTEXT})
        assert server.invoke("Encrypt", ENCRYPT, principal=SESSION, via="s3")["status"] == 400
        assert server.invoke("CreateGrant", asked, principal=ALICE, via="s3")["status"] == 200
        assert server.invoke("Encrypt", ENCRYPT, principal=SESSION, via="s3")["status"] == 200
        other = {**ENCRYPT, "EncryptionContext": {"aws:s3:arn": "arn:aws:s3:::orders/2"}}
        assert server.invoke("Encrypt", other, principal=SESSION, via="s3")["status"] == 400


def test_a_grant_is_for_an_aws_resource_if_a_service_makes_it() -> None:
    """How we know: docs: the condition that guards CreateGrant of users of EBS, kms-behaviour L.1."""
    for_resource = {"Bool": {"kms:GrantIsForAWSResource": "false"}}
    with KeytrailServer(fixtures=seed(denied(for_resource, "kms:CreateGrant"))) as server:
        assert refusal(client_of(server), "CreateGrant", **grant())[0] == "AccessDeniedException"
        assert server.invoke("CreateGrant", grant(), principal=ALICE, via="ebs")["status"] == 200


def test_a_service_makes_grants_on_its_own_key_for_a_caller() -> None:
    """How we know: CreateGrant is in the ViaService statement of its key policy."""
    with KeytrailServer(strict=True, fixtures=seed()) as server:
        key_id = server.invoke("DescribeKey", {"KeyId": "alias/aws/ebs"}, principal=ALICE, via="ebs")
        asked = grant(KeyId=key_id["body"]["KeyMetadata"]["KeyId"])
        assert server.invoke("CreateGrant", asked, principal=ALICE, via="ebs")["status"] == 200


def test_explain_tells_what_conditions_saw() -> None:
    with KeytrailServer(fixtures=seed(denied(SEEN["kms:ViaService"]))) as server:
        answer = server.invoke("Encrypt", ENCRYPT, principal=ALICE, via="s3")
        (decision,) = server.explain(answer["requestId"])["decisions"]
        assert decision["context"]["kms:viaservice"] == ["s3.us-east-1.amazonaws.com"]


# ---- What is recorded


def test_the_event_has_the_service_in_place_of_the_callers_connection(server: Control) -> None:
    """How we know: recorded, kms-behaviour L.5: a user has a sessionContext here, and there are no tlsDetails."""
    server.invoke("Encrypt", ENCRYPT, principal=ALICE, via="lambda")
    (event,) = server.events()
    identity = event["userIdentity"]
    assert (identity["type"], identity["arn"], identity["userName"]) == ("IAMUser", ALICE, "alice")
    assert list(identity)[-2:] == ["sessionContext", "invokedBy"]
    assert identity["sessionContext"] == {
        "attributes": {"creationDate": event["eventTime"], "mfaAuthenticated": "false"}
    }
    assert {identity["invokedBy"], event["sourceIPAddress"], event["userAgent"]} == {"lambda.amazonaws.com"}
    assert "tlsDetails" not in event
    assert event["requestParameters"]["encryptionContext"] == CONTEXT
    assert event["resources"][0]["ARN"] == key_arn()


def test_a_session_keeps_its_own_context(server: Control) -> None:
    server.invoke("Encrypt", ENCRYPT, principal=SESSION, via="s3")
    identity = server.events()[-1]["userIdentity"]
    assert (identity["type"], identity["invokedBy"]) == ("AssumedRole", "s3.amazonaws.com")
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == READER
    assert identity["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"


def test_app_config_is_internal_to_aws(server: Control) -> None:
    """How we know: recorded, kms-behaviour L.5."""
    server.invoke("Encrypt", ENCRYPT, principal=ALICE, via="appconfig")
    event = server.events()[-1]
    assert {event["userIdentity"]["invokedBy"], event["sourceIPAddress"], event["userAgent"]} == {"AWS Internal"}


def test_the_event_of_a_denied_call_tells_neither_parameters_nor_resources(running: KeytrailServer) -> None:
    """How we know: kms-behaviour L.5."""
    running.load({"keys": [{"KeyId": "2" * 8 + KEY[8:], "Policy": seed(denied({}))["keys"][0]["Policy"]}]})
    members = {**ENCRYPT, "KeyId": "2" * 8 + KEY[8:]}
    assert running.invoke("Encrypt", members, principal=ALICE, via="s3")["status"] == 400
    event = running.events()[-1]
    assert (event["errorCode"], event["requestParameters"]) == ("AccessDenied", None)
    assert "resources" not in event


def test_it_is_a_call_and_the_last_usage_of_its_key(server: Control) -> None:
    answer = server.invoke("Encrypt", ENCRYPT, principal=ALICE, via="s3")
    (call,) = server.calls("Encrypt", key=KEY, encryption_context=CONTEXT, source_ip="s3.amazonaws.com")
    used = server.invoke("GetKeyLastUsage", {"KeyId": KEY}, principal=ALICE, via="s3")["body"]["KeyLastUsage"]
    assert (used["Operation"], used["KmsRequestId"]) == ("Encrypt", answer["requestId"])
    assert used["CloudTrailEventId"] == call.event_id


# ---- Seeds


def test_a_seed_gives_a_use_by_a_service_as_a_past() -> None:
    use = {"Operation": "GenerateDataKey", "Via": "s3", "Timestamp": "20 days ago"}
    with KeytrailServer(fixtures={"keys": [{"KeyId": KEY, "LastUsage": use}]}) as server:
        last = client_of(server).get_key_last_usage(KeyId=KEY)["KeyLastUsage"]
        assert last["Operation"] == "GenerateDataKey"
        assert datetime.now(UTC) - last["Timestamp"] - timedelta(days=20) < timedelta(minutes=1)
        (event,) = server.events(eventId=last["CloudTrailEventId"])
        services = {event["userIdentity"]["invokedBy"], event["sourceIPAddress"], event["userAgent"]}
        assert services == {"s3.amazonaws.com"}
        assert "tlsDetails" not in event
        assert server.calls("GenerateDataKey") == [], "the past in a seed is no call of this test"


def test_a_service_that_is_none_is_refused_with_its_place() -> None:
    use = {"Operation": "GenerateDataKey", "Via": "s3.amazonaws.com", "Timestamp": "now"}
    with KeytrailServer() as server, pytest.raises(SeedError, match=r"keys\[0\]\.LastUsage\.Via: .*such as s3"):
        server.load({"keys": [{"KeyId": KEY, "LastUsage": use}]})
