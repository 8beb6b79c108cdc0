"""The codecs of every KMS shape: round trips, where a wrong value is, XML that an enemy wrote.

How we know: Smithy's AWS JSON 1.1 and AWS query protocols for the forms, docs/values.md for what is refused.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree, objectify

from keytrail import values
from keytrail.errors import SerializationException
from keytrail.values import CodecError, NotFoundException, error_from_json, shape, tree
from keytrail.wire import aws_json, service_model
from keytrail.wire.service_model import Shape

MODEL = service_model.load("kms")
CREATED = datetime(2026, 3, 11, 18, 23, 45, 560_000, tzinfo=UTC)

# ---- Round trips

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=8)
SCALARS: Mapping[str, st.SearchStrategy[Any]] = {
    "string": TEXT,
    "blob": st.binary(max_size=20),
    "boolean": st.booleans(),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "timestamp": st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
}


def values_of(shape: Shape, at_least: int = 0) -> st.SearchStrategy[Any]:
    """Values of a shape, of any sizes; inside lists no structures without members, which Query has no field for."""
    if shape.type == "structure":
        members = {name: values_of(member) for name, member in shape.members.items()}
        kept = dict(list(members.items())[:at_least])
        kept = {name: strategy for name, strategy in kept.items() if shape.members[name].type in SCALARS}
        return st.fixed_dictionaries(kept, optional={name: members[name] for name in members.keys() - kept.keys()})
    if shape.member is None:
        return st.sampled_from(shape.enum) if shape.enum else SCALARS[shape.type]
    if shape.type == "list":
        return st.lists(values_of(shape.member, at_least=1), max_size=3)
    return st.dictionaries(TEXT, values_of(shape.member), max_size=3)


def without_empty(value: Any) -> Any:
    """A value as Query can tell it: without structures and maps that hold nothing."""
    if isinstance(value, list):
        return [kept for kept in map(without_empty, value) if kept != {}]
    if not isinstance(value, dict):
        return value
    kept = {name: without_empty(inner) for name, inner in value.items()}
    return {name: inner for name, inner in kept.items() if inner != {}}


NAMES = sorted(name for name, described in MODEL.shapes.items() if described.type == "structure")


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(NAMES).flatmap(lambda name: st.tuples(st.just(name), values_of(MODEL.shapes[name]))))
def test_every_codec_reads_what_it_wrote_for_any_structure(named: tuple[str, Any]) -> None:
    name, members = named
    codec = shape(name)
    assert codec.from_json(codec.to_json(members)) == members
    assert codec.from_json(codec.to_json_bytes(members)) == members
    assert codec.from_xml(codec.to_xml(members)) == members
    assert codec.from_string(codec.to_string(members)) == members
    assert codec.from_value(codec.to_value(members)) == members
    assert codec.from_query(codec.to_query(members).pairs) == without_empty(members)
    assert codec.from_json(codec.to_json(codec.from_string(codec.to_string(members)))) == members


DESCRIBED = {
    "KeyMetadata": {
        "KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab",
        "CreationDate": CREATED,
        "Enabled": True,
        "PendingDeletionWindowInDays": 7,
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegionConfiguration": {"ReplicaKeys": [{"Region": "eu-west-1"}, {"Region": "eu-west-2"}]},
    }
}


def test_another_shape_in_each_form() -> None:
    codec = shape("DescribeKeyResponse")
    metadata = codec.to_json(DESCRIBED)["KeyMetadata"]
    assert metadata["CreationDate"] == 1773253425.56
    assert metadata["MultiRegionConfiguration"] == DESCRIBED["KeyMetadata"]["MultiRegionConfiguration"]
    assert codec.to_string(DESCRIBED).startswith(b"<DescribeKeyResponse><KeyMetadata><KeyId>1234abcd")
    assert b"<ReplicaKeys><member><Region>eu-west-1</Region></member><member>" in codec.to_string(DESCRIBED)
    assert ("KeyMetadata.EncryptionAlgorithms.member.1", "SYMMETRIC_DEFAULT") in codec.to_query(DESCRIBED).pairs
    assert codec.to_value({"KeyMetadata": {"Enabled": True, "KeyId": None}}) == values.Structure(
        (("KeyMetadata", values.Structure((("Enabled", values.Boolean(True)),))),)
    )


def test_maps_and_blobs_in_each_form() -> None:
    codec = shape("EncryptRequest")
    members = {"Plaintext": b"attack", "EncryptionContext": {"a": "1"}}
    assert codec.to_json(members) == {"Plaintext": "YXR0YWNr", "EncryptionContext": {"a": "1"}}
    assert codec.to_query(members).pairs == (
        ("Plaintext", "YXR0YWNr"),
        ("EncryptionContext.entry.1.key", "a"),
        ("EncryptionContext.entry.1.value", "1"),
    )
    assert codec.to_string(members, "Encrypt") == (
        b"<Encrypt><Plaintext>YXR0YWNr</Plaintext>"
        b"<EncryptionContext><entry><key>a</key><value>1</value></entry></EncryptionContext></Encrypt>"
    )


def test_the_fields_of_a_query_come_in_any_order() -> None:
    fields = [("Tags.member.10.TagKey", "c"), ("Tags.member.2.TagKey", "b"), ("Version", "1"), ("Policy", "p")]
    assert shape("CreateKeyRequest").from_query(fields) == {
        "Policy": "p",
        "Tags": [{"TagKey": "b"}, {"TagKey": "c"}],
    }


def test_other_services_have_shapes_and_an_unknown_shape_is_a_lookup_error() -> None:
    assert shape("GetCallerIdentityResponse", "sts").from_string("<r><Account>111122223333</Account></r>") == {
        "Account": "111122223333"
    }
    with pytest.raises(LookupError, match="kms has no shape Nonsense"):
        shape("Nonsense")


@pytest.mark.parametrize("service", ["kms", "cloudtrail", "sts"])
def test_the_models_rename_and_flatten_nothing(service: str) -> None:
    document = (service_model._MODELS / f"{service}.json").read_text()
    for trait in ("locationName", "flattened", "timestampFormat", "xmlAttribute", "xmlNamespace"):
        assert f'"{trait}"' not in document, trait


# ---- Where a wrong value is

READING: list[tuple[str, Callable[[values.ShapeCodec], object], str]] = [
    (
        "DescribeKeyResponse",
        lambda codec: codec.from_json({"KeyMetadata": {"MultiRegionConfiguration": {"ReplicaKeys": [{}, None, 5]}}}),
        "$.KeyMetadata.MultiRegionConfiguration.ReplicaKeys[2]: expected an object, got a number",
    ),
    (
        "EncryptRequest",
        lambda codec: codec.from_json({"EncryptionContext": {'a "b"': []}}),
        r'$.EncryptionContext["a \"b\""]: expected a string, got an array',
    ),
    (
        "EncryptRequest",
        lambda codec: codec.from_json({"Plaintext": "not base64!"}),
        "$.Plaintext: expected base64",
    ),
    (
        "GenerateDataKeyRequest",
        lambda codec: codec.from_json({"NumberOfBytes": 1.5}),
        "$.NumberOfBytes: expected a whole number, got a number",
    ),
    (
        "GenerateDataKeyRequest",
        lambda codec: codec.from_json({"NumberOfBytes": 2**31}),
        "$.NumberOfBytes: out of the range of an integer",
    ),
    (
        "DescribeKeyResponse",
        lambda codec: codec.from_string("<r><KeyMetadata><Enabled>yes</Enabled></KeyMetadata></r>"),
        "$.KeyMetadata.Enabled: expected true or false, got other text",
    ),
    (
        "CreateKeyRequest",
        lambda codec: codec.from_string("<r><Tags><member/><member><TagKey><b/></TagKey></member></Tags></r>"),
        "$.Tags[1].TagKey: expected text, got elements",
    ),
    (
        "EncryptRequest",
        lambda codec: codec.from_string("<r><EncryptionContext><entry><key>a</key></entry></EncryptionContext></r>"),
        "$.EncryptionContext: expected an entry of key and value",
    ),
    (
        "GenerateDataKeyRequest",
        lambda codec: codec.from_string(f"<r><NumberOfBytes>{'9' * 5000}</NumberOfBytes></r>"),
        "$.NumberOfBytes: expected a whole number, got other text",
    ),
    (
        "CreateKeyRequest",
        lambda codec: codec.from_query([("Tags.member.x.TagKey", "a")]),
        "$.Tags: expected fields that are numbered",
    ),
    (
        "CreateKeyRequest",
        lambda codec: codec.from_query([("Tags.member.1", "a")]),
        "$.Tags[0]: expected fields, got text",
    ),
    (
        "CreateKeyRequest",
        lambda codec: codec.from_query([("Policy.a", "a")]),
        "$.Policy: expected text, got fields",
    ),
    (
        "CreateKeyRequest",
        lambda codec: codec.from_query([("Tags", ""), ("Tags.member.1.TagKey", "a")]),
        "$: a field is both text and a structure",
    ),
    (
        "CreateKeyRequest",
        lambda codec: codec.from_query([("Policy", "a"), ("Policy", "b")]),
        "$: a field is given twice",
    ),
]


@pytest.mark.parametrize(("name", "read", "words"), READING, ids=[words for _, _, words in READING])
def test_a_reading_error_says_where_the_document_is_wrong(
    name: str, read: Callable[[values.ShapeCodec], object], words: str
) -> None:
    with pytest.raises(CodecError) as caught:
        read(shape(name))
    assert str(caught.value) == words


WRITTEN: list[tuple[str, object, str]] = [
    ("DescribeKeyResponse", [], "$: expected a mapping, got an array"),
    ("DescribeKeyResponse", {"KeyMetadata": {"Enabled": 1}}, "$.KeyMetadata.Enabled: expected a boolean, got a number"),
    (
        "DescribeKeyResponse",
        {"KeyMetadata": {"CreationDate": CREATED.replace(tzinfo=None)}},
        "$.KeyMetadata.CreationDate: expected an aware datetime, got a naive one",
    ),
    ("EncryptRequest", {"Plaintext": "text"}, "$.Plaintext: expected bytes, got a string"),
    ("EncryptRequest", {"EncryptionContext": {"a": 1}}, '$.EncryptionContext["a"]: expected a string, got a number'),
    (
        "EncryptRequest",
        {"EncryptionContext": {1: "a"}},
        "$.EncryptionContext: expected keys that are strings, got a number",
    ),
    ("CreateKeyRequest", {"Tags": [{"TagKey": "a"}, 5]}, "$.Tags[1]: expected a mapping, got a number"),
    ("CreateKeyRequest", {"Tags": "a"}, "$.Tags: expected a list, got a string"),
    ("GenerateDataKeyRequest", {"NumberOfBytes": True}, "$.NumberOfBytes: expected a whole number, got a boolean"),
]


@pytest.mark.parametrize("codec", ["to_json", "to_json_bytes", "to_xml", "to_string", "to_query", "to_value"])
@pytest.mark.parametrize(("name", "members", "words"), WRITTEN, ids=[words for _, _, words in WRITTEN])
def test_a_value_of_another_shape_is_a_writing_error_with_its_path(
    codec: str, name: str, members: object, words: str
) -> None:
    with pytest.raises(CodecError) as caught:
        getattr(shape(name), codec)(members)
    assert str(caught.value) == words


def test_text_that_xml_cannot_contain_is_an_error_with_its_path() -> None:
    with pytest.raises(CodecError, match=r"^\$\.Tags\[0\]\.TagKey: holds a character that XML cannot$"):
        shape("CreateKeyRequest").to_string({"Tags": [{"TagKey": "\x00"}]})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", None),
        (b"{", None),
        (b"[]", None),
        (b'{"KeyId": {}}', "Start of structure or map found where not expected."),
        (b'{"KeyId": []}', "Start of list found where not expected"),
        (b'{"KeyId": 5}', "NUMBER_VALUE can not be converted to a String"),
        (b'{"NumberOfBytes": "5"}', "STRING_VALUE can not be converted to an Integer"),
        (b'{"NumberOfBytes": 4294967296}', "4294967296 is out of the range of an Integer"),
        (b'{"GrantTokens": {}}', "Start of structure or map found where not expected."),
        (b'{"GrantTokens": "x"}', "Expected list or null"),
        (b'{"EncryptionContext": "x"}', "Expected map or null"),
        (b'{"Recipient": "x"}', "Expected null"),
        (b'{"EncryptionContext": {"a": true}, "DryRun": 1.5}', "DECIMAL_VALUE can not be converted to a Boolean"),
    ],
)
def test_codec_errors_in_requests_have_the_message_of_kms(body: bytes, message: str | None) -> None:
    with pytest.raises(SerializationException) as caught:
        aws_json.decode_document(MODEL.shapes["GenerateDataKeyRequest"], aws_json.parse_body(body))
    assert caught.value.message == message


# ---- XML that an enemy wrote

BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
HOSTILE: Mapping[str, tuple[str | bytes, str]] = {
    "an entity bomb": (
        f'<!DOCTYPE r [<!ENTITY e0 "x">{BOMB}]><r><KeyId>&e11;</KeyId></r>',
        "a document type declaration is not allowed",
    ),
    "a quadratic bomb": (
        f'<!DOCTYPE r [<!ENTITY a "{"x" * 100_000}">]><r><KeyId>{"&a;" * 100_000}</KeyId></r>',
        "a document type declaration is not allowed",
    ),
    "an external entity behind comments": (
        '<?xml version="1.0"?><!-- <r> --> <?pi <r> ?>\n'
        '<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">]><r><KeyId>&f;</KeyId></r>',
        "a document type declaration is not allowed",
    ),
    "an external document type": (
        '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/r.dtd"><r/>',
        "a document type declaration is not allowed",
    ),
    "an entity out of nowhere": ("<r><KeyId>&f;</KeyId></r>", "not XML: Entity 'f' not defined"),
    "10,000 levels": ("<r>" * 10_000 + "</r>" * 10_000, "not XML: Excessive depth"),
    "10,000 levels of a member": ("<r>" + "<KeyLastUsage>" * 10_000, "not XML: Excessive depth"),
    "UTF-16": ('<?xml version="1.0" encoding="UTF-16"?><r/>'.encode("utf-16"), "not in UTF-8"),
    "UTF-16 without a mark": ("<r/>".encode("utf-16-le"), "not XML"),
    "UTF-32": ("<r/>".encode("utf-32"), "not in UTF-8"),
    "a document type in UTF-7": (
        b"<?xml version='1.0' encoding='UTF-7'?>+ADwAIQ-DOCTYPE r+AD4-<r/>",
        "not in UTF-8: the document declares another encoding",
    ),
    "Latin-1 without a declaration": ("<r><KeyId>é</KeyId></r>".encode("latin-1"), "not in UTF-8"),
    "Latin-1": (
        '<?xml version="1.0" encoding="ISO-8859-1"?><r><KeyId>é</KeyId></r>'.encode("latin-1"),
        "not in UTF-8: the document declares another encoding",
    ),
    "an overlong form": (b"<r><KeyId>\xc0\xbc</KeyId></r>", "not in UTF-8"),
    "half of a surrogate": ("<r><KeyId>\ud800</KeyId></r>", "not XML: not Unicode"),
    "a NUL": ("<r><KeyId>a\x00b</KeyId></r>", "not XML"),
    "nothing": (b"", "not XML: Document is empty"),
    "half a document": ("<r><KeyId>a", "not XML"),
    "two documents": ("<r/><r/>", "not XML"),
    "a prolog without end": ("<!--" * 100_000, "not XML"),
    "a member twice": ("<r><KeyId>a</KeyId><KeyId>b</KeyId></r>", "$: KeyId is given twice"),
    "text among members": ("<r>text<KeyId>a</KeyId></r>", "$: expected elements, got text"),
}


@pytest.mark.parametrize(("document", "words"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_xml_is_refused_cheaply(document: str | bytes, words: str) -> None:
    read = values.GetKeyLastUsageResponse.from_string
    read(b"<r/>")  # lxml and the codec utf-8-sig are imported, decoders are compiled
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        with pytest.raises(CodecError) as caught:
            read(document)
    finally:
        sys.setprofile(None)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 200, "the words do not grow with the document"
    assert calls < 250, "a bound that does not depend on the document's size"


def test_a_document_type_declaration_is_refused_before_libxml2_parses() -> None:
    # The document is not even well formed behind it, and nobody notices.
    with pytest.raises(CodecError, match="a document type declaration is not allowed"):
        values.GetKeyLastUsageResponse.from_string("<!DOCTYPE r [ <<< &&&")


def test_a_document_type_declaration_inside_text_is_text() -> None:
    read = values.GetKeyLastUsageResponse.from_string("<r><KeyId><![CDATA[<!DOCTYPE r>]]></KeyId></r>")
    assert read.key_id == "<!DOCTYPE r>"


def test_entities_of_an_element_that_the_caller_parsed_are_refused() -> None:
    parser = etree.XMLParser(resolve_entities=False)
    element = etree.fromstring(b'<!DOCTYPE r [<!ENTITY e "x">]><r><KeyId>a&e;b</KeyId></r>', parser)
    with pytest.raises(CodecError, match=r"^\$\.KeyId: an entity reference is not allowed$"):
        values.GetKeyLastUsageResponse.from_xml(element)


def test_a_server_that_speaks_json_does_not_import_lxml() -> None:
    code = "import keytrail.server, keytrail.values, sys; sys.exit('lxml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_any_text_is_read_or_raises_codec_error(text: str | bytes) -> None:
    for read in (values.GetKeyLastUsageResponse.from_string, values.GetKeyLastUsageResponse.from_json):
        with contextlib.suppress(CodecError):
            read(text)


def test_json_dumps_accepts_the_document() -> None:
    assert json.loads(json.dumps(shape("DescribeKeyResponse").to_json(DESCRIBED)))["KeyMetadata"]["Enabled"] is True


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (tree.Structure((("KeyId", tree.Integer(5)),)), "$.KeyId: expected a string"),
        (tree.Structure((("KeyCreationDate", tree.String("x")),)), "$.KeyCreationDate: expected a datetime"),
        ("x", "$: expected a tagged value"),
    ],
)
def test_a_tree_of_another_shape_is_an_error_with_its_path(value: Any, words: str) -> None:
    with pytest.raises(CodecError, match=re.escape(words)):
        shape("GetKeyLastUsageResponse").from_value(value)


@pytest.mark.parametrize("write", ["to_json", "to_json_bytes", "to_string", "to_query"])
@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"KeyId": "\ud800"}, "$.KeyId: contains a surrogate"),
        ({"TrackingStartDate": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))}, "out of the range"),
    ],
)
def test_every_writer_refuses_what_no_document_can_contain(write: str, members: Any, words: str) -> None:
    with pytest.raises(CodecError, match=re.escape(words)):
        getattr(shape("GetKeyLastUsageResponse"), write)(members)


@pytest.mark.parametrize(("name", "service"), [("X", "kms"), ("X", "s3"), ("GetKeyLastUsageResponse", "../wire/kms")])
def test_an_unknown_shape_or_service_is_a_lookup_error(name: str, service: str) -> None:
    with pytest.raises(LookupError):
        shape(name, service)


@pytest.mark.parametrize(
    "text",
    [
        "<r><KeyId>a</KeyId>junk</r>",
        "<r><KeyCreationDate>2026-1-1</KeyCreationDate></r>",
    ],
)
def test_xml_that_only_looks_right_is_refused(text: str) -> None:
    with pytest.raises(CodecError):
        shape("GetKeyLastUsageResponse").from_string(text)


def test_an_objectified_element_is_read_like_any_other() -> None:
    element = objectify.fromstring("<r><KeyId>a</KeyId></r>")
    assert shape("GetKeyLastUsageResponse").from_xml(element) == {"KeyId": "a"}


@pytest.mark.parametrize("code", ["NotFoundException:http://x/#y", "com.amazonaws.kms#NotFoundException"])
def test_an_error_code_is_read_without_prefix_and_suffix(code: str) -> None:
    assert error_from_json(code, {"Error": "boom", "message": "m"}) == NotFoundException("m")
