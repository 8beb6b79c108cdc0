"""Ansible: amazon.aws.kms_key and kms_key_info, of the collection in the `ansible` package."""

from __future__ import annotations

import json
from typing import Any

from keytrail.server import KeytrailServer
from tests.acceptance.program import SCRIPTS, Program, tried
from tests.acceptance.running import CALLER, Runner
from tests.support import ACCOUNT, KEY, key_arn

PROGRAM = Program(
    name="Ansible, amazon.aws 10.1",
    pip=("ansible==12.3.0", "boto3==1.44.8"),
    how="`AWS_ENDPOINT_URL`, or `endpoint_url` of the module",
)
QUIET = {"ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0"}


@tried("`kms_key`: create, nothing to change, change, schedule and cancel the deletion; tags, grants, rotation")
def test_a_key_is_made_changed_and_deleted(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    """The playbook says after each task whether it changed something, and fails if not as it should."""
    run.environment |= QUIET
    run("ansible-playbook", SCRIPTS / "kms_key.yaml", "-e", f"account={ACCOUNT}")
    key = kms.describe_key(KeyId="alias/ansible")["KeyMetadata"]
    assert (key["Description"], key["KeyState"]) == ("invoices", "PendingDeletion")
    tags = kms.list_resource_tags(KeyId=key["KeyId"])["Tags"]
    assert tags == [{"TagKey": "team", "TagValue": "finance"}]
    assert len(keytrail_clean.calls("CreateKey")) == 1
    assert len(keytrail_clean.calls("RetireGrant", key=key["Arn"])) == 1
    deletions = keytrail_clean.calls("ScheduleKeyDeletion", key=key["Arn"])
    assert [call.principal for call in deletions] == [CALLER] * 2
    assert len(keytrail_clean.calls("CancelKeyDeletion", key=key["Arn"])) == 1
    assert kms.get_key_last_usage(KeyId=key["KeyId"])["KeyLastUsage"] == {}, "nothing of this is a use"


@tried("`kms_key_info`: every key, with tags, grants and policies")
def test_every_key_is_described(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    run.environment |= QUIET
    wanted = json.dumps({"filters": {"tag:team": "payments"}})
    printed = run("ansible", "localhost", "-m", "amazon.aws.kms_key_info", "-a", wanted)
    [key] = json.loads(printed[printed.index("{") :])["kms_keys"]
    assert (key["key_arn"], key["tags"], key["grants"]) == (key_arn(), {"team": "payments"}, [])
    assert len(keytrail_clean.calls("DescribeKey")) == len(kms.list_keys()["Keys"])
    assert kms.get_key_last_usage(KeyId=KEY)["KeyLastUsage"]["Operation"] == "Encrypt", "to look at a key is no use"
