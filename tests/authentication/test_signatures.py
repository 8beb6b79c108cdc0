"""Signatures: if the secret is known, they are checked as on AWS, in headers and in presigned requests.

How we know: IAM User Guide, "Create a signed AWS API request"; AWS's own test suite for Signature Version 4; botocore,
which signs as everybody does; the words of refusals: kms-behaviour A.5 and what people report of them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import pytest
import requests
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from keytrail.authentication.signature import check_signature, read_signature
from keytrail.errors import InvalidSignatureException
from keytrail.http.app import create_app
from keytrail.messages import Request
from keytrail.server import KeytrailServer
from tests.support import refusal
from tests.support.paths import VECTORS_FOLDER
from tests.support.wire import error_of, post, signed

KEY_ID, SECRET = "AKIASIGNER0000000001", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SEED = {
    "credentials": [
        {"AccessKeyId": KEY_ID, "SecretAccessKey": SECRET, "Principal": "arn:aws:iam::111122223333:user/Signer"}
    ]
}
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)
BASIC = "%Y%m%dT%H%M%SZ"


@pytest.fixture(scope="module")
def server() -> Iterator[KeytrailServer]:
    """A server that knows one secret."""
    with KeytrailServer(fixtures=SEED) as server:
        yield server


# ---- AWS's test suite


SUITE = json.loads((VECTORS_FOLDER / "sigv4.json").read_text(encoding="utf-8"))


def as_read(method: str, path: str, query: str, headers: Iterable[tuple[str, str]], body: bytes) -> Request:
    """A request as the front reads it."""
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    return Request(method, path, query, raw, body)


def of_suite(case: Mapping[str, Any], **changed: Any) -> Request:
    scope = f"{SUITE['accessKeyId']}/{SUITE['xAmzDate'][:8]}/{SUITE['region']}/{SUITE['service']}/aws4_request"
    signature = f"SignedHeaders={case['signedHeaders']}, Signature={case['signature']}"
    headers = [
        ("Host", SUITE["host"]),
        *map(tuple, case["headers"]),
        ("X-Amz-Date", SUITE["xAmzDate"]),
        ("Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, {signature}"),
    ]
    case = {**case, **changed}
    return as_read(case["method"], case["path"], case["query"], headers, case["body"].encode())


@pytest.mark.parametrize("name", SUITE["cases"])
def test_the_signatures_of_awss_test_suite_are_accepted(name: str) -> None:
    request = of_suite(SUITE["cases"][name])
    check_signature(request, read_signature(request), SUITE["secretAccessKey"], SUITE["service"])


@pytest.mark.parametrize("name", SUITE["cases"])
def test_they_are_refused_for_another_body_method_or_secret(name: str) -> None:
    case = SUITE["cases"][name]
    others = [
        (of_suite(case, body=case["body"] + " "), SUITE["secretAccessKey"]),
        (of_suite(case, method="PUT"), SUITE["secretAccessKey"]),
        (of_suite(case), SUITE["secretAccessKey"].lower()),
    ]
    for other, secret in others:
        with pytest.raises(InvalidSignatureException):
            check_signature(other, read_signature(other), secret, SUITE["service"])


PATHS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="?#/."), max_size=8)
WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=","), min_size=1, max_size=8)
PAIRS = st.dictionaries(st.text(max_size=8).filter(lambda t: t.isprintable()), st.text(max_size=8), max_size=4)


@settings(deadline=None)
@given(path=PATHS, query=PAIRS, value=WORDS, body=st.binary(max_size=64))
def test_whatever_botocore_signs_is_accepted(path: str, query: dict[str, str], value: str, body: bytes) -> None:
    at, pairs = quote(path), urlencode(query, quote_via=quote)
    request = AWSRequest("PUT", f"https://h.example/{at}?{pairs}", headers={"X-Amz-Word": value}, data=body)
    SigV4Auth(Credentials(KEY_ID, SECRET), "kms", "us-east-1").add_auth(request)
    headers = [("Host", "h.example"), *request.headers.items()]
    given = as_read("PUT", f"/{at}", pairs, headers, body)
    check_signature(given, read_signature(given), SECRET, "kms")


# ---- Over HTTP


def test_the_right_secret_is_accepted_and_a_wrong_one_is_refused(
    keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    keytrail_clean.load(SEED)
    assert keytrail_client(access_key_id=KEY_ID, secret_access_key=SECRET).list_keys()["Keys"] == []
    thief = keytrail_client(access_key_id=KEY_ID, secret_access_key="guess")
    assert refusal(thief, "ListKeys") == ("InvalidSignatureException", MISMATCH)
    assert keytrail_clean.events(eventName="ListKeys", errorCode="InvalidSignatureException") == []


def test_a_caller_without_a_known_secret_is_not_checked(server: KeytrailServer) -> None:
    for account in ("111122223333", "AKIAIOSFODNN7EXAMPLE"):
        assert post(server, "ListKeys", account=account, secret="whatever").status_code == 200


def test_every_operation_and_service_is_checked(server: KeytrailServer) -> None:
    assert post(server, "GenerateRandom", {"NumberOfBytes": 8}, account=KEY_ID, secret="guess").status_code == 400
    prefix = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."
    headers = {"X-Amz-Target": f"{prefix}LookupEvents", "Content-Type": "application/x-amz-json-1.1"}
    for secret, status in ((SECRET, 200), ("guess", 400)):
        sent = signed(f"{server.url}/", b"{}", headers, (KEY_ID, secret), service="cloudtrail")
        assert requests.post(f"{server.url}/", data=b"{}", headers=sent, timeout=5).status_code == status


def tampered(server: KeytrailServer, **changes: Any) -> requests.Response:
    """A correctly signed ListKeys that is changed afterwards."""
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.ListKeys"}
    sent = signed(f"{server.url}/", b"{}", headers, (KEY_ID, SECRET))
    sent = {name: value for name, value in {**sent, **changes.get("headers", {})}.items() if value is not None}
    sent["Authorization"] = changes.get("authorization", lambda text: text)(sent["Authorization"])
    return requests.post(
        server.url + "/" + changes.get("query", ""), data=changes.get("body", b"{}"), headers=sent, timeout=5
    )


def test_unsigned_parts_may_change(server: KeytrailServer) -> None:
    assert tampered(server, headers={"User-Agent": "other", "Accept": "text/plain"}).status_code == 200


CHANGES: Mapping[str, dict[str, Any]] = {
    "the body": {"body": b'{"Limit": 1}'},
    "the operation": {"headers": {"X-Amz-Target": "TrentService.CreateKey"}},
    "the host": {"headers": {"Host": "kms.us-east-1.amazonaws.com"}},
    "the query": {"query": "?a=b"},
    "the Region": {"authorization": lambda text: text.replace("us-east-1", "eu-west-1")},
    "the signature": {"authorization": lambda text: text[:-1] + ("0" if text[-1] != "0" else "1")},
    "its case": {"authorization": lambda text: text.replace(text[-64:], text[-64:].upper())},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_signed_parts_may_not_change(server: KeytrailServer, change: dict[str, Any]) -> None:
    assert error_of(tampered(server, **change)) == (400, "InvalidSignatureException", MISMATCH)


TODAY = f"{datetime.now(UTC):%Y%m%d}"
REFUSALS: Mapping[str, tuple[dict[str, Any], str, str]] = {
    "another service": (
        {"authorization": lambda text: text.replace("/kms/", "/s3/")},
        "InvalidSignatureException",
        "Credential should be scoped to correct service: 'kms'. ",
    ),
    "another terminator": (
        {"authorization": lambda text: text.replace("aws4_request", "aws5_request")},
        "InvalidSignatureException",
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. ",
    ),
    "a Region that is none": (
        {"authorization": lambda text: text.replace("us-east-1", "US")},
        "InvalidSignatureException",
        "Credential should be scoped to a valid Region, not 'US'. ",
    ),
    "a host that is not signed": (
        {"authorization": lambda text: text.replace("host;", "")},
        "InvalidSignatureException",
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    ),
    "a header of AWS that is not signed": (
        {"headers": {"X-Amz-Meta": "x"}},
        "InvalidSignatureException",
        "'x-amz-meta' must be a 'SignedHeader' in the AWS Authorization.",
    ),
    "a signed header that is not sent": (
        {"authorization": lambda text: text.replace("SignedHeaders=", "SignedHeaders=absent;")},
        "InvalidSignatureException",
        MISMATCH,
    ),
    "two signatures": (
        {"authorization": lambda text: f"{text}, Signature=00"},
        "IncompleteSignatureException",
        "Authorization header must include 'Signature' only once.",
    ),
    "no signature": (
        {"authorization": lambda text: text.partition(", Signature")[0].partition("SignedHeaders")[0] + "A=b"},
        "IncompleteSignatureException",
        "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' "
        f"parameter. Authorization=AWS4-HMAC-SHA256 Credential={KEY_ID}/{TODAY}/us-east-1/kms/aws4_request, A=b",
    ),
    "a date that is none": (
        {"headers": {"X-Amz-Date": "yesterday"}},
        "IncompleteSignatureException",
        "Date must be in ISO-8601 'basic format'. Got 'yesterday'. See http://en.wikipedia.org/wiki/ISO_8601",
    ),
}


@pytest.mark.parametrize(("change", "code", "message"), REFUSALS.values(), ids=REFUSALS)
def test_the_error_says_what_is_wrong_with_a_signature(
    server: KeytrailServer, change: dict[str, Any], code: str, message: str
) -> None:
    assert error_of(tampered(server, **change)) == (400, code, message)


def test_the_scope_must_have_the_day_of_the_date(server: KeytrailServer) -> None:
    answer = tampered(server, authorization=lambda text: text.replace(f"/{TODAY}/", "/20200101/"))
    status, code, message = error_of(answer)
    assert (status, code) == (400, "InvalidSignatureException")
    assert message is not None
    assert message.startswith(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
        f"'20200101' != '{TODAY}', from '{TODAY}T"
    )


def signed_with_an_absent_header(value: str | None) -> Request:
    """A request whose signature is right if the header X-Amz-Meta, when it is absent, counts as an empty one."""
    request = AWSRequest("POST", "https://h.example/", headers={"X-Amz-Meta": ""}, data=b"{}")
    SigV4Auth(Credentials(KEY_ID, SECRET), "kms", "us-east-1").add_auth(request)
    headers = {"Host": "h.example", **dict(request.headers.items()), "X-Amz-Meta": value}
    return as_read("POST", "/", "", [(name, text) for name, text in headers.items() if text is not None], b"{}")


def test_a_signed_header_that_is_not_sent_is_no_empty_one() -> None:
    sent, left_out = signed_with_an_absent_header(""), signed_with_an_absent_header(None)
    check_signature(sent, read_signature(sent), SECRET, "kms")
    with pytest.raises(InvalidSignatureException, match="does not match the signature you provided"):
        check_signature(left_out, read_signature(left_out), SECRET, "kms")


def test_the_caller_is_the_one_whose_credential_the_signature_has(server: KeytrailServer) -> None:
    """A name that ends with `Credential` is no credential: identity and signature must be read alike."""
    answer = tampered(server, authorization=lambda text: text.replace("Credential=", "XCredential="))
    assert error_of(answer)[1] == "IncompleteSignatureException"


# ---- Time


def dated(server: KeytrailServer, moment: datetime, service: str = "kms") -> requests.Response:
    """A ListKeys that was signed at this moment."""
    headers = {"X-Amz-Target": "TrentService.ListKeys"}
    request = AWSRequest("POST", f"{server.url}/", headers=headers, data=b"{}")
    auth = SigV4Auth(Credentials(KEY_ID, SECRET), service, "us-east-1")
    request.context["timestamp"] = moment.strftime(BASIC)
    request.headers["X-Amz-Date"] = moment.strftime(BASIC)
    request.headers["Host"] = server.url.removeprefix("http://")
    canonical = auth.canonical_request(request)
    signature = auth.signature(auth.string_to_sign(request, canonical), request)
    scope = auth.scope(request)
    names = auth.signed_headers(auth.headers_to_sign(request))
    request.headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}"
    )
    return requests.post(f"{server.url}/", data=b"{}", headers=dict(request.headers.items()), timeout=5)


@pytest.mark.parametrize("minutes", [-4.9, 0, 4.9])
def test_a_signature_is_valid_for_five_minutes(server: KeytrailServer, minutes: float) -> None:
    assert dated(server, datetime.now(UTC) + timedelta(minutes=minutes)).status_code == 200


@pytest.mark.parametrize(
    ("minutes", "form"),
    [
        (-6, r"Signature expired: {at} is now earlier than (\w+) \((\w+) - 5 min\.\)"),
        (
            6,
            r"Signature not yet current: {at} is still later than (\w+) \((\w+) \+ 5 min\.\)",
        ),
    ],
)
def test_a_signature_of_another_time_is_refused(server: KeytrailServer, minutes: int, form: str) -> None:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    status, code, message = error_of(dated(server, at))
    assert (status, code) == (400, "InvalidSignatureException")
    found = re.fullmatch(form.format(at=at.strftime(BASIC)), message or "")
    assert found, message
    bound, now = (datetime.strptime(text, BASIC).replace(tzinfo=UTC) for text in found.groups())
    assert abs(bound - now) == timedelta(minutes=5)
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=30)


def test_with_a_clock_that_was_moved_no_signature_is_too_old(
    keytrail_clean: KeytrailServer, keytrail_clock: Any
) -> None:
    keytrail_clean.load(SEED)
    for move in (lambda: keytrail_clock.advance(days=30), lambda: keytrail_clock.freeze("2020-01-01")):
        move()
        assert dated(keytrail_clean, datetime.now(UTC)).status_code == 200
        assert dated(keytrail_clean, datetime.now(UTC) - timedelta(days=3)).status_code == 200
    keytrail_clock.advance(seconds=1)
    assert error_of(post(keytrail_clean, "ListKeys", account=KEY_ID, secret="guess"))[1] == "InvalidSignatureException"


def test_a_date_header_is_accepted_too(server: KeytrailServer) -> None:
    """How we know: IAM User Guide, "Elements of an AWS API request signature": Date replaces X-Amz-Date."""
    now = datetime.now(UTC).replace(microsecond=0)
    request = AWSRequest("POST", f"{server.url}/", headers={"X-Amz-Target": "TrentService.ListKeys"}, data=b"{}")
    auth = SigV4Auth(Credentials(KEY_ID, SECRET), "kms", "us-east-1")
    request.context["timestamp"] = now.strftime(BASIC)
    request.headers["Date"] = format_datetime(now, usegmt=True)
    request.headers["Host"] = server.url.removeprefix("http://")
    signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    names = auth.signed_headers(auth.headers_to_sign(request))
    request.headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, SignedHeaders={names}, Signature={signature}"
    )
    answer = requests.post(f"{server.url}/", data=b"{}", headers=dict(request.headers.items()), timeout=5)
    assert answer.status_code == 200, answer.text


# ---- Presigned


class Presigner(SigV4QueryAuth):
    """Botocore presigns a POST as if its body were in the query; for KMS it is in the body."""

    def payload(self, request: AWSRequest) -> str:
        return hashlib.sha256(b"{}").hexdigest()


def presigned(server: KeytrailServer, secret: str = SECRET, expires: int = 60) -> str:
    request = AWSRequest("POST", f"{server.url}/", headers={"X-Amz-Target": "TrentService.ListKeys"})
    Presigner(Credentials(KEY_ID, secret), "kms", "us-east-1", expires=expires).add_auth(request)
    url: str = request.url
    return url


def sent(url: str, body: bytes = b"{}") -> requests.Response:
    return requests.post(url, data=body, headers={"X-Amz-Target": "TrentService.ListKeys"}, timeout=5)


def test_a_presigned_request_is_checked_too(server: KeytrailServer) -> None:
    assert sent(presigned(server)).status_code == 200
    assert error_of(sent(presigned(server, "guess"))) == (400, "InvalidSignatureException", MISMATCH)
    assert error_of(sent(presigned(server), b'{"Limit": 1}')) == (400, "InvalidSignatureException", MISMATCH)
    assert error_of(sent(presigned(server) + "&a=b"))[1] == "InvalidSignatureException"


def changed(url: str, **members: str | None) -> str:
    base, _, query = url.partition("?")
    pairs = {**dict(parse_qsl(query)), **{f"X-Amz-{name}": value for name, value in members.items()}}
    return f"{base}?{urlencode({name: value for name, value in pairs.items() if value is not None})}"


@pytest.mark.parametrize("name", ["Date", "SignedHeaders", "Signature"])
def test_a_presigned_request_needs_all_its_parts(server: KeytrailServer, name: str) -> None:
    missing = f"AWS query-string parameters must include 'X-Amz-{name}'. Re-examine the query-string parameters."
    assert error_of(sent(changed(presigned(server), **{name: None}))) == (400, "IncompleteSignatureException", missing)


def test_without_its_algorithm_a_query_has_no_signature(server: KeytrailServer) -> None:
    missing = (400, "MissingAuthenticationTokenException", "Missing Authentication Token")
    assert error_of(sent(changed(presigned(server), Algorithm=None))) == missing


def test_a_signature_in_the_query_need_not_expire(server: KeytrailServer) -> None:
    """The signature is wrong without the parameter, and that is all that is wrong."""
    assert error_of(sent(changed(presigned(server), Expires=None)))[1] == "InvalidSignatureException"


def test_a_presigned_request_is_valid_until_it_expires(server: KeytrailServer) -> None:
    earlier = (datetime.now(UTC) - timedelta(seconds=90)).strftime(BASIC)
    url = changed(presigned(server), Date=earlier, Credential=f"{KEY_ID}/{earlier[:8]}/us-east-1/kms/aws4_request")
    status, code, message = error_of(sent(url))
    assert (status, code) == (400, "InvalidSignatureException")
    assert str(message).startswith(f"Signature expired: {earlier} is now earlier than ")


@pytest.mark.parametrize("expires", ["0", "-1", "604801", "soon", "9" * 30])
def test_a_presigned_request_expires_within_a_week(server: KeytrailServer, expires: str) -> None:
    """How we know: IAM User Guide, "Elements of an AWS API request signature", X-Amz-Expires: 1 to 604800 seconds."""
    assert error_of(sent(changed(presigned(server), Expires=expires)))[1] == "InvalidSignatureException"


# ---- The other front end


def test_the_wsgi_application_checks_signatures_too() -> None:
    client = create_app(documents=[json.dumps(SEED).encode()]).test_client()
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.ListKeys"}
    for secret, status in ((SECRET, 200), ("guess", 400)):
        ready = signed("http://localhost/", b"{}", headers, (KEY_ID, secret))
        assert client.post("/", data=b"{}", headers=ready).status_code == status
