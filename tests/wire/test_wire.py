"""AWS JSON 1.1 as KMS speaks it: headers, bodies, and what is refused before any key is looked at.

How we know: kms-behaviour A.1 to A.5, recorded from AWS unless a test says otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import botocore.session
import pytest
import requests

from keytrail.operations.kms import OPERATIONS
from keytrail.server import KeytrailServer
from tests.support import (
    ACCOUNT,
    ALIAS,
    DOOMED_KEY,
    FOREIGN,
    KEY,
    MISSING_KEY,
    MRK,
    OTHER_KEY,
    load_sample_seed,
    request,
)
from tests.support.wire import JSON_11, REQUEST_ID, connect, error_of, post, read_answer

ALL_OPERATIONS = botocore.session.get_session().get_service_model("kms").operation_names
NOTED = "failed to satisfy constraint: Member must"


@pytest.fixture
def server(keytrail_clean: KeytrailServer) -> KeytrailServer:
    """The session's server with the sample seed of tests.support."""
    return keytrail_clean


@pytest.fixture
def ciphertext(server: KeytrailServer, kms: Any) -> bytes:
    """A ciphertext under KEY, in the sample seed."""
    return load_sample_seed(server, kms)


# ---- Answers

HEADERS = {
    "cache-control": "no-cache, no-store, must-revalidate, private",
    "content-type": JSON_11,
    "expires": "0",
    "pragma": "no-cache",
}
VARYING = {"content-length", "date", "x-amzn-requestid"}

ANSWERS = {
    "a success": ("GenerateRandom", b'{"NumberOfBytes": 8}', 200),
    "a success without a body": ("UpdateKeyDescription", b'{"KeyId": "%s", "Description": ""}' % KEY.encode(), 200),
    "a refusal by the operation": ("DescribeKey", b'{"KeyId": "%s"}' % MISSING_KEY.encode(), 400),
    "a refusal of the members": ("DescribeKey", b"{}", 400),
    "a refusal of the body": ("DescribeKey", b"{", 400),
    "an unknown operation": ("Nonsense", b"{}", 400),
}


@pytest.mark.parametrize(("operation", "body", "status"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_has_the_headers_of_kms_and_no_others(
    server: KeytrailServer, ciphertext: bytes, operation: str, body: bytes, status: int
) -> None:
    answer = post(server, operation, body)
    assert answer.status_code == status
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    assert headers.keys() == HEADERS.keys() | VARYING
    assert headers["content-length"] == str(len(answer.content))
    assert REQUEST_ID.fullmatch(headers["x-amzn-requestid"])


def test_every_answer_has_its_own_request_id(server: KeytrailServer) -> None:
    bodies = (b'{"NumberOfBytes": 1}', b"{}", b"nonsense") * 10
    ids = [post(server, "GenerateRandom", body).headers["x-amzn-RequestId"] for body in bodies]
    assert len(set(ids)) == len(bodies)
    assert all(REQUEST_ID.fullmatch(request_id) for request_id in ids)


@pytest.mark.parametrize(
    "operation",
    [
        "CreateAlias",
        "DeleteAlias",
        "UpdateAlias",
        "DisableKey",
        "EnableKey",
        "UpdateKeyDescription",
        "UpdatePrimaryRegion",
    ],
)
def test_an_operation_without_output_answers_an_empty_body(
    server: KeytrailServer, ciphertext: bytes, operation: str
) -> None:
    answer = post(server, operation, request(operation, ciphertext))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == JSON_11
    assert answer.headers["Content-Length"] == "0"


@pytest.mark.parametrize("operation", ["DescribeKey", "CreateKey", "Encrypt", "ListAliases", "ReplicateKey"])
def test_a_body_is_compact_json_with_its_members_in_alphabetical_order(
    server: KeytrailServer, ciphertext: bytes, operation: str
) -> None:
    answer = post(server, operation, request(operation, ciphertext))
    assert answer.status_code == 200
    names: list[list[str]] = []

    def note(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names.append([name for name, _ in pairs])
        return dict(pairs)

    document = json.loads(answer.content, object_pairs_hook=note)
    assert names == [sorted(members) for members in names]
    assert answer.content == json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def test_timestamps_are_epoch_seconds_with_milliseconds(server: KeytrailServer, keytrail_clock: Any) -> None:
    keytrail_clock.freeze("2026-05-01T08:00:00.125Z")
    metadata = post(server, "CreateKey").json()["KeyMetadata"]
    assert metadata["CreationDate"] == 1777622400.125


# ---- Errors


def refusals(ciphertext: bytes) -> dict[str, tuple[str, Mapping[str, Any], str, bool]]:
    """Operation, members, code, and whether AWS sends a message, by what is wrong."""
    disabled, broken = OTHER_KEY, ciphertext[:-1] + bytes([ciphertext[-1] ^ 1])
    return {
        "no such key": ("DescribeKey", {"KeyId": MISSING_KEY}, "NotFoundException", True),
        "an alias where only keys may stand": ("DisableKey", {"KeyId": ALIAS}, "InvalidArnException", True),
        "a disabled key": ("Encrypt", {"KeyId": disabled, "Plaintext": b"x"}, "DisabledException", True),
        "a key in a state that forbids it": ("EnableKey", {"KeyId": DOOMED_KEY}, "KMSInvalidStateException", True),
        "an alias that exists": (
            "CreateAlias",
            {"AliasName": ALIAS, "TargetKeyId": KEY},
            "AlreadyExistsException",
            True,
        ),
        "a dry run": ("Encrypt", {"KeyId": KEY, "Plaintext": b"x", "DryRun": True}, "DryRunOperationException", True),
        "another key than the ciphertext's": (
            "Decrypt",
            {"CiphertextBlob": ciphertext, "KeyId": MRK},
            "IncorrectKeyException",
            True,
        ),
        "duplicate tags": (
            "CreateKey",
            {"Tags": [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "a", "TagValue": "2"}]},
            "TagException",
            True,
        ),
        "a policy that is no JSON": ("CreateKey", {"Policy": "{"}, "MalformedPolicyDocumentException", False),
        "a marker of nobody": ("ListKeys", {"Marker": "nonsense"}, "InvalidMarkerException", False),
        "a damaged ciphertext": ("Decrypt", {"CiphertextBlob": broken}, "InvalidCiphertextException", False),
        "another context": (
            "Decrypt",
            {"CiphertextBlob": ciphertext, "EncryptionContext": {"a": "b"}},
            "InvalidCiphertextException",
            False,
        ),
        "an unknown key store": (
            "GenerateRandom",
            {"NumberOfBytes": 1, "CustomKeyStoreId": "cks-99999999999999999"},
            "CustomKeyStoreNotFoundException",
            False,
        ),
        "a reserved alias": (
            "CreateAlias",
            {"AliasName": "alias/aws/mine", "TargetKeyId": KEY},
            "NotAuthorizedException",
            False,
        ),
    }


@pytest.mark.parametrize("what", refusals(bytes(200)))
def test_a_client_error_is_400_with_a_bare_code_and_a_message_only_where_kms_has_one(
    server: KeytrailServer, ciphertext: bytes, what: str
) -> None:
    operation, members, code, has_message = refusals(ciphertext)[what]
    assert post(server, "DisableKey", {"KeyId": OTHER_KEY}).status_code == 200
    answer = post(server, operation, members)
    document = answer.json()
    assert (answer.status_code, document["__type"]) == (400, code)
    assert document.keys() == ({"__type", "message"} if has_message else {"__type"})
    assert document.get("message", "some words")


def test_the_message_member_of_an_access_denial_is_capitalized(server: KeytrailServer, ciphertext: bytes) -> None:
    # How we know: emulators, and a raw body of another JSON service.
    arn = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{KEY}"
    answer = post(server, "DescribeKey", {"KeyId": arn}, account=FOREIGN)
    assert answer.status_code == 400
    assert answer.json()["__type"] == "AccessDeniedException"
    assert answer.json()["Message"].startswith(f"User: arn:aws:iam::{FOREIGN}:root is not authorized to perform: ")


# ---- Constraints of the model (kms-behaviour A.4)


def violation(path: str, constraint: str, value: str | None = None) -> str:
    """One item of a validation error; without a value where AWS does not echo it."""
    shown = "" if value is None else "null " if value == "null" else f"'{value}' "
    return f"Value {shown}at '{path}' {NOTED} {constraint}"


def at_least(least: int, what: str = "length") -> str:
    return f"have {what} greater than or equal to {least}"


def at_most(most: int, what: str = "length") -> str:
    return f"have {what} less than or equal to {most}"


NOT_NULL = "not be null"
ASCII = r"satisfy regular expression pattern: ^\p{ASCII}+$"
TAG = {"TagKey": "team", "TagValue": "payments"}

ONE_VIOLATION: Mapping[str, tuple[str, Mapping[str, Any], str]] = {
    "a number below its least": (
        "GenerateRandom",
        {"NumberOfBytes": 0},
        violation("numberOfBytes", at_least(1, "value"), "0"),
    ),
    "a number above its most": (
        "GenerateRandom",
        {"NumberOfBytes": 1025},
        violation("numberOfBytes", at_most(1024, "value"), "1025"),
    ),
    "a data key too long": (
        "GenerateDataKey",
        {"KeyId": KEY, "NumberOfBytes": 1025},
        violation("numberOfBytes", at_most(1024, "value"), "1025"),
    ),
    "a negative data key": (
        "GenerateDataKeyWithoutPlaintext",
        {"KeyId": KEY, "NumberOfBytes": -1},
        violation("numberOfBytes", at_least(1, "value"), "-1"),
    ),
    "a page of nothing": ("ListKeys", {"Limit": 0}, violation("limit", at_least(1, "value"), "0")),
    "a page too long": ("ListKeys", {"Limit": 1001}, violation("limit", at_most(1000, "value"), "1001")),
    "the same of aliases": ("ListAliases", {"Limit": 1001}, violation("limit", at_most(1000, "value"), "1001")),
    "an empty marker": ("ListKeys", {"Marker": ""}, violation("marker", at_least(1), "")),
    "a tag value too long": (
        "CreateKey",
        {"Tags": [{"TagKey": "a", "TagValue": "v" * 257}]},
        violation("tags.1.member.tagValue", at_most(256), "v" * 257),
    ),
    "a tag key too long, in the second tag": (
        "CreateKey",
        {"Tags": [TAG, {"TagKey": "a" * 129, "TagValue": ""}]},
        violation("tags.2.member.tagKey", at_most(128), "a" * 129),
    ),
    "an empty tag key": (
        "CreateKey",
        {"Tags": [{"TagKey": "", "TagValue": ""}]},
        violation("tags.1.member.tagKey", at_least(1), ""),
    ),
    "a tag without a value": (
        "CreateKey",
        {"Tags": [{"TagKey": "a"}]},
        violation("tags.1.member.tagValue", NOT_NULL, "null"),
    ),
    "a replica's tag key too long": (
        "ReplicateKey",
        {"KeyId": MRK, "ReplicaRegion": "eu-west-1", "Tags": [{"TagKey": "a" * 129, "TagValue": ""}]},
        violation("tags.1.member.tagKey", at_most(128), "a" * 129),
    ),
    "a description too long": (
        "CreateKey",
        {"Description": "d" * 8193},
        violation("description", at_most(8192), "d" * 8193),
    ),
    "a new description too long": (
        "UpdateKeyDescription",
        {"KeyId": KEY, "Description": "d" * 8193},
        violation("description", at_most(8192), "d" * 8193),
    ),
    "a plaintext too long": (
        "Encrypt",
        {"KeyId": KEY, "Plaintext": bytes(4097)},
        violation("plaintext", at_most(4096)),
    ),
    "a plaintext of nothing": ("Encrypt", {"KeyId": KEY, "Plaintext": b""}, violation("plaintext", at_least(1))),
    "a ciphertext too long": (
        "Decrypt",
        {"CiphertextBlob": bytes(6145)},
        violation("ciphertextBlob", at_most(6144)),
    ),
    "a ciphertext of nothing": ("Decrypt", {"CiphertextBlob": b""}, violation("ciphertextBlob", at_least(1))),
    "a source ciphertext too long": (
        "ReEncrypt",
        {"CiphertextBlob": bytes(6145), "DestinationKeyId": KEY},
        violation("ciphertextBlob", at_most(6144)),
    ),
    "a pattern broken": (
        "CreateAlias",
        {"AliasName": "alias/!x", "TargetKeyId": KEY},
        violation("aliasName", "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$", "alias/!x"),
    ),
    "a pattern broken by a line's end": (
        "DeleteAlias",
        {"AliasName": "alias/x\n"},
        violation("aliasName", "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$", "alias/x\n"),
    ),
    "a Region that is none": (
        "ReplicateKey",
        {"KeyId": MRK, "ReplicaRegion": "Mars"},
        violation("replicaRegion", r"satisfy regular expression pattern: ^([a-z]+-){2,3}\d+$", "Mars"),
    ),
    "a primary Region that is none": (
        "UpdatePrimaryRegion",
        {"KeyId": MRK, "PrimaryRegion": "eu west 1"},
        violation("primaryRegion", r"satisfy regular expression pattern: ^([a-z]+-){2,3}\d+$", "eu west 1"),
    ),
    "a key id too long": ("DescribeKey", {"KeyId": "k" * 2049}, violation("keyId", at_most(2048), "k" * 2049)),
    "a key id that is not ASCII": ("DescribeKey", {"KeyId": "schlüssel"}, violation("keyId", ASCII, "schlüssel")),
    "a null": ("DescribeKey", {"KeyId": None}, violation("keyId", NOT_NULL, "null")),
    "no plaintext": ("Encrypt", {"KeyId": KEY}, violation("plaintext", NOT_NULL)),
    "no source ciphertext": ("ReEncrypt", {"DestinationKeyId": KEY}, violation("ciphertextBlob", NOT_NULL, "null")),
    "no ciphertext": ("Decrypt", {}, violation("ciphertextBlob", NOT_NULL, "null")),
    "no alias name": ("DeleteAlias", {}, violation("aliasName", NOT_NULL, "null")),
    "no target key": ("CreateAlias", {"AliasName": "alias/x"}, violation("targetKeyId", NOT_NULL, "null")),
    "no new target key": ("UpdateAlias", {"AliasName": "alias/x"}, violation("targetKeyId", NOT_NULL, "null")),
    "no description": ("UpdateKeyDescription", {"KeyId": KEY}, violation("description", NOT_NULL, "null")),
    "no replica Region": ("ReplicateKey", {"KeyId": MRK}, violation("replicaRegion", NOT_NULL, "null")),
}


@pytest.mark.parametrize(("operation", "members", "item"), ONE_VIOLATION.values(), ids=ONE_VIOLATION)
def test_a_violated_constraint_has_the_message_of_kms(
    keytrail_server: KeytrailServer, operation: str, members: Mapping[str, Any], item: str
) -> None:
    answer = post(keytrail_server, operation, members)
    assert error_of(answer) == (400, "ValidationException", f"1 validation error detected: {item}")


@pytest.mark.parametrize(
    "operation",
    sorted(name for name, operation in OPERATIONS.items() if operation.key == "KeyId"),
)
def test_a_missing_key_id_is_a_violation_of_every_operation_on_a_key(
    keytrail_server: KeytrailServer, operation: str
) -> None:
    status, code, message = error_of(post(keytrail_server, operation))
    assert (status, code) == (400, "ValidationException")
    assert violation("keyId", NOT_NULL, "null") in violations(message)


def violations(message: str | None) -> list[str]:
    """The items of a validation error, whose number must be the one it tells."""
    told = re.match(r"(\d+) validation errors? detected: ", message or "")
    assert told is not None, message
    items = (message or "")[told.end() :].split("; ")
    assert len(items) == int(told[1])
    assert ("errors" in told[0]) == (len(items) > 1)
    return items


SEVERAL_VIOLATIONS: Mapping[str, tuple[str, Mapping[str, Any], set[str]]] = {
    "an empty key id": (
        "DescribeKey",
        {"KeyId": ""},
        {violation("keyId", at_least(1), ""), violation("keyId", ASCII, "")},
    ),
    "nothing at all": (
        "CreateAlias",
        {},
        {violation("aliasName", NOT_NULL, "null"), violation("targetKeyId", NOT_NULL, "null")},
    ),
    "two members, one missing": (
        "Encrypt",
        {"KeyId": "k" * 2049},
        {violation("keyId", at_most(2048), "k" * 2049), violation("plaintext", NOT_NULL)},
    ),
    "a key id and a blob": (
        "Encrypt",
        {"KeyId": "", "Plaintext": b""},
        {
            violation("keyId", at_least(1), ""),
            violation("keyId", ASCII, ""),
            violation("plaintext", at_least(1)),
        },
    ),
    "two tags": (
        "CreateKey",
        {"Tags": [{"TagKey": "", "TagValue": "v" * 257}, {"TagKey": "a"}]},
        {
            violation("tags.1.member.tagKey", at_least(1), ""),
            violation("tags.1.member.tagValue", at_most(256), "v" * 257),
            violation("tags.2.member.tagValue", NOT_NULL, "null"),
        },
    ),
    "a name and a target": (
        "UpdateAlias",
        {"AliasName": "", "TargetKeyId": "ä"},
        {
            violation("aliasName", at_least(1), ""),
            violation("aliasName", "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$", ""),
            violation("targetKeyId", ASCII, "ä"),
        },
    ),
}


@pytest.mark.parametrize(("operation", "members", "items"), SEVERAL_VIOLATIONS.values(), ids=SEVERAL_VIOLATIONS)
def test_one_error_lists_all_violations(
    keytrail_server: KeytrailServer, operation: str, members: Mapping[str, Any], items: set[str]
) -> None:
    status, code, message = error_of(post(keytrail_server, operation, members))
    assert (status, code) == (400, "ValidationException")
    assert set(violations(message)) == items


KEY_SPECS = (
    "RSA_2048 RSA_3072 RSA_4096 ECC_NIST_P256 ECC_NIST_P384 ECC_NIST_P521 ECC_SECG_P256K1 ECC_NIST_EDWARDS25519 "
    "SYMMETRIC_DEFAULT HMAC_224 HMAC_256 HMAC_384 HMAC_512 SM2 ML_DSA_44 ML_DSA_65 ML_DSA_87"
)
ENUMS = {
    "encryption algorithm": (
        "Encrypt",
        {"KeyId": KEY, "Plaintext": b"x"},
        "EncryptionAlgorithm",
        "RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256 SM2PKE SYMMETRIC_DEFAULT",
    ),
    "of a ciphertext": (
        "Decrypt",
        {"CiphertextBlob": b"x"},
        "EncryptionAlgorithm",
        "RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256 SM2PKE SYMMETRIC_DEFAULT",
    ),
    "data key spec: all key specs are named": ("GenerateDataKey", {"KeyId": KEY}, "KeySpec", KEY_SPECS),
    "key usage": (
        "CreateKey",
        {},
        "KeyUsage",
        "SIGN_VERIFY ENCRYPT_DECRYPT GENERATE_VERIFY_MAC KEY_AGREEMENT ENCAPSULATE_DECAPSULATE",
    ),
    "origin": ("CreateKey", {}, "Origin", "AWS_KMS EXTERNAL AWS_CLOUDHSM EXTERNAL_KEY_STORE"),
}


@pytest.mark.parametrize(("operation", "members", "member", "values"), ENUMS.values(), ids=ENUMS)
def test_the_error_for_a_value_outside_an_enum_lists_the_enum(
    keytrail_server: KeytrailServer, operation: str, members: Mapping[str, Any], member: str, values: str
) -> None:
    # The set, not its order: KMS prints it in an order of its own that changes.
    status, code, message = error_of(post(keytrail_server, operation, {**members, member: "INVALID"}))
    assert (status, code) == (400, "ValidationException")
    camel = member[0].lower() + member[1:]
    begin = f"1 validation error detected: Value 'INVALID' at '{camel}' {NOTED} satisfy enum value set: ["
    assert message is not None
    assert message.startswith(begin)
    assert message.endswith("]")
    assert set(message[len(begin) : -1].split(", ")) == set(values.split())


def test_a_listed_key_spec_may_still_be_refused_as_data_key_spec(keytrail_server: KeytrailServer) -> None:
    status, code, message = error_of(post(keytrail_server, "GenerateDataKey", {"KeyId": KEY, "KeySpec": "RSA_2048"}))
    assert (status, code) == (400, "ValidationException")
    assert (message or "").startswith("1 validation error detected: Value 'RSA_2048' at 'keySpec'")


def test_generate_random_without_number_of_bytes_has_its_own_message(keytrail_server: KeytrailServer) -> None:
    answer = post(keytrail_server, "GenerateRandom")
    assert error_of(answer) == (400, "ValidationException", "NumberOfBytes is required.")


@pytest.mark.parametrize("key", [MISSING_KEY, f"arn:aws:kms:us-east-1:{FOREIGN}:key/{KEY}", "nonsense"])
def test_constraints_are_checked_before_the_key_is_looked_up(keytrail_server: KeytrailServer, key: str) -> None:
    status, code, message = error_of(post(keytrail_server, "Encrypt", {"KeyId": key, "Plaintext": b""}))
    assert (status, code) == (400, "ValidationException")
    assert violations(message) == [violation("plaintext", at_least(1))]


def test_a_member_that_the_model_lacks_is_ignored(server: KeytrailServer, ciphertext: bytes) -> None:
    answer = post(server, "DescribeKey", {"KeyId": KEY, "Unheard": {"of": [1, None]}, "keyId": 7})
    assert answer.status_code == 200
    assert answer.json()["KeyMetadata"]["KeyId"] == KEY


# ---- Bodies that are not what they should be

MALFORMED = [
    b"{",
    b"nonsense",
    b'{"KeyId": }',
    b'{"KeyId": "x",}',
    b'{"KeyId": "x"} {}',
    b"{'KeyId': 'x'}",
    b"\xff\xfe",
]
MALFORMED += [b'{"KeyId": "\xff"}', b"[" * 50_000, b'{"KeyId": "\\ud800"}', b'{"NumberOfBytes": NaN}', b"%", b"\x00"]
NOT_AN_OBJECT = [b"[]", b'"text"', b"1", b"true", b"null", b"[{}]", b"-0.5e3"]


@pytest.mark.parametrize("body", [*MALFORMED, *NOT_AN_OBJECT], ids=lambda body: repr(body[:20]))
def test_a_body_that_is_not_a_json_object_is_a_serialization_exception(
    keytrail_server: KeytrailServer, body: bytes
) -> None:
    answer = post(keytrail_server, "DescribeKey", body)
    assert (answer.status_code, answer.json()["__type"]) == (400, "SerializationException")


WRONG_TYPES = [
    ("DescribeKey", {"KeyId": 1}),
    ("DescribeKey", {"KeyId": True}),
    ("DescribeKey", {"KeyId": ["x"]}),
    ("DescribeKey", {"KeyId": {}}),
    ("DescribeKey", {"KeyId": KEY, "GrantTokens": "x"}),
    ("DescribeKey", {"KeyId": KEY, "GrantTokens": [1]}),
    ("GenerateRandom", {"NumberOfBytes": "32"}),
    ("GenerateRandom", {"NumberOfBytes": [32]}),
    ("GenerateRandom", {"NumberOfBytes": True}),
    ("GenerateRandom", {"NumberOfBytes": 2**31}),
    ("GenerateRandom", {"NumberOfBytes": 10**30}),
    ("ListKeys", {"Limit": "10"}),
    ("ScheduleKeyDeletion", {"KeyId": KEY, "PendingWindowInDays": "seven"}),
    ("CreateKey", {"MultiRegion": "true"}),
    ("CreateKey", {"MultiRegion": 1}),
    ("CreateKey", {"Tags": {"a": "b"}}),
    ("CreateKey", {"Tags": ["a"]}),
    ("CreateKey", {"Tags": [{"TagKey": 1, "TagValue": "x"}]}),
    ("CreateKey", {"Description": {}}),
    ("Encrypt", {"KeyId": KEY, "Plaintext": 7}),
    ("Encrypt", {"KeyId": KEY, "Plaintext": ["eA=="]}),
    ("Encrypt", {"KeyId": KEY, "Plaintext": b"x", "EncryptionContext": []}),
    ("Encrypt", {"KeyId": KEY, "Plaintext": b"x", "EncryptionContext": "a=b"}),
    ("Encrypt", {"KeyId": KEY, "Plaintext": b"x", "EncryptionContext": {"a": {}}}),
    ("Encrypt", {"KeyId": KEY, "Plaintext": b"x", "DryRun": "yes"}),
]


@pytest.mark.parametrize(("operation", "members"), WRONG_TYPES, ids=lambda value: str(value)[:60])
def test_a_member_of_the_wrong_json_type_is_a_serialization_exception(
    server: KeytrailServer, ciphertext: bytes, operation: str, members: Mapping[str, Any]
) -> None:
    answer = post(server, operation, members)
    assert (answer.status_code, answer.json()["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize("text", ["!!!!", "YQ", "YQ=", "Y", "YQ==YQ==", "ä", "YWJj\u0000"])
@pytest.mark.parametrize(("operation", "member"), [("Encrypt", "Plaintext"), ("Decrypt", "CiphertextBlob")])
def test_a_blob_that_is_not_base64_is_a_serialization_exception(
    server: KeytrailServer, ciphertext: bytes, operation: str, member: str, text: str
) -> None:
    answer = post(server, operation, {"KeyId": KEY, member: text})
    assert (answer.status_code, answer.json()["__type"]) == (400, "SerializationException")


def test_a_body_is_parsed_before_its_sender_is_known() -> None:
    """How we know: kms-behaviour A.5, other services."""
    with KeytrailServer(strict=True) as server:
        for body in (b"", b"{", b"null"):
            assert error_of(post(server, "ListKeys", body, headers={"Authorization": "X"})) == (
                400,
                "SerializationException",
                None,
            )
        assert server.events() == []


# ---- Targets, methods and paths


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "Encrypt",
        "TrentService",
        "TrentService.",
        "TrentService.Nonsense",
        "TrentService.encrypt",
        "trentservice.Encrypt",
        "TrentService.Encrypt.Encrypt",
        "DynamoDB_20120810.ListTables",
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.Nonsense",
    ],
)
def test_a_missing_or_unknown_target_is_an_unknown_operation(
    keytrail_server: KeytrailServer, target: str | None
) -> None:
    """How we know: kms-behaviour A.5, other services; signed or not."""
    headers = {"Content-Type": JSON_11, **({} if target is None else {"X-Amz-Target": target})}
    answer = requests.post(keytrail_server.url, data=b"{}", headers=headers, timeout=5)
    assert error_of(answer) == (400, "UnknownOperationException", None)
    assert REQUEST_ID.fullmatch(answer.headers["x-amzn-RequestId"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *[(method, "/") for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")],
        *[("POST", path) for path in ("/kms", "//", "/index.html", "/%2e%2e/", "/_keytrails", "/_KEYTRAIL/health")],
        *[("GET", path) for path in ("/favicon.ico", "/.well-known/", "/%00")],
    ],
)
def test_other_methods_and_paths_are_none_of_the_services_with_any_target(
    keytrail_server: KeytrailServer, method: str, path: str
) -> None:
    """How we know: kms-behaviour A.5, other services; tests/recorded has the whole answers."""
    with connect(keytrail_server) as connection:
        connection.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: kms\r\nX-Amz-Target: TrentService.ListKeys\r\n"
            f"Content-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode()
        )
        if method == "HEAD":
            head = b""
            while chunk := connection.recv(4096):
                head += chunk
            assert head.startswith(b"HTTP/1.1 403 ")
            assert REQUEST_ID.search(head.decode())
            assert head.endswith(b"\r\n\r\n"), "HEAD has no body"
            return
        status, headers, body = read_answer(connection)
    assert (status, b"<Message>Missing Authentication Token</Message>" in body) == (403, True)
    assert REQUEST_ID.fullmatch(headers["x-amzn-requestid"])


def test_any_content_type_is_read_as_json(keytrail_server: KeytrailServer) -> None:
    # unverified: that KMS does
    assert post(keytrail_server, "ListKeys", headers={"Content-Type": "text/plain"}).status_code == 200


def test_a_query_string_does_not_hide_the_service(keytrail_server: KeytrailServer) -> None:
    headers = {"X-Amz-Target": "TrentService.ListKeys"}
    answer = requests.post(keytrail_server.url + "/?X-Amz-Expires=60", data=b"{}", headers=headers, timeout=5)
    assert answer.status_code == 200


def test_every_modelled_operation_is_built(keytrail_server: KeytrailServer) -> None:
    assert set(OPERATIONS) == set(ALL_OPERATIONS)
    for operation in OPERATIONS:
        answer = post(keytrail_server, operation, b"[]")
        assert error_of(answer)[:2] == (400, "SerializationException"), operation


# ---- Size

MIB = 1024 * 1024


def padded(size: int) -> bytes:
    """A good request of so many bytes."""
    body = b'{"NumberOfBytes": 8, "Padding": "%s"}'
    return body % (b"x" * (size - len(body) + 2))


def test_a_body_of_one_mebibyte_is_read(keytrail_server: KeytrailServer) -> None:
    body = padded(MIB)
    assert len(body) == MIB
    assert post(keytrail_server, "GenerateRandom", body).status_code == 200
    assert post(keytrail_server, "GenerateRandom", iter([body])).status_code == 200  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [MIB + 1, 3 * MIB])
@pytest.mark.parametrize("chunked", [False, True], ids=["by Content-Length", "chunked"])
def test_a_larger_body_is_refused_with_413_and_an_aws_error(
    keytrail_server: KeytrailServer, size: int, chunked: bool
) -> None:
    body = padded(size)
    parts: Any = (body[at : at + 65536] for at in range(0, size, 65536)) if chunked else body
    answer = post(keytrail_server, "GenerateRandom", parts)
    assert error_of(answer)[:2] == (413, "RequestEntityTooLargeException")
    assert "1048576" in answer.json()["message"]
    assert REQUEST_ID.fullmatch(answer.headers["x-amzn-RequestId"])


def test_the_maximum_body_size_is_a_setting() -> None:
    with KeytrailServer(max_body=64) as server:
        assert post(server, "GenerateRandom", padded(64)).status_code == 200
        assert post(server, "GenerateRandom", padded(65)).status_code == 413


def test_clients_that_send_half_a_request_do_not_delay_others() -> None:
    head = b"POST / HTTP/1.1\r\nHost: kms\r\nX-Amz-Target: TrentService.ListKeys\r\n"
    with KeytrailServer() as server:
        hanging = [connect(server) for _ in range(64)]
        try:
            for at, connection in enumerate(hanging):
                connection.sendall(head if at % 2 else head + b"Content-Length: 100\r\n\r\n{")
            headers = {"X-Amz-Target": "TrentService.ListKeys"}
            assert requests.post(server.url, data=b"{}", headers=headers, timeout=1).status_code == 200
        finally:
            for connection in hanging:
                connection.close()
