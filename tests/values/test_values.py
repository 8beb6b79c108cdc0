"""GetKeyLastUsageResponse and its error as values: what they hold, what they say, how they are written.

How we know: the service model, the API Reference's sample and words (tests/vectors/get-key-last-usage.json), and
the table of functions in docs/values.md.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytrail import values
from keytrail.values import (
    CodecError,
    Enum,
    GetKeyLastUsageResponse,
    KeyLastUsageData,
    String,
    Structure,
    Timestamp,
    TrackedOperation,
    UnknownOperationError,
    UsageHistory,
    error_from_json,
    error_from_xml,
    error_to_json,
    trailing_days_without_usage,
    usage_history,
)
from keytrail.wire import service_model
from tests.support.paths import VECTORS_FOLDER

VECTORS = json.loads((VECTORS_FOLDER / "get-key-last-usage.json").read_text())
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
CREATED = datetime(2026, 3, 11, 18, 23, 45, 560_000, tzinfo=UTC)
USED_AT = datetime(2026, 3, 11, 18, 24, 57, tzinfo=UTC)
USAGE = KeyLastUsageData(
    operation=TrackedOperation.ENCRYPT, timestamp=USED_AT, cloud_trail_event_id="event", kms_request_id="request"
)
RESPONSE = GetKeyLastUsageResponse(
    key_id=KEY, key_last_usage=USAGE, tracking_start_date=CREATED, key_creation_date=CREATED
)
NEVER_USED = GetKeyLastUsageResponse(
    key_id=KEY, key_last_usage=KeyLastUsageData(), tracking_start_date=CREATED, key_creation_date=CREATED
)
MODEL = service_model.load("kms")


def in_words(value: Any) -> Any:
    """A value as the vectors tell it: its members that are there, moments as ISO 8601."""
    if isinstance(value, (GetKeyLastUsageResponse, KeyLastUsageData)):
        named = ((name, getattr(value, name)) for name in value.__dataclass_fields__)
        return {name: in_words(inner) for name, inner in named if inner is not None}
    return value.isoformat() if isinstance(value, datetime) else value


# ---- The response


@pytest.mark.parametrize("vector", VECTORS["responses"], ids=lambda vector: vector["name"])
def test_recorded_documents_decode_to_their_values(vector: dict[str, Any]) -> None:
    response = GetKeyLastUsageResponse.from_json(vector["json"])
    assert in_words(response) == vector["says"]
    assert usage_history(response) == vector["history"]
    assert response == GetKeyLastUsageResponse.from_json(json.loads(vector["json"]))
    assert response.to_json() == json.loads(vector["json"])
    assert json.loads(response.to_json_bytes()) == json.loads(vector["json"])


def test_every_member_may_be_absent_and_absent_members_are_not_written() -> None:
    nothing = GetKeyLastUsageResponse.make()
    assert nothing == GetKeyLastUsageResponse()
    assert nothing.to_value() == Structure(())
    assert nothing.to_query().pairs == ()
    assert nothing.to_json() == {}
    assert list(nothing.to_xml()) == []


def test_a_response_is_frozen_and_hashable() -> None:
    with pytest.raises(AttributeError):
        RESPONSE.key_id = "another"  # type: ignore[misc]
    assert {RESPONSE: 1}[GetKeyLastUsageResponse.from_json(RESPONSE.to_json())] == 1


def test_the_tagged_tree_has_the_members_in_the_models_order_with_typed_leaves() -> None:
    assert RESPONSE.to_value() == Structure(
        (
            ("KeyId", String(KEY)),
            (
                "KeyLastUsage",
                Structure(
                    (
                        ("Operation", Enum("Encrypt")),
                        ("Timestamp", Timestamp(USED_AT)),
                        ("CloudTrailEventId", String("event")),
                        ("KmsRequestId", String("request")),
                    )
                ),
            ),
            ("TrackingStartDate", Timestamp(CREATED)),
            ("KeyCreationDate", Timestamp(CREATED)),
        )
    )
    assert NEVER_USED.to_value().members[1] == ("KeyLastUsage", Structure(()))


def test_query_fields_join_nested_names_by_dots() -> None:
    assert RESPONSE.to_query().pairs == (
        ("KeyId", KEY),
        ("KeyLastUsage.Operation", "Encrypt"),
        ("KeyLastUsage.Timestamp", "2026-03-11T18:24:57Z"),
        ("KeyLastUsage.CloudTrailEventId", "event"),
        ("KeyLastUsage.KmsRequestId", "request"),
        ("TrackingStartDate", "2026-03-11T18:23:45.560Z"),
        ("KeyCreationDate", "2026-03-11T18:23:45.560Z"),
    )
    assert str(RESPONSE.to_query()).startswith(f"KeyId={KEY}&KeyLastUsage.Operation=Encrypt&")
    assert dict(NEVER_USED.to_query().tree)["KeyLastUsage"] == ()


def test_an_empty_usage_is_not_an_absent_one() -> None:
    absent = GetKeyLastUsageResponse(key_id=KEY)
    empty = GetKeyLastUsageResponse(key_id=KEY, key_last_usage=KeyLastUsageData())
    assert (absent.to_json(), empty.to_json()) == ({"KeyId": KEY}, {"KeyId": KEY, "KeyLastUsage": {}})
    for response in (absent, empty):
        assert GetKeyLastUsageResponse.from_json(response.to_json()) == response
        assert GetKeyLastUsageResponse.from_json(response.to_json_bytes()) == response
        assert GetKeyLastUsageResponse.from_xml(response.to_xml()) == response
        assert GetKeyLastUsageResponse.from_value(response.to_value()) == response
    assert GetKeyLastUsageResponse.from_json('{"KeyLastUsage": null}').key_last_usage is None


def test_the_tracked_operations_are_the_models() -> None:
    shape = MODEL.shapes["KeyLastUsageTrackingOperation"]
    assert tuple(operation.value for operation in TrackedOperation) == shape.enum
    assert len(shape.enum) == 14


def test_an_operation_that_aws_adds_later_is_kept_as_its_text() -> None:
    document = {"KeyLastUsage": {"Operation": "Transmogrify"}}
    response = GetKeyLastUsageResponse.from_json(document)
    assert response.key_last_usage == KeyLastUsageData(operation="Transmogrify")
    assert response.to_json() == document
    assert KeyLastUsageData(operation="Sign").operation is TrackedOperation.SIGN


def test_a_response_is_made_from_what_boto3_returns(kms: Any, keytrail_server: Any) -> None:
    keytrail_server.load({"keys": [{"KeyId": KEY, "LastUsage": {"Operation": "Decrypt", "Timestamp": "2 days ago"}}]})
    answer = kms.get_key_last_usage(KeyId=KEY)
    response = GetKeyLastUsageResponse.from_members(answer)
    assert response.members() == {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    assert usage_history(response) is UsageHistory.USED


XML = f"""<?xml version="1.0" encoding="UTF-8"?>
<k:Answer xmlns:k="urn:any" xmlns="https://kms.amazonaws.com/doc/2014-11-01/">
  <!-- of a recorder -->
  <KeyId>{KEY}</KeyId>
  <k:KeyLastUsage id="1"><Operation>Encrypt</Operation>
    <Timestamp>2026-03-11T19:24:57+01:00</Timestamp>
    <CloudTrailEventId>event</CloudTrailEventId><KmsRequestId>re<!-- a comment -->quest</KmsRequestId>
  </k:KeyLastUsage>
  <TrackingStartDate>1773253425.56</TrackingStartDate>
  <KeyCreationDate>1.77325342556E9</KeyCreationDate>
  <Later><KeyId>of another member</KeyId></Later>
</k:Answer>"""


@pytest.mark.parametrize("text", [XML, XML.encode(), b"\xef\xbb\xbf" + XML.encode(), "\ufeff" + XML])
def test_xml_is_read_without_its_namespaces_with_iso_8601_and_epoch_timestamps(text: str | bytes) -> None:
    assert GetKeyLastUsageResponse.from_string(text) == RESPONSE


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-11T18:23:45.560Z", CREATED),
        ("2026-03-11T18:23:45.560", CREATED),
        ("\n 2026-03-11T20:23:45.56+02:00 ", CREATED),
        ("20260311T182457Z", USED_AT),
        ("2026-03-11", datetime(2026, 3, 11, tzinfo=UTC)),
        ("1773253497", USED_AT),
        ("1773253497.", USED_AT),
        ("1.773253497E9", USED_AT),
        ("-1", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_the_forms_of_a_timestamp_in_xml(text: str, moment: datetime) -> None:
    document = f"<r><KeyCreationDate>{text}</KeyCreationDate></r>"
    assert GetKeyLastUsageResponse.from_string(document).key_creation_date == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "nan",
        "inf",
        "1e999",
        "1_000",
        "٣",
        "2026-13-01",
        "2026-03-11x18:23",
        "2026-03-11T18:23:60Z",
        "1" * 40,
    ],
)
def test_other_text_is_refused_as_timestamp(text: str) -> None:
    with pytest.raises(CodecError, match=r"^\$\.KeyCreationDate: "):
        GetKeyLastUsageResponse.from_string(f"<r><KeyCreationDate>{text}</KeyCreationDate></r>")


CLI = """{
    "KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab",
    "KeyLastUsage": {"Operation": "Encrypt", "Timestamp": "2026-03-11T19:24:57+01:00"},
    "TrackingStartDate": "2026-03-11T18:23:45.560000+00:00",
    "KeyCreationDate": "2026-03-11T18:23:45.560000Z"
}"""


def test_what_version_2_of_the_aws_cli_prints_is_read() -> None:
    """How we know: AWS CLI User Guide, "cli_timestamp_format": ISO 8601 by default."""
    response = GetKeyLastUsageResponse.from_json(CLI)
    assert response.key_last_usage is not None
    assert response.key_last_usage.timestamp == datetime(2026, 3, 11, 18, 24, 57, tzinfo=UTC)
    assert response.tracking_start_date == response.key_creation_date
    assert response.key_creation_date == datetime(2026, 3, 11, 18, 23, 45, 560_000, UTC)


def test_moments_of_the_cli_are_read_in_every_shape() -> None:
    moment = "2026-03-11T18:24:57.123457+00:00"
    listed = {"Grants": [{"CreationDate": moment}, {"CreationDate": 1.5}, None], "Truncated": False, "Later": [moment]}
    grants = values.shape("ListGrantsResponse").from_json(listed)["Grants"]
    assert grants[0] == {"CreationDate": datetime.fromisoformat(moment)}
    with pytest.raises(CodecError, match=r"^\$\.Grants\[1\]\.CreationDate: expected a number, or an ISO 8601"):
        values.shape("ListGrantsResponse").from_json({"Grants": [{}, {"CreationDate": "soon"}]})


WRONG = [
    (
        {"KeyLastUsage": {"Timestamp": "2026"}},
        "$.KeyLastUsage.Timestamp: expected a number, or an ISO 8601 moment such as 2026-03-11T18:24:57+00:00, "
        "got a string",
    ),
    (
        {"KeyLastUsage": {"Timestamp": "2026-03-11T18:24:57"}},
        "$.KeyLastUsage.Timestamp: a moment in ISO 8601 needs its offset from UTC: 2026-03-11T18:24:57+00:00",
    ),
    (
        {"KeyCreationDate": CREATED},
        "$.KeyCreationDate: expected a number, got a datetime: from_members reads what boto3 returns, "
        "and shape(...) takes it as it is",
    ),
    ({"KeyLastUsage": {"Timestamp": True}}, "$.KeyLastUsage.Timestamp: expected a number, got a boolean"),
    ({"KeyLastUsage": {"Operation": 5}}, "$.KeyLastUsage.Operation: expected a string, got a number"),
    ({"KeyLastUsage": []}, "$.KeyLastUsage: expected an object, got an array"),
    ({"KeyId": {}}, "$.KeyId: expected a string, got an object"),
    ({"KeyId": b"bytes"}, "$.KeyId: expected a string, got bytes"),
    ({"KeyCreationDate": 1e300}, "$.KeyCreationDate: out of the range of a moment"),
    ({"KeyCreationDate": float("nan")}, "$.KeyCreationDate: out of the range of a moment"),
    ({"KeyCreationDate": 10**5000}, "$.KeyCreationDate: out of the range of a moment"),
    (None, "$: expected an object, got null"),
    ([], "$: expected an object, got an array"),
    ("[]", "$: expected an object, got an array"),
    ("{", "$: not JSON: Input data was truncated"),
    ("[" * 100_000, "$: nested too deeply"),
    ('{"KeyId": "\ud800"}', "$: not JSON: not Unicode"),
]


@pytest.mark.parametrize(("document", "words"), WRONG, ids=[words for _, words in WRONG])
def test_the_error_for_a_wrong_document_says_where_it_is_wrong(document: object, words: str) -> None:
    with pytest.raises(CodecError) as caught:
        GetKeyLastUsageResponse.from_json(document)
    assert str(caught.value) == words


def test_members_that_the_model_lacks_are_ignored() -> None:
    document = {"KeyId": KEY, "Later": [1], "KeyLastUsage": {"Region": "us-east-1"}}
    assert GetKeyLastUsageResponse.from_json(document) == GetKeyLastUsageResponse(
        key_id=KEY, key_last_usage=KeyLastUsageData()
    )


def test_a_naive_datetime_is_refused() -> None:
    naive = datetime(2026, 3, 11)  # noqa: DTZ001 - the point
    with pytest.raises(ValueError, match="aware"):
        GetKeyLastUsageResponse(key_creation_date=naive)
    with pytest.raises(ValueError, match="aware"):
        KeyLastUsageData(timestamp=naive)


# ---- Round trips

XML_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))
MOMENTS = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2242, 1, 1),  # noqa: DTZ001 - a float of seconds holds microseconds until then
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))]),
)
OPERATIONS = st.sampled_from(TrackedOperation) | XML_TEXT
USAGES = st.builds(
    KeyLastUsageData,
    operation=st.none() | OPERATIONS,
    timestamp=st.none() | MOMENTS,
    cloud_trail_event_id=st.none() | XML_TEXT,
    kms_request_id=st.none() | XML_TEXT,
)
RESPONSES = st.builds(
    GetKeyLastUsageResponse,
    key_id=st.none() | XML_TEXT,
    key_last_usage=st.none() | USAGES,
    tracking_start_date=st.none() | MOMENTS,
    key_creation_date=st.none() | MOMENTS,
)


@given(RESPONSES)
def test_every_codec_reads_what_it_wrote(response: GetKeyLastUsageResponse) -> None:
    read = GetKeyLastUsageResponse
    codec = values.shape("GetKeyLastUsageResponse")
    assert read.from_json(response.to_json()) == response
    assert read.from_json(response.to_json_bytes()) == response
    assert read.from_json(json.dumps(response.to_json())) == response
    assert read.from_xml(response.to_xml()) == response
    assert read.from_string(codec.to_string(response.members())) == response
    assert read.from_value(response.to_value()) == response
    told = codec.from_query(response.to_query().pairs)
    assert told == {name: value for name, value in response.members().items() if value != {}}


@given(RESPONSES)
def test_codecs_can_be_chained(response: GetKeyLastUsageResponse) -> None:
    read = GetKeyLastUsageResponse
    from_tree = read.from_value(response.to_value())
    from_xml = read.from_xml(from_tree.to_xml())
    assert read.from_json(from_xml.to_json()) == response
    assert read.from_xml(read.from_json(response.to_json()).to_xml()).to_value() == from_xml.to_value()


# ---- The error


def test_the_declared_errors_are_the_models() -> None:
    declared = MODEL.operations["GetKeyLastUsage"].errors
    for code in declared:
        error = error_from_json(code, {"message": "words"})
        assert error == getattr(values, code)("words")
        assert error.code == code
    assert len(declared) == 4


@pytest.mark.parametrize("vector", VECTORS["errors"], ids=lambda vector: vector["code"])
def test_recorded_errors_decode_to_their_values_and_are_written_unchanged(vector: dict[str, Any]) -> None:
    error = error_from_json(vector["code"], vector["json"])
    declared = getattr(values, vector["code"], None)
    unknown = UnknownOperationError(vector["code"], vector["says"])
    assert error == (declared(vector["says"]) if declared is not None else unknown)
    assert error_to_json(error) == json.loads(vector["json"])


@pytest.mark.parametrize(
    "code", ["NotFoundException", "com.amazonaws.kms#NotFoundException", "NotFoundException:http:"]
)
def test_a_code_is_read_in_all_forms_that_clients_see(code: str) -> None:
    assert error_from_json(code, {}) == values.NotFoundException()


def test_an_error_in_xml_is_the_error_element_or_one_inside_its_answer() -> None:
    inner = "<Error><Code>NotFoundException</Code><Message>gone</Message></Error>"
    outer = f'<ErrorResponse xmlns="urn:any">{inner}<RequestId>1</RequestId></ErrorResponse>'
    for text in (inner, outer, "<NotFoundException><message>gone</message></NotFoundException>"):
        assert error_from_xml("NotFoundException", text) == values.NotFoundException("gone")
    assert error_from_xml("ThrottlingException", "<Error/>") == UnknownOperationError("ThrottlingException", None)


def test_an_error_message_that_is_not_text_is_a_codec_error() -> None:
    with pytest.raises(CodecError, match=r"^\$\.message: expected a string, got a number$"):
        error_from_json("NotFoundException", {"message": 5})


@given(st.sampled_from(["NotFoundException", "AccessDeniedException", "Other"]), st.none() | XML_TEXT)
def test_errors_are_read_back_as_written(code: str, message: str | None) -> None:
    error = error_from_json(code, {} if message is None else {"message": message})
    assert error_from_json(code, error_to_json(error)) == error


# ---- What the response says

BEFORE_TRACKING = CREATED - timedelta(days=1)
DAY = timedelta(days=1)


def unused(created: datetime, tracked: datetime, usage: KeyLastUsageData | None = None) -> GetKeyLastUsageResponse:
    return GetKeyLastUsageResponse(key_last_usage=usage, tracking_start_date=tracked, key_creation_date=created)


@pytest.mark.parametrize("usage", [None, KeyLastUsageData()])
def test_a_key_without_usage_was_never_used_unless_it_is_older_than_tracking(usage: KeyLastUsageData | None) -> None:
    assert usage_history(unused(CREATED, CREATED, usage)) is UsageHistory.NEVER_USED
    assert usage_history(unused(BEFORE_TRACKING, CREATED, usage)) is UsageHistory.NO_RECORD_SINCE_TRACKING


def test_a_usage_with_any_member_counts_as_a_use() -> None:
    assert usage_history(GetKeyLastUsageResponse(key_last_usage=KeyLastUsageData(operation="Sign"))) == "USED"


@pytest.mark.parametrize(
    ("response", "since"),
    [(RESPONSE, USED_AT), (NEVER_USED, CREATED), (unused(BEFORE_TRACKING, CREATED), CREATED)],
    ids=["used", "never used", "older than tracking"],
)
@pytest.mark.parametrize(("days", "whole"), [(0, 0), (0.999, 0), (1, 1), (89.9, 89), (90, 90), (-0.5, 0), (-3, 0)])
def test_days_without_usage_are_rounded_down(
    response: GetKeyLastUsageResponse, since: datetime, days: float, whole: int
) -> None:
    assert trailing_days_without_usage(response, since + days * DAY) == whole


def test_a_response_without_the_needed_dates_is_a_value_error() -> None:
    timeless = GetKeyLastUsageResponse(key_last_usage=KeyLastUsageData(operation="Sign"), tracking_start_date=CREATED)
    with pytest.raises(ValueError, match="it has no KeyCreationDate"):
        usage_history(GetKeyLastUsageResponse(tracking_start_date=CREATED))
    with pytest.raises(ValueError, match="it has no TrackingStartDate"):
        trailing_days_without_usage(GetKeyLastUsageResponse(key_creation_date=CREATED), CREATED)
    with pytest.raises(ValueError, match=r"it has no KeyLastUsage\.Timestamp"):
        trailing_days_without_usage(timeless, CREATED)
