"""The path of one request: from what the front end hands over to what it sends."""

from keytrail.dispatch.messages import Request, Response, Struck, Unfinished
from keytrail.dispatch.path import Dispatcher

__all__ = ["Dispatcher", "Request", "Response", "Struck", "Unfinished"]
