"""What goes between the front end and the dispatcher."""

from collections.abc import Callable
from typing import NamedTuple

from keytrail.authentication.canonical_request import Sent
from keytrail.faults import Plan


class Request(NamedTuple):
    """What the front end hands over of an HTTP request."""

    target: str
    """The X-Amz-Target."""
    body: bytes | None
    """None: it was too large to be read."""
    authorization: str
    query: str
    source_ip: str
    user_agent: str
    sent: Callable[[], Sent]
    """What a signature asks for beside these; it costs something."""


class Response(NamedTuple):
    """What the front end sends."""

    status: int
    body: bytes
    request_id: str
    xml: bool = False
    plain_json: bool = False
    """Whether it is JSON to a request of AWS Query, whose headers are not those of AWS JSON."""


class Unfinished(NamedTuple):
    """A request whose operation is slow: what is left of the path gives the response. To be called in a thread."""

    finish: Callable[[], Response]


class Struck(NamedTuple):
    """What a fault makes of an answer: it goes out late, in part, or not at all."""

    response: Response | Unfinished
    plan: Plan
