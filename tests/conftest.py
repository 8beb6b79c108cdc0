"""How hypothesis tries: for as long as an example takes, for a busy machine is no fault of the code's.

And what takes long to make and is the same for all tests: boto3 clients, RSA key pairs.
"""

from collections.abc import Callable, Iterator
from typing import Any

import freezegun
import pytest
from hypothesis import settings

from keytrail.crypto import key_pool
from keytrail.server import KeytrailServer
from tests.support.clients import shared_client
from tests.support.rsa_pairs import FewPairs

settings.register_profile("keytrail", deadline=None)
settings.load_profile("keytrail")

# freezegun reads every attribute of every module; one of testcontainers' asks Docker, on a socket that nobody closes.
freezegun.configure(extend_ignore_list=["testcontainers"])


@pytest.fixture(scope="session", autouse=True)
def few_rsa_pairs() -> Iterator[None]:
    """The servers of a run take turns with a few RSA pairs; tests/crypto/test_key_pool.py has the real pool."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_pool, "POOL", FewPairs())
        yield


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
