"""Moments in JSON documents: as KMS sends them, epoch seconds, and as the AWS CLI prints them, ISO 8601.

Source: AWS CLI User Guide, "cli_timestamp_format": version 2 of the CLI prints ISO 8601 by default.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from keytrail.wire.codec_error import CodecError, map_step, wrong_type
from keytrail.wire.service_model import Shape


def with_epoch_seconds(shape: Shape, document: Any) -> Any:
    """The document with epoch seconds for each moment in ISO 8601. Raises CodecError for one that is neither.

    What is wrong in another way is left for the decoder to find.
    """
    if not _has_moments(shape):
        return document
    if shape.type == "timestamp":
        return _epoch_seconds(document)
    if shape.type == "list" and isinstance(document, list):
        return [_inside(shape.member, value, f"[{index}]") for index, value in enumerate(document)]
    if shape.type == "map" and isinstance(document, Mapping):
        return {name: _inside(shape.member, value, map_step(name)) for name, value in document.items()}
    if shape.type == "structure" and isinstance(document, Mapping):
        return {name: _inside(shape.members.get(name), value, f".{name}") for name, value in document.items()}
    return document


def _inside(shape: Shape | None, value: Any, step: str) -> Any:
    if shape is None or value is None:
        return value
    try:
        return with_epoch_seconds(shape, value)
    except CodecError as error:
        error.within(step)
        raise


@cache
def _has_moments(shape: Shape) -> bool:
    inner = [*shape.members.values(), *([shape.member] if shape.member is not None else [])]
    return shape.type == "timestamp" or any(map(_has_moments, inner))


def _epoch_seconds(value: object) -> object:
    if isinstance(value, datetime):
        raise CodecError(
            "expected a number, got a datetime: from_members reads what boto3 returns, and shape(...) takes it as it is"
        )
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise wrong_type("a number, or an ISO 8601 moment such as 2026-03-11T18:24:57+00:00", value) from None
    if moment.tzinfo is None:
        raise CodecError("a moment in ISO 8601 needs its offset from UTC: 2026-03-11T18:24:57+00:00")
    return moment.timestamp()
