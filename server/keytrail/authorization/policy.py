"""Policies against a request: which statement of a document denies it, and which allows it.

Source: IAM User Guide, "Policy evaluation logic". What of a document does not depend on a request is worked out once.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from keytrail.authorization.conditions import Lookup
from keytrail.authorization.principals import PrincipalMatch
from keytrail.authorization.statements import Kind, Statement, read_policy
from keytrail.domain.principal import Principal

__all__ = ["DecidingStatement", "Document", "Kind", "allowing", "denying", "key_document", "read_policy"]

_REMEMBERED = 1024


class _Speaking(NamedTuple):
    """The statements of a document that speak of an action and a caller, whatever else is asked."""

    denying: tuple[Statement, ...]
    allowing: tuple[tuple[PrincipalMatch, Statement], ...]
    """Those first that name the caller most closely."""


class Document:
    """A policy, and what it is called: a name, or an ARN."""

    __slots__ = ("_speaking", "kind", "name", "text")

    def __init__(self, kind: Kind, name: str, text: str) -> None:
        """Hold a document that has been checked."""
        self.kind, self.name, self.text = kind, name, text
        self._speaking: dict[tuple[str, Principal | None], _Speaking] = {}

    def denial(self, action: str, resource: str, lookup: Lookup) -> Statement | None:
        """The first Deny that speaks of the request, in a caller's own policy."""
        for statement in self._about(action, None).denying:
            if statement.covers_resource(resource, lookup) and statement.holds(lookup):
                return statement
        return None

    def allow(self, action: str, resource: str, lookup: Lookup) -> Statement | None:
        """The first Allow that speaks of the request, in a caller's own policy."""
        for _, statement in self._about(action, None).allowing:
            if statement.covers_resource(resource, lookup) and statement.holds(lookup):
                return statement
        return None

    def denial_to(self, principal: Principal, action: str, lookup: Lookup) -> Statement | None:
        """The first Deny that names the caller and whose conditions hold, in the policy of a resource."""
        for statement in self._about(action, principal).denying:
            if statement.holds(lookup):
                return statement
        return None

    def allow_to(self, principal: Principal, action: str, lookup: Lookup) -> tuple[PrincipalMatch, Statement | None]:
        """How closely an Allow names the caller, and which does, in the policy of a resource."""
        for naming, statement in self._about(action, principal).allowing:
            if statement.holds(lookup):
                return naming, statement
        return PrincipalMatch.NOT, None

    def _about(self, action: str, principal: Principal | None) -> _Speaking:
        known = self._speaking.get((action, principal))
        if known is None:
            known = self._read(action, principal)
            if len(self._speaking) >= _REMEMBERED:
                self._speaking = {}
            self._speaking[action, principal] = known
        return known

    def _read(self, action: str, principal: Principal | None) -> _Speaking:
        about = [
            (statement.names(principal) if principal is not None else PrincipalMatch.ITSELF, statement)
            for statement in read_policy(self.text, self.kind)
            if statement.covers_action(action)
        ]
        allowing = [(naming, statement) for naming, statement in about if statement.allows and naming]
        return _Speaking(
            tuple(statement for naming, statement in about if not statement.allows and naming),
            tuple(sorted(allowing, key=lambda found: -found[0])),
        )


class DecidingStatement(NamedTuple):
    """The statement that decided, and its document."""

    document: Document
    statement: Statement


def denying(documents: Iterable[Document], action: str, resource: str, lookup: Lookup) -> DecidingStatement | None:
    """The first Deny of a caller's own policies that speaks of the request."""
    for document in documents:
        statement = document.denial(action, resource, lookup)
        if statement is not None:
            return DecidingStatement(document, statement)
    return None


def allowing(documents: Iterable[Document], action: str, resource: str, lookup: Lookup) -> DecidingStatement | None:
    """The first Allow of a caller's own policies that speaks of the request."""
    for document in documents:
        statement = document.allow(action, resource, lookup)
        if statement is not None:
            return DecidingStatement(document, statement)
    return None


@lru_cache(maxsize=1024)
def key_document(text: str) -> Document:
    """The key policy with this text."""
    return Document(Kind.KEY, "default", text)
