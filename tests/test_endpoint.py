"""The endpoint as a whole: clock, seeds, resets and last usage together, and what clients may not do to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any

import pytest
import requests

from keytrail.http.app import create_app
from keytrail.seeds import SeedError
from keytrail.server import KeytrailServer
from keytrail.settings import Settings
from tests.support import ELSEWHERE, KEY, MRK, POLICY, client_of, refusal

ACCOUNT = "111122223333"


def seeded(operation: str) -> dict[str, Any]:
    past = {"Operation": operation, "Timestamp": "2 days ago"}
    return {"keys": [{"KeyId": KEY, "Aliases": ["alias/seeded"], "LastUsage": past}]}


def last_operation(kms: Any, key_id: str) -> str | None:
    operation: str | None = kms.get_key_last_usage(KeyId=key_id)["KeyLastUsage"].get("Operation")
    return operation


# the clock


def test_a_deletion_that_is_due_makes_room_for_a_seed_at_once(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: docs/still-needed.md: what is due is done, "also when the clock jumps far"."""
    keytrail_clean.load(seeded("Encrypt"))
    first = kms.get_key_last_usage(KeyId=KEY)["KeyLastUsage"]["CloudTrailEventId"]
    kms.schedule_key_deletion(KeyId=KEY, PendingWindowInDays=7)
    keytrail_clean.clock.advance("P8D")
    keytrail_clean.load(seeded("Decrypt"))
    usage = kms.get_key_last_usage(KeyId=KEY)["KeyLastUsage"]
    assert usage["Operation"] == "Decrypt"
    assert usage["CloudTrailEventId"] != first, "two events never share an id"
    [record] = keytrail_clean.events(eventId=usage["CloudTrailEventId"])
    assert record["eventName"] == "Decrypt"


def test_a_late_use_shows_in_time_though_the_clock_was_set_back() -> None:
    """How we know: decision 7; a use of the future before must not hold it up."""
    with KeytrailServer(usage_delay="PT1H") as server:
        kms = client_of(server)
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]
        server.clock.set("2026-12-01T00:00:00Z")
        kms.encrypt(KeyId=key_id, Plaintext=b"x")
        server.clock.set("2026-11-25T00:00:00Z")
        kms.generate_data_key(KeyId=key_id, NumberOfBytes=8)
        assert last_operation(kms, key_id) is None
        server.clock.advance("PT2H")
        assert last_operation(kms, key_id) == "GenerateDataKey"


def test_a_use_after_the_clock_was_reset_counts_over_one_of_the_future(
    kms: Any, keytrail_clean: KeytrailServer
) -> None:
    """How we know: decision 7."""
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    keytrail_clean.clock.advance("P30D")
    kms.encrypt(KeyId=key_id, Plaintext=b"x")
    keytrail_clean.clock.reset()
    kms.generate_data_key(KeyId=key_id, NumberOfBytes=8)
    assert last_operation(kms, key_id) == "GenerateDataKey"


def test_a_use_before_tracking_does_not_erase_a_later_one(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: kms-behaviour C.1: uses are recorded since tracking began."""
    keytrail_clean.load({"keys": [{"KeyId": KEY, "CreationDate": "2025-01-01"}]})
    kms.encrypt(KeyId=KEY, Plaintext=b"x")
    keytrail_clean.clock.set("2026-04-01T00:00:00Z")
    kms.generate_data_key(KeyId=KEY, NumberOfBytes=8)
    keytrail_clean.clock.reset()
    assert last_operation(kms, KEY) == "Encrypt"


def test_a_replica_is_ready_though_the_clock_was_set_back(
    kms: Any, keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    """How we know: decision 7, "by default until the next request"."""
    key_id = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=key_id, ReplicaRegion=ELSEWHERE)
    keytrail_clean.clock.set("2026-05-01T00:00:00Z")
    replica = keytrail_client(region=ELSEWHERE)
    assert replica.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "Enabled"


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "1969-12-31T00:00:00Z"])
def test_the_clock_stays_where_kms_can_still_add_to_it(moment: str, kms: Any, keytrail_clean: KeytrailServer) -> None:
    answer = requests.put(f"{keytrail_clean.url}/_keytrail/clock", json={"now": moment}, timeout=5)
    assert answer.status_code == 400
    assert "1970 to 9000" in answer.json()["error"]
    assert kms.list_keys()["Keys"] == []


# keys


def test_an_external_key_without_material_awaits_its_import_after_a_cancelled_deletion(kms: Any) -> None:
    """How we know: kms-behaviour D.2, recorded; only material makes a key usable."""
    key_id = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key_id)
    kms.cancel_key_deletion(KeyId=key_id)
    assert refusal(kms, "EnableKey", KeyId=key_id)[0] == "KMSInvalidStateException"
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "PendingImport"
    assert refusal(kms, "Encrypt", KeyId=key_id, Plaintext=b"x")[0] == "KMSInvalidStateException"


def test_many_stars_in_a_policy_cost_nothing(kms: Any) -> None:
    """How we know: one CreateKey with such a policy held the process up for good."""
    statement = {**POLICY["Statement"][0], "Action": "*" * 60 + "!"}
    policy = json.dumps({**POLICY, "Statement": [statement]})
    assert refusal(kms, "CreateKey", Policy=policy)[0] == "MalformedPolicyDocumentException"


# seeds and resets


@pytest.mark.parametrize(
    "second", [{"KeyId": MRK, "Region": ELSEWHERE}, {"KeyId": MRK, "Region": "us-west-2", "Replicas": []}]
)
def test_a_multi_region_key_is_seeded_once_with_its_replicas(
    second: dict[str, Any], keytrail_clean: KeytrailServer
) -> None:
    with pytest.raises(SeedError, match=r"keys\[1\].KeyId.*Replicas"):
        keytrail_clean.load({"keys": [{"KeyId": MRK}, second]})
    keytrail_clean.load({"keys": [{"KeyId": MRK}]})
    with pytest.raises(SeedError, match="already exists"):
        keytrail_clean.load({"keys": [second]})


def test_the_keys_of_one_seeded_re_encrypt_share_its_event(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: kms-behaviour C.3, one event with two resources; kms-behaviour G.2, its members."""
    usage = {
        "Operation": "ReEncrypt",
        "Timestamp": "2026-11-01T00:00:00Z",
        "CloudTrailEventId": "2cfd5892-ea8c-4342-ad49-4b9594b06a8b",
    }
    other = KEY.replace("1234", "4321")
    keytrail_clean.load({"keys": [{"KeyId": key_id, "LastUsage": usage} for key_id in (KEY, other)]})
    [record] = keytrail_clean.events(eventId=usage["CloudTrailEventId"])
    source, destination = (f"arn:aws:kms:us-east-1:000000000000:key/{key_id}" for key_id in (KEY, other))
    assert [resource["ARN"] for resource in record["resources"]] == [source, destination]
    assert record["requestParameters"]["sourceKeyId"] == source
    assert record["requestParameters"]["destinationKeyId"] == destination
    assert record["additionalEventData"].keys() == {"sourceKeyMaterialId", "destinationKeyMaterialId"}


def test_the_usage_delay_is_the_whole_servers_and_no_accounts(keytrail_clean: KeytrailServer) -> None:
    url = f"{keytrail_clean.url}/_keytrail/fixtures?account={ACCOUNT}"
    answer = requests.post(url, data='{"settings": {"UsageDelay": "PT5M"}}', timeout=5)
    assert answer.status_code == 400
    assert "UsageDelay" in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "body"),
    [("reset?acount=111122223333", ""), ("fixtures?acount=111122223333", "{}"), ("reset", '{"account": "1"}')],
)
def test_a_misspelt_account_changes_nothing(path: str, body: str, kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: parallel workers isolate themselves by account; a slip of one must not reset the others."""
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    answer = requests.post(f"{keytrail_clean.url}/_keytrail/{path}", data=body, timeout=5)
    assert answer.status_code == 400
    assert "account" in answer.json()["error"]
    assert [key["KeyId"] for key in kms.list_keys()["Keys"]] == [key_id]


def test_the_trail_keeps_its_bound_over_resets_of_one_account() -> None:
    with KeytrailServer(max_events=10, fixtures=seeded("Encrypt")) as server:
        other = client_of(server, access_key=ACCOUNT)
        for _ in range(12):
            other.list_keys()
        server.reset("000000000000")
        server.reset("000000000000")
        assert len(server.events()) == 10


# settings and embedding


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"port": "80x"}, "port: expected a whole number"),
        ({"usage_delay": "P2D"}, "usage_delay: expected 0 to 1 hour"),
        ({"control": "perhaps"}, "control: expected true or false"),
        ({"max_events": 1.5}, "max_events"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_its_name(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Settings(**given)


def test_settings_are_read_from_text() -> None:
    written = Settings(port="80", control="no", usage_delay="PT5M", tracking_start="2026-01-01")  # type: ignore[arg-type]
    assert written == Settings.from_environment(written.to_environment())
    assert (written.port, written.control) == (80, False)


def test_the_flask_application_answers_as_the_server_does() -> None:
    """How we know: create_app is what others embed."""
    client = create_app(Settings(max_body=100)).test_client()
    headers = {"X-Amz-Target": "TrentService.CreateKey"}
    created = client.post("/", data=b"{}", headers=headers)
    assert created.status_code == 200
    assert created.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert created.headers["Cache-Control"] == "no-cache, no-store, must-revalidate, private"
    key_id = created.get_json(force=True)["KeyMetadata"]["KeyId"]
    records = client.get("/_keytrail/events").get_json()["Records"]
    assert [record["resources"][0]["ARN"].rpartition("/")[2] for record in records] == [key_id]
    assert client.post("/", data=b"x" * 101, headers=headers).status_code == 413
    assert client.get("/").status_code == 403


def test_a_control_body_announced_too_large_is_refused_and_does_nothing(
    kms: Any, keytrail_clean: KeytrailServer
) -> None:
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    host, port = keytrail_clean.url.removeprefix("http://").split(":")
    connection = HTTPConnection(host, int(port), timeout=5)
    connection.putrequest("POST", "/_keytrail/reset")
    connection.putheader("Content-Length", str(65 * 1024 * 1024))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert "larger than" in json.loads(answer.read())["error"]
    connection.close()
    assert [key["KeyId"] for key in kms.list_keys()["Keys"]] == [key_id]


def test_an_undeclared_caller_is_a_root_of_its_regions_partition(keytrail_client: Callable[..., Any]) -> None:
    """How we know: IAM User Guide, "IAM ARNs"."""
    foreign = f"arn:aws-cn:kms:cn-north-1:222233334444:key/{KEY}"
    words = refusal(keytrail_client(account=ACCOUNT, region="cn-north-1"), "DescribeKey", KeyId=foreign)[1]
    assert words is not None
    assert words.startswith(f"User: arn:aws-cn:iam::{ACCOUNT}:root is not authorized to perform: kms:DescribeKey")
