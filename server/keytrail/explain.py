"""Why a request was allowed or denied, and whether one would be: what `/_keytrail/explain` answers."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keytrail.authorization.conditions import ValueList
from keytrail.authorization.explanations import MAX_REQUESTS, Explanation
from keytrail.authorization.request import RequestFacts
from keytrail.crypto.randomness import new_uuid
from keytrail.domain.arn import is_account, read_key_identifier
from keytrail.domain.grant import Grant
from keytrail.domain.key import Key
from keytrail.domain.principal import Principal
from keytrail.endpoint import Endpoint
from keytrail.errors import AwsError
from keytrail.operation import action_prefix
from keytrail.operations import SERVICES


class Question(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Whether a caller may do an action, without a call."""

    action: str
    """Such as `kms:Decrypt`."""
    principal: str | None = None
    """An ARN, or an account: 12 digits; without one, the default account."""
    key_id: str | None = None
    """A key's id or ARN, an alias, or an alias's ARN."""
    resource: str | None = None
    """The ARN of an alias."""
    region: str | None = None
    request: Mapping[str, Any] = {}
    """The members of the request that conditions may ask for."""
    context: Mapping[str, str | list[str]] = {}
    """The values of condition keys."""


def explain_request(endpoint: Endpoint, request_id: str | None, event_id: str | None) -> dict[str, Any]:
    """The decisions on a request that has been made, named by its id or by that of its event.

    Raises LookupError if there is no such request, ValueError unless exactly one id is given.
    """
    if (request_id is None) == (event_id is None):
        raise ValueError("Name one request, by requestId or by eventId.")
    if event_id is not None:
        event = endpoint.trail.event(event_id)
        if event is None or event.request_id is None:
            raise LookupError(f"The trail has no call with the event id {event_id}.")
        request_id = event.request_id
    explanations = endpoint.authorizer.explanations.of_request(str(request_id))
    known = event_id is not None or any(event.request_id == request_id for event in endpoint.trail.events())
    if not explanations and not known:
        raise LookupError(f"No request {request_id} is known; the x-amzn-RequestId of a response is its id.")
    members: dict[str, Any] = {
        "requestId": request_id,
        "decisions": [explanation.members() for explanation in explanations],
    }
    if not explanations:
        members["note"] = (
            "No policy was evaluated: nothing restricts an undeclared caller in its own account under default key "
            f"policies, or the request failed before that. Or it is too old: at most the last {MAX_REQUESTS} are kept."
        )
    return members


def decide(endpoint: Endpoint, question: Question) -> dict[str, Any]:
    """The decision on a request that is only described. Raises ValueError for a member that is not valid."""
    return explain_question(endpoint, question).members()


def explain_question(endpoint: Endpoint, question: Question) -> Explanation:
    """The explanation of that decision. Raises as `decide`."""
    service, colon, name = question.action.partition(":")
    service, name = (service, name) if colon else ("kms", service)
    operations = [
        each for home in SERVICES.values() if action_prefix(home.name) == service for each in home.operations.values()
    ]
    operation = next((operation for operation in operations if name in (*operation.actions, operation.name)), None)
    if service == "kms" and operation is None:
        raise ValueError(f"action: {question.action} is not a permission of KMS; expected one such as kms:Decrypt")
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
    condition_values = {
        condition.lower(): (values,) if isinstance(values, str) else ValueList(values)
        for condition, values in question.context.items()
    }
    if facts.operation == "RetireGrant":
        grant = _grant(facts)
        grant_key = endpoint.store.newest.require_key(grant.key_arn)
        return endpoint.authorizer.explain_retiring(facts, grant, grant_key, condition_values)
    key, resource = _key_and_resource(facts, question)
    if operation is not None and operation.authorization == "*":  # even if the question names a key
        key, resource = None, "*"
    return endpoint.authorizer.explain(facts, f"{service}:{name}", key, resource, condition_values)


def _key_and_resource(facts: RequestFacts, question: Question) -> tuple[Key | None, str]:
    """The key, if it exists, and the ARN of the resource; raises ValueError."""
    if question.key_id is None:
        return None, question.resource or "*"
    try:
        named = read_key_identifier(question.key_id, facts.account, facts.region, aliases=True)
        newest = facts.store.newest
        key = newest.require_named(named) if named.account == facts.account else newest.named(named)
    except AwsError as error:
        raise ValueError(f"keyId: {error.message}") from None
    return key, key.arn if key is not None else named.arn


def _grant(facts: RequestFacts) -> Grant:
    """The grant that a RetireGrant is about: the one with the GrantToken, or that of the key; raises ValueError."""
    members, store = facts.members, facts.store
    token, key_id, grant_id = (members.get(name) for name in ("GrantToken", "KeyId", "GrantId"))
    if token is None and (key_id is None or grant_id is None):
        raise ValueError("request: RetireGrant is about a grant; give its GrantToken, or keyId and its GrantId")
    if token is not None:
        grant = store.grants.by_token(str(token), facts.region)
    else:
        try:
            named = read_key_identifier(str(key_id), facts.account, facts.region, aliases=False)
        except AwsError as error:
            raise ValueError(f"keyId: {error.message}") from None
        grant = store.newest.grant(named.arn, str(grant_id))
    if grant is None:
        raise ValueError("request: there is no such grant")
    return grant


def _principal(endpoint: Endpoint, text: str | None) -> Principal:
    if text is None or is_account(text):
        return Principal.root(text or endpoint.settings.account, region=endpoint.settings.region)
    service = Principal.service(text, endpoint.settings.account)
    if service is not None:
        return service
    try:
        return Principal.from_arn(text)
    except ValueError as error:
        raise ValueError(f"principal: {error}") from None
