"""Which statements of a policy apply to a request, and whom a Principal element names.

Source: IAM User Guide, "IAM JSON policy element reference".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from tests.authorization.second_evaluator.conditions import (
    Context,
    Unsettled,
    glob,
    holds,
    matches,
    pieces_of,
    texts_of,
)

Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who makes a request. `kind` is root, user, role, session, service, or stranger; a service's ARN is its name.

    A stranger is a root that no seed declares: it needs no Allow on what its own account owns (docs/who-may.md,
    "Who is calling, and who may"). There are none where decisions are strict.

    `role` is the ARN of a session's role, with its path; of a role it is its own. What a session has of its own is
    None or empty for others.
    """

    arn: str
    account: str
    kind: str
    role: str | None = None
    session_policies: tuple[Document, ...] = ()
    session_tags: tuple[tuple[str, str], ...] = ()
    source_identity: str | None = None
    mfa: bool = False
    issued: str | None = None
    """When the session's credentials were issued, ISO 8601; None for a session that only its ARN is known of."""

    @property
    def is_root(self) -> bool:
        """Whether it is the root of its account."""
        return self.kind in {"root", "stranger"}


class Naming(IntEnum):
    """How a policy of a resource names a caller."""

    NOT = 0
    ACCOUNT = 1
    """By its account, which leaves it to the account's policies."""
    ROLE = 2
    """By its role: boundary and session policies still limit it."""
    ITSELF = 3
    """Directly, or as anybody: nothing but explicit denies limits it."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the statements of policies are compared with. `resource` is an ARN, or `*`."""

    caller: Caller
    action: str
    resource: str
    context: Context
    has_boundary: bool


def statements_of(document: Document) -> Sequence[Mapping[str, Any]]:
    """The statements; a single one need not be in a list."""
    statement = document["Statement"]
    return statement if isinstance(statement, list) else [statement]


def applying(document: Document, effect: str, request: Request) -> Iterator[Mapping[str, Any]]:
    """The statements with an effect that cover the action and the resource, and whose conditions hold."""
    variables = document.get("Version") == "2012-10-17"
    for statement in statements_of(document):
        if (
            statement["Effect"] == effect
            and _covers(statement, "Action", request.action, fold=True)
            and _covers_resource(statement, request, variables)
            and holds(statement.get("Condition", {}), request.context, variables=variables)
        ):
            yield statement


def _covers(statement: Mapping[str, Any], element: str, text: str, *, fold: bool) -> bool:
    """Element and Not-element, for actions, which are compared without case."""
    inverted = f"Not{element}" in statement
    patterns = texts_of(statement[f"Not{element}" if inverted else element])
    return any(glob(it.lower(), text.lower()) if fold else glob(it, text) for it in patterns) is not inverted


def _covers_resource(statement: Mapping[str, Any], request: Request, variables: bool) -> bool:
    inverted = "NotResource" in statement
    patterns = texts_of(statement["NotResource" if inverted else "Resource"])
    found = False
    for pattern in patterns:
        head, tail = _split(pattern)  # a variable is one only after the fifth colon
        pieces = pieces_of(tail, request.context if variables else None)
        if pieces is None and inverted:
            raise Unsettled("NotResource with a variable that has no value")
        found = found or (pieces is not None and matches([*(pieces_of(head, None) or ()), *pieces], request.resource))
    return found is not inverted


def _split(pattern: str) -> tuple[str, str]:
    """An ARN before and after its fifth colon."""
    parts = pattern.split(":", 5)
    return (":".join(parts[:5]) + ":", parts[5]) if len(parts) == 6 else (pattern, "")


# ---- Principals


def naming(statement: Mapping[str, Any], request: Request) -> Naming:
    """How the Principal or NotPrincipal element of a statement names the caller."""
    if "NotPrincipal" in statement:
        return _unless_excepted(statement["NotPrincipal"], request)
    return max(
        (_names(kind, text, request.caller) for kind, text in _principals(statement["Principal"])), default=Naming.NOT
    )


def _principals(element: object) -> Iterable[tuple[str, str]]:
    if isinstance(element, str):
        return [("AWS", element)]
    assert isinstance(element, Mapping)
    return [(kind, text) for kind, texts in element.items() for text in texts_of(texts)]


def account_names(account: str) -> set[str]:
    """Both forms of an account as a principal."""
    return {account, f"arn:aws:iam::{account}:root"}


def _names(kind: str, text: str, caller: Caller) -> Naming:
    if kind == "AWS" and text == "*":
        return Naming.ITSELF
    if kind == "Service" or caller.kind == "service":
        return Naming.ITSELF if kind == "Service" and caller.kind == "service" and text == caller.arn else Naming.NOT
    if text in account_names(caller.account):
        return Naming.ITSELF if caller.is_root else Naming.ACCOUNT
    if text == caller.role:
        return Naming.ROLE
    return Naming.ITSELF if text == caller.arn else Naming.NOT


def _unless_excepted(element: object, request: Request) -> Naming:
    """NotPrincipal with Deny: account, role and session must all be listed to be excepted.

    Whether fewer suffice depends on the service, says the guide.
    """
    caller = request.caller
    if request.has_boundary:
        return Naming.ITSELF
    listed = {text for _, text in _principals(element)}
    chain = [{caller.arn}]
    if caller.kind != "service":
        chain = [account_names(caller.account), {caller.role or caller.arn}, {caller.arn}]
    if caller.is_root:
        chain = chain[:1]
    excepted = [bool(names & listed) for names in chain]
    if any(excepted) and not all(excepted):
        raise Unsettled("NotPrincipal that lists a part of account, role and session")
    return Naming.NOT if all(excepted) else Naming.ITSELF
