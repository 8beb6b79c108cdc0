"""Callers: account, Region and principal of a request.

How we know: docs/who-may.md, "Who is calling"; the form of the scope: IAM User Guide, "Elements of an AWS API request
signature".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
import requests
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from keytrail.seeds import SeedError
from keytrail.server import KeytrailServer
from tests.support import KEY, refusal
from tests.support.wire import authorization, error_of, post

AUDITOR = "arn:aws:iam::111122223333:role/KeyAuditor"
SEED: dict[str, Any] = {
    "credentials": [
        {"AccessKeyId": "AKIAAUDITOR000000001", "SecretAccessKey": "auditor-secret", "Principal": AUDITOR},
        {
            "AccessKeyId": "ASIASESSION00000001",
            "SecretAccessKey": "s",
            "Principal": "arn:aws:sts::222233334444:assumed-role/Ops/alice",
        },
    ],
    "accounts": [{"Account": "555566667777", "AccessKeyIds": ["AKIAROOT555566667777"]}],
}


@pytest.fixture(scope="module")
def server() -> Iterator[KeytrailServer]:
    """A server with declared credentials and an unusual default account."""
    with KeytrailServer(fixtures=SEED, account="999999999999", region="eu-central-1") as server:
        yield server


SECRETS = {credential["AccessKeyId"]: credential["SecretAccessKey"] for credential in SEED["credentials"]}


def created(server: KeytrailServer, header: str | None, query: str = "") -> list[str]:
    """Region and account of a key that is created with this Authorization."""
    headers = {"X-Amz-Target": "TrentService.CreateKey", **({"Authorization": header} if header is not None else {})}
    answer = requests.post(f"{server.url}/{query}", data=b"{}", headers=headers, timeout=5)
    assert answer.status_code == 200, answer.text
    arn: str = answer.json()["KeyMetadata"]["Arn"]
    return arn.split(":")[3:5]


ACCESS_KEYS = {
    "twelve digits are an account": ("111122223333", "111122223333"),
    "twelve other digits": ("000000000001", "000000000001"),
    "a declared role": ("AKIAAUDITOR000000001", "111122223333"),
    "a declared session": ("ASIASESSION00000001", "222233334444"),
    "an account's access key": ("AKIAROOT555566667777", "555566667777"),
    "an unknown access key": ("AKIAIOSFODNN7EXAMPLE", "999999999999"),
    "eleven digits": ("11112222333", "999999999999"),
    "thirteen digits": ("1111222233334", "999999999999"),
    "a declared key in another case": ("akiaauditor000000001", "999999999999"),
    "test": ("test", "999999999999"),
}


@pytest.mark.parametrize(("access_key", "account"), ACCESS_KEYS.values(), ids=ACCESS_KEYS)
def test_the_access_key_names_the_account(server: KeytrailServer, access_key: str, account: str) -> None:
    answer = post(server, "CreateKey", account=access_key, secret=SECRETS.get(access_key))
    assert answer.json()["KeyMetadata"]["Arn"].split(":")[3:5] == ["us-east-1", account]


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ap-southeast-2", "us-gov-west-1", "cn-north-1"])
def test_the_region_is_that_of_the_credential_scope(server: KeytrailServer, region: str) -> None:
    assert created(server, authorization("111122223333", region)) == [region, "111122223333"]


def test_a_boto3_client_is_in_its_region_and_account(server: KeytrailServer) -> None:
    client = boto3.client(
        "kms",
        endpoint_url=server.url,
        region_name="ap-south-1",
        aws_access_key_id="AKIAAUDITOR000000001",
        aws_secret_access_key="auditor-secret",
    )
    assert client.create_key()["KeyMetadata"]["Arn"].split(":")[3:5] == ["ap-south-1", "111122223333"]


def test_a_presigned_query_names_region_and_account(server: KeytrailServer) -> None:
    request = AWSRequest("POST", f"{server.url}/", headers={"X-Amz-Target": "TrentService.CreateKey"}, data=b"{}")
    SigV4QueryAuth(Credentials("111122223333", "any"), "kms", "sa-east-1").add_auth(request)
    query = request.url.partition("?")[2]
    assert "X-Amz-Credential=111122223333%2F" in query
    assert created(server, None, f"?{query}") == ["sa-east-1", "111122223333"]


def test_the_header_goes_before_the_query(server: KeytrailServer) -> None:
    query = "?X-Amz-Credential=222233334444/20261124/eu-west-1/kms/aws4_request"
    assert created(server, authorization("111122223333", "us-west-2"), query) == ["us-west-2", "111122223333"]


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer 111122223333", "Basic YTpi", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Signature=0", "nonsense, ,="],
)
def test_a_call_without_credentials_is_the_default_accounts_in_the_default_region(
    server: KeytrailServer, header: str | None
) -> None:
    assert created(server, header) == ["eu-central-1", "999999999999"]


BROKEN = {
    "SigV4a, whose scope has no Region": (
        "AWS4-ECDSA-P256-SHA256 Credential=111122223333/20261124/kms/aws4_request, SignedHeaders=host, Signature=0",
        ["eu-central-1", "111122223333"],
    ),
    "an access key alone": ("AWS4-HMAC-SHA256 Credential=111122223333", ["eu-central-1", "111122223333"]),
    "no spaces": (
        "AWS4-HMAC-SHA256 Credential=111122223333/20261124/us-east-1/kms/aws4_request,SignedHeaders=host,Signature=0",
        ["us-east-1", "111122223333"],
    ),
    "the credential last": (
        "AWS4-HMAC-SHA256 Signature=0, Credential=111122223333/20261124/us-east-1/kms/aws4_request",
        ["us-east-1", "111122223333"],
    ),
}


@pytest.mark.parametrize(("header", "where"), BROKEN.values(), ids=BROKEN)
def test_a_broken_authorization_counts_as_far_as_it_can_be_read(
    server: KeytrailServer, header: str, where: list[str]
) -> None:
    # Of those whom nobody declared, no signature can be checked; AWS would refuse most of these.
    assert created(server, header) == where


@pytest.mark.parametrize("region", ["", "Mars", "us_east_1", "us-east-1:x", "a" * 33])
def test_a_scope_with_an_impossible_region_is_refused(server: KeytrailServer, region: str) -> None:
    answer = post(server, "ListKeys", account="111122223333", region=region)
    assert (answer.status_code, answer.json()["__type"]) == (400, "InvalidSignatureException")


def test_the_trail_names_the_principal_of_the_access_key(server: KeytrailServer) -> None:
    answer = post(server, "ListKeys", account="AKIAAUDITOR000000001", secret="auditor-secret")
    (event,) = server.events(requestID=answer.headers["x-amzn-RequestId"])
    assert event["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == AUDITOR
    assert event["userIdentity"]["accountId"] == event["recipientAccountId"] == "111122223333"
    assert event["userIdentity"]["accessKeyId"] == "AKIAAUDITOR000000001"


def test_accounts_and_regions_do_not_see_each_other(keytrail_client: Callable[..., Any]) -> None:
    places = [(f"{account:012}", region) for account in range(1, 9) for region in ("us-east-1", "eu-west-1")]

    def work(place: tuple[str, str]) -> tuple[set[str], set[str]]:
        client = keytrail_client(account=place[0], region=place[1])
        made = {client.create_key()["KeyMetadata"]["KeyId"] for _ in range(5)}
        client.create_alias(AliasName="alias/mine", TargetKeyId=min(made))
        assert client.describe_key(KeyId="alias/mine")["KeyMetadata"]["KeyId"] == min(made)
        return made, {key["KeyId"] for key in client.list_keys()["Keys"]}

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(work, places))
    assert all(made == listed for made, listed in seen)
    assert len(set.union(*(made for made, _ in seen))) == 5 * len(places)


def test_a_region_does_not_know_another_regions_key_or_alias(keytrail_client: Callable[..., Any]) -> None:
    here, there = keytrail_client(region="us-east-1"), keytrail_client(region="eu-west-1")
    key = here.create_key()["KeyMetadata"]["KeyId"]
    here.create_alias(AliasName="alias/mine", TargetKeyId=key)
    for name in (key, "alias/mine"):
        with pytest.raises(there.exceptions.NotFoundException):
            there.describe_key(KeyId=name)


# ---- Services and temporary credentials of fixtures


def seeded(**credential: object) -> dict[str, Any]:
    """A seed with one access key."""
    return {
        "credentials": [
            {
                "AccessKeyId": "ASIADECLARED00000001",
                "SecretAccessKey": "declared-secret",
                "Principal": "arn:aws:sts::111122223333:assumed-role/Ops/alice",
                **credential,
            }
        ]
    }


def served(account: str) -> dict[str, Any]:
    """A seed with a key that a service may use."""
    allow = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "kms:Encrypt", "Resource": "*"}
    return {"keys": [{"KeyId": KEY, "Account": account, "Policy": {"Version": "2012-10-17", "Statement": allow}}]}


def test_a_service_calls_on_an_accounts_behalf(
    keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    """How we know: CloudTrail User Guide, "userIdentity element", type AWSService."""
    keytrail_clean.load({**seeded(Principal="s3.amazonaws.com", Account="111122223333"), **served("111122223333")})
    service = keytrail_client(access_key_id="ASIADECLARED00000001")
    answer = service.encrypt(KeyId=KEY, Plaintext=b"x")
    assert answer["KeyId"] == f"arn:aws:kms:us-east-1:111122223333:key/{KEY}"
    (record,) = keytrail_clean.events(requestID=answer["ResponseMetadata"]["RequestId"])
    assert record["userIdentity"] == {"type": "AWSService", "invokedBy": "s3.amazonaws.com"}
    assert record["sourceIPAddress"] == record["userAgent"] == "s3.amazonaws.com"
    assert record["recipientAccountId"] == "111122223333"
    assert refusal(service, "DescribeKey", KeyId=KEY)[0] == "AccessDeniedException"


def test_a_service_without_an_account_calls_for_the_default_account(
    keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    account = keytrail_clean.settings.account
    keytrail_clean.load({**seeded(Principal="s3.amazonaws.com"), **served(account)})
    answer = keytrail_client(access_key_id="ASIADECLARED00000001").encrypt(KeyId=KEY, Plaintext=b"x")
    assert answer["KeyId"].split(":")[4] == account


BAD_CREDENTIALS = {
    "no service of AWS": ({"Principal": "s3.example.com"}, "credentials[0].Principal", "arn:aws:iam::"),
    "an account beside an ARN": ({"Account": "222233334444"}, "credentials[0].Account", "leave it out"),
    "an expiration without a token": ({"Expiration": "in 1 hour"}, "credentials[0].Expiration", "SessionToken"),
    "no moment": ({"SessionToken": "t", "Expiration": "soon"}, "credentials[0].Expiration", "ISO 8601"),
    "an empty token": ({"SessionToken": ""}, "credentials[0].SessionToken", "a text that is not empty"),
}


@pytest.mark.parametrize(("members", "path", "word"), BAD_CREDENTIALS.values(), ids=BAD_CREDENTIALS)
def test_a_bad_credential_says_where_and_what(
    keytrail_clean: KeytrailServer, members: dict[str, object], path: str, word: str
) -> None:
    with pytest.raises(SeedError) as caught:
        keytrail_clean.load(seeded(**members))
    (problem,) = caught.value.problems
    assert path in problem
    assert word in problem


def test_temporary_credentials_of_a_seed_expire_by_the_clock(
    keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any], keytrail_clock: Any
) -> None:
    keytrail_clean.load(seeded(SessionToken="the-token", Expiration="in 1 hour"))
    client = keytrail_client(access_key_id="ASIADECLARED00000001", session_token="the-token")
    assert client.list_keys()["Keys"] == []
    keytrail_clock.advance(minutes=61)
    code, message = refusal(client, "ListKeys")
    assert (code, message) == ("ExpiredTokenException", "The security token included in the request is expired")


@pytest.mark.parametrize("token", [None, "another-token"])
def test_the_token_must_be_that_of_the_session(
    keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any], token: str | None
) -> None:
    keytrail_clean.load(seeded(SessionToken="the-token"))
    client = keytrail_client(access_key_id="ASIADECLARED00000001", session_token=token)
    invalid = "The security token included in the request is invalid"  # without the period of an unknown access key
    assert refusal(client, "ListKeys") == ("UnrecognizedClientException", invalid)


LONG_TERM = {"AccessKeyId": "AKIADECLARED00000001", "Principal": "arn:aws:iam::111122223333:user/Alice"}


@pytest.mark.parametrize("where", ["header", "query"])
def test_no_session_token_goes_with_a_long_term_access_key(keytrail_clean: KeytrailServer, where: str) -> None:
    """A stale AWS_SESSION_TOKEN in the environment. How we know: kms-behaviour A.5."""
    keytrail_clean.load(seeded(**LONG_TERM))
    stale = Credentials(LONG_TERM["AccessKeyId"], "declared-secret", "stale")
    request = AWSRequest(
        "POST", f"{keytrail_clean.url}/", headers={"X-Amz-Target": "TrentService.ListKeys"}, data=b"{}"
    )
    auth = SigV4Auth(stale, "kms", "us-east-1") if where == "header" else SigV4QueryAuth(stale, "kms", "us-east-1")
    auth.add_auth(request)
    answer = requests.post(request.url, data=b"{}", headers=dict(request.headers.items()), timeout=5)
    invalid = "The security token included in the request is invalid"
    assert error_of(answer) == (400, "UnrecognizedClientException", invalid)


def test_sts_has_its_own_code_for_a_stale_session_token(
    keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    keytrail_clean.load(seeded(**LONG_TERM))
    members = {"access_key_id": LONG_TERM["AccessKeyId"], "secret_access_key": "declared-secret"}
    assert keytrail_client("sts", **members).get_caller_identity()["Arn"] == LONG_TERM["Principal"]
    sts = keytrail_client("sts", **members, session_token="stale")
    with pytest.raises(sts.exceptions.ClientError, match="InvalidClientTokenId"):
        sts.get_caller_identity()


def test_any_session_token_goes_with_temporary_credentials_whose_token_no_seed_has(
    keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    keytrail_clean.load(seeded())
    for token in (None, "any"):
        client = keytrail_client(access_key_id="ASIADECLARED00000001", session_token=token)
        assert client.list_keys()["Keys"] == []


def test_any_session_token_goes_with_the_access_keys_of_nobody_declared(keytrail_client: Callable[..., Any]) -> None:
    for access_key in ("111122223333", "test", "AKIAIOSFODNN7EXAMPLE"):
        assert keytrail_client(access_key_id=access_key, session_token="test").list_keys()["Keys"] == []


# ---- One credential


SCOPES = [f"{key}/20261124/us-east-1/kms/aws4_request" for key in ("AKIAAUDITOR000000001", "222233334444")]
TWICE = "{} must include '{}' only once."


@pytest.mark.parametrize("scopes", [SCOPES, SCOPES[::-1]], ids=["the declared one first", "the declared one last"])
@pytest.mark.parametrize("form", ["{}, Credential={}", "{},Credential={}", "{} Credential={}", "{}, NotCredential={}"])
def test_two_credentials_in_a_header_are_refused(server: KeytrailServer, scopes: list[str], form: str) -> None:
    """Else identity and signature could be read from different ones."""
    header = f"AWS4-HMAC-SHA256 Credential={form.format(*scopes)}, SignedHeaders=host, Signature=00"
    answer = post(server, "ListKeys", headers={"Authorization": header})
    words = TWICE.format("Authorization header", "Credential")
    assert error_of(answer) == (400, "IncompleteSignatureException", words)


@pytest.mark.parametrize("scopes", [SCOPES, SCOPES[::-1]], ids=["the declared one first", "the declared one last"])
@pytest.mark.parametrize("name", ["X-Amz-Credential", "X-Amz-Credenti%61l"])
def test_two_credentials_in_a_query_are_refused(server: KeytrailServer, scopes: list[str], name: str) -> None:
    url = f"{server.url}/?X-Amz-Credential={scopes[0]}&X-Amz-Algorithm=AWS4-HMAC-SHA256&{name}={scopes[1]}"
    answer = requests.post(url, data=b"{}", headers={"X-Amz-Target": "TrentService.ListKeys"}, timeout=5)
    words = TWICE.format("AWS query-string", "X-Amz-Credential")
    assert error_of(answer) == (400, "IncompleteSignatureException", words)


# ---- A strict endpoint

UNRECOGNIZED = ("UnrecognizedClientException", "The security token included in the request is invalid.")


@pytest.fixture(scope="module")
def strict() -> Iterator[KeytrailServer]:
    """A strict server."""
    with KeytrailServer(fixtures=SEED, strict=True) as server:
        yield server


@pytest.mark.parametrize("access_key", ["AKIAIOSFODNN7EXAMPLE", "test", "akiaauditor000000001", "1234567890123"])
def test_a_strict_endpoint_refuses_unknown_access_keys(strict: KeytrailServer, access_key: str) -> None:
    answer = post(strict, "ListKeys", account=access_key, secret="any")
    assert error_of(answer) == (400, *UNRECOGNIZED)


@pytest.mark.parametrize("access_key", ["AKIAROOT555566667777", "111122223333"])
def test_a_strict_endpoint_knows_declared_access_keys_and_account_ids(strict: KeytrailServer, access_key: str) -> None:
    assert post(strict, "ListKeys", account=access_key, secret="any").status_code == 200


def test_a_strict_endpoint_knows_a_role_without_permissions(strict: KeytrailServer) -> None:
    answer = post(strict, "ListKeys", account="AKIAAUDITOR000000001", secret="auditor-secret")
    assert error_of(answer)[1] == "AccessDeniedException"


def test_a_strict_endpoint_requires_signed_calls(strict: KeytrailServer) -> None:
    """How we know: kms-behaviour A.5."""
    answer = requests.post(strict.url, data=b"{}", headers={"X-Amz-Target": "TrentService.ListKeys"}, timeout=5)
    assert error_of(answer) == (400, "MissingAuthenticationTokenException", "Missing Authentication Token")


INCOMPLETE = {
    "nothing of it": (
        "Bearer sesame",
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. "
        "Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a "
        "'X-Amz-Date' or a 'Date' header. Authorization=Bearer sesame",
    ),
    "no signature, no date": (
        "AWS4-HMAC-SHA256 Credential=111122223333/20261124/us-east-1/kms/aws4_request, SignedHeaders=host",
        "Authorization header requires 'Signature' parameter. Authorization header requires existence of either a "
        "'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256 "
        "Credential=111122223333/20261124/us-east-1/kms/aws4_request, SignedHeaders=host",
    ),
    "a space in it": (
        "AWS4-HMAC-SHA256 Credential= 111122223333/20261124/us-east-1/kms/aws4_request, Signature=0",
        "'111122223333/20261124/us-east-1/kms/aws4_request' not a valid key=value pair (missing equal-sign) in "
        "Authorization header: 'AWS4-HMAC-SHA256 Credential= 111122223333/20261124/us-east-1/kms/aws4_request, "
        "Signature=0'.",
    ),
}


@pytest.mark.parametrize(("header", "message"), INCOMPLETE.values(), ids=INCOMPLETE)
def test_a_strict_endpoint_requires_complete_signatures(strict: KeytrailServer, header: str, message: str) -> None:
    """How we know: kms-behaviour A.5; the answers of other JSON services, as reported."""
    answer = post(strict, "ListKeys", headers={"Authorization": header})
    assert error_of(answer) == (400, "IncompleteSignatureException", message)


def test_calls_of_unknown_callers_are_not_in_the_trail(strict: KeytrailServer) -> None:
    answer = post(strict, "ListKeys", account="AKIAIOSFODNN7EXAMPLE")
    assert strict.events(requestID=answer.headers["x-amzn-RequestId"]) == []
