"""THE PATH OF ONE REQUEST.

`Dispatcher.answer` is that path, in order. What is learnt about AWS's order changes a line there.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from types import ModuleType
from typing import NamedTuple

from keytrail.authorization.callers import Callers
from keytrail.authorization.decision import Decision
from keytrail.authorization.identities import Identities
from keytrail.authorization.signature import Sent
from keytrail.authorization.sigv4 import CredentialScope, read_credential_scope
from keytrail.authorization.token_service import TokenService
from keytrail.call import Call, Later, Reply
from keytrail.clock import Clock
from keytrail.crypto.keygen import new_uuid
from keytrail.domain.occurrence import Deleted, Occurrence
from keytrail.errors import (
    AccessDeniedException,
    AwsError,
    DryRunOperationException,
    InvalidGrantTokenException,
    KMSInternalException,
    RequestEntityTooLargeException,
    ThrottlingException,
    UnknownOperationException,
    UnsupportedOperationException,
)
from keytrail.faults import Dropped, Faults, Plan
from keytrail.operations import cloudtrail, kms, sts
from keytrail.operations.registry import Operation
from keytrail.settings import Settings
from keytrail.store import KeyStore
from keytrail.trail import AsSent, Event, Trail, Use, new_event_id, service_event
from keytrail.wire import json11, service_model
from keytrail.wire.service_model import OperationModel, Shape
from keytrail.wire.validation import validate

_log = logging.getLogger("keytrail")

_LOGGED_REQUEST, _LOGGED_TEXT = 100 * 1024, 1024
"""CloudTrail cuts requestParameters at 100 KB, errorMessage and userAgent at 1 KB."""

_KMS = "kms.amazonaws.com"

_LOGGED_REFUSAL = 10 * 1024
"""Of what is refused we keep less, for anybody can send it."""


class Request(NamedTuple):
    """What the front end hands over of an HTTP request."""

    target: str
    """The X-Amz-Target."""
    body: bytes | None
    """None: it was too large to be read."""
    authorization: str
    query: str
    source_ip: str
    user_agent: str
    sent: Callable[[], Sent]
    """What a signature asks for beside these; it costs something."""


class Response(NamedTuple):
    """What the front end sends."""

    status: int
    body: bytes
    request_id: str
    xml: bool = False


class Unfinished(NamedTuple):
    """A request whose operation is slow: what is left of the path gives the response. To be called in a thread."""

    finish: Callable[[], Response]


class Struck(NamedTuple):
    """What a fault makes of an answer: it goes out late, in part, or not at all."""

    response: Response | Unfinished
    plan: Plan


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """An operation of a service model, and our operation of that name if there is one."""

    name: str
    service: str
    """Whose operation it is, as a credential scope says it."""
    source: str
    """CloudTrail's eventSource."""
    model: OperationModel
    operation: Operation | None
    logged: tuple[str, ...]
    """Members of the request that may stand in a log."""
    query: bool
    """Whether it speaks AWS Query, not JSON."""
    maps: frozenset[str]
    """Those of them whose keys, or the keys of a map in them, are the caller's own words."""


class Dispatcher:
    """Answers requests out of one store, one trail and one clock. Thread-safe."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        store: KeyStore,
        trail: Trail,
        callers: Callers,
        identities: Identities,
    ) -> None:
        """Bind the operations to the service models, once."""
        self.settings = settings
        self._clock = clock
        self._store = store
        self._trail = trail
        self._callers = callers
        self.decision = Decision(identities)
        self.tokens = TokenService(callers, identities, self.decision.explanations)
        self.faults = Faults()
        self._endpoints = {
            f"{model.target_prefix}.{name}": _endpoint(model.name, name, described, own)
            for model, own in (
                (service_model.load("kms"), kms.OPERATIONS),
                (service_model.load("cloudtrail"), cloudtrail.OPERATIONS),
            )
            for name, described in model.operations.items()
        }

    @cached_property
    def _actions(self) -> Mapping[str, _Endpoint]:
        model = service_model.load("sts")
        return {
            name: _endpoint(model.name, name, described, sts.OPERATIONS) for name, described in model.operations.items()
        }

    def _action(self, form: Mapping[str, str] | None) -> _Endpoint | None:
        """The operation that a form of AWS Query calls, in the version that we speak."""
        if form is None or form.get("Version") != _codec().VERSION:
            return None
        return self._actions.get(form["Action"])

    def answer(self, request: Request) -> Response | Unfinished | Struck:
        """One request from its target to its answer, or to where its slow work begins. Never raises."""
        if not self.faults.active:
            return self._answer(request, None)
        plan = Plan()
        response = self._answer(request, plan)
        return response if plan.is_empty else Struck(response, plan)

    def _answer(self, request: Request, plan: Plan | None) -> Response | Unfinished:
        request_id = new_uuid()
        endpoint = self._endpoints.get(request.target)
        form: Mapping[str, str] | None = None
        if endpoint is None:
            form = _form(request)
            endpoint = self._action(form)
            if endpoint is None:
                return _unknown(form, request_id)
        call: Call | None = None
        try:
            # identify: who calls, and in which Region
            scope = read_credential_scope(request.authorization, request.query)
            call = self._call(endpoint, request, request_id, scope)
            if request.body is None:
                raise RequestEntityTooLargeException(f"The request body is larger than {self.settings.max_body} bytes.")
            operation = endpoint.operation
            if operation is None:
                raise UnsupportedOperationException(f"Keytrail does not support the operation {endpoint.name} yet.")
            # decode, validate
            shape = endpoint.model.input
            members = call.members = (
                json11.decode_body(shape, request.body) if form is None else _codec().decode(shape, form)
            )
            if operation.modelled:
                validate(endpoint.model.input, members)
            if operation.rules is not None:
                operation.rules(members)
            # throttle, fault: whether the caller has asked too much, and what shall go wrong
            if plan is not None:
                self.faults.strike(plan, endpoint.source.partition(".")[0], call)
            # settle: what is due by now happens before anything is looked at
            self.settle(call.now)
            tokens = members.get("GrantTokens")
            if tokens:
                self._require_grants(tokens, call.region)  # type: ignore[arg-type]
            # resolve, authorize, admit, and the operation itself
            words = {operation.parameters[n]: v for n, v in members.items() if n in operation.parameters}
            reply: Reply | Later | None
            if operation.key is None:
                self.decision.authorize_operation(call, endpoint.source.partition(".")[0])
                reply = operation.function(call, **words)
            else:
                key = call.resolve(str(members[operation.key]), aliases=operation.aliases)
                call.admit(key)
                reply = operation.function(call, key, **words)
            if isinstance(reply, Later):
                return Unfinished(partial(self._finish_later, endpoint, call, request, reply))
            return self._finish(endpoint, call, request, reply)
        except Exception as error:
            return self._refused(endpoint, call, request, request_id, error)

    def _finish_later(self, endpoint: _Endpoint, call: Call, request: Request, later: Later) -> Response:
        try:
            return self._finish(endpoint, call, request, later.work())
        except Exception as error:
            return self._refused(endpoint, call, request, call.request_id, error)

    def _finish(self, endpoint: _Endpoint, call: Call, request: Request, reply: Reply | None) -> Response:
        """The path's end: dry run, encode, record."""
        if call.dry_run:
            raise DryRunOperationException("The request would have succeeded, but the DryRun option is set.")
        body = (
            json11.encode_body(endpoint.model.output, reply)
            if not endpoint.query
            else _codec().encode(endpoint.name, endpoint.model.output, reply, call.request_id)
        )
        # record: the event and the last usage together
        self._record_success(endpoint, call, request, reply)
        return Response(200, body, call.request_id, endpoint.query)

    def _refused(
        self, endpoint: _Endpoint, call: Call | None, request: Request, request_id: str, error: Exception
    ) -> Response:
        """The path's other end."""
        if isinstance(error, AwsError):
            # unverified: that CloudTrail tells nothing of what is throttled; it says so of "some" failures
            if call is not None and not isinstance(error, ThrottlingException):
                self._record_refusal(endpoint, call, request, error)
            return _refuse(error, request_id, query=endpoint.query)
        if isinstance(error, Dropped):
            return Response(0, b"", request_id)  # nobody will see it
        # A bug of ours; the client gets an answer that it knows how to retry, the log the traceback.
        _log.error("request %s (%s) failed", request_id, request.target, exc_info=error)
        failed = KMSInternalException("Keytrail failed; its log has the traceback.")
        return _refuse(failed, request_id, query=endpoint.query)

    def settle(self, now: datetime) -> None:
        """Let everything happen that is due by now."""
        self._store.settle(now, self._happened)

    def _happened(self, occurrences: Iterable[Occurrence]) -> None:
        """Write the events that KMS writes by itself."""
        self._trail.record([service_event(occurrence) for occurrence in occurrences])
        for occurrence in occurrences:
            if isinstance(occurrence, Deleted):
                self._trail.forget(occurrence.key.arn)

    def _require_grants(self, tokens: Iterable[str], region: str) -> None:
        """Raise InvalidGrantTokenException unless each token is a grant's."""
        if any(self._store.grants.by_token(token, region) is None for token in tokens):
            raise InvalidGrantTokenException

    def _call(self, endpoint: _Endpoint, request: Request, request_id: str, scope: CredentialScope) -> Call:
        operation = endpoint.operation
        region, now = scope.region or self.settings.region, self._clock.now()
        call = Call(
            operation=endpoint.name,
            principal=self._callers.identify(scope, request, region, endpoint.service, now, moved=self._clock.moved),
            region=region,
            now=now,
            request_id=request_id,
            store=self._store,
            trail=self._trail,
            settings=self.settings,
            authorizer=self.decision,
            tokens=self.tokens,
            source_ip=request.source_ip,
            user_agent=request.user_agent,
            defaults=operation.defaults if operation is not None else {},
        )
        if operation is not None:
            call.cross_account, call.states, call.usage = (
                operation.cross_account,
                operation.states,
                operation.usage,
            )
            if self._store.view is not self._store:
                call.read_only = operation.read_only
        return call

    def _record_success(self, endpoint: _Endpoint, call: Call, request: Request, reply: Reply | None) -> None:
        operation = endpoint.operation
        assert operation is not None
        elements: Mapping[str, object] | None = None
        if operation.logged_reply == "key":
            elements = {"KeyId": call.used[0].arn} if call.used else None
        elif operation.logged_reply == "reply":
            elements = reply
        if call.elements is not None:
            elements = call.elements
        events = self._events(endpoint, call, request, elements, None)
        uses: tuple[tuple[str, Use], ...] = ()
        if operation.tracked and call.now >= self.settings.tracking_start:
            ids = {event.recipient: event.event_id for event in events}
            uses = tuple(
                (key.arn, Use(call.operation, call.now, ids[key.account], call.request_id)) for key in call.used
            )
        self._trail.record((*events, *call.companions), uses)

    def _record_refusal(self, endpoint: _Endpoint, call: Call, request: Request, error: AwsError) -> None:
        self._trail.record(self._events(endpoint, call, request, None, error))

    def _events(
        self,
        endpoint: _Endpoint,
        call: Call,
        request: Request,
        elements: Mapping[str, object] | None,
        error: AwsError | None,
    ) -> list[Event]:
        """The call's event: one copy for the caller's account, one for each other owner of a key in it."""
        operation = endpoint.operation
        resources = _resources(call, endpoint, error)
        kept = error is None or isinstance(error, DryRunOperationException)
        mine = Event(
            new_event_id(),
            call.request_id,
            call.now,
            endpoint.name,
            call.region,
            call.principal,
            call.account,
            operation is not None and operation.read_only,
            _logged(endpoint, call, request, succeeded=error is None),
            elements,
            (call.additional if kept else _external_key(call, operation)) or None,
            resources,
            error.trail_code if error is not None else None,
            error.message[:_LOGGED_TEXT] if error is not None and error.message is not None else None,
            None,
            request.source_ip,
            request.user_agent[:_LOGGED_TEXT],
            None,
            endpoint.source,
        )
        owners = {account for account, _ in resources} - {call.account} if resources else None
        if not owners or isinstance(error, AccessDeniedException):
            return [mine]
        shared = new_event_id()
        copies = [
            mine._replace(
                event_id=new_event_id(),
                recipient=owner,
                resources=tuple(entry for entry in resources or () if entry[0] == owner),
                shared_event_id=shared,
            )
            for owner in sorted(owners)
        ]
        return [mine._replace(shared_event_id=shared), *copies]


def _endpoint(service: str, name: str, model: OperationModel, own: Mapping[str, Operation]) -> _Endpoint:
    loggable = {
        member: shape
        for member, shape in model.input.members.items()
        if not shape.is_secret and member not in ("GrantTokens", "Recipient", "TokenCode")
    }
    maps = frozenset(
        member
        for member, shape in loggable.items()
        if shape.type == "map" or any(inner.type == "map" for inner in shape.members.values())
    )
    source, query = f"{service}.amazonaws.com", service == "sts"
    return _Endpoint(name, service, source, model, own.get(name), tuple(loggable), query, maps)


def _external_key(call: Call, operation: Operation | None) -> dict[str, object] | None:
    """What the event of a failed cryptographic operation keeps: the external key behind its key, and nothing else."""
    if operation is None or not operation.tracked:
        return None
    key = next((key for key in call.used if key.xks_key_id is not None), None)
    return {"customKeyStoreId": key.custom_key_store_id, "xksKeyId": key.xks_key_id} if key is not None else None


def _resources(call: Call, endpoint: _Endpoint, error: AwsError | None) -> tuple[tuple[str, str], ...] | None:
    if call.resources is not None:
        return tuple(call.resources)
    if call.used:
        return tuple([(key.account, key.arn) for key in call.used])
    # A list that names no key has an empty list here; a call that found none, or is about key stores, has none at all.
    listed = error is None and endpoint.source == _KMS and "CustomKeyStore" not in endpoint.name
    return () if listed else None


def _logged(endpoint: _Endpoint, call: Call, request: Request, *, succeeded: bool) -> dict[str, object] | None:
    operation = endpoint.operation
    if operation is None:
        return None
    if not operation.logged_request:
        return dict(call.logged) or None
    size = len(request.body or b"")
    if size > (_LOGGED_REQUEST if succeeded else _LOGGED_REFUSAL):
        return {"Omitted": True, "OriginalSize": size, "Reason": "requestParameters too large"}
    members = call.members
    shown = {name: members[name] for name in endpoint.logged if name in members}
    for name in endpoint.maps:
        if name in shown:
            shown[name] = _in_own_words(endpoint.model.input.members[name], shown[name])
    if operation.logged_defaults or call.logged:
        shown = {**{name: operation.defaults[name] for name in operation.logged_defaults}, **call.logged, **shown}
    return shown or None


def _in_own_words(shape: Shape, value: object) -> object:
    """The value with every map in it as it was sent."""
    if not isinstance(value, Mapping):
        return value
    if shape.type == "map":
        return AsSent(value)
    return {name: _in_own_words(shape.members[name], inner) for name, inner in value.items() if name in shape.members}


def _codec() -> ModuleType:
    """AWS Query, which few servers are ever spoken to in."""
    from keytrail.wire import aws_query

    return aws_query


def _form(request: Request) -> Mapping[str, str] | None:
    """The fields of a request that speaks AWS Query."""
    sent = request.sent()
    if sent.path not in ("/", "") or sent.method not in ("GET", "POST"):
        return None
    body = request.body if sent.method == "POST" else None
    kind = next((value for name, value in sent.headers if name.lower() == "content-type"), "")
    form: Mapping[str, str] | None = _codec().read_form(request.query, body, kind)
    return form


def _unknown(form: Mapping[str, str] | None, request_id: str) -> Response:
    if form is None:
        return _refuse(UnknownOperationException(), request_id)
    version = form.get("Version") or "NO_VERSION_SPECIFIED"
    error = UnknownOperationException(f"Could not find operation {form['Action']} for version {version}")
    return _refuse(error, request_id, query=True)


def _refuse(error: AwsError, request_id: str, *, query: bool = False) -> Response:
    if query:
        status, body = _codec().encode_error(error, request_id)
        return Response(status, body, request_id, xml=True)
    return Response(error.status, json11.encode_error(error.code, error.message_member, error.message), request_id)
