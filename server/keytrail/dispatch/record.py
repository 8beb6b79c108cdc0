"""What the trail records of a call: its events, and the uses of its keys.

Source: CloudTrail User Guide, "CloudTrail record contents"; KMS Developer Guide, "CloudTrail log entries".
"""

from collections.abc import Mapping, Sequence

from keytrail.call import Call, Reply
from keytrail.errors import AccessDeniedException, AwsError, DryRunOperationException, NotFoundException
from keytrail.messages import Request
from keytrail.operation import Operation
from keytrail.trail import Event, Use, Verbatim, copied_event_id, new_event_id
from keytrail.wire.service_model import Shape

_LOGGED_REQUEST, _LOGGED_TEXT = 100 * 1024, 1024
"""CloudTrail cuts requestParameters at 100 KB, errorMessage and userAgent at 1 KB."""

_LOGGED_REFUSAL = 10 * 1024
"""Size of a body above which the event of a refused call has no members: anybody can send such calls."""


def success(
    operation: Operation, call: Call, request: Request, reply: Reply | None
) -> tuple[list[Event], Sequence[tuple[str, Use]]]:
    """The events of a call that succeeded, and its uses, each with the ARN of its key."""
    response_elements: Mapping[str, object] | None = None
    if operation.logged_reply == "key":
        response_elements = {"KeyId": call.keys[0].arn} if call.keys else None
    elif operation.logged_reply == "reply" and reply is not None and operation.model.output is not None:
        members = operation.model.output.members
        response_elements = {name: _in_model_order(members[name], reply[name]) for name in members if name in reply}
    if call.response_elements is not None:
        response_elements = call.response_elements
    events = _events(operation, call, request, response_elements, None)
    uses: Sequence[tuple[str, Use]] = ()
    if operation.tracked and call.now >= call.settings.tracking_start:
        ids = {event.recipient: event.event_id for event in events}
        uses = [(key.arn, Use(call.operation, call.now, ids[key.account], call.request_id)) for key in call.keys]
    return [*events, *call.further_events], uses


def refusal(operation: Operation, call: Call, request: Request, error: AwsError) -> list[Event]:
    """The events of a call that was refused."""
    return _events(operation, call, request, None, error)


def _events(
    operation: Operation,
    call: Call,
    request: Request,
    response_elements: Mapping[str, object] | None,
    error: AwsError | None,
) -> list[Event]:
    """The call's event: a copy for the caller's account, and one for each other account that owns a key in it.

    Each copy lists all the keys, as recorded of ReEncrypt (radkawar/stackd, ebs/volume_data_audit_context.json).
    """
    shown = error is None or not _hides_request(call, error)
    resources = _resources(call) if shown else None
    invoked_by = call.via.invoked_by if call.via is not None else None
    carried_out = error is None or isinstance(error, DryRunOperationException)
    error_code, error_message = _shown_error(operation, error)
    own = Event(
        event_id=new_event_id(),
        request_id=call.request_id,
        time=call.now,
        name=operation.name,
        region=call.region,
        principal=call.principal,
        recipient=call.account,
        read_only=operation.read_only,
        request_parameters=_request_parameters(operation, call, request, succeeded=error is None) if shown else None,
        response_elements=response_elements,
        additional=(call.additional_event_data if carried_out else _external_key(call, operation)) or None,
        resources=resources,
        error_code=error_code,
        error_message=error_message[:_LOGGED_TEXT] if error_message is not None else None,
        source_ip=invoked_by or call.source_ip,
        user_agent=invoked_by or call.user_agent[:_LOGGED_TEXT],
        invoked_by=invoked_by,
        source=operation.source,
    )
    owners = {account for account, _ in resources if account != own.recipient} if resources else set()
    if not owners and call.principal.kind != "service":
        return [own]
    shared = own.event_id
    return [
        own._replace(event_id=copied_event_id(shared, recipient), recipient=recipient, shared_event_id=shared)
        for recipient in (own.recipient, *sorted(owners))
    ]


def _shown_error(operation: Operation, error: AwsError | None) -> tuple[str | None, str | None]:
    """The errorCode and errorMessage; both None for a call that succeeded."""
    if error is None:
        return None, None
    if operation.service == "ec2":
        from keytrail.wire import ec2_query  # imported late, as by the protocol

        return ec2_query.trail_error(error)
    return error.trail_code, error.message


def _hides_request(call: Call, error: AwsError) -> bool:
    """Whether the event of a refused call has neither requestParameters nor resources.

    Source: records of denied calls and of aliases that do not exist (radkawar/stackd,
    ebs/volume_data_audit_context.json and cloudtrail/service_management_events.json, 2026-09).
    """
    return isinstance(error, AccessDeniedException) or (isinstance(error, NotFoundException) and not call.keys)


def _external_key(call: Call, operation: Operation) -> dict[str, object] | None:
    """The additionalEventData of a failed cryptographic operation: only the external key behind its key."""
    if not operation.tracked:
        return None
    key = next((key for key in call.keys if key.xks_key_id is not None), None)
    return {"customKeyStoreId": key.custom_key_store_id, "xksKeyId": key.xks_key_id} if key is not None else None


def _resources(call: Call) -> tuple[tuple[str, str], ...] | None:
    """The resources of the record: a call that is about none has no such member.

    unverified: for GenerateRandom, ListKeys and ListRetirableGrants; AWS's docs show `[]` in samples of 2014 only, also
    for ListAliases, of which a record of 2025 has no such member.
    """
    if call.resources is not None:
        return tuple(call.resources) or None
    return tuple([(key.account, key.arn) for key in call.keys]) or None


def _in_model_order(shape: Shape, value: object) -> object:
    """A reply with its members in the order of the service model, which is CloudTrail's."""
    if not isinstance(value, Mapping) or shape.type != "structure":
        return value
    return {name: _in_model_order(inner, value[name]) for name, inner in shape.members.items() if name in value}


def _request_parameters(
    operation: Operation, call: Call, request: Request, *, succeeded: bool
) -> dict[str, object] | None:
    if not operation.logged_request:
        return dict(call.further_parameters) or None
    size = len(request.body or b"")
    if size > (_LOGGED_REQUEST if succeeded else _LOGGED_REFUSAL):
        return {"Omitted": True, "OriginalSize": size, "Reason": "requestParameters too large"}
    members = call.members
    shown = {name: members[name] for name in operation.logged if name in members}
    for name in operation.maps:
        if name in shown:
            shown[name] = _verbatim_maps(operation.model.input.members[name], shown[name])
    if operation.logged_defaults or call.further_parameters:
        shown = {
            **{name: operation.defaults[name] for name in operation.logged_defaults},
            **call.further_parameters,
            **shown,
        }
    return shown or None


def _verbatim_maps(shape: Shape, value: object) -> object:
    """The value with every map in it as it was sent."""
    if not isinstance(value, Mapping):
        return value
    if shape.type == "map":
        return Verbatim(value)
    return {name: _verbatim_maps(shape.members[name], inner) for name, inner in value.items() if name in shape.members}
