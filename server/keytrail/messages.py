"""What passes between the front, the path of a request, and the operations: requests, answers, and answers to come."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

_Answer = TypeVar("_Answer")


class Request:
    """An HTTP request as it came: nothing in it is decoded or put in order."""

    __slots__ = ("_first", "body", "headers", "method", "path", "query", "source_ip")

    def __init__(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: Sequence[tuple[bytes, bytes]] = (),
        body: bytes | None = b"",
        source_ip: str = "",
    ) -> None:
        """`path` and `query` are as sent, percent-encoded; header names are in lower case.

        `body` is None where it was too large to be read.
        """
        self.method, self.path, self.query = method, path, query
        self.headers, self.body, self.source_ip = headers, body, source_ip
        self._first = dict(reversed(headers))

    def header(self, name: bytes) -> str:
        """The value of a header (its name in lower case), the first of several; empty without one."""
        return self._first.get(name, b"").decode("latin-1")

    @property
    def target(self) -> str:
        """X-Amz-Target, which names the operation of a JSON service; only `POST /` has one."""
        if self.method != "POST" or self.path not in ("/", ""):
            return ""
        return self.header(b"x-amz-target")

    @property
    def authorization(self) -> str:
        """The Authorization header."""
        return self.header(b"authorization")

    @property
    def user_agent(self) -> str:
        """The User-Agent header."""
        return self.header(b"user-agent")


class Content(Enum):
    """What a body is, and so which headers go with it."""

    AWS_JSON = "application/x-amz-json-1.1"
    JSON = "application/json"
    """What STS answers to those who accept JSON."""
    XML = "text/xml"


class Delivery(NamedTuple):
    """What becomes of an answer on its way, because a fault rule says so."""

    delay: float = 0.0
    """Seconds that it waits."""
    drop: bool = False
    """Whether the connection is closed in its place."""
    truncate: int | None = None
    """How many bytes of its body go out before the connection is closed; all but one, if it has no more."""

    def part_of(self, body: bytes) -> bytes:
        """The part of a body that goes out."""
        return body if self.truncate is None else body[: max(min(self.truncate, len(body) - 1), 0)]


UNDISTURBED = Delivery()
"""Nothing becomes of the answer but that it is sent."""


class Response(NamedTuple):
    """What the front sends."""

    status: int
    body: bytes
    request_id: str
    content: Content = Content.AWS_JSON
    delivery: Delivery = UNDISTURBED


@dataclass(frozen=True, slots=True)
class Later(Generic[_Answer]):
    """An answer that is still to be worked out: an operation's reply (an RSA signature takes long), or a response.

    `work` gives the answer, or raises as if it had been worked out at once. It is called in a thread: not on the event
    loop, and under no lock.
    """

    work: Callable[[], _Answer]
