"""TLS between a connection and its socket, by OpenSSL on bytes in memory (ssl.SSLObject).

Event loops bring a layer of their own. That one cannot tell a client that speaks plain HTTP so, and cannot end one
direction alone, which HTTP needs for an answer to a client that is still sending.
"""

import asyncio
import ssl
from contextlib import suppress
from typing import Any

from keytrail.http.front import Connection
from keytrail.http.request_reader import Refused

HANDSHAKE = 10.0
"""Seconds that a client has to agree on a connection."""

_PLAIN_HTTP = Refused(400, "This port speaks HTTPS: the request came by plain HTTP.")
_PIECE = 64 * 1024
_HANDSHAKE_RECORD = b"\x16"
"""The first byte of TLS (RFC 8446, section 5.1)."""


class TlsTransport(asyncio.Transport, asyncio.Protocol):
    """A protocol for the socket's transport, and a transport for the connection."""

    _socket: asyncio.Transport

    def __init__(self, connection: Connection, context: ssl.SSLContext, loop: asyncio.AbstractEventLoop) -> None:
        """Speak TLS with a client, for a connection."""
        self._connection = connection
        self._loop = loop
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        """None for a client that speaks plain HTTP."""
        self._agreed = False
        """Whether the handshake is over."""
        self._begun = False
        """Whether anything has come."""
        self._paused = False
        """Whether the connection wants nothing to come."""
        self._ended = False
        """Whether nothing is sent any more, and what comes is dropped."""
        self._heard_all = False
        """Whether the connection knows that nothing more comes."""

    # ---- What the event loop calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the client, who speaks first."""
        self._socket = transport
        self._too_long = self._loop.call_later(HANDSHAKE, self.abort)
        self._connection.connection_made(self)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._ended:
            return
        if not self._begun:
            self._begun = True
            if data[:1] != _HANDSHAKE_RECORD and data[:1].isalpha():
                self._too_long.cancel()
                self._tls = None
                self._connection.refuse_all(_PLAIN_HTTP)
        if self._tls is None:
            self._connection.data_received(data)
        else:
            self._incoming.write(data)
            self._read()

    def eof_received(self) -> bool:
        """Read what is left. The connection decides when to hang up."""
        if self._tls is None:
            return self._connection.eof_received()
        self._incoming.write_eof()
        self._read()
        return not self._ended

    def pause_writing(self) -> None:
        """Tell the connection."""
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        """Tell the connection."""
        self._connection.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell the connection."""
        self._ended = True
        self._too_long.cancel()
        self._connection.connection_lost(error)

    # ---- What the connection calls

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What is known of the socket."""
        return self._socket.get_extra_info(name, default)

    def is_closing(self) -> bool:
        """Whether the connection is being closed."""
        return self._ended or self._socket.is_closing()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes."""
        if self._tls is None:
            self._socket.write(data)
        elif not self._ended:
            rest = memoryview(data)
            while rest:
                rest = rest[self._tls.write(rest) :]
            self._send()

    def pause_reading(self) -> None:
        """Let nothing come."""
        self._paused = True
        self._socket.pause_reading()

    def resume_reading(self) -> None:
        """Let more come: what has come already, soon."""
        if self._paused:
            self._paused = False
            self._socket.resume_reading()
            self._loop.call_soon(self._read)

    def write_eof(self) -> None:
        """Tell the client that nothing more is sent; drop what it is still sending."""
        self._say_goodbye()
        self._socket.write_eof()

    def close(self) -> None:
        """Send what is yet to be sent, and hang up."""
        self._say_goodbye()
        self._socket.close()

    def abort(self) -> None:
        """Hang up at once."""
        self._ended = True
        self._socket.abort()

    # ---- TLS

    def _read(self) -> None:
        """Go on with the handshake, or hand what has come to the connection."""
        if self._tls is None or self._ended:
            return
        try:
            if not self._agreed:
                self._tls.do_handshake()
                self._agreed = True
                self._too_long.cancel()
            while not (self._paused or self._ended or self._heard_all):
                data = self._tls.read(_PIECE)
                if data:
                    self._connection.data_received(data)
                else:
                    self._hear_all()
        except ssl.SSLWantReadError:
            ...
        except ssl.SSLEOFError:  # without a goodbye, as many clients end
            if self._agreed:
                self._hear_all()
            else:
                self.abort()
        except ssl.SSLError as error:
            self._connection.note_refusal(Refused(0, _why(error)))
            self._send()  # the alert
            self._ended = True
            self._socket.close()
        self._send()

    def _hear_all(self) -> None:
        """Tell the connection that nothing more comes."""
        self._heard_all = True
        if not self._connection.eof_received():
            self.close()

    def _send(self) -> None:
        if self._outgoing.pending and not self._socket.is_closing():
            self._socket.write(self._outgoing.read())

    def _say_goodbye(self) -> None:
        if self._tls is not None and self._agreed and not self._ended:
            with suppress(ssl.SSLError):  # the client's goodbye is yet to come
                self._tls.unwrap()
            self._send()
        self._ended = True


_UNTRUSTED = "The client does not trust the certificate"
_REASONS = {
    "SSLV3_ALERT_BAD_CERTIFICATE": _UNTRUSTED,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _UNTRUSTED,
    "TLSV1_ALERT_UNKNOWN_CA": _UNTRUSTED,
    "UNSUPPORTED_PROTOCOL": "The client speaks no TLS 1.2 or 1.3",
}
"""What went wrong, by OpenSSL's names."""


def _why(error: ssl.SSLError) -> str:
    """What a log says of a client with which TLS has failed."""
    reason = error.reason or str(error)
    known = _REASONS.get(reason)
    if known == _UNTRUSTED:
        known += ": let it trust what GET /_keytrail/ca.pem answers, and use a name that is in the certificate"
    return f"{known} ({reason})." if known else f"TLS has failed: {reason}."
