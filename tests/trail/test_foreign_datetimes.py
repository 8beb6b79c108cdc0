"""Subclasses of datetime, such as freezegun's and pendulum's, are datetimes wherever they are written.

How we know: issue "The first ten minutes", 1: under freezegun, events of CreateKey and ScheduleKeyDeletion were lost.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

from keytrail.client import KeytrailClient
from keytrail.plain_values import encode_json, plain_datetime
from keytrail.pytest_plugin import KmsCalls
from keytrail.server import KeytrailServer
from tests.support import KEY, REQUESTS, SAMPLE_SEED, client_of, invoke, load_sample_seed, request

NOON = "2026-06-01T12:00:00Z"


class Moment(datetime):
    """As pendulum's and pandas' moments are datetimes."""


def test_under_freezegun_every_operation_answers_and_is_recorded(keytrail_clean: KeytrailServer, kms: Any) -> None:
    blob = load_sample_seed(keytrail_clean, kms)
    with freeze_time(NOON):
        for operation in REQUESTS:
            keytrail_clean.reset()
            keytrail_clean.load(SAMPLE_SEED)
            invoke(kms, operation, **request(operation, blob))
            calls = keytrail_clean.calls(operation)
            assert [call.record["eventTime"] for call in calls] == [NOON], operation


def test_a_deletion_under_freezegun_is_a_call(kms: Any, kms_calls: KmsCalls, keytrail_clean: KeytrailServer) -> None:
    with freeze_time(NOON):
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]
        deletion = kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)["DeletionDate"]
    assert deletion == datetime(2026, 6, 8, 12, tzinfo=UTC)
    assert [call.operation for call in kms_calls] == ["CreateKey", "ScheduleKeyDeletion"]
    [call] = KeytrailClient(keytrail_clean.url).calls("ScheduleKeyDeletion")
    assert call.record["responseElements"]["deletionDate"] == "2026-06-08T12:00:00Z"


def test_log_files_are_written_under_freezegun(tmp_path: Path) -> None:
    with KeytrailServer(trail_dir=str(tmp_path)) as server, freeze_time(NOON):
        client_of(server).create_key()
    [file] = tmp_path.rglob("*.json.gz")
    [record] = json.loads(gzip.decompress(file.read_bytes()))["Records"]
    assert (record["eventName"], record["eventTime"]) == ("CreateKey", NOON)


def test_a_seed_may_have_moments_of_any_kind(keytrail_clean: KeytrailServer, kms: Any) -> None:
    with freeze_time(NOON):
        frozen = datetime.now(UTC) - timedelta(days=400)
        keytrail_clean.load({"keys": [{"KeyId": KEY, "CreationDate": frozen}]})
    created = kms.describe_key(KeyId=KEY)["KeyMetadata"]["CreationDate"]
    assert created == datetime(2025, 4, 27, 12, tzinfo=UTC)


@pytest.mark.parametrize("zone", [UTC, None])
def test_a_plain_datetime_is_the_same_moment(zone: tzinfo | None) -> None:
    plain = plain_datetime(Moment(2026, 6, 1, 12, 1, 2, 3456, zone, fold=1))
    assert plain == datetime(2026, 6, 1, 12, 1, 2, 3456, zone)
    assert (plain.fold, type(plain)) == (1, datetime)


def test_what_a_document_cannot_have_is_named() -> None:
    with pytest.raises(TypeError, match=r"cannot contain .*object.*, which is of the type object"):
        encode_json({"keys": [object()]})
