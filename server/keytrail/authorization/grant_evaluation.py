"""Grant evaluation: which grant allows a request that no policy allows.

Source: KMS Developer Guide, "Grants in AWS KMS", "Using grant constraints" and "Granting CreateGrant permission".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from keytrail.authorization.principals import PrincipalMatch
from keytrail.authorization.request import RequestFacts
from keytrail.domain.arn import root_arn
from keytrail.domain.grant import Grant, has_encryption_context
from keytrail.domain.grant_constraints import Constraints
from keytrail.domain.key import Key
from keytrail.domain.principal import Principal

_PAGE = 100


class AllowingGrant(NamedTuple):
    """A grant that allows a request, and how its grantee names the caller."""

    match: PrincipalMatch
    grant: Grant


def allowing_grant(
    facts: RequestFacts, action: str, key: Key, context: Mapping[str, str], role_arn: str | None = None
) -> AllowingGrant | None:
    """The grant that allows the caller to do the action on the key; None if there is none.

    `context` is the encryption context that the request has for this key. `role_arn` is the ARN of a session's role,
    with its path if that is known. A grant that is not visible yet (`consistency_delay`) counts only if the request has
    its grant token.
    """
    operation = action.removeprefix("kms:")
    # A grant is indexed by the first pair of its constraint, which must be a pair of the request's context.
    pairs = [None, *context.items()] if has_encryption_context(operation) else [None]
    for match, grantee in _grantees(facts.principal, key, role_arn):
        for grant in _grants_of(grantee, facts, key, operation, pairs):
            if _allows(grant, facts, operation, context):
                return AllowingGrant(match, grant)
    return None


def retiring_grant(grant: Grant, principal: Principal, role_arn: str | None = None) -> AllowingGrant | None:
    """The grant, if its caller may retire it, and how it names the caller; None if the caller may not.

    A root ARN stands for everybody in its account, and so does the account that issued the grant. `role_arn` is as in
    `allowing_grant`. A caller that is not declared counts as anybody in its account.
    """
    if principal.kind == "service":
        return AllowingGrant(PrincipalMatch.CALLER, grant) if principal.name in grant.retiring_services else None
    named = {arn for arn in grant.retiring_principals if arn is not None}
    if principal.arn in named:
        return AllowingGrant(PrincipalMatch.CALLER, grant)
    if {role_arn, principal.role_arn} & named and principal.role_arn is not None:
        return AllowingGrant(PrincipalMatch.ROLE, grant)
    accounts = {grant.issuing_account.split(":")[4]}
    accounts |= {arn.split(":")[4] for arn in named if arn.endswith(":root") or not principal.declared}
    return AllowingGrant(PrincipalMatch.ACCOUNT, grant) if principal.account in accounts else None


def _grants_of(
    grantee: str, facts: RequestFacts, key: Key, operation: str, pairs: Sequence[tuple[str, str] | None]
) -> Iterator[Grant]:
    """The key's grants to a grantee for an operation whose constraints are empty or begin with one of the pairs.

    Grants that are not visible yet are those whose token the request has; their constraints may begin with any pair.
    """
    for pair in pairs:
        after = ""
        while True:
            grants = facts.store.visible.usable_grants_after(
                key.arn, after, _PAGE, grantee=grantee, operation=operation, pair=pair
            )
            yield from grants
            if len(grants) < _PAGE:
                break
            after = grants[-1].sort_key
    for grant in _grants_of_tokens(facts):
        named = grant.grantee_service_principal if facts.principal.kind == "service" else grant.grantee_principal
        if grant.key_arn == key.arn and named == grantee and operation in grant.operations:
            yield grant


def _grantees(principal: Principal, key: Key, role_arn: str | None) -> list[tuple[PrincipalMatch, str]]:
    """What a grant can name as its grantee to mean the caller: the caller itself, its role, its account."""
    if principal.kind == "service":
        return [(PrincipalMatch.CALLER, principal.name)]
    root, role = root_arn(key.region, principal.account), role_arn or principal.role_arn
    grantees = [(PrincipalMatch.CALLER, principal.arn)] if principal.kind != "role" else []
    grantees += [(PrincipalMatch.ROLE, role)] if role is not None and principal.role_arn is not None else []
    return grantees + ([(PrincipalMatch.ACCOUNT, root)] if root != principal.arn else [])


def _grants_of_tokens(facts: RequestFacts) -> list[Grant]:
    """The grants whose tokens the request has."""
    tokens = facts.members.get("GrantTokens")
    grants = (facts.store.grants.by_token(token, facts.region) for token in tokens) if isinstance(tokens, list) else ()
    return [grant for grant in grants if grant is not None]


def _allows(grant: Grant, facts: RequestFacts, operation: str, context: Mapping[str, str]) -> bool:
    """Whether the request meets the grant's constraints."""
    constraints = grant.constraints
    if facts.principal.kind == "service" and constraints.source_arn not in (None, facts.source_arn):
        return False
    if operation == "CreateGrant":
        return _allows_new_grant(grant, facts)
    if not has_encryption_context(operation):
        return True
    if constraints.encryption_context_equals is not None:
        return dict(context) == dict(constraints.encryption_context_equals)
    return (constraints.encryption_context_subset or {}).items() <= context.items()


def _allows_new_grant(grant: Grant, facts: RequestFacts) -> bool:
    """Whether the new grant of a CreateGrant allows no more than this one, under constraints at least as strict."""
    operations, sent = facts.members.get("Operations"), facts.members.get("Constraints")
    if not isinstance(operations, list) or not set(operations) <= set(grant.operations):
        return False
    own, new = grant.constraints, Constraints.read(sent if isinstance(sent, Mapping) else None)
    if own.encryption_context_equals is not None:
        return new.encryption_context_equals == own.encryption_context_equals
    if own.encryption_context_subset is not None:
        pairs = new.encryption_context_equals or new.encryption_context_subset or {}
        return own.encryption_context_subset.items() <= pairs.items()
    return True
