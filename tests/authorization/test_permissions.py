"""The permissions of every operation: the table of the KMS Developer Guide, row by row.

How we know: docs/kms-behaviour/permissions.tsv, which says which column is of which source.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from keytrail.operations.kms import OPERATIONS
from keytrail.server import KeytrailServer
from tests.support import (
    ACCOUNT,
    ALIAS,
    ELSEWHERE,
    FOREIGN,
    GRANT,
    KEY,
    MRK,
    OTHER_KEY,
    SAMPLE_SEED,
    alias_arn,
    alias_of,
    attestation,
    invoke,
    key_arn,
    key_of,
    kind_of,
    load_sample_seed,
    refusal,
    request,
    shared_policy,
)
from tests.support.kms_behaviour import rows

USER = f"arn:aws:iam::{ACCOUNT}:user/alice"
STRANGER = f"arn:aws:iam::{FOREIGN}:role/Partner"
CREDENTIALS = [
    {"AccessKeyId": "AKIAALICE00000000001", "SecretAccessKey": "secret", "Principal": USER},
    {"AccessKeyId": "AKIAPARTNER000000001", "SecretAccessKey": "secret", "Principal": STRANGER},
]
TAGS = [{"TagKey": "team", "TagValue": "payments"}]
CONTEXT = {"tenant": "a"}
CONSTRAINTS = {"EncryptionContextSubset": CONTEXT}
MRK_GRANT = "34cd" * 16
SERVICE = {
    "GranteePrincipal": None,
    "GranteeServicePrincipal": "sns.amazonaws.com",
    "RetiringServicePrincipal": "sns.amazonaws.com",
    "Constraints": {"SourceArn": "arn:aws:sns:us-east-1:000000000000:orders"},
}
PERSON = {"GranteePrincipal": STRANGER, "RetiringPrincipal": USER}


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    operation: str
    cross_account: str
    resource: str
    condition_keys: tuple[str, ...]
    actions: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.operation} on {self.resource}"

    @property
    def arn(self) -> str:
        """The ARN of the resource that the request of the sample seed works on, as policies name it."""
        if self.resource == "*":
            return "*"
        if self.resource == "Alias":
            return alias_arn(str(request(self.operation, b"")["AliasName"]))
        return key_arn(key_of(self.operation))


def read_table() -> list[Row]:
    return [
        Row(
            operation=entry["operation"],
            cross_account=entry["cross_account"],
            resource=entry["resource"],
            condition_keys=tuple(
                key
                for column in ("condition_keys", "sar_additional_keys")
                for key in entry[column].split(",")
                if key != "-"
            ),
            actions=tuple(entry["iam_actions"].split(",")),
        )
        for entry in rows("permissions.tsv")
    ]


ROWS = read_table()


def document(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def statement(*actions: str, effect: str = "Allow", resource: object = "*", **members: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": list(actions), "Resource": resource, **members}


EVERYTHING = statement("kms:*")


@dataclass
class User:
    """The sample seed of tests/support/__init__.py, and a user with an identity policy."""

    server: KeytrailServer
    kms: Any
    ciphertext: bytes

    def let(self, *statements: Mapping[str, Any]) -> None:
        self.server.load({"identities": [{"Arn": USER, "Policies": {"own": document(*statements)}}]})

    def request(self, operation: str, **members: object) -> dict[str, Any]:
        wanted = {**request(operation, self.ciphertext), **members}
        return {name: value for name, value in wanted.items() if value is not None}

    def refusal(self, operation: str, **members: object) -> str:
        code, words = refusal(self.kms, operation, **self.request(operation, **members))
        assert code == "AccessDeniedException", (operation, code, words)
        return words


@pytest.fixture
def alice(keytrail_clean: KeytrailServer, kms: Any, keytrail_client: Callable[..., Any]) -> User:
    ciphertext = load_sample_seed(keytrail_clean, kms)
    grants = {
        KEY: [{**GRANT, "Constraints": CONSTRAINTS}],
        MRK: [{**GRANT, "GrantId": MRK_GRANT}],
    }
    keys = [
        {
            **key,
            "Tags": {"team": "payments"},
            "Aliases": [alias_of_key(key["KeyId"])],
            "Grants": grants.get(key["KeyId"], []),
        }
        for key in SAMPLE_SEED["keys"]
    ]
    keytrail_clean.reset()
    keytrail_clean.load({**SAMPLE_SEED, "credentials": CREDENTIALS, "keys": keys})
    user = keytrail_client(access_key_id="AKIAALICE00000000001", secret_access_key="secret")
    return User(keytrail_clean, user, ciphertext)


def alias_of_key(key_id: str) -> str:
    return ALIAS if key_id == KEY else f"alias/{key_id}"


def test_the_table_has_every_operation() -> None:
    assert {row.operation for row in ROWS} == set(OPERATIONS)


# the resource


FURTHER: Mapping[str, list[str]] = {
    "ReEncrypt": [key_arn(OTHER_KEY)],
    "UpdateAlias": [key_arn(OTHER_KEY)],
    "UpdatePrimaryRegion": [key_arn(MRK, region=ELSEWHERE)],
}
"""By operation: further keys that it needs permission on, according to the notes of the table."""


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_an_identity_policy_must_allow_the_action_on_the_operations_own_resource(alice: User, row: Row) -> None:
    others = {"*": [key_arn("*"), alias_arn("alias/*")], "Alias": [key_arn("*")], "KMS key": [alias_arn("alias/*")]}
    for action in row.actions:
        rest = [statement(other) for other in row.actions if other != action]
        alice.let(statement(action, resource=others[row.resource]), *rest)
        # unverified: UpdateAlias needs the permission on the new key before that on the current one
        of_other = action == "kms:ReEncryptTo" or str(row) == "UpdateAlias on KMS key"
        arn = key_arn(OTHER_KEY) if of_other else row.arn
        assert alice.refusal(row.operation) == (
            f"User: {USER} is not authorized to perform: {action} on resource: {arn} "
            f"because no identity-based policy allows the {action} action"
        )
    own = [other.arn for other in ROWS if other.operation == row.operation]
    # ReplicateKey needs CreateKey in the replica's Region.
    made = [statement("kms:CreateKey")] if row.operation == "ReplicateKey" else []
    alice.let(statement(*row.actions, resource=[*own, *FURTHER.get(row.operation, [])]), *made)
    assert invoke(alice.kms, row.operation, **alice.request(row.operation))


# other accounts

ON_KEYS = [row for row in ROWS if row.resource == "KMS key" and row.operation not in ("RetireGrant", "DeleteAlias")]


@pytest.mark.parametrize("row", ON_KEYS, ids=str)
def test_only_cross_account_operations_work_on_another_accounts_key(
    alice: User, keytrail_client: Callable[..., Any], row: Row
) -> None:
    policy = json.dumps(shared_policy("kms:*"))
    keys = [{**key, "Policy": policy} for key in SAMPLE_SEED["keys"]]
    alice.server.reset()
    identities = [{"Arn": STRANGER, "Policies": {"own": document(EVERYTHING)}}]
    alice.server.load({"credentials": CREDENTIALS, "keys": keys, "identities": identities})
    partner = keytrail_client(access_key_id="AKIAPARTNER000000001", secret_access_key="secret")
    member = {"ReEncrypt": "DestinationKeyId", "CreateAlias": "TargetKeyId", "UpdateAlias": "TargetKeyId"}.get(
        row.operation, "KeyId"
    )
    foreign = key_arn(key_of(row.operation))
    if row.operation == "UpdateAlias":
        mine = partner.create_key()["KeyMetadata"]["KeyId"]
        partner.create_alias(AliasName=ALIAS, TargetKeyId=mine)
    members = alice.request(row.operation, **{member: foreign})
    if row.cross_account == "Yes":
        assert invoke(partner, row.operation, **members)
    else:
        code, words = refusal(partner, row.operation, **members)
        assert (code, words) == (
            "AccessDeniedException",
            f"User: {STRANGER} is not authorized to perform: kms:{row.operation} on this resource because the "
            "resource does not exist in this Region, no resource-based policies allow access, or a resource-based "
            "policy explicitly denies access",
        )


# condition keys


def on_key(operation: str) -> tuple[str, object]:
    """The kind of the key that the request works on: its specification and usage."""
    kind = kind_of(operation)
    spec = kind.get("KeySpec", "SYMMETRIC_DEFAULT")
    usage = {"HMAC_256": "GENERATE_VERIFY_MAC", "ECC_NIST_P256": "SIGN_VERIFY", "ML_KEM_768": "ENCAPSULATE_DECAPSULATE"}
    return spec, kind.get("KeyUsage") or usage.get(spec, "ENCRYPT_DECRYPT")


def on_multi_region_key(operation: str) -> Mapping[str, object]:
    """Members that make it a request on a multi-Region key. It need not be valid: authorization comes first."""
    if operation == "CreateKey":
        return {"MultiRegion": True}
    if operation == "DeleteAlias":
        return {"AliasName": alias_of_key(MRK)}
    if operation == "RetireGrant":
        return {"KeyId": key_arn(MRK), "GrantId": MRK_GRANT}
    if operation == "ReEncrypt":
        return {"SourceKeyId": MRK, "DestinationKeyId": MRK}
    return {"TargetKeyId" if operation in ("CreateAlias", "UpdateAlias") else "KeyId": MRK}


def with_context(operation: str) -> Mapping[str, object]:
    if operation == "ReEncrypt":
        return {"SourceEncryptionContext": CONTEXT, "DestinationEncryptionContext": CONTEXT}
    if operation in ("CreateGrant", "RetireGrant"):
        return {}  # in the grant's constraints
    return {"EncryptionContext": CONTEXT}


def by_alias(operation: str) -> Mapping[str, object]:
    if operation == "ReEncrypt":
        return {"SourceKeyId": ALIAS, "DestinationKeyId": alias_arn()}
    return {"KeyId": alias_arn(alias_of(operation))}


ABSENT = object()
"""The value of a condition key that no direct request has."""

Case = tuple[object, Mapping[str, object]]
CASES: Mapping[str, Callable[[str], Case]] = {
    "kms:CallerAccount": lambda operation: (ACCOUNT, {}),
    "kms:KeySpec": lambda operation: (on_key(operation)[0], {}),
    "kms:KeyUsage": lambda operation: (on_key(operation)[1], {}),
    "kms:KeyOrigin": lambda operation: ("EXTERNAL" if "Origin" in kind_of(operation) else "AWS_KMS", {}),
    "kms:MultiRegion": lambda operation: ("true", on_multi_region_key(operation)),
    "kms:MultiRegionKeyType": lambda operation: ("PRIMARY", on_multi_region_key(operation)),
    "kms:ResourceAliases": lambda operation: (
        [alias_of_key(key_of(operation)), *([alias_of_key(OTHER_KEY)] if operation == "ReEncrypt" else [])],
        {},
    ),
    "aws:ResourceTag/${TagKey}": lambda operation: ("payments", {}) if operation != "CreateKey" else (ABSENT, {}),
    "aws:RequestTag/${TagKey}": lambda operation: (
        ("payments", {"Tags": TAGS}) if operation != "UntagResource" else (ABSENT, {})
    ),
    "aws:TagKeys": lambda operation: ("team", {"Tags": TAGS} if operation != "UntagResource" else {}),
    "kms:ViaService": lambda operation: (ABSENT, {}),
    "kms:BypassPolicyLockoutSafetyCheck": lambda _: ("true", {"BypassPolicyLockoutSafetyCheck": True}),
    "kms:DataKeyPairSpec": lambda _: ("ECC_NIST_P256", {}),
    "kms:EncapsulationAlgorithm": lambda _: ("ML_KEM", {}),
    "kms:EncryptionAlgorithm": lambda _: ("SYMMETRIC_DEFAULT", {}),
    "kms:EncryptionContext:${EncryptionContextKey}": lambda operation: ("a", with_context(operation)),
    "kms:EncryptionContextKeys": lambda operation: ("tenant", with_context(operation)),
    "kms:ExpirationModel": lambda _: ("KEY_MATERIAL_DOES_NOT_EXPIRE", {}),
    "kms:GrantConstraintSourceArn": lambda _: ("arn:aws:sns:us-east-1:000000000000:orders", SERVICE),
    "kms:GrantConstraintType": lambda _: ("EncryptionContextSubset", {}),
    "kms:GranteePrincipal": lambda _: (STRANGER, PERSON),
    "kms:GranteeServicePrincipal": lambda _: ("sns.amazonaws.com", SERVICE),
    "kms:GrantIsForAWSResource": lambda _: ("false", {}),
    "kms:GrantOperations": lambda _: ("Decrypt", {}),
    "kms:RetiringPrincipal": lambda _: (USER, PERSON),
    "kms:RetiringServicePrincipal": lambda _: ("sns.amazonaws.com", SERVICE),
    "kms:KeyAgreementAlgorithm": lambda _: ("ECDH", {}),
    "kms:MacAlgorithm": lambda _: ("HMAC_SHA_256", {}),
    "kms:MessageType": lambda _: ("RAW", {}),
    "kms:PrimaryRegion": lambda _: (ELSEWHERE, {}),
    "kms:ReplicaRegion": lambda _: ("ap-south-1", {}),
    "kms:RecipientAttestation:*": lambda _: ("00" * 48, {"Recipient": attestation.recipient()}),
    "kms:ReEncryptOnSameKey": lambda _: ("false", {}),
    "kms:RequestAlias": lambda operation: (
        ALIAS if operation == "ReEncrypt" else alias_of(operation),
        by_alias(operation),
    ),
    "kms:RotationPeriodInDays": lambda _: ("90", {}),
    "kms:ScheduleKeyDeletionPendingWindowInDays": lambda _: ("7", {}),
    "kms:SigningAlgorithm": lambda _: ("ECDSA_SHA_256", {}),
    "kms:TrailingDaysWithoutKeyUsage": lambda _: ("0", {}),
    "kms:ValidTo": lambda _: (
        "4102444800",
        {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": "2100-01-01T00:00:00Z"},
    ),
    "kms:WrappingAlgorithm": lambda _: ("RSAES_OAEP_SHA_256", {}),
    "kms:WrappingKeySpec": lambda _: ("RSA_2048", {}),
}
"""The value of each condition key, and the members that the request of an operation has for it besides its own."""

NAMED = {
    "aws:ResourceTag/${TagKey}": "aws:ResourceTag/team",
    "aws:RequestTag/${TagKey}": "aws:RequestTag/team",
    "kms:EncryptionContext:${EncryptionContextKey}": "kms:EncryptionContext:Tenant",
    "kms:RecipientAttestation:*": "kms:RecipientAttestation:PCR0",
}
"""Condition keys that end in a name."""


def block(key: str, value: object) -> dict[str, Any]:
    """A condition that holds for this value only."""
    name = NAMED.get(key, key)
    if value is ABSENT:
        return {"Null": {name: "false"}}
    if key in ("kms:ValidTo", "kms:RotationPeriodInDays", "kms:TrailingDaysWithoutKeyUsage"):
        return {"NumericEquals": {name: value}}
    return {"ForAnyValue:StringEquals": {name: value}}


@pytest.mark.parametrize("row", [row for row in ROWS if row.condition_keys], ids=str)
def test_a_condition_key_of_the_operation_has_its_value(alice: User, row: Row) -> None:
    failed, others = [], []
    for key in row.condition_keys:
        value, members = CASES[key](row.operation)
        others.append(block(key, value if value is ABSENT else "77"))
        for action in row.actions if value is not ABSENT else ():
            alice.let(EVERYTHING, statement(action, effect="Deny", Condition=block(key, value)))
            code, words = outcome(alice.kms, row.operation, alice.request(row.operation, **members))
            expected = f"User: {USER} is not authorized to perform: {action} on "
            if not (
                words.startswith(expected) and words.endswith(" with an explicit deny in an identity-based policy")
            ):
                failed.append((key, action, code, words))
    assert not failed
    # None of the conditions holds for other values, nor for keys that no request has here.
    alice.let(EVERYTHING, *(statement(*row.actions, effect="Deny", Condition=condition) for condition in others))
    assert invoke(alice.kms, row.operation, **alice.request(row.operation))


def outcome(client: Any, operation: str, members: Mapping[str, Any]) -> tuple[str, str]:
    try:
        invoke(client, operation, **members)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    return "ok", ""


REPLICATE_KEY: Mapping[str, Mapping[str, Any]] = {
    "the Region": {"StringEquals": {"aws:RequestedRegion": "ap-south-1"}},
    "the kind": {"StringEquals": {"kms:MultiRegionKeyType": "REPLICA", "kms:KeySpec": "SYMMETRIC_DEFAULT"}},
    "multi-Region": {"Bool": {"kms:MultiRegion": "true"}},
}


@pytest.mark.parametrize("condition", REPLICATE_KEY.values(), ids=REPLICATE_KEY)
def test_replicate_key_needs_the_permission_to_create_keys_in_the_replicas_region(
    alice: User, condition: Mapping[str, Any]
) -> None:
    """How we know: docs, kms-behaviour F.2 point 4: kms:CreateKey in the target Region; its keys: unverified."""
    alice.let(EVERYTHING, statement("kms:CreateKey", effect="Deny", Condition=condition))
    assert alice.refusal("ReplicateKey") == (
        f"User: {USER} is not authorized to perform: kms:CreateKey on resource: * "
        "with an explicit deny in an identity-based policy"
    )
    here = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    alice.let(EVERYTHING, statement("kms:CreateKey", effect="Deny", Condition=here))
    assert invoke(alice.kms, "ReplicateKey", **alice.request("ReplicateKey"))
