"""The path of one request: from what the front has read to what it sends."""

from keytrail.dispatch.path import Dispatcher

__all__ = ["Dispatcher"]
