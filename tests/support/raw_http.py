"""HTTP by hand: any bytes to a server, and its answers as they came, one after the other."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """An answer, with the names of its headers in the case and the order in which they came."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def status(self) -> int:
        return int(self.line.split(" ")[1])

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.headers]

    def header(self, name: str) -> str | None:
        """The value of a header, by its name in any case."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)


class Client:
    """A connection; a context manager. What a server does not do within five seconds is a TimeoutError.

    With `tls` it is one of TLS, with a client's context, or True: one that trusts the server.
    """

    def __init__(self, server: Any, *, receive_buffer: int | None = None, tls: bool | ssl.SSLContext = False) -> None:
        place = urlsplit(server.tls_url if tls else server.url)
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(5)
        self.socket.connect((place.hostname, place.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            context = ssl.create_default_context(cafile=server.ca_file) if tls is True else tls
            self.socket = context.wrap_socket(self.socket, server_hostname=place.hostname)
        self._come = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def end(self) -> None:
        """Say that nothing more will be sent; of TLS, without its goodbye."""
        socket.socket.shutdown(self.socket, socket.SHUT_WR)  # that of ssl would forget the keys

    def read_answer(self, *, of_head: bool = False) -> Answer:
        """The next answer; without its body, if it is one to HEAD. Raises EOFError if the server has hung up."""
        head = self._read_until(b"\r\n\r\n").decode("latin-1")
        line, *fields = head.split("\r\n")
        pairs = [field.partition(": ") for field in fields]
        answer = Answer(line, [(name, value) for name, _, value in pairs], b"")
        length = 0 if of_head else int(answer.header("content-length") or 0)
        return Answer(answer.line, answer.headers, self._read(length))

    def read_rest(self) -> bytes:
        """All that comes until the server hangs up."""
        while self._more():
            pass
        rest, self._come = self._come, b""
        return rest

    def is_silent(self, seconds: float = 0.1) -> bool:
        """Whether nothing has come, and nothing comes for a while."""
        if self._come:
            return False
        self.socket.settimeout(seconds)
        try:
            self._more()
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(5)
        return False

    def _read_until(self, end: bytes) -> bytes:
        while end not in self._come:
            if not self._more():
                raise EOFError(self._come)
        found, _, self._come = self._come.partition(end)
        return found

    def _read(self, size: int) -> bytes:
        while len(self._come) < size:
            if not self._more():
                raise EOFError(self._come)
        found, self._come = self._come[:size], self._come[size:]
        return found

    def _more(self) -> bool:
        piece = self.socket.recv(65536)
        self._come += piece
        return bool(piece)


def kms(operation: str, body: bytes = b"{}", *headers: str, version: str = "1.1") -> bytes:
    """The bytes of a call of KMS with these header lines besides."""
    lines = [
        f"POST / HTTP/{version}",
        "Host: kms",
        f"X-Amz-Target: TrentService.{operation}",
        *headers,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def kms_head(operation: str, *headers: str) -> bytes:
    """The head of a call of KMS that has these header lines besides, and no Content-Length but among them."""
    return "\r\n".join(
        ["POST / HTTP/1.1", "Host: kms", f"X-Amz-Target: TrentService.{operation}", *headers, "", ""]
    ).encode()
