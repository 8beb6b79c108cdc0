"""One request at a time, or as many as the server answers: raw sockets, bytes made beforehand."""

import selectors
import socket
import time
from dataclasses import dataclass

from messages import HOST, Answer, parse, whole_answer

PIECE = 256 * 1024


@dataclass(frozen=True)
class Load:
    """What one burst of load came to."""

    requests: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def ask(port: int, request: bytes, timeout: float = 10) -> Answer:
    """The answer to one request on a connection of its own."""
    with socket.create_connection((HOST, port), timeout=timeout) as connection:
        connection.sendall(request)
        data = b""
        while (length := whole_answer(data)) is None or len(data) < length:
            piece = connection.recv(PIECE)
            if not piece:
                raise ConnectionError(f"the server hung up after {len(data)} bytes")
            data += piece
    return parse(data)


def burst(port: int, request: bytes, connections: int, seconds: float, at_most: int = 10**9) -> Load:
    """Send `request` on every connection as soon as its answer is in, until the time or the count is up.

    Every answer has to be a 200. The connections are kept alive where the server lets them be.
    """
    with selectors.DefaultSelector() as selector:
        clients = [Client(port, request, selector) for _ in range(connections)]
        answered = 0
        started = time.perf_counter()
        end = started + seconds
        for client in clients:
            client.send()
        while answered < at_most and time.perf_counter() < end:
            for key, _ in selector.select(0.5):
                answered += key.data.receive()
        elapsed = time.perf_counter() - started
        for client in clients:
            client.socket.close()
    if not answered:
        raise TimeoutError(f"no answer in {seconds} seconds")
    return Load(answered, elapsed)


class Client:
    """One connection."""

    def __init__(self, port: int, request: bytes, selector: selectors.BaseSelector):
        self.port = port
        self.request = request
        self.selector = selector
        self.buffer = b""
        self.usual_length = 0  # most answers are as long as the last one: no need to read their head
        self.keep_alive = True
        self.connect()

    def connect(self) -> None:
        self.socket = socket.create_connection((HOST, self.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.selector.register(self.socket, selectors.EVENT_READ, self)

    def reconnect(self) -> None:
        self.selector.unregister(self.socket)
        self.socket.close()
        self.connect()

    def send(self) -> None:
        if self.socket.send(self.request) != len(self.request):
            raise ConnectionError("the request did not fit into the socket's buffer")

    def receive(self) -> int:
        """Take what has come. 1 if it completes an answer, for which the next request is then sent."""
        piece = self.socket.recv(PIECE)
        if not piece:
            raise ConnectionError(f"the server hung up: {self.buffer[:500]!r}")
        self.buffer += piece
        if len(self.buffer) != self.usual_length:
            length = whole_answer(self.buffer)
            if length is None or len(self.buffer) < length:
                return 0
            self.usual_length = length
            self.keep_alive = b"\r\nconnection: close\r\n" not in self.buffer.lower()
        if self.buffer[9:12] != b"200":
            raise RuntimeError(f"not a 200: {self.buffer[:2000]!r}")
        self.buffer = b""
        if not self.keep_alive:
            self.reconnect()
        self.send()
        return 1


def latencies(port: int, request: bytes, count: int, seconds: float = 300) -> list[float]:
    """Seconds that each of so many requests took, one after the other on one connection; or as many as the time lets.

    Every answer has to be a 200. Where the server hangs up, the next request has a new connection, which is not timed.
    """
    taken: list[float] = []
    end = time.perf_counter() + seconds
    connection = None
    while len(taken) < count and time.perf_counter() < end:
        if connection is None:
            connection = socket.create_connection((HOST, port), timeout=60)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sent = time.perf_counter()
        connection.sendall(request)
        data = b""
        while (length := whole_answer(data)) is None or len(data) < length:
            piece = connection.recv(PIECE)
            if not piece:
                raise ConnectionError(f"the server hung up: {data[:500]!r}")
            data += piece
        taken.append(time.perf_counter() - sent)
        if data[9:12] != b"200":
            raise RuntimeError(f"not a 200: {data[:2000]!r}")
        if b"\r\nconnection: close\r\n" in data.lower():
            connection.close()
            connection = None
    if connection is not None:
        connection.close()
    return taken
