"""Resource control policies through boto3: whom and what they reach.

How we know, unless a test says otherwise: docs, KMS Developer Guide, "Resource control policies in AWS KMS", and AWS
Organizations User Guide, "Resource control policies (RCPs)". What was recorded is in tests/recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, FOREIGN, GRANT_ID, KEY, MISSING_KEY, key_arn, refusal
from tests.support.clients import new_client

RCP = f"arn:aws:organizations::{ACCOUNT}:policy/o-exampleorgid/resource_control_policy/p-example"
SECRET = "secret"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
LINKED = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/kms.amazonaws.com/AWSServiceRoleForKeyManagementServiceExample"
CALLERS = {"ASIALINKED0000000001": LINKED, "ASIASERVICE000000001": "sns.amazonaws.com"}
SHARED = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"AWS": [ROOT, FOREIGN, LINKED], "Service": "sns.amazonaws.com"},
        "Action": "kms:*",
        "Resource": "*",
    },
}


@pytest.fixture
def govern(keytrail_clean: KeytrailServer) -> Callable[..., None]:
    """Load a key, callers, and a resource control policy of the key's account with one statement."""

    def load(**members: Any) -> None:
        statement = {"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*", **members}
        policy = {"Version": "2012-10-17", "Statement": statement}
        grant = {
            "GrantId": GRANT_ID,
            "GranteePrincipal": ROOT,
            "RetiringPrincipal": ROOT,
            "Operations": ["Decrypt"],
        }
        keytrail_clean.load(
            {
                "credentials": [
                    {"AccessKeyId": key, "SecretAccessKey": SECRET, "Principal": principal}
                    for key, principal in CALLERS.items()
                ],
                "resourceControlPolicies": [{"Arn": RCP, "Accounts": [ACCOUNT], "Policy": policy}],
                "keys": [{"KeyId": KEY, "Policy": SHARED, "Grants": [grant]}],
            }
        )

    return load


def denied(action: str, on: str, caller: str = ROOT) -> tuple[str, str]:
    words = f"User: {caller} is not authorized to perform: {action} {on} with an explicit deny in a"
    return "AccessDeniedException", f"{words} resource control policy: {RCP}"


def test_the_root_and_operations_without_a_key_are_reached(govern: Callable[..., None], kms: Any) -> None:
    """That operations without a key are is inferred from SQS's ListQueues (recorded, kms-behaviour F.2)."""
    govern()
    assert refusal(kms, "Encrypt", KeyId=KEY, Plaintext=b"x") == denied("kms:Encrypt", f"on resource: {key_arn()}")
    assert refusal(kms, "ListKeys") == denied("kms:ListKeys", "on resource: *")
    assert refusal(kms, "CreateKey") == denied("kms:CreateKey", "on resource: *")


def test_a_key_without_a_policy_of_its_own_is_reached(
    govern: Callable[..., None], kms: Any, keytrail_clean: KeytrailServer
) -> None:
    other = "5678abcd-12ab-34cd-56ef-1234567890ab"
    keytrail_clean.load({"keys": [{"KeyId": other}]})
    kms.describe_key(KeyId=other)
    govern(Action="kms:DescribeKey")
    assert refusal(kms, "DescribeKey", KeyId=other) == denied("kms:DescribeKey", f"on resource: {key_arn(other)}")
    kms.encrypt(KeyId=other, Plaintext=b"x")


def test_the_keys_account_counts_and_not_the_callers(
    govern: Callable[..., None], keytrail_client: Callable[..., Any]
) -> None:
    """The words are reported, kms-behaviour F.3; they do not say whether the key exists."""
    govern(Action="kms:Encrypt")
    partner = keytrail_client(account=FOREIGN)
    own = partner.create_key()["KeyMetadata"]["KeyId"]
    partner.encrypt(KeyId=own, Plaintext=b"x")
    why = "on this resource with an explicit deny in a resource control policy"
    words = f"User: arn:aws:iam::{FOREIGN}:root is not authorized to perform: kms:Encrypt {why}"
    for key_id in (KEY, MISSING_KEY):
        answer = refusal(partner, "Encrypt", KeyId=key_arn(key_id), Plaintext=b"x")
        assert answer == ("AccessDeniedException", words)
    partner.describe_key(KeyId=key_arn())


def test_services_are_reached_and_service_linked_roles_are_not(
    govern: Callable[..., None], keytrail_client: Callable[..., Any]
) -> None:
    govern(Action="kms:Encrypt")
    service, linked = (keytrail_client(access_key_id=key, secret_access_key=SECRET) for key in reversed(CALLERS))
    answer = refusal(service, "Encrypt", KeyId=key_arn(), Plaintext=b"x")
    assert answer == denied("kms:Encrypt", f"on resource: {key_arn()}", "sns.amazonaws.com")
    linked.encrypt(KeyId=KEY, Plaintext=b"x")


@pytest.mark.parametrize(("organization", "admitted"), [("o-exampleorgid", True), ("o-another", False)])
def test_a_confused_service_is_kept_out_by_the_organization_of_its_source(
    keytrail_clean: KeytrailServer, govern: Callable[..., None], organization: str, admitted: bool
) -> None:
    """How we know: docs, the sample RCPEnforceConfusedDeputyProtection of the KMS Developer Guide."""
    govern(
        Condition={
            "StringNotEqualsIfExists": {"aws:SourceOrgID": "o-exampleorgid"},
            "Null": {"aws:SourceAccount": "false"},
            "Bool": {"aws:PrincipalIsAWSService": "true"},
        }
    )
    keytrail_clean.load({"organization": {"Id": organization, "Accounts": [{"Account": FOREIGN}]}})
    service = new_client(keytrail_clean.url, access_key="ASIASERVICE000000001", secret=SECRET)

    def add(request: Any, **_: object) -> None:
        request.headers["x-amz-source-account"] = FOREIGN

    service.meta.events.register("before-sign.kms", add)
    if admitted:
        service.encrypt(KeyId=key_arn(), Plaintext=b"x")
    else:
        assert refusal(service, "Encrypt", KeyId=key_arn(), Plaintext=b"x")[0] == "AccessDeniedException"


def test_aws_managed_keys_and_retire_grant_are_not_reached(govern: Callable[..., None], kms: Any) -> None:
    """Of RetireGrant recorded, kms-behaviour F.2."""
    kms.describe_key(KeyId="alias/aws/s3")
    govern()
    kms.encrypt(KeyId="alias/aws/s3", Plaintext=b"x")
    kms.retire_grant(KeyId=key_arn(), GrantId=GRANT_ID)


def test_explain_names_the_policy_and_its_statement(
    govern: Callable[..., None], keytrail_clean: KeytrailServer
) -> None:
    """How we know: docs/who-may.md, "Why was it refused?"."""
    govern(Sid="Perimeter")
    url = f"{keytrail_clean.url}/_keytrail/explain"
    answer = requests.post(url, json={"action": "kms:Encrypt", "keyId": KEY}, timeout=10).json()
    assert answer["policy"] == {"type": "resource control policy", "name": RCP}
    assert answer["statement"] == {"sid": "Perimeter", "index": 0, "effect": "Deny"}
    assert answer["reason"] == "a statement of the resource control policy denies it"
