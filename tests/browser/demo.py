"""A server whose keys, callers and calls show all that the console has: for its tests and its pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from keytrail.server import KeytrailServer

NOW = "2026-12-01T09:30:00Z"
PAYMENTS, ANALYTICS = "111122223333", "444455556666"
ORDERS = "1234abcd-12ab-34cd-56ef-1234567890ab"
READER = "arn:aws:iam::111122223333:role/OrderReader"


def _root(account: str) -> dict[str, Any]:
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    return {"Sid": "Account", "Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}


_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        _root(PAYMENTS),
        {
            "Sid": "ReadersOfOneTenant",
            "Effect": "Allow",
            "Principal": {"AWS": READER},
            "Action": ["kms:Decrypt", "kms:DescribeKey"],
            "Resource": "*",
            "Condition": {"StringEquals": {"kms:EncryptionContext:tenant": "acme"}},
        },
        {
            "Sid": "GuardWhatIsInUse",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["kms:DisableKey", "kms:ScheduleKeyDeletion"],
            "Resource": "*",
            "Condition": {"NumericLessThanEquals": {"kms:TrailingDaysWithoutKeyUsage": "30"}},
        },
    ],
}


def _key(number: int, account: str = PAYMENTS, **members: Any) -> dict[str, Any]:
    return {"KeyId": f"{number:08x}-7c1d-4e02-9b5a-{number * 48271 % 16**12:012x}", "Account": account, **members}


def _used(operation: str, when: str) -> dict[str, str]:
    return {"Operation": operation, "Timestamp": when}


SEED: dict[str, Any] = {
    "credentials": [
        {"AccessKeyId": "AKIAORDERREADER00001", "SecretAccessKey": "secret", "Principal": READER},
        {
            "AccessKeyId": "AKIABILLING000000001",
            "SecretAccessKey": "secret",
            "Principal": "arn:aws:iam::111122223333:role/Billing",
        },
    ],
    "identities": [
        {"Arn": READER, "Policies": {}},
        {
            "Arn": "arn:aws:iam::111122223333:role/Billing",
            "Policies": {
                "billing": {
                    "Version": "2012-10-17",
                    "Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"},
                }
            },
        },
    ],
    "keys": [
        {
            "KeyId": ORDERS,
            "Account": PAYMENTS,
            "Description": "orders at rest, and the nightly export",
            "CreationDate": "2024-03-01T08:00:00Z",
            "Aliases": ["alias/orders", "alias/orders-export"],
            "Tags": {"team": "payments", "data": "confidential"},
            "Policy": _POLICY,
            "Rotation": {
                "RotationPeriodInDays": 365,
                "NextRotationDate": "in 21 days",
                "Rotations": [
                    {"RotationDate": "2025-03-01T08:00:00Z"},
                    {"RotationDate": "40 days ago", "RotationType": "ON_DEMAND"},
                ],
            },
            "Grants": [
                {
                    "Name": "export",
                    "GranteePrincipal": "arn:aws:iam::111122223333:role/NightlyExport",
                    "Operations": ["Decrypt", "DescribeKey"],
                    "Constraints": {"EncryptionContextSubset": {"job": "export"}},
                    "CreationDate": "90 days ago",
                }
            ],
        },
        _key(
            0x2A91,
            Aliases=["alias/legacy-ledger"],
            CreationDate="2023-02-11T10:00:00Z",
            Tags={"team": "ledger"},
            KeyState="PendingDeletion",
            DeletionDate="in 6 days",
        ),
        _key(0x51C0, Aliases=["alias/invoices-2025"], CreationDate="2025-01-03T09:12:00Z"),
        _key(
            0x6B3F,
            Aliases=["alias/licence-signing"],
            KeySpec="RSA_2048",
            KeyUsage="SIGN_VERIFY",
            CreationDate="2025-01-15T09:30:00Z",
            LastUsage=_used("Sign", "121 days ago"),
        ),
        _key(
            0x70D2,
            Aliases=["alias/webhook-hmac"],
            KeySpec="HMAC_256",
            KeyUsage="GENERATE_VERIFY_MAC",
            CreationDate="2025-08-01T00:00:00Z",
            LastUsage=_used("GenerateMac", "47 days ago"),
        ),
        _key(0x81EE, Description="made for a project that was cancelled", CreationDate="74 days ago"),
        _key(
            0x93A7,
            Aliases=["alias/session-tokens"],
            CreationDate="200 days ago",
            LastUsage=_used("GenerateDataKey", "5 minutes ago"),
        ),
        _key(
            0xA410,
            Aliases=["alias/backups"],
            CreationDate="2025-11-20T04:00:00Z",
            LastUsage=_used("GenerateDataKeyWithoutPlaintext", "9 hours ago"),
        ),
        _key(
            0xB5B5,
            Aliases=["alias/fraud-model"],
            KeyState="Disabled",
            CreationDate="2024-05-01T00:00:00Z",
            LastUsage=_used("Decrypt", "95 days ago"),
        ),
        {
            "KeyId": "mrk-1234abcd12ab34cd56ef1234567890ab",
            "Account": ANALYTICS,
            "Aliases": ["alias/global-sessions"],
            "CreationDate": "300 days ago",
            "Replicas": [
                {
                    "Region": "eu-west-1",
                    "Aliases": ["alias/global-sessions"],
                    "LastUsage": _used("GenerateDataKey", "3 days ago"),
                },
                {"Region": "ap-southeast-2", "Aliases": ["alias/global-sessions"], "CreationDate": "10 days ago"},
            ],
        },
        _key(
            0xC7F1,
            ANALYTICS,
            Aliases=["alias/warehouse"],
            CreationDate="2025-03-09T16:40:00Z",
            LastUsage=_used("Decrypt", "18 days ago"),
        ),
        _key(
            0xD802,
            ANALYTICS,
            Aliases=["alias/partner-feed"],
            KeySpec="ECC_NIST_P256",
            KeyUsage="SIGN_VERIFY",
            CreationDate="150 days ago",
        ),
        _key(
            0xE0AC,
            ANALYTICS,
            Region="eu-west-1",
            Aliases=["alias/imported-root"],
            Origin="EXTERNAL",
            CreationDate="60 days ago",
            ValidTo="in 27 days",
            LastUsage=_used("Encrypt", "33 days ago"),
        ),
    ],
    "faults": [{"Operations": ["Sign"], "Probability": 0.2, "Error": "KMSInternalException"}],
}


def moment() -> datetime:
    """NOW."""
    return datetime.fromisoformat(NOW)


def serve() -> KeytrailServer:
    """A server with these keys, whose time is NOW and stands still; it has not been started."""
    server = KeytrailServer()
    server.clock.freeze(NOW)
    server.load(SEED)
    return server


def client_of(server: KeytrailServer, access_key_id: str = PAYMENTS) -> Any:
    """A boto3 client of a started server."""
    return boto3.client(
        "kms",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=access_key_id,
        aws_secret_access_key="secret",
        config=Config(user_agent="order-service/2.4"),
    )


def call(server: KeytrailServer) -> None:
    """A few weeks of calls, some of them refused."""
    owner, reader, billing = (
        client_of(server, who) for who in (PAYMENTS, "AKIAORDERREADER00001", "AKIABILLING000000001")
    )
    server.clock.set("2026-11-12T08:00:00Z")
    acme, globex = {"tenant": "acme"}, {"tenant": "globex"}
    for hours in (31, 47, 22, 53, 40, 61, 29, 44):
        blobs = [owner.encrypt(KeyId="alias/orders", Plaintext=b"1", EncryptionContext=each) for each in (acme, globex)]
        reader.decrypt(CiphertextBlob=blobs[0]["CiphertextBlob"], EncryptionContext=acme)
        billing.generate_data_key(KeyId="alias/orders", KeySpec="AES_256")
        server.clock.set(server.clock.now + hours * HOUR)
    refused(reader.decrypt, CiphertextBlob=blobs[1]["CiphertextBlob"], EncryptionContext=globex)
    refused(billing.disable_key, KeyId=ORDERS)
    refused(owner.describe_key, KeyId="alias/missing")
    server.clock.freeze(NOW)
    owner.list_keys()
    reader.decrypt(CiphertextBlob=blobs[0]["CiphertextBlob"], EncryptionContext=acme)
    refused(reader.encrypt, KeyId=ORDERS, Plaintext=b"1", EncryptionContext=acme)


HOUR = timedelta(hours=1)


def refused(method: Callable[..., Any], **members: Any) -> None:
    """Make a call that is refused."""
    try:
        method(**members)
    except ClientError:
        return
    raise AssertionError(json.dumps(members, default=str))
