"""The one decision: from all that speaks for and against a request to a verdict. It knows no wire and no store.

Source: IAM User Guide, "Policy evaluation logic"; KMS Developer Guide, "Determining access to AWS KMS keys" and
"Allowing users in other accounts to use a KMS key".
"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from keytrail.authorization.conditions import Lookup
from keytrail.authorization.grant_evaluation import AllowingGrant
from keytrail.authorization.identities import PrincipalPolicies
from keytrail.authorization.policy import DecidingStatement, Document, Kind, allowing, denying
from keytrail.authorization.principals import PrincipalMatch
from keytrail.domain.principal import Principal


class Ground(StrEnum):
    """What a verdict rests on."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "no allow"
    OTHER_ACCOUNT = "another account's resource"
    """Refused without a word on whether it exists."""


class Question(NamedTuple):
    """May this caller do this with this?"""

    principal: Principal
    action: str
    resource: str
    """An ARN, or `*`."""
    lookup: Lookup
    policy: Document | None
    """The key policy; None where identity policies alone decide."""
    at_home: bool = True
    """Whether the resource is the caller's own account's."""
    shared: bool = True
    """Whether the owner may let other accounts do this."""
    grant: Callable[[], AllowingGrant | None] = lambda: None
    """The grant that covers the request; asked for only if no policy allows it."""


class Verdict(NamedTuple):
    """The answer, and which statement or grant decided; of a want of allows, the kind of policy that lacks one."""

    ground: Ground
    kind: Kind | None = None
    deciding: DecidingStatement | None = None
    allowing_grant: AllowingGrant | None = None

    @property
    def allowed(self) -> bool:
        """Whether the caller may."""
        return self.ground is Ground.ALLOWED


def decide(asked: Question, standing: PrincipalPolicies) -> Verdict:
    """The verdict on a question: an explicit deny anywhere, then a service control policy, then who allows it."""
    denied = _denied(asked, standing)
    if denied is not None:
        return denied
    for level in standing.levels:
        if allowing(level, asked.action, asked.resource, asked.lookup) is None:
            return Verdict(Ground.IMPLICIT_DENY, Kind.SCP)
    return _at_home(asked, standing) if asked.at_home else _abroad(asked, standing)


def _denied(asked: Question, standing: PrincipalPolicies) -> Verdict | None:
    action, resource, lookup = asked.action, asked.resource, asked.lookup
    # unverified: which of several kinds of policies the refusal names
    found = denying(standing.controls, action, resource, lookup)
    if found is None and asked.at_home:
        found = _policy_deny(asked)
    if found is None:
        found = denying(standing.policies, action, resource, lookup)
    if found is None and (standing.boundary or standing.sessions):
        found = denying((*standing.boundary, *standing.sessions), action, resource, lookup)
    return Verdict(Ground.EXPLICIT_DENY, found.document.kind, found) if found is not None else None


def _policy_deny(asked: Question) -> DecidingStatement | None:
    policy = asked.policy
    statement = policy.denial_to(asked.principal, asked.action, asked.lookup) if policy is not None else None
    return DecidingStatement(policy, statement) if policy is not None and statement is not None else None


def _elsewhere(deciding: DecidingStatement | None = None) -> Verdict:
    return Verdict(Ground.OTHER_ACCOUNT, Kind.KEY, deciding)


def _at_home(asked: Question, standing: PrincipalPolicies) -> Verdict:
    own = _own_allow(asked, standing)
    if asked.policy is None:
        return _bounded(asked, standing, own) or own
    naming, statement = asked.policy.allow_to(asked.principal, asked.action, asked.lookup)
    found = DecidingStatement(asked.policy, statement) if statement is not None else None
    if standing.lenient:
        allowed = Verdict(Ground.ALLOWED, Kind.KEY if found else None, found)
        return _bounded(asked, standing, allowed) or allowed
    verdict = _weighed(asked, standing, naming, own, Verdict(Ground.ALLOWED, Kind.KEY, found))
    if verdict.allowed:
        return verdict
    allowing_grant = asked.grant()
    if allowing_grant is not None:
        granted = Verdict(Ground.ALLOWED, allowing_grant=allowing_grant)
        by_grant = _weighed(asked, standing, allowing_grant.naming, own, granted)
        verdict = by_grant if by_grant.allowed or naming is PrincipalMatch.NOT else verdict
    return verdict


def _weighed(
    asked: Question, standing: PrincipalPolicies, naming: PrincipalMatch, own: Verdict, allow: Verdict
) -> Verdict:
    """What an allow of the owner's comes to that names the caller so closely."""
    if naming is PrincipalMatch.ITSELF:
        return allow
    if naming is PrincipalMatch.NOT:
        return Verdict(Ground.IMPLICIT_DENY, Kind.KEY)
    if naming is PrincipalMatch.ACCOUNT:
        if not own.allowed:
            return own
        allow = own if own.deciding is not None else allow
    return _bounded(asked, standing, allow) or allow


def _own_allow(asked: Question, standing: PrincipalPolicies) -> Verdict:
    """What the caller's identity policies say."""
    if standing.root:
        return Verdict(Ground.ALLOWED)
    found = allowing(standing.policies, asked.action, asked.resource, asked.lookup)
    if found is not None:
        return Verdict(Ground.ALLOWED, Kind.IDENTITY, found)
    return Verdict(Ground.IMPLICIT_DENY, Kind.IDENTITY)


def _bounded(asked: Question, standing: PrincipalPolicies, allow: Verdict) -> Verdict | None:
    """The refusal of what permissions boundary or session policies do not allow too."""
    if not allow.allowed:
        return allow
    for documents, kind in ((standing.boundary, Kind.BOUNDARY), (standing.sessions, Kind.SESSION)):
        if documents and allowing(documents, asked.action, asked.resource, asked.lookup) is None:
            return Verdict(Ground.IMPLICIT_DENY, kind)
    return None


def _abroad(asked: Question, standing: PrincipalPolicies) -> Verdict:
    """Both accounts must allow it; but a grant to the caller needs nothing of its own account."""
    service = asked.principal.kind == "service"
    own = Verdict(Ground.ALLOWED) if service else _own_allow(asked, standing)
    own = _bounded(asked, standing, own) or own
    if not asked.shared:
        return _elsewhere()
    denied = _policy_deny(asked)
    if asked.policy is not None and denied is None:
        verdict = _let_in(asked, standing, own, asked.policy)
        if verdict is not None:
            return verdict
    # What its own account says comes first, so that nothing is told of a resource that may not exist.
    return own if not own.allowed else _elsewhere(denied)


def _let_in(asked: Question, standing: PrincipalPolicies, own: Verdict, policy: Document) -> Verdict | None:
    """How the owner of another account's key lets the caller use it, if it does."""
    _, statement = policy.allow_to(asked.principal, asked.action, asked.lookup)
    if own.allowed and statement is not None:
        return Verdict(Ground.ALLOWED, Kind.KEY, DecidingStatement(policy, statement))
    allowing_grant = asked.grant()
    if allowing_grant is None:
        return None
    verdict = _weighed(
        asked, standing, allowing_grant.naming, own, Verdict(Ground.ALLOWED, allowing_grant=allowing_grant)
    )
    return verdict if verdict.allowed else None
