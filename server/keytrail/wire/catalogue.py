"""What the service models let a fault rule say: services, operations, errors."""

from collections.abc import Collection, Iterable

from keytrail.wire import service_model

SERVICES = ("kms", "cloudtrail", "sts")

COMMON_ERRORS = ("AccessDeniedException", "InternalFailure", "ServiceUnavailable", "ThrottlingException")
"""Errors of every operation, which no model declares (AWS's "Common Errors")."""


def faultable(service: str, operations: Collection[str], error: str | None) -> frozenset[str]:
    """The operations that a rule is about: those named, or all of the service, that can answer with the error.

    Raises ValueError, with the member's name first, for what the service's model does not have.
    """
    if service not in SERVICES:
        raise ValueError(f"Service: expected one of {', '.join(SERVICES)}, got {service!r}")
    model = service_model.load(service).operations
    for name in operations:
        if name not in model:
            raise ValueError(f"Operations: {service} has no operation {name}; {_near(name, model)}")
    if error is None:
        return frozenset(operations or model)
    able = frozenset(name for name in operations or model if error in (*model[name].errors, *COMMON_ERRORS))
    unable = sorted(set(operations) - able)
    if unable or not able:
        where = unable[0] if unable else service
        declared = model[where].errors if unable else {code for each in model.values() for code in each.errors}
        raise ValueError(f"Error: {where} does not answer {error}; {_near(error, {*declared, *COMMON_ERRORS})}")
    return able


def _near(name: str, known: Iterable[str]) -> str:
    import difflib  # only for a mistake: every start would wait for it

    known = sorted(known)
    near = difflib.get_close_matches(name, known, 1, 0.6)
    return f"did you mean {near[0]}?" if near else f"choose from {', '.join(known)}"
