"""Policies against a request: which statement of a policy denies it, and which allows it.

Source: IAM User Guide, "Policy evaluation logic". What of a policy does not depend on a request is worked out once.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from keytrail.authorization.conditions import Lookup
from keytrail.authorization.principals import PrincipalMatch
from keytrail.authorization.statements import PolicyType, Statement, read_policy
from keytrail.domain.principal import Principal

__all__ = ["DecidingStatement", "Policy", "PolicyType", "allowing", "denying", "key_policy", "read_policy"]

_REMEMBERED = 1024


class _Applicable(NamedTuple):
    """The statements of a policy that are about an action and name a caller, whatever else a request brings."""

    denies: tuple[Statement, ...]
    allows: tuple[tuple[PrincipalMatch, Statement], ...]
    """Those first that name the caller most closely."""


class Policy:
    """A policy of some type, and what it is called: a name, or an ARN."""

    __slots__ = ("_applicable", "name", "statements", "type")

    def __init__(self, type: PolicyType, name: str, document: str) -> None:
        """Read a document; raises as `read_policy` does."""
        self.type, self.name = type, name
        self.statements = read_policy(document, type)
        # 10 us of a request under the default key policy, 135 us under 50 statements.
        self._applicable: dict[tuple[str, Principal | None], _Applicable] = {}

    def deny(self, action: str, resource: str, lookup: Lookup) -> Statement | None:
        """The first Deny that covers the request, in a caller's own policy."""
        for statement in self._statements(action, None).denies:
            if statement.covers_resource(resource, lookup) and statement.holds(lookup):
                return statement
        return None

    def allow(self, action: str, resource: str, lookup: Lookup) -> Statement | None:
        """The first Allow that covers the request, in a caller's own policy."""
        for _, statement in self._statements(action, None).allows:
            if statement.covers_resource(resource, lookup) and statement.holds(lookup):
                return statement
        return None

    def deny_to(self, principal: Principal, action: str, lookup: Lookup) -> Statement | None:
        """The first Deny that names the caller and whose conditions hold, in the policy of a resource."""
        for statement in self._statements(action, principal).denies:
            if statement.holds(lookup):
                return statement
        return None

    def allow_to(self, principal: Principal, action: str, lookup: Lookup) -> tuple[PrincipalMatch, Statement | None]:
        """How closely an Allow names the caller, and which does, in the policy of a resource."""
        for match, statement in self._statements(action, principal).allows:
            if statement.holds(lookup):
                return match, statement
        return PrincipalMatch.NOT, None

    def _statements(self, action: str, principal: Principal | None) -> _Applicable:
        known = self._applicable.get((action, principal))
        if known is None:
            known = self._find(action, principal)
            if len(self._applicable) >= _REMEMBERED:
                self._applicable = {}
            self._applicable[action, principal] = known
        return known

    def _find(self, action: str, principal: Principal | None) -> _Applicable:
        matches = [
            (statement.match(principal) if principal is not None else PrincipalMatch.ITSELF, statement)
            for statement in self.statements
            if statement.covers_action(action)
        ]
        allows = [(match, statement) for match, statement in matches if statement.allows and match]
        return _Applicable(
            tuple(statement for match, statement in matches if not statement.allows and match),
            tuple(sorted(allows, key=lambda found: -found[0])),
        )


class DecidingStatement(NamedTuple):
    """The statement that decided, and its policy."""

    policy: Policy
    statement: Statement


def denying(policies: Iterable[Policy], action: str, resource: str, lookup: Lookup) -> DecidingStatement | None:
    """The first Deny of a caller's own policies that covers the request."""
    for policy in policies:
        statement = policy.deny(action, resource, lookup)
        if statement is not None:
            return DecidingStatement(policy, statement)
    return None


def allowing(policies: Iterable[Policy], action: str, resource: str, lookup: Lookup) -> DecidingStatement | None:
    """The first Allow of a caller's own policies that covers the request."""
    for policy in policies:
        statement = policy.allow(action, resource, lookup)
        if statement is not None:
            return DecidingStatement(policy, statement)
    return None


@lru_cache(maxsize=1024)  # 23 us of a request under the default key policy, and 30 for each statement more
def key_policy(document: str) -> Policy:
    """The key policy with this text; raises as `read_policy` does."""
    return Policy(PolicyType.KEY, "default", document)
