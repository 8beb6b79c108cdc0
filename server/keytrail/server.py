"""Serving: one process, one port, one event loop, by uvicorn.

A KMS call is answered on the event loop itself: it takes 20 us, less than to hand it to a thread. The control API is
Flask's, in a thread (docs/DECISIONS.md).
"""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

import msgspec
import uvicorn

from keytrail.clock import Clock
from keytrail.dispatch import Request
from keytrail.http import endpoint
from keytrail.settings import Settings, read_duration, read_moment
from keytrail.state import State
from keytrail.trail import RECORD_MEMBERS

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from uvicorn._types import ASGIApplication, ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

_BACKLOG = 1024
_IDLE = 300
"""Seconds that a connection may wait for its next request."""

_SAME_HEADERS = [(name.encode(), value.encode()) for name, value in endpoint.SAME_HEADERS]

_GRACE = 1
"""Seconds that requests in flight have at a stop before those who hang are dropped."""


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

    def __init__(self, state: State) -> None:
        """Serve one state."""
        self._state = state
        self._dispatcher = state.dispatcher
        self._limit = state.settings.max_body
        self._lock = threading.Lock()
        self._flask: WSGIApplication | None = None

    async def __call__(self, scope: "Scope", receive: "ASGIReceiveCallable", send: "ASGISendCallable") -> None:
        """Answer one request."""
        assert scope["type"] == "http"  # what else there is, is switched off
        control = endpoint.is_control(scope["path"])
        given = dict(scope["headers"])
        announced = given.get(b"content-length", b"0")
        too_large = len(announced) > 9 or int(announced) > endpoint.MOST_DRAINED
        try:
            body = None if too_large else await _body(receive, endpoint.MOST_DRAINED if control else self._limit)
        except ConnectionError:
            return
        if control and body is not None:
            status, headers, data = await asyncio.to_thread(self._control, scope, body)
        else:
            client = scope["client"]
            request = Request(
                given.get(b"x-amz-target", b"").decode("latin-1"),
                body,
                given.get(b"authorization", b"").decode("latin-1"),
                scope["query_string"].decode("latin-1"),
                client[0] if client is not None else "",
                given.get(b"user-agent", b"").decode("latin-1"),
            )
            response = endpoint.respond(self._dispatcher, scope["method"], scope["path"], request)
            status, data = response.status, response.body
            headers = [
                *_SAME_HEADERS,
                (b"Content-Length", b"%d" % len(data)),
                (b"x-amzn-RequestId", response.request_id.encode()),
            ]
        if too_large:
            headers = [*headers, (b"Connection", b"close")]
        await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
        await send({"type": "http.response.body", "body": data, "more_body": False})

    def _control(self, scope: "HTTPScope", body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        from werkzeug.test import EnvironBuilder, run_wsgi_app

        with self._lock:
            if self._flask is None:
                from keytrail.app import Keytrail

                self._flask = Keytrail(self._state)
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
        if not message.get("more_body") or size > endpoint.MOST_DRAINED:
            return b"".join(pieces) if size <= limit else None
        message = await receive()
    raise ConnectionError


def _uvicorn(app: "ASGIApplication") -> uvicorn.Server:
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
            timeout_graceful_shutdown=_GRACE,
        )
    )


def serve(app: "ASGIApplication", listener: socket.socket) -> None:
    """Serve in the foreground until SIGTERM or SIGINT; requests in flight are answered first."""
    _uvicorn(app).run(sockets=[listener])


def end_at_once_on_signals() -> None:
    """Let SIGTERM and SIGINT end the process with exit code 0: as PID 1 it would not hear them before it serves.

    uvicorn has handlers of its own while it serves, and hands the signal on when it is done.
    """

    def end(number: int, frame: FrameType | None) -> None:
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)


Seed = str | Path | Mapping[str, Any]
"""The path of a seed file or folder, or a seed document."""


class KeytrailServer:
    """A Keytrail endpoint in this process, on a free port of 127.0.0.1; a context manager.

        with KeytrailServer(fixtures=["fixtures/quickstart.yaml"]) as server:
            kms = boto3.client("kms", endpoint_url=server.url, region_name="us-east-1", ...)

    `url` is there between start and stop, and the same after another start.
    """

    def __init__(self, settings: Settings | None = None, *, fixtures: Seed | Iterable[Seed] = (), **given: Any) -> None:
        """Load the fixtures: paths, or seed documents as mappings; one, or several.

        Other keyword arguments are those of Settings. Raises fixtures.FixtureError if a fixture is bad,
        ValueError or TypeError for a bad setting.
        """
        seeds: Iterable[Seed] = [fixtures] if isinstance(fixtures, (str, Path, Mapping)) else list(fixtures)
        documents = [msgspec.json.encode(seed) for seed in seeds if isinstance(seed, Mapping)]
        paths = tuple(str(seed) for seed in seeds if not isinstance(seed, Mapping))
        if settings is None:
            given.setdefault("port", 0)
            settings = Settings(**given)
        settings = settings.with_fixtures(*paths)
        self.settings = settings
        self._state = State(settings, Clock(), documents)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._url = ""
        self._port = settings.port

    @property
    def url(self) -> str:
        """What to give as endpoint_url. Raises RuntimeError when the server does not run."""
        if self._server is None:
            raise RuntimeError("the server does not run: call start(), or use it in a with statement")
        return self._url

    @property
    def now(self) -> datetime:
        """The endpoint's time: aware, UTC. `set_clock`, `advance` and `reset_clock` move it."""
        return self._state.clock.now()

    def reset_clock(self) -> datetime:
        """Go back to the real time, running; gives it."""
        return self._state.reset_clock()

    def start(self) -> "KeytrailServer":
        """Begin to answer. Raises OSError if the port is taken."""
        if self._server is not None:
            return self
        listener = listen(self.settings.host, self._port)
        self._port = listener.getsockname()[1]
        self._url = url_of(listener)
        self._server = _uvicorn(Front(self._state))
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name="keytrail", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Answer what is in flight, and end; what was loaded stays for the next start."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(2 * _GRACE)
        self._server = self._thread = None

    def __enter__(self) -> "KeytrailServer":
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def reset(self, account: str | None = None) -> None:
        """Go back to just after the start; with an account, only what that account owns does."""
        self._state.reset(account)

    def load(self, seed: Seed) -> dict[str, int]:
        """Load more: a seed document as a mapping, or the path of a file or folder.

        Gives what it held, counted. Raises fixtures.FixtureError and loads nothing if it is bad.
        """
        if isinstance(seed, Mapping):
            return self._state.load(msgspec.json.encode(seed))
        return self._state.load_files(str(seed))

    def set_clock(self, now: datetime | str | None = None, *, frozen: bool | None = None) -> datetime:
        """Set the time (a datetime, or ISO 8601), or whether it stands still; gives the new time."""
        return self._state.set_clock(read_moment(now) if isinstance(now, str) else now, frozen=frozen)

    def advance(self, duration: timedelta | str) -> datetime:
        """Move the time by a duration (a timedelta, or ISO 8601); gives the new time."""
        return self._state.advance_clock(read_duration(duration) if isinstance(duration, str) else duration)

    def events(
        self,
        *,
        keyArn: str | None = None,
        eventName: str | None = None,
        errorCode: str | None = None,
        eventId: str | None = None,
        **members: object,
    ) -> list[dict[str, Any]]:
        """The CloudTrail records that match, oldest first: the filters of GET /_keytrail/events, or record members.

        Raises TypeError for a member that no record has.
        """
        unknown = members.keys() - RECORD_MEMBERS
        if unknown:
            raise TypeError(f"no CloudTrail record has a member {', '.join(sorted(unknown))}")
        chosen = self._state.trail.select(event_id=eventId, key_arn=keyArn, event_name=eventName, error_code=errorCode)
        records = (event.record() for event in chosen)
        return [record for record in records if all(record.get(name) == members[name] for name in members)]
