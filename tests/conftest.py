"""How hypothesis tries: for as long as an example takes, for a busy machine is no fault of the code's. And clients."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

from keytrail.server import KeytrailServer
from tests.support.clients import shared_client

settings.register_profile("keytrail", deadline=None)
settings.load_profile("keytrail")


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
