"""The path of one request: from the Request that the front read to the Response that it sends."""

from keytrail.dispatch.forwarded import Forwarded
from keytrail.dispatch.path import Dispatcher

__all__ = ["Dispatcher", "Forwarded"]
