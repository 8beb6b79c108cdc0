"""The page of a key: what belongs to it, who used it, and itself as a seed.

How we know: docs/console.md.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, KEY, MRK, key_arn
from tests.support.console import Visitor, words

READER = f"arn:aws:iam::{ACCOUNT}:role/Reader"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "Owner", "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["kms:DisableKey"],
            "Resource": "*",
            "Condition": {"NumericLessThan": {"kms:TrailingDaysWithoutKeyUsage": "30"}},
        },
    ],
}
SEED: dict[str, Any] = {
    "credentials": [{"AccessKeyId": "AKIAREADER0000000001", "SecretAccessKey": "secret", "Principal": READER}],
    "keys": [
        {
            "KeyId": KEY,
            "Description": "orders at rest",
            "CreationDate": "400 days ago",
            "Aliases": ["alias/orders", "alias/storage"],
            "Tags": {"team": "payments"},
            "Policy": POLICY,
            "Rotation": {"RotationPeriodInDays": 365, "Rotations": [{"RotationDate": "100 days ago"}]},
            "Grants": [
                {
                    "Name": "export",
                    "GranteePrincipal": READER,
                    "Operations": ["Decrypt", "Encrypt"],
                    "Constraints": {"EncryptionContextSubset": {"tenant": "acme"}},
                }
            ],
        },
        {
            "KeyId": MRK,
            "CreationDate": "90 days ago",
            "Replicas": [
                {"Region": "eu-west-1", "LastUsage": {"Operation": "GenerateDataKey", "Timestamp": "3 days ago"}},
                {"Region": "ap-southeast-2", "CreationDate": "10 days ago"},
            ],
        },
    ],
}


@pytest.fixture
def visitor(keytrail_clean: KeytrailServer) -> Visitor:
    keytrail_clean.clock.freeze("2026-12-01T09:30:00Z")
    keytrail_clean.load(SEED)
    return Visitor(keytrail_clean)


def section(page: Any, heading: str) -> str:
    """The words between a heading and the next one."""
    [found] = [each for each in page.xpath("//h2") if words(each).startswith(heading)]
    text = []
    for sibling in found.itersiblings():
        if sibling.tag == "h2":
            break
        text.append(words(sibling))
    return " ".join(text)


def test_the_page_has_what_belongs_to_the_key(visitor: Visitor) -> None:
    page = visitor.page(f"/keys/{key_arn()}")
    text = words(page)
    assert words(page.find(".//h1")) == "orders"
    for told in (
        key_arn(),
        "orders at rest",
        "alias/storage",
        "team=payments",
        "SYMMETRIC_DEFAULT",
        "2025-10-27 09:30:00",
    ):
        assert told in text
    assert section(page, "Grants").split("Created ")[1].startswith("role/Reader export Decrypt, Encrypt")
    assert '{"tenant": "acme"}' in section(page, "Grants")
    materials = section(page, "Rotation")
    assert "automatic rotation, 2026-08-23 09:30 current" in materials
    assert "the first" in materials


def test_the_statements_of_the_key_policy_are_numbered_and_readable(visitor: Visitor) -> None:
    statements = [words(each) for each in visitor.page(f"/keys/{key_arn()}").xpath("//ol[@class='statements']/li")]
    assert statements[0].startswith(f"Allow Owner Principal AWS {ACCOUNT} Action kms:*")
    assert statements[1].startswith("Deny no Sid Principal * Action kms:DisableKey")
    assert statements[1].endswith("Condition NumericLessThan kms:TrailingDaysWithoutKeyUsage 30")


def test_a_replica_has_its_own_last_use(visitor: Visitor) -> None:
    primary = visitor.page(f"/keys/{key_arn(MRK)}")
    replicas = section(primary, "Replicas")
    assert "eu-west-1 Enabled 3 d GenerateDataKey by root" in replicas
    assert "ap-southeast-2 Enabled 10 d never used" in replicas
    replica = visitor.page(f"/keys/{key_arn(MRK, region='eu-west-1')}")
    assert "us-east-1 Enabled 90 d never used" in section(replica, "Its set")


def test_who_used_it_is_counted_by_caller_and_operation_over_90_days(
    visitor: Visitor, keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    owner = keytrail_client()
    reader = keytrail_client(access_key_id="AKIAREADER0000000001")
    owner.encrypt(KeyId=KEY, Plaintext=b"long ago")
    keytrail_clean.clock.advance(timedelta(days=91))
    blobs = [owner.encrypt(KeyId=KEY, Plaintext=b"1", EncryptionContext={"tenant": "acme"}) for _ in range(3)]
    reader.decrypt(CiphertextBlob=blobs[0]["CiphertextBlob"], EncryptionContext={"tenant": "acme"})
    owner.describe_key(KeyId=KEY)
    with pytest.raises(ClientError):
        owner.decrypt(CiphertextBlob=blobs[0]["CiphertextBlob"], KeyId=KEY)
    page = visitor.page(f"/keys/{key_arn()}")
    rows = section(page, "Who breaks if it is disabled")
    assert f"root of {ACCOUNT} arn:aws:iam::{ACCOUNT}:root Encrypt 3 0" in rows
    assert f"role/Reader {READER} Decrypt 1 0" in rows
    assert f"root of {ACCOUNT} arn:aws:iam::{ACCOUNT}:root Decrypt 0 1" in rows
    assert "DescribeKey" not in rows


def test_the_timeline_has_its_events_the_newest_first(visitor: Visitor, keytrail_client: Callable[..., Any]) -> None:
    kms = keytrail_client()
    kms.encrypt(KeyId=KEY, Plaintext=b"1")
    visitor.server.clock.advance(timedelta(days=270))
    kms.describe_key(KeyId=KEY)
    events = [words(event) for event in visitor.page(f"/keys/{key_arn()}").xpath("//ol[@class='timeline']/li")]
    assert [event.split()[2] for event in events] == ["DescribeKey", "RotateKey", "Encrypt"]
    assert events[1].endswith("KMS itself")


def test_a_key_that_was_deleted_leads_to_its_events(visitor: Visitor) -> None:
    answer = visitor.ask(f"/keys/{key_arn('99999999-9999-4999-8999-999999999999')}")
    assert answer.status_code == 404
    assert "/trail?key=arn" in answer.text


def test_a_key_is_copied_as_a_seed_with_its_past(visitor: Visitor) -> None:
    seed = visitor.page(f"/seed/{key_arn(MRK)}").xpath("//pre")[0].text_content()
    with KeytrailServer() as server:
        server.clock.freeze("2026-12-01T09:30:00Z")
        server.endpoint.load(seed.encode())
        copy = Visitor(server).page(f"/keys/{key_arn(MRK)}")
        original = visitor.page(f"/keys/{key_arn(MRK)}")
        assert section(copy, "Replicas") == section(original, "Replicas")
