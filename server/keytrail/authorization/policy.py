"""Policies against a request: which statement of a document denies it, and which allows it.

Source: IAM User Guide, "Policy evaluation logic". What of a document does not depend on a request is worked out once.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from keytrail.authorization.conditions import Lookup
from keytrail.authorization.principals import Naming
from keytrail.authorization.statements import Kind, Statement, read_policy
from keytrail.domain.principal import Principal

__all__ = ["Decisive", "Document", "Kind", "allowing", "allows", "allows_caller", "denies", "denying", "read_policy"]


class Document(NamedTuple):
    """A policy, and what it is called: a name, or an ARN."""

    kind: Kind
    name: str
    text: str


class Decisive(NamedTuple):
    """The statement that decided, and its document."""

    document: Document
    statement: Statement


class _Speaking(NamedTuple):
    """The statements of a document that speak of an action and a caller, whatever else is asked."""

    denying: tuple[Statement, ...]
    allowing: tuple[tuple[Naming, Statement], ...]
    """Those first that name the caller most closely."""


@lru_cache(maxsize=4096)
def _speaking(text: str, kind: Kind, action: str, principal: Principal | None) -> _Speaking:
    """`principal` is None for a policy that is the caller's own."""
    about = [
        (statement.names(principal) if principal is not None else Naming.ITSELF, statement)
        for statement in read_policy(text, kind)
        if statement.covers_action(action)
    ]
    allowing = [(naming, statement) for naming, statement in about if statement.allows and naming]
    return _Speaking(
        tuple(statement for naming, statement in about if not statement.allows and naming),
        tuple(sorted(allowing, key=lambda found: -found[0])),
    )


def denying(documents: Iterable[Document], action: str, resource: str, lookup: Lookup) -> Decisive | None:
    """The first Deny of a caller's own policies that speaks of the request."""
    for document in documents:
        for statement in _speaking(document.text, document.kind, action, None).denying:
            if statement.covers_resource(resource, lookup) and statement.holds(lookup):
                return Decisive(document, statement)
    return None


def allowing(documents: Iterable[Document], action: str, resource: str, lookup: Lookup) -> Decisive | None:
    """The first Allow of a caller's own policies that speaks of the request."""
    for document in documents:
        for _, statement in _speaking(document.text, document.kind, action, None).allowing:
            if statement.covers_resource(resource, lookup) and statement.holds(lookup):
                return Decisive(document, statement)
    return None


def denies(document: str, principal: Principal, action: str, lookup: Lookup, kind: Kind = Kind.KEY) -> Statement | None:
    """The Deny of a resource's policy that names the caller and whose conditions hold."""
    for statement in _speaking(document, kind, action, principal).denying:
        if statement.holds(lookup):
            return statement
    return None


def allows_caller(
    document: str, principal: Principal, action: str, lookup: Lookup, kind: Kind = Kind.KEY
) -> tuple[Naming, Statement | None]:
    """How closely an Allow of a resource's policy names the caller, and which does; Denies are not looked at."""
    for naming, statement in _speaking(document, kind, action, principal).allowing:
        if statement.holds(lookup):
            return naming, statement
    return Naming.NOT, None


def allows(document: str, principal: Principal, action: str, lookup: Lookup, kind: Kind = Kind.KEY) -> bool:
    """Whether a resource's policy itself lets the caller do the action: an Allow whose conditions hold, and no Deny."""
    naming, _ = allows_caller(document, principal, action, lookup, kind)
    return naming is not Naming.NOT and denies(document, principal, action, lookup, kind) is None
