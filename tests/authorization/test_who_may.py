"""Authorization through boto3: declared users and roles, grants, service control policies, other accounts.

Sources: kms-behaviour F.2, F.3, F.5, C.7 and E.9, which restate the KMS Developer Guide and reported answers of AWS.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from keytrail.server import KeytrailServer
from keytrail.server_clock import ServerClock
from tests.support import (
    ACCOUNT,
    ALIAS,
    FOREIGN,
    KEY,
    MISSING_KEY,
    NO_SUCH_OR_NO_ACCESS,
    OTHER_KEY,
    REGION,
    alias_arn,
    client_of,
    invoke,
    key_arn,
    refusal,
)

USER, ROLE = f"arn:aws:iam::{ACCOUNT}:user/alice", f"arn:aws:iam::{ACCOUNT}:role/Reader"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Reader/one"
STRANGER = f"arn:aws:iam::{FOREIGN}:role/Partner"
SCP = f"arn:aws:organizations::{ACCOUNT}:policy/o-exampleorgid/service_control_policy/p-example"
SECRET = "secret"

CALLERS = {"AKIAALICE00000000001": USER, "ASIAREADER0000000001": SESSION, "AKIAPARTNER000000001": STRANGER}
ALICE, READER, PARTNER = CALLERS
TO_ROOT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}


def allow(*actions: str, effect: str = "Allow", **members: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": list(actions), "Resource": "*", **members}


def document(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def refused(action: str, why: str, caller: str = USER, resource: str | None = None) -> tuple[str, str]:
    what = f"on resource: {key_arn() if resource is None else resource}"
    return "AccessDeniedException", f"User: {caller} is not authorized to perform: {action} {what} {why}"


def no_identity(action: str, caller: str = USER, resource: str | None = None) -> tuple[str, str]:
    return refused(action, f"because no identity-based policy allows the {action} action", caller, resource)


@pytest.fixture
def declare(keytrail_clean: KeytrailServer) -> Callable[..., None]:
    """Load keys, and identities by ARN with their statements; `policy` are the key's statements, `seed` is added."""

    def load(
        identities: Mapping[str, list[Mapping[str, Any]]] | None = None,
        policy: list[Mapping[str, Any]] | None = None,
        **seed: Any,
    ) -> None:
        key = {"KeyId": KEY, "Aliases": [ALIAS], "Policy": document(*policy) if policy is not None else None}
        keytrail_clean.load(
            {
                "credentials": [
                    {"AccessKeyId": key, "SecretAccessKey": SECRET, "Principal": arn} for key, arn in CALLERS.items()
                ],
                "identities": [
                    {"Arn": arn, "Policies": {"own": document(*statements)} if statements else {}}
                    for arn, statements in (identities or {}).items()
                ],
                "keys": [key, {"KeyId": OTHER_KEY, "Aliases": ["alias/other"], "Tags": {"team": "payments"}}],
                **seed,
            }
        )

    return load


@pytest.fixture
def as_(keytrail_client: Callable[..., Any]) -> Callable[[str], Any]:
    return lambda access_key: keytrail_client(access_key_id=access_key, secret_access_key=SECRET)


# identity policies


def test_a_declared_user_needs_an_identity_policy(declare: Callable[..., None], as_: Callable[[str], Any]) -> None:
    """How we know: docs, kms-behaviour F.2 point 2; reported, kms-behaviour F.3."""
    declare({USER: [allow("kms:Encrypt", "kms:DescribeKey")]})
    alice = as_(ALICE)
    blob = alice.encrypt(KeyId=ALIAS, Plaintext=b"x")["CiphertextBlob"]
    assert refusal(alice, "Decrypt", CiphertextBlob=blob, KeyId=KEY) == no_identity("kms:Decrypt")
    assert refusal(alice, "Decrypt", CiphertextBlob=blob) == no_identity("kms:Decrypt")


def test_a_refusal_is_in_the_trail_as_access_denied(
    declare: Callable[..., None], as_: Callable[[str], Any], keytrail_clean: KeytrailServer
) -> None:
    """How we know: reported, kms-behaviour F.3 and G.2."""
    declare({USER: []})
    _, words = refusal(as_(ALICE), "DescribeKey", KeyId=KEY)
    (event,) = keytrail_clean.events(eventName="DescribeKey")
    assert (event["errorCode"], event["errorMessage"]) == ("AccessDenied", words)


def test_identity_policies_do_not_count_without_the_root_in_the_key_policy(
    declare: Callable[..., None], as_: Callable[[str], Any]
) -> None:
    """How we know: docs, kms-behaviour F.2 point 2."""
    named = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "kms:Encrypt", "Resource": "*"}
    declare({USER: [allow("kms:*")], ROLE: []}, [named])
    why = "because no resource-based policy allows the kms:Encrypt action"
    assert refusal(as_(ALICE), "Encrypt", KeyId=KEY, Plaintext=b"x") == refused("kms:Encrypt", why)
    as_(READER).encrypt(KeyId=KEY, Plaintext=b"x")


@pytest.mark.parametrize(
    ("condition", "key", "denied"),
    [
        ({"StringEquals": {"aws:ResourceTag/team": "payments"}}, OTHER_KEY, False),
        ({"StringEquals": {"aws:ResourceTag/Team": "payments"}}, OTHER_KEY, False),
        ({"StringEquals": {"aws:ResourceTag/team": "payments"}}, KEY, True),
        ({"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/oth*"}}, OTHER_KEY, False),
        ({"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/oth*"}}, KEY, True),
        ({"StringEquals": {"kms:RequestAlias": "alias/other"}}, OTHER_KEY, True),
        ({"StringEquals": {"kms:RequestAlias": "alias/other"}}, "alias/other", False),
        ({"StringEquals": {"aws:username": "alice"}}, KEY, False),
        ({"StringEquals": {"aws:PrincipalTag/team": "payments"}}, KEY, True),
    ],
)
def test_an_identity_policy_sees_the_tags_and_aliases_of_the_key(
    declare: Callable[..., None], as_: Callable[[str], Any], condition: Mapping[str, Any], key: str, denied: bool
) -> None:
    """How we know: docs, kms-behaviour F.4."""
    declare({USER: [allow("kms:Encrypt", Condition=condition)]})
    if denied:
        assert refusal(as_(ALICE), "Encrypt", KeyId=key, Plaintext=b"x") == no_identity(
            "kms:Encrypt", resource=key_arn(key)
        )
    else:
        as_(ALICE).encrypt(KeyId=key, Plaintext=b"x")


def test_a_tag_of_the_principal_is_compared_with_one_of_the_key(
    declare: Callable[..., None], as_: Callable[[str], Any], keytrail_clean: KeytrailServer
) -> None:
    """How we know: docs, IAM User Guide, "Define permissions based on attributes with ABAC"."""
    declare()
    abac = allow("kms:Encrypt", Condition={"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}})
    keytrail_clean.load(
        {"identities": [{"Arn": USER, "Policies": {"abac": document(abac)}, "Tags": {"team": "payments"}}]}
    )
    as_(ALICE).encrypt(KeyId=OTHER_KEY, Plaintext=b"x")
    assert refusal(as_(ALICE), "Encrypt", KeyId=KEY, Plaintext=b"x") == no_identity("kms:Encrypt")


@pytest.mark.parametrize(
    ("operation", "request_", "action"),
    [
        ("CreateKey", {}, "kms:CreateKey"),
        ("ListKeys", {}, "kms:ListKeys"),
        ("ListAliases", {}, "kms:ListAliases"),
        ("GenerateRandom", {"NumberOfBytes": 8}, "kms:GenerateRandom"),
        ("ListRetirableGrants", {"RetiringPrincipal": USER}, "kms:ListRetirableGrants"),
        ("DescribeCustomKeyStores", {}, "kms:DescribeCustomKeyStores"),
    ],
)
def test_an_operation_without_a_key_needs_an_identity_policy_on_all_resources(
    declare: Callable[..., None],
    as_: Callable[[str], Any],
    operation: str,
    request_: Mapping[str, Any],
    action: str,
) -> None:
    """How we know: docs, kms-behaviour F.2 point 4; of CreateKey the words are reported."""
    declare({USER: [allow("kms:*", Resource="arn:aws:kms:*:*:key/*")], ROLE: [allow(action)]})
    assert refusal(as_(ALICE), operation, **request_) == no_identity(action, resource="*")
    if operation != "ListRetirableGrants":
        invoke(as_(READER), operation, **request_)


def test_lookup_events_needs_an_identity_policy(
    declare: Callable[..., None], keytrail_client: Callable[..., Any]
) -> None:
    """How we know: docs, Service Authorization Reference of CloudTrail: the resource is `*`."""
    declare({USER: [allow("kms:*")], ROLE: [allow("cloudtrail:LookupEvents")]})
    alice, reader = (keytrail_client("cloudtrail", access_key_id=k, secret_access_key=SECRET) for k in (ALICE, READER))
    assert refusal(alice, "LookupEvents") == no_identity("cloudtrail:LookupEvents", resource="*")
    reader.lookup_events()


def test_creating_a_key_with_tags_needs_the_permission_to_tag(
    declare: Callable[..., None], as_: Callable[[str], Any]
) -> None:
    """How we know: reported, kms-behaviour F.3: without `on resource`."""
    declare({USER: [allow("kms:CreateKey")]})
    as_(ALICE).create_key()
    words = "because no identity-based policy allows the kms:TagResource action"
    assert refusal(as_(ALICE), "CreateKey", Tags=[{"TagKey": "a", "TagValue": "b"}]) == (
        "AccessDeniedException",
        f"User: {USER} is not authorized to perform: kms:TagResource {words}",
    )


def test_an_identity_policy_limits_which_keys_are_created(
    declare: Callable[..., None], as_: Callable[[str], Any]
) -> None:
    """How we know: docs, kms-behaviour F.4: CreateKey brings what the key is to be, by default too."""
    declare({USER: [allow("kms:CreateKey", Condition={"StringEquals": {"kms:KeySpec": "SYMMETRIC_DEFAULT"}})]})
    as_(ALICE).create_key()
    answer = refusal(as_(ALICE), "CreateKey", KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    assert answer == no_identity("kms:CreateKey", resource="*")


FRESH = "alias/fresh"
ON_ALIASES = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/*"


@pytest.mark.parametrize(
    ("operation", "request_", "alias", "key"),
    [
        ("CreateAlias", {"AliasName": FRESH, "TargetKeyId": KEY}, FRESH, KEY),
        ("UpdateAlias", {"AliasName": ALIAS, "TargetKeyId": OTHER_KEY}, ALIAS, OTHER_KEY),
        ("DeleteAlias", {"AliasName": ALIAS}, ALIAS, KEY),
    ],
)
def test_an_alias_needs_the_permission_on_itself_and_on_its_keys(
    declare: Callable[..., None],
    as_: Callable[[str], Any],
    keytrail_clean: KeytrailServer,
    operation: str,
    request_: Mapping[str, Any],
    alias: str,
    key: str,
) -> None:
    """How we know: docs, kms-behaviour F.2 point 4; the words for the alias are reported."""
    action = f"kms:{operation}"
    declare({USER: [allow(action, Resource="arn:aws:kms:*:*:key/*")]})
    assert refusal(as_(ALICE), operation, **request_) == no_identity(action, resource=alias_arn(alias))
    grant_all = [{"Arn": USER, "Policies": {"own": document(allow(action, Resource=ON_ALIASES))}}]
    keytrail_clean.load({"identities": grant_all})
    assert refusal(as_(ALICE), operation, **request_) == no_identity(action, resource=key_arn(key))
    one = [{"Arn": USER, "Policies": {"own": document(allow(action, Resource=[ON_ALIASES, key_arn(key)]))}}]
    keytrail_clean.load({"identities": one})
    if operation == "UpdateAlias":  # the key that it leaves counts too
        assert refusal(as_(ALICE), operation, **request_) == no_identity(action)
        keytrail_clean.load({"identities": [{"Arn": USER, "Policies": {"own": document(allow(action))}}]})
    invoke(as_(ALICE), operation, **request_)


# the guard of KMS Developer Guide, "Determine past usage of a KMS key", in other policies than key policies

GUARD = {
    "Effect": "Deny",
    "Action": ["kms:DisableKey", "kms:ScheduleKeyDeletion"],
    "Resource": "*",
    "Condition": {"NumericLessThanEquals": {"kms:TrailingDaysWithoutKeyUsage": "30"}},
}


@pytest.mark.parametrize("operation", ["DisableKey", "ScheduleKeyDeletion"])
@pytest.mark.parametrize(("days", "denied"), [(29, True), (30, True), (31, False)])
@pytest.mark.parametrize("place", ["identity", "scp"])
def test_trailing_days_guard_a_key_from_identity_and_service_control_policies(
    declare: Callable[..., None],
    as_: Callable[[str], Any],
    keytrail_clock: ServerClock,
    operation: str,
    days: int,
    denied: bool,
    place: str,
) -> None:
    """How we know: docs and, of SCPs, reported, kms-behaviour C.7; the words of the SCP are reported."""
    seed = {"serviceControlPolicies": [{"Arn": SCP, "Policy": document(GUARD), "Accounts": [ACCOUNT]}]}
    declare({USER: [allow("kms:*"), *([GUARD] if place == "identity" else [])]}, **(seed if place == "scp" else {}))
    alice = as_(ALICE)
    alice.encrypt(KeyId=KEY, Plaintext=b"x")
    keytrail_clock.advance(timedelta(days=days, hours=23))
    if denied:
        kind = "an identity-based policy" if place == "identity" else f"a service control policy: {SCP}"
        answer = refusal(alice, operation, KeyId=KEY)
        assert answer == refused(f"kms:{operation}", f"with an explicit deny in {kind}")
        alice.encrypt(KeyId=OTHER_KEY, Plaintext=b"x")
    else:
        invoke(alice, operation, KeyId=KEY)


def test_a_service_control_policy_applies_to_undeclared_callers_too(declare: Callable[..., None], kms: Any) -> None:
    """How we know: docs/who-may.md, "Who is calling"; docs, kms-behaviour F.2 point 1."""
    declare(serviceControlPolicies=[{"Arn": SCP, "Policy": document(GUARD), "Accounts": [ACCOUNT]}])
    root = f"arn:aws:iam::{ACCOUNT}:root"
    why = f"with an explicit deny in a service control policy: {SCP}"
    assert refusal(kms, "DisableKey", KeyId=KEY) == refused("kms:DisableKey", why, root)
    kms.encrypt(KeyId=KEY, Plaintext=b"x")


def test_the_policies_from_the_root_to_the_account_apply_to_it(
    declare: Callable[..., None], kms: Any, keytrail_client: Callable[..., Any]
) -> None:
    """How we know: docs, AWS Organizations User Guide, "SCP evaluation": every level must allow, and no SCP
    applies to the management account."""
    deny = document(allow("kms:Encrypt", effect="Deny"))
    declare(
        organization={
            "Id": "o-exampleorgid",
            "ManagementAccount": "111122223333",
            "OrganizationalUnits": [
                {
                    "Name": "Workloads",
                    "ServiceControlPolicies": [{"Arn": SCP, "Policy": deny}],
                    "OrganizationalUnits": [{"Name": "Test", "Accounts": [{"Account": ACCOUNT}]}],
                }
            ],
            "Accounts": [{"Account": FOREIGN}],
        }
    )
    code, words = refusal(kms, "Encrypt", KeyId=KEY, Plaintext=b"x")
    assert (code, words.endswith(f"service control policy: {SCP}")) == ("AccessDeniedException", True)
    for account in (FOREIGN, "111122223333"):
        client = keytrail_client(account=account)
        client.encrypt(KeyId=client.create_key()["KeyMetadata"]["KeyId"], Plaintext=b"x")


def test_a_key_policy_may_require_the_callers_organization(
    declare: Callable[..., None], keytrail_client: Callable[..., Any]
) -> None:
    """How we know: IAM User Guide, "AWS global condition context keys", aws:PrincipalOrgID."""
    shared = allow("kms:Encrypt", Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}})
    declare(None, [TO_ROOT, shared], organization={"Id": "o-exampleorgid", "Accounts": [{"Account": FOREIGN}]})
    keytrail_client(account=FOREIGN).encrypt(KeyId=key_arn(), Plaintext=b"x")
    code, _ = refusal(keytrail_client(account="555566667777"), "Encrypt", KeyId=key_arn(), Plaintext=b"x")
    assert code == "AccessDeniedException"


TO_OWN_ACCOUNT = {"StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}
TO_OWN_ORGANIZATION = {"StringNotEqualsIfExists": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}}
PERIMETERS: Mapping[str, tuple[Mapping[str, Any], list[str], bool]] = {
    "the account": (TO_OWN_ACCOUNT, [FOREIGN, ACCOUNT], False),
    "the organization, from inside": (TO_OWN_ORGANIZATION, [FOREIGN, ACCOUNT], True),
    "the organization, from outside": (TO_OWN_ORGANIZATION, [FOREIGN], False),
}


@pytest.mark.parametrize(("perimeter", "accounts", "admitted"), PERIMETERS.values(), ids=PERIMETERS)
def test_a_service_control_policy_keeps_callers_to_resources_within(
    declare: Callable[..., None],
    keytrail_client: Callable[..., Any],
    perimeter: Mapping[str, Any],
    accounts: list[str],
    admitted: bool,
) -> None:
    """How we know: IAM User Guide, "AWS global condition context keys", aws:ResourceAccount and aws:ResourceOrgID."""
    organization = {
        "Id": "o-exampleorgid",
        "ServiceControlPolicies": [
            {"Arn": SCP, "Policy": document(allow("kms:*", effect="Deny", Condition=perimeter))}
        ],
        "Accounts": [{"Account": account} for account in accounts],
    }
    declare(None, [TO_ROOT, allow("kms:*", Principal={"AWS": FOREIGN})], organization=organization)
    partner = keytrail_client(account=FOREIGN)
    key_id = partner.create_key()["KeyMetadata"]["KeyId"]
    partner.create_alias(AliasName="alias/mine", TargetKeyId=key_id)
    partner.encrypt(KeyId="alias/mine", Plaintext=b"x")
    if admitted:
        partner.encrypt(KeyId=key_arn(), Plaintext=b"x")
        return
    # A key that does not exist is refused with the same message.
    for there in (key_arn(), key_arn(MISSING_KEY)):
        _, words = refusal(partner, "Encrypt", KeyId=there, Plaintext=b"x")
        assert words.endswith(f"explicit deny in a service control policy: {SCP}")


# boundaries and sessions


def test_a_permissions_boundary_limits_identity_policies(
    declare: Callable[..., None], as_: Callable[[str], Any], keytrail_clean: KeytrailServer
) -> None:
    """How we know: docs, IAM User Guide, "Permissions boundaries for IAM entities"."""
    declare()
    bound = document(allow("kms:Encrypt"))
    identity = {"Arn": USER, "Policies": {"own": document(allow("kms:*"))}, "PermissionsBoundary": bound}
    keytrail_clean.load({"identities": [identity]})
    as_(ALICE).encrypt(KeyId=KEY, Plaintext=b"x")
    why = "because no permissions boundary allows the kms:DescribeKey action"
    assert refusal(as_(ALICE), "DescribeKey", KeyId=KEY) == refused("kms:DescribeKey", why)


def test_a_session_policy_limits_the_session_of_a_role(
    declare: Callable[..., None], keytrail_client: Callable[..., Any]
) -> None:
    """How we know: docs, IAM User Guide, "Session policies"; the role is named by its ARN with its path."""
    role = f"arn:aws:iam::{ACCOUNT}:role/app/Worker"
    by_arn = {"ArnEquals": {"aws:PrincipalArn": role}, "StringEquals": {"aws:PrincipalTag/team": "payments"}}
    declare({role: [allow("kms:*", Condition=by_arn)]})
    session: dict[str, Any] = keytrail_client("sts").assume_role(
        RoleArn=role,
        RoleSessionName="one",
        Policy=json.dumps(document(allow("kms:Encrypt"))),
        Tags=[{"Key": "team", "Value": "payments"}],
    )
    given = session["Credentials"]
    worker = keytrail_client(
        access_key_id=given["AccessKeyId"],
        secret_access_key=given["SecretAccessKey"],
        session_token=given["SessionToken"],
    )
    worker.encrypt(KeyId=KEY, Plaintext=b"x")
    caller = session["AssumedRoleUser"]["Arn"]
    why = "because no session policy allows the kms:DescribeKey action"
    assert refusal(worker, "DescribeKey", KeyId=KEY) == refused("kms:DescribeKey", why, caller)
    untagged = keytrail_client("sts").assume_role(RoleArn=role, RoleSessionName="one")["Credentials"]
    other = keytrail_client(
        access_key_id=untagged["AccessKeyId"],
        secret_access_key=untagged["SecretAccessKey"],
        session_token=untagged["SessionToken"],
    )
    assert refusal(other, "Encrypt", KeyId=KEY, Plaintext=b"x") == no_identity("kms:Encrypt", caller)


def test_only_its_session_policy_limits_a_session_of_an_undeclared_role(
    declare: Callable[..., None], keytrail_client: Callable[..., Any]
) -> None:
    """How we know: docs/who-may.md, "Who is calling": policies written for production roles work."""
    declare({}, [allow("kms:*", Principal={"AWS": ROLE})])

    def worker(**members: Any) -> Any:
        role = f"arn:aws:iam::{ACCOUNT}:role/Unheard"
        given = keytrail_client("sts").assume_role(RoleArn=role, RoleSessionName="one", **members)["Credentials"]
        return keytrail_client(
            access_key_id=given["AccessKeyId"],
            secret_access_key=given["SecretAccessKey"],
            session_token=given["SessionToken"],
        )

    worker().encrypt(KeyId=KEY, Plaintext=b"x")
    bounded = worker(Policy=json.dumps(document(allow("kms:Encrypt"))))
    bounded.encrypt(KeyId=KEY, Plaintext=b"x")
    caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/Unheard/one"
    why = "because no session policy allows the kms:DescribeKey action"
    assert refusal(bounded, "DescribeKey", KeyId=KEY) == refused("kms:DescribeKey", why, caller)


# grants


def test_a_grant_allows_its_operations_to_its_grantee(
    declare: Callable[..., None], as_: Callable[[str], Any], kms: Any
) -> None:
    """How we know: docs, kms-behaviour E.9."""
    declare({USER: [], ROLE: []})
    reader, context = as_(READER), {"tenant": "a", "purpose": "x"}
    blob = kms.encrypt(KeyId=KEY, Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"]
    request = {"CiphertextBlob": blob, "EncryptionContext": context, "KeyId": KEY}
    assert refusal(reader, "Decrypt", **request) == no_identity("kms:Decrypt", SESSION)
    grant = kms.create_grant(KeyId=KEY, GranteePrincipal=ROLE, Operations=["Decrypt"])
    assert reader.decrypt(**request)["Plaintext"] == b"x"
    assert reader.decrypt(**request, GrantTokens=[grant["GrantToken"]])["Plaintext"] == b"x"
    assert refusal(reader, "Encrypt", KeyId=KEY, Plaintext=b"x") == no_identity("kms:Encrypt", SESSION)
    assert refusal(as_(ALICE), "Decrypt", **request) == no_identity("kms:Decrypt")
    kms.revoke_grant(KeyId=KEY, GrantId=grant["GrantId"])
    assert refusal(reader, "Decrypt", **request) == no_identity("kms:Decrypt", SESSION)


@pytest.mark.parametrize(
    ("constraints", "context", "granted"),
    [
        ({"EncryptionContextSubset": {"tenant": "a"}}, {"tenant": "a", "more": "b"}, True),
        ({"EncryptionContextSubset": {"tenant": "a"}}, {"tenant": "b"}, False),
        ({"EncryptionContextSubset": {"tenant": "a"}}, {}, False),
        ({"EncryptionContextSubset": {"tenant": "a"}}, {"Tenant": "a"}, False),
        ({"EncryptionContextEquals": {"tenant": "a"}}, {"tenant": "a"}, True),
        ({"EncryptionContextEquals": {"tenant": "a"}}, {"tenant": "a", "more": "b"}, False),
    ],
)
def test_a_grant_counts_under_its_constraints(
    declare: Callable[..., None],
    as_: Callable[[str], Any],
    kms: Any,
    constraints: Mapping[str, Any],
    context: Mapping[str, str],
    granted: bool,
) -> None:
    """How we know: docs, kms-behaviour E.9; DescribeKey has no context, so constraints do not limit it."""
    declare({ROLE: []})
    kms.create_grant(
        KeyId=KEY, GranteePrincipal=ROLE, Operations=["Encrypt", "DescribeKey"], Constraints=dict(constraints)
    )
    reader = as_(READER)
    reader.describe_key(KeyId=KEY)
    if granted:
        reader.encrypt(KeyId=KEY, Plaintext=b"x", EncryptionContext=dict(context))
    else:
        answer = refusal(reader, "Encrypt", KeyId=KEY, Plaintext=b"x", EncryptionContext=dict(context))
        assert answer == no_identity("kms:Encrypt", SESSION)


def test_the_grant_whose_constraints_the_request_meets_is_found_among_many(
    keytrail_clean: KeytrailServer, as_: Callable[[str], Any]
) -> None:
    """How we know: docs, kms-behaviour E.9; AWS services make one grant a resource, with a constraint on its id."""

    def grant(at: int) -> dict[str, Any]:
        context = {"aws:ebs:id": f"vol-{at}", "part": str(at % 2)}
        kind = "EncryptionContextEquals" if at % 3 else "EncryptionContextSubset"
        return {"GranteePrincipal": ROLE, "Operations": ["Encrypt", "Decrypt"], "Constraints": {kind: context}}

    keytrail_clean.load(
        {
            "credentials": [{"AccessKeyId": READER, "SecretAccessKey": SECRET, "Principal": SESSION}],
            "identities": [{"Arn": ROLE}],
            "keys": [{"KeyId": KEY, "Grants": [grant(at) for at in range(250)]}],
        }
    )
    reader, request = as_(READER), {"KeyId": KEY, "Plaintext": b"x"}
    for at in (0, 121, 249):
        context = {"part": str(at % 2), "aws:ebs:id": f"vol-{at}"}
        reader.encrypt(**request, EncryptionContext=context)
        wrong = {**context, "part": "2"}
        assert refusal(reader, "Encrypt", **request, EncryptionContext=wrong) == no_identity("kms:Encrypt", SESSION)
    unknown = {"part": "0", "aws:ebs:id": "vol-250"}
    assert refusal(reader, "Encrypt", **request, EncryptionContext=unknown) == no_identity("kms:Encrypt", SESSION)
    reader.encrypt(**request, EncryptionContext={"aws:ebs:id": "vol-0", "part": "0", "more": "x"})


def test_a_new_grant_is_used_with_its_token_before_it_is_visible() -> None:
    """How we know: docs, kms-behaviour H: a grant token makes a new grant usable at once."""
    seed = {
        "credentials": [{"AccessKeyId": READER, "SecretAccessKey": SECRET, "Principal": SESSION}],
        "identities": [{"Arn": ROLE}],
        "keys": [{"KeyId": KEY}],
    }
    with KeytrailServer(fixtures=seed, consistency_delay="PT5M") as server:
        owner, reader = client_of(server), client_of(server, access_key=READER, secret=SECRET)
        token = owner.create_grant(KeyId=KEY, GranteePrincipal=ROLE, Operations=["Encrypt"])["GrantToken"]
        assert refusal(reader, "Encrypt", KeyId=KEY, Plaintext=b"x") == no_identity("kms:Encrypt", SESSION)
        reader.encrypt(KeyId=KEY, Plaintext=b"x", GrantTokens=[token])
        server.clock.advance("PT5M")
        reader.encrypt(KeyId=KEY, Plaintext=b"x")


def test_a_grant_never_beats_a_deny(declare: Callable[..., None], as_: Callable[[str], Any], kms: Any) -> None:
    """How we know: docs, kms-behaviour F.2 point 1."""
    declare({ROLE: []}, [TO_ROOT, allow("kms:Encrypt", effect="Deny", Principal={"AWS": ROLE})])
    token = kms.create_grant(KeyId=KEY, GranteePrincipal=ROLE, Operations=["Encrypt"])["GrantToken"]
    why = "with an explicit deny in a resource-based policy"
    answer = refusal(as_(READER), "Encrypt", KeyId=KEY, Plaintext=b"x", GrantTokens=[token])
    assert answer == refused("kms:Encrypt", why, SESSION)


def test_a_grant_cannot_be_used_to_create_a_wider_one(
    declare: Callable[..., None], as_: Callable[[str], Any], kms: Any
) -> None:
    """How we know: docs, kms-behaviour E.9: the same operations or fewer, the same constraints or stricter."""
    declare({ROLE: []})
    subset = {"EncryptionContextSubset": {"tenant": "a"}}
    kms.create_grant(KeyId=KEY, GranteePrincipal=ROLE, Operations=["Encrypt", "CreateGrant"], Constraints=subset)
    reader, handed = as_(READER), {"KeyId": KEY, "GranteePrincipal": USER}
    denied = no_identity("kms:CreateGrant", SESSION)
    assert refusal(reader, "CreateGrant", **handed, Operations=["Encrypt"]) == denied
    assert refusal(reader, "CreateGrant", **handed, Operations=["Decrypt"], Constraints=subset) == denied
    reader.create_grant(**handed, Operations=["Encrypt"], Constraints=subset)
    stricter = {"EncryptionContextEquals": {"tenant": "a", "more": "b"}}
    reader.create_grant(**handed, Operations=["Encrypt"], Constraints=stricter)


def test_the_retiring_principal_and_callers_with_an_identity_policy_may_retire_a_grant(
    declare: Callable[..., None], as_: Callable[[str], Any], kms: Any, keytrail_clean: KeytrailServer
) -> None:
    """How we know: docs, kms-behaviour E.9, "Who may retire"."""
    declare({USER: [], ROLE: []})

    def grant(**members: Any) -> dict[str, Any]:
        made = kms.create_grant(KeyId=KEY, GranteePrincipal=ROLE, Operations=["Encrypt"], **members)
        return {"KeyId": key_arn(), "GrantId": made["GrantId"]}

    as_(ALICE).retire_grant(**grant(RetiringPrincipal=USER))
    plain = grant()
    assert refusal(as_(ALICE), "RetireGrant", **plain) == no_identity("kms:RetireGrant")
    assert refusal(as_(READER), "RetireGrant", **plain) == no_identity("kms:RetireGrant", SESSION)
    delegated = [{"Arn": USER, "Policies": {"own": document(allow("kms:RetireGrant"))}}]
    keytrail_clean.load({"identities": delegated})
    as_(ALICE).retire_grant(**plain)


# other accounts


@pytest.mark.parametrize("named", [STRANGER, f"arn:aws:iam::{FOREIGN}:root", FOREIGN])
def test_a_caller_of_another_account_needs_both_policies(
    declare: Callable[..., None], as_: Callable[[str], Any], keytrail_clean: KeytrailServer, named: str
) -> None:
    """How we know: docs, kms-behaviour F.2 point 3."""
    shared = allow("kms:Encrypt", Principal={"AWS": named})
    declare({STRANGER: [allow("kms:Encrypt", Resource=key_arn())]}, [TO_ROOT, shared])
    partner, caller = as_(PARTNER), STRANGER
    partner.encrypt(KeyId=key_arn(), Plaintext=b"x")
    elsewhere = (
        "AccessDeniedException",
        f"User: {caller} is not authorized to perform: kms:Encrypt on this resource {NO_SUCH_OR_NO_ACCESS}",
    )
    keytrail_clean.load({"identities": [{"Arn": STRANGER, "Policies": {"own": document(allow("kms:Encrypt"))}}]})
    assert refusal(partner, "Encrypt", KeyId=key_arn(OTHER_KEY), Plaintext=b"x") == elsewhere
    keytrail_clean.load({"identities": [{"Arn": STRANGER}]})
    why = "on this resource because no identity-based policy allows the kms:Encrypt action"
    words = f"User: {caller} is not authorized to perform: kms:Encrypt {why}"
    assert refusal(partner, "Encrypt", KeyId=key_arn(), Plaintext=b"x") == ("AccessDeniedException", words)


def test_an_operation_within_an_account_is_refused_across_accounts_whatever_the_policy_says(
    declare: Callable[..., None], as_: Callable[[str], Any]
) -> None:
    """How we know: docs, kms-behaviour F.5; the words are unknown, so those for all other accounts' keys."""
    declare({STRANGER: [allow("kms:*")]}, [TO_ROOT, allow("kms:*", Principal={"AWS": STRANGER})])
    partner = as_(PARTNER)
    partner.describe_key(KeyId=key_arn())
    for operation in ("GetKeyLastUsage", "GetKeyPolicy", "DisableKey", "ListResourceTags"):
        code, words = refusal(partner, operation, KeyId=key_arn())
        assert (code, words.endswith(NO_SUCH_OR_NO_ACCESS)) == ("AccessDeniedException", True)


def test_re_encryption_across_accounts_needs_each_permission_in_its_account(
    declare: Callable[..., None], as_: Callable[[str], Any], keytrail_clean: KeytrailServer
) -> None:
    """How we know: docs, kms-behaviour E.5, F.5 and G.2: each owner's key has the owner's copy of the event."""
    mine = key_arn("5678abcd-12ab-34cd-56ef-1234567890ab", FOREIGN)
    from_theirs = allow("kms:ReEncryptFrom", "kms:Encrypt", Principal={"AWS": STRANGER})
    declare({STRANGER: [allow("kms:ReEncrypt*", "kms:Encrypt", "kms:GetKeyLastUsage")]}, [TO_ROOT, from_theirs])
    keytrail_clean.load({"keys": [{"KeyId": mine.rpartition("/")[2], "Account": FOREIGN}]})
    partner = as_(PARTNER)
    blob = partner.encrypt(KeyId=key_arn(), Plaintext=b"x")["CiphertextBlob"]
    answer = partner.re_encrypt(CiphertextBlob=blob, DestinationKeyId=mine)
    assert (answer["SourceKeyId"], answer["KeyId"]) == (key_arn(), mine)
    ids = {}
    for event in keytrail_clean.events(eventName="ReEncrypt"):
        ids[event["recipientAccountId"]] = event["eventID"]
    assert set(ids) == {ACCOUNT, FOREIGN}
    usage = partner.get_key_last_usage(KeyId=mine)["KeyLastUsage"]
    assert (usage["Operation"], usage["CloudTrailEventId"]) == ("ReEncrypt", ids[FOREIGN])
    code, words = refusal(partner, "ReEncrypt", CiphertextBlob=answer["CiphertextBlob"], DestinationKeyId=key_arn())
    assert code == "AccessDeniedException"
    assert "is not authorized to perform: kms:ReEncryptTo on this resource" in words


# the lockout check


def test_the_lockout_check_requires_that_the_caller_may_still_put_the_policy(
    declare: Callable[..., None], as_: Callable[[str], Any]
) -> None:
    """How we know: docs and reported, kms-behaviour E.4."""
    declare({USER: [allow("kms:PutKeyPolicy", "kms:CreateKey")], ROLE: [allow("kms:CreateKey")]})
    lockout = (
        "MalformedPolicyDocumentException",
        "The new key policy will not allow you to update the key policy in the future.",
    )
    delegates = json.dumps(document(TO_ROOT))
    for_role = json.dumps(document(allow("kms:*", Principal={"AWS": ROLE})))
    for_user = json.dumps(document(allow("kms:PutKeyPolicy", Principal={"AWS": USER})))
    alice, reader = as_(ALICE), as_(READER)
    assert refusal(alice, "PutKeyPolicy", KeyId=KEY, Policy=for_role) == lockout
    assert refusal(alice, "CreateKey", Policy=for_role) == lockout
    alice.create_key(Policy=for_role, BypassPolicyLockoutSafetyCheck=True)
    alice.create_key(Policy=delegates)
    reader.create_key(Policy=for_role)
    assert refusal(reader, "CreateKey", Policy=delegates) == lockout
    alice.put_key_policy(KeyId=KEY, Policy=for_user)


# strict endpoints


def test_a_strict_endpoint_denies_undeclared_callers_implicitly() -> None:
    """How we know: docs/who-may.md, "Who is calling"."""
    only_alice = document(allow("kms:*", Principal={"AWS": USER}))
    keys = [{"KeyId": KEY, "Policy": only_alice}, {"KeyId": OTHER_KEY}]
    with KeytrailServer(fixtures={"keys": keys}, strict=True) as server:
        kms = client_of(server)
        root = f"arn:aws:iam::{ACCOUNT}:root"
        why = "because no resource-based policy allows the kms:Encrypt action"
        assert refusal(kms, "Encrypt", KeyId=KEY, Plaintext=b"x") == refused("kms:Encrypt", why, root)
        kms.encrypt(KeyId=OTHER_KEY, Plaintext=b"x")


def test_to_a_strict_endpoint_an_account_id_is_only_the_accounts_root() -> None:
    """How we know: kms-behaviour E.9, "Who may retire"; recorded: roles may not be assumed by root accounts."""
    keys = [{"KeyId": KEY}]
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": FOREIGN}}
    role = {"Arn": STRANGER, "TrustPolicy": document(trust)}
    for strict in (False, True):
        with KeytrailServer(fixtures={"keys": keys, "identities": [role]}, strict=strict) as server:
            made = client_of(server).create_grant(
                KeyId=KEY, GranteePrincipal=STRANGER, RetiringPrincipal=STRANGER, Operations=["Encrypt"]
            )
            other, sts = client_of(server, access_key=FOREIGN), client_of(server, "sts", access_key=FOREIGN)
            retire = {"KeyId": key_arn(), "GrantId": made["GrantId"]}
            if not strict:
                other.retire_grant(**retire)
                sts.assume_role(RoleArn=STRANGER, RoleSessionName="me")
                continue
            code, words = refusal(other, "RetireGrant", **retire)
            assert (code, words.endswith(NO_SUCH_OR_NO_ACCESS)) == ("AccessDeniedException", True)
            with pytest.raises(sts.exceptions.ClientError, match="Roles may not be assumed by root accounts"):
                sts.assume_role(RoleArn=STRANGER, RoleSessionName="me")
