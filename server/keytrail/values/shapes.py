"""ShapeCodec: reads and writes the values of a shape of the service model, in every format."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from keytrail.values import tree
from keytrail.values.moments import with_epoch_seconds
from keytrail.wire import aws_json, query, service_model, xml
from keytrail.wire.query import Query
from keytrail.wire.service_model import Shape

if TYPE_CHECKING:
    from lxml.etree import _Element


@dataclass(frozen=True, slots=True)
class ShapeCodec:
    """Reads and writes the values of one shape.

    The value of a structure is a mapping by KMS's member names, without absent members (None means absent). Blobs are
    bytes, timestamps aware datetimes. Members that the model lacks are ignored, enum values that it lacks are kept.
    Anything that is not a value of the shape raises CodecError, which says where.
    """

    shape: Shape

    def from_json(self, document: object) -> Any:
        """Read a JSON text (str, or bytes in UTF-8), or a document as `json.loads` returns it. null means absent.

        Timestamps are epoch seconds, or ISO 8601 with an offset from UTC, as version 2 of the AWS CLI prints them.
        """
        if isinstance(document, (str, bytes)):
            document = aws_json.parse(document)
        return aws_json.decoder(self.shape)(with_epoch_seconds(self.shape, document))

    def to_json(self, value: object) -> Any:
        """The document, as `json.dumps` accepts it: blobs are base64, timestamps epoch seconds with their fraction."""
        return aws_json.document(self.shape, self._checked(value))

    def to_json_bytes(self, value: object) -> bytes:
        """The text of the document, as KMS sends it: compact, members in alphabetical order."""
        return aws_json.encode(self.shape, self._checked(value))

    def from_xml(self, element: "_Element") -> Any:
        """Read an lxml element, with any name; namespaces are ignored."""
        return xml.decode(self.shape, element)

    def from_string(self, text: str | bytes) -> Any:
        """Read an XML text, bytes in UTF-8. A document type declaration is refused."""
        return xml.decode(self.shape, xml.parse(text))

    def to_xml(self, value: object, tag: str | None = None) -> "_Element":
        """The lxml element, named like the shape if no tag is given; timestamps are ISO 8601."""
        return xml.encode(self.shape, self._checked(value), tag or self.shape.name)

    def to_string(self, value: object, tag: str | None = None) -> bytes:
        """The text of that element, in UTF-8."""
        return xml.to_bytes(self.to_xml(value, tag))

    def from_query(self, pairs: Iterable[tuple[str, str]]) -> Any:
        """Read the fields of an AWS Query form, as `parse_qsl(..., keep_blank_values=True)` returns them."""
        return query.decode(self.shape, pairs)

    def to_query(self, value: object) -> Query:
        """The tree of AWS Query fields; its `pairs` are their names and texts."""
        return query.encode(self.shape, self._checked(value))

    def from_value(self, value: tree.Value) -> Any:
        """Read a tagged tree."""
        return self._checked(tree.members(value))

    def to_value(self, value: object) -> tree.Value:
        """The tagged tree (keytrail.values.tree), members in the model's order."""
        return tree.tagged(self.shape, value)

    def _checked(self, value: object) -> Any:
        return tree.members(tree.tagged(self.shape, value))


@cache
def shape(name: str, service: str = "kms") -> ShapeCodec:
    """The codec of a shape by its name in the service model, such as DescribeKeyResponse. Raises LookupError."""
    try:
        if not service.isalpha():
            raise LookupError
        return ShapeCodec(service_model.load(service).shapes[name])
    except (LookupError, FileNotFoundError):
        raise LookupError(f"{service} has no shape {name}") from None
