"""The values of a request under each condition key.

How we know: kms-behaviour F.4 and C.7; IAM User Guide, "AWS global condition context keys"; STS's keys, "Available keys
for AWS STS". That policies see these values is shown through boto3 in tests/authorization/test_permissions.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keytrail.authorization.condition_keys import NOT_EVALUATED, RequestContext, evaluated
from keytrail.authorization.identities import PrincipalPolicies
from keytrail.authorization.request import RequestFacts
from keytrail.crypto.attestation import Attestation
from keytrail.domain.grant import Grant
from keytrail.domain.grant_constraints import Constraints
from keytrail.domain.key import Key
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.organization import Membership
from keytrail.domain.principal import Principal
from keytrail.domain.session import Session
from keytrail.operations.kms import OPERATIONS
from keytrail.settings import Settings
from keytrail.store import Store
from keytrail.trail import Trail
from tests.support import ACCOUNT, FOREIGN, KEY, REGION, alias_arn, key_arn
from tests.support.paths import ROOT

NOW = datetime(2026, 6, 1, 12, 0, 0, 500_000, tzinfo=UTC)
ROLE, SESSION = f"arn:aws:iam::{ACCOUNT}:role/app/Reader", f"arn:aws:sts::{ACCOUNT}:assumed-role/Reader/one"
A_KEY = Key(account=ACCOUNT, region=REGION, key_id=KEY, creation_date=NOW, material=KeyMaterial.random())


def context(
    action: str = "kms:Encrypt",
    *,
    operation: str | None = None,
    key: Key | None = A_KEY,
    resource: str | None = None,
    policies: PrincipalPolicies | None = None,
    grant: Grant | None = None,
    **facts: Any,
) -> RequestContext:
    """The context of a request, with KMS's defaults for the members that are not sent."""
    operation = operation or action.removeprefix("kms:")
    known = {
        "principal": Principal.root(ACCOUNT),
        "region": REGION,
        "now": NOW,
        "request_id": "r",
        "store": Store(),
        "trail": Trail(10),
        "settings": Settings(),
        "defaults": OPERATIONS[operation].defaults if operation in OPERATIONS else {},
    }
    return RequestContext(
        RequestFacts(operation=operation, **{**known, **facts}),
        action,
        resource or (key.arn if key is not None else "*"),
        key,
        policies or PrincipalPolicies(),
        grant=grant,
    )


def test_every_condition_key_of_kms_is_evaluated_or_listed_with_the_reason_why_not() -> None:
    page = (ROOT / "docs" / "kms-behaviour.md").read_text()
    table = page.partition("\n### F.4 ")[2].partition("\n### ")[0]
    rows = re.findall(r"^\| ([A-Z][^|]*) \|", table, re.MULTILINE)
    assert len(rows) > 25
    known = evaluated() | {key.lower() for key in NOT_EVALUATED}
    names = [name for row in rows for name in re.split(r", | / ", row) if not name.startswith(":")]
    # `EncryptionContext:K` stands for all that begin with `kms:EncryptionContext:`.
    assert [name for name in names if f"kms:{''.join(name.partition(':')[:2])}".lower() not in known] == []


def test_no_condition_key_is_both_evaluated_and_listed_as_not_evaluated() -> None:
    assert {key.lower() for key in NOT_EVALUATED} & evaluated() == set()
    assert all(NOT_EVALUATED.values())


USER = Principal.from_arn(f"arn:aws:iam::{ACCOUNT}:user/team/alice")
ROLE_SESSION = replace(
    Principal.from_arn(SESSION),
    session=Session(
        created=NOW, role=ROLE, mfa=True, tags=(("Team", "payments"), ("stage", "test")), source_identity="alice"
    ),
)
ORGANIZATION = PrincipalPolicies(
    organization_id="o-mine", memberships={FOREIGN: Membership(organization_id="o-theirs")}, tags={"team": "own"}
)
PAIRS = {"tenant": "a", "Purpose": "test"}
ENCLAVE = Attestation("i-1", False, {0: b"\xab", 8: b"\x08"}, None)
TPM = Attestation("i-1", True, {4: b"\x04"}, None)
TAGS = [{"TagKey": "Team", "TagValue": "payments"}]

VALUES: Mapping[str, tuple[dict[str, Any], str, tuple[str, ...] | None]] = {
    "a member": ({"action": "kms:Sign", "members": {"SigningAlgorithm": "RSASSA_PSS_SHA_256"}},
                 "kms:SigningAlgorithm", ("RSASSA_PSS_SHA_256",)),
    "a member's default": ({"action": "kms:Sign"}, "kms:MessageType", ("RAW",)),
    "a member of another operation": ({"action": "kms:Encrypt"}, "kms:MessageType", None),
    "a list": ({"action": "kms:CreateGrant", "members": {"Operations": ["Encrypt", "Decrypt"]}},
               "kms:GrantOperations", ("Encrypt", "Decrypt")),
    "a moment": ({"action": "kms:ImportKeyMaterial", "members": {"ValidTo": NOW}},
                 "kms:ValidTo", (str(NOW.timestamp()),)),
    "no default where Null checks what was sent": ({"action": "kms:PutKeyPolicy"},
                                                  "kms:BypassPolicyLockoutSafetyCheck", None),
    "the algorithm of a data key": ({"action": "kms:GenerateDataKey"},
                                    "kms:EncryptionAlgorithm", ("SYMMETRIC_DEFAULT",)),
    "an encryption context's pair, in any case": ({"members": {"EncryptionContext": PAIRS}},
                                                  "kms:EncryptionContext:PURPOSE", ("test",)),
    "an encryption context's keys": ({"members": {"EncryptionContext": PAIRS}},
                                     "kms:EncryptionContextKeys", ("tenant", "Purpose")),
    "no encryption context": ({}, "kms:EncryptionContextKeys", None),
    "ReEncrypt's source": ({"action": "kms:ReEncryptFrom", "operation": "ReEncrypt",
                            "members": {"SourceEncryptionContext": PAIRS}},
                           "kms:EncryptionContext:tenant", ("a",)),
    "ReEncrypt's destination": ({"action": "kms:ReEncryptTo", "operation": "ReEncrypt",
                                 "members": {"SourceEncryptionContext": PAIRS}},
                                "kms:EncryptionContext:tenant", None),
    "the context in the constraints of a new grant": (
        {"action": "kms:CreateGrant", "members": {"Constraints": {"EncryptionContextSubset": PAIRS}}},
        "kms:EncryptionContext:tenant", ("a",)),
    "the constraints that a new grant has": (
        {"action": "kms:CreateGrant", "members": {"Constraints": {"EncryptionContextSubset": PAIRS}}},
        "kms:GrantConstraintType", ("EncryptionContextSubset",)),
    "a new grant without constraints": ({"action": "kms:CreateGrant"}, "kms:GrantConstraintType", None),
    "an alias, by its name": ({"members": {"KeyId": "alias/orders"}}, "kms:RequestAlias", ("alias/orders",)),
    "an alias, by its ARN": ({"members": {"KeyId": alias_arn()}}, "kms:RequestAlias", ("alias/orders",)),
    "no alias": ({"members": {"KeyId": KEY}}, "kms:RequestAlias", None),
    "days without use": ({"action": "kms:DisableKey", "now": NOW + timedelta(days=90.9)},
                         "kms:TrailingDaysWithoutKeyUsage", ("90",)),
    "days without use, of another operation": ({}, "kms:TrailingDaysWithoutKeyUsage", None),
    "a tag of the request": ({"action": "kms:TagResource", "members": {"Tags": TAGS}},
                             "aws:RequestTag/team", ("payments",)),
    "the keys of new tags": ({"action": "kms:TagResource", "members": {"Tags": TAGS}}, "aws:TagKeys", ("Team",)),
    "the keys of tags to remove": ({"action": "kms:UntagResource", "members": {"TagKeys": ["Team"]}},
                                 "aws:TagKeys", ("Team",)),
    "a tag of the key": ({"key": replace(A_KEY, tags={"Team": "orders"})}, "aws:ResourceTag/team", ("orders",)),
    "a user": ({"principal": USER}, "aws:username", ("alice",)),
    "a user's type": ({"principal": USER}, "aws:PrincipalType", ("User",)),
    "a session is no user": ({"principal": ROLE_SESSION}, "aws:username", None),
    "a session's role": ({"principal": ROLE_SESSION}, "aws:PrincipalArn", (ROLE,)),
    "an MFA code": ({"principal": ROLE_SESSION}, "aws:MultiFactorAuthPresent", ("true",)),
    "long-term credentials": ({"principal": USER}, "aws:MultiFactorAuthPresent", None),
    "an MFA code in the request": ({"principal": USER, "members": {"TokenCode": "123456"}},
                                "aws:MultiFactorAuthPresent", ("true",)),
    "a session's source identity": ({"principal": ROLE_SESSION}, "aws:SourceIdentity", ("alice",)),
    "a session's beginning": ({"principal": ROLE_SESSION}, "aws:TokenIssueTime", ("2026-06-01T12:00:00+00:00",)),
    "a session's tag before its role's": ({"principal": ROLE_SESSION, "policies": ORGANIZATION},
                                          "aws:PrincipalTag/TEAM", ("payments",)),
    "a user's own tag": ({"principal": USER, "policies": ORGANIZATION}, "aws:PrincipalTag/team", ("own",)),
    "the caller's organization": ({"policies": ORGANIZATION}, "aws:PrincipalOrgID", ("o-mine",)),
    "the resource's organization": ({"key": replace(A_KEY, account=FOREIGN), "policies": ORGANIZATION},
                                    "aws:ResourceOrgID", ("o-theirs",)),
    "the account of a key that may not exist": ({"key": None, "resource": key_arn(account=FOREIGN)},
                                                "aws:ResourceAccount", (FOREIGN,)),
    "the account of a role": ({"key": None, "action": "sts:AssumeRole", "resource": f"arn:aws:iam::{FOREIGN}:role/R"},
                              "aws:ResourceAccount", (FOREIGN,)),
    "the account of no resource": ({"key": None}, "aws:ResourceAccount", (ACCOUNT,)),
    "a session tag for AssumeRole": (
        {"key": None, "action": "sts:AssumeRole", "members": {"Tags": [{"Key": "Team", "Value": "payments"}]}},
        "aws:RequestTag/team", ("payments",)),
    "an external id": ({"key": None, "action": "sts:AssumeRole", "members": {"ExternalId": "x"}},
                       "sts:ExternalId", ("x",)),
    "no transitive tags": ({"key": None, "action": "sts:AssumeRole", "members": {"TransitiveTagKeys": []}},
                           "sts:TransitiveTagKeys", None),
    "the time": ({}, "aws:CurrentTime", ("2026-06-01T12:00:00+00:00",)),
    "the time in seconds": ({}, "aws:EpochTime", (str(int(NOW.timestamp())),)),
    "no address": ({}, "aws:SourceIp", None),
    "an enclave's image": ({"attestation": ENCLAVE}, "kms:RecipientAttestation:ImageSha384", ("ab",)),
    "an enclave's register": ({"attestation": ENCLAVE}, "kms:RecipientAttestation:PCR8", ("08",)),
    "a register that it does not have": ({"attestation": ENCLAVE}, "kms:RecipientAttestation:PCR1", None),
    "a NitroTPM's register": ({"attestation": TPM}, "kms:RecipientAttestation:NitroTPMPCR4", ("04",)),
    "an enclave's register of a NitroTPM": ({"attestation": TPM}, "kms:RecipientAttestation:PCR4", None),
    "no attestation": ({}, "kms:RecipientAttestation:PCR0", None),
    "no such condition key": ({}, "kms:NoSuchKey", None),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "key", "expected"), VALUES.values(), ids=VALUES)
def test_a_request_has_a_value_under_a_condition_key(
    request_: dict[str, Any], key: str, expected: tuple[str, ...] | None
) -> None:
    assert context(**request_)[key.lower()] == expected


OF_KEYS = (
    *("kms:KeySpec", "kms:CustomerMasterKeySpec", "kms:KeyUsage", "kms:CustomerMasterKeyUsage", "kms:KeyOrigin"),
    *("kms:MultiRegion", "kms:MultiRegionKeyType", "kms:ResourceAliases"),
)


@pytest.mark.parametrize(
    ("members", "fields"),
    [
        ({}, {}),
        (
            {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
            {"spec": "HMAC_256", "usage": "GENERATE_VERIFY_MAC"},
        ),
        (
            {"CustomerMasterKeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"},
            {"spec": "RSA_2048", "usage": "SIGN_VERIFY"},
        ),
        ({"Origin": "EXTERNAL"}, {"origin": "EXTERNAL"}),
    ],
    ids=str,
)
@pytest.mark.parametrize("action", ["kms:CreateKey", "kms:TagResource", "kms:PutKeyPolicy"])
def test_conditions_see_a_key_to_be_created_like_an_existing_one(
    action: str, members: dict[str, Any], fields: dict[str, Any]
) -> None:
    new = context(action, operation="CreateKey", key=None, members=members)
    existing = context("kms:DescribeKey", key=replace(A_KEY, **fields))
    assert {name: new[name.lower()] for name in OF_KEYS} == {name: existing[name.lower()] for name in OF_KEYS}


@pytest.mark.parametrize(
    ("operation", "facts", "expected"),
    [
        ("CreateKey", {"members": {"MultiRegion": True}}, ("PRIMARY",)),
        ("ReplicateKey", {"keys": [A_KEY], "members": {"ReplicaRegion": "eu-west-1"}}, ("REPLICA",)),
        ("ReplicateKey", {}, None),
        ("ListKeys", {}, None),
    ],
)
def test_a_new_multi_region_key_is_a_primary_or_a_replica(
    operation: str, facts: dict[str, Any], expected: tuple[str, ...] | None
) -> None:
    values = context("kms:CreateKey", operation=operation, key=None, **facts)
    assert values["kms:multiregionkeytype"] == expected
    assert values["kms:multiregion"] == (("true",) if expected is not None else None)


def test_the_requested_region_of_a_replica_is_the_replicas() -> None:
    members = {"KeyId": KEY, "ReplicaRegion": "eu-west-1"}
    assert context("kms:ReplicateKey", members=members)["aws:requestedregion"] == (REGION,)
    made = context("kms:CreateKey", operation="ReplicateKey", key=None, members=members)
    assert made["aws:requestedregion"] == ("eu-west-1",)


def test_conditions_see_the_encryption_context_but_not_the_source_of_a_grant_to_be_retired() -> None:
    grant = Grant(
        grant_id="0" * 64,
        key_arn=A_KEY.arn,
        name="",
        creation_date=NOW,
        issuing_account=ACCOUNT,
        operations=("Decrypt",),
        constraints=Constraints(encryption_context_equals=PAIRS, source_arn="arn:aws:s3:::bucket"),
    )
    retiring = context("kms:RetireGrant", grant=grant)
    assert retiring["kms:grantconstrainttype"] == ("EncryptionContextEquals",)
    assert retiring["kms:encryptioncontext:purpose"] == ("test",)
    assert retiring["kms:grantconstraintsourcearn"] is None


def test_the_value_of_a_condition_key_is_computed_once_and_only_on_access() -> None:
    values = context()
    assert dict(values) == {}
    assert values["kms:calleraccount"] is values["kms:calleraccount"]
    assert dict(values) == {"kms:calleraccount": (ACCOUNT,)}
