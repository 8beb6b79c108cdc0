"""The one decision: from all that allows and denies a request to a verdict. It knows no wire and no store.

Source: IAM User Guide, "Policy evaluation logic"; KMS Developer Guide, "Determining access to AWS KMS keys" and
"Allowing users in other accounts to use a KMS key"; kms-behaviour F.2.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from keytrail.authorization.conditions import Lookup
from keytrail.authorization.grant_evaluation import AllowingGrant
from keytrail.authorization.identities import PrincipalPolicies
from keytrail.authorization.policy import DecidingStatement, Policy, PolicyType, allowing, denying
from keytrail.authorization.principals import PrincipalMatch
from keytrail.domain.principal import Principal


class Ground(StrEnum):
    """What a verdict rests on."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"
    OTHER_ACCOUNT = "another account's resource"
    """Refused without a word on whether it exists."""


class Question(NamedTuple):
    """May this caller do this with this?"""

    principal: Principal
    action: str
    resource: str
    """An ARN, or `*`."""
    lookup: Lookup
    resource_policy: Policy | None
    """The key policy, or a role's trust policy; None where the caller's own policies decide alone."""
    same_account: bool = True
    """Whether the resource is of the caller's own account."""
    cross_account: bool = True
    """Whether the operation works on other accounts' resources at all."""
    grant: Callable[[], AllowingGrant | None] = lambda: None
    """The grant that covers the request; asked for only if no policy allows it."""


class Verdict(NamedTuple):
    """The answer, and which statement or grant decided; of an implicit deny, the type of policy that has no Allow."""

    ground: Ground
    policy_type: PolicyType | None = None
    decided_by: DecidingStatement | None = None
    grant: AllowingGrant | None = None

    @property
    def allowed(self) -> bool:
        """Whether the caller may."""
        return self.ground is Ground.ALLOWED


def decide(question: Question, own: PrincipalPolicies) -> Verdict:
    """The verdict: an explicit deny anywhere, then service control policies, then who allows it.

    `own` are the caller's own policies.
    """
    denied = _explicit_deny(question, own)
    if denied is not None:
        return denied
    for level in own.scp_levels:
        if allowing(level, question.action, question.resource, question.lookup) is None:
            return Verdict(Ground.IMPLICIT_DENY, PolicyType.SCP)
    return _same_account(question, own) if question.same_account else _cross_account(question, own)


def _explicit_deny(question: Question, own: PrincipalPolicies) -> Verdict | None:
    action, resource, lookup = question.action, question.resource, question.lookup
    # unverified: which of several types of policies the refusal names
    found = denying(own.service_control_policies, action, resource, lookup)
    if found is None and question.same_account:
        found = _deny_of_resource_policy(question)
    if found is None:
        found = denying(own.identity_policies, action, resource, lookup)
    if found is None and (own.permissions_boundary or own.session_policies):
        found = denying((*own.permissions_boundary, *own.session_policies), action, resource, lookup)
    return Verdict(Ground.EXPLICIT_DENY, found.policy.type, found) if found is not None else None


def _deny_of_resource_policy(question: Question) -> DecidingStatement | None:
    policy = question.resource_policy
    statement = policy.deny_to(question.principal, question.action, question.lookup) if policy is not None else None
    return DecidingStatement(policy, statement) if policy is not None and statement is not None else None


def _same_account(question: Question, own: PrincipalPolicies) -> Verdict:
    """One Allow is enough: of the key policy, of a grant, or of identity policies if the key policy leaves it to them.

    Of these, whoever names the caller's account leaves it to the account's identity policies.
    """
    by_identity = _by_identity_policies(question, own)
    if question.resource_policy is None:
        return _within_limits(question, own, by_identity)
    match, statement = question.resource_policy.allow_to(question.principal, question.action, question.lookup)
    found = DecidingStatement(question.resource_policy, statement) if statement is not None else None
    if own.lenient:
        return _within_limits(question, own, Verdict(Ground.ALLOWED, PolicyType.KEY if found else None, found))
    by_policy = _with_own_policies(question, own, match, by_identity, Verdict(Ground.ALLOWED, PolicyType.KEY, found))
    if by_policy.allowed:
        return by_policy
    grant = question.grant()
    if grant is None:
        return by_policy
    by_grant = _with_own_policies(question, own, grant.match, by_identity, Verdict(Ground.ALLOWED, grant=grant))
    return by_grant if by_grant.allowed or match is PrincipalMatch.NOT else by_policy


def _cross_account(question: Question, own: PrincipalPolicies) -> Verdict:
    """Both accounts must allow it; but a grant to the caller needs nothing of its own account."""
    service = question.principal.kind == "service"
    by_identity = Verdict(Ground.ALLOWED) if service else _by_identity_policies(question, own)
    by_identity = _within_limits(question, own, by_identity)
    if not question.cross_account:
        return Verdict(Ground.OTHER_ACCOUNT, PolicyType.KEY)
    denied = _deny_of_resource_policy(question)
    if question.resource_policy is not None and denied is None:
        allowed = _allowed_by_owner(question, own, by_identity, question.resource_policy)
        if allowed is not None:
            return allowed
    # What its own account says comes first, so that a refusal says nothing of a resource that may not exist.
    return by_identity if not by_identity.allowed else Verdict(Ground.OTHER_ACCOUNT, PolicyType.KEY, denied)


def _allowed_by_owner(
    question: Question, own: PrincipalPolicies, by_identity: Verdict, policy: Policy
) -> Verdict | None:
    """The Allow of another account's key policy or grant, if it counts."""
    _, statement = policy.allow_to(question.principal, question.action, question.lookup)
    if by_identity.allowed and statement is not None:
        return Verdict(Ground.ALLOWED, PolicyType.KEY, DecidingStatement(policy, statement))
    grant = question.grant()
    if grant is None:
        return None
    verdict = _with_own_policies(question, own, grant.match, by_identity, Verdict(Ground.ALLOWED, grant=grant))
    return verdict if verdict.allowed else None


def _with_own_policies(
    question: Question, own: PrincipalPolicies, match: PrincipalMatch, by_identity: Verdict, allow: Verdict
) -> Verdict:
    """What the owner's Allow comes to, together with the caller's own policies; `match` is how it names the caller."""
    if match is PrincipalMatch.ITSELF:
        return allow
    if match is PrincipalMatch.NOT:
        return Verdict(Ground.IMPLICIT_DENY, PolicyType.KEY)
    if match is PrincipalMatch.ACCOUNT:
        if not by_identity.allowed:
            return by_identity
        allow = by_identity if by_identity.decided_by is not None else allow
    return _within_limits(question, own, allow)


def _by_identity_policies(question: Question, own: PrincipalPolicies) -> Verdict:
    if own.root:
        return Verdict(Ground.ALLOWED)
    found = allowing(own.identity_policies, question.action, question.resource, question.lookup)
    if found is not None:
        return Verdict(Ground.ALLOWED, PolicyType.IDENTITY, found)
    return Verdict(Ground.IMPLICIT_DENY, PolicyType.IDENTITY)


def _within_limits(question: Question, own: PrincipalPolicies, verdict: Verdict) -> Verdict:
    """The verdict, unless it is an Allow that the permissions boundary or the session policies do not share."""
    if not verdict.allowed:
        return verdict
    for policies in (own.permissions_boundary, own.session_policies):
        if policies and allowing(policies, question.action, question.resource, question.lookup) is None:
            return Verdict(Ground.IMPLICIT_DENY, policies[0].type)
    return verdict
