"""STS: who is calling, and temporary credentials, over AWS Query and XML.

How we know: STS API Reference; Smithy, "AWS query protocol"; IAM User Guide, "Pass session tags in AWS STS"; refusals
as people report them from AWS.
"""

from __future__ import annotations

import base64
import json
import random
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError
from lxml import etree

from keytrail.authentication.sessions import MAX_SESSIONS, Sessions
from keytrail.domain.identity import Identity
from keytrail.domain.principal import Principal
from keytrail.operations import SERVICES
from keytrail.seeds import SeedError
from keytrail.server import KeytrailServer
from keytrail.wire import service_model
from tests.support import KEY
from tests.support.clients import shared_client
from tests.support.wire import REQUEST_ID, signed

ACCOUNT, OTHER = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service/Ops"
USER = f"arn:aws:iam::{ACCOUNT}:user/team/alice"
SEED = {
    "credentials": [
        {"AccessKeyId": "AKIAALICE00000000001", "SecretAccessKey": "alice-secret", "Principal": USER},
        {
            "AccessKeyId": "AKIAROOT000000000001",
            "SecretAccessKey": "root-secret",
            "Principal": f"arn:aws:iam::{ACCOUNT}:root",
        },
    ]
}
NAMESPACE = "{https://sts.amazonaws.com/doc/2011-06-15/}"

Make = Callable[..., Any]


@pytest.fixture
def server(keytrail_clean: KeytrailServer) -> KeytrailServer:
    """A server that knows a user and a root."""
    keytrail_clean.load(SEED)
    return keytrail_clean


@pytest.fixture
def sts(server: KeytrailServer) -> Any:
    """STS in the hands of the user; what is too short is for the server to say."""
    return shared_client(
        server.url, "sts", access_key="AKIAALICE00000000001", secret="alice-secret", parameter_validation=False
    )


def refused(client: Any, operation: str, **members: object) -> tuple[int, str, str]:
    """Status, code and message of a refusal."""
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**members)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def assumed(sts: Any, role: str = ROLE, session: str = "alice", **members: object) -> dict[str, Any]:
    answer: dict[str, Any] = sts.assume_role(RoleArn=role, RoleSessionName=session, **members)
    return answer


def client_of(make: Make, answer: Mapping[str, Any], service: str = "sts", **given: str) -> Any:
    """A client with the temporary credentials of an answer."""
    credentials = answer["Credentials"]
    return make(
        service,
        access_key_id=credentials["AccessKeyId"],
        secret_access_key=credentials["SecretAccessKey"],
        session_token=credentials["SessionToken"],
        **given,
    )


def declare(server: KeytrailServer, trust_policy: object, role: str = ROLE, **members: Any) -> None:
    """Make a role known."""
    document = json.dumps({"Version": "2012-10-17", "Statement": trust_policy})
    identity = Identity(arn=role, account=role.split(":")[4], trust_policy=document, **members)
    server.endpoint.identities.declare({role: identity})


def trusting(principal: object, **members: object) -> dict[str, object]:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **members}


# ---- Shape


def test_the_caller_gets_its_own_identity(server: KeytrailServer, sts: Any, keytrail_client: Make) -> None:
    told = sts.get_caller_identity()
    assert (told["Account"], told["Arn"]) == (ACCOUNT, USER)
    assert re.fullmatch(r"AIDA[A-Z2-7]{17}", told["UserId"])
    root = keytrail_client("sts", account=OTHER).get_caller_identity()
    assert (root["Account"], root["Arn"], root["UserId"]) == (OTHER, f"arn:aws:iam::{OTHER}:root", OTHER)


def form(server: KeytrailServer, body: str, **headers: str) -> requests.Response:
    sent = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", **headers}
    return requests.post(server.url, data=body, headers=sent, timeout=5)


def test_an_answer_is_xml_as_aws_writes_it(server: KeytrailServer) -> None:
    answer = form(server, "Action=GetCallerIdentity&Version=2011-06-15")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/xml"
    root = etree.fromstring(answer.content)
    assert root.tag == f"{NAMESPACE}GetCallerIdentityResponse"
    names = [element.tag.removeprefix(NAMESPACE) for element in root.iter()][1:]
    result = ["GetCallerIdentityResult", "UserId", "Account", "Arn"]
    assert names == [*result, "ResponseMetadata", "RequestId"]
    request_id = root.findtext(f".//{NAMESPACE}RequestId")
    assert request_id == answer.headers["x-amzn-RequestId"]
    assert REQUEST_ID.fullmatch(str(request_id))


def test_a_refusal_is_xml_as_aws_writes_it(server: KeytrailServer) -> None:
    answer = form(server, "Action=AssumeRole&Version=2011-06-15&RoleArn=nobody%0Bnobody%0Bnobody&RoleSessionName=me")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/xml")
    root = etree.fromstring(answer.content)
    assert root.tag == f"{NAMESPACE}ErrorResponse"
    assert [element.tag.removeprefix(NAMESPACE) for element in root] == ["Error", "RequestId"]
    told = {element.tag.removeprefix(NAMESPACE): element.text for element in root[0]}
    assert (told["Type"], told["Code"]) == ("Sender", "ValidationError")
    assert told["Message"] is not None
    assert root[1].text == answer.headers["x-amzn-RequestId"]


JSON = {"Accept": "application/json"}


def test_whoever_accepts_json_is_answered_in_json(server: KeytrailServer) -> None:
    """How we know: aws-iam-authenticator asks so, and reads these members."""
    answer = form(server, "Action=GetCallerIdentity&Version=2011-06-15", **JSON)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert "Pragma" not in answer.headers
    told = answer.json()["GetCallerIdentityResponse"]
    arn = "arn:aws:iam::000000000000:root"
    assert told["GetCallerIdentityResult"] == {"Account": "000000000000", "Arn": arn, "UserId": "000000000000"}
    assert told["ResponseMetadata"] == {"RequestId": answer.headers["x-amzn-RequestId"]}


def test_json_has_moments_as_numbers(server: KeytrailServer, keytrail_clock: Any) -> None:
    """Not recorded: AWS's own number is taken to be one of seconds, as in its JSON services."""
    keytrail_clock.freeze(datetime(2026, 8, 10, 12, tzinfo=UTC))
    request = f"Action=AssumeRole&Version=2011-06-15&RoleSessionName=me&RoleArn={ROLE.replace(ACCOUNT, '0' * 12)}"
    told = form(server, request, **JSON).json()["AssumeRoleResponse"]["AssumeRoleResult"]
    assert told["Credentials"]["Expiration"] == datetime(2026, 8, 10, 13, tzinfo=UTC).timestamp()
    assert told["AssumedRoleUser"]["Arn"].endswith(":assumed-role/Ops/me")


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ("Action=Dance&Version=2011-06-15", "InvalidAction", "Could not find operation Dance for version 2011-06-15"),
        (
            "Action=AssumeRole&Version=2011-06-15&RoleArn=nobody%2Fnobody%2Fnobody&RoleSessionName=me",
            "ValidationError",
            "nobody/nobody/nobody is invalid",
        ),
    ],
)
def test_a_refusal_is_json_too(server: KeytrailServer, body: str, code: str, message: str) -> None:
    answer = form(server, body, **JSON)
    told = {"Type": "Sender", "Code": code, "Message": message}
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/json")
    assert answer.json() == {"Error": told, "RequestId": answer.headers["x-amzn-RequestId"]}


@pytest.mark.parametrize("accept", ["*/*", "text/xml", "text/xml, application/json", "application/jsonp"])
def test_whoever_accepts_something_else_is_answered_in_xml(server: KeytrailServer, accept: str) -> None:
    answer = form(server, "Action=GetCallerIdentity&Version=2011-06-15", Accept=accept)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/xml")


UNKNOWN = {
    "an operation": ("Action=Dance&Version=2011-06-15", "Could not find operation Dance for version 2011-06-15"),
    "a version": (
        "Action=AssumeRole&Version=2000-01-01",
        "Could not find operation AssumeRole for version 2000-01-01",
    ),
    "no version": ("Action=AssumeRole", "Could not find operation AssumeRole for version NO_VERSION_SPECIFIED"),
}


@pytest.mark.parametrize(("body", "message"), UNKNOWN.values(), ids=UNKNOWN)
def test_an_action_that_there_is_not_is_refused(server: KeytrailServer, body: str, message: str) -> None:
    answer = form(server, body)
    root = etree.fromstring(answer.content)
    told = (answer.status_code, root.findtext(f".//{NAMESPACE}Code"), root.findtext(f".//{NAMESPACE}Message"))
    assert told == (400, "InvalidAction", message)


@pytest.mark.parametrize("body", ["", "Version=2011-06-15", "a=%FF%FE", "Action", b"\xff\xfeAction=", "&" * 5000])
def test_a_request_without_an_action_is_not_a_call_of_sts(server: KeytrailServer, body: str) -> None:
    answer = form(server, body)
    assert (answer.status_code, b"<MissingAuthenticationTokenException>" in answer.content) == (403, True)


@pytest.mark.parametrize(
    "fields", ["RoleArn.member.1=x", "DurationSeconds=soon", "Tags.member.x.Key=y", "Tags=a&Tags.member.1.Key=b"]
)
def test_fields_that_are_none_of_the_shape_are_malformed(server: KeytrailServer, fields: str) -> None:
    answer = form(server, f"Action=AssumeRole&Version=2011-06-15&{fields}")
    assert (answer.status_code, etree.fromstring(answer.content).findtext(f".//{NAMESPACE}Code")) == (
        400,
        "MalformedInput",
    )


def test_other_fields_are_left_alone(server: KeytrailServer) -> None:
    assert form(server, "Action=GetCallerIdentity&Version=2011-06-15&Colour=blue&A.b.1=2").status_code == 200


def test_a_presigned_url_identifies_who_made_it(sts: Any) -> None:
    """What EKS and Vault do. How we know: the STS API takes GET, and presigned URLs of GetCallerIdentity."""
    url = sts.generate_presigned_url("get_caller_identity", HttpMethod="GET")
    answer = requests.get(url, timeout=5)
    assert etree.fromstring(answer.content).findtext(f".//{NAMESPACE}Arn") == USER
    assert requests.get(url.replace("GetCallerIdentity", "GetSessionToken"), timeout=5).status_code == 403
    assert requests.put(url, timeout=5).status_code == 403


# ---- GetSessionToken


def test_a_session_token_is_for_the_caller_itself(
    server: KeytrailServer, sts: Any, keytrail_client: Make, keytrail_clock: Any
) -> None:
    now = keytrail_clock.freeze("2026-06-01T10:00:00Z")
    answer = sts.get_session_token()
    credentials = answer["Credentials"]
    assert sorted(credentials) == ["AccessKeyId", "Expiration", "SecretAccessKey", "SessionToken"]
    assert re.fullmatch(r"ASIA[Q-Z2-7][A-Z2-7]{15}", credentials["AccessKeyId"])
    assert re.fullmatch(r"[A-Za-z0-9+/]{40}", credentials["SecretAccessKey"])
    assert credentials["Expiration"] == now + timedelta(hours=12)
    session = client_of(keytrail_client, answer)
    assert session.get_caller_identity()["Arn"] == USER
    refusal = (403, "AccessDenied", "Cannot call GetSessionToken with session credentials")
    assert refused(session, "get_session_token") == refusal


@pytest.mark.parametrize(("seconds", "lasting"), [(900, 900), (3600, 3600), (129_600, 3600), (None, 3600)])
def test_a_root_has_an_hour_at_most(
    server: KeytrailServer, keytrail_client: Make, keytrail_clock: Any, seconds: int | None, lasting: int
) -> None:
    now = keytrail_clock.freeze("2026-06-01T10:00:00Z")
    root = keytrail_client("sts", access_key_id="AKIAROOT000000000001")
    answer = root.get_session_token(**({"DurationSeconds": seconds} if seconds else {}))
    assert answer["Credentials"]["Expiration"] == now + timedelta(seconds=lasting)


DURATIONS = {
    "899 seconds": ("get_session_token", 899, "greater than or equal to 900"),
    "more than 36 hours": ("get_session_token", 129_601, "less than or equal to 129600"),
    "899 seconds of a role": ("assume_role", 899, "greater than or equal to 900"),
    "more than 12 hours of a role": ("assume_role", 43_201, "less than or equal to 43200"),
}


@pytest.mark.parametrize(("operation", "seconds", "bound"), DURATIONS.values(), ids=DURATIONS)
def test_a_duration_has_bounds(sts: Any, operation: str, seconds: int, bound: str) -> None:
    role = {"RoleArn": ROLE, "RoleSessionName": "me"} if operation == "assume_role" else {}
    assert refused(sts, operation, DurationSeconds=seconds, **role) == (
        400,
        "ValidationError",
        f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: "
        f"Member must have value {bound}",
    )


def test_a_device_and_its_code_go_together(server: KeytrailServer, sts: Any, keytrail_client: Make) -> None:
    serial = f"arn:aws:iam::{ACCOUNT}:mfa/alice"
    both = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
    assert refused(sts, "get_session_token", SerialNumber=serial) == (403, "AccessDenied", both)
    answer = sts.get_session_token(SerialNumber=serial, TokenCode="123456")
    client_of(keytrail_client, answer).get_caller_identity()
    (record,) = server.events(eventName="GetSessionToken", errorCode=None)[-1:]
    assert "tokenCode" not in record["requestParameters"]
    (record,) = server.events(eventName="GetCallerIdentity")
    assert record["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"] == "true"


# ---- AssumeRole


def test_a_role_is_assumed_and_its_session_works(
    server: KeytrailServer, sts: Any, keytrail_client: Make, keytrail_clock: Any
) -> None:
    now = keytrail_clock.freeze("2026-06-01T10:00:00Z")
    answer = assumed(sts)
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/Ops/alice"
    assert answer["AssumedRoleUser"]["Arn"] == arn
    assert re.fullmatch(r"AROA[A-Z2-7]{17}:alice", answer["AssumedRoleUser"]["AssumedRoleId"])
    assert answer["Credentials"]["Expiration"] == now + timedelta(hours=1)
    told = client_of(keytrail_client, answer).get_caller_identity()
    assert (told["Arn"], told["UserId"]) == (arn, answer["AssumedRoleUser"]["AssumedRoleId"])
    key = client_of(keytrail_client, answer, "kms").create_key()["KeyMetadata"]
    assert key["AWSAccountId"] == ACCOUNT
    (record,) = server.events(eventName="CreateKey")
    identity = record["userIdentity"]
    assert (identity["type"], identity["arn"]) == ("AssumedRole", arn)
    assert identity["accessKeyId"] == answer["Credentials"]["AccessKeyId"]
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == ROLE
    assert identity["sessionContext"]["attributes"] == {
        "creationDate": "2026-06-01T10:00:00Z",
        "mfaAuthenticated": "false",
    }


def test_two_sessions_differ(sts: Any) -> None:
    one, other = (assumed(sts)["Credentials"] for _ in range(2))
    assert all(one[name] != other[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))


ROLES = [
    f"arn:aws:iam::{ACCOUNT}:user/alice",
    f"arn:aws:iam::{ACCOUNT}:role/",
    "arn:aws:iam::1234:role/Operations",
    "arn:aws:kms:us-east-1:111122223333:key/x",
]


@pytest.mark.parametrize("arn", ROLES)
def test_only_a_role_can_be_assumed(sts: Any, arn: str) -> None:
    assert refused(sts, "assume_role", RoleArn=arn, RoleSessionName="me") == (
        400,
        "ValidationError",
        f"{arn} is invalid",
    )


@pytest.mark.parametrize("name", ["a b", "a/b", "ä" * 3])
def test_the_name_of_a_session_has_a_pattern(sts: Any, name: str) -> None:
    assert refused(sts, "assume_role", RoleArn=ROLE, RoleSessionName=name) == (
        400,
        "ValidationError",
        f"1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+=,.@-]*",
    )


def test_a_root_may_not_assume_a_role(server: KeytrailServer, keytrail_client: Make) -> None:
    root = keytrail_client("sts", access_key_id="AKIAROOT000000000001")
    refusal = (403, "AccessDenied", "Roles may not be assumed by root accounts.")
    assert refused(root, "assume_role", RoleArn=ROLE, RoleSessionName="me") == refusal


def test_a_session_of_a_role_from_another_has_an_hour(sts: Any, keytrail_client: Make) -> None:
    first = client_of(keytrail_client, assumed(sts))
    assert assumed(first, DurationSeconds=3600)["Credentials"]
    assert refused(first, "assume_role", RoleArn=ROLE, RoleSessionName="me", DurationSeconds=3601) == (
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    )
    assert assumed(sts, DurationSeconds=43_200)["Credentials"], "a user's own access key may have twelve"


@pytest.mark.parametrize(("given", "longest"), [({}, 3600), ({"MaxSessionDuration": 7200}, 7200)])
def test_a_declared_role_has_a_longest_session(
    server: KeytrailServer, sts: Any, given: dict[str, int], longest: int
) -> None:
    """How we know: IAM API Reference, CreateRole: MaxSessionDuration, an hour if it is not given."""
    trust = {"Version": "2012-10-17", "Statement": trusting("*")}
    server.load({"identities": [{"Arn": ROLE, "TrustPolicy": trust, **given}]})
    assert assumed(sts, DurationSeconds=longest)["Credentials"]
    assert refused(sts, "assume_role", RoleArn=ROLE, RoleSessionName="me", DurationSeconds=longest + 1) == (
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )


@pytest.mark.parametrize(
    ("arn", "seconds", "word"), [(ROLE, 3599, "3600"), (ROLE, 43_201, "43200"), (USER, 7200, "only a role")]
)
def test_a_bad_longest_session_says_where_and_what(server: KeytrailServer, arn: str, seconds: int, word: str) -> None:
    with pytest.raises(SeedError) as caught:
        server.load({"identities": [{"Arn": arn, "MaxSessionDuration": seconds}]})
    (problem,) = caught.value.problems
    assert "identities[0].MaxSessionDuration" in problem
    assert word in problem


# ---- Trust policies


def test_a_role_is_assumed_by_whom_its_trust_policy_trusts(
    server: KeytrailServer, sts: Any, keytrail_client: Make
) -> None:
    declare(server, trusting({"AWS": USER}))
    assert assumed(sts)
    session = client_of(keytrail_client, assumed(sts))
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/Ops/alice"
    assert refused(session, "assume_role", RoleArn=ROLE, RoleSessionName="me") == (
        403,
        "AccessDenied",
        f"User: {arn} is not authorized to perform: sts:AssumeRole on resource: {ROLE}",
    )


EXTERNAL = {"StringEquals": {"sts:ExternalId": "secret-handshake"}}
TRUST: Mapping[str, tuple[object, dict[str, object], bool]] = {
    "the user": (trusting({"AWS": USER}), {}, True),
    "its account": (trusting({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), {}, True),
    "its account's number": (trusting({"AWS": ACCOUNT}), {}, True),
    "everybody": (trusting("*"), {}, True),
    "several": (trusting({"AWS": [f"arn:aws:iam::{OTHER}:root", USER]}), {}, True),
    "another user": (trusting({"AWS": f"arn:aws:iam::{ACCOUNT}:user/bob"}), {}, False),
    "another account": (trusting({"AWS": f"arn:aws:iam::{OTHER}:root"}), {}, False),
    "a service": (trusting({"Service": "lambda.amazonaws.com"}), {}, False),
    "another action": (trusting("*", Action="sts:AssumeRoleWithSAML"), {}, False),
    "any action": (trusting("*", Action="sts:*"), {}, True),
    "a denial": ([trusting("*"), trusting({"AWS": USER}, Effect="Deny")], {}, False),
    "an external id": (trusting("*", Condition=EXTERNAL), {"ExternalId": "secret-handshake"}, True),
    "another external id": (trusting("*", Condition=EXTERNAL), {"ExternalId": "guess"}, False),
    "no external id": (trusting("*", Condition=EXTERNAL), {}, False),
    "a session's name": (
        trusting("*", Condition={"StringLike": {"sts:RoleSessionName": "al*"}}),
        {},
        True,
    ),
    "the user's own name": (
        trusting("*", Condition={"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}),
        {},
        True,
    ),
    "another's name": (trusting("*", Condition={"StringEquals": {"sts:RoleSessionName": "bob"}}), {}, False),
    "a device": (
        trusting("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        {"SerialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/alice", "TokenCode": "123456"},
        True,
    ),
    "no device": (trusting("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}), {}, False),
    "an address": (trusting("*", Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}), {}, True),
    "its principal": (trusting("*", Condition={"ArnLike": {"aws:PrincipalArn": f"{USER[:-5]}*"}}), {}, True),
    "tags without leave": (trusting("*"), {"Tags": [{"Key": "Team", "Value": "a"}]}, False),
    "tags with leave": (
        trusting("*", Action=["sts:AssumeRole", "sts:TagSession"]),
        {"Tags": [{"Key": "Team", "Value": "a"}]},
        True,
    ),
    "another tag": (
        trusting("*", Action="sts:*", Condition={"StringEquals": {"aws:RequestTag/team": "b"}}),
        {"Tags": [{"Key": "Team", "Value": "a"}]},
        False,
    ),
    "that tag": (
        trusting("*", Action="sts:*", Condition={"StringEquals": {"aws:RequestTag/team": "a"}}),
        {"Tags": [{"Key": "Team", "Value": "a"}]},
        True,
    ),
    "keys of tags": (
        trusting("*", Action="sts:*", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["Team"]}}),
        {"Tags": [{"Key": "Team", "Value": "a"}, {"Key": "Other", "Value": "a"}]},
        False,
    ),
    "transitive keys": (
        trusting("*", Action="sts:*", Condition={"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": "Team"}}),
        {"Tags": [{"Key": "Team", "Value": "a"}], "TransitiveTagKeys": ["Team"]},
        True,
    ),
    "a source identity without leave": (trusting("*"), {"SourceIdentity": "alice"}, False),
    "a source identity with leave": (
        trusting(
            "*",
            Action=["sts:AssumeRole", "sts:SetSourceIdentity"],
            Condition={"StringEquals": {"sts:SourceIdentity": "alice"}},
        ),
        {"SourceIdentity": "alice"},
        True,
    ),
}


@pytest.mark.parametrize(("statement", "members", "may"), TRUST.values(), ids=TRUST)
def test_the_trust_policy_decides(
    server: KeytrailServer, sts: Any, statement: object, members: dict[str, object], may: bool
) -> None:
    declare(server, statement)
    if may:
        assert assumed(sts, **members)["Credentials"]
    else:
        status, code, message = refused(sts, "assume_role", RoleArn=ROLE, RoleSessionName="alice", **members)
        assert (status, code) == (403, "AccessDenied")
        assert re.fullmatch(
            rf"User: {USER} is not authorized to perform: sts:\w+ on resource: {ROLE}"
            r"(?P<why> with an explicit deny in the role trust policy)?",
            message,
        )


def test_an_undeclared_caller_stands_for_anybody_of_its_account(server: KeytrailServer, keytrail_client: Make) -> None:
    """How we know: decision 27."""
    declare(server, trusting({"AWS": f"arn:aws:iam::{OTHER}:user/deployer"}, Condition=EXTERNAL))
    own, other = (keytrail_client("sts", account=account) for account in (OTHER, "777788889999"))
    assert assumed(own, ExternalId="secret-handshake")
    assert refused(own, "assume_role", RoleArn=ROLE, RoleSessionName="me")[1] == "AccessDenied"
    members = {"RoleArn": ROLE, "RoleSessionName": "me", "ExternalId": "secret-handshake"}
    assert refused(other, "assume_role", **members)[1] == "AccessDenied"


def test_a_denial_holds_for_an_undeclared_caller_too(server: KeytrailServer, keytrail_client: Make) -> None:
    declare(server, [trusting({"AWS": OTHER}), trusting("*", Effect="Deny")])
    caller = keytrail_client("sts", account=OTHER)
    assert refused(caller, "assume_role", RoleArn=ROLE, RoleSessionName="me")[1] == "AccessDenied"


def test_a_strict_endpoint_knows_no_role_that_no_fixture_declares(keytrail_client: Make) -> None:
    with KeytrailServer(fixtures=SEED, strict=True) as server:
        declare(server, trusting({"AWS": USER}))
        body = "Action=AssumeRole&Version=2011-06-15&RoleSessionName=me&RoleArn="
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        for role, status in ((ROLE, 200), (ROLE + "Two", 403)):
            keys = ("AKIAALICE00000000001", "alice-secret")
            sent = signed(f"{server.url}/", body + role, headers, keys, service="sts")
            assert requests.post(f"{server.url}/", data=body + role, headers=sent, timeout=5).status_code == status


# ---- The caller's own policies


def own(server: KeytrailServer, *statements: Mapping[str, object], **members: object) -> None:
    """Give the user identity policies."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    server.load({"identities": [{"Arn": USER, "Policies": {"Own": document}, **members}]})


ASSUME = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::{ACCOUNT}:role/service/*"}
KMS_ONLY = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
OWN: Mapping[str, tuple[object, list[Mapping[str, object]], str | None]] = {
    "its account is trusted, and it may": ({"AWS": ACCOUNT}, [ASSUME], None),
    "its account is trusted, and it may not": ({"AWS": ACCOUNT}, [KMS_ONLY], ""),
    "it is trusted itself, so it need not": ({"AWS": USER}, [KMS_ONLY], None),
    "it is denied": (
        {"AWS": USER},
        [{**ASSUME, "Effect": "Deny"}],
        " with an explicit deny in an identity-based policy",
    ),
}


@pytest.mark.parametrize(("principal", "statements", "why"), OWN.values(), ids=OWN)
def test_the_callers_own_policies_have_their_say(
    server: KeytrailServer, sts: Any, principal: object, statements: list[Mapping[str, object]], why: str | None
) -> None:
    """How we know: IAM User Guide, "Policy evaluation logic": what is the account's, the account gives on."""
    declare(server, trusting(principal))
    own(server, *statements)
    if why is None:
        assert assumed(sts)["Credentials"]
        return
    message = f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: {ROLE}{why}"
    assert refused(sts, "assume_role", RoleArn=ROLE, RoleSessionName="me") == (403, "AccessDenied", message)


def test_in_another_account_both_must_allow(server: KeytrailServer, sts: Any) -> None:
    role = f"arn:aws:iam::{OTHER}:role/Ops"
    declare(server, trusting({"AWS": USER}), role=role)
    assert assumed(sts, role=role), "of whom no policies are declared may all that key policies let it"
    own(server, KMS_ONLY)
    assert refused(sts, "assume_role", RoleArn=role, RoleSessionName="me")[1] == "AccessDenied"
    own(server, {**ASSUME, "Resource": role})
    assert assumed(sts, role=role)


def test_roles_come_from_fixtures_and_the_decision_is_explained(server: KeytrailServer, sts: Any) -> None:
    trust = {"Version": "2012-10-17", "Statement": trusting({"AWS": OTHER})}
    server.load({"identities": [{"Arn": ROLE, "TrustPolicy": trust}]})
    with pytest.raises(ClientError) as caught:
        assumed(sts)
    request_id = caught.value.response["ResponseMetadata"]["RequestId"]
    (explanation,) = server.endpoint.authorizer.explanations.of_request(request_id)
    told = explanation.members()
    assert (told["action"], told["resource"], told["allowed"]) == ("sts:AssumeRole", ROLE, False)


# ---- Tags, source identity, policies


def test_tags_may_be_transitive(server: KeytrailServer, sts: Any, keytrail_client: Make) -> None:
    tags = [{"Key": "Team", "Value": "payments"}, {"Key": "Cost", "Value": "7"}]
    session = client_of(keytrail_client, assumed(sts, Tags=tags, TransitiveTagKeys=["team"]))
    declare(
        server,
        trusting("*", Action="sts:*", Condition={"StringEquals": {"aws:PrincipalTag/Team": "payments"}}),
        role=f"{ROLE}Two",
    )
    second = client_of(keytrail_client, assumed(session, f"{ROLE}Two"))
    assert assumed(second, f"{ROLE}Two"), "the transitive tag has come along"
    declare(server, trusting("*", Condition={"Null": {"aws:PrincipalTag/Cost": "true"}}), role=f"{ROLE}Three")
    assert assumed(second, f"{ROLE}Three"), "the other has not"
    assert refused(session, "assume_role", RoleArn=f"{ROLE}Three", RoleSessionName="me")[1] == "AccessDenied"
    again = {"RoleArn": f"{ROLE}Four", "RoleSessionName": "me", "Tags": [{"Key": "TEAM", "Value": "x"}]}
    assert refused(session, "assume_role", **again) == (
        400,
        "InvalidParameterValue",
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
        "from the calling session.",
    )


TAGS: Mapping[str, tuple[dict[str, object], str]] = {
    "one key twice": (
        {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]},
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    ),
    "a transitive key that is none": (
        {"Tags": [{"Key": "a", "Value": "1"}], "TransitiveTagKeys": ["b"]},
        "The specified transitive tag key must be included in the requested tags.",
    ),
    "a character that is none of theirs": (
        {"Tags": [{"Key": "a", "Value": "1;2"}]},
        "1 validation error detected: Value '1;2' at 'tags.1.member.value' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*",
    ),
    "no context provider": (
        {"ProvidedContexts": [{"ProviderArn": f"{ROLE}", "ContextAssertion": "signed"}]},
        "The provided context assertion is not valid.",
    ),
    "an unknown managed policy": (
        {"PolicyArns": [{"arn": f"arn:aws:iam::{ACCOUNT}:policy/Mine"}]},
        f"Policy arn:aws:iam::{ACCOUNT}:policy/Mine does not exist or is not attachable.",
    ),
}


@pytest.mark.parametrize(("members", "message"), TAGS.values(), ids=TAGS)
def test_what_a_session_cannot_have_is_refused(sts: Any, members: dict[str, object], message: str) -> None:
    code = "InvalidParameterValue" if "tag key" in message else "ValidationError"
    assert refused(sts, "assume_role", RoleArn=ROLE, RoleSessionName="me", **members) == (400, code, message)


def test_session_tags_go_into_key_policies(server: KeytrailServer, sts: Any, keytrail_client: Make) -> None:
    """How we know: IAM User Guide, aws:PrincipalTag: the session's tags, over those of the role."""
    condition = {"StringEquals": {"aws:PrincipalTag/team": "payments"}}
    statement = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "kms:Encrypt", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": {**statement, "Condition": condition}}
    server.load({"keys": [{"KeyId": KEY, "Account": ACCOUNT, "Policy": policy}]})
    declare(server, trusting("*", Action="sts:*"), tags={"Team": "payments"})
    use = {"KeyId": KEY, "Plaintext": b"x"}
    for tags, may in (([], True), ([{"Key": "TEAM", "Value": "other"}], False)):
        kms = client_of(keytrail_client, assumed(sts, Tags=tags), "kms")
        if may:
            assert kms.encrypt(**use)
        else:
            assert refused(kms, "encrypt", **use)[1] == "AccessDeniedException"


def test_a_session_policy_keeps_the_session_from_the_rest(
    server: KeytrailServer, sts: Any, keytrail_client: Make
) -> None:
    bound = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*"}}
    server.load({"keys": [{"KeyId": KEY, "Account": ACCOUNT}]})
    kms = client_of(keytrail_client, assumed(sts, Policy=json.dumps(bound)), "kms")
    assert kms.encrypt(KeyId=KEY, Plaintext=b"x")
    status, code, message = refused(kms, "describe_key", KeyId=KEY)
    assert (status, code) == (400, "AccessDeniedException")
    assert message.endswith("because no session policy allows the kms:DescribeKey action")


@pytest.mark.parametrize("value", ["Zürich 2", "日本語", "a_b.c:d/e=f+g-h@i", "\u2003", ""])
def test_tags_are_of_letters_of_every_language(sts: Any, value: str) -> None:
    assert assumed(sts, Tags=[{"Key": "k", "Value": value}])


def test_a_source_identity_stays(server: KeytrailServer, sts: Any, keytrail_client: Make) -> None:
    answer = assumed(sts, SourceIdentity="alice")
    assert answer["SourceIdentity"] == "alice"
    session = client_of(keytrail_client, answer)
    assert assumed(session, f"{ROLE}Two")["SourceIdentity"] == "alice"
    changed = {"RoleArn": ROLE, "RoleSessionName": "me", "SourceIdentity": "bob"}
    assert refused(session, "assume_role", **changed)[1] == "AccessDenied"
    session.get_caller_identity()
    (record,) = server.events(eventName="GetCallerIdentity")
    assert record["userIdentity"]["sessionContext"]["sourceIdentity"] == "alice"


POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}


def test_a_session_policy_bounds_the_session(server: KeytrailServer, sts: Any) -> None:
    managed = "arn:aws:iam::aws:policy/AdministratorAccess"
    answer = assumed(sts, Policy=json.dumps(POLICY), PolicyArns=[{"arn": managed}])
    assert 18 < answer["PackedPolicySize"] == answer["SessionTokenUtilization"] <= 100
    credential = server.endpoint.callers.sessions.get(answer["Credentials"]["AccessKeyId"])
    assert credential is not None
    assert json.loads(credential.principal.session_policies[0]) == POLICY
    assert len(credential.principal.session_policies) == 2


def test_a_managed_policy_is_one_of_the_roles(server: KeytrailServer, sts: Any) -> None:
    declare(server, trusting("*"), policies={"Mine": json.dumps(POLICY)})
    answer = assumed(sts, PolicyArns=[{"arn": f"arn:aws:iam::{ACCOUNT}:policy/Mine"}])
    credential = server.endpoint.callers.sessions.get(answer["Credentials"]["AccessKeyId"])
    assert credential is not None
    assert credential.principal.session_policies == (json.dumps(POLICY),)


MALFORMED = {
    "no JSON": ("{", "This policy contains invalid Json"),
    "no object": ("[]", "Syntax errors in policy."),
    "no statement": ('{"Version": "2012-10-17"}', "Syntax errors in policy."),
    "no resource": (
        '{"Statement": [{"Effect": "Allow", "Action": "kms:*"}]}',
        "Syntax errors in policy.",
    ),
    "a principal": (
        '{"Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": "*"}]}',
        "Policy document should not specify a principal.",
    ),
}


@pytest.mark.parametrize(("policy", "message"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_session_policy_is_refused(sts: Any, policy: str, message: str) -> None:
    refusal = refused(sts, "assume_role", RoleArn=ROLE, RoleSessionName="me", Policy=policy)
    assert refusal == (400, "MalformedPolicyDocument", message)


def test_a_session_policy_has_a_size(sts: Any) -> None:
    noise = "".join(random.Random(7).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=4000))
    large = {"Statement": [{"Sid": noise, "Effect": "Allow", "Action": "*", "Resource": "*"}]}
    members = {"RoleArn": ROLE, "RoleSessionName": "me", "Policy": json.dumps(large)}
    status, code, message = refused(sts, "assume_role", **members)
    assert (status, code) == (400, "PackedPolicyTooLarge")
    assert re.fullmatch(r"Packed policy consumes [0-9]{3}% of allotted space, please use smaller policy\.", message)


def test_a_token_may_be_asked_to_be_large(sts: Any) -> None:
    answer = assumed(sts, MinimumSessionTokenSize=3000)
    assert len(answer["Credentials"]["SessionToken"]) == answer["SessionTokenSize"] == 3000
    assert answer["SessionTokenUtilization"] == answer["PackedPolicySize"] == 73


# ---- Expiry, tokens, reset


def test_a_session_ends_by_the_clock(sts: Any, keytrail_client: Make, keytrail_clock: Any) -> None:
    answer = assumed(sts, DurationSeconds=900)
    kms, again = client_of(keytrail_client, answer, "kms"), client_of(keytrail_client, answer)
    keytrail_clock.advance(seconds=895)
    assert kms.list_keys()["Keys"] == []
    keytrail_clock.advance(seconds=10)
    expired = "The security token included in the request is expired"
    assert refused(kms, "list_keys") == (400, "ExpiredTokenException", expired)
    assert refused(again, "get_caller_identity") == (403, "ExpiredToken", expired)


def test_a_session_needs_its_own_token(sts: Any, keytrail_client: Make) -> None:
    one, other = assumed(sts), assumed(sts)
    mixed = {"Credentials": {**one["Credentials"], "SessionToken": other["Credentials"]["SessionToken"]}}
    invalid = "The security token included in the request is invalid"
    assert refused(client_of(keytrail_client, mixed, "kms"), "list_keys") == (
        400,
        "UnrecognizedClientException",
        invalid,
    )
    assert refused(client_of(keytrail_client, mixed), "get_caller_identity") == (403, "InvalidClientTokenId", invalid)


def test_a_wrong_secret_is_refused_in_the_words_of_sts(server: KeytrailServer, keytrail_client: Make) -> None:
    thief = keytrail_client("sts", access_key_id="AKIAALICE00000000001", secret_access_key="guess")
    status, code, message = refused(thief, "get_caller_identity")
    assert (status, code) == (403, "SignatureDoesNotMatch")
    assert message.startswith("The request signature we calculated does not match the signature you provided.")


def test_a_signature_for_sts_is_good_for_a_quarter_of_an_hour(server: KeytrailServer, sts: Any) -> None:
    """How we know: refusals of STS say "- 15 min.", those of JSON services "- 5 min."."""
    url = sts.generate_presigned_url("get_caller_identity", HttpMethod="GET", ExpiresIn=60)
    ahead = datetime.now(UTC) + timedelta(minutes=10)
    date = re.search(r"X-Amz-Date=(\d{8}T\d{6}Z)", url)
    assert date is not None
    answer = requests.get(url.replace(date[1], f"{ahead:%Y%m%dT%H%M%SZ}"), timeout=5)
    message = etree.fromstring(answer.content).findtext(f".//{NAMESPACE}Message")
    assert "not yet current" not in str(message), "ten minutes ahead is no matter; the signature itself is"


def test_an_unsigned_call_of_a_strict_endpoint_is_refused_in_the_words_of_sts() -> None:
    with KeytrailServer(strict=True) as server:
        answer = form(server, "Action=GetCallerIdentity&Version=2011-06-15")
    root = etree.fromstring(answer.content)
    assert answer.status_code == 403
    assert root.findtext(f".//{NAMESPACE}Code") == "MissingAuthenticationToken"
    assert root.findtext(f".//{NAMESPACE}Message") == "Request is missing Authentication Token"


def test_a_reset_ends_all_sessions_and_makes_nobody_a_root(
    server: KeytrailServer, sts: Any, keytrail_client: Make
) -> None:
    kms = client_of(keytrail_client, assumed(sts), "kms")
    server.reset()
    invalid = "The security token included in the request is invalid"
    assert refused(kms, "list_keys") == (400, "UnrecognizedClientException", invalid)


def test_sessions_are_bounded_and_the_oldest_leave_first() -> None:
    sessions, now = Sessions(), datetime.now(UTC)
    principal = Principal.root(ACCOUNT)
    keys = [str(sessions.issue(principal, now).principal.access_key_id) for _ in range(MAX_SESSIONS + 2)]
    assert [sessions.get(key) is not None for key in (keys[0], keys[1], keys[2], keys[-1])] == [
        False,
        False,
        True,
        True,
    ]
    assert all(sessions.issued(key) for key in keys)
    assert not any(Sessions().issued(key) for key in keys[:100])
    assert not sessions.issued("ASIAIOSFODNN7EXAMPLE")
    assert not sessions.issued("AKIA" + keys[0][4:])


def test_the_account_can_be_read_from_an_access_key() -> None:
    """How we know: as anybody reads it from AWS's: 40 bits, after the first, of the base 32 behind the prefix."""
    for account in ("000000000000", ACCOUNT, "999999999999"):
        key = str(Sessions().issue(Principal.root(account), datetime.now(UTC)).principal.access_key_id)
        number = int.from_bytes(base64.b32decode(key[4:])[:6])
        assert f"{(number & 0x7FFFFFFFFF80) >> 7:012}" == account


# ---- GetAccessKeyInfo


def test_the_account_of_an_access_key_is_reported(server: KeytrailServer, sts: Any) -> None:
    session = assumed(sts, role=f"arn:aws:iam::{OTHER}:role/Ops")["Credentials"]["AccessKeyId"]
    accounts = [
        sts.get_access_key_info(AccessKeyId=key)["Account"]
        for key in ("AKIAALICE00000000001", session, "AKIAIOSFODNN7EXAMPLE")
    ]
    assert accounts == [ACCOUNT, OTHER, server.settings.account]


def test_an_access_key_has_16_characters_at_least(sts: Any) -> None:
    with pytest.raises(ClientError, match="Member must have length greater than or equal to 16"):
        sts.get_access_key_info(AccessKeyId="AKIASHORT")


# ---- CloudTrail


def test_calls_of_sts_are_events(server: KeytrailServer, sts: Any, keytrail_client: Make) -> None:
    answer = assumed(sts, ExternalId="secret-handshake", DurationSeconds=1800)
    trail = keytrail_client("cloudtrail", access_key_id="AKIAALICE00000000001")
    found = trail.lookup_events(
        LookupAttributes=[{"AttributeKey": "EventSource", "AttributeValue": "sts.amazonaws.com"}]
    )["Events"]
    (event,) = found
    assert event["Resources"][-1] == {"ResourceType": "AWS::IAM::Role", "ResourceName": ROLE}
    record = json.loads(event["CloudTrailEvent"])
    assert record["eventName"] == "AssumeRole"
    assert record["readOnly"] is True
    assert record["requestID"] == answer["ResponseMetadata"]["RequestId"]
    assert record["requestParameters"] == {
        "roleArn": ROLE,
        "roleSessionName": "alice",
        "externalId": "secret-handshake",
        "durationSeconds": 1800,
    }
    elements = record["responseElements"]
    assert sorted(elements["credentials"]) == ["accessKeyId", "expiration", "sessionToken"]
    assert elements["assumedRoleUser"]["arn"].endswith("assumed-role/Ops/alice")
    assert record["resources"] == [{"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": ROLE}]
    assert "alice-secret" not in event["CloudTrailEvent"]
    assert answer["Credentials"]["SecretAccessKey"] not in event["CloudTrailEvent"]


def test_a_role_assumed_from_another_account_is_in_both_trails(server: KeytrailServer, sts: Any) -> None:
    """How we know: CloudTrail User Guide, "CloudTrail record contents", sharedEventID."""
    role = f"arn:aws:iam::{OTHER}:role/Ops"
    assumed(sts, role=role)
    mine, theirs = server.events(eventName="AssumeRole")
    assert (mine["recipientAccountId"], theirs["recipientAccountId"]) == (ACCOUNT, OTHER)
    assert mine["sharedEventID"] == theirs["sharedEventID"]
    assert theirs["userIdentity"]["type"] == "AWSAccount"


def test_a_refusal_of_sts_is_an_event_of_the_callers(server: KeytrailServer, sts: Any) -> None:
    declare(server, trusting({"AWS": OTHER}))
    refused(sts, "assume_role", RoleArn=ROLE, RoleSessionName="me")
    (record,) = server.events(eventName="AssumeRole")
    assert record["errorCode"] == "AccessDenied"
    assert record["errorMessage"].startswith(f"User: {USER} is not authorized to perform: sts:AssumeRole")
    assert record["responseElements"] is None


# ---- The service model


def test_every_operation_that_is_modelled_is_answered_with_all_its_members() -> None:
    model = service_model.load("sts")
    assert SERVICES["sts"].operations.keys() == model.operations.keys()
    for name, operation in SERVICES["sts"].operations.items():
        assert operation.parameters.keys() == model.operations[name].input.members.keys()


def test_a_server_that_speaks_json_does_not_import_lxml() -> None:
    code = (
        "import sys, keytrail.http.serving, keytrail.endpoint as t, keytrail.settings as g, keytrail.clock as c; "
        "t.Endpoint(g.Settings(), c.Clock()); "
        "print(sorted({'lxml', 'keytrail.wire.aws_query', 'keytrail.wire.xml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
