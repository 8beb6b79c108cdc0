"""What passes between the front, the path of a request and the operations: Request, Response and its parts, Later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

_Answer = TypeVar("_Answer")


class Request:
    """An HTTP request as it was sent: nothing in it is decoded or reordered."""

    __slots__ = ("_first", "body", "headers", "method", "path", "query", "scheme", "source_ip")

    def __init__(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: Sequence[tuple[bytes, bytes]] = (),
        body: bytes | None = b"",
        source_ip: str = "",
        scheme: str = "http",
    ) -> None:
        """`path` and `query` are as sent, percent-encoded; header names are in lower case.

        `body` is None where it was too large to be read.
        """
        self.method, self.path, self.query = method, path, query
        self.headers, self.body, self.source_ip = headers, body, source_ip
        self.scheme = scheme
        self._first = dict(reversed(headers))

    def header(self, name: bytes) -> str:
        """The value of a header, by its name in lower case: the first one that was sent; empty if there is none."""
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
    def is_signed(self) -> bool:
        """Whether the request has a signature of any kind."""
        return bool(self.authorization) or "X-Amz-Algorithm=" in self.query

    @property
    def user_agent(self) -> str:
        """The User-Agent header."""
        return self.header(b"user-agent")


JSON_11 = "application/x-amz-json-1.1"
JSON = "application/json"


class Content(Enum):
    """Whose answer a response is, which decides its headers."""

    KMS = "KMS in JSON 1.1"
    JSON_11 = "another service in JSON 1.1"
    XML = "STS in XML"
    JSON = "STS in JSON, for a request that accepts it"
    CBOR = "another service in Smithy's RPC v2 CBOR"
    EC2 = "EC2 in XML"
    REST_JSON = "another service in REST JSON"
    FRONT_END = "the front end itself, in a little XML"


class Delivery(NamedTuple):
    """How a response is sent: fault rules can delay, cut or drop it."""

    delay: float = 0.0
    """Seconds to wait before it is sent."""
    drop: bool = False
    """Whether the connection is closed and nothing is sent."""
    truncate: int | None = None
    """How many bytes of the body are sent before the connection is closed; at most all but one. None: all of them."""

    def part_of(self, body: bytes) -> bytes:
        """The part of a body that is sent."""
        return body if self.truncate is None else body[: max(min(self.truncate, len(body) - 1), 0)]


UNDISTURBED = Delivery()
"""The delivery of a response that no fault rule alters: at once and whole."""


class Facts(NamedTuple):
    """What a log says of a call. A text is empty where the call did not get so far, or where there is nothing."""

    service: str
    operation: str
    account: str = ""
    region: str = ""
    error_code: str = ""
    error_message: str = ""


class Response(NamedTuple):
    """What the front sends."""

    status: int
    body: bytes
    request_id: str
    content: Content = Content.KMS
    delivery: Delivery = UNDISTURBED
    facts: Facts | None = None
    """What a log says of the call; None unless the dispatcher was asked to tell it."""
    error_type: str = ""
    """The code of an error in REST JSON, which sends it in a header; empty in other answers."""


@dataclass(frozen=True, slots=True)
class Later(Generic[_Answer]):
    """An answer that takes long to work out, such as an RSA signature: an operation's reply, or a response.

    `work` returns the answer, or raises what the operation would have raised. It is called in a thread, not on the
    event loop, and under no lock.
    """

    work: Callable[[], _Answer]
