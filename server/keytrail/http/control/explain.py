"""/_keytrail/explain: why a request was allowed or denied, and whether one would be.

GET explain?requestId=<x-amzn-RequestId> or ?eventId=<CloudTrail's> | POST explain {"action": "kms:Decrypt", ...}
"""

from typing import Any

import msgspec
from flask import Request

from keytrail.authorization.conditions import ValueList
from keytrail.authorization.explanations import MAX_REQUESTS, Explanation
from keytrail.authorization.request import RequestFacts
from keytrail.crypto.randomness import new_uuid
from keytrail.domain.arn import is_account, read_key_identifier
from keytrail.domain.key import Key
from keytrail.domain.principal import Principal
from keytrail.endpoint import Endpoint
from keytrail.errors import AwsError
from keytrail.http.control.routes import Refusal, Routes, read_body
from keytrail.operations import SERVICES

routes = Routes()

_EXAMPLE = (
    '{"principal": "arn:aws:iam::111122223333:role/Reader", "action": "kms:Decrypt", "keyId": "alias/orders", '
    '"request": {"EncryptionContext": {"tenant": "a"}}, "context": {"aws:SourceIp": "192.0.2.1"}}'
)


class Question(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """May a principal do an action?"""

    action: str
    principal: str | None = None
    """An ARN, or an account: 12 digits; without one, the default account."""
    key_id: str | None = None
    resource: str | None = None
    """The ARN of an alias."""
    region: str | None = None
    request: dict[str, Any] = {}
    context: dict[str, str | list[str]] = {}


@routes.get("/explain", arguments=["requestId", "eventId"])
def explain(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """The decisions on a request that has been made."""
    request_id, event_id = request.args.get("requestId"), request.args.get("eventId")
    if (request_id is None) == (event_id is None):
        raise Refusal("Name one request, by requestId or by eventId.")
    if event_id is not None:
        event = endpoint.trail.event(event_id)
        if event is None or event.request_id is None:
            raise Refusal(f"The trail has no call with the event id {event_id}.", 404)
        request_id = event.request_id
    explanations = endpoint.authorizer.explanations.of_request(str(request_id))
    known = event_id is not None or any(event.request_id == request_id for event in endpoint.trail.events())
    if not explanations and not known:
        raise Refusal(f"No request {request_id} is known; the x-amzn-RequestId of a response is its id.", 404)
    members: dict[str, Any] = {
        "requestId": request_id,
        "decisions": [explanation.members() for explanation in explanations],
    }
    if not explanations:
        members["note"] = (
            "No policy was evaluated: nothing restricts an undeclared caller in its own account under default key "
            f"policies, or the request failed before that. Or it is too old: the last {MAX_REQUESTS} are kept."
        )
    return members


@routes.post("/explain")
def decide(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """The decision on a request that is only described."""
    return answer(endpoint, read_body(request, Question, _EXAMPLE)).members()


def answer(endpoint: Endpoint, question: Question) -> Explanation:
    """The decision on a request that is only described. Raises Refusal for a question that is none."""
    service, colon, name = question.action.partition(":")
    service, name = (service, name) if colon else ("kms", service)
    operations = SERVICES[service].operations.values() if service in SERVICES else ()
    operation = next((operation for operation in operations if name in (*operation.actions, operation.name)), None)
    if service == "kms" and operation is None:
        raise Refusal(f"action: {question.action} is not a permission of KMS; expected one such as kms:Decrypt")
    facts = RequestFacts(
        operation=operation.name if operation is not None else name,
        principal=_principal(endpoint, question.principal),
        region=question.region or endpoint.settings.region,
        now=endpoint.clock.now(),
        request_id=new_uuid(),
        store=endpoint.store,
        trail=endpoint.trail,
        settings=endpoint.settings,
        defaults=operation.defaults if operation is not None else {},
        cross_account=operation is not None and operation.cross_account,
        members={**({"KeyId": question.key_id} if question.key_id is not None else {}), **question.request},
    )
    key, resource = _key_and_resource(facts, question)
    if operation is not None and operation.authorization == "*":  # even if the question names a key
        key, resource = None, "*"
    condition_values = {
        condition.lower(): (values,) if isinstance(values, str) else ValueList(values)
        for condition, values in question.context.items()
    }
    return endpoint.authorizer.explain(facts, f"{service}:{name}", key, resource, condition_values)


def _key_and_resource(facts: RequestFacts, question: Question) -> tuple[Key | None, str]:
    """The key, if it exists, and the ARN of the resource; raises Refusal."""
    if question.key_id is None:
        return None, question.resource or "*"
    try:
        named = read_key_identifier(question.key_id, facts.account, facts.region, aliases=True)
        newest = facts.store.newest
        key = newest.require_named(named) if named.account == facts.account else newest.named(named)
    except AwsError as error:
        raise Refusal(f"keyId: {error.message}") from None
    return key, key.arn if key is not None else named.arn


def _principal(endpoint: Endpoint, text: str | None) -> Principal:
    if text is None or is_account(text):
        return Principal.root(text or endpoint.settings.account, region=endpoint.settings.region)
    service = Principal.service(text, endpoint.settings.account)
    if service is not None:
        return service
    try:
        return Principal.from_arn(text)
    except ValueError as error:
        raise Refusal(f"principal: {error}") from None
