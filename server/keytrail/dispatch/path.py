"""THE PATH OF ONE REQUEST.

`Dispatcher.answer` is that path, in AWS's order of checks. To change the order, move a line there.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial

from keytrail.authentication.callers import Callers
from keytrail.authentication.credential_scope import read_credential_scope
from keytrail.authentication.source import NO_SOURCE, source_of
from keytrail.authorization.authorizer import Authorizer
from keytrail.call import Call, Refused
from keytrail.clock import Clock
from keytrail.crypto.randomness import new_uuid
from keytrail.dispatch import other_services, record
from keytrail.dispatch.custom_tags import take_custom_tags
from keytrail.dispatch.facts import facts_of, facts_of_unknown
from keytrail.dispatch.forwarded import Forwarded, carry_out, refusal_in, request_of_service
from keytrail.dispatch.protocol import Protocol, Protocols
from keytrail.domain.forwarding_service import ForwardingService
from keytrail.domain.service_event import Deleted, ServiceEvent
from keytrail.errors import (
    AwsError,
    DryRunOperationException,
    InvalidGrantTokenException,
    KMSInternalException,
    RequestEntityTooLargeException,
    ThrottlingException,
)
from keytrail.faults import Faults
from keytrail.messages import UNDISTURBED, Delivery, Later, Request, Response
from keytrail.operation import Answer, Operation
from keytrail.operations import SERVICES
from keytrail.operations.kms.recipients import read_recipient
from keytrail.plain_values import encode_json
from keytrail.service_errors import InternalServiceException
from keytrail.settings import Settings
from keytrail.store import Store
from keytrail.trail import Trail, event_of_service_event

_log = logging.getLogger("keytrail")


class Dispatcher:
    """Answers the requests to one endpoint. Thread-safe."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        store: Store,
        trail: Trail,
        callers: Callers,
        authorizer: Authorizer,
        faults: Faults,
    ) -> None:
        """Answer for every service, with these parts of an endpoint."""
        self.settings = settings
        self._clock = clock
        self._store = store
        self._trail = trail
        self._callers = callers
        self._authorizer = authorizer
        self._faults = faults
        self._protocols = Protocols(SERVICES.values())
        self.tells_facts = False
        """Whether responses have their facts, for a log."""

    def answer(self, request: Request, forwarded: Forwarded | None = None) -> Response | Later[Response]:
        """The answer to one request; a `Later` if its operation is slow. Never raises.

        `forwarded`: whose request it is, if a service makes it on behalf of a caller.
        """
        request_id = new_uuid()
        protocol, operation = self._protocols.find(request)
        if operation is None:
            return self._refuse_unknown(protocol, request, request_id)
        call: Call | None = None
        delivery = UNDISTURBED
        try:
            # What the request says is a document of its protocol.
            document = protocol.parse(request)
            # Who calls, in which Region, and when.
            call = self._identify(operation, request, request_id, forwarded)
            # The members of the document, and whether they are valid.
            if request.body is None:
                raise RequestEntityTooLargeException(f"The request body is larger than {self.settings.max_body} bytes.")
            call.members = protocol.read(operation, document)
            if self.settings.compat and operation.name == "CreateKey":
                call.members, call.custom = take_custom_tags(call.members, self.settings.compat)
            operation.check(call.members)
            call.attestation = read_recipient(call.members)
            # Whatever is due happens before any key is looked up.
            self.settle(call.now)
            # Request quotas and fault rules.
            if self._faults.active:
                fault = self._faults.strike(operation, call)
                delivery = fault.delivery
                if fault.drops_before:
                    response = Response(0, b"", request_id, delivery=delivery)
                    return response._replace(facts=facts_of(operation, call)) if self.tells_facts else response
                if fault.error is not None:
                    call.keys += fault.keys
                    raise fault.error
            self._require_known_grant_tokens(call)
            # Find the keys, authorize the caller, admit the keys, and carry the operation out.
            answer = operation.run(call)
        except Exception as error:
            return self._refuse(protocol, operation, call, request, request_id, error)._replace(delivery=delivery)
        if isinstance(answer, Later):
            return Later(partial(self._finish, protocol, operation, call, request, answer, delivery))
        return self._finish(protocol, operation, call, request, answer, delivery)

    def _finish(
        self,
        protocol: Protocol,
        operation: Operation,
        call: Call,
        request: Request,
        answer: Answer,
        delivery: Delivery,
    ) -> Response:
        """The end of the path: finish the operation, end a dry run, encode the answer, and record the call."""
        try:
            reply = answer.work() if isinstance(answer, Later) else answer
            if call.dry_run:
                raise DryRunOperationException("The request would have succeeded, but the DryRun option is set.")
            response = protocol.write(operation, reply, call.request_id)
            self._trail.record(*record.success(operation, call, request, reply))
            if self.tells_facts:
                response = response._replace(facts=facts_of(operation, call))
        except Exception as error:
            response = self._refuse(protocol, operation, call, request, call.request_id, error)
        return response if delivery is UNDISTURBED else response._replace(delivery=delivery)

    def _refuse(
        self,
        protocol: Protocol,
        operation: Operation,
        call: Call | None,
        request: Request,
        request_id: str,
        error: Exception,
    ) -> Response:
        """The other end of the path: the answer of a refused call, which is recorded if the caller is known."""
        # unverified: that CloudTrail tells nothing of what is throttled; AWS's docs say so of "some" failures, and no
        # record of KMS with ThrottlingException was found
        if isinstance(error, AwsError) and call is not None and not isinstance(error, ThrottlingException):
            try:
                self._trail.record(record.refusal(operation, call, request, error))
            except Exception as bug:  # an event that cannot be written is a bug, and is answered as one
                error = bug
        if isinstance(error, AwsError):
            response = protocol.refuse(error, request_id)
            return response._replace(facts=facts_of(operation, call, error)) if self.tells_facts else response
        # A bug of ours: the client gets an error that SDKs retry, the log gets the traceback.
        _log.error("request %s (%s) failed", request_id, operation.name, exc_info=error)
        account, words = call.account if call is not None else "", " ".join(str(error).split())[:200]
        self._trail.note_missing(operation.name, account, f"request {request_id}, {type(error).__name__}: {words}")
        internal = KMSInternalException("Keytrail failed; its log has the traceback.")
        response = protocol.refuse(internal, request_id)
        return response._replace(facts=facts_of(operation, call, internal)) if self.tells_facts else response

    def refuse(self, request: Request, error: Exception) -> Response:
        """An error instead of the answer of a call that has been recorded: it could not be written to disk."""
        protocol, _ = self._protocols.find(request)
        assert isinstance(error, AwsError)
        return protocol.refuse(error, new_uuid())

    def _refuse_unknown(self, protocol: Protocol, request: Request, request_id: str) -> Response:
        """The answer to a request that names no operation, or one of a service that is not here."""
        service = other_services.service_of(request)
        if service is not None and service not in SERVICES:
            error: AwsError = other_services.not_here(service)
            response = other_services.refuse(request, service, error, request_id)
        else:
            error = protocol.unknown_operation()
            response = protocol.refuse(error, request_id)
        if self.tells_facts:
            response = response._replace(facts=facts_of_unknown(protocol, request, service, error))
        return response

    def _identify(self, operation: Operation, request: Request, request_id: str, forwarded: Forwarded | None) -> Call:
        """Make the Call of a request: who sent it, to which Region, at which moment.

        Raises the errors of authentication.
        """
        now = self._clock.now()
        if forwarded is None:
            scope = read_credential_scope(request.authorization, request.query)
            region, moved = scope.region or self.settings.region, self._clock.moved
            principal = self._callers.identify(scope, request, region, operation.service, now, clock_moved=moved)
        else:
            region = forwarded.region
            principal = forwarded.principal or self._callers.lend(forwarded.access_key_id, region, now)
        source = source_of(request) if principal.kind == "service" else NO_SOURCE
        return Call(
            operation=operation.name,
            principal=principal,
            region=region,
            now=now,
            request_id=request_id,
            store=self._store,
            trail=self._trail,
            settings=self.settings,
            authorizer=self._authorizer,
            callers=self._callers,
            forward=self._forward,
            source_ip=request.source_ip,
            user_agent=request.user_agent,
            source_arn=source.arn,
            source_account=source.account,
            via=forwarded.service if forwarded is not None else None,
            defaults=operation.defaults,
            cross_account=operation.cross_account,
            read_only=operation.read_only,
            states=operation.states,
            usage=operation.usage,
        )

    def _forward(
        self, call: Call, service: ForwardingService, operation: str, members: Mapping[str, object]
    ) -> Refused | None:
        """Make a call of KMS, on behalf of a call's caller, by a service; gives None for a success. It may wait."""
        request = request_of_service(service, operation, encode_json(members))
        try:
            response = carry_out(self.answer(request, Forwarded(service, call.region, call.principal)))
        except ConnectionError:  # unverified: what the caller is told; AWS has no fault rules
            return Refused(500, InternalServiceException.__name__, None)
        return refusal_in(response)

    def settle(self, now: datetime) -> None:
        """Make every change that is due by `now`."""
        self._store.settle(now, self._record_service_events)

    def _record_service_events(self, service_events: Iterable[ServiceEvent]) -> None:
        """Record what KMS did by itself, and forget the uses of deleted keys."""
        self._trail.record([event_of_service_event(event) for event in service_events])
        for event in service_events:
            if isinstance(event, Deleted):
                self._trail.forget(event.key.arn)

    def _require_known_grant_tokens(self, call: Call) -> None:
        """Raise InvalidGrantTokenException unless each grant token of the request is a grant's."""
        tokens = call.members.get("GrantTokens")
        if isinstance(tokens, list) and any(
            self._store.grants.by_token(token, call.region) is None for token in tokens
        ):
            raise InvalidGrantTokenException
