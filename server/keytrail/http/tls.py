"""What a server shows to clients of TLS: a certificate that it was given, or one of its own authority.

The authority is made at the start, or kept in a folder. The server's certificate is made anew at each start: so it has
the names of the settings, and never expires in a folder.
"""

import os
import socket
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from keytrail.ca_file import KEPT
from keytrail.clock import Clock
from keytrail.crypto.certificates import Authority
from keytrail.host_names import is_address, is_host_name
from keytrail.settings import Settings

_AUTHORITY = "authority.pem"
"""In the folder of `tls_dir`: key and certificate of the authority, in one file, so that it is whole or not there.

Beside it is the certificate alone, for clients.
"""


class Tls(NamedTuple):
    """How a server speaks TLS."""

    context: ssl.SSLContext
    authority: bytes | None
    """The certificate, in PEM, of the authority that clients have to trust; None if the certificate was given."""


def tls_of(settings: Settings) -> Tls:
    """TLS as the settings say. Raises ValueError for a file that is not usable, with what would be right."""
    if settings.tls_cert:
        return Tls(_given(settings.tls_cert, settings.tls_key or settings.tls_cert), None)
    now = Clock().now()
    authority = _kept(Path(settings.tls_dir), now) if settings.tls_dir else Authority.make(now)
    return Tls(_made(*authority.issue(names_of(settings), now)), authority.pem)


def names_of(settings: Settings) -> list[str]:
    """The names and addresses of a certificate that is made: this machine's own, and those of the settings."""
    names = {"localhost": None, "127.0.0.1": None, "::1": None}  # ordered
    for name in (settings.host, socket.gethostname(), *sorted(settings.tls_names)):
        if is_address(name) or is_host_name(name.removeprefix("*.")):
            names[name] = None
    for everywhere in ("0.0.0.0", "::"):
        names.pop(everywhere, None)
    return list(names)


def _kept(folder: Path, now: datetime) -> Authority:
    """The authority that a folder keeps: from now on, if there was none."""
    kept = folder / _AUTHORITY
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not kept.exists():
            with suppress(FileExistsError):  # another server was faster
                _write(kept, Authority.make(now).pem_with_key, 0o600, replace=False)
        authority = Authority.read(kept.read_bytes(), now)
        _write(folder / KEPT, authority.pem, 0o644)
    except OSError as error:
        raise ValueError(f"tls_dir: {error.filename}: {error.strerror}; expected a folder to write to") from None
    except ValueError as error:
        remedy = "remove it, and another is made, which clients then have to trust"
        raise ValueError(f"tls_dir: {kept} cannot be used: {error}; {remedy}") from None
    return authority


def _write(path: Path, data: bytes, mode: int, *, replace: bool = True) -> None:
    """Write a file in one step: nobody finds a part of it. Raises FileExistsError if it is not to be replaced."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(mode)
        if replace:
            Path(name).replace(path)
        else:
            path.hardlink_to(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    # Many clients hang up without a goodbye; OpenSSL 3 would send them an alert, and they may have half-closed only.
    context.options |= getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _given(certificate: str, key: str) -> ssl.SSLContext:
    context = _context()
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except _Encrypted:
        raise ValueError(f"tls_key: {key} is encrypted; expected a key without a password") from None
    except ssl.SSLError as error:
        expected = f"expected PEM files with a certificate ({certificate}) and its private key ({key})"
        raise ValueError(f"tls_cert: {expected}; {error.reason or error}") from None
    except OSError as error:
        name = "tls_key" if Path(certificate).exists() else "tls_cert"
        raise ValueError(
            f"{name}: {error.strerror}; expected PEM files that can be read: {certificate}, {key}"
        ) from None
    return context


class _Encrypted(Exception):
    pass


def _no_password() -> str:
    raise _Encrypted  # else OpenSSL asks at the terminal


def _made(certificate: bytes, key: bytes) -> ssl.SSLContext:
    context = _context()
    with _as_file(certificate) as certificate_path, _as_file(key) as key_path:
        context.load_cert_chain(certificate_path, key_path)
    return context


@contextmanager
def _as_file(data: bytes) -> Iterator[str]:
    """The path of a file with these bytes: ssl reads no key from memory. On Linux it needs no disk to write to."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("keytrail"), "wb") as file:
            file.write(data)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
        return
    handle, name = tempfile.mkstemp()
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        yield name
    finally:
        Path(name).unlink()
