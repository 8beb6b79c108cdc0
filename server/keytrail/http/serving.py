"""Serving: one process, one event loop, one port, and one more for TLS if it is wanted."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from keytrail.endpoint import Endpoint
from keytrail.http.front import Front
from keytrail.settings import Settings, variable

if TYPE_CHECKING:
    from keytrail.http.request_log import RequestLog
    from keytrail.http.tls import Tls

if sys.platform == "win32":
    from asyncio import new_event_loop
else:
    from uvloop import new_event_loop

_BACKLOG = 1024
_SIGNALS = (signal.SIGTERM, signal.SIGINT)

GRACE = 1.0
"""Seconds that requests in flight have at a stop before those who hang are dropped."""


def listen(host: str, port: int, setting: str = "port") -> socket.socket:
    """A listening socket; from here on connections wait for the server.

    Raises OSError, whose strerror says which setting is to be changed: `setting` has the port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {_remedy(error, port, setting)}") from None
    # Connections inherit it. Without, an answer's last part may wait 40 ms for the client's acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _remedy(error: OSError, port: int, setting: str) -> str:
    """What is wrong, and what would be right: the setting by its names as keyword, flag and variable."""
    names = f"{setting} (--{setting.replace('_', '-')}, {variable(setting)})"
    if error.errno == errno.EADDRINUSE:
        remedy = f"the port is taken; set {names} to another one, or to 0 for any that is free"
        if "PYTEST_XDIST_WORKER" in os.environ:
            remedy += "; under pytest-xdist each worker has a server of its own, so only 0 fits all"
        return remedy
    if error.errno == errno.EACCES:
        return f"not permitted; set {names} to one above 1023, or run as a user who may use {port}"
    wrong = str(error.strerror).partition(" (while")[0]  # Python appends the address, which the message has
    return f"{wrong}; set host (--host, KEYTRAIL_HOST) to an address of this machine, such as 127.0.0.1"


def url_of(listener: socket.socket, scheme: str = "http") -> str:
    """Where a listening socket of this machine is reached."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


class TlsListener(NamedTuple):
    """A listening socket for clients of TLS."""

    socket: socket.socket
    tls: "Tls"

    @property
    def url(self) -> str:
        """Where it is reached from this machine."""
        return url_of(self.socket, "https")


def listen_for_tls(settings: Settings, port: int | None, tls: "Tls | None" = None) -> TlsListener | None:
    """A listening socket for TLS, unless the port is None; `tls` is what an earlier one had, to go on with.

    Raises OSError as `listen`, and ValueError if a file that the settings name cannot be used.
    """
    if port is None:
        return None
    from keytrail.http.tls import tls_of  # imported only if needed, for a quicker start

    tls = tls or tls_of(settings)
    return TlsListener(listen(settings.host, port, "tls_port"), tls)


class Server:
    """Serves an endpoint on listening sockets, until it is stopped."""

    def __init__(self, endpoint: Endpoint, listener: socket.socket, tls_listener: TlsListener | None = None) -> None:
        """Serve this endpoint, by TLS too if there is a listener for it; the sockets are closed at the end."""
        self._endpoint = endpoint
        endpoint.authority = tls_listener.tls.authority if tls_listener is not None else None
        self._listener = listener
        self._tls_listener = tls_listener
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
        servers: list[asyncio.AbstractServer] = [server]
        if self._tls_listener is not None:
            servers.append(await self._serve_tls(front, self._tls_listener))
        await self._stop.wait()
        for server in servers:
            server.close()
        await front.stop(GRACE)

    async def _serve_tls(self, front: Front, listener: TlsListener) -> asyncio.AbstractServer:
        from keytrail.http.tls_transport import TlsTransport

        def connection() -> TlsTransport:
            return TlsTransport(front.connection("https"), listener.tls.context, self._loop)

        return await self._loop.create_server(connection, sock=listener.socket, backlog=_BACKLOG)


def _request_log(endpoint: Endpoint, url: str) -> "RequestLog | None":
    if not endpoint.settings.log_format or endpoint.settings.quiet:
        return None
    from keytrail.http.request_log import RequestLog  # imported only if needed, for a quicker start

    return RequestLog(endpoint, url)


def serve(endpoint: Endpoint, listener: socket.socket, tls_listener: TlsListener | None = None) -> None:
    """Serve in the foreground until SIGTERM or SIGINT, then end the process with exit code 0.

    Requests in flight are answered first, and what the endpoint has yet to write is written.
    """
    server = Server(endpoint, listener, tls_listener)
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
