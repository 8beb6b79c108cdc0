"""The trail as CloudTrail log files in a folder: layout, names, batches, and that nothing is lost or torn.

How we know: CloudTrail User Guide, "Finding your CloudTrail log files" and "CloudTrail log file examples".
"""

from __future__ import annotations

import gzip
import json
import logging
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, ELSEWHERE, FOREIGN, KEY, REGION, client_of

NAME = re.compile(
    r"AWSLogs/(?P<account>\d{12})/CloudTrail/(?P<region>[a-z0-9-]+)/(?P<year>\d{4})/(?P<month>\d\d)/(?P<day>\d\d)/"
    r"(?P=account)_CloudTrail_(?P=region)_(?P=year)(?P=month)(?P=day)T\d{4}Z_[A-Za-z0-9]{16}\.json\.gz"
)


def files(folder: Path, pattern: str = "*") -> dict[str, list[dict[str, Any]]]:
    """The records of each file, by its path in the folder; there is nothing but such files."""
    found = {}
    for path in sorted(path for path in folder.rglob(pattern) if path.is_file()):
        document = json.loads(gzip.decompress(path.read_bytes()))
        assert list(document) == ["Records"]
        found[path.relative_to(folder).as_posix()] = document["Records"]
    return found


def records(folder: Path) -> list[dict[str, Any]]:
    """All records, also while the server is at work: a file that it has begun has another name."""
    return [record for several in files(folder, "*.json.gz").values() for record in several]


def ids(several: list[dict[str, Any]]) -> list[str]:
    return sorted(record["eventID"] for record in several)


def eventually(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not true():
        assert time.monotonic() < until, "it does not happen"
        time.sleep(0.01)


def test_every_record_is_in_one_file_of_its_account_region_and_day(tmp_path: Path) -> None:
    with KeytrailServer(trail_dir=str(tmp_path), fixtures={"keys": [{"KeyId": KEY}]}) as server:
        server.clock.freeze(datetime(2026, 8, 10, 23, 59, 58, tzinfo=UTC))
        client_of(server).describe_key(KeyId=KEY)
        server.clock.advance("PT3S")
        client_of(server).encrypt(KeyId=KEY, Plaintext=b"x")
        for account, region in ((FOREIGN, REGION), (ACCOUNT, ELSEWHERE)):
            boto3.client(
                "kms",
                endpoint_url=server.url,
                region_name=region,
                aws_access_key_id=account,
                aws_secret_access_key="any",
            ).list_keys()
        trail = server.events()
    found = files(tmp_path)
    places = {}
    for name, several in found.items():
        place = NAME.fullmatch(name)
        assert place is not None, name
        places[place["account"], place["region"], place["day"]] = [record["eventName"] for record in several]
        assert {record["recipientAccountId"] for record in several} == {place["account"]}
        assert {record["awsRegion"] for record in several} == {place["region"]}
    assert places == {
        (ACCOUNT, REGION, "10"): ["DescribeKey"],
        (ACCOUNT, REGION, "11"): ["Encrypt"],
        (FOREIGN, REGION, "11"): ["ListKeys"],
        (ACCOUNT, ELSEWHERE, "11"): ["ListKeys"],
    }
    by_id = {record["eventID"]: record for record in trail}
    assert {record["eventID"]: record for record in records(tmp_path)} == by_id, "they are the trail's own"


def test_seeded_uses_and_service_events_are_in_the_files_too(tmp_path: Path) -> None:
    past = {"KeyId": KEY, "LastUsage": {"Operation": "Decrypt", "Timestamp": "30 days ago"}}
    with KeytrailServer(trail_dir=str(tmp_path), fixtures={"keys": [past]}) as server:
        client_of(server).schedule_key_deletion(KeyId=KEY, PendingWindowInDays=7)
        server.clock.advance("P8D")
    assert sorted(record["eventName"] for record in records(tmp_path)) == [
        "Decrypt",
        "DeleteKey",
        "ScheduleKeyDeletion",
    ]


def test_a_file_is_written_after_the_interval_or_a_full_batch(tmp_path: Path) -> None:
    with KeytrailServer(trail_dir=str(tmp_path / "time"), trail_interval="0.05") as server:
        client_of(server).list_keys()
        eventually(lambda: len(records(tmp_path / "time")) == 1)
    with KeytrailServer(trail_dir=str(tmp_path / "number"), trail_interval="P1D", trail_batch=10) as server:
        kms = client_of(server)
        for _ in range(25):
            kms.list_keys()
        eventually(lambda: len(records(tmp_path / "number")) >= 20)
    assert sorted(len(several) for several in files(tmp_path / "number").values()) == [5, 10, 10]


def test_a_restarted_server_continues_to_write(tmp_path: Path) -> None:
    server = KeytrailServer(trail_dir=str(tmp_path))
    for calls in (1, 2):
        with server:
            client_of(server).list_keys()
        assert len(records(tmp_path)) == calls
    server.reset()
    assert len(records(tmp_path)) == 2, "a reset takes nothing back"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_clean_stop_writes_every_record(number: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "keytrail", "serve", "--port", "0", "--trail-dir", str(tmp_path / "logs")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        kms = boto3.client(
            "kms", endpoint_url=url, region_name=REGION, aws_access_key_id=ACCOUNT, aws_secret_access_key="any"
        )
        requested = [kms.generate_random(NumberOfBytes=n)["ResponseMetadata"]["RequestId"] for n in range(1, 30)]
        process.send_signal(number)
        process.wait(10)
    finally:
        process.kill()
        process.stdout.close()
    assert sorted(record["requestID"] for record in records(tmp_path / "logs")) == sorted(requested)


def test_a_failing_folder_is_logged_once_and_retried(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "logs"
    with (
        caplog.at_level(logging.ERROR, "keytrail"),
        KeytrailServer(trail_dir=str(folder), trail_interval="0.02") as server,
    ):
        shutil.rmtree(folder)
        folder.write_text("a file stands in the way")
        kms = client_of(server)
        kms.list_keys()
        eventually(lambda: bool(caplog.records))
        kms.list_aliases()
        time.sleep(0.2)
        assert [record.getMessage().partition(",")[0] for record in caplog.records] == [
            f"cannot write trail events to {folder}"
        ]
        folder.unlink()
        eventually(lambda: len(records(folder)) == 2)
        trail = server.events()
    assert ids(records(folder)) == ids(trail)


def test_a_stop_logs_the_events_that_it_cannot_write(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "logs"
    with caplog.at_level(logging.ERROR, "keytrail"), KeytrailServer(trail_dir=str(folder)) as server:
        shutil.rmtree(folder)
        folder.write_text("a file stands in the way")
        client_of(server).list_keys()
    assert "1 trail events are lost" in caplog.text


def test_a_folder_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"trail_dir: cannot write to .*file/logs: Not a directory; choose another"):
        KeytrailServer(trail_dir=str(tmp_path / "file" / "logs"))
    command = [sys.executable, "-m", "keytrail", "serve", "--port", "0", "--trail-dir", str(tmp_path / "file" / "logs")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("keytrail: trail_dir: cannot write to")
