"""c7n-org: Cloud Custodian over several accounts, in each by a role of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import yaml

from keytrail.server import KeytrailServer
from tests.acceptance.program import Program, tried
from tests.acceptance.running import CALLER, Runner
from tests.support import ACCOUNT, ELSEWHERE, FOREIGN, REGION, key_arn

PROGRAM = Program(
    name="c7n-org",
    pip=("c7n-org==0.6.52", "c7n==0.9.53"),
    how="`AWS_ENDPOINT_URL`; a seed declares the accounts' roles, with trust policies",
)

THIRD = "777788889999"
ACCOUNTS = {"payments": ACCOUNT, "orders": FOREIGN, "archive": THIRD}
MAY_READ = ["kms:ListKeys", "kms:ListAliases", "kms:DescribeKey", "kms:GetKeyLastUsage", "tag:GetResources"]
MAY_TAG = ["tag:TagResources", "kms:TagResource"]


def role(account: str) -> str:
    return f"arn:aws:iam::{account}:role/Custodian"


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def key_of(number: int) -> str:
    return f"{number}999abcd-12ab-34cd-56ef-1234567890ab"


def estate() -> dict[str, Any]:
    """Each account with the role, an idle key in one Region and one that is in use in another; one role may not tag."""
    trust = {"Effect": "Allow", "Principal": {"AWS": CALLER}, "Action": "sts:AssumeRole"}
    roles, keys = [], []
    for number, account in enumerate(ACCOUNTS.values()):
        actions = MAY_READ if account == THIRD else MAY_READ + MAY_TAG
        allowed = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        roles.append({"Arn": role(account), "TrustPolicy": policy(trust), "Policies": {"own": policy(allowed)}})
        for region, days in ((REGION, 200), (ELSEWHERE, 3)):
            usage = {"Operation": "Decrypt", "Timestamp": f"{days} days ago"}
            key = {"KeyId": key_of(number), "Account": account, "Region": region, "CreationDate": "400 days ago"}
            keys.append({**key, "LastUsage": usage, "Tags": {"account": account}})
    return {"identities": roles, "keys": keys}


def run_policy(run: Runner, written: dict[str, Any], *options: str, fails: bool = False) -> None:
    accounts = [
        {"account_id": account, "name": name, "role": role(account), "regions": [REGION, ELSEWHERE]}
        for name, account in ACCOUNTS.items()
    ]
    (run.folder / "accounts.yml").write_text(yaml.safe_dump({"accounts": accounts}))
    (run.folder / "policies.yml").write_text(yaml.safe_dump({"policies": [{"resource": "kms-key", **written}]}))
    command = ("c7n-org", "run", "-c", "accounts.yml", "-u", "policies.yml", "-s", "out", "--cache-period", "0")
    run(*command, *options, fails=fails)


def found(run: Runner, name: str, account: str, region: str) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = json.loads(
        (run.folder / "out" / account / region / name / "resources.json").read_text()
    )
    return keys


IDLE = {
    "type": "last-usage",
    "attrs": [{"type": "value", "key": "KeyLastUsage.Timestamp", "value": 90, "value_type": "age", "op": "gte"}],
}


@tried("filters by last usage in three accounts and two Regions, by assumed roles")
def test_it_finds_the_idle_keys_of_every_account(
    run: Runner, keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    keytrail_clean.load(estate())
    run_policy(run, {"name": "idle", "filters": [IDLE, {"tag:account": "present"}]}, "-r", REGION, "-r", ELSEWHERE)
    for number, (name, account) in enumerate(ACCOUNTS.items()):
        [key] = found(run, "idle", name, REGION)
        assert (key["Arn"], key["Tags"]) == (
            key_arn(key_of(number), account),
            [{"Key": "account", "Value": account}],
        )
        assert found(run, "idle", name, ELSEWHERE) == []
        # Its reports have what GetKeyLastUsage says, and its reads are no use.
        kms = keytrail_client("kms", account=account)
        used = kms.get_key_last_usage(KeyId=key_of(number))["KeyLastUsage"]
        assert key["c7n:LastUsage"][0]["KeyLastUsage"]["CloudTrailEventId"] == used["CloudTrailEventId"]
        session = f"arn:aws:sts::{account}:assumed-role/Custodian/"
        by_role = [each for each in keytrail_clean.calls("GetKeyLastUsage") if each.principal.startswith(session)]
        assert {(each.region, each.error_code) for each in by_role} == {(REGION, None), (ELSEWHERE, None)}

    assumed = keytrail_clean.calls("AssumeRole", service="sts", username="acceptance")
    assert {each.record["requestParameters"]["roleArn"] for each in assumed} == {*map(role, ACCOUNTS.values())}


@tried("`tag` in each account, where the role may")
def test_it_tags_where_the_role_may(
    run: Runner, keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    keytrail_clean.load(estate())
    mark = {"type": "tag", "tags": {"idle": "yes"}}
    run_policy(run, {"name": "mark", "filters": [IDLE], "actions": [mark]}, "-r", REGION, fails=True)
    tags = {
        name: {
            tag["TagKey"]: tag["TagValue"]
            for tag in keytrail_client("kms", account=account).list_resource_tags(KeyId=key_of(number))["Tags"]
        }
        for number, (name, account) in enumerate(ACCOUNTS.items())
    }
    assert {name: "idle" in each for name, each in tags.items()} == {"payments": True, "orders": True, "archive": False}
    [denied] = keytrail_clean.calls("TagResources", service="tagging", account=THIRD)
    assert denied.error_code == "AccessDenied"
    assert denied.record["errorMessage"].endswith("no identity-based policy allows the tag:TagResources action")
    [done] = keytrail_clean.calls("TagResource", account=FOREIGN)
    assert (done.keys, done.record["userIdentity"]["invokedBy"]) == (
        (key_arn(key_of(1), FOREIGN),),
        "tagging.amazonaws.com",
    )
