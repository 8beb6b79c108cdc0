"""CreateGrant, ListGrants, ListRetirableGrants, RetireGrant, RevokeGrant, and GrantTokens."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from keytrail.seeds import SeedError
from keytrail.server import KeytrailServer
from keytrail.server_clock import ServerClock
from keytrail.store import grants as grants_of_store
from tests.support import (
    ACCOUNT,
    FOREIGN,
    GRANT_ID,
    KEY,
    OTHER_KEY,
    REGION,
    client_of,
    key_arn,
    load_sample_seed,
    refusal,
)

READER = f"arn:aws:iam::{ACCOUNT}:role/Reader"
RETIRER = f"arn:aws:iam::{ACCOUNT}:role/Retirer"
STRANGER = f"arn:aws:iam::{FOREIGN}:role/Stranger"
SERVICE, SOURCE = "ec2.us-east-1.amazonaws.com", f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-1"
Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def sample_seed(keytrail_clean: KeytrailServer, kms: Any) -> None:
    load_sample_seed(keytrail_clean, kms)


def create(kms: Any, key: str = OTHER_KEY, **members: Any) -> Any:
    wanted = {"KeyId": key, "GranteePrincipal": READER, "Operations": ["Decrypt"], **members}
    return kms.create_grant(**{name: value for name, value in wanted.items() if value is not None})


def ids(kms: Any, key: str = OTHER_KEY, **members: Any) -> list[str]:
    return [grant["GrantId"] for grant in kms.list_grants(KeyId=key, **members)["Grants"]]


# shape


def test_a_grant_is_answered_with_its_id_and_a_token(kms: Any) -> None:
    """How we know: KMS API Reference, CreateGrant."""
    made = create(kms)
    assert re.fullmatch("[0-9a-f]{64}", made["GrantId"])
    assert re.fullmatch("[A-Za-z0-9+/]{100,}", made["GrantToken"])


def test_a_list_shows_all_members_of_a_grant_and_an_empty_name_if_it_has_none(kms: Any) -> None:
    """How we know: KMS API Reference, GrantListEntry."""
    full = {
        "Name": "all",
        "GranteePrincipal": READER,
        "RetiringPrincipal": RETIRER,
        "Operations": ["Decrypt", "RetireGrant"],
        "Constraints": {"EncryptionContextSubset": {"Team": "a"}, "SourceArn": SOURCE},
    }
    create(kms, **full)
    create(kms)
    first, second = kms.list_grants(KeyId=OTHER_KEY)["Grants"]
    assert {name: first[name] for name in full} == full
    assert (first["KeyId"], first["IssuingAccount"]) == (key_arn(OTHER_KEY), f"arn:aws:iam::{ACCOUNT}:root")
    assert second["Name"] == ""
    assert not {"RetiringPrincipal", "Constraints", "GranteeServicePrincipal"} & second.keys()


def test_a_grant_is_dated_to_the_second_and_listed_in_the_order_of_creation(
    kms: Any, keytrail_clock: ServerClock
) -> None:
    """How we know: recorded, kms-behaviour E.9; the order is KMS API Reference, ListGrants."""
    keytrail_clock.freeze("2026-09-12T09:19:54.900Z")
    made = []
    for _ in range(3):
        made.append(create(kms)["GrantId"])
        keytrail_clock.advance(milliseconds=30)
    listed = kms.list_grants(KeyId=OTHER_KEY)["Grants"]
    assert [grant["GrantId"] for grant in listed] == made
    assert {grant["CreationDate"].isoformat() for grant in listed} == {"2026-09-12T09:19:54+00:00"}


# principals


def test_a_unique_id_stands_for_the_arn_of_a_role_that_was_assumed(
    keytrail_clean: KeytrailServer, keytrail_client: Make, kms: Any
) -> None:
    """How we know: recorded of roles that exist, kms-behaviour E.9; here a role exists once it was assumed."""
    role = f"arn:aws:iam::{ACCOUNT}:role/app/Unheard"
    session = keytrail_client("sts").assume_role(RoleArn=role, RoleSessionName="one")["AssumedRoleUser"]
    for principal, arn in (
        (session["AssumedRoleId"], session["Arn"]),
        (session["AssumedRoleId"].partition(":")[0], role),
    ):
        grant = create(kms, GranteePrincipal=principal, RetiringPrincipal=principal)["GrantId"]
        (listed,) = kms.list_grants(KeyId=OTHER_KEY, GrantId=grant)["Grants"]
        assert (listed["GranteePrincipal"], listed["RetiringPrincipal"]) == (arn, arn)
        assert ids(kms, GranteePrincipal=principal) == ids(kms, GranteePrincipal=arn) == [grant]
        (listed,) = kms.list_retirable_grants(RetiringPrincipal=principal)["Grants"]
        assert listed["GrantId"] == grant
    keytrail_clean.reset()
    load_sample_seed(keytrail_clean, kms)
    members = {"KeyId": OTHER_KEY, "Operations": ["Decrypt"], "GranteePrincipal": session["AssumedRoleId"]}
    assert refusal(kms, "CreateGrant", **members)[0] == "InvalidArnException"


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("principal", "exists"),
    {
        f"arn:aws:iam::{ACCOUNT}:role/app/Declared": True,
        f"arn:aws:sts::{ACCOUNT}:assumed-role/Declared/any": True,
        f"arn:aws:iam::{ACCOUNT}:user/alice": True,  # has credentials
        f"arn:aws:sts::{ACCOUNT}:assumed-role/Caller/another": True,  # has credentials
        f"arn:aws:iam::{FOREIGN}:root": True,
        f"arn:aws:sts::{FOREIGN}:federated-user/any": True,
        f"arn:aws:iam::{ACCOUNT}:role/Declared": False,
        f"arn:aws:iam::{ACCOUNT}:user/bob": False,
        f"arn:aws:sts::{ACCOUNT}:assumed-role/Undeclared/any": False,
        f"arn:aws:sts::{FOREIGN}:assumed-role/Declared/any": True,  # of this account nothing is declared
    }.items(),
)
def test_a_strict_server_knows_the_principals_that_exist(principal: str, exists: bool, strict: bool) -> None:
    """How we know: recorded of AWS, kms-behaviour E.9; which exist here is docs/who-may.md."""
    seed = {
        "credentials": [
            {"AccessKeyId": "AKIAALICE", "SecretAccessKey": "x", "Principal": f"arn:aws:iam::{ACCOUNT}:user/alice"},
            {
                "AccessKeyId": "ASIACALLER",
                "SecretAccessKey": "x",
                "Principal": f"arn:aws:sts::{ACCOUNT}:assumed-role/Caller/one",
            },
        ],
        "identities": [{"Arn": f"arn:aws:iam::{ACCOUNT}:role/app/Declared"}],
        "keys": [{"KeyId": OTHER_KEY}],
    }
    with KeytrailServer(fixtures=seed, strict=strict) as server:
        kms = client_of(server)
        if exists or not strict:
            create(kms, GranteePrincipal=principal, RetiringPrincipal=principal)
            return
        unknown = ("InvalidArnException", f"ARN does not refer to a valid principal: {principal}")
        for member in ("GranteePrincipal", "RetiringPrincipal"):
            members = {"GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:root", member: principal}
            assert refusal(kms, "CreateGrant", KeyId=OTHER_KEY, Operations=["Decrypt"], **members) == unknown
        assert refusal(kms, "ListGrants", KeyId=OTHER_KEY, GranteePrincipal=principal) == unknown


# rules


def test_the_same_name_and_parameters_are_the_same_grant_with_another_token(kms: Any) -> None:
    """How we know: KMS API Reference, CreateGrant, Name; without a name each call makes a grant."""
    first, again = create(kms, Name="same"), create(kms, Name="same")
    assert first["GrantId"] == again["GrantId"]
    assert first["GrantToken"] != again["GrantToken"]
    for token in (first["GrantToken"], again["GrantToken"]):
        kms.describe_key(KeyId=KEY, GrantTokens=[token])
    others = {create(kms, Name="same", Operations=["Encrypt"])["GrantId"], create(kms)["GrantId"]}
    others |= {create(kms)["GrantId"]}
    assert len(others | {first["GrantId"]}) == 4 == len(ids(kms))


def test_grants_come_in_pages_and_a_marker_outlives_its_grant(kms: Any, keytrail_clock: ServerClock) -> None:
    """How we know: KMS API Reference, ListGrants; of one millisecond the order is that of the ids (decision 15)."""
    made = []
    for _ in range(7):
        keytrail_clock.advance(seconds=1)
        made.append(create(kms)["GrantId"])
    pages = list(kms.get_paginator("list_grants").paginate(KeyId=OTHER_KEY, PaginationConfig={"PageSize": 3}))
    assert [[grant["GrantId"] for grant in page["Grants"]] for page in pages] == [made[:3], made[3:6], made[6:]]
    first = kms.list_grants(KeyId=OTHER_KEY, Limit=3)
    kms.revoke_grant(KeyId=OTHER_KEY, GrantId=made[2])
    assert ids(kms, Marker=first["NextMarker"]) == made[3:]


def test_a_marker_of_another_list_is_refused(kms: Any) -> None:
    # How we know: KMS API Reference, InvalidMarkerException; that a marker of another list is a bad one is inferred.
    for _ in range(2):
        create(kms)
    marker = kms.list_grants(KeyId=OTHER_KEY, Limit=1)["NextMarker"]
    assert refusal(kms, "ListGrants", KeyId=KEY, Marker=marker)[0] == "InvalidMarkerException"
    filtered = refusal(kms, "ListGrants", KeyId=OTHER_KEY, GranteePrincipal=READER, Marker=marker)
    assert filtered[0] == "InvalidMarkerException"


def test_a_list_can_be_of_one_grantee_or_one_grant(kms: Any) -> None:
    """How we know: KMS API Reference, ListGrants."""
    mine, other = create(kms)["GrantId"], create(kms, GranteePrincipal=RETIRER)["GrantId"]
    service = create(
        kms,
        GranteePrincipal=None,
        GranteeServicePrincipal=SERVICE,
        RetiringPrincipal=RETIRER,
        Constraints={"SourceArn": SOURCE},
    )["GrantId"]
    assert ids(kms, GranteePrincipal=READER) == [mine]
    assert ids(kms, GranteeServicePrincipal=SERVICE) == [service]
    assert ids(kms, GrantId=other) == [other]
    assert ids(kms, GrantId=other, GranteePrincipal=READER) == []
    assert ids(kms, GrantId="0" * 64) == []


def test_retirable_grants_are_listed_across_keys(kms: Any) -> None:
    """How we know: KMS API Reference, ListRetirableGrants."""
    made = [create(kms, key, RetiringPrincipal=RETIRER)["GrantId"] for key in (KEY, OTHER_KEY, KEY)]
    create(kms)
    pages = kms.get_paginator("list_retirable_grants").paginate(
        RetiringPrincipal=RETIRER, PaginationConfig={"PageSize": 2}
    )
    assert sorted(grant["GrantId"] for page in pages for grant in page["Grants"]) == sorted(made)
    service = create(kms, RetiringServicePrincipal=SERVICE)["GrantId"]
    listed = kms.list_retirable_grants(RetiringServicePrincipal=SERVICE)["Grants"]
    assert [grant["GrantId"] for grant in listed] == [service]


@pytest.mark.parametrize("by", ["token", "id"])
def test_a_retired_grant_is_gone_and_so_are_its_tokens(kms: Any, by: str) -> None:
    """How we know: KMS API Reference, RetireGrant."""
    made = create(kms)
    named = {"KeyId": key_arn(OTHER_KEY), "GrantId": made["GrantId"]}
    kms.retire_grant(**({"GrantToken": made["GrantToken"]} if by == "token" else named))
    assert ids(kms) == []
    code, _ = refusal(kms, "DescribeKey", KeyId=KEY, GrantTokens=[made["GrantToken"]])
    assert code == "InvalidGrantTokenException"
    assert refusal(kms, "RetireGrant", GrantToken=made["GrantToken"])[0] == "InvalidGrantTokenException"


def test_a_revoked_grant_is_gone_and_so_are_its_tokens(kms: Any) -> None:
    """How we know: KMS API Reference, RevokeGrant."""
    made = create(kms)
    kms.revoke_grant(KeyId=OTHER_KEY, GrantId=made["GrantId"])
    assert ids(kms) == []
    code, _ = refusal(kms, "DescribeKey", KeyId=KEY, GrantTokens=[made["GrantToken"]])
    assert code == "InvalidGrantTokenException"
    assert refusal(kms, "RevokeGrant", KeyId=OTHER_KEY, GrantId=made["GrantId"])[0] == "NotFoundException"


@pytest.mark.parametrize(
    ("caller", "code"),
    {
        READER: "AccessDeniedException",  # the grantee, without RetireGrant
        STRANGER: None,  # the retiring principal
        f"arn:aws:iam::{FOREIGN}:role/Else": "AccessDeniedException",
        f"arn:aws:sts::{FOREIGN}:assumed-role/Stranger/session": None,
        f"arn:aws:iam::{FOREIGN}:root": "AccessDeniedException",
        f"arn:aws:iam::{ACCOUNT}:root": "AccessDeniedException",  # the key's account did not issue it
        "arn:aws:iam::777788889999:user/Issuer": None,
    }.items(),
)
def test_who_may_retire(
    keytrail_clean: KeytrailServer, keytrail_client: Make, kms: Any, caller: str, code: str | None
) -> None:
    """How we know: KMS API Reference, RetireGrant and "Retiring and revoking grants"."""
    grant = {
        "GrantId": "3" * 64,
        "GranteePrincipal": READER,
        "RetiringPrincipal": STRANGER,
        "IssuingAccount": "777788889999",
        "Operations": ["Decrypt"],
    }
    key = "5678abcd-12ab-34cd-56ef-1234567890ab"
    keytrail_clean.load(
        {
            "credentials": [{"AccessKeyId": "AKIACALLER", "SecretAccessKey": "x", "Principal": caller}],
            "keys": [{"KeyId": key, "Grants": [grant]}],
        }
    )
    client = keytrail_client(access_key_id="AKIACALLER")
    named = {"KeyId": key_arn(key), "GrantId": "3" * 64}
    if code is None:
        client.retire_grant(**named)
        assert ids(kms, key) == []
    else:
        answer = refusal(client, "RetireGrant", **named)
        assert answer[0] == code
        assert answer[1].startswith(f"User: {caller} is not authorized to perform: kms:RetireGrant on ")
        assert ids(kms, key) == ["3" * 64]


@pytest.mark.parametrize("operation", ["CreateGrant", "RevokeGrant", "RetireGrant"])
def test_a_dry_run_leaves_no_trace(kms: Any, operation: str) -> None:
    """How we know: AWS docs, DryRun."""
    made = create(kms, Name="dry")
    before = kms.list_grants(KeyId=OTHER_KEY)["Grants"]
    members: dict[str, Any] = {"KeyId": key_arn(OTHER_KEY), "GrantId": made["GrantId"]}
    if operation == "CreateGrant":
        members = {"KeyId": OTHER_KEY, "GranteePrincipal": READER, "Operations": ["Decrypt"]}
    assert refusal(kms, operation, **members, DryRun=True)[0] == "DryRunOperationException"
    assert kms.list_grants(KeyId=OTHER_KEY)["Grants"] == before
    kms.describe_key(KeyId=KEY, GrantTokens=[made["GrantToken"]])


def test_grants_and_tokens_go_with_their_key(keytrail_clean: KeytrailServer, kms: Any) -> None:
    """How we know: KMS API Reference, ScheduleKeyDeletion: all that belongs to the key goes."""
    made = create(kms, RetiringPrincipal=RETIRER)
    kms.schedule_key_deletion(KeyId=OTHER_KEY, PendingWindowInDays=7)
    keytrail_clean.clock.advance("P8D")
    assert kms.list_retirable_grants(RetiringPrincipal=RETIRER)["Grants"] == []
    code, _ = refusal(kms, "DescribeKey", KeyId=KEY, GrantTokens=[made["GrantToken"]])
    assert code == "InvalidGrantTokenException"
    assert ids(kms, KEY) == [GRANT_ID]


def test_a_seeded_grant_has_the_token_that_the_seed_says(keytrail_clean: KeytrailServer, kms: Any) -> None:
    """How we know: docs/seeds.md, "Seeds"."""
    key = "5678abcd-12ab-34cd-56ef-1234567890ab"
    grant = {"GrantToken": "seeded", "GranteePrincipal": READER, "Operations": ["Decrypt"], "Name": "n"}
    keytrail_clean.load({"keys": [{"KeyId": key, "Grants": [grant]}]})
    kms.describe_key(KeyId=key, GrantTokens=["seeded"])
    kms.retire_grant(GrantToken="seeded")
    assert ids(kms, key) == []


@pytest.mark.parametrize("account", [None, ACCOUNT])
def test_a_reset_brings_seeded_grants_and_their_tokens_back_and_takes_others_away(account: str | None) -> None:
    """How we know: README, `reset` goes back to just after the start."""
    grant = {"GrantToken": "seeded", "GranteePrincipal": READER, "Operations": ["Decrypt"]}
    with KeytrailServer(fixtures={"keys": [{"KeyId": KEY, "Grants": [grant]}]}) as server:
        kms = client_of(server)
        [seeded] = ids(kms, KEY)
        fresh = create(kms, KEY)["GrantToken"]
        kms.retire_grant(GrantToken="seeded")
        server.reset(account)
        assert ids(kms, KEY) == [seeded]
        kms.describe_key(KeyId=KEY, GrantTokens=["seeded"])
        assert refusal(kms, "DescribeKey", KeyId=KEY, GrantTokens=[fresh])[0] == "InvalidGrantTokenException"
        assert [g["GrantId"] for g in kms.list_grants(KeyId=KEY, GranteePrincipal=READER)["Grants"]] == [seeded]


@pytest.mark.parametrize(
    ("grant", "said"),
    [
        ({"Operations": ["Sign"]}, "keys[0].Grants[0]: ValidationException: Operations [Sign] are not supported"),
        ({"GranteePrincipal": "Reader"}, "keys[0].Grants[0]: InvalidArnException"),
        (
            {"GranteePrincipal": "AROAAAAAAAAAAAAAAAAAA:one"},
            "keys[0].Grants[0].GranteePrincipal: AROAAAAAAAAAAAAAAAAAA:one is a unique id; give the principal's ARN",
        ),
        ({"CreationDate": "in 2 days"}, "keys[0].Grants[0].CreationDate: "),
        ({"GrantId": GRANT_ID}, f"grant {GRANT_ID}, or its token, already exists"),
    ],
)
def test_a_seed_of_a_grant_that_kms_would_not_make_is_refused(
    keytrail_clean: KeytrailServer, grant: dict[str, Any], said: str
) -> None:
    """How we know: decision 6."""
    key = "5678abcd-12ab-34cd-56ef-1234567890ab"
    seed = {"GranteePrincipal": READER, "Operations": ["Decrypt"], **grant}
    with pytest.raises(SeedError, match=re.escape(said)):
        keytrail_clean.load({"keys": [{"KeyId": key, "Grants": [seed]}]})


def test_the_trail_shows_the_grant_and_never_its_token(keytrail_clean: KeytrailServer, kms: Any) -> None:
    """How we know: AWS docs, the samples of CreateGrant and RetireGrant; context keys stand as they were sent."""
    made = create(kms, Constraints={"EncryptionContextSubset": {"Team": "a"}})
    kms.retire_grant(GrantToken=made["GrantToken"])
    created, retired = keytrail_clean.events()[-2:]
    assert created["responseElements"] == {"grantId": made["GrantId"], "keyId": key_arn(OTHER_KEY)}
    assert created["requestParameters"]["constraints"] == {"encryptionContextSubset": {"Team": "a"}}
    assert retired["additionalEventData"] == {"grantId": made["GrantId"]}
    assert (retired["requestParameters"], retired["responseElements"]) == (None, {"keyId": key_arn(OTHER_KEY)})
    assert made["GrantToken"] not in str(keytrail_clean.events())


@pytest.mark.parametrize("asked", ["EncryptionContextEquals", "EncryptionContextSubset"])
def test_of_two_encryption_contexts_an_empty_one_is_not_given(kms: Any, asked: str) -> None:
    """How we know: Terraform's AWS provider sends both members for every grant, and its grants are made by AWS."""
    both = {"EncryptionContextEquals": {}, "EncryptionContextSubset": {}}
    create(kms, Constraints={**both, asked: {"Team": "a"}})
    (listed,) = kms.list_grants(KeyId=OTHER_KEY)["Grants"]
    assert listed["Constraints"] == {asked: {"Team": "a"}}


# refusals

UNFIT = {
    "two grantees": ({"GranteeServicePrincipal": SERVICE}, "ValidationException"),
    "no grantee": ({"GranteePrincipal": None}, "ValidationException"),
    "two to retire": (
        {"RetiringPrincipal": RETIRER, "RetiringServicePrincipal": SERVICE},
        "ValidationException",
    ),
    "a service without SourceArn": (
        {"GranteePrincipal": None, "GranteeServicePrincipal": SERVICE, "RetiringPrincipal": RETIRER},
        "ValidationException",
    ),
    "a service that nobody retires": (
        {"GranteePrincipal": None, "GranteeServicePrincipal": SERVICE, "Constraints": {"SourceArn": SOURCE}},
        "ValidationException",
    ),
    "no operation": ({"Operations": []}, "ValidationException"),
    "operations of another usage": ({"Operations": ["Decrypt", "Sign"]}, "ValidationException"),
    "a public key of a symmetric key": ({"Operations": ["GetPublicKey"]}, "ValidationException"),
    "equals and subset": (
        {"Constraints": {"EncryptionContextEquals": {"a": "b"}, "EncryptionContextSubset": {"a": "b"}}},
        "ValidationException",
    ),
    "nine pairs": (
        {"Constraints": {"EncryptionContextEquals": {str(at): "" for at in range(9)}}},
        "ValidationException",
    ),
    "385 characters": ({"Constraints": {"EncryptionContextEquals": {"a": "b" * 384}}}, "ValidationException"),
}


@pytest.mark.parametrize(("members", "code"), UNFIT.values(), ids=UNFIT)
def test_a_grant_that_cannot_be_is_refused(kms: Any, members: dict[str, Any], code: str) -> None:
    """How we know: KMS API Reference, CreateGrant; the words are not known."""
    wanted = {"KeyId": OTHER_KEY, "GranteePrincipal": READER, "Operations": ["Decrypt"], **members}
    sent = {name: value for name, value in wanted.items() if value is not None}
    assert refusal(kms, "CreateGrant", **sent)[0] == code
    assert ids(kms) == []


def test_what_aws_says_of_a_grant_of_create_grant_alone_and_of_no_principal(kms: Any) -> None:
    """How we know: reported (kms-behaviour E.9)."""
    assert refusal(kms, "CreateGrant", KeyId=KEY, GranteePrincipal=READER, Operations=["CreateGrant"]) == (
        "ValidationException",
        "Grants must not contain only the CreateGrant operation.",
    )
    for member in ("GranteePrincipal", "RetiringPrincipal"):
        members = {"GranteePrincipal": READER, member: "arn:aws:iam::1:group/x"}
        assert refusal(kms, "CreateGrant", KeyId=KEY, Operations=["Decrypt"], **members) == (
            "InvalidArnException",
            "ARN does not refer to a valid principal: arn:aws:iam::1:group/x",
        )


def test_a_context_constraint_is_for_symmetric_keys(keytrail_clean: KeytrailServer, kms: Any) -> None:
    """How we know: KMS API Reference, GrantConstraints."""
    key = "5678abcd-12ab-34cd-56ef-1234567890ab"
    keytrail_clean.load({"keys": [{"KeyId": key, "KeySpec": "HMAC_256"}]})
    create(kms, key, Operations=["GenerateMac"], Constraints={"SourceArn": SOURCE})
    constraints = {"EncryptionContextSubset": {"a": "b"}}
    members = {"KeyId": key, "GranteePrincipal": READER, "Operations": ["GenerateMac"], "Constraints": constraints}
    assert refusal(kms, "CreateGrant", **members)[0] == "ValidationException"


def test_a_key_has_so_many_grants_and_no_more(kms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """How we know: AWS docs, "Resource quotas" (50,000; here 3, for the time's sake); the words are not known."""
    monkeypatch.setattr(grants_of_store, "MAX_GRANTS_PER_KEY", 3)
    for _ in range(2):
        create(kms)
    create(kms, Name="last")
    members = {"KeyId": OTHER_KEY, "GranteePrincipal": READER, "Operations": ["Decrypt"]}
    assert refusal(kms, "CreateGrant", **members)[0] == "LimitExceededException"
    assert refusal(kms, "CreateGrant", **members, DryRun=True)[0] == "LimitExceededException"
    create(kms, Name="last")


@pytest.mark.parametrize(
    ("operation", "members", "code"),
    [
        ("RevokeGrant", {"KeyId": KEY, "GrantId": "no-id"}, "InvalidGrantIdException"),
        ("RevokeGrant", {"KeyId": OTHER_KEY, "GrantId": GRANT_ID}, "NotFoundException"),
        ("RetireGrant", {"KeyId": key_arn(OTHER_KEY), "GrantId": GRANT_ID}, "NotFoundException"),
        ("RetireGrant", {"KeyId": key_arn(account=FOREIGN), "GrantId": GRANT_ID}, "AccessDeniedException"),
        ("RetireGrant", {"GrantToken": "x"}, "InvalidGrantTokenException"),
        ("RetireGrant", {}, "ValidationException"),
        ("RetireGrant", {"KeyId": KEY}, "ValidationException"),
        ("RetireGrant", {"GrantToken": "x", "KeyId": KEY, "GrantId": GRANT_ID}, "ValidationException"),
        ("ListGrants", {"KeyId": KEY, "GrantId": "no-id"}, "InvalidGrantIdException"),
        ("ListRetirableGrants", {}, "ValidationException"),
        (
            "ListRetirableGrants",
            {"RetiringPrincipal": READER, "RetiringServicePrincipal": SERVICE},
            "ValidationException",
        ),
        ("ListRetirableGrants", {"RetiringPrincipal": "Reader"}, "InvalidArnException"),
        ("ListRetirableGrants", {"RetiringPrincipal": STRANGER}, "AccessDeniedException"),
        ("DescribeKey", {"KeyId": KEY, "GrantTokens": ["x"]}, "InvalidGrantTokenException"),
    ],
)
def test_what_names_no_grant_is_refused(kms: Any, operation: str, members: dict[str, Any], code: str) -> None:
    """How we know: the errors of each operation in the model; which of them is a guess (kms-behaviour E.9)."""
    assert refusal(kms, operation, **members)[0] == code
