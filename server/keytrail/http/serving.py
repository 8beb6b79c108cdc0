"""Serving: one process, one port, one event loop."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

from keytrail.endpoint import Endpoint
from keytrail.http.front import Front

if TYPE_CHECKING:
    from keytrail.http.request_log import RequestLog

if sys.platform == "win32":
    from asyncio import new_event_loop
else:
    from uvloop import new_event_loop

_BACKLOG = 1024
_SIGNALS = (signal.SIGTERM, signal.SIGINT)

GRACE = 1.0
"""Seconds that requests in flight have at a stop before those who hang are dropped."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; from here on connections wait for the server.

    Raises OSError, whose strerror says which setting is to be changed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {_remedy(error, port)}") from None
    # Connections inherit it. Without, an answer's last part may wait 40 ms for the client's acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _remedy(error: OSError, port: int) -> str:
    """What is wrong, and what would be right: the setting by its names as keyword, flag and variable."""
    if error.errno == errno.EADDRINUSE:
        remedy = "the port is taken; set port (--port, KEYTRAIL_PORT) to another one, or to 0 for any that is free"
        if "PYTEST_XDIST_WORKER" in os.environ:
            remedy += "; under pytest-xdist each worker has a server of its own, so only 0 fits all"
        return remedy
    if error.errno == errno.EACCES:
        return f"not permitted; set port (--port, KEYTRAIL_PORT) to one above 1023, or run as a user who may use {port}"
    wrong = str(error.strerror).partition(" (while")[0]  # Python appends the address, which the message has
    return f"{wrong}; set host (--host, KEYTRAIL_HOST) to an address of this machine, such as 127.0.0.1"


def url_of(listener: socket.socket) -> str:
    """Where a listening socket of this machine is reached."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class Server:
    """Serves an endpoint on a listening socket, until it is stopped."""

    def __init__(self, endpoint: Endpoint, listener: socket.socket) -> None:
        """Serve this endpoint; the socket is closed at the end."""
        self._endpoint = endpoint
        self._listener = listener
        self._loop = new_event_loop()
        self._stop = asyncio.Event()
        self._log = _request_log(endpoint, url_of(listener))

    def run(self) -> None:
        """Answer, until `stop` is called and the requests in flight are answered. In any thread."""
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()
            if self._log is not None:
                self._log.close(GRACE)

    def stop(self) -> None:
        """Let `run` end. In any thread, or in a signal handler."""
        with contextlib.suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(self._stop.set)

    async def _serve(self) -> None:
        front = Front(self._endpoint, self._loop, self._log)
        server = await self._loop.create_server(front.connection, sock=self._listener, backlog=_BACKLOG)
        await self._stop.wait()
        server.close()
        await front.stop(GRACE)


def _request_log(endpoint: Endpoint, url: str) -> "RequestLog | None":
    if not endpoint.settings.log_format or endpoint.settings.quiet:
        return None
    from keytrail.http.request_log import RequestLog  # imported only if needed, for a quicker start

    return RequestLog(endpoint, url)


def serve(endpoint: Endpoint, listener: socket.socket) -> None:
    """Serve in the foreground until SIGTERM or SIGINT, then end the process with exit code 0.

    Requests in flight are answered first, and what the endpoint has yet to write is written.
    """
    server = Server(endpoint, listener)
    _on_signals(server.stop)
    server.run()
    endpoint.close()
    os._exit(0)  # what still works in a thread is of no use to anybody


def end_at_once_on_signals() -> None:
    """Let SIGTERM and SIGINT end the process with exit code 0: as PID 1 it would not hear them before it serves."""
    _on_signals(lambda: os._exit(0))


def _on_signals(act: Callable[[], None]) -> None:
    def handle(number: int, frame: FrameType | None) -> None:
        act()

    for number in _SIGNALS:
        signal.signal(number, handle)
