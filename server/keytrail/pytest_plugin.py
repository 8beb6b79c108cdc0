"""Fixtures for test suites: a server for the session, and clients on a clean state.

Everything is imported when a fixture is first used: the plugin is loaded in every pytest run of its users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from keytrail.server import KeytrailServer
    from keytrail.trail import Calls


STRICT = "Refuse undeclared access keys, unsigned calls, and what no policy allows."


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run, or a project's configuration, be strict about callers."""
    parser.getgroup("keytrail").addoption("--keytrail-strict", action="store_true", help=STRICT)
    parser.addini("keytrail_strict", STRICT, type="bool", default=False)


class KeytrailClock:
    """The server's clock in the hands of a test."""

    def __init__(self, server: KeytrailServer) -> None:
        """Hold a server."""
        self._server = server

    @property
    def now(self) -> datetime:
        """The server's time: aware, UTC."""
        return self._server.now

    def freeze(self, now: datetime | str | None = None) -> datetime:
        """Let time stand still, at a moment or where it is; gives the time."""
        return self._server.set_clock(now, frozen=True)

    def set(self, now: datetime | str) -> datetime:
        """Set the time; it goes on or stands still as before."""
        return self._server.set_clock(now)

    def run(self) -> datetime:
        """Let time go on from where it is, at the speed that it had; gives the time."""
        return self._server.set_clock(frozen=False)

    def speed(self, factor: float) -> datetime:
        """Let time run so many times faster than the real one (slower, below 1; 0 freezes it); gives the time."""
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
    """What the code under test called: `assert len(kms_calls("Decrypt", key=key_id)) == 2`."""

    def __init__(self, server: KeytrailServer) -> None:
        """Begin with the next call."""
        self._server = server
        self._mark = server.mark()

    def __call__(self, operation: str | None = None, **filters: Any) -> Calls:
        """The calls that match, oldest first; the filters are those of KeytrailServer.calls."""
        return self._server.calls(operation, after=self._mark, **filters)

    def forget(self) -> None:
        """Begin anew: what was called until now is not counted any more."""
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
    """The session's server as it was just after its start."""
    keytrail_server.reset()
    return keytrail_server


@pytest.fixture
def keytrail_client(keytrail_clean: KeytrailServer) -> Callable[..., Any]:
    """Make boto3 clients: `keytrail_client(account="111122223333", region="eu-west-1")`.

    Keywords: service, account or access_key_id, secret_access_key (the server's own, if it knows one),
    session_token, region.
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
    """The server's clock; the next test's clean state has the real time again."""
    yield KeytrailClock(keytrail_clean)
    keytrail_clean.reset_clock()


@pytest.fixture
def kms_calls(keytrail_clean: KeytrailServer) -> KmsCalls:
    """Counts calls: `assert len(kms_calls("Decrypt", encryption_context={"tenant": "acme"})) == 2`.

    Counted is what is called from here on: after the fixtures that the test names before this one.
    """
    return KmsCalls(keytrail_clean)
