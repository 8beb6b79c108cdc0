"""Which grant lets a caller do what no policy allows.

Source: KMS Developer Guide, "Grants in AWS KMS", "Using grant constraints" and "Granting CreateGrant permission".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from keytrail.authorization.principals import PrincipalMatch
from keytrail.authorization.request import RequestFacts
from keytrail.domain.arn import root_arn
from keytrail.domain.grant import Grant, looks_at_context
from keytrail.domain.grant_constraints import Constraints
from keytrail.domain.key import Key
from keytrail.domain.principal import Principal

_PAGE = 100


class AllowingGrant(NamedTuple):
    """A grant that covers a request, and how its grantee is the caller."""

    naming: PrincipalMatch
    grant: Grant


def allowing_grant(
    facts: RequestFacts, action: str, key: Key, context: Mapping[str, str], role_arn: str | None = None
) -> AllowingGrant | None:
    """The grant under which the caller may do the action; `context` is the encryption context on this key's side.

    `role_arn`: of a session's role, with its path if that is known.
    A grant that is not visible yet (`consistency_delay`) counts only if the request brings a token of it.
    """
    operation = action.removeprefix("kms:")
    # Every constraint on the context has a first pair, which must be one of the request's.
    pairs = [None, *context.items()] if looks_at_context(operation) else [None]
    for naming, grantee in _grantees(facts.principal, key, role_arn):
        for grant in _of_grantee(facts, key, grantee, operation, pairs):
            if _admits(grant, facts, operation, context):
                return AllowingGrant(naming, grant)
    return None


def _of_grantee(
    facts: RequestFacts, key: Key, grantee: str, operation: str, pairs: Sequence[tuple[str, str] | None]
) -> Iterator[Grant]:
    """The key's grants that let somebody do an operation, as far as the first pair of their constraints tells.

    Of those that are not visible yet, only the ones that the request brings a token of.
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
            after = grants[-1].place
    for grant in _by_tokens(facts):
        is_to = grant.grantee_service_principal if facts.principal.kind == "service" else grant.grantee_principal
        if grant.key_arn == key.arn and is_to == grantee and operation in grant.operations:
            yield grant


def _grantees(principal: Principal, key: Key, role_arn: str | None) -> list[tuple[PrincipalMatch, str]]:
    """The grantees that are the caller: itself, its role, its account."""
    if principal.kind == "service":
        return [(PrincipalMatch.ITSELF, principal.name)]
    root, role = root_arn(key.region, principal.account), role_arn or principal.role_arn
    forms = [(PrincipalMatch.ITSELF, principal.arn)] if principal.kind != "role" else []
    forms += [(PrincipalMatch.ROLE, role)] if role is not None and principal.role_arn is not None else []
    return forms + ([(PrincipalMatch.ACCOUNT, root)] if root != principal.arn else [])


def _by_tokens(facts: RequestFacts) -> list[Grant]:
    """The grants that the request brings tokens of."""
    tokens = facts.members.get("GrantTokens")
    grants = (facts.store.grants.by_token(token, facts.region) for token in tokens) if isinstance(tokens, list) else ()
    return [grant for grant in grants if grant is not None]


def _admits(grant: Grant, facts: RequestFacts, operation: str, context: Mapping[str, str]) -> bool:
    asked = grant.constraints
    if facts.principal.kind == "service" and asked.source_arn not in (None, facts.source_arn):
        return False
    if operation == "CreateGrant":
        return _hands_on(grant, facts)
    if not looks_at_context(operation):
        return True
    if asked.encryption_context_equals is not None:
        return dict(context) == dict(asked.encryption_context_equals)
    return (asked.encryption_context_subset or {}).items() <= context.items()


def _hands_on(grant: Grant, facts: RequestFacts) -> bool:
    """Whether a grant to be made gives no more than this one, under constraints as strict."""
    operations, constraints = facts.members.get("Operations"), facts.members.get("Constraints")
    if not isinstance(operations, list) or not set(operations) <= set(grant.operations):
        return False
    mine, theirs = grant.constraints, Constraints.read(constraints if isinstance(constraints, Mapping) else None)
    if mine.encryption_context_equals is not None:
        return theirs.encryption_context_equals == mine.encryption_context_equals
    if mine.encryption_context_subset is not None:
        handed = theirs.encryption_context_equals or theirs.encryption_context_subset or {}
        return mine.encryption_context_subset.items() <= handed.items()
    return True
