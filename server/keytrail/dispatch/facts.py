"""What a log says of a call."""

from keytrail.call import Call
from keytrail.dispatch.ec2_query import Ec2Query
from keytrail.dispatch.protocol import AwsQuery, Protocol
from keytrail.errors import AwsError
from keytrail.messages import Facts, Request
from keytrail.operation import Operation


def facts_of(operation: Operation, call: Call | None, error: AwsError | None = None) -> Facts:
    """The facts of a call; it is None if the caller was not known yet."""
    account, region = (call.account, call.region) if call is not None else ("", "")
    return Facts(operation.service, operation.name, account, region, *_error(error))


def facts_of_unknown(protocol: Protocol, request: Request, service: str | None, error: AwsError) -> Facts:
    """The facts of a request that names no operation of a service here; `service` is that of its credential scope."""
    target = request.header(b"x-amz-target")
    if isinstance(protocol, (AwsQuery, Ec2Query)):
        name = protocol.action[0]
    elif service is not None and target:
        name = target.rpartition(".")[2]
    else:
        name = target or f"{request.method} {request.path or '/'}"
    return Facts(service or "", name, "", "", *_error(error))


def _error(error: AwsError | None) -> tuple[str, str]:
    return (error.code, error.message or "") if error is not None else ("", "")
