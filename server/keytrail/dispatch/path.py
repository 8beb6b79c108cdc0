"""THE PATH OF ONE REQUEST.

`Dispatcher.answer` is that path, in order. What is learnt about AWS's order changes a line there.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property, partial

from keytrail.authentication.callers import Callers
from keytrail.authentication.credential_scope import CredentialScope, read_credential_scope
from keytrail.authentication.source import source_of
from keytrail.authorization.decision import Decision
from keytrail.authorization.identities import Identities
from keytrail.authorization.token_service import TokenService
from keytrail.call import Call, Later, Reply
from keytrail.clock import Clock
from keytrail.crypto.keygen import new_uuid
from keytrail.dispatch import record
from keytrail.dispatch.endpoint import Endpoint, endpoints
from keytrail.dispatch.messages import Request, Response, Struck, Unfinished
from keytrail.dispatch.protocol import query_answer, query_codec, read_form, refuse, unknown
from keytrail.domain.service_event import Deleted, ServiceEvent
from keytrail.errors import (
    AwsError,
    DryRunOperationException,
    InvalidGrantTokenException,
    KMSInternalException,
    RequestEntityTooLargeException,
    ThrottlingException,
    UnsupportedOperationException,
)
from keytrail.faults import Dropped, Faults, Plan
from keytrail.operations import cloudtrail, kms, sts
from keytrail.settings import Settings
from keytrail.store import Store
from keytrail.trail import Trail, event_of_service_event
from keytrail.wire import json11, service_model
from keytrail.wire.validation import validate

_log = logging.getLogger("keytrail")


class Dispatcher:
    """Answers requests out of one store, one trail and one clock. Thread-safe."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        store: Store,
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
        # Most SDKs leave the namespace out of the target, botocore and Java's do not: CloudTrail hears both.
        self._endpoints = {
            f"{prefix}.{name}": endpoint
            for model, own in (
                (service_model.load("kms"), kms.OPERATIONS),
                (service_model.load("cloudtrail"), cloudtrail.OPERATIONS),
            )
            for name, endpoint in endpoints(model, own).items()
            for prefix in _prefixes(model.target_prefix or "")
        }

    @cached_property
    def _actions(self) -> Mapping[str, Endpoint]:
        return endpoints(service_model.load("sts"), sts.OPERATIONS)

    def _action(self, form: Mapping[str, str] | None) -> Endpoint | None:
        """The operation that a form of AWS Query calls, in the version that we speak."""
        if form is None or form.get("Version") != query_codec().VERSION:
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
            form = read_form(request)
            endpoint = self._action(form)
            if endpoint is None:
                return unknown(request, form, request_id)
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
                json11.decode_body(shape, request.body) if form is None else query_codec().decode(shape, form)
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

    def _finish_later(self, endpoint: Endpoint, call: Call, request: Request, later: Later) -> Response:
        try:
            return self._finish(endpoint, call, request, later.work())
        except Exception as error:
            return self._refused(endpoint, call, request, call.request_id, error)

    def _finish(self, endpoint: Endpoint, call: Call, request: Request, reply: Reply | None) -> Response:
        """The path's end: dry run, encode, record."""
        if call.dry_run:
            raise DryRunOperationException("The request would have succeeded, but the DryRun option is set.")
        response = (
            Response(200, json11.encode_body(endpoint.model.output, reply), call.request_id)
            if not endpoint.query
            else query_answer(endpoint, request, reply, call.request_id)
        )
        # record: the event and the last usage together; a call that cannot be recorded has failed
        self._trail.record(*record.success(endpoint, call, request, reply))
        return response

    def _refused(
        self, endpoint: Endpoint, call: Call | None, request: Request, request_id: str, error: Exception
    ) -> Response:
        """The path's other end."""
        # unverified: that CloudTrail tells nothing of what is throttled; it says so of "some" failures
        if isinstance(error, AwsError) and call is not None and not isinstance(error, ThrottlingException):
            try:
                self._trail.record(record.refusal(endpoint, call, request, error))
            except Exception as bug:
                error = bug
        if isinstance(error, AwsError):
            return refuse(error, request_id, query=request if endpoint.query else None)
        if isinstance(error, Dropped):
            return Response(0, b"", request_id)  # nobody will see it
        # A bug of ours; the client gets an answer that it knows how to retry, the log the traceback.
        _log.error("request %s (%s) failed", request_id, request.target, exc_info=error)
        failed = KMSInternalException("Keytrail failed; its log has the traceback.")
        return refuse(failed, request_id, query=request if endpoint.query else None)

    def settle(self, now: datetime) -> None:
        """Let everything happen that is due by now."""
        self._store.settle(now, self._happened)

    def _happened(self, service_events: Iterable[ServiceEvent]) -> None:
        """Write the events that KMS writes by itself."""
        self._trail.record([event_of_service_event(happened) for happened in service_events])
        for happened in service_events:
            if isinstance(happened, Deleted):
                self._trail.forget(happened.key.arn)

    def _require_grants(self, tokens: Iterable[str], region: str) -> None:
        """Raise InvalidGrantTokenException unless each token is a grant's."""
        if any(self._store.grants.by_token(token, region) is None for token in tokens):
            raise InvalidGrantTokenException

    def _call(self, endpoint: Endpoint, request: Request, request_id: str, scope: CredentialScope) -> Call:
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
        if call.principal.kind == "service":
            call.source_arn, call.source_account = source_of(request)
        if operation is not None:
            call.cross_account, call.states, call.usage = (
                operation.cross_account,
                operation.states,
                operation.usage,
            )
            if self._store.view is not self._store:
                call.read_only = endpoint.read_only
        return call


def _prefixes(prefix: str) -> tuple[str, ...]:
    return prefix, prefix.rpartition(".")[2]
