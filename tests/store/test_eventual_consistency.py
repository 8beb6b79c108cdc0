"""Eventual consistency on demand: what a call changes is visible to reads and to authorization some time later.

How we know: kms-behaviour H (reads and authorization lag, a grant token makes its grant count at once). That writes
meet the newest value, and that a new key is visible at once, is decision 33.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from keytrail.seeds import SeedError
from keytrail.server import KeytrailServer
from keytrail.server_clock import ServerClock
from keytrail.settings import Settings
from tests.support import ACCOUNT, ALIAS, ELSEWHERE, FOREIGN, KEY, MRK, OTHER_KEY, REGION, SAMPLE_SEED, key_arn, refusal

SECOND = "alias/second"
DENIAL = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"},
    ],
}
ENCRYPT = {"KeyId": KEY, "Plaintext": b"x"}


class LaggingClient:
    """A client of a server whose changes are visible after ten seconds of a clock that stands still."""

    def __init__(self, kms: Any, clock: ServerClock) -> None:
        self.kms = kms
        self._clock = clock

    def wait(self, seconds: float) -> None:
        self._clock.advance(seconds=seconds)

    def state(self, key: str = KEY) -> str:
        state: str = self.kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
        return state

    def primary(self, key: str) -> str:
        """The Region of a multi-Region key's primary key."""
        metadata = self.kms.describe_key(KeyId=key)["KeyMetadata"]
        return str(metadata["MultiRegionConfiguration"]["PrimaryKey"]["Region"])

    def aliases(self, **of: Any) -> list[str]:
        pages = self.kms.get_paginator("list_aliases").paginate(**of, PaginationConfig={"PageSize": 1})
        names = [alias["AliasName"] for page in pages for alias in page["Aliases"]]
        return [name for name in names if not name.startswith("alias/aws/")]

    def grants(self, key: str = KEY, **filters: Any) -> list[str]:
        return [grant.get("Name") or "seeded" for grant in self.kms.list_grants(KeyId=key, **filters)["Grants"]]

    def code(self, call: Callable[..., Any], **members: Any) -> str:
        try:
            call(**members)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "ok"


@pytest.fixture
def lagging(keytrail_clean: KeytrailServer, kms: Any, keytrail_clock: ServerClock) -> LaggingClient:
    keytrail_clean.load({**SAMPLE_SEED, "settings": {"ConsistencyDelay": "PT10S"}})
    keytrail_clock.freeze("2027-01-01T00:00:00Z")
    return LaggingClient(kms, keytrail_clock)


# ---- Keys


def test_a_state_is_visible_after_the_delay_and_not_before(lagging: LaggingClient) -> None:
    lagging.kms.disable_key(KeyId=KEY)
    assert lagging.state() == "Enabled"
    lagging.kms.encrypt(**ENCRYPT)
    lagging.wait(9.999)
    assert lagging.state() == "Enabled"
    lagging.wait(0.001)
    assert lagging.state() == "Disabled"
    assert refusal(lagging.kms, "Encrypt", **ENCRYPT) == ("DisabledException", f"{key_arn()} is disabled.")


def test_a_write_works_on_the_newest_value(lagging: LaggingClient) -> None:
    lagging.kms.schedule_key_deletion(KeyId=KEY)
    assert lagging.state() == "Enabled"
    assert lagging.code(lagging.kms.schedule_key_deletion, KeyId=KEY) == "KMSInvalidStateException"
    lagging.kms.cancel_key_deletion(KeyId=KEY)
    lagging.kms.enable_key(KeyId=KEY)
    lagging.wait(10)
    assert lagging.state() == "Enabled"


def test_several_changes_become_visible_one_after_the_other(lagging: LaggingClient) -> None:
    for description in ("first", "second", "third"):
        lagging.kms.update_key_description(KeyId=KEY, Description=description)
        lagging.wait(4)
    seen = []
    for _ in range(4):
        seen.append(lagging.kms.describe_key(KeyId=KEY)["KeyMetadata"]["Description"])
        lagging.wait(4)
    assert seen == ["first", "second", "third", "third"]


def test_decrypt_uses_the_visible_state_of_the_key(lagging: LaggingClient) -> None:
    blob = lagging.kms.encrypt(**ENCRYPT)["CiphertextBlob"]
    lagging.kms.disable_key(KeyId=KEY)
    assert lagging.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    lagging.wait(10)
    assert lagging.code(lagging.kms.decrypt, CiphertextBlob=blob) == "DisabledException"


def test_tags_and_policies_are_read_after_the_delay(lagging: LaggingClient) -> None:
    lagging.kms.tag_resource(KeyId=KEY, Tags=[{"TagKey": "a", "TagValue": "1"}])
    lagging.kms.put_key_policy(KeyId=KEY, Policy=json.dumps(DENIAL))
    assert lagging.kms.list_resource_tags(KeyId=KEY)["Tags"] == []
    assert "Deny" not in lagging.kms.get_key_policy(KeyId=KEY)["Policy"]
    lagging.wait(10)
    assert lagging.kms.list_resource_tags(KeyId=KEY)["Tags"] == [{"TagKey": "a", "TagValue": "1"}]
    assert "Deny" in lagging.kms.get_key_policy(KeyId=KEY)["Policy"]


def test_a_policy_decides_after_the_delay(lagging: LaggingClient) -> None:
    lagging.kms.put_key_policy(KeyId=KEY, Policy=json.dumps(DENIAL))
    assert lagging.code(lagging.kms.encrypt, **ENCRYPT) == "ok"
    lagging.wait(10)
    assert lagging.code(lagging.kms.encrypt, **ENCRYPT) == "AccessDeniedException"


def test_a_policy_decides_about_writes_after_the_delay_too(lagging: LaggingClient) -> None:
    policy = json.loads(json.dumps(DENIAL).replace("kms:Encrypt", "kms:DisableKey"))
    lagging.kms.put_key_policy(KeyId=KEY, Policy=json.dumps(policy))
    assert lagging.code(lagging.kms.disable_key, KeyId=KEY) == "ok"
    lagging.wait(10)
    assert lagging.code(lagging.kms.disable_key, KeyId=KEY) == "AccessDeniedException"


CONDITIONS: dict[str, tuple[dict[str, Any], Callable[[Any], Any]]] = {
    "tags": (
        {"StringEquals": {"aws:ResourceTag/a": "1"}},
        lambda kms: kms.tag_resource(KeyId=KEY, Tags=[{"TagKey": "a", "TagValue": "1"}]),
    ),
    "aliases": (
        {"ForAnyValue:StringEquals": {"kms:ResourceAliases": SECOND}},
        lambda kms: kms.create_alias(AliasName=SECOND, TargetKeyId=KEY),
    ),
}


@pytest.mark.parametrize(("condition", "change"), CONDITIONS.values(), ids=CONDITIONS)
def test_tags_and_aliases_decide_after_the_delay(
    lagging: LaggingClient, keytrail_clean: KeytrailServer, condition: dict[str, Any], change: Callable[[Any], Any]
) -> None:
    ann = f"arn:aws:iam::{ACCOUNT}:user/Ann"
    allow = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*", "Condition": condition}
    policy = {"Version": "2012-10-17", "Statement": [allow, deny]}
    keytrail_clean.load(
        {
            "credentials": [{"AccessKeyId": "AKIDANN", "SecretAccessKey": "any", "Principal": ann}],
            "identities": [{"Arn": ann, "Policies": {"all": policy}}],
        }
    )
    kms = _client(keytrail_clean, "AKIDANN")
    assert lagging.code(kms.encrypt, **ENCRYPT) == "ok"
    change(lagging.kms)
    assert lagging.code(kms.encrypt, **ENCRYPT) == "ok"
    lagging.wait(10)
    assert lagging.code(kms.encrypt, **ENCRYPT) == "AccessDeniedException"


def test_a_new_key_is_visible_at_once(lagging: LaggingClient) -> None:
    key = lagging.kms.create_key()["KeyMetadata"]["KeyId"]
    assert lagging.state(key) == "Enabled"
    assert key in [entry["KeyId"] for entry in lagging.kms.list_keys()["Keys"]]


def test_due_changes_are_visible_at_once(lagging: LaggingClient) -> None:
    lagging.kms.schedule_key_deletion(KeyId=KEY, PendingWindowInDays=7)
    lagging.wait(timedelta(days=7).total_seconds())
    assert lagging.code(lagging.kms.describe_key, KeyId=KEY) == "NotFoundException"
    assert lagging.aliases() == []


def test_a_new_primary_region_is_visible_at_once(lagging: LaggingClient) -> None:
    """Ours: AWS tells of a move by the state Updating, not by a lag."""
    assert lagging.primary(MRK) == REGION
    lagging.kms.update_primary_region(KeyId=MRK, PrimaryRegion=ELSEWHERE)
    assert (lagging.state(MRK), lagging.primary(MRK)) == ("Enabled", ELSEWHERE)


def test_what_a_primary_key_shares_is_visible_in_its_replicas_after_the_delay(
    lagging: LaggingClient, keytrail_client: Callable[..., Any]
) -> None:
    elsewhere = keytrail_client(region=ELSEWHERE)
    lagging.kms.enable_key_rotation(KeyId=MRK)
    rotates = [elsewhere.get_key_rotation_status(KeyId=MRK)["KeyRotationEnabled"]]
    lagging.wait(10)
    rotates.append(elsewhere.get_key_rotation_status(KeyId=MRK)["KeyRotationEnabled"])
    assert rotates == [False, True]


# ---- Aliases


def test_a_new_alias_is_visible_after_the_delay(lagging: LaggingClient) -> None:
    lagging.kms.create_alias(AliasName=SECOND, TargetKeyId=KEY)
    assert lagging.code(lagging.kms.describe_key, KeyId=SECOND) == "NotFoundException"
    assert lagging.code(lagging.kms.create_alias, AliasName=SECOND, TargetKeyId=KEY) == "AlreadyExistsException"
    assert lagging.aliases() == lagging.aliases(KeyId=KEY) == [ALIAS]
    lagging.wait(10)
    assert lagging.kms.describe_key(KeyId=SECOND)["KeyMetadata"]["KeyId"] == KEY
    assert lagging.aliases() == lagging.aliases(KeyId=KEY) == [ALIAS, SECOND]


def test_a_deleted_alias_is_visible_for_a_while(lagging: LaggingClient) -> None:
    lagging.kms.delete_alias(AliasName=ALIAS)
    assert lagging.kms.describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"] == KEY
    assert lagging.aliases() == lagging.aliases(KeyId=KEY) == [ALIAS]
    assert lagging.code(lagging.kms.delete_alias, AliasName=ALIAS) == "NotFoundException"
    lagging.wait(10)
    assert lagging.code(lagging.kms.describe_key, KeyId=ALIAS) == "NotFoundException"
    assert lagging.aliases() == lagging.aliases(KeyId=KEY) == []


def test_an_updated_alias_names_the_old_key_for_a_while(lagging: LaggingClient) -> None:
    lagging.kms.update_alias(AliasName=ALIAS, TargetKeyId=OTHER_KEY)
    assert lagging.kms.encrypt(KeyId=ALIAS, Plaintext=b"x")["KeyId"] == key_arn()
    assert (lagging.aliases(KeyId=KEY), lagging.aliases(KeyId=OTHER_KEY)) == ([ALIAS], [])
    lagging.wait(10)
    assert lagging.kms.encrypt(KeyId=ALIAS, Plaintext=b"x")["KeyId"] == key_arn(OTHER_KEY)
    assert (lagging.aliases(KeyId=KEY), lagging.aliases(KeyId=OTHER_KEY)) == ([], [ALIAS])


def test_the_pages_of_a_list_have_the_visible_entries(lagging: LaggingClient) -> None:
    names = [f"alias/n{number:02}" for number in range(12)]
    for name in names:
        lagging.kms.create_alias(AliasName=name, TargetKeyId=OTHER_KEY)
    lagging.wait(10)
    for name in names[::2]:
        lagging.kms.delete_alias(AliasName=name)
    lagging.kms.create_alias(AliasName="alias/n05b", TargetKeyId=OTHER_KEY)
    assert lagging.aliases() == [*names, ALIAS]
    lagging.wait(10)
    assert lagging.aliases() == [*sorted([*names[1::2], "alias/n05b"]), ALIAS]


# ---- Grants


def _grantee(lagging: LaggingClient, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = lagging.kms.create_grant(
        KeyId=KEY, GranteePrincipal=f"arn:aws:iam::{FOREIGN}:root", Operations=["Encrypt"], Name="new", **more
    )
    return made


def test_a_new_grant_allows_after_the_delay_and_with_its_token_at_once(
    lagging: LaggingClient, keytrail_client: Callable[..., Any]
) -> None:
    other = keytrail_client(account=FOREIGN)
    members = {"KeyId": key_arn(), "Plaintext": b"x"}
    made = _grantee(lagging)
    assert lagging.code(other.encrypt, **members) == "AccessDeniedException"
    assert lagging.code(other.encrypt, **members, GrantTokens=[made["GrantToken"]]) == "ok"
    lagging.wait(10)
    assert lagging.code(other.encrypt, **members) == "ok"


@pytest.mark.parametrize("how", ["revoke", "retire"])
def test_a_removed_grant_allows_for_a_while(
    lagging: LaggingClient, keytrail_client: Callable[..., Any], how: str
) -> None:
    other = keytrail_client(account=FOREIGN)
    members = {"KeyId": key_arn(), "Plaintext": b"x"}
    made = _grantee(lagging)
    lagging.wait(10)
    {"revoke": lagging.kms.revoke_grant, "retire": lagging.kms.retire_grant}[how](
        KeyId=key_arn(), GrantId=made["GrantId"]
    )
    assert lagging.code(other.encrypt, **members) == "ok"
    lagging.wait(10)
    assert lagging.code(other.encrypt, **members) == "AccessDeniedException"


def test_a_grant_that_is_revoked_before_it_is_visible_is_visible_for_a_while(
    lagging: LaggingClient, keytrail_client: Callable[..., Any]
) -> None:
    made = _grantee(lagging)
    lagging.wait(5)
    lagging.kms.revoke_grant(KeyId=KEY, GrantId=made["GrantId"])
    other = keytrail_client(account=FOREIGN)
    seen = []
    for _ in range(3):
        seen.append((lagging.code(other.encrypt, KeyId=key_arn(), Plaintext=b"x"), lagging.grants()))
        lagging.wait(5)
    without = ("AccessDeniedException", ["seeded"])
    assert seen == [without, ("ok", ["seeded", "new"]), without]


def test_lists_have_the_visible_grants(lagging: LaggingClient) -> None:
    retiring = f"arn:aws:iam::{ACCOUNT}:role/Retiring"
    grantee = f"arn:aws:iam::{FOREIGN}:root"

    def lists(grant_id: str) -> list[list[str]]:
        retirable = lagging.kms.list_retirable_grants(RetiringPrincipal=retiring)["Grants"]
        return [
            lagging.grants(),
            lagging.grants(GranteePrincipal=grantee),
            lagging.grants(GrantId=grant_id),
            [grant["Name"] for grant in retirable],
        ]

    made = _grantee(lagging, RetiringPrincipal=retiring)["GrantId"]
    assert lists(made) == [["seeded"], [], [], []]
    lagging.wait(10)
    there = [["seeded", "new"], ["new"], ["new"], ["new"]]
    assert lists(made) == there
    lagging.kms.revoke_grant(KeyId=KEY, GrantId=made)
    assert lists(made) == there
    assert lagging.code(lagging.kms.revoke_grant, KeyId=KEY, GrantId=made) == "NotFoundException"
    lagging.wait(10)
    assert lists(made) == [["seeded"], [], [], []]


# ---- The delay itself


def test_everything_is_visible_at_once_without_a_delay(kms: Any, keytrail_clean: KeytrailServer) -> None:
    keytrail_clean.load(SAMPLE_SEED)
    kms.disable_key(KeyId=KEY)
    assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"] == "Disabled"


def test_a_seed_is_visible_at_once(lagging: LaggingClient) -> None:
    assert lagging.grants() == ["seeded"]
    assert lagging.aliases() == [ALIAS]


def test_all_changes_are_visible_after_the_clock_is_set_back(lagging: LaggingClient) -> None:
    lagging.kms.disable_key(KeyId=KEY)
    lagging.wait(-3600)
    assert lagging.state() == "Disabled"


def test_all_changes_are_visible_after_the_delay_is_changed(
    lagging: LaggingClient, keytrail_clean: KeytrailServer
) -> None:
    lagging.kms.disable_key(KeyId=KEY)
    answer = requests.put(f"{keytrail_clean.url}/_keytrail/settings", json={"ConsistencyDelay": "0"}, timeout=5)
    assert answer.json()["ConsistencyDelay"] == "0"
    assert lagging.state() == "Disabled"


def test_a_reset_forgets_changes_that_are_not_visible_yet_and_the_delay_of_the_seed() -> None:
    with KeytrailServer(fixtures=SAMPLE_SEED, consistency_delay="PT10S") as server:
        kms = _client(server, ACCOUNT)
        server.clock.freeze()
        kms.disable_key(KeyId=KEY)
        server.load({"settings": {"ConsistencyDelay": "PT1S"}})
        server.reset()
        server.clock.freeze()
        assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"] == "Enabled"
        kms.disable_key(KeyId=KEY)
        server.clock.advance("PT9S")
        assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"] == "Enabled"
        server.clock.advance("PT1S")
        assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"] == "Disabled"


@pytest.mark.parametrize("text", ["soon", "-1"])
def test_an_invalid_delay_is_refused(text: str, keytrail_clean: KeytrailServer) -> None:
    with pytest.raises(ValueError, match="consistency_delay"):
        Settings(consistency_delay=text)  # type: ignore[arg-type]
    with pytest.raises(SeedError, match=r"settings\.ConsistencyDelay: expected"):
        keytrail_clean.load({"settings": {"ConsistencyDelay": text}})


def test_concurrent_reads_and_writes_succeed(lagging: LaggingClient) -> None:
    def work(number: int) -> str:
        name = f"alias/w{number}"
        lagging.kms.create_alias(AliasName=name, TargetKeyId=OTHER_KEY)
        lagging.kms.list_aliases()
        lagging.kms.delete_alias(AliasName=name)
        return lagging.code(lagging.kms.list_grants, KeyId=KEY)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(40))) == {"ok"}
    assert lagging.aliases() == [ALIAS]


def _client(server: KeytrailServer, access_key_id: str) -> Any:
    import boto3

    return boto3.client(
        "kms",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=access_key_id,
        aws_secret_access_key="any",
    )
