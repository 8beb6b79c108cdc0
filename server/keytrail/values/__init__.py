"""GetKeyLastUsage's response and errors as typed values, and codecs for every KMS shape. No server is needed.

Public API. `GetKeyLastUsageResponse` and `GetKeyLastUsageError` are the typed values; `shape(name)` returns the same
codecs for any shape of the service model.
"""

from keytrail.domain.last_usage import TrackedOperation, UsageHistory
from keytrail.values.error import (
    DependencyTimeoutException,
    GetKeyLastUsageError,
    InvalidArnException,
    KMSInternalException,
    NotFoundException,
    UnknownOperationError,
    error_from_json,
    error_from_xml,
    error_to_json,
)
from keytrail.values.history import trailing_days_without_usage, usage_history
from keytrail.values.response import GetKeyLastUsageResponse, KeyLastUsageData
from keytrail.values.shapes import ShapeCodec, shape
from keytrail.values.tree import Blob, Boolean, Enum, Integer, List, Map, String, Structure, Timestamp, Value
from keytrail.wire.codec_error import CodecError
from keytrail.wire.query import Query

__all__ = [
    "Blob",
    "Boolean",
    "CodecError",
    "DependencyTimeoutException",
    "Enum",
    "GetKeyLastUsageError",
    "GetKeyLastUsageResponse",
    "Integer",
    "InvalidArnException",
    "KMSInternalException",
    "KeyLastUsageData",
    "List",
    "Map",
    "NotFoundException",
    "Query",
    "ShapeCodec",
    "String",
    "Structure",
    "Timestamp",
    "TrackedOperation",
    "UnknownOperationError",
    "UsageHistory",
    "Value",
    "error_from_json",
    "error_from_xml",
    "error_to_json",
    "shape",
    "trailing_days_without_usage",
    "usage_history",
]
