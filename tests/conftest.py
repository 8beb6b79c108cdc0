"""How hypothesis tries: for as long as an example takes, for a busy machine is no fault of the code's. And no test may
leave an event that could not be written: its call was answered, so nobody else would see it.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings

from keytrail.server import KeytrailServer
from tests.support.clients import shared_client

settings.register_profile("keytrail", deadline=None)
settings.load_profile("keytrail")


@pytest.fixture(scope="session", autouse=True)
def every_event_is_written() -> Iterator[None]:
    """Fail at the end if Keytrail logged that an event could not be written."""
    lost: list[logging.LogRecord] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: lost.append(record) if record.msg == "an event could not be written" else None  # type: ignore[method-assign]
    logging.getLogger("keytrail").addHandler(handler)
    yield
    assert not lost, [record.exc_info for record in lost]


@pytest.fixture
def keytrail_client(keytrail_clean: KeytrailServer) -> Callable[..., Any]:
    """As the plugin's fixture of this name, with clients that are shared by all tests."""
    server = keytrail_clean

    def make(
        service: str = "kms",
        *,
        account: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        session_token: str | None = None,
        region: str | None = None,
    ) -> Any:
        return shared_client(
            server.url,
            service,
            region or server.settings.region,
            access_key_id or account or server.settings.account,
            secret_access_key or server.secret_of(access_key_id or "") or "any",
            session_token,
        )

    return make
