"""KeytrailContainer: the image of Keytrail for suites that use testcontainers (the extra `testcontainers`)."""

from collections.abc import Mapping
from typing import Any, Self

from testcontainers.core.container import DockerContainer

from keytrail.client import KeytrailClient, SeedSource
from keytrail.plain_values import encode_json
from keytrail.seeds import files_of
from keytrail.settings import Settings, variable

PORT = 4599
"""The port that the image listens on."""

TLS_PORT = 4600
"""The port that it listens on for HTTPS, if it does."""

_READY = 60.0
"""Seconds that a container has to load its seeds."""


class KeytrailContainer(DockerContainer):
    """A container of the image `keytrail`, as `make image` builds it; a context manager.

        with KeytrailContainer().with_seed("fixtures/quickstart.yaml") as keytrail:
            kms = boto3.client("kms", endpoint_url=keytrail.url, region_name="us-east-1", ...)
            keytrail.client.clock.advance(days=30)

    Other containers of its network reach it at http://<its alias>:4599.
    """

    def __init__(self, image: str = "keytrail", **members: Any) -> None:
        """Of an image; the other keywords are those of testcontainers' DockerContainer."""
        super().__init__(image, **members)
        self.with_exposed_ports(PORT)
        self._token = ""
        self._seeds = 0

    def with_seed(self, seed: SeedSource) -> Self:
        """Load a seed at the start: a document as a mapping, or the path of a file or folder of this machine.

        It is copied into the container, whose engine may be anywhere. Raises OSError if it cannot be read.
        """
        if isinstance(seed, Mapping):
            return self._copy(".json", encode_json(seed))
        for file in files_of(str(seed)):
            self._copy(file.suffix, file.read_bytes())
        return self

    def with_settings(self, **settings: Any) -> Self:
        """Set settings, as KeytrailServer's keywords: `with_settings(usage_delay="PT15M", strict=True)`.

        Raises TypeError for a name that is no setting's, ValueError for a value that is not valid.
        """
        values = Settings.from_members(settings)
        for name in settings:
            self.with_env(variable(name), values.text(name))
        self._token = values.control_token or self._token
        return self

    def with_tls(self, *names: str) -> Self:
        """Answer HTTPS, too: at `tls_url`, for clients that trust `client.ca_file`.

        `names` are further names and addresses of the certificate, such as the container's alias in a network, or the
        host of an engine that runs elsewhere.
        """
        self.with_exposed_ports(TLS_PORT)
        return self.with_settings(tls_port=TLS_PORT, tls_names=names)

    def start(self) -> Self:
        """Start it, and wait until its seeds are loaded. Raises RuntimeError with its log if that fails."""
        super().start()
        try:
            self.client.wait_until_ready(_READY)
        except ConnectionError as error:
            log = b"".join(self.get_logs()).decode(errors="replace").strip()
            raise RuntimeError(f"the container does not answer: {error}\n{log}") from None
        return self

    @property
    def url(self) -> str:
        """The endpoint_url for boto3, from this machine."""
        return f"http://{self.get_container_host_ip()}:{self.get_exposed_port(PORT)}"

    @property
    def tls_url(self) -> str:
        """The endpoint_url for clients that speak HTTPS, after `with_tls`, from this machine."""
        return f"https://{self.get_container_host_ip()}:{self.get_exposed_port(TLS_PORT)}"

    @property
    def client(self) -> KeytrailClient:
        """The server's control: seeds, clock, calls, faults."""
        return KeytrailClient(self.url, self._token)

    def _copy(self, suffix: str, data: bytes) -> Self:
        self._seeds += 1
        self.with_copy_into_container(data, f"/fixtures/{self._seeds:03}{suffix}")
        return self
