"""Ways in that policies did not close, each as small as it can be, through boto3.

What an issue found open is marked with its point until it is closed. `xfail` is strict, so the mark has to go then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from keytrail.seeds import SeedError
from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, ELSEWHERE, FOREIGN, GRANT_ID, KEY, MRK, REGION, alias_arn, key_arn, refusal
from tests.support.clients import new_client, shared_client

SECRET = "secret"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
USER = f"arn:aws:iam::{ACCOUNT}:user/alice"
ROLE, PATHLESS = f"arn:aws:iam::{ACCOUNT}:role/app/Reader", f"arn:aws:iam::{ACCOUNT}:role/Reader"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Reader/one"
PARTNER = f"arn:aws:iam::{FOREIGN}:user/partner"
SERVICE = "sns.amazonaws.com"
TOPIC, OTHER_TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:orders", f"arn:aws:sns:{REGION}:{ACCOUNT}:refunds"
ORGANIZATION = "o-exampleorgid"
ACCESS_KEYS = {
    USER: "AKIAALICE00000000001",
    SESSION: "ASIAREADER0000000001",
    PARTNER: "AKIAPARTNER000000001",
    SERVICE: "ASIASERVICE000000001",
}
TAGS = [{"TagKey": "team", "TagValue": "payments"}]


def point(number: int, why: str) -> pytest.MarkDecorator:
    """Open: known by the number of its point."""
    return pytest.mark.xfail(reason=f"point {number}: {why}")


def allow(*actions: str, effect: str = "Allow", **members: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": list(actions), "Resource": "*", **members}


def to(principal: object, *actions: str, **members: Any) -> dict[str, Any]:
    return allow(*(actions or ("kms:*",)), Principal=principal, **members)


def document(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


TO_ROOT = to({"AWS": ROOT})


@pytest.fixture(scope="module")
def server() -> Iterator[KeytrailServer]:
    with KeytrailServer(strict=True) as server:
        yield server


@pytest.fixture
def declare(server: KeytrailServer) -> Callable[..., None]:
    """Load a key, callers, and identities by ARN with their statements; `policy` are the key's statements."""

    def load(
        identities: Mapping[str, list[Mapping[str, Any]]],
        policy: list[Mapping[str, Any]] | None = None,
        key: Mapping[str, Any] | None = None,
        **seed: Any,
    ) -> None:
        server.reset()
        server.clock.reset()
        credentials = [
            {"AccessKeyId": access_key, "SecretAccessKey": SECRET, "Principal": principal}
            for principal, access_key in ACCESS_KEYS.items()
        ]
        declared = [
            {"Arn": arn, "Policies": {"own": document(*statements)} if statements else {}}
            for arn, statements in identities.items()
        ]
        made = {"KeyId": KEY, "Account": ACCOUNT, "Policy": document(*(policy or [TO_ROOT])), **(key or {})}
        server.load({"credentials": credentials, "identities": declared, "keys": [made], **seed})

    return load


@pytest.fixture
def as_(server: KeytrailServer) -> Callable[..., Any]:
    """The client of a caller; of an account's root by the account's number."""

    def client(principal: str, service: str = "kms", region: str = REGION) -> Any:
        return shared_client(server.url, service, region, ACCESS_KEYS.get(principal, principal), SECRET)

    return client


Declare, Client = Callable[..., None], Callable[..., Any]


# ---- 1. Tags of a key that is being created


ALL_KEYS = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*"


@point(1, "it asks on *")
def test_tags_of_a_new_key_need_the_permission_on_all_keys_of_the_account(declare: Declare, as_: Client) -> None:
    """How we know: docs, KMS Developer Guide, "Managing KMS key tags with API operations": the permission must at least
    cover all keys of the account and Region.
    """
    declare({USER: [allow("kms:CreateKey"), allow("kms:TagResource", Resource=f"arn:aws:kms:*:{ACCOUNT}:key/*")]})
    as_(USER).create_key(Tags=TAGS)


@point(1, "it asks on *")
def test_a_deny_on_all_keys_of_the_account_is_about_tags_of_new_keys_too(declare: Declare, as_: Client) -> None:
    """How we know: as above."""
    declare({USER: [allow("kms:*"), allow("kms:TagResource", effect="Deny", Resource=ALL_KEYS)]})
    code, words = refusal(as_(USER), "CreateKey", Tags=TAGS)
    assert code == "AccessDeniedException"
    assert "kms:TagResource" in words
    assert words.endswith("with an explicit deny in an identity-based policy")
    as_(USER).create_key()


def test_the_permission_on_the_keys_of_another_region_does_not_tag_new_keys(declare: Declare, as_: Client) -> None:
    """How we know: as above."""
    elsewhere = ALL_KEYS.replace(REGION, ELSEWHERE)
    declare({USER: [allow("kms:CreateKey"), allow("kms:TagResource", Resource=elsewhere)]})
    assert refusal(as_(USER), "CreateKey", Tags=TAGS)[0] == "AccessDeniedException"


@point(1, "it asks on *")
def test_tags_of_a_replica_need_the_permission_on_all_keys_of_its_region(declare: Declare, as_: Client) -> None:
    """How we know: as above; KMS API Reference, ReplicateKey, "Required permissions"."""
    elsewhere = ALL_KEYS.replace(REGION, ELSEWHERE)
    own = [allow("kms:ReplicateKey", "kms:CreateKey"), allow("kms:TagResource", Resource=elsewhere)]
    declare({USER: own}, key={"KeyId": MRK})
    as_(USER).replicate_key(KeyId=MRK, ReplicaRegion=ELSEWHERE, Tags=TAGS)


# ---- 2. IAM's grammar is closed


def with_condition(operator: str, key: str, value: object) -> dict[str, Any]:
    return {"Condition": {operator: {key: value}}}


MISTAKES: Mapping[str, Mapping[str, Any]] = {
    "a statement member that there is not": {"Conditon": {"Bool": {"aws:SecureTransport": "false"}}},
    "a member in the wrong case": {"condition": {"Bool": {"aws:SecureTransport": "false"}}},
    "an action without vendor": {"Action": "Decrypt"},
    "an action with two colons": {"Action": "kms:Decrypt:x"},
    "a condition key without vendor": with_condition("StringEquals", "username", "alice"),
    "an address that is none": with_condition("IpAddress", "aws:SourceIp", "192.0.2.300"),
    "a number that is none": with_condition("NumericLessThan", "aws:EpochTime", "soon"),
    "an infinite number": with_condition("NumericLessThan", "aws:EpochTime", "inf"),
    "a number with an underscore": with_condition("NumericLessThan", "aws:EpochTime", "1_0"),
    "a date that is none": with_condition("DateLessThan", "aws:CurrentTime", "tomorrow"),
    "a truth that is none": with_condition("Bool", "aws:SecureTransport", "yes"),
    "a Null of neither": with_condition("Null", "aws:TokenIssueTime", "maybe"),
}
"""Members of a statement, wrong in policies of all kinds."""

Make = Callable[..., str]
"""Given the statements of a good policy, the last of which it spoils, the text of a bad one."""

WHOLE: Mapping[str, Make] = {
    "a top-level member that there is not": lambda *good: json.dumps({**document(*good), "Statements": []}),
    "a condition at the top": lambda *good: json.dumps({**document(*good), "Condition": {}}),
    "a version that there is not": lambda *good: json.dumps({**document(*good), "Version": "2012-10-18"}),
    "two statements of one Sid": lambda *good: json.dumps(
        document(*good[:-1], {"Sid": "A", **good[-1]}, {"Sid": "A", **good[-1]})
    ),
    "a member twice": lambda *good: json.dumps(document(*good)).replace('"Action":', '"Action": "kms:*", "Action":', 1),
}


def spoilt(wrong: Mapping[str, Any]) -> Make:
    return lambda *good: json.dumps(document(*good[:-1], {**good[-1], **wrong}))


GRAMMAR = [
    pytest.param(make, id=name, marks=point(2, "it is accepted"))
    for name, make in {**{name: spoilt(wrong) for name, wrong in MISTAKES.items()}, **WHOLE}.items()
]


@pytest.mark.parametrize("make", GRAMMAR)
def test_a_key_policy_outside_of_iams_grammar_is_refused(declare: Declare, as_: Client, make: Make) -> None:
    """How we know: docs, IAM User Guide, "Grammar of the IAM JSON policy language"; kms-behaviour N.2."""
    declare({USER: []})
    policy = make(TO_ROOT, to({"AWS": USER}, "kms:Decrypt"))
    assert refusal(as_(ACCOUNT), "PutKeyPolicy", KeyId=KEY, Policy=policy)[0] == "MalformedPolicyDocumentException"


@pytest.mark.parametrize("make", GRAMMAR)
def test_an_identity_policy_outside_of_iams_grammar_is_refused(server: KeytrailServer, make: Make) -> None:
    """How we know: as above."""
    server.reset()
    with pytest.raises(SeedError, match="identities"):
        server.load({"identities": [{"Arn": USER, "Policies": {"own": make(allow("kms:*"))}}]})


@pytest.mark.parametrize("make", GRAMMAR)
def test_a_session_policy_outside_of_iams_grammar_is_refused(
    declare: Declare, as_: Client, server: KeytrailServer, make: Make
) -> None:
    """How we know: as above; STS API Reference, AssumeRole, "Errors"."""
    assumable = {"Arn": ROLE, "TrustPolicy": document({**TRUST, "Principal": {"AWS": USER}})}
    declare({USER: [allow("sts:AssumeRole")]})
    server.load({"identities": [assumable]})
    with pytest.raises(ClientError) as caught:
        as_(USER, "sts").assume_role(RoleArn=ROLE, RoleSessionName="one", Policy=make(allow("kms:*")))
    assert caught.value.response["Error"]["Code"] == "MalformedPolicyDocument"


@pytest.mark.parametrize("make", GRAMMAR)
def test_a_service_control_policy_outside_of_iams_grammar_is_refused(server: KeytrailServer, make: Make) -> None:
    """How we know: as above."""
    server.reset()
    arn = f"arn:aws:organizations::{ACCOUNT}:policy/{ORGANIZATION}/service_control_policy/p-1"
    policy = {"Arn": arn, "Accounts": [ACCOUNT], "Policy": make(allow("kms:*"))}
    with pytest.raises(SeedError, match="serviceControlPolicies"):
        server.load({"serviceControlPolicies": [policy]})


TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole"}


@pytest.mark.parametrize("make", GRAMMAR)
def test_a_trust_policy_outside_of_iams_grammar_is_refused(server: KeytrailServer, make: Make) -> None:
    """How we know: as above."""
    server.reset()
    policy = make({**TRUST, "Principal": {"AWS": USER}})
    with pytest.raises(SeedError, match="identities"):
        server.load({"identities": [{"Arn": ROLE, "TrustPolicy": policy}]})


@pytest.mark.parametrize(
    "principal",
    [
        pytest.param({"Service": "sns"}, marks=point(2, "it is accepted")),
        pytest.param({"Service": "sns.example.com"}, marks=point(2, "it is accepted")),
        {"AWS": "alice"},
        {"Servce": SERVICE},
    ],
    ids=str,
)
def test_a_key_policy_with_a_principal_that_is_none_is_refused(
    declare: Declare, as_: Client, principal: Mapping[str, str]
) -> None:
    """How we know: docs, IAM User Guide, "Principal"; reported, kms-behaviour E.4."""
    declare({})
    policy = json.dumps(document(TO_ROOT, to(principal)))
    code, _ = refusal(as_(ACCOUNT), "PutKeyPolicy", KeyId=KEY, Policy=policy)
    assert code in {"MalformedPolicyDocumentException", "InvalidArnException"}


@pytest.mark.parametrize(
    "resource", [pytest.param(it, marks=point(2, "it is accepted")) for it in (f"key/{KEY}", KEY, "kms:*")]
)
def test_an_identity_policy_with_a_resource_that_is_no_arn_is_refused(server: KeytrailServer, resource: str) -> None:
    """How we know: reported, kms-behaviour N.2: it must be in ARN format or "*"."""
    server.reset()
    with pytest.raises(SeedError, match="identities"):
        server.load({"identities": [{"Arn": USER, "Policies": {"own": document(allow("kms:*", Resource=resource))}}]})


def test_an_identity_policy_names_no_principal(server: KeytrailServer) -> None:
    """How we know: docs, IAM User Guide, "Grammar of the IAM JSON policy language", notes."""
    server.reset()
    with pytest.raises(SeedError, match="identities"):
        server.load({"identities": [{"Arn": USER, "Policies": {"own": document(TO_ROOT)}}]})


@point(2, "the misspelt condition is left out, and the key open to everybody")
def test_a_misspelt_condition_does_not_open_a_key(declare: Declare, as_: Client) -> None:
    """How we know: as above."""
    with pytest.raises(SeedError, match="Conditon"):
        declare({}, [TO_ROOT, to("*", Conditon={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})])


# ---- 3. A role's path is part of its ARN


@point(3, "the path is not compared")
@pytest.mark.parametrize("named", [PATHLESS, f"arn:aws:iam::{ACCOUNT}:role/other/Reader"])
def test_a_key_policy_that_names_a_role_of_another_path_does_not_name_the_role(
    declare: Declare, as_: Client, named: str
) -> None:
    """How we know: docs, IAM User Guide, "IAM identifiers": the path is part of the ARN; "Principal"."""
    declare({ROLE: []}, [TO_ROOT, to({"AWS": named}, "kms:Encrypt")])
    assert refusal(as_(SESSION), "Encrypt", KeyId=KEY, Plaintext=b"x")[0] == "AccessDeniedException"


def test_a_key_policy_that_names_a_role_with_its_path_names_its_sessions(declare: Declare, as_: Client) -> None:
    """How we know: as above."""
    declare({ROLE: []}, [TO_ROOT, to({"AWS": ROLE}, "kms:Encrypt")])
    as_(SESSION).encrypt(KeyId=KEY, Plaintext=b"x")


def test_a_role_of_which_only_a_session_is_known_may_have_any_path(declare: Declare, as_: Client) -> None:
    """Ours: nothing else in the seed tells the path."""
    declare({}, [TO_ROOT, to({"AWS": ROLE}, "kms:Encrypt")])
    as_(SESSION).encrypt(KeyId=KEY, Plaintext=b"x")


@point(3, "the path is not compared")
def test_a_trust_policy_that_names_a_role_of_another_path_does_not_name_the_role(
    declare: Declare, as_: Client, server: KeytrailServer
) -> None:
    """How we know: as above."""
    target = f"arn:aws:iam::{ACCOUNT}:role/Target"
    declare({ROLE: [allow("sts:AssumeRole")]})
    server.load({"identities": [{"Arn": target, "TrustPolicy": document({**TRUST, "Principal": {"AWS": PATHLESS}})}]})
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        as_(SESSION, "sts").assume_role(RoleArn=target, RoleSessionName="two")


# ---- 4. Principals that do not exist


GONE = f"arn:aws:iam::{ACCOUNT}:role/Gone"


@point(4, "it is accepted")
def test_a_key_policy_with_a_principal_that_does_not_exist_is_refused(declare: Declare, as_: Client) -> None:
    """How we know: reported, kms-behaviour E.4."""
    declare({USER: []})
    policy = json.dumps(document(TO_ROOT, to({"AWS": GONE})))
    expected = (
        "MalformedPolicyDocumentException",
        "Policy contains a statement with one or more invalid principals.",
    )
    assert refusal(as_(ACCOUNT), "PutKeyPolicy", KeyId=KEY, Policy=policy) == expected
    assert refusal(as_(ACCOUNT), "CreateKey", Policy=policy) == expected


@pytest.mark.parametrize("member", ["GranteePrincipal", "RetiringPrincipal"])
def test_a_grant_to_a_principal_that_does_not_exist_is_refused(declare: Declare, as_: Client, member: str) -> None:
    """How we know: recorded, kms-behaviour E.9."""
    declare({USER: []})
    members = {"GranteePrincipal": USER, member: GONE}
    answer = refusal(as_(ACCOUNT), "CreateGrant", KeyId=KEY, Operations=["Decrypt"], **members)
    assert answer == ("InvalidArnException", f"ARN does not refer to a valid principal: {GONE}")


@point(4, "CreateGrant refuses it")
def test_a_principal_of_an_account_without_declared_identities_may_exist(declare: Declare, as_: Client) -> None:
    """Ours: nothing tells who there is."""
    declare({USER: []})
    stranger = f"arn:aws:iam::{FOREIGN}:role/Somebody"
    as_(ACCOUNT).put_key_policy(KeyId=KEY, Policy=json.dumps(document(TO_ROOT, to({"AWS": stranger}))))
    as_(ACCOUNT).create_grant(KeyId=KEY, GranteePrincipal=stranger, Operations=["Decrypt"])


# ---- 5. Condition keys


@point(5, "aws:MultiFactorAuthAge is not there")
def test_the_age_of_an_mfa_code_is_known(declare: Declare, as_: Client, server: KeytrailServer) -> None:
    """How we know: docs, IAM User Guide, "AWS global condition context keys", aws:MultiFactorAuthAge: in seconds, only
    of a principal that was authenticated by MFA.
    """
    young = allow("kms:Encrypt", Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}})
    declare({USER: [young, allow("sts:GetSessionToken")]})
    server.clock.freeze("2026-06-01T12:00:00Z")
    assert refusal(as_(USER), "Encrypt", KeyId=KEY, Plaintext=b"x")[0] == "AccessDeniedException"
    device = f"arn:aws:iam::{ACCOUNT}:mfa/alice"
    issued = as_(USER, "sts").get_session_token(SerialNumber=device, TokenCode="123456")["Credentials"]
    keys = issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"]
    client = new_client(server.url, "kms", REGION, *keys)
    client.encrypt(KeyId=KEY, Plaintext=b"x")
    server.clock.advance("PT1H")
    assert refusal(client, "Encrypt", KeyId=KEY, Plaintext=b"x")[0] == "AccessDeniedException"


def organization(**members: Any) -> dict[str, Any]:
    return {"Id": ORGANIZATION, "OrganizationalUnits": [{"Name": "a", "Accounts": [{"Account": ACCOUNT}]}], **members}


@pytest.mark.parametrize(
    ("caller", "key", "value"),
    [
        (USER, "aws:PrincipalOrgPaths", f"{ORGANIZATION}/r-*/ou-*"),
        (USER, "aws:ResourceOrgPaths", f"{ORGANIZATION}/r-*/ou-*"),
        (SERVICE, "aws:SourceOrgPaths", f"{ORGANIZATION}/r-*/ou-*"),
        (SERVICE, "aws:PrincipalServiceNamesList", SERVICE),
    ],
)
@point(5, "the key is not there")
def test_places_in_an_organization_and_a_services_names_are_known(
    declare: Declare, server: KeytrailServer, caller: str, key: str, value: str
) -> None:
    """How we know: docs, IAM User Guide, "AWS global condition context keys": multivalued; a path is
    `o-.../r-.../ou-.../`.
    """
    condition = {"ForAnyValue:StringLike": {key: value}}
    principal = {"Service": SERVICE} if caller == SERVICE else {"AWS": USER}
    declare({USER: []}, [to(principal, Condition=condition), to({"AWS": ROOT})], organization=organization())
    on_behalf(server, caller).encrypt(KeyId=KEY, Plaintext=b"x")


def test_the_organization_of_a_services_source_is_known(declare: Declare, server: KeytrailServer) -> None:
    """How we know: docs, as above, aws:SourceOrgID: single-valued, of the resource that makes a service call."""
    condition = {"StringEquals": {"aws:SourceOrgID": ORGANIZATION}}
    declare({}, [TO_ROOT, to({"Service": SERVICE}, Condition=condition)], organization=organization())
    on_behalf(server, SERVICE).encrypt(KeyId=KEY, Plaintext=b"x")


def on_behalf(server: KeytrailServer, caller: str, topic: str = TOPIC) -> Any:
    """A client of a caller; a service calls for a topic."""
    made = new_client(server.url, access_key=ACCESS_KEYS[caller], secret=SECRET)

    def add(request: Any, **_: object) -> None:
        request.headers["x-amz-source-arn"] = topic
        request.headers["x-amz-source-account"] = topic.split(":")[4]

    if caller == SERVICE:
        made.meta.events.register("before-sign.kms", add)
    return made


# ---- 6. Policy variables


@pytest.mark.parametrize(
    "wrong",
    [
        {"Resource": f"arn:aws:kms:{REGION}:${{aws:PrincipalAccount}}:key/*"},
        {"Resource": f"arn:aws:kms:${{aws:RequestedRegion}}:{ACCOUNT}:key/{KEY}"},
        {"Condition": {"NumericEquals": {"aws:EpochTime": "${aws:EpochTime}"}}},
        {"Condition": {"DateEquals": {"aws:CurrentTime": "${aws:CurrentTime}"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": "${aws:SecureTransport}"}}},
        {"Condition": {"IpAddress": {"aws:SourceIp": "${aws:SourceIp}"}}},
    ],
    ids=str,
)
@point(6, "the variable is replaced")
def test_variables_stand_for_nothing_before_the_fifth_colon_and_in_operators_on_no_texts(
    declare: Declare, as_: Client, wrong: Mapping[str, Any]
) -> None:
    """How we know: docs, IAM User Guide, "Variables and tags", "Where you can use policy variables"."""
    try:
        declare({USER: [{**allow("kms:Encrypt"), **wrong}]})
    except SeedError:
        return
    assert refusal(as_(USER), "Encrypt", KeyId=KEY, Plaintext=b"x")[0] == "AccessDeniedException"


@pytest.mark.parametrize(
    "right",
    [
        {"Resource": "arn:aws:kms:*:*:key/${aws:PrincipalTag/key}"},
        {"Condition": {"StringEquals": {"aws:username": "${aws:username}"}}},
        {"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:ResourceAccount}:user/*"}}},
    ],
    ids=str,
)
def test_variables_are_replaced_in_the_resources_part_and_in_operators_on_texts_and_arns(
    declare: Declare, as_: Client, server: KeytrailServer, right: Mapping[str, Any]
) -> None:
    """How we know: as above."""
    declare({})
    own = document({**allow("kms:Encrypt"), **right})
    server.load({"identities": [{"Arn": USER, "Policies": {"own": own}, "Tags": {"key": KEY}}]})
    as_(USER).encrypt(KeyId=KEY, Plaintext=b"x")


# ---- 7. Grants


def grant(**members: Any) -> dict[str, Any]:
    return {"GrantId": GRANT_ID, "GranteePrincipal": USER, "Operations": ["Decrypt"], **members}


@pytest.mark.parametrize(
    ("retiring", "retires"),
    [
        (ROLE, True),
        pytest.param(PATHLESS, False, marks=point(7, "the session's role has no path")),
    ],
)
def test_a_declared_session_retires_the_grants_of_its_role_with_the_roles_path(
    declare: Declare, as_: Client, retiring: str, retires: bool
) -> None:
    """How we know: docs, kms-behaviour E.9, "Who may retire"; point 3 above for the path."""
    declare({ROLE: [], PATHLESS.replace("Reader", "Other"): []}, key={"Grants": [grant(RetiringPrincipal=retiring)]})
    if retires:
        as_(SESSION).retire_grant(KeyId=key_arn(), GrantId=GRANT_ID)
    else:
        assert refusal(as_(SESSION), "RetireGrant", KeyId=key_arn(), GrantId=GRANT_ID)[0] == "AccessDeniedException"


@pytest.mark.parametrize(
    ("constraints", "made"),
    [
        ({"SourceArn": TOPIC}, True),
        pytest.param({"SourceArn": OTHER_TOPIC}, False, marks=point(7, "SourceArn is not compared")),
        pytest.param({}, False, marks=point(7, "SourceArn is not compared")),
    ],
    ids=str,
)
def test_a_grant_that_a_services_grant_makes_is_at_least_as_strict_in_its_source(
    declare: Declare, server: KeytrailServer, constraints: Mapping[str, str], made: bool
) -> None:
    """How we know: docs, kms-behaviour E.9: no looser constraint."""
    parent = {
        "GranteeServicePrincipal": SERVICE,
        "RetiringPrincipal": USER,
        "Operations": ["CreateGrant", "Decrypt"],
        "Constraints": {"SourceArn": TOPIC},
    }
    declare({USER: []}, key={"Grants": [parent]})
    child: dict[str, Any] = {"KeyId": key_arn(), "Operations": ["Decrypt"], "RetiringPrincipal": USER}
    child |= {"GranteeServicePrincipal": SERVICE} if constraints else {"GranteePrincipal": USER}
    if made:
        on_behalf(server, SERVICE).create_grant(**child, Constraints=constraints)
    else:
        answer = refusal(on_behalf(server, SERVICE), "CreateGrant", **child, Constraints=constraints)
        assert answer[0] == "AccessDeniedException"


@pytest.mark.parametrize(
    ("caller", "retires"),
    [
        pytest.param(USER, True, marks=point(7, "the explanation does not know the grant")),
        (PARTNER, False),
        (ROOT, True),
    ],
)
def test_an_explanation_of_retire_grant_says_what_the_call_would(
    declare: Declare, as_: Client, server: KeytrailServer, caller: str, retires: bool
) -> None:
    """How we know: docs, kms-behaviour E.9, "Who may retire"."""
    declare({USER: [], PARTNER: []}, key={"Grants": [grant(RetiringPrincipal=USER)]})
    question = {
        "principal": caller,
        "action": "kms:RetireGrant",
        "keyId": key_arn(),
        "request": {"GrantId": GRANT_ID},
    }
    answer = requests.post(f"{server.url}/_keytrail/explain", json=question, timeout=5).json()
    assert answer["allowed"] is retires
    client = as_(ACCOUNT if caller == ROOT else caller)
    if retires:
        client.retire_grant(KeyId=key_arn(), GrantId=GRANT_ID)
    else:
        assert refusal(client, "RetireGrant", KeyId=key_arn(), GrantId=GRANT_ID)[0] == "AccessDeniedException"


# ---- 8. Order and silence


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:kms:*:*:alias/*",
        pytest.param("arn:aws:kms:*:*:key/*", marks=point(8, "the key's state comes before the alias")),
    ],
)
def test_create_alias_asks_for_both_permissions_before_the_keys_state(
    declare: Declare, as_: Client, resource: str
) -> None:
    """How we know: docs, KMS API Reference, CreateAlias, "Required permissions"; kms-behaviour E, order."""
    declare({USER: [allow("kms:CreateAlias", Resource=resource)]}, key={"KeyState": "PendingDeletion"})
    assert refusal(as_(USER), "CreateAlias", AliasName="alias/x", TargetKeyId=KEY)[0] == "AccessDeniedException"


@pytest.mark.parametrize("operation", ["Encrypt", "DescribeKey", "GetPublicKey"])
@pytest.mark.parametrize("shared", [False, True])
def test_an_alias_of_another_account_does_not_tell_its_keys_id_to_who_may_not_use_it(
    declare: Declare, as_: Client, server: KeytrailServer, operation: str, shared: bool
) -> None:
    """How we know: reported, kms-behaviour F.3: such a refusal does not even tell whether there is a key."""
    to_partner = to({"AWS": FOREIGN}, "kms:ListGrants") if not shared else to({"AWS": FOREIGN})
    declare({PARTNER: [allow("kms:ListGrants")]}, [TO_ROOT, to_partner], key={"Aliases": ["alias/orders"]})
    members = {"Plaintext": b"x"} if operation == "Encrypt" else {}
    code, words = refusal(as_(PARTNER), operation, KeyId=alias_arn(), **members)
    assert code == "AccessDeniedException"
    told = [event for event in server.events() if event.get("recipientAccountId") == FOREIGN]
    assert KEY not in words + json.dumps(told, default=str)


# ---- 9. Session policies, and words


@point(9, "it is accepted")
def test_a_session_policy_has_at_most_2048_characters(declare: Declare, as_: Client, server: KeytrailServer) -> None:
    """How we know: docs, STS API Reference, AssumeRole, Policy: its plaintext cannot exceed 2,048 characters."""
    declare({USER: [allow("sts:AssumeRole")]})
    trust = document({**TRUST, "Principal": {"AWS": USER}})
    server.load({"identities": [{"Arn": ROLE, "TrustPolicy": trust}]})
    text = json.dumps(document(allow("kms:*")))
    members = {"RoleArn": ROLE, "RoleSessionName": "one"}
    as_(USER, "sts").assume_role(**members, Policy=text.ljust(2048))
    with pytest.raises(ClientError) as caught:
        as_(USER, "sts").assume_role(**members, Policy=text.ljust(2049))
    assert caught.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize("key", ["kms:EncryptionContext:tenant", "aws:RequestTag/team"])
def test_for_all_values_of_a_single_valued_key_is_refused_in_kmss_words(
    declare: Declare, as_: Client, key: str
) -> None:
    """How we know: docs, kms-behaviour E.4."""
    declare({})
    condition = {"ForAllValues:StringEquals": {key: ["a"]}}
    policy = json.dumps(document(TO_ROOT, to({"AWS": ROOT}, Condition=condition)))
    what = "tag" if "Tag" in key else "encryption context"
    code, words = refusal(as_(ACCOUNT), "PutKeyPolicy", KeyId=KEY, Policy=policy)
    assert code == "MalformedPolicyDocumentException"
    assert words.endswith(
        "OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches "
        f"requests without the specified {what} or with an unspecified {what}. To fix, remove ForAllValues."
    )


@point(9, "the words cite a trust policy")
def test_the_refusal_of_a_role_without_trust_policy_cites_none(declare: Declare, as_: Client) -> None:
    """How we know: recorded, kms-behaviour M.1: no `because`."""
    declare({USER: [allow("sts:AssumeRole")], ROLE: []})
    with pytest.raises(ClientError) as caught:
        as_(USER, "sts").assume_role(RoleArn=ROLE, RoleSessionName="one")
    error = caught.value.response["Error"]
    assert error["Code"] == "AccessDenied"
    assert error["Message"] == f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"


# ---- What tests/authorization/test_random_decisions.py found


@pytest.mark.xfail(reason="the boundary does not matter")
@pytest.mark.parametrize("listed", [[USER, ROOT], [USER, ACCOUNT]], ids=str)
def test_a_deny_with_not_principal_denies_whoever_has_a_boundary(
    declare: Declare, as_: Client, server: KeytrailServer, listed: list[str]
) -> None:
    """How we know: docs, IAM User Guide, "NotPrincipal", key points: whatever the element lists."""
    deny = {"Effect": "Deny", "NotPrincipal": {"AWS": listed}, "Action": "kms:Encrypt", "Resource": "*"}
    declare({}, [TO_ROOT, to({"AWS": USER}), deny])
    server.load({"identities": [{"Arn": USER, "PermissionsBoundary": document(allow("kms:*"))}]})
    code, words = refusal(as_(USER), "Encrypt", KeyId=KEY, Plaintext=b"x")
    assert code == "AccessDeniedException"
    assert words.endswith("with an explicit deny in a resource-based policy")


@pytest.mark.parametrize(
    "issuers",
    [
        pytest.param([ACCOUNT, FOREIGN], marks=pytest.mark.xfail(reason="the first grant that is found decides")),
        [FOREIGN, ACCOUNT],
        [FOREIGN],
    ],
    ids=str,
)
def test_one_grant_is_enough_whatever_others_there_are(declare: Declare, as_: Client, issuers: list[str]) -> None:
    """How we know: recorded, kms-behaviour F.2 point 3: a grant from the caller's account needs no identity policy."""
    grants = [
        {"GranteePrincipal": PARTNER, "Operations": ["DescribeKey"], "IssuingAccount": issuer, "GrantId": f"{n:064x}"}
        for n, issuer in enumerate(issuers)
    ]
    declare({PARTNER: []}, key={"Grants": grants})
    as_(PARTNER).describe_key(KeyId=key_arn())
