"""AWS services that call on behalf of a resource: aws:SourceArn, and grants to service principals.

Sources: IAM User Guide, "The confused deputy problem"; KMS API Reference, CreateGrant; kms-behaviour E.9.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, KEY, key_arn, refusal
from tests.support.clients import new_client

TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:orders"
OTHER = f"arn:aws:sns:us-east-1:{ACCOUNT}:refunds"
SERVICE = "sns.amazonaws.com"
CREDENTIAL = {"AccessKeyId": "ASIASERVICE000000001", "SecretAccessKey": "secret", "Principal": SERVICE}
TO_ROOT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
ENCRYPT = {"KeyId": KEY, "Plaintext": b"x"}


@pytest.fixture
def service(keytrail_clean: KeytrailServer) -> Callable[..., Any]:
    """A client of the service, which calls on behalf of a resource."""

    def client(access_key_id: str = "ASIASERVICE000000001", **headers: str) -> Any:
        made = new_client(keytrail_clean.url, access_key=access_key_id, secret="secret")

        def add(request: Any, **_: object) -> None:
            for name, value in headers.items():
                request.headers[f"x-amz-source-{name}"] = value

        made.meta.events.register("before-sign.kms", add)
        return made

    return client


def seed(*statements: dict[str, Any], **members: Any) -> dict[str, Any]:
    policy = {"Version": "2012-10-17", "Statement": [TO_ROOT, *statements]}
    return {"credentials": [CREDENTIAL], "keys": [{"KeyId": KEY, "Policy": policy}], **members}


@pytest.mark.parametrize(
    ("condition", "right", "wrong"),
    [
        ({"ArnLike": {"aws:SourceArn": TOPIC}}, {"arn": TOPIC}, [{"arn": OTHER}, {}]),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, {"account": ACCOUNT}, [{"account": "111122223333"}, {}]),
    ],
)
def test_a_key_policy_lets_a_service_use_the_key_for_one_resource(
    keytrail_clean: KeytrailServer,
    service: Callable[..., Any],
    condition: dict[str, Any],
    right: dict[str, str],
    wrong: list[dict[str, str]],
) -> None:
    """How we know: IAM User Guide, "The confused deputy problem": aws:SourceArn and aws:SourceAccount."""
    principal = {"Service": SERVICE}
    allow = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "kms:Encrypt",
        "Resource": "*",
        "Condition": condition,
    }
    keytrail_clean.load(seed(allow))
    assert service(**right).encrypt(**ENCRYPT)["KeyId"] == key_arn()
    for headers in wrong:
        assert refusal(service(**headers), "Encrypt", **ENCRYPT)[0] == "AccessDeniedException"


def test_a_grant_to_a_service_covers_its_calls_for_the_source_of_its_constraint(
    keytrail_clean: KeytrailServer, service: Callable[..., Any], kms: Any
) -> None:
    """How we know: docs, kms-behaviour E.9: a service grantee needs a SourceArn constraint, judged for services."""
    keytrail_clean.load(seed())
    kms.create_grant(
        KeyId=KEY,
        GranteeServicePrincipal=SERVICE,
        RetiringServicePrincipal=SERVICE,
        Operations=["Encrypt"],
        Constraints={"SourceArn": TOPIC},
    )
    assert service(arn=TOPIC).encrypt(**ENCRYPT)["KeyId"] == key_arn()
    for headers in ({"arn": OTHER}, {}):
        assert refusal(service(**headers), "Encrypt", **ENCRYPT)[0] == "AccessDeniedException"
    assert refusal(service(arn=TOPIC), "Decrypt", KeyId=KEY, CiphertextBlob=b"x")[0] == "AccessDeniedException"


def test_only_a_service_has_a_source(keytrail_clean: KeytrailServer, service: Callable[..., Any]) -> None:
    """How we know: IAM User Guide, aws:SourceArn: present only in requests that a service principal makes."""
    alice = f"arn:aws:iam::{ACCOUNT}:user/alice"
    condition = {"Null": {"aws:SourceArn": "false"}}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*", "Condition": condition}
    credential = {"AccessKeyId": "AKIAALICE00000000001", "SecretAccessKey": "secret", "Principal": alice}
    keytrail_clean.load(seed(deny, credentials=[CREDENTIAL, credential]))
    assert service("AKIAALICE00000000001", arn=TOPIC).encrypt(**ENCRYPT)["KeyId"] == key_arn()
    assert refusal(service(arn=TOPIC), "Encrypt", **ENCRYPT)[1].endswith("explicit deny in a resource-based policy")
