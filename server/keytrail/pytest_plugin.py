"""Pytest fixtures: a server for the session, and clients for each test on a clean state.

Everything is imported only when a fixture is first used, because pytest loads the plugin in every run of its users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import pytest

if TYPE_CHECKING:
    import socket

    from keytrail.client import KeytrailClient
    from keytrail.pytest_layers import Layers
    from keytrail.server import KeytrailServer
    from keytrail.server_clock import ServerClock
    from keytrail.trail import Calls, RecordedCall


OLDEST_BOTO3 = "1.42.97"
"""The first boto3 that knows GetKeyLastUsage."""

_STRICT = "Refuse undeclared access keys, unsigned calls, and calls that no policy allows."
_URL = (
    "Use the Keytrail server at this URL instead of starting one; KEYTRAIL_CONTROL_TOKEN is its control token. "
    "It is reset for each test. Under pytest-xdist each worker uses an account of its own."
)
_AUTOUSE = "Use the fixture keytrail_env in every test, and set its variables before any test is collected, too."
_SEED = (
    "keytrail_seed(seed, ...): load these seeds (paths, relative to pytest's rootdir, or documents) before the test."
)

_FIRST_WORKER = 700_000_000_000
"""The account of the first worker that shares a server; the others follow."""

_layers: pytest.StashKey[Layers] = pytest.StashKey()
_port: pytest.StashKey[socket.socket] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the ini settings."""
    group = parser.getgroup("keytrail")
    group.addoption("--keytrail-strict", action="store_true", help=_STRICT)
    group.addoption("--keytrail-url", metavar="URL", help=_URL)
    parser.addini("keytrail_strict", _STRICT, type="bool", default=False)
    parser.addini("keytrail_url", _URL)
    parser.addini("keytrail_autouse", _AUTOUSE, type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker; with keytrail_autouse, set the variables for what is imported with the tests."""
    config.addinivalue_line("markers", _SEED)
    if config.getini("keytrail_autouse"):
        from keytrail.environment import aws_environment

        # An access key that is nobody's stands for the server's default account, whatever that will be; a strict
        # server knows no such key.
        account = _account_of_worker(config) or ("000000000000" if _is_strict(config) else "keytrail")
        stack = ExitStack()
        stack.enter_context(aws_environment(_url(config) or _reserve_port(config), account))
        config.add_cleanup(stack.close)


def _url(config: pytest.Config) -> str | None:
    url: str | None = config.getoption("keytrail_url") or config.getini("keytrail_url") or None
    return url


def _account_of_worker(config: pytest.Config) -> str | None:
    """The account of this worker of pytest-xdist if all share a server; None if there is no need of one."""
    worker: Mapping[str, Any] | None = getattr(config, "workerinput", None)
    if worker is None or _url(config) is None:
        return None
    return str(_FIRST_WORKER + int(worker["workerid"].removeprefix("gw")))


def _reserve_port(config: pytest.Config) -> str:
    """The URL of the server that will be started: its port is taken at once, and freed when the server starts."""
    import socket

    reserved = socket.socket()
    reserved.bind(("127.0.0.1", 0))
    config.stash[_port] = reserved
    config.add_cleanup(reserved.close)
    return f"http://127.0.0.1:{reserved.getsockname()[1]}"


class KmsCalls:
    """The calls that the code under test made: `assert len(kms_calls("Decrypt", key=key_id)) == 2`.

    Without brackets it is all of them: `len(kms_calls)`, `kms_calls[0]`, `for call in kms_calls`.
    """

    def __init__(self, server: KeytrailServer | KeytrailClient) -> None:
        """Count from the next call on."""
        self._server = server
        self._mark = server.mark()

    def __call__(self, operation: str | None = None, **filters: Any) -> Calls:
        """The calls that match, oldest first; the filters are those of KeytrailServer.calls."""
        return self._server.calls(operation, after=self._mark, **filters)

    def __iter__(self) -> Iterator[RecordedCall]:
        """All calls, oldest first."""
        return iter(self())

    def __len__(self) -> int:
        """How many calls there were."""
        return len(self())

    @overload
    def __getitem__(self, index: int) -> RecordedCall: ...
    @overload
    def __getitem__(self, index: slice) -> list[RecordedCall]: ...
    def __getitem__(self, index: int | slice) -> RecordedCall | list[RecordedCall]:
        """A call by its place, or several; the oldest is 0."""
        return self()[index]

    def __repr__(self) -> str:
        return repr(self())

    def forget(self) -> None:
        """Count from the next call on: earlier calls count no more."""
        self._mark = self._server.mark()


@pytest.fixture(scope="session")
def keytrail_settings() -> dict[str, Any]:
    """Keyword arguments of KeytrailServer for the session's server; override it: `{"fixtures": ["tests/kms.yaml"]}`."""
    return {}


@pytest.fixture(scope="session")
def keytrail_server(
    keytrail_settings: dict[str, Any], pytestconfig: pytest.Config
) -> Iterator[KeytrailServer | KeytrailClient]:
    """The session's server, on a free port; with --keytrail-url, the one that runs there.

    What fixtures of a session, package, module or class do to it stays until their scope ends. What a test does, or a
    fixture of its own, ends with the test.
    """
    with ExitStack() as stack:
        url = _url(pytestconfig)
        server: KeytrailServer | KeytrailClient
        if url is not None:
            server = _connect(url, keytrail_settings, pytestconfig)
            stack.callback(server.reset)
        else:
            server = stack.enter_context(_start(keytrail_settings, pytestconfig))
        stack.callback(pytestconfig.pluginmanager.unregister, _layers_of(server, pytestconfig))
        yield server


def _layers_of(server: KeytrailServer | KeytrailClient, config: pytest.Config) -> Layers:
    """The layers of a server: of the session's, or of one that a suite's own fixture keytrail_server has."""
    from keytrail.pytest_layers import Layers

    layers = config.stash.get(_layers, None)
    if layers is None or layers.server is not server:
        layers = config.stash[_layers] = Layers(server)
        config.pluginmanager.register(layers)
    return layers


def _is_strict(config: pytest.Config) -> bool:
    return bool(config.getoption("keytrail_strict") or config.getini("keytrail_strict"))


def _start(settings: Mapping[str, Any], config: pytest.Config) -> KeytrailServer:
    from keytrail.server import KeytrailServer

    reserved = config.stash.get(_port, None)
    port = reserved.getsockname()[1] if reserved is not None else 0
    server = KeytrailServer(
        **{"strict": _is_strict(config), "port": port, "folder": config.rootpath, **settings},
    )
    if reserved is not None:
        reserved.close()
    return server


def _connect(url: str, settings: Mapping[str, Any], config: pytest.Config) -> KeytrailClient:
    import os

    from keytrail.client import KeytrailClient

    token = os.environ.get("KEYTRAIL_CONTROL_TOKEN", "")
    client = KeytrailClient(url, token, account=_account_of_worker(config), folder=config.rootpath)
    try:
        client.wait_until_ready(5)
    except ConnectionError as error:
        pytest.exit(f"keytrail: {error} (--keytrail-url)", returncode=pytest.ExitCode.USAGE_ERROR)
    except PermissionError as error:
        hint = "the variable KEYTRAIL_CONTROL_TOKEN has it for pytest"
        pytest.exit(f"keytrail: {error}; {hint}", returncode=pytest.ExitCode.USAGE_ERROR)
    others = ", ".join(sorted(settings.keys() - {"fixtures"}))
    if others:
        pytest.fail(f"keytrail_settings: {others}: set it where the server at {url} is started", pytrace=False)
    if _is_strict(config) and not client.settings.strict:
        pytest.fail(f"the server at {url} is not strict: start it with KEYTRAIL_STRICT=true", pytrace=False)
    client.reset()
    for seed in _listed(settings.get("fixtures", ())):
        client.load(seed)
    return client


@pytest.fixture(scope="session")
def keytrail_seed() -> Any:
    """The seeds that each test begins with: none. Override it, in any scope: a path, a document, or a list of these.

    Paths are relative to pytest's rootdir. `@pytest.mark.keytrail_seed(...)` adds seeds for one test, class or module.
    """
    return ()


@pytest.fixture
def keytrail_clean(
    keytrail_server: KeytrailServer | KeytrailClient, keytrail_seed: Any, request: pytest.FixtureRequest
) -> Iterator[KeytrailServer | KeytrailClient]:
    """The session's server: in the state after its start, with what fixtures of wider scopes did, and with the seeds.

    After the test it is as it was before. Every test that uses the server begins with this fixture.
    """
    layers = _layers_of(keytrail_server, request.config)
    try:
        for seed in [*_listed(keytrail_seed), *_marked_seeds(request.node)]:
            keytrail_server.load(seed)
        yield keytrail_server
    finally:
        layers.reset()


def _marked_seeds(item: pytest.Item) -> Iterator[Any]:
    """The seeds of the markers: those of the module first, those of the test last."""
    for marker in reversed(list(item.iter_markers("keytrail_seed"))):
        if marker.kwargs or not marker.args:
            pytest.fail('say which seeds: @pytest.mark.keytrail_seed("fixtures/orders.yaml")', pytrace=False)
        yield from marker.args


def _listed(seeds: Any) -> list[Any]:
    return [seeds] if isinstance(seeds, (str, Path, Mapping)) else list(seeds)


@pytest.fixture(autouse=True)
def _keytrail(request: pytest.FixtureRequest) -> None:
    """Use keytrail_clean in each test that uses the server; with keytrail_autouse, keytrail_env in every test."""
    if request.config.getini("keytrail_autouse"):
        request.getfixturevalue("keytrail_env")
    elif "keytrail_server" in request.fixturenames or request.node.get_closest_marker("keytrail_seed") is not None:
        request.getfixturevalue("keytrail_clean")


@pytest.fixture
def keytrail_env(keytrail_clean: KeytrailServer | KeytrailClient) -> Iterator[Mapping[str, str]]:
    """Point the code under test at the server, by AWS's environment variables: endpoints, credentials, Region.

    No call can reach AWS. Gives the variables, for processes that the test starts.
    """
    from keytrail.environment import aws_environment

    settings = keytrail_clean.settings
    with aws_environment(keytrail_clean.url, settings.account, settings.region) as variables:
        yield variables


@pytest.fixture
def keytrail_tls_env(keytrail_clean: KeytrailServer | KeytrailClient) -> Iterator[Mapping[str, str]]:
    """As keytrail_env, by HTTPS. `keytrail_settings` has to say so: `{"tls_port": 0}`."""
    from keytrail.environment import aws_environment

    server, settings = keytrail_clean, keytrail_clean.settings
    with aws_environment(server.tls_url, settings.account, settings.region, ca_file=server.ca_file) as variables:
        yield variables


@pytest.fixture
def keytrail_client(keytrail_clean: KeytrailServer | KeytrailClient) -> Callable[..., Any]:
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
        settings = keytrail_clean.settings
        client = boto3.client(
            service,
            endpoint_url=keytrail_clean.url,
            region_name=region or settings.region,
            aws_access_key_id=access_key_id or account or settings.account,
            aws_secret_access_key=secret_access_key or keytrail_clean.secret_of(access_key_id or "") or "any",
            aws_session_token=session_token,
        )
        client.meta.events.register("getattr.kms.get_key_last_usage", _refuse_old_boto3)
        return client

    return make


def _refuse_old_boto3(**_: object) -> None:
    """Called by boto3 for an operation that it does not know."""
    import boto3

    raise RuntimeError(
        f"boto3 {boto3.__version__} does not know GetKeyLastUsage; {OLDEST_BOTO3} is the first that does: "
        f"pip install 'boto3>={OLDEST_BOTO3}'"
    )


@pytest.fixture
def kms(keytrail_client: Callable[..., Any]) -> Any:
    """A boto3 KMS client of the default account and Region, on a clean state."""
    return keytrail_client()


@pytest.fixture
def keytrail_clock(keytrail_clean: KeytrailServer | KeytrailClient, pytestconfig: pytest.Config) -> ServerClock:
    """The server's clock, which is keytrail_server.clock; after the test it is what it was before."""
    if _account_of_worker(pytestconfig) is not None:
        pytest.fail(
            "the clock is the whole server's, and other workers of pytest-xdist use it now: run the tests that move it "
            "with -n 0, or without --keytrail-url, so that each worker has a server of its own",
            pytrace=False,
        )
    return keytrail_clean.clock


@pytest.fixture
def kms_calls(keytrail_clean: KeytrailServer | KeytrailClient) -> KmsCalls:
    """Counts calls: `assert len(kms_calls("Decrypt", encryption_context={"tenant": "acme"})) == 2`.

    It counts calls from its own set-up on: not those of fixtures that the test names before it.
    """
    return KmsCalls(keytrail_clean)
