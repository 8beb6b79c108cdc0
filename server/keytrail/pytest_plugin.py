"""Pytest fixtures: a server for the session, and clients for each test on a clean state.

Everything is imported only when a fixture is first used, because pytest loads the plugin in every run of its users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from keytrail.server import KeytrailServer
    from keytrail.trail import Calls


STRICT = "Refuse undeclared access keys, unsigned calls, and calls that no policy allows."


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option and the ini setting that make the server strict about callers."""
    parser.getgroup("keytrail").addoption("--keytrail-strict", action="store_true", help=STRICT)
    parser.addini("keytrail_strict", STRICT, type="bool", default=False)


class KeytrailClock:
    """The server's clock, for a test to move."""

    def __init__(self, server: KeytrailServer) -> None:
        """Control the clock of a server."""
        self._server = server

    @property
    def now(self) -> datetime:
        """The server's time: aware, UTC."""
        return self._server.now

    def freeze(self, now: datetime | str | None = None) -> datetime:
        """Freeze the time, at a moment or as it is; gives the time."""
        return self._server.set_clock(now, frozen=True)

    def set(self, now: datetime | str) -> datetime:
        """Set the time; it stays running or frozen as before. Gives the time."""
        return self._server.set_clock(now)

    def run(self) -> datetime:
        """Let a frozen time run again, at its former speed; gives the time."""
        return self._server.set_clock(frozen=False)

    def speed(self, factor: float) -> datetime:
        """Let the time run `factor` times as fast as the real time (0 freezes it); gives the time."""
        return self._server.set_clock(speed=factor)

    def reset(self) -> datetime:
        """Go back to the real time, running; gives it."""
        return self._server.reset_clock()

    def advance(self, duration: timedelta | str | None = None, **units: float) -> datetime:
        """Move the time by a timedelta, an ISO 8601 duration (`"P30D"`), or by keywords: `advance(days=30)`.

        Gives the time.
        """
        return self._server.advance(duration if duration is not None else timedelta(**units))


class KmsCalls:
    """The calls that the code under test made: `assert len(kms_calls("Decrypt", key=key_id)) == 2`."""

    def __init__(self, server: KeytrailServer) -> None:
        """Count from the next call on."""
        self._server = server
        self._mark = server.mark()

    def __call__(self, operation: str | None = None, **filters: Any) -> Calls:
        """The calls that match, oldest first; the filters are those of KeytrailServer.calls."""
        return self._server.calls(operation, after=self._mark, **filters)

    def forget(self) -> None:
        """Count from the next call on: earlier calls count no more."""
        self._mark = self._server.mark()


@pytest.fixture(scope="session")
def keytrail_settings() -> dict[str, Any]:
    """Keyword arguments of Settings for the session's server; override it: `{"fixtures": ["tests/kms.yaml"]}`."""
    return {}


@pytest.fixture(scope="session")
def keytrail_server(keytrail_settings: dict[str, Any], pytestconfig: pytest.Config) -> Iterator[KeytrailServer]:
    """The session's server, on a free port."""
    from keytrail.server import KeytrailServer

    strict = pytestconfig.getoption("keytrail_strict") or pytestconfig.getini("keytrail_strict")
    with KeytrailServer(**{"strict": strict, **keytrail_settings}) as server:
        yield server


@pytest.fixture
def keytrail_clean(keytrail_server: KeytrailServer) -> KeytrailServer:
    """The session's server, reset to its state after the start."""
    keytrail_server.reset()
    return keytrail_server


@pytest.fixture
def keytrail_client(keytrail_clean: KeytrailServer) -> Callable[..., Any]:
    """Make boto3 clients: `keytrail_client(account="111122223333", region="eu-west-1")`.

    Keywords: service, account or access_key_id, secret_access_key (by default the one that the server knows for
    the access key, if any), session_token, region.
    """
    import boto3

    def make(
        service: str = "kms",
        *,
        account: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        session_token: str | None = None,
        region: str | None = None,
    ) -> Any:
        return boto3.client(
            service,
            endpoint_url=keytrail_clean.url,
            region_name=region or keytrail_clean.settings.region,
            aws_access_key_id=access_key_id or account or keytrail_clean.settings.account,
            aws_secret_access_key=secret_access_key or keytrail_clean.secret_of(access_key_id or "") or "any",
            aws_session_token=session_token,
        )

    return make


@pytest.fixture
def kms(keytrail_client: Callable[..., Any]) -> Any:
    """A boto3 KMS client of the default account and Region, on a clean state."""
    return keytrail_client()


@pytest.fixture
def keytrail_clock(keytrail_clean: KeytrailServer) -> Iterator[KeytrailClock]:
    """The server's clock; after the test it is the real time again."""
    yield KeytrailClock(keytrail_clean)
    keytrail_clean.reset_clock()


@pytest.fixture
def kms_calls(keytrail_clean: KeytrailServer) -> KmsCalls:
    """Counts calls: `assert len(kms_calls("Decrypt", encryption_context={"tenant": "acme"})) == 2`.

    It counts calls from its own set-up on: not those of fixtures that the test names before it.
    """
    return KmsCalls(keytrail_clean)
