"""Serving: one process, one port, one event loop, by uvicorn.

A KMS call is answered on the event loop itself: it takes 20 us, less than to hand it to a thread. The slow rest of one
(an RSA signature) goes to a thread, and so does the control API, which is Flask's (decisions 1 and 12).
"""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

import msgspec
import uvicorn

from keytrail.crypto import key_pool
from keytrail.endpoint import Endpoint
from keytrail.http import front
from keytrail.messages import AS_EVER, Later, Request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from uvicorn._types import ASGIApplication, ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

_BACKLOG = 1024
_IDLE = 300
"""Seconds that a connection may wait for its next request."""

_HEADERS = {
    content: [(name.encode(), value.encode()) for name, value in headers] for content, headers in front.HEADERS.items()
}

GRACE = 1
"""Seconds that requests in flight have at a stop before those who hang are dropped."""


_TOO_LARGE = msgspec.json.encode(
    {"error": f"The body is larger than {front.MOST_DRAINED} bytes; nothing was done. Load it in parts."}
)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; from here on connections wait for the server. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    # Connections inherit it. Without, an answer's second part waits 40 ms for the client's acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket) -> str:
    """Where a listening socket of this machine is reached."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class Front:
    """The ASGI application that is served: the service itself, and Flask once the control API is called.

    Flask takes longer to import than all the rest together, and a KMS call needs nothing of it.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        """Serve one endpoint."""
        self._endpoint = endpoint
        self._dispatcher = endpoint.dispatcher
        self._limit = endpoint.settings.max_body
        self._lock = threading.Lock()
        self._flask: WSGIApplication | None = None
        self._answered = False

    async def __call__(self, scope: "Scope", receive: "ASGIReceiveCallable", send: "ASGISendCallable") -> None:
        """Answer one request."""
        assert scope["type"] == "http"  # what else there is, is switched off
        control, delivery = front.is_control(scope["path"]), AS_EVER
        given = dict(scope["headers"])
        announced = given.get(b"content-length", b"0")
        too_large = len(announced) > 9 or int(announced) > front.MOST_DRAINED
        try:
            body = None if too_large else await _body(receive, front.MOST_DRAINED if control else self._limit)
        except ConnectionError:
            return
        if control and body is None:
            status, data = 413, _TOO_LARGE
            headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(data))]
        elif control:
            status, headers, data = await asyncio.to_thread(self._control, scope, body or b"")
        else:
            client = scope["client"]
            response = self._dispatcher.answer(
                Request(
                    scope["method"],
                    (scope["raw_path"] or b"").partition(b"?")[0].decode("latin-1"),
                    scope["query_string"].decode("latin-1"),
                    list(scope["headers"]),
                    body,
                    client[0] if client is not None else "",
                )
            )
            if isinstance(response, Later):
                response = await asyncio.to_thread(response.work)
            delivery = response.delivery
            if delivery.delay:
                await asyncio.sleep(delivery.delay)
            if delivery.drop:
                await _drop(receive, send)
                return
            status, data = response.status, response.body
            headers = [
                *_HEADERS[response.content],
                (b"Content-Length", b"%d" % len(data)),
                (b"x-amzn-RequestId", response.request_id.encode()),
            ]
        if too_large:
            headers = [*headers, (b"Connection", b"close")]
        await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
        part = delivery.part_of(data)
        # Uvicorn closes the connection under a body that has more to come when we return.
        await send({"type": "http.response.body", "body": part, "more_body": len(part) < len(data)})
        if not self._answered and not control:
            # Once somebody has the first answer: before it, this would make the start longer.
            self._answered = True
            key_pool.POOL.fill()

    def _control(self, scope: "HTTPScope", body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        from werkzeug.test import EnvironBuilder, run_wsgi_app

        with self._lock:
            if self._flask is None:
                from keytrail.http.app import Keytrail

                self._flask = Keytrail(self._endpoint)
        environ = EnvironBuilder(
            path=scope["path"],
            method=scope["method"],
            query_string=scope["query_string"].decode("latin-1"),
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
            data=body,
        ).get_environ()
        pieces, status, headers = run_wsgi_app(self._flask, environ, buffered=True)
        sent = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return int(status.split()[0]), sent, b"".join(pieces)


async def _drop(receive: "ASGIReceiveCallable", send: "ASGISendCallable") -> None:
    """Close the connection without an answer: ASGI has no word for it, so by uvicorn's own transport."""
    send.__self__.transport.abort()  # type: ignore[attr-defined]
    await receive()  # until uvicorn knows


async def _body(receive: "ASGIReceiveCallable", limit: int) -> bytes | None:
    """The request's body; None if it is larger than the limit, which is read and dropped up to a bound.

    Raises ConnectionError if the client has gone.
    """
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body = message.get("body", b"")
        return body if len(body) <= limit else None
    pieces, size = [], 0
    while message["type"] == "http.request":
        piece = message.get("body", b"")
        size += len(piece)
        if size <= limit:
            pieces.append(piece)
        if not message.get("more_body") or size > front.MOST_DRAINED:
            return b"".join(pieces) if size <= limit else None
        message = await receive()
    raise ConnectionError


def uvicorn_of(app: "ASGIApplication") -> uvicorn.Server:
    """Uvicorn as KMS would have it, for `run(sockets=[...])`; `should_exit` stops it."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            loop="auto",  # uvloop where it is installed
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="critical",  # what a client sends amiss is no news
            access_log=False,
            server_header=False,  # AWS sends none
            timeout_keep_alive=_IDLE,
            timeout_graceful_shutdown=GRACE,
        )
    )


def serve(app: "ASGIApplication", listener: socket.socket, at_end: Callable[[], None] = lambda: None) -> None:
    """Serve in the foreground until SIGTERM or SIGINT; requests in flight are answered first, then `at_end` is called.

    It is called before uvicorn hands the signal on, which may end the process at once.
    """
    server = uvicorn_of(app)
    shut_down = server.shutdown

    async def shut_down_and_end(sockets: list[socket.socket] | None = None) -> None:
        await shut_down(sockets)
        at_end()

    server.shutdown = shut_down_and_end  # type: ignore[method-assign]
    server.run(sockets=[listener])


def end_at_once_on_signals() -> None:
    """Let SIGTERM and SIGINT end the process with exit code 0: as PID 1 it would not hear them before it serves.

    uvicorn has handlers of its own while it serves, and hands the signal on when it is done.
    """

    def end(number: int, frame: FrameType | None) -> None:
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
