"""The one decision: who may do what by which type of policy, and which policy the refusal names.

Sources: kms-behaviour F.2 and F.3, which restate the KMS Developer Guide, "Determining access to AWS KMS keys", and the
IAM User Guide, "Policy evaluation logic" and "Troubleshoot access denied error messages".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keytrail.authorization.evaluation import Ground, Question, Verdict, decide
from keytrail.authorization.grant_evaluation import AllowingGrant
from keytrail.authorization.identities import Identities
from keytrail.authorization.policy import Policy, PolicyType, key_policy
from keytrail.authorization.principals import PrincipalMatch
from keytrail.authorization.refusals import NO_RESOURCE_POLICY, refusal
from keytrail.domain.grant import Grant
from keytrail.domain.identity import Identity
from keytrail.domain.organization import ControlPolicy, Membership
from keytrail.domain.principal import Principal

MINE, THEIRS = "111122223333", "444455556666"
USER, ROLE = f"arn:aws:iam::{MINE}:user/alice", f"arn:aws:iam::{MINE}:role/app/Reader"
SESSION = f"arn:aws:sts::{MINE}:assumed-role/Reader/one"
ROOT = f"arn:aws:iam::{MINE}:root"
KEY = f"arn:aws:kms:us-east-1:{MINE}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
THEIR_KEY = f"arn:aws:kms:us-east-1:{THEIRS}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SCP = f"arn:aws:organizations::{MINE}:policy/o-exampleorgid/service_control_policy/p-example"
RCP = f"arn:aws:organizations::{THEIRS}:policy/o-exampleorgid/resource_control_policy/p-example"


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def says(effect: str, actions: object = "kms:*", **members: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": actions, "Resource": "*", **members}


def to(principal: object, actions: object = "kms:*", effect: str = "Allow", **members: Any) -> dict[str, Any]:
    """A statement of a key policy."""
    return says(effect, actions, Principal=principal if principal == "*" else {"AWS": principal}, **members)


ALLOW, DENY = document(says("Allow")), document(says("Deny"))
DENY_OTHER = document(says("Deny", "s3:*"))
DELEGATES = document(to(ROOT))


def rcp(**members: Any) -> dict[str, Any]:
    """A statement of a resource control policy; a member that is None is left out."""
    statement = {**to("*", effect="Deny"), **members}
    return {name: value for name, value in statement.items() if value is not None}


DENY_ALL = document(rcp())
NOBODY = document(to(ROOT, "kms:GetKeyPolicy"))


def all_but(*principals: str) -> dict[str, Any]:
    """A Deny for everybody else."""
    return {"Effect": "Deny", "NotPrincipal": {"AWS": list(principals)}, "Action": "*", "Resource": "*"}


def verdict(
    caller: str = USER,
    policy: str | None = DELEGATES,
    *,
    action: str = "kms:Decrypt",
    resource: str = KEY,
    identity: str | None = None,
    boundary: str | None = None,
    sessions: Sequence[str] = (),
    controls: Sequence[Sequence[str]] = (),
    grant: PrincipalMatch | None = None,
    issuer: str = THEIRS,
    resource_controls: Sequence[str] = (),
    same_organization: bool = False,
    context: Mapping[str, tuple[str, ...]] | None = None,
    cross_account: bool = True,
    strict: bool = False,
    declared: bool = True,
    identified: bool = True,
) -> tuple[Question, Verdict]:
    """A question and its verdict; `identity` is the caller's only identity policy, `issuer` the grant's account."""
    principal = Principal.from_arn(caller) if declared else Principal.root(MINE)
    if sessions:
        principal = Principal(
            principal.arn, principal.account, principal.kind, principal.name, None, True, tuple(sessions)
        )
    arn = ROLE if principal.role_arn is not None else caller
    known = Identity(
        arn=arn, account=MINE, policies={"own": identity} if identity else {}, permissions_boundary=boundary
    )
    levels = tuple(tuple(ControlPolicy(SCP, text) for text in level) for level in controls)
    identities = Identities()
    identities.declare(
        {arn: known} if identified else {}, {MINE: Membership(service_control_policies=levels)} if levels else {}
    )
    allowing_grant = None
    if grant is not None:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        made = Grant(
            grant_id="0" * 64,
            key_arn=resource,
            name="",
            creation_date=moment,
            issuing_account=f"arn:aws:iam::{issuer}:root",
            operations=(),
        )
        allowing_grant = AllowingGrant(grant, made)
    question = Question(
        principal=principal,
        action=action,
        resource=resource,
        lookup=lambda key: (context or {}).get(key),
        resource_policy=key_policy(policy) if policy is not None else None,
        same_account=f":{MINE}:" in resource or resource == "*",
        cross_account=cross_account,
        grant=lambda: allowing_grant,
        resource_control_policies=tuple(Policy(PolicyType.RCP, RCP, text) for text in resource_controls),
        same_organization=same_organization,
    )
    return question, decide(question, identities.policies_of(principal, strict=strict))


def outcome(**members: Any) -> str:
    """`allowed`, or the end of AWS's words."""
    question, found = verdict(**members)
    if found.allowed:
        return "allowed"
    return str(refusal(question, found)).partition(f"perform: {question.action} ")[2]


def on(resource: str, why: str) -> str:
    return f"on resource: {resource} {why}"


NO_IDENTITY = on(KEY, "because no identity-based policy allows the kms:Decrypt action")
NO_RESOURCE = on(KEY, "because no resource-based policy allows the kms:Decrypt action")
NO_BOUNDARY = on(KEY, "because no permissions boundary allows the kms:Decrypt action")
NO_SESSION = on(KEY, "because no session policy allows the kms:Decrypt action")
NO_SCP = on(KEY, "because no service control policy allows the kms:Decrypt action")
DENIED_BY_RCP = on(KEY, f"with an explicit deny in a resource control policy: {RCP}")
ELSEWHERE = f"on this resource {NO_RESOURCE_POLICY}"

SAME_ACCOUNT: Mapping[str, tuple[Mapping[str, Any], str]] = {
    # kms-behaviour F.2 point 2: named, or delegated and allowed by an identity policy
    "delegated, and allowed by IAM": ({"identity": ALLOW}, "allowed"),
    "delegated, and IAM has nothing": ({}, NO_IDENTITY),
    "delegated, and IAM allows something else": ({"identity": document(says("Allow", "kms:Encrypt"))}, NO_IDENTITY),
    "not delegated, so IAM does not count": ({"policy": NOBODY, "identity": ALLOW}, NO_RESOURCE),
    "delegated by the account's number": ({"policy": document(to(MINE)), "identity": ALLOW}, "allowed"),
    "named, without IAM": ({"policy": document(to(USER))}, "allowed"),
    "everybody is named": ({"policy": document(to("*"))}, "allowed"),
    "everybody of AWS is named": ({"policy": document(to(["*"]))}, "allowed"),
    "somebody else is named": ({"policy": document(to(f"{USER}2")), "identity": ALLOW}, NO_RESOURCE),
    "the role is named, for its session": ({"caller": SESSION, "policy": document(to(ROLE))}, "allowed"),
    "the session is named": ({"caller": SESSION, "policy": document(to(SESSION))}, "allowed"),
    "another session is named": (
        {"caller": SESSION, "policy": document(to(SESSION[:-3] + "two")), "identity": ALLOW},
        NO_RESOURCE,
    ),
    "the role has the IAM policy, its session the right": ({"caller": SESSION, "identity": ALLOW}, "allowed"),
    "delegated under a condition that holds": (
        {
            "policy": document(to(ROOT, Condition={"StringEquals": {"kms:ViaService": "s3"}})),
            "identity": ALLOW,
            "context": {"kms:viaservice": ("s3",)},
        },
        "allowed",
    ),
    "delegated under a condition that does not hold": (
        {"policy": document(to(ROOT, Condition={"StringEquals": {"kms:ViaService": "s3"}})), "identity": ALLOW},
        NO_RESOURCE,
    ),
    "the root has no implicit access either": (
        {"caller": ROOT, "policy": document(to(USER)), "identified": False},
        NO_RESOURCE,
    ),
    "the root needs no IAM": ({"caller": ROOT, "identified": False}, "allowed"),
    # kms-behaviour F.2 point 1: explicit denies
    "denied by the key policy": (
        {"policy": document(to(USER), to("*", effect="Deny")), "identity": ALLOW},
        on(KEY, "with an explicit deny in a resource-based policy"),
    ),
    "denied by IAM": (
        {"policy": document(to(USER)), "identity": document(says("Allow"), says("Deny", "kms:Decrypt"))},
        on(KEY, "with an explicit deny in an identity-based policy"),
    ),
    "denied by the boundary": (
        {"policy": document(to(USER)), "boundary": DENY},
        on(KEY, "with an explicit deny in a permissions boundary"),
    ),
    "denied by the session policy": (
        {"caller": SESSION, "policy": document(to(SESSION)), "sessions": [DENY]},
        on(KEY, "with an explicit deny in a session policy"),
    ),
    "denied by an SCP": (
        {"policy": document(to(USER)), "identity": ALLOW, "controls": [[DENY]]},
        on(KEY, f"with an explicit deny in a service control policy: {SCP}"),
    ),
    "denied though a grant covers it": (
        {"identity": DENY, "grant": PrincipalMatch.CALLER},
        on(KEY, "with an explicit deny in an identity-based policy"),
    ),
    # boundaries: IAM User Guide, "Permissions boundaries for IAM entities"
    "the boundary allows it too": ({"identity": ALLOW, "boundary": ALLOW}, "allowed"),
    "the boundary does not allow it": (
        {"identity": ALLOW, "boundary": document(says("Allow", "kms:Encrypt"))},
        NO_BOUNDARY,
    ),
    "the boundary alone gives nothing": ({"boundary": ALLOW}, NO_IDENTITY),
    "a boundary does not limit a user that the key policy names": (
        {"policy": document(to(USER)), "boundary": document(says("Allow", "s3:*"))},
        "allowed",
    ),
    "a boundary limits a role that the key policy names": (
        {"caller": SESSION, "policy": document(to(ROLE)), "boundary": document(says("Allow", "s3:*"))},
        NO_BOUNDARY,
    ),
    "a boundary does not limit a session that the key policy names": (
        {"caller": SESSION, "policy": document(to(SESSION)), "boundary": document(says("Allow", "s3:*"))},
        "allowed",
    ),
    # session policies: IAM User Guide, "Session policies"
    "the session policy allows it too": ({"caller": SESSION, "identity": ALLOW, "sessions": [ALLOW]}, "allowed"),
    "one of two session policies allows it": (
        {"caller": SESSION, "identity": ALLOW, "sessions": [document(says("Allow", "s3:*")), ALLOW]},
        "allowed",
    ),
    "the session policy does not allow it": (
        {"caller": SESSION, "identity": ALLOW, "sessions": [document(says("Allow", "s3:*"))]},
        NO_SESSION,
    ),
    "the session policy alone gives nothing": ({"caller": SESSION, "sessions": [ALLOW]}, NO_IDENTITY),
    "a session policy limits a role that the key policy names": (
        {"caller": SESSION, "policy": document(to(ROLE)), "sessions": [document(says("Allow", "s3:*"))]},
        NO_SESSION,
    ),
    # SCPs: AWS Organizations User Guide, "SCP evaluation"
    "every level allows it": (
        {"identity": ALLOW, "controls": [[ALLOW], [DENY_OTHER]]},
        "allowed",
    ),
    "a level that only denies has FullAWSAccess too": (
        {"identity": ALLOW, "controls": [[DENY_OTHER]]},
        "allowed",
    ),
    "one level does not allow it": (
        {"identity": ALLOW, "controls": [[ALLOW], [document(says("Allow", "s3:*"))]]},
        NO_SCP,
    ),
    "two policies of a level allow together": (
        {"identity": ALLOW, "controls": [[document(says("Allow", "s3:*")), document(says("Allow", "kms:De*"))]]},
        "allowed",
    ),
    "an SCP gives nothing": ({"controls": [[ALLOW]]}, NO_IDENTITY),
    "an SCP applies to the root": (
        {"caller": ROOT, "controls": [[DENY]], "identified": False},
        on(KEY, f"with an explicit deny in a service control policy: {SCP}"),
    ),
    "an SCP applies even if the key policy names the caller": (
        {"policy": document(to(USER)), "controls": [[document(says("Allow", "s3:*"))]]},
        NO_SCP,
    ),
    # grants: KMS Developer Guide, "Grants in AWS KMS"
    "a grant alone is enough": ({"policy": NOBODY, "grant": PrincipalMatch.CALLER}, "allowed"),
    "a grant to the role": ({"caller": SESSION, "policy": NOBODY, "grant": PrincipalMatch.ROLE}, "allowed"),
    "a grant to the account leaves it to IAM": ({"policy": NOBODY, "grant": PrincipalMatch.ACCOUNT}, NO_IDENTITY),
    "a grant to the account, and IAM allows": (
        {"policy": NOBODY, "grant": PrincipalMatch.ACCOUNT, "identity": ALLOW},
        "allowed",
    ),
    "a grant under an SCP": (
        {"grant": PrincipalMatch.CALLER, "controls": [[DENY]]},
        on(KEY, f"with an explicit deny in a service control policy: {SCP}"),
    ),
    "a grant to the role under a boundary": (
        {"caller": SESSION, "grant": PrincipalMatch.ROLE, "boundary": document(says("Allow", "s3:*"))},
        NO_BOUNDARY,
    ),
    "a grant to the role under a session policy": (
        {"caller": SESSION, "grant": PrincipalMatch.ROLE, "sessions": [document(says("Allow", "s3:*"))]},
        NO_SESSION,
    ),
    "a grant to the session passes boundary and session policy": (
        {
            "caller": SESSION,
            "grant": PrincipalMatch.CALLER,
            "boundary": document(says("Allow", "s3:*")),
            "sessions": [document(says("Allow", "s3:*"))],
        },
        "allowed",
    ),
    # RCPs: kms-behaviour F.2 and F.3
    "an RCP denies": ({"identity": ALLOW, "resource_controls": [DENY_ALL]}, DENIED_BY_RCP),
    "an RCP denies the root": (
        {"caller": ROOT, "resource_controls": [DENY_ALL], "identified": False},
        DENIED_BY_RCP,
    ),
    "an RCP denies an undeclared caller": (
        {"declared": False, "resource_controls": [DENY_ALL], "identified": False},
        DENIED_BY_RCP,
    ),
    "an RCP about another key": (
        {"identity": ALLOW, "resource_controls": [document(rcp(Resource=THEIR_KEY))]},
        "allowed",
    ),
    "an RCP about all but this key": (
        {"identity": ALLOW, "resource_controls": [document(rcp(Resource=None, NotResource=KEY))]},
        "allowed",
    ),
    "an RCP about another action": (
        {"identity": ALLOW, "resource_controls": [document(rcp(Action="kms:Encrypt"))]},
        "allowed",
    ),
    "an RCP whose condition does not hold": (
        {
            "identity": ALLOW,
            "resource_controls": [document(rcp(Condition={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}))],
            "context": {"aws:principalorgid": ("o-1",)},
        },
        "allowed",
    ),
    "an RCP gives nothing": ({"resource_controls": [document(rcp(Action="s3:*"))]}, NO_IDENTITY),
    # resources of identity policies: kms-behaviour F.2 point 4
    "the key's ARN": ({"identity": document(says("Allow", Resource=KEY))}, "allowed"),
    "a pattern of keys": ({"identity": document(says("Allow", Resource=f"arn:aws:kms:*:{MINE}:key/*"))}, "allowed"),
    "another key": ({"identity": document(says("Allow", Resource=KEY[:-1] + "c"))}, NO_IDENTITY),
    "an alias is no key": (
        {"identity": document(says("Allow", Resource=f"arn:aws:kms:us-east-1:{MINE}:alias/*"))},
        NO_IDENTITY,
    ),
    "all but this key": (
        {"identity": document({"Effect": "Allow", "Action": "kms:*", "NotResource": KEY})},
        NO_IDENTITY,
    ),
    "all but another key": (
        {"identity": document({"Effect": "Allow", "Action": "kms:*", "NotResource": KEY[:-1] + "c"})},
        "allowed",
    ),
    "a resource with a variable": (
        {
            "identity": document(says("Allow", Resource="arn:aws:kms:*:${aws:PrincipalAccount}:key/*")),
            "context": {"aws:principalaccount": (MINE,)},
        },
        "allowed",
    ),
    "all actions but this one": (
        {"identity": document({"Effect": "Allow", "NotAction": "kms:De*", "Resource": "*"})},
        NO_IDENTITY,
    ),
    "an action in another case": ({"identity": document(says("Allow", "KMS:decrypt"))}, "allowed"),
    # NotPrincipal: IAM User Guide, "NotPrincipal"
    "everybody but somebody else": (
        {"policy": document({"Effect": "Allow", "NotPrincipal": {"AWS": f"{USER}2"}, "Action": "*", "Resource": "*"})},
        "allowed",
    ),
    "everybody but the caller": (
        {"policy": document({"Effect": "Allow", "NotPrincipal": {"AWS": USER}, "Action": "*", "Resource": "*"})},
        NO_RESOURCE,
    ),
    "a Deny excepts a user with its account": (
        {"policy": document(to(USER), all_but(USER, ROOT))},
        "allowed",
    ),
    "a Deny excepts no user without its account": (
        {"policy": document(to(USER), all_but(USER))},
        on(KEY, "with an explicit deny in a resource-based policy"),
    ),
    "a Deny excepts a session with its role and its account": (
        {
            "caller": SESSION,
            "policy": document(
                to(ROLE),
                all_but(SESSION, ROLE, ROOT),
            ),
        },
        "allowed",
    ),
    # callers that no seed declares, or without policies
    "an undeclared caller is never implicitly denied": (
        {"declared": False, "policy": document(to(USER)), "identified": False},
        "allowed",
    ),
    "an undeclared caller is denied implicitly with strict": (
        {"declared": False, "policy": document(to(USER)), "identified": False, "strict": True},
        NO_RESOURCE,
    ),
    "an undeclared caller is denied by a Deny": (
        {"declared": False, "policy": document(to("*", effect="Deny")), "identified": False},
        on(KEY, "with an explicit deny in a resource-based policy"),
    ),
    "an undeclared caller is denied by an SCP that lists what is allowed": (
        {"declared": False, "controls": [[document(says("Allow", "s3:*"))]], "identified": False},
        NO_SCP,
    ),
    "a declared caller without an identity has all of KMS through IAM": ({"identified": False}, "allowed"),
    "a declared caller without an identity needs the key policy": (
        {"identified": False, "policy": NOBODY},
        NO_RESOURCE,
    ),
    "a declared caller without an identity has nothing with strict": (
        {"identified": False, "strict": True},
        NO_IDENTITY,
    ),
}


@pytest.mark.parametrize(("members", "expected"), SAME_ACCOUNT.values(), ids=SAME_ACCOUNT)
def test_on_a_key_of_the_callers_own_account(members: Mapping[str, Any], expected: str) -> None:
    assert outcome(**members) == expected


S3_ONLY = document(says("Allow", "s3:*"))
NO_IDENTITY_HERE = "on this resource because no identity-based policy allows the kms:Decrypt action"
NO_SESSION_HERE = "on this resource because no session policy allows the kms:Decrypt action"

CROSS_ACCOUNT: Mapping[str, tuple[Mapping[str, Any], str]] = {
    # kms-behaviour F.2 point 3 and kms-behaviour F.5
    "both allow it": ({"policy": document(to(USER)), "identity": ALLOW}, "allowed"),
    "the account is let in, and IAM allows": ({"policy": document(to(ROOT)), "identity": ALLOW}, "allowed"),
    "the role is let in, and IAM allows": (
        {"caller": SESSION, "policy": document(to(ROLE)), "identity": ALLOW},
        "allowed",
    ),
    "the key policy alone is not enough": (
        {"policy": document(to(USER))},
        "on this resource because no identity-based policy allows the kms:Decrypt action",
    ),
    "IAM alone is not enough": ({"policy": document(to(f"arn:aws:iam::{THEIRS}:root")), "identity": ALLOW}, ELSEWHERE),
    "the key does not exist": ({"policy": None, "identity": ALLOW}, ELSEWHERE),
    "the key policy denies": ({"policy": document(to(USER), to("*", effect="Deny")), "identity": ALLOW}, ELSEWHERE),
    "the operation works within the account only": (
        {"policy": document(to(USER)), "identity": ALLOW, "cross_account": False},
        ELSEWHERE,
    ),
    # grants: kms-behaviour F.2, recorded
    "a grant of the key's account needs IAM too": ({"grant": PrincipalMatch.CALLER}, NO_IDENTITY_HERE),
    "a grant of the key's account, and IAM allows": ({"grant": PrincipalMatch.CALLER, "identity": ALLOW}, "allowed"),
    "a grant of the key's account to the role, and IAM allows": (
        {"caller": SESSION, "grant": PrincipalMatch.ROLE, "identity": ALLOW, "sessions": [ALLOW]},
        "allowed",
    ),
    "of a grant to the session, IAM is told before the session policy": (
        {"caller": SESSION, "grant": PrincipalMatch.CALLER, "sessions": [S3_ONLY]},
        NO_IDENTITY_HERE,
    ),
    "of a grant to the role, the session policy is told before IAM": (
        {"caller": SESSION, "grant": PrincipalMatch.ROLE, "sessions": [S3_ONLY]},
        NO_SESSION_HERE,
    ),
    "a session policy limits a session that the key's account granted to": (
        {"caller": SESSION, "grant": PrincipalMatch.CALLER, "identity": ALLOW, "sessions": [S3_ONLY]},
        NO_SESSION_HERE,
    ),
    "a grant of the caller's account alone is enough": ({"grant": PrincipalMatch.CALLER, "issuer": MINE}, "allowed"),
    "a grant of the caller's account to the session passes its session policy": (
        {"caller": SESSION, "grant": PrincipalMatch.CALLER, "issuer": MINE, "sessions": [S3_ONLY]},
        "allowed",
    ),
    "a grant of the caller's account to the role does not": (
        {"caller": SESSION, "grant": PrincipalMatch.ROLE, "issuer": MINE, "sessions": [S3_ONLY]},
        NO_SESSION_HERE,
    ),
    "a grant to the account leaves it to IAM": ({"grant": PrincipalMatch.ACCOUNT, "issuer": MINE}, NO_IDENTITY_HERE),
    "a grant never beats a Deny": (
        {"policy": document(to("*", effect="Deny")), "grant": PrincipalMatch.CALLER, "identity": ALLOW},
        ELSEWHERE,
    ),
    "the caller's own SCP denies": (
        {"policy": document(to(USER)), "identity": ALLOW, "controls": [[DENY]]},
        f"on this resource with an explicit deny in a service control policy: {SCP}",
    ),
    "the caller's own boundary lacks it": (
        {"policy": document(to(USER)), "identity": ALLOW, "boundary": document(says("Allow", "s3:*"))},
        "on this resource because no permissions boundary allows the kms:Decrypt action",
    ),
    # resource control policies: kms-behaviour F.2 and F.3
    "an RCP of the key's account denies": (
        {"policy": document(to(USER)), "identity": ALLOW, "resource_controls": [DENY_ALL]},
        "on this resource with an explicit deny in a resource control policy",
    ),
    "an RCP of the key's account denies within an organization": (
        {"policy": document(to(USER)), "identity": ALLOW, "resource_controls": [DENY_ALL], "same_organization": True},
        f"on this resource with an explicit deny in a resource control policy: {RCP}",
    ),
    "an undeclared caller has its IAM, and needs the key policy": (
        {"policy": document(to(ROOT)), "declared": False, "identified": False},
        "allowed",
    ),
    "an undeclared caller is denied without the key policy": (
        {"policy": document(to(USER)), "declared": False, "identified": False},
        ELSEWHERE,
    ),
}


@pytest.mark.parametrize(("members", "expected"), CROSS_ACCOUNT.values(), ids=CROSS_ACCOUNT)
def test_on_a_key_of_another_account(members: Mapping[str, Any], expected: str) -> None:
    assert outcome(resource=THEIR_KEY, **members) == expected


WITHOUT_KEY: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "IAM allows": ({"identity": ALLOW}, "allowed"),
    "IAM allows it on keys alone": (
        {"identity": document(says("Allow", Resource="arn:aws:kms:*:*:key/*"))},
        on("*", "because no identity-based policy allows the kms:ListKeys action"),
    ),
    "IAM has nothing": ({}, on("*", "because no identity-based policy allows the kms:ListKeys action")),
    "IAM denies": (
        {"identity": document(says("Allow"), says("Deny", "kms:List*"))},
        on("*", "with an explicit deny in an identity-based policy"),
    ),
    "a boundary lacks it": (
        {"identity": ALLOW, "boundary": document(says("Allow", "kms:Decrypt"))},
        on("*", "because no permissions boundary allows the kms:ListKeys action"),
    ),
    "undeclared": ({"declared": False, "identified": False}, "allowed"),
}


@pytest.mark.parametrize(("members", "expected"), WITHOUT_KEY.values(), ids=WITHOUT_KEY)
def test_identity_policies_decide_on_an_operation_without_a_key(members: Mapping[str, Any], expected: str) -> None:
    """How we know: docs, kms-behaviour F.2 point 4; the words of CreateKey's refusal are reported."""
    assert outcome(policy=None, action="kms:ListKeys", resource="*", **members) == expected


def test_a_service_needs_only_the_key_policy_or_a_grant() -> None:
    """How we know: inferred from kms-behaviour F.2: a service principal has no identity policies."""
    service = Principal("s3.amazonaws.com", MINE, "service", "s3.amazonaws.com", None, True)
    named = document(says("Allow", Principal={"Service": "s3.amazonaws.com"}))

    def allowed(policy: str, resource: str = KEY) -> bool:
        same = resource == KEY
        question = Question(service, "kms:Decrypt", resource, lambda _: None, key_policy(policy), same_account=same)
        return decide(question, Identities().policies_of(service, strict=False)).allowed

    assert allowed(named)
    assert allowed(named, THEIR_KEY)
    assert not allowed(DELEGATES)
    assert not allowed(document(says("Allow", Principal={"Service": "sns.amazonaws.com"})))


def test_the_verdict_names_the_statement_that_decided() -> None:
    policy = document(to(ROOT), {**to("*", effect="Deny"), "Sid": "Never"})
    _, found = verdict(policy=policy, identity=ALLOW)
    assert found.ground is Ground.EXPLICIT_DENY
    assert found.decided_by is not None
    assert (found.decided_by.policy.type, found.decided_by.statement.sid, found.decided_by.statement.position) == (
        PolicyType.KEY,
        "Never",
        1,
    )
    _, found = verdict(identity=document(says("Allow", "s3:*"), says("Allow", "kms:Decrypt")))
    assert found.decided_by is not None
    assert (found.decided_by.policy.name, found.decided_by.statement.position) == ("own", 1)


# properties

_ACTIONS = st.sampled_from(["kms:*", "kms:Decrypt", "kms:De*", "kms:Encrypt", "s3:*"])
_CONDITIONS = st.sampled_from([None, "alice", "bob"])


def _statement(effect: str, action: str, negated: bool, name: str | None) -> dict[str, Any]:
    statement = {"Effect": effect, "NotAction" if negated else "Action": action, "Resource": "*"}
    return {**statement, "Condition": {"StringEquals": {"aws:username": name}}} if name else statement


_STATEMENTS = st.lists(
    st.builds(_statement, st.sampled_from(["Allow", "Deny"]), _ACTIONS, st.booleans(), _CONDITIONS), max_size=4
)
_PARTS = ("identity", "boundary", "session", "control", "key")


def _allowed(parts: Mapping[str, Sequence[Mapping[str, Any]]], caller: str, abroad: bool, grant: bool) -> bool:
    principal = [USER, ROLE, ROOT]
    key = [{**s, "Principal": {"AWS": s.get("who", principal)}} for s in parts["key"]]
    _, found = verdict(
        caller,
        document(*key) if key else NOBODY,
        resource=THEIR_KEY if abroad else KEY,
        identity=document(*parts["identity"]) if parts["identity"] else None,
        boundary=document(*parts["boundary"]) if parts["boundary"] else None,
        sessions=[document(*parts["session"])] if parts["session"] and caller == SESSION else [],
        controls=[[document(*parts["control"])]] if parts["control"] else [],
        grant=PrincipalMatch.ROLE if grant and caller == SESSION else PrincipalMatch.CALLER if grant else None,
        context={"aws:username": ("alice",)},
    )
    return found.allowed


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.fixed_dictionaries(dict.fromkeys(_PARTS, _STATEMENTS)),
    st.sampled_from([USER, SESSION]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(_PARTS),
    st.builds(_statement, st.just("Deny"), _ACTIONS, st.booleans(), _CONDITIONS),
    st.randoms(use_true_random=False),
)
def test_one_more_deny_never_allows_and_the_order_of_statements_never_matters(
    parts: dict[str, list[dict[str, Any]]],
    caller: str,
    abroad: bool,
    grant: bool,
    part: str,
    deny: dict[str, Any],
    random: Any,
) -> None:
    before = _allowed(parts, caller, abroad, grant)
    shuffled = {name: random.sample(statements, len(statements)) for name, statements in parts.items()}
    assert _allowed(shuffled, caller, abroad, grant) == before
    # A first policy of a type that only has a Deny limits more than its Deny says, but it never allows.
    if not before:
        assert not _allowed({**parts, part: [*parts[part], deny]}, caller, abroad, grant)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.fixed_dictionaries(dict.fromkeys(_PARTS, _STATEMENTS)),
    st.sampled_from([USER, SESSION]),
    st.booleans(),
    st.booleans(),
    st.data(),
)
def test_one_allow_less_never_allows(
    parts: dict[str, list[dict[str, Any]]], caller: str, abroad: bool, grant: bool, data: st.DataObject
) -> None:
    """Boundaries, session policies and SCPs keep one Allow: without any, they would not limit the caller."""
    places = [(n, at) for n, found in parts.items() for at, s in enumerate(found) if s["Effect"] == "Allow"]
    if not places or _allowed(parts, caller, abroad, grant):
        return
    name, at = data.draw(st.sampled_from(places))
    fewer = [*parts[name][:at], *parts[name][at + 1 :]]
    if name in ("boundary", "session", "control") and not any(s["Effect"] == "Allow" for s in fewer):
        return
    assert not _allowed({**parts, name: fewer}, caller, abroad, grant)
