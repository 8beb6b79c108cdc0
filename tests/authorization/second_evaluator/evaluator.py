"""The decision on a request, from all policies and grants that concern it.

Sources: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic" and "Permissions boundaries
for IAM entities"; Organizations User Guide, "SCP evaluation" and "Resource control policies (RCPs)"; and what restates
the KMS Developer Guide and recordings: kms-behaviour F.2 (who may), kms-behaviour F.5 (keys of other accounts),
kms-behaviour F.3 (which kind of policy a refusal names), kms-behaviour E.9 (grants).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.authorization.second_evaluator.conditions import Unsettled
from tests.authorization.second_evaluator.questions import Question, World, permission_of
from tests.authorization.second_evaluator.request_context import context_of
from tests.authorization.second_evaluator.statements import Document, Naming, Request, applying, naming

IDENTITY, RESOURCE = "identity-based policy", "resource-based policy"
BOUNDARY, SESSION = "permissions boundary", "session policy"
SCP, RCP = "service control policy", "resource control policy"

ELSEWHERE = "no resource-based policies allow access"
"""Why, where the refusal does not tell whether another account's key exists."""


@dataclass(frozen=True)
class Decision:
    """Whether a request is allowed; if not, the reasons that AWS may give.

    More than one where several policies refuse, and no document says which of them AWS names.
    """

    allowed: bool
    reasons: frozenset[str] = frozenset()


def lack(kind: str) -> str:
    """The reason where no policy of a kind has an Allow."""
    return f"no {kind} allows"


def explicit_deny(kind: str) -> str:
    """The reason where a policy of a kind has a Deny."""
    return f"an explicit deny in {'an' if kind[0] in 'aeiou' else 'a'} {kind}"


@dataclass(frozen=True)
class _Policies:
    """The policies that concern a request, and what they say."""

    request: Request
    key_policy: Document | None
    identity: Sequence[Document]
    boundary: Document | None
    session: Sequence[Document]
    service_control: Sequence[Sequence[Document]]
    resource_control: Sequence[Document]

    def denying(self) -> Iterator[str]:
        """The kinds of the policies with an explicit deny."""
        plain: Mapping[str, Iterable[Document]] = {
            IDENTITY: self.identity,
            BOUNDARY: [self.boundary] if self.boundary is not None else [],
            SESSION: self.session,
            SCP: [policy for level in self.service_control for policy in level],
            RCP: self.resource_control,
        }
        for kind, policies in plain.items():
            if any(self._says("Deny", policy) for policy in policies):
                yield kind
        if self.key_policy is not None:
            statements = applying(self.key_policy, "Deny", self.request)
            if any(naming(it, self.request) for it in statements):
                yield RESOURCE

    def lacking(self) -> frozenset[str]:
        """The kinds that limit the caller and do not allow the request: SCPs aside."""
        lacking = set()
        if not self.request.caller.is_root and not self._any(self.identity):
            lacking.add(IDENTITY)
        if self.boundary is not None and not self._says("Allow", self.boundary):
            lacking.add(BOUNDARY)
        if self.session and not self._any(self.session):
            lacking.add(SESSION)
        return frozenset(lacking)

    def controls_allow(self) -> bool:
        """Whether each level of service control policies allows the request."""
        return all(self._level_allows(level) for level in self.service_control)

    def named(self) -> frozenset[Naming]:
        """How the key policy's Allows name the caller."""
        if self.key_policy is None:
            return frozenset()
        ways = (naming(it, self.request) for it in applying(self.key_policy, "Allow", self.request))
        return frozenset(ways) - {Naming.NOT}

    def _level_allows(self, level: Sequence[Document]) -> bool:
        effects = [it["Effect"] for policy in level for it in _listed(policy["Statement"])]
        return "Allow" not in effects or self._any(level)  # FullAWSAccess is there too, says docs/who-may.md

    def _any(self, policies: Iterable[Document]) -> bool:
        return any(self._says("Allow", policy) for policy in policies)

    def _says(self, effect: str, policy: Document) -> bool:
        return bool(list(applying(policy, effect, self.request)))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_ALL_OF_KMS: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}],
}
"""The identity policy of users and roles that no seed declares, unless decisions are strict (README)."""


def decide(question: Question, world: World) -> Decision:
    """The decision. Raises Unsettled if no document of AWS says what it is."""
    caller, permission = question.caller, permission_of(question)
    identity = world.identity_of(caller)
    undeclared = not world.strict and not identity
    if undeclared and caller.issued is not None:
        raise Unsettled("a session of a role that no seed declares: README does not say, and on AWS there is none")
    owner = world.key["Account"] if question.on_key else caller.account
    request = Request(
        caller=caller,
        action=question.action,
        resource=world.key_arn if question.on_key else question.alias or "*",
        context=context_of(question, world),
        has_boundary="PermissionsBoundary" in identity,
    )
    service = caller.kind == "service"
    policies = _Policies(
        request,
        world.key_policy if question.on_key else None,
        [_ALL_OF_KMS] if undeclared else list(identity.get("Policies", {}).values()),
        identity.get("PermissionsBoundary"),
        caller.session_policies,
        [] if service else world.control_policies(caller.account, "ServiceControlPolicies"),
        [policy for level in world.control_policies(owner, "ResourceControlPolicies") for policy in level],
    )
    own = owner == caller.account
    if service and not own and not permission.cross_account:
        raise Unsettled("a service that calls for another account")
    denying = set(policies.denying())
    controls = set() if policies.controls_allow() else {lack(SCP)}
    lacking, named = policies.lacking(), policies.named()
    grants = list(_grants(question, world))
    if not question.on_key:
        ways = [lacking]
    elif service:
        ways = [frozenset() for _ in [*named, *grants]]
    elif own and caller.kind == "stranger":
        ways = [frozenset()]
    elif own:
        ways = [_within_account(way, lacking) for way in named] + [_granted(way, lacking) for way, _ in grants]
    else:
        ways = [lacking for _ in named] + [_granted_across(way, issuer == owner, lacking) for way, issuer in grants]
        ways = ways if permission.cross_account else []
    if not own and (RESOURCE in denying or not ways):
        # Which side a refusal names if both accounts refuse, no document says.
        other = {explicit_deny(kind) for kind in denying - {RESOURCE}}
        return Decision(False, frozenset({ELSEWHERE, *other, *controls, *map(lack, lacking)}))
    if denying:
        return Decision(False, frozenset(map(explicit_deny, denying)))
    if not ways:
        return Decision(False, frozenset({*controls, lack(RESOURCE), *({ELSEWHERE} if service else ())}))
    if frozenset() in ways:
        return Decision(not controls, frozenset(controls))
    return Decision(False, frozenset(controls | {lack(kind) for way in ways for kind in way}))


def _within_account(way: Naming, lacking: frozenset[str]) -> frozenset[str]:
    """What lacks for a caller of the key's own account, whom its policy names in this way."""
    limits: Mapping[Naming, frozenset[str]] = {
        Naming.ITSELF: frozenset(),
        Naming.ROLE: lacking & {BOUNDARY, SESSION},
        Naming.ACCOUNT: lacking,
    }
    return limits[way]


# ---- Grants


def _granted(way: Naming, lacking: frozenset[str]) -> frozenset[str]:
    return frozenset() if way is Naming.ITSELF else lacking & {BOUNDARY, SESSION}


def _granted_across(way: Naming, by_owner: bool, lacking: frozenset[str]) -> frozenset[str]:
    """Recorded: a grant of the key's owner needs the caller's own policies, one of the caller's account does not."""
    return lacking if by_owner else _granted(way, lacking)


def _grants(question: Question, world: World) -> Iterator[tuple[Naming, str]]:
    """The grants that allow the request: how each names the caller, and the account that issued it."""
    if not question.on_key:
        return
    for grant in world.key.get("Grants", []):
        way = _grantee(grant, question)
        if way is not None and _covers(grant, question):
            yield way, grant.get("IssuingAccount", world.key["Account"])


def _grantee(grant: Mapping[str, Any], question: Question) -> Naming | None:
    caller = question.caller
    if caller.kind == "service":
        return Naming.ITSELF if grant.get("GranteeServicePrincipal") == caller.arn else None
    grantee = grant.get("GranteePrincipal")
    if grantee is None:
        return None
    if grantee == caller.role:
        return Naming.ROLE
    return Naming.ITSELF if grantee == caller.arn else None


def _covers(grant: Mapping[str, Any], question: Question) -> bool:
    if question.action.removeprefix("kms:") not in grant["Operations"]:
        return False
    constraints = grant.get("Constraints", {})
    source = constraints.get("SourceArn")
    if source is not None and question.caller.kind == "service" and source != question.source_arn:
        return False
    if question.action == "kms:CreateGrant":
        return _allows_child(grant, question.members)
    if question.action in {"kms:DescribeKey", "kms:GetPublicKey"}:
        return True
    prefix = {"kms:ReEncryptFrom": "Source", "kms:ReEncryptTo": "Destination"}.get(question.action, "")
    sent = question.members.get(f"{prefix}EncryptionContext", {})
    equals, subset = constraints.get("EncryptionContextEquals"), constraints.get("EncryptionContextSubset")
    return (equals is None or sent == equals) and (subset is None or subset.items() <= sent.items())


def _allows_child(parent: Mapping[str, Any], child: Mapping[str, Any]) -> bool:
    """A grant that is made by right of another has no more operations, and constraints at least as strict."""
    if not set(child["Operations"]) <= set(parent["Operations"]):
        return False
    limits, own = parent.get("Constraints", {}), child.get("Constraints", {})
    equals, subset = limits.get("EncryptionContextEquals"), limits.get("EncryptionContextSubset")
    if equals is not None:
        return bool(own.get("EncryptionContextEquals") == equals)
    if subset is not None:
        pairs = own.get("EncryptionContextEquals") or own.get("EncryptionContextSubset") or {}
        return bool(subset.items() <= pairs.items())
    return True
