"""GetKeyPolicy, PutKeyPolicy, ListKeyPolicies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from keytrail.domain.key_policy import printed
from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, FOREIGN, KEY, MRK, POLICY, key_arn, load_sample_seed, refusal

DEFAULT = (
    '{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow",'
    f'"Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:root"}},"Action":"kms:*","Resource":"*"}}]}}'
)


@pytest.fixture(autouse=True)
def sample_seed(keytrail_clean: KeytrailServer, kms: Any) -> None:
    load_sample_seed(keytrail_clean, kms)


# shape


def test_the_policy_of_a_key_that_was_given_none_is_the_default_policy(kms: Any) -> None:
    """How we know: aws-recorded, kms-behaviour F.1."""
    answer = kms.get_key_policy(KeyId=KEY)
    assert json.loads(answer["Policy"]) == json.loads(DEFAULT)
    assert answer["PolicyName"] == "default"


def test_a_key_has_one_policy_and_its_name_is_default(kms: Any) -> None:
    """How we know: AWS docs."""
    answer = kms.list_key_policies(KeyId=KEY)
    assert (answer["PolicyNames"], answer["Truncated"]) == (["default"], False)


# rules


def test_a_policy_that_was_put_is_the_one_that_is_got(kms: Any) -> None:
    """How we know: AWS docs."""
    kms.put_key_policy(KeyId=KEY, Policy=json.dumps(POLICY), PolicyName="default")
    text = kms.get_key_policy(KeyId=KEY, PolicyName="default")["Policy"]
    assert text == printed(json.dumps(POLICY))
    assert json.loads(text) == POLICY


def test_the_policies_of_new_and_seeded_keys_are_got(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: KMS API Reference, CreateKey; docs/seeds.md, "Seeds"."""
    made = kms.create_key(Policy=json.dumps(POLICY))["KeyMetadata"]["KeyId"]
    assert json.loads(kms.get_key_policy(KeyId=made)["Policy"]) == POLICY
    seeded = "4444abcd-12ab-34cd-56ef-1234567890ab"
    keytrail_clean.load({"keys": [{"KeyId": seeded, "Policy": POLICY}]})
    assert json.loads(kms.get_key_policy(KeyId=seeded)["Policy"]) == POLICY


def test_a_replica_has_a_policy_of_its_own(kms: Any, keytrail_client: Callable[..., Any]) -> None:
    """How we know: kms-behaviour E.10."""
    kms.put_key_policy(KeyId=MRK, Policy=json.dumps(POLICY))
    replica = keytrail_client(region="eu-west-1").get_key_policy(KeyId=MRK)["Policy"]
    assert json.loads(replica) == json.loads(DEFAULT)


def test_a_policy_lets_another_account_in_as_soon_as_it_is_put(kms: Any, keytrail_client: Callable[..., Any]) -> None:
    """How we know: kms-behaviour F.2."""
    foreign = keytrail_client(account=FOREIGN)
    arn = key_arn(KEY)
    assert refusal(foreign, "DescribeKey", KeyId=arn)[0] == "AccessDeniedException"
    shared = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{FOREIGN}:root"},
        "Action": "kms:DescribeKey",
        "Resource": "*",
    }
    kms.put_key_policy(KeyId=KEY, Policy=json.dumps({**POLICY, "Statement": [*POLICY["Statement"], shared]}))
    assert foreign.describe_key(KeyId=arn)["KeyMetadata"]["KeyId"] == KEY


# refusals


def test_another_policy_name_is_not_found(kms: Any) -> None:
    """How we know: emulators, believed copied from AWS."""
    answer = refusal(kms, "GetKeyPolicy", KeyId=KEY, PolicyName="other")
    assert answer == ("NotFoundException", "No such policy exists")


def test_the_policy_of_resource_shares_cannot_be_put(kms: Any) -> None:
    """How we know: AWS docs; the words are not known."""
    answer = refusal(kms, "PutKeyPolicy", KeyId=KEY, Policy=json.dumps(POLICY), PolicyName="AWS_RAM")
    assert answer[0] == "ValidationException"


def test_a_policy_that_locks_everybody_out_is_refused_unless_that_is_wanted(kms: Any) -> None:
    """How we know: reported, kms-behaviour E.4."""
    closed = json.dumps({**POLICY, "Statement": [{**POLICY["Statement"][0], "Action": "kms:Encrypt"}]})
    assert refusal(kms, "PutKeyPolicy", KeyId=KEY, Policy=closed) == (
        "MalformedPolicyDocumentException",
        "The new key policy will not allow you to update the key policy in the future.",
    )
    assert json.loads(kms.get_key_policy(KeyId=KEY)["Policy"]) == json.loads(DEFAULT)
    kms.put_key_policy(KeyId=KEY, Policy=closed, BypassPolicyLockoutSafetyCheck=True)
    assert json.loads(kms.get_key_policy(KeyId=KEY)["Policy"]) == json.loads(closed)
