"""Eventual consistency on demand: what a call changes shows to reads and to authorization some time later.

How we know: kms-behaviour H (reads and authorization lag, a grant token makes its grant count at once). That writes
meet the newest value, and that a new key shows at once, is decision 33.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from keytrail.pytest_plugin import KeytrailClock
from keytrail.seeds import SeedError
from keytrail.server import KeytrailServer
from keytrail.settings import Settings
from keytrail.store.delayed_view import History
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


class Late:
    """A client of a server whose changes show after ten seconds of a clock that stands still."""

    def __init__(self, kms: Any, clock: KeytrailClock) -> None:
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
def late(keytrail_clean: KeytrailServer, kms: Any, keytrail_clock: KeytrailClock) -> Late:
    keytrail_clean.load({**SAMPLE_SEED, "settings": {"ConsistencyDelay": "PT10S"}})
    keytrail_clock.freeze("2027-01-01T00:00:00Z")
    return Late(kms, keytrail_clock)


# ---- Keys


def test_a_state_shows_after_the_delay_and_not_before(late: Late) -> None:
    late.kms.disable_key(KeyId=KEY)
    assert late.state() == "Enabled"
    late.kms.encrypt(**ENCRYPT)
    late.wait(9.999)
    assert late.state() == "Enabled"
    late.wait(0.001)
    assert late.state() == "Disabled"
    assert refusal(late.kms, "Encrypt", **ENCRYPT) == ("DisabledException", f"{key_arn()} is disabled.")


def test_a_write_meets_the_newest_value(late: Late) -> None:
    late.kms.schedule_key_deletion(KeyId=KEY)
    assert late.state() == "Enabled"
    assert late.code(late.kms.schedule_key_deletion, KeyId=KEY) == "KMSInvalidStateException"
    late.kms.cancel_key_deletion(KeyId=KEY)
    late.kms.enable_key(KeyId=KEY)
    late.wait(10)
    assert late.state() == "Enabled"


def test_each_of_several_changes_shows_in_its_turn(late: Late) -> None:
    for description in ("first", "second", "third"):
        late.kms.update_key_description(KeyId=KEY, Description=description)
        late.wait(4)
    seen = []
    for _ in range(4):
        seen.append(late.kms.describe_key(KeyId=KEY)["KeyMetadata"]["Description"])
        late.wait(4)
    assert seen == ["first", "second", "third", "third"]


def test_a_ciphertext_finds_its_key_as_it_is_seen(late: Late) -> None:
    blob = late.kms.encrypt(**ENCRYPT)["CiphertextBlob"]
    late.kms.disable_key(KeyId=KEY)
    assert late.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    late.wait(10)
    assert late.code(late.kms.decrypt, CiphertextBlob=blob) == "DisabledException"


def test_tags_and_policies_are_read_late(late: Late) -> None:
    late.kms.tag_resource(KeyId=KEY, Tags=[{"TagKey": "a", "TagValue": "1"}])
    late.kms.put_key_policy(KeyId=KEY, Policy=json.dumps(DENIAL))
    assert late.kms.list_resource_tags(KeyId=KEY)["Tags"] == []
    assert "Deny" not in late.kms.get_key_policy(KeyId=KEY)["Policy"]
    late.wait(10)
    assert late.kms.list_resource_tags(KeyId=KEY)["Tags"] == [{"TagKey": "a", "TagValue": "1"}]
    assert "Deny" in late.kms.get_key_policy(KeyId=KEY)["Policy"]


def test_a_policy_decides_late(late: Late) -> None:
    late.kms.put_key_policy(KeyId=KEY, Policy=json.dumps(DENIAL))
    assert late.code(late.kms.encrypt, **ENCRYPT) == "ok"
    late.wait(10)
    assert late.code(late.kms.encrypt, **ENCRYPT) == "AccessDeniedException"


def test_a_policy_decides_late_about_writes_too(late: Late) -> None:
    policy = json.loads(json.dumps(DENIAL).replace("kms:Encrypt", "kms:DisableKey"))
    late.kms.put_key_policy(KeyId=KEY, Policy=json.dumps(policy))
    assert late.code(late.kms.disable_key, KeyId=KEY) == "ok"
    late.wait(10)
    assert late.code(late.kms.disable_key, KeyId=KEY) == "AccessDeniedException"


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
def test_tags_and_aliases_decide_late(
    late: Late, keytrail_clean: KeytrailServer, condition: dict[str, Any], change: Callable[[Any], Any]
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
    assert late.code(kms.encrypt, **ENCRYPT) == "ok"
    change(late.kms)
    assert late.code(kms.encrypt, **ENCRYPT) == "ok"
    late.wait(10)
    assert late.code(kms.encrypt, **ENCRYPT) == "AccessDeniedException"


def test_a_new_key_shows_at_once(late: Late) -> None:
    key = late.kms.create_key()["KeyMetadata"]["KeyId"]
    assert late.state(key) == "Enabled"
    assert key in [entry["KeyId"] for entry in late.kms.list_keys()["Keys"]]


def test_what_time_brings_shows_at_once(late: Late) -> None:
    late.kms.schedule_key_deletion(KeyId=KEY, PendingWindowInDays=7)
    late.wait(timedelta(days=7).total_seconds())
    assert late.code(late.kms.describe_key, KeyId=KEY) == "NotFoundException"


def test_a_moved_primary_shows_at_once(late: Late) -> None:
    """Ours: AWS tells of a move by the state Updating, not by a lag."""
    assert late.primary(MRK) == REGION
    late.kms.update_primary_region(KeyId=MRK, PrimaryRegion=ELSEWHERE)
    assert (late.state(MRK), late.primary(MRK)) == ("Enabled", ELSEWHERE)


# ---- Aliases


def test_a_new_alias_shows_late(late: Late) -> None:
    late.kms.create_alias(AliasName=SECOND, TargetKeyId=KEY)
    assert late.code(late.kms.describe_key, KeyId=SECOND) == "NotFoundException"
    assert late.code(late.kms.create_alias, AliasName=SECOND, TargetKeyId=KEY) == "AlreadyExistsException"
    assert late.aliases() == late.aliases(KeyId=KEY) == [ALIAS]
    late.wait(10)
    assert late.kms.describe_key(KeyId=SECOND)["KeyMetadata"]["KeyId"] == KEY
    assert late.aliases() == late.aliases(KeyId=KEY) == [ALIAS, SECOND]


def test_a_deleted_alias_is_seen_for_a_while(late: Late) -> None:
    late.kms.delete_alias(AliasName=ALIAS)
    assert late.kms.describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"] == KEY
    assert late.aliases() == late.aliases(KeyId=KEY) == [ALIAS]
    assert late.code(late.kms.delete_alias, AliasName=ALIAS) == "NotFoundException"
    late.wait(10)
    assert late.code(late.kms.describe_key, KeyId=ALIAS) == "NotFoundException"
    assert late.aliases() == late.aliases(KeyId=KEY) == []


def test_an_alias_that_is_pointed_elsewhere_names_the_old_key_for_a_while(late: Late) -> None:
    late.kms.update_alias(AliasName=ALIAS, TargetKeyId=OTHER_KEY)
    assert late.kms.encrypt(KeyId=ALIAS, Plaintext=b"x")["KeyId"] == key_arn()
    assert (late.aliases(KeyId=KEY), late.aliases(KeyId=OTHER_KEY)) == ([ALIAS], [])
    late.wait(10)
    assert late.kms.encrypt(KeyId=ALIAS, Plaintext=b"x")["KeyId"] == key_arn(OTHER_KEY)
    assert (late.aliases(KeyId=KEY), late.aliases(KeyId=OTHER_KEY)) == ([], [ALIAS])


def test_the_pages_of_a_list_hold_what_is_seen(late: Late) -> None:
    names = [f"alias/n{number:02}" for number in range(12)]
    for name in names:
        late.kms.create_alias(AliasName=name, TargetKeyId=OTHER_KEY)
    late.wait(10)
    for name in names[::2]:
        late.kms.delete_alias(AliasName=name)
    late.kms.create_alias(AliasName="alias/n05b", TargetKeyId=OTHER_KEY)
    assert late.aliases() == [*names, ALIAS]
    late.wait(10)
    assert late.aliases() == [*sorted([*names[1::2], "alias/n05b"]), ALIAS]


# ---- Grants


def _grantee(late: Late, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = late.kms.create_grant(
        KeyId=KEY, GranteePrincipal=f"arn:aws:iam::{FOREIGN}:root", Operations=["Encrypt"], Name="new", **more
    )
    return made


def test_a_new_grant_counts_late_and_with_its_token_at_once(late: Late, keytrail_client: Callable[..., Any]) -> None:
    other = keytrail_client(account=FOREIGN)
    members = {"KeyId": key_arn(), "Plaintext": b"x"}
    made = _grantee(late)
    assert late.code(other.encrypt, **members) == "AccessDeniedException"
    assert late.code(other.encrypt, **members, GrantTokens=[made["GrantToken"]]) == "ok"
    late.wait(10)
    assert late.code(other.encrypt, **members) == "ok"


@pytest.mark.parametrize("how", ["revoke", "retire"])
def test_a_grant_that_is_taken_away_counts_for_a_while(
    late: Late, keytrail_client: Callable[..., Any], how: str
) -> None:
    other = keytrail_client(account=FOREIGN)
    members = {"KeyId": key_arn(), "Plaintext": b"x"}
    made = _grantee(late)
    late.wait(10)
    {"revoke": late.kms.revoke_grant, "retire": late.kms.retire_grant}[how](KeyId=key_arn(), GrantId=made["GrantId"])
    assert late.code(other.encrypt, **members) == "ok"
    late.wait(10)
    assert late.code(other.encrypt, **members) == "AccessDeniedException"


def test_a_grant_that_is_taken_away_before_it_showed_shows_in_its_turn(
    late: Late, keytrail_client: Callable[..., Any]
) -> None:
    made = _grantee(late)
    late.wait(5)
    late.kms.revoke_grant(KeyId=KEY, GrantId=made["GrantId"])
    other = keytrail_client(account=FOREIGN)
    seen = []
    for _ in range(3):
        seen.append((late.code(other.encrypt, KeyId=key_arn(), Plaintext=b"x"), late.grants()))
        late.wait(5)
    without = ("AccessDeniedException", ["seeded"])
    assert seen == [without, ("ok", ["seeded", "new"]), without]


def test_grants_are_listed_as_they_are_seen(late: Late) -> None:
    retiring = f"arn:aws:iam::{ACCOUNT}:role/Retiring"
    grantee = f"arn:aws:iam::{FOREIGN}:root"

    def lists(grant_id: str) -> list[list[str]]:
        retirable = late.kms.list_retirable_grants(RetiringPrincipal=retiring)["Grants"]
        return [
            late.grants(),
            late.grants(GranteePrincipal=grantee),
            late.grants(GrantId=grant_id),
            [grant["Name"] for grant in retirable],
        ]

    made = _grantee(late, RetiringPrincipal=retiring)["GrantId"]
    assert lists(made) == [["seeded"], [], [], []]
    late.wait(10)
    there = [["seeded", "new"], ["new"], ["new"], ["new"]]
    assert lists(made) == there
    late.kms.revoke_grant(KeyId=KEY, GrantId=made)
    assert lists(made) == there
    assert late.code(late.kms.revoke_grant, KeyId=KEY, GrantId=made) == "NotFoundException"
    late.wait(10)
    assert lists(made) == [["seeded"], [], [], []]


# ---- The delay itself


def test_everything_shows_at_once_unless_it_is_asked_for(kms: Any, keytrail_clean: KeytrailServer) -> None:
    keytrail_clean.load(SAMPLE_SEED)
    kms.disable_key(KeyId=KEY)
    assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"] == "Disabled"


def test_a_seed_shows_at_once(late: Late) -> None:
    assert late.grants() == ["seeded"]
    assert late.aliases() == [ALIAS]


def test_all_shows_when_the_clock_is_set_back(late: Late) -> None:
    late.kms.disable_key(KeyId=KEY)
    late.wait(-3600)
    assert late.state() == "Disabled"


def test_all_shows_when_the_delay_is_changed(late: Late, keytrail_clean: KeytrailServer) -> None:
    late.kms.disable_key(KeyId=KEY)
    answer = requests.put(f"{keytrail_clean.url}/_keytrail/settings", json={"ConsistencyDelay": "0"}, timeout=5)
    assert answer.json()["ConsistencyDelay"] == "0"
    assert late.state() == "Disabled"


def test_a_reset_forgets_what_was_on_its_way_and_the_delay_of_the_seed() -> None:
    with KeytrailServer(fixtures=SAMPLE_SEED, consistency_delay="PT10S") as server:
        kms = _client(server, ACCOUNT)
        server.set_clock(frozen=True)
        kms.disable_key(KeyId=KEY)
        server.load({"settings": {"ConsistencyDelay": "PT1S"}})
        server.reset()
        server.set_clock(frozen=True)
        assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"] == "Enabled"
        kms.disable_key(KeyId=KEY)
        server.advance("PT9S")
        assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"] == "Enabled"
        server.advance("PT1S")
        assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"] == "Disabled"


@pytest.mark.parametrize("text", ["soon", "-1"])
def test_a_delay_that_is_none_is_refused(text: str, keytrail_clean: KeytrailServer) -> None:
    with pytest.raises(ValueError, match="consistency_delay"):
        Settings(consistency_delay=text)  # type: ignore[arg-type]
    with pytest.raises(SeedError, match=r"settings\.ConsistencyDelay: expected"):
        keytrail_clean.load({"settings": {"ConsistencyDelay": text}})


def test_what_has_shown_is_not_kept(late: Late, keytrail_clean: KeytrailServer) -> None:
    view = keytrail_clean.endpoint.store._late
    assert view is not None
    for number in range(50):
        late.kms.update_key_description(KeyId=KEY, Description=str(number))
        late.wait(1)
    assert len(view.keys._were[key_arn()]) <= 11
    late.wait(10)
    late.kms.update_key_description(KeyId=OTHER_KEY, Description="x")
    assert list(view.keys._were) == [key_arn(OTHER_KEY)]


@given(st.lists(st.tuples(st.integers(0, 7), st.none() | st.integers(0, 9)), max_size=30), st.integers(0, 15))
def test_what_is_seen_is_what_was_the_delay_ago(writes: list[tuple[int, int | None]], wait: int) -> None:
    start = datetime(2027, 1, 1, tzinfo=UTC)
    delay, now = timedelta(seconds=10), start
    history: History[int] = History(delay, lambda: now)
    values: list[tuple[datetime, int | None]] = [(start - delay, 0)]
    for pause, value in writes:
        now += timedelta(seconds=pause)
        history.note("x", values[-1][1])
        values.append((now, value))
    now += timedelta(seconds=wait)
    shown = [value for written, value in values if written + delay <= now][-1]
    assert history.seen("x", values[-1][1]) == shown
    assert history.hidden().get("x", shown) == shown
    assert history.seen("y", 7) == 7


def test_reads_and_writes_at_once_do_not_meet_in_the_middle(late: Late) -> None:
    def work(number: int) -> str:
        name = f"alias/w{number}"
        late.kms.create_alias(AliasName=name, TargetKeyId=OTHER_KEY)
        late.kms.list_aliases()
        late.kms.delete_alias(AliasName=name)
        return late.code(late.kms.list_grants, KeyId=KEY)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(40))) == {"ok"}
    assert late.aliases() == [ALIAS]


def _client(server: KeytrailServer, access_key_id: str) -> Any:
    import boto3

    return boto3.client(
        "kms",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=access_key_id,
        aws_secret_access_key="any",
    )
