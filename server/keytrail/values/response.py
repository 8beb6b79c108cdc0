"""GetKeyLastUsageResponse as a value.

Source: KMS API Reference, GetKeyLastUsage, KeyLastUsageData; the service model's shapes of these names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from keytrail.domain.last_usage import TrackedOperation
from keytrail.values.shapes import shape
from keytrail.values.tree import Structure
from keytrail.wire import aws_json, query, xml
from keytrail.wire.query import Query

if TYPE_CHECKING:
    from lxml.etree import _Element

_SHAPE = "GetKeyLastUsageResponse"


_OPERATIONS: Mapping[str, TrackedOperation] = {operation.value: operation for operation in TrackedOperation}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLastUsageData:
    """The last successful cryptographic operation with a key; empty if there was none since tracking began."""

    operation: TrackedOperation | str | None = None
    """ReEncrypt for both of its keys. A text if it is an operation that the enum does not have yet."""
    timestamp: datetime | None = None
    """When it was: aware; KMS sends milliseconds."""
    cloud_trail_event_id: str | None = None
    """The eventID of its CloudTrail record, in the account of the key's owner."""
    kms_request_id: str | None = None
    """Its x-amzn-RequestId."""

    def __post_init__(self) -> None:
        """Convert the operation's text to the enum. Raises TypeError or ValueError unless the time is aware."""
        if self.operation is not None and type(self.operation) is str:
            object.__setattr__(self, "operation", _OPERATIONS.get(self.operation, self.operation))
        _require_aware(self.timestamp)

    @property
    def is_empty(self) -> bool:
        """Whether it has no members."""
        return not self.members()

    def members(self) -> dict[str, object]:
        """The members that are not None, by KMS's names."""
        return _present(
            Operation=self.operation,
            Timestamp=self.timestamp,
            CloudTrailEventId=self.cloud_trail_event_id,
            KmsRequestId=self.kms_request_id,
        )

    @classmethod
    def from_members(cls, members: Mapping[str, Any]) -> Self:
        """From members by KMS's names."""
        get = members.get
        return cls(
            operation=get("Operation"),
            timestamp=get("Timestamp"),
            cloud_trail_event_id=get("CloudTrailEventId"),
            kms_request_id=get("KmsRequestId"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GetKeyLastUsageResponse:
    """When a key was last used: KMS's answer to GetKeyLastUsage. Every member may be absent (None).

    All `from_` methods raise `CodecError` if the input is not such a response, and ignore members that the model lacks.
    JSON, XML and the tagged tree distinguish an empty KeyLastUsage from an absent one. AWS Query cannot: it has no
    field for either.
    """

    key_id: str | None = None
    """The id of the key, not its ARN or alias."""
    key_last_usage: KeyLastUsageData | None = None
    """The last use since tracking began; KMS sends an empty one if there was none."""
    tracking_start_date: datetime | None = None
    """Since when uses of the key are recorded: aware. The creation date, if the key is younger than tracking."""
    key_creation_date: datetime | None = None
    """When the key was created: aware."""

    def __post_init__(self) -> None:
        """Raise TypeError for anything but a datetime, ValueError for a naive one."""
        _require_aware(self.tracking_start_date)
        _require_aware(self.key_creation_date)

    @classmethod
    def make(
        cls,
        *,
        key_id: str | None = None,
        key_last_usage: KeyLastUsageData | None = None,
        tracking_start_date: datetime | None = None,
        key_creation_date: datetime | None = None,
    ) -> Self:
        """The response with these members; the same as calling the class."""
        return cls(
            key_id=key_id,
            key_last_usage=key_last_usage,
            tracking_start_date=tracking_start_date,
            key_creation_date=key_creation_date,
        )

    def members(self) -> dict[str, object]:
        """The members that are not None, by KMS's names: what a boto3 client returns, without ResponseMetadata."""
        usage = self.key_last_usage
        return _present(
            KeyId=self.key_id,
            KeyLastUsage=usage.members() if usage is not None else None,
            TrackingStartDate=self.tracking_start_date,
            KeyCreationDate=self.key_creation_date,
        )

    @classmethod
    def from_members(cls, members: Mapping[str, Any]) -> Self:
        """From members by KMS's names, such as a boto3 client returns."""
        get = members.get
        usage = get("KeyLastUsage")
        return cls(
            key_id=get("KeyId"),
            key_last_usage=KeyLastUsageData.from_members(usage) if usage is not None else None,
            tracking_start_date=get("TrackingStartDate"),
            key_creation_date=get("KeyCreationDate"),
        )

    def to_value(self) -> Structure:
        """The tagged tree: a Structure of pairs, with String, Enum and Timestamp leaves; absent members left out."""
        value = shape(_SHAPE).to_value(self.members())
        assert isinstance(value, Structure)
        return value

    @classmethod
    def from_value(cls, value: Structure) -> Self:
        """From the tagged tree."""
        return cls.from_members(shape(_SHAPE).from_value(value))

    def to_query(self) -> Query:
        """The AWS Query tree; `.pairs` are its fields: nested names joined by dots, timestamps ISO 8601."""
        return query.encode(shape(_SHAPE).shape, self.members())

    @classmethod
    def from_xml(cls, element: "_Element") -> Self:
        """From an lxml element with any name and namespaces; timestamps are ISO 8601 or epoch seconds.

        Entities are refused, never resolved.
        """
        return cls.from_members(shape(_SHAPE).from_xml(element))

    @classmethod
    def from_string(cls, text: str | bytes) -> Self:
        """From an XML text, bytes in UTF-8. A document type declaration is refused, so nothing is resolved."""
        return cls.from_members(shape(_SHAPE).from_string(text))

    def to_xml(self, tag: str = _SHAPE) -> "_Element":
        """The lxml element of this name; timestamps are ISO 8601."""
        return xml.encode(shape(_SHAPE).shape, self.members(), tag)

    def to_string(self, tag: str = _SHAPE) -> bytes:
        """The text of that element, in UTF-8."""
        return xml.to_bytes(self.to_xml(tag))

    @classmethod
    def from_json(cls, document: object) -> Self:
        """From a JSON text (str, or bytes in UTF-8), or a document as `json.loads` returns it.

        Timestamps are epoch seconds, possibly with a fraction or an exponent; or ISO 8601 with an offset from UTC, as
        version 2 of the AWS CLI prints them. null means absent. For what boto3 returns there is `from_members`.
        """
        return cls.from_members(shape(_SHAPE).from_json(document))

    def to_json(self) -> dict[str, Any]:
        """The JSON document, as `json.dumps` accepts it.

        Timestamps are epoch seconds as a float: milliseconds are always exact, microseconds until the year 2242.
        """
        document: dict[str, Any] = aws_json.document(shape(_SHAPE).shape, self.members())
        return document

    def to_json_bytes(self) -> bytes:
        """The text of the JSON document, as KMS sends it: compact, members in alphabetical order."""
        return aws_json.encode(shape(_SHAPE).shape, self.members())


def _present(**members: object) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}


def _require_aware(moment: datetime | None) -> None:
    if moment is not None and not isinstance(moment, datetime):
        raise TypeError(f"expected a datetime, got {type(moment).__name__}")
    if moment is not None and moment.utcoffset() is None:
        raise ValueError("a moment needs its offset from UTC: expected an aware datetime, got a naive one")
