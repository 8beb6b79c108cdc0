"""Endpoint: an operation as a service model describes it, beside our own."""

from collections.abc import Mapping
from dataclasses import dataclass

from keytrail.operation import Operation
from keytrail.wire.service_model import OperationModel, ServiceModel


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An operation of a service model, and our operation of that name if there is one."""

    name: str
    service: str
    """Whose operation it is, as a credential scope says it."""
    source: str
    """CloudTrail's eventSource."""
    model: OperationModel
    operation: Operation | None
    read_only: bool
    """CloudTrail's readOnly."""
    logged: tuple[str, ...]
    """Members of the request that may stand in a log."""
    query: bool
    """Whether it speaks AWS Query, not JSON."""
    maps: frozenset[str]
    """Those of them whose keys, or the keys of a map in them, are the caller's own words."""


def endpoints(model: ServiceModel, own: Mapping[str, Operation]) -> dict[str, Endpoint]:
    """The operations of a service by their names, ours or not."""
    return {name: _endpoint(model.name, name, described, own) for name, described in model.operations.items()}


def _endpoint(service: str, name: str, model: OperationModel, own: Mapping[str, Operation]) -> Endpoint:
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
    operation = own.get(name)
    read_only = operation is not None and operation.read_only
    return Endpoint(name, service, source, model, operation, read_only, tuple(loggable), query, maps)
