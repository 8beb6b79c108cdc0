"""The path of one request: from the Request that the front read to the Response that it sends."""

from keytrail.dispatch.forwarded import Forwarded, carry_out, request_of_service
from keytrail.dispatch.path import Dispatcher

__all__ = ["Dispatcher", "Forwarded", "carry_out", "request_of_service"]
