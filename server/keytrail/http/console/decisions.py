"""/why: why calls were refused, and a form that asks whether a principal may do something."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from flask import render_template, request
from flask.typing import ResponseReturnValue

from keytrail.authorization.explanations import Explanation
from keytrail.authorization.near_misses import NearMiss, near_misses, statement_documents
from keytrail.endpoint import Endpoint
from keytrail.explain import Question, explain_question
from keytrail.http.console.pages import Pages
from keytrail.operations.kms import OPERATIONS
from keytrail.trail import StoredEvent

pages = Pages()

_RECENT = 20
"""Refused calls that the page lists."""

_ACTIONS = sorted({f"kms:{action}" for operation in OPERATIONS.values() for action in operation.actions})
_CONTEXT = '{"aws:SourceIp": "192.0.2.1"}'
_REQUEST = '{"EncryptionContext": {"tenant": "acme"}}'


class Decision(NamedTuple):
    """A decision, with what people need to understand it."""

    members: Mapping[str, Any]
    """As the control API shows it."""
    statement: Mapping[str, Any] | None
    """The statement that decided, as it was written."""
    near: list[NearMiss]


def decisions_on(endpoint: Endpoint, request_id: str) -> list[Decision]:
    """The decisions on a request that was made, those that denied it first."""
    decisions = [_decision(explanation) for explanation in endpoint.authorizer.explanations.of_request(request_id)]
    return sorted(decisions, key=lambda decision: bool(decision.members["allowed"]))


def _decision(explanation: Explanation) -> Decision:
    decided_by = explanation.verdict.decided_by
    statement = statement_documents(decided_by.policy)[decided_by.statement.position] if decided_by else None
    return Decision(explanation.members(), statement, near_misses(explanation))


def asked_for(endpoint: Endpoint, event: StoredEvent) -> str | None:
    """The ARN that a call without resources was about, if a decision on it is kept: the trail does not say it."""
    decisions = endpoint.authorizer.explanations.of_request(event.request_id or "")
    return next((decision.resource for decision in decisions if decision.resource != "*"), None)


@pages.get("/why")
def show(endpoint: Endpoint) -> ResponseReturnValue:
    """The calls that were denied last; with an `action` in the query, the decision on it too."""
    form = {name: request.args.get(name, "").strip() for name in _FORM}
    decision, problem = None, None
    if form["action"]:
        try:
            decision = _decision(explain_question(endpoint, _question(form)))
        except ValueError as error:
            problem = str(error)
    refused = endpoint.trail.newest(lambda event: event.error_code == "AccessDenied", limit=_RECENT)
    parts = {"form": form, "decision": decision, "problem": problem, "refused": refused, "actions": _ACTIONS}
    return render_template("why.html", **parts, examples={"request": _REQUEST, "context": _CONTEXT})


_FORM = ("principal", "action", "keyId", "region", "request", "context")
"""The fields of the form: the members of the control API's question."""


def _question(form: Mapping[str, str]) -> Question:
    """The question in the form. Raises ValueError, with what would be right."""
    members: dict[str, Any] = {name: form[name] for name in ("principal", "action", "keyId", "region") if form[name]}
    for name, example in (("request", _REQUEST), ("context", _CONTEXT)):
        if form[name]:
            try:
                members[name] = msgspec.json.decode(form[name])
            except (msgspec.DecodeError, RecursionError) as error:
                raise ValueError(f"{name}: expected a JSON object such as {example}; {error}") from None
    try:
        return msgspec.convert(members, Question)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
