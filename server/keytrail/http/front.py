"""The front that is served: bytes of HTTP -> Request -> bytes of HTTP, as KMS writes them.

A KMS call is answered on the event loop itself: that takes less time than to hand it to a thread. What is slow (Later:
an RSA signature) goes to a thread, and so do the control API and the console, which are Flask's.
"""

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import msgspec

from keytrail.crypto import key_pool
from keytrail.endpoint import Endpoint
from keytrail.http import wsgi
from keytrail.http.held import HeldUntilWritten
from keytrail.http.request_reader import CONTROL_BODY_LIMIT, Refused, RequestReader, is_console, is_control
from keytrail.http.responses import STATUS, Headers, headers_of
from keytrail.http.threads import Threads
from keytrail.messages import UNDISTURBED, Later, Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from keytrail.http.request_log import RequestLog

_Result = TypeVar("_Result")

IDLE = 300.0
"""Seconds of silence after which a connection is closed, before twice as many are over."""

LINGER = 2.0
"""Seconds that a client that is still sending has to read why nobody listens."""

MANY, AT_ONCE = 4, 16
"""With so many connections, the answers of one turn of the event loop leave together, at most so many at once.

Each write wakes a client that waits; to write between two requests costs a quarter of what both take. With three
connections or fewer it is the other way round: while the server writes one, the client reads the other.
"""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_log = logging.getLogger("keytrail")


class Front:
    """What the connections of one server share."""

    def __init__(self, endpoint: Endpoint, loop: asyncio.AbstractEventLoop, log: "RequestLog | None") -> None:
        """Answer for one endpoint, on this event loop, and tell a log of requests, if there is one."""
        self.loop = loop
        self.log = log
        self.answer = endpoint.answers(endpoint.dispatcher.answer if log is None else log.answer)
        self.max_body = endpoint.settings.max_body
        self.has_console = endpoint.settings.has_console
        self.connections: set[Connection] = set()
        self.none_left = asyncio.Event()
        """Set as the last connection goes."""
        self.stopping = False
        self.date = ""
        """The Date header of this second."""
        self._endpoint = endpoint
        self._threads = Threads()
        self._lock = threading.Lock()
        self._flask: WSGIApplication | None = None
        self._key_pool_started = False
        self._unsent: list[Connection] = []
        self.held = HeldUntilWritten(endpoint.journal, self.on_loop) if endpoint.journal is not None else None
        self._tick()

    def _tick(self) -> None:
        self.date = formatdate(usegmt=True)
        self.loop.call_later(1, self._tick)

    def connection(self, scheme: str = "http") -> "Connection":
        """A protocol for a connection that has come."""
        return Connection(self, scheme)

    def send_soon(self, connection: "Connection") -> None:
        """Let a connection send its answer, with those of others if there are many."""
        if len(self.connections) < MANY:
            connection.flush()
            return
        if not self._unsent:
            self.loop.call_soon(self._flush)
        self._unsent.append(connection)
        if len(self._unsent) == AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        for connection in self._unsent:
            connection.flush()
        self._unsent.clear()

    def in_thread(self, work: Callable[[], None]) -> None:
        """Do work in a thread."""
        self._threads.submit(work)

    def on_loop(self, step: Callable[[], None]) -> None:
        """Go on on the event loop, unless that has ended. To be called in a thread."""
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(step)

    def control(self, request: Request) -> tuple[int, Headers, bytes]:
        """What the control API or the console answers: status, headers, body. To be called in a thread."""
        return self._control(request) if self.log is None else self.log.control(self._control, request)

    def _control(self, request: Request) -> tuple[int, Headers, bytes]:
        if request.body is None:
            text = f"The body is larger than {CONTROL_BODY_LIMIT} bytes; nothing was done. Load it in parts."
            body = msgspec.json.encode({"error": text})
            return 413, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))], body
        with self._lock:
            if self._flask is None:
                # Flask takes longer to import than all the rest together, and a KMS call needs nothing of it.
                from keytrail.http.app import Keytrail

                self._flask = Keytrail(self._endpoint)
        return wsgi.call(self._flask, request)

    def start_key_pool(self) -> None:
        """Start making RSA pairs, once: with the first answer, because before it this would make the start longer."""
        if not self._key_pool_started:
            self._key_pool_started = True
            key_pool.POOL.fill()

    async def stop(self, grace: float) -> None:
        """Answer the requests in flight; after a grace in seconds drop the connections that are left."""
        self.stopping = True
        await asyncio.sleep(0)  # those that have just been accepted are connections by now
        for close in (Connection.stop, Connection.abort):
            self.none_left.clear()
            for connection in list(self.connections):
                close(connection)
            if self.connections:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.none_left.wait(), grace)
        self._threads.stop()
        if self.held is not None:
            self.held.stop()


class Connection(asyncio.Protocol):
    """A client's connection: its requests are answered one after the other, in their order, each in one write."""

    _transport: asyncio.Transport
    _reader: RequestReader
    _idle: asyncio.TimerHandle

    def __init__(self, front: Front, scheme: str) -> None:
        """Answer by this front what comes under this scheme: http or https."""
        self._front = front
        self._scheme = scheme
        self._heard = False
        """Whether anything has come since silence was last looked for."""
        self._pending: deque[Callable[[], None]] = deque()
        """What answers the requests that wait until those before them are answered."""
        self._answering = False
        """Whether an answer is being worked out, in a thread, or waits."""
        self._blocked = False
        """Whether the client does not read what it was sent."""
        self._half_closed = False
        """Whether the client will send no more."""
        self._lost = False
        self._unsent = b""
        """Answers that are yet to be sent."""

    # ---- What the event loop calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to listen."""
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._reader = RequestReader(self._take, peer[0] if peer else "", self._front.max_body, self._scheme)
        self._front.connections.add(self)
        self._idle = self._front.loop.call_later(IDLE, self._look_for_silence)

    def data_received(self, data: bytes) -> None:
        """Read on, and answer what is complete."""
        self._heard = True
        try:
            self._reader.feed(data)
        except Refused as refused:
            self._queue(partial(self._refuse, refused))
        if self._reader.wants_continue:
            self._continue()

    def eof_received(self) -> bool:
        """Close, unless an answer is owed to a client that reads on."""
        self.flush()
        self._half_closed = True
        return self._answering or bool(self._pending)

    def pause_writing(self) -> None:
        """Answer nothing more while the client does not read."""
        self._blocked = True

    def resume_writing(self) -> None:
        """Go on."""
        self._blocked = False
        self._answer_pending()

    def connection_lost(self, error: Exception | None) -> None:
        """Forget what was to be answered."""
        self._lost = True
        self._pending.clear()
        self._idle.cancel()
        self._reader.close()
        self._front.connections.discard(self)
        if not self._front.connections:
            self._front.none_left.set()

    def _look_for_silence(self) -> None:
        if self._heard or self._answering:
            self._heard = False
            self._idle = self._front.loop.call_later(IDLE, self._look_for_silence)
        else:
            self._transport.close()

    # ---- What the transport of TLS calls, besides

    def refuse_all(self, refused: Refused) -> None:
        """Answer every request by this refusal."""
        self._reader = RequestReader(lambda *_: self._queue(partial(self._refuse, refused)), "", self._front.max_body)

    def note_refusal(self, refused: Refused) -> None:
        """Tell the log of what gets no answer."""
        if self._front.log is not None:
            self._front.log.refused(refused)

    # ---- The end of the server

    def stop(self) -> None:
        """Close the connection once all that has come of requests is answered."""
        self.flush()
        if not (self._answering or self._pending or (self._reader.in_request and not self._reader.ended)):
            self._transport.close()

    def abort(self) -> None:
        """Close the connection at once."""
        self.flush()
        self._reader.ended = True
        self._transport.abort()

    # ---- Requests in, one after the other

    def _take(self, request: Request, keep_alive: bool) -> None:
        if self._answering or self._blocked or self._pending:
            self._queue(partial(self._answer, request, keep_alive))
        else:
            self._answer(request, keep_alive)

    def _queue(self, turn: Callable[[], None]) -> None:
        self._pending.append(turn)
        self._transport.pause_reading()
        self._answer_pending()

    def _answer_pending(self) -> None:
        """Answer what waits for its turn, then listen again."""
        while self._pending and not (self._answering or self._blocked or self._transport.is_closing()):
            self._pending.popleft()()
        if self._answering or self._blocked or self._transport.is_closing():
            return
        if self._half_closed:
            self.flush()
            self._transport.close()
            return
        self._transport.resume_reading()
        self._continue()

    def _continue(self) -> None:
        """Let the client send the body for which it wants leave, unless answers are due before."""
        if self._reader.wants_continue and not (self._answering or self._pending):
            self._reader.wants_continue = False
            self._unsent += _CONTINUE
            self.flush()

    # ---- Answers out

    def _answer(self, request: Request, keep_alive: bool) -> None:
        if is_control(request.path) or (
            request.method != "POST"
            and self._front.has_console
            and is_console(request.method, request.path, request.header(b"accept"))
        ):
            send = partial(self._send_control, request.method, keep_alive)
            self._in_thread(partial(self._front.control, request), partial(self._finish, send))
            return
        response = self._front.answer(request)
        if isinstance(response, Response) and response.delivery is UNDISTURBED:
            self._send(request.method, keep_alive, response)
            return
        deliver = partial(self._deliver, partial(self._send, request.method, keep_alive))
        if isinstance(response, Later):
            self._in_thread(response.work, deliver)
        elif isinstance(response, Response):
            deliver(response)
        else:
            self._answering = True
            assert self._front.held is not None
            self._front.held.hold(response, deliver)

    def _in_thread(self, work: Callable[[], _Result], done: Callable[[_Result], None]) -> None:
        """Let work be done in a thread, then hand its result to `done`; what comes meanwhile waits for its turn."""
        self._answering = True

        def run() -> None:
            step: Callable[[], None]
            try:
                step = partial(done, work())
            except Exception:
                _log.exception("a request failed")
                step = self.abort
            self._front.on_loop(step)

        self._front.in_thread(run)

    def _deliver(self, send: Callable[[Response], None], response: Response) -> None:
        """Send an answer, after the delay that a fault rule puts before it."""
        if response.delivery.delay:
            self._answering = True
            self._front.loop.call_later(response.delivery.delay, self._finish, send, response)
        else:
            self._finish(send, response)

    def _finish(self, send: Callable[[_Result], None], result: _Result) -> None:
        """Send an answer that the client had to wait for, and go on."""
        self._answering = False
        if not self._lost:
            send(result)
            self._answer_pending()

    def _send(self, method: str, keep_alive: bool, response: Response) -> None:
        body = response.body
        if response.delivery is not UNDISTURBED:
            if response.delivery.drop:
                self.abort()
                return
            body = response.delivery.part_of(body)
        headers = headers_of(response, self._front.date)
        self._write(response.status, headers, body if method != "HEAD" else b"", keep_alive)
        if len(body) < len(response.body):
            self.flush()
            self._reader.ended = True
            self._transport.close()
        self._front.start_key_pool()

    def _send_control(self, method: str, keep_alive: bool, answer: tuple[int, Headers, bytes]) -> None:
        status, headers, body = answer
        self._write(status, [*headers, ("Date", self._front.date)], body if method != "HEAD" else b"", keep_alive)

    def _refuse(self, refused: Refused) -> None:
        self.note_refusal(refused)
        body = str(refused).encode()
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        self._write(refused.status, headers, body, keep_alive=False)

    def _write(self, status: int, headers: Headers, body: bytes, keep_alive: bool) -> None:
        """Send head and body in one, and close the connection if this was the last answer."""
        keep_alive = keep_alive and (not self._front.stopping or bool(self._pending))
        if not keep_alive:
            headers = [*headers, ("Connection", "close")]
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
        if self._unsent:
            self.flush()  # else a client could have us keep all the answers to as many requests as one packet holds
        self._unsent = f"HTTP/1.1 {STATUS[status]}\r\n{lines}\r\n".encode("latin-1") + body
        if keep_alive:
            self._front.send_soon(self)
        else:
            self.flush()
            self._end()

    def flush(self) -> None:
        """Send what is yet to be sent."""
        unsent, self._unsent = self._unsent, b""
        if unsent and not self._lost:
            self._transport.write(unsent)

    def _end(self) -> None:
        """Close the connection. A client that is still sending would not hear the answer: it has a while to do so."""
        self._pending.clear()
        self._reader.ended = True
        if not self._reader.in_request:
            self._transport.close()
            return
        self._reader.wants_continue = False
        self._transport.write_eof()
        self._idle.cancel()
        self._idle = self._front.loop.call_later(LINGER, self._transport.close)
