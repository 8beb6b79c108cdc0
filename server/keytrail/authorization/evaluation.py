"""decide: the one decision, from all policies and grants that apply to a request to a verdict.

It is independent of the wire formats and of the store.

Source: IAM User Guide, "Policy evaluation logic"; KMS Developer Guide, "Determining access to AWS KMS keys" and
"Allowing users in other accounts to use a KMS key"; kms-behaviour F.2.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from keytrail.authorization.conditions import Lookup
from keytrail.authorization.grant_evaluation import AllowingGrant
from keytrail.authorization.identities import PrincipalPolicies
from keytrail.authorization.policy import DecidingStatement, Policy, PolicyType, first_allow, first_deny
from keytrail.authorization.principals import PrincipalMatch
from keytrail.domain.principal import Principal


class Ground(StrEnum):
    """Why a request is allowed or denied."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"
    OTHER_ACCOUNT = "another account's resource"
    """Denied, in a way that does not say whether the resource exists."""


class Question(NamedTuple):
    """May this caller do this action on this resource?"""

    principal: Principal
    action: str
    resource: str
    """An ARN, or `*`."""
    lookup: Lookup
    resource_policy: Policy | None
    """The key policy, or a role's trust policy; None if the caller's own policies decide alone."""
    same_account: bool = True
    """Whether the resource belongs to the caller's account."""
    cross_account: bool = True
    """Whether the operation works on resources of other accounts at all."""
    grant: Callable[[], AllowingGrant | None] = lambda: None
    """Finds the grant that allows the request; called only if no policy does."""
    resource_control_policies: tuple[Policy, ...] = ()
    """Those of the resource's account, if they reach the resource, the action and the caller."""
    same_organization: bool = False
    """Whether the resource's account is in the organization of the caller's account."""


class Verdict(NamedTuple):
    """The answer to a question, and the statement or grant that decided."""

    ground: Ground
    policy_type: PolicyType | None = None
    """The type of the policy that decided; for an implicit deny, of the policy that lacks an Allow."""
    decided_by: DecidingStatement | None = None
    grant: AllowingGrant | None = None

    @property
    def allowed(self) -> bool:
        """Whether the caller may."""
        return self.ground is Ground.ALLOWED


def decide(question: Question, own: PrincipalPolicies) -> Verdict:
    """The verdict: an explicit deny in any policy, then service control policies, then all others.

    `own` are the caller's own policies.
    """
    denied = _explicit_deny(question, own)
    if denied is not None:
        return denied
    for level in own.scp_levels:
        if first_allow(level, question.action, question.resource, question.lookup) is None:
            return Verdict(Ground.IMPLICIT_DENY, PolicyType.SCP)
    return _same_account(question, own) if question.same_account else _cross_account(question, own)


def _explicit_deny(question: Question, own: PrincipalPolicies) -> Verdict | None:
    action, resource, lookup = question.action, question.resource, question.lookup
    # unverified: which policy AWS names if several types of policies deny; not in AWS's docs, recordings or issues
    decided_by = first_deny(
        (*question.resource_control_policies, *own.service_control_policies), action, resource, lookup
    )
    if decided_by is None and question.same_account:
        decided_by = _deny_of_resource_policy(question)
    if decided_by is None:
        decided_by = first_deny(own.identity_policies, action, resource, lookup)
    if decided_by is None and (own.permissions_boundary or own.session_policies):
        decided_by = first_deny((*own.permissions_boundary, *own.session_policies), action, resource, lookup)
    return Verdict(Ground.EXPLICIT_DENY, decided_by.policy.type, decided_by) if decided_by is not None else None


def _deny_of_resource_policy(question: Question) -> DecidingStatement | None:
    policy = question.resource_policy
    statement = policy.deny_to(question.principal, question.action, question.lookup) if policy is not None else None
    return DecidingStatement(policy, statement) if policy is not None and statement is not None else None


def _same_account(question: Question, own: PrincipalPolicies) -> Verdict:
    """One Allow is enough: of the key policy, or of a grant.

    If that names the caller's account instead of the caller, an identity policy must allow too. If a grant names the
    caller, what the grant still needs is told, and not what the key policy does.
    """
    by_identity = _by_identity_policies(question, own)
    if question.resource_policy is None:
        by_policy = _within_limits(question, own, by_identity)
    else:
        match, statement = question.resource_policy.allow_to(question.principal, question.action, question.lookup)
        decided_by = DecidingStatement(question.resource_policy, statement) if statement is not None else None
        if own.lenient:
            return _within_limits(
                question, own, Verdict(Ground.ALLOWED, PolicyType.KEY if decided_by else None, decided_by)
            )
        allow = Verdict(Ground.ALLOWED, PolicyType.KEY, decided_by)
        by_policy = _with_own_policies(question, own, match, by_identity, allow)
    if by_policy.allowed:
        return by_policy
    grant = question.grant()
    if grant is None:
        return by_policy
    return _with_own_policies(question, own, grant.match, by_identity, Verdict(Ground.ALLOWED, grant=grant))


def _cross_account(question: Question, own: PrincipalPolicies) -> Verdict:
    """Both accounts must allow the action: the key's owner by a policy or a grant, the caller's by its own policies.

    A grant that the caller's account issued is an Allow of both.
    """
    if not question.cross_account:
        return Verdict(Ground.OTHER_ACCOUNT, PolicyType.KEY)
    service = question.principal.kind == "service"
    by_identity = Verdict(Ground.ALLOWED) if service else _by_identity_policies(question, own)
    limited = _within_limits(question, own, by_identity)
    denied = _deny_of_resource_policy(question)
    if denied is None:
        allow = _allow_of_resource_policy(question) if limited.allowed else None
        if allow is not None:
            return Verdict(Ground.ALLOWED, PolicyType.KEY, allow)
        grant = question.grant()
        if grant is not None:
            return _by_grant_of_other_account(question, own, grant, by_identity)
    # The deny of the caller's own account comes first: it does not say whether the other account's resource exists.
    return limited if not limited.allowed else Verdict(Ground.OTHER_ACCOUNT, PolicyType.KEY, denied)


def _allow_of_resource_policy(question: Question) -> DecidingStatement | None:
    policy = question.resource_policy
    if policy is None:
        return None
    _, statement = policy.allow_to(question.principal, question.action, question.lookup)
    return DecidingStatement(policy, statement) if statement is not None else None


def _by_grant_of_other_account(
    question: Question, own: PrincipalPolicies, grant: AllowingGrant, by_identity: Verdict
) -> Verdict:
    """The verdict of a grant on another account's key and the caller's own policies. Source: kms-behaviour F.2."""
    allow = Verdict(Ground.ALLOWED, grant=grant)
    if grant.grant.issuing_account.split(":")[4] == question.principal.account:
        return _with_own_policies(question, own, grant.match, by_identity, allow)
    needed = [by_identity, _within_limits(question, own, allow)]
    if grant.match is PrincipalMatch.ROLE:  # then AWS tells what the session policies lack first
        needed.reverse()
    return next((verdict for verdict in needed if not verdict.allowed), allow)


def _with_own_policies(
    question: Question, own: PrincipalPolicies, match: PrincipalMatch, by_identity: Verdict, allow: Verdict
) -> Verdict:
    """The verdict of an Allow and the caller's own policies; `match`: how the Allow names the caller."""
    if match is PrincipalMatch.CALLER:
        return allow
    if match is PrincipalMatch.NONE:
        return Verdict(Ground.IMPLICIT_DENY, PolicyType.KEY)
    if match is PrincipalMatch.ACCOUNT:
        if not by_identity.allowed:
            return by_identity
        allow = by_identity if by_identity.decided_by is not None else allow
    return _within_limits(question, own, allow)


def _by_identity_policies(question: Question, own: PrincipalPolicies) -> Verdict:
    if own.root:
        return Verdict(Ground.ALLOWED)
    decided_by = first_allow(own.identity_policies, question.action, question.resource, question.lookup)
    if decided_by is not None:
        return Verdict(Ground.ALLOWED, PolicyType.IDENTITY, decided_by)
    return Verdict(Ground.IMPLICIT_DENY, PolicyType.IDENTITY)


def _within_limits(question: Question, own: PrincipalPolicies, verdict: Verdict) -> Verdict:
    """The verdict; an implicit deny if it allows and the permissions boundary or the session policies do not."""
    if not verdict.allowed:
        return verdict
    for policies in (own.permissions_boundary, own.session_policies):
        if policies and first_allow(policies, question.action, question.resource, question.lookup) is None:
            return Verdict(Ground.IMPLICIT_DENY, policies[0].type)
    return verdict
