"""Serving: one process, one port, by granian's own threads.

granian's thread server is meant for free-threaded Python, but works as well under the GIL, and is the one server
measured here that keeps up with the application and yet runs in the caller's process (docs/DECISIONS.md).
"""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

import msgspec
from granian.constants import HTTPModes, Interfaces, Loops
from granian.net import SocketHolder  # type: ignore[attr-defined]
from granian.server.mt import MTServer

from keytrail.clock import Clock
from keytrail.http import endpoint
from keytrail.settings import Settings, read_duration, read_moment
from keytrail.state import State

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_BACKLOG = 1024
_THREADS = 256
"""At most; made as they are needed. A client that sends half a body holds one until it goes."""

_GRACE = 1.5
"""Seconds that requests in flight have at a stop before those who hang are dropped."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; from here on connections wait for the server. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_BACKLOG)


class Front:
    """The WSGI application that is served: the service itself, and Flask once the control API is called.

    Flask takes longer to import than all the rest together, and a KMS call needs nothing of it.
    """

    def __init__(self, state: State) -> None:
        """Serve one state."""
        self.state = state
        self._lock = threading.Lock()
        self._control: WSGIApplication | None = None

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        if not endpoint.is_control(environ):
            return endpoint.answer(self.state.dispatcher, environ, start_response)
        with self._lock:
            if self._control is None:
                from keytrail.app import Keytrail

                self._control = Keytrail(self.state)
        return self._control(environ, start_response)


class _Granian(MTServer):
    """granian on a socket of ours, serving an application that is there already."""

    def __init__(self, app: "WSGIApplication", listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        super().__init__(
            "keytrail",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            http=HTTPModes.http1,
            websockets=False,
            loop=Loops.asyncio,
            log_enabled=False,
            blocking_threads=_THREADS,
        )
        self._app = app
        self._listener = listener

    def _check_gil(self) -> None:
        """Run under the GIL too."""

    def _init_shared_socket(self) -> None:
        self._shd: Any = SocketHolder(self._listener.detach(), False, _BACKLOG)  # type: ignore[call-arg]

    def run(self) -> None:
        """Serve until stopped."""
        self.serve(target_loader=lambda: self._app, wrap_loader=False)


class _Foreground(_Granian):
    """Serves in the main thread until SIGTERM or SIGINT, and then ends within two seconds."""

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        # Clients that hang in the middle of a request would keep the process for ever.
        end = threading.Timer(_GRACE, os._exit, (0,))
        end.daemon = True
        end.start()
        super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]


class _Background(_Granian):
    """Serves in a thread of the caller's process; touches neither signals nor the environment."""

    def startup(self, spawn_target: Callable[..., Any], target_loader: Callable[..., Any]) -> None:
        self._init_shared_socket()
        self._spawn_workers(spawn_target, target_loader)  # type: ignore[no-untyped-call]


def serve(app: "WSGIApplication", listener: socket.socket) -> None:
    """Serve in the foreground until SIGTERM or SIGINT; requests in flight are answered first."""
    _Foreground(app, listener).run()


def end_at_once_on_signals() -> None:
    """Until the server runs, let SIGTERM and SIGINT end the process: as PID 1 it would not hear them."""

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
        self._server: _Background | None = None
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
    def clock(self) -> Clock:
        """The endpoint's clock; move it by `set_clock` and `advance`."""
        return self._state.clock

    def start(self) -> "KeytrailServer":
        """Begin to answer. Raises OSError if the port is taken."""
        if self._server is not None:
            return self
        listener = listen(self.settings.host, self._port)
        host, port = listener.getsockname()[:2]
        self._port = port
        self._url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._server = _Background(Front(self._state), listener)
        self._thread = threading.Thread(target=self._server.run, name="keytrail", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Answer what is in flight, and end; what was loaded stays for the next start."""
        if self._server is None or self._thread is None:
            return
        self._server.signal_handler_interrupt()  # type: ignore[no-untyped-call]
        self._thread.join(_GRACE)
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

    def events(self, **equal: str) -> list[dict[str, Any]]:
        """The CloudTrail records, oldest first; keyword arguments select by top-level members (eventName=...)."""
        records = [event.record() for event in self._state.trail.events()]
        return [r for r in records if all(r.get(name) == value for name, value in equal.items())]
