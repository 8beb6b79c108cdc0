"""The calls of AWS that a recording makes, with boto3: no other module here knows it.

boto3 tries a call again at once; this module then waits longer and longer, for a throttled account needs minutes.
"""

import os
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

from keytrail.recording.refusals import Boto3Missing, Refused, Stopped

OLDEST_BOTO3 = "1.42.97"
"""The first boto3 that knows GetKeyLastUsage."""
PAUSES = (1, 2, 4, 8, 15, 30, 30, 30)
"""Seconds of waiting before a call that boto3 has given up is made again; then the recording stops."""

_TEMPORARY = frozenset(
    {
        *("Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException"),
        *("RequestLimitExceeded", "RequestThrottled", "RequestThrottledException"),
        *("KMSInternalException", "DependencyTimeoutException", "InternalFailure", "ServiceUnavailable"),
        *("ServiceUnavailableException", "InternalServerError", "InternalError"),
    }
)
_OF_CREDENTIALS = frozenset(
    {
        *("ExpiredToken", "ExpiredTokenException", "InvalidSignatureException", "SignatureDoesNotMatch"),
        *("MissingAuthenticationTokenException", "IncompleteSignatureException", "RequestExpired"),
    }
)
UNKNOWN_CALLER = frozenset({"UnrecognizedClientException", "InvalidClientTokenId"})
"""What a Region answers that the account has not enabled, or that knows the caller's session no more."""


class Patience:
    """Waits before a call is made again, and ends all waiting when the recording ends. Thread-safe."""

    def __init__(self, wait: Callable[[float], object] | None = None) -> None:
        """`wait` is a test's in place of waiting."""
        self._ended = Event()
        self._wait = wait or self._ended.wait

    def pause(self, seconds: float) -> None:
        """Wait so many seconds. Raises Stopped if the recording ends meanwhile."""
        self._wait(seconds)
        if self._ended.is_set():
            raise Stopped("interrupted; start again to continue")

    def end(self) -> None:
        """Let nobody wait any longer."""
        self._ended.set()


class Session:
    """The calls of one account, signed with a profile's credentials or with those of a role."""

    def __init__(self, session: Any, endpoint_url: str | None, patience: Patience) -> None:
        """Of a boto3 session."""
        self._session = session
        self._endpoint_url = endpoint_url
        self._patience = patience

    @property
    def region(self) -> str | None:
        """The Region of the profile or the environment."""
        region: str | None = self._session.region_name or os.environ.get("AWS_REGION")  # boto3 reads the former alone
        return region

    def end(self) -> None:
        """Let no call wait any longer before it is made again: the recording ends."""
        self._patience.end()

    def all_regions(self) -> list[str]:
        """The Regions with KMS that boto3 knows in the partition of the session's Region."""
        partition = self._session.get_partition_for_region(self.region or "us-east-1")
        regions: list[str] = self._session.get_available_regions("kms", partition_name=partition)
        return sorted(regions)

    def service(self, name: str, region: str) -> "Service":
        """The calls of a service in a Region. Raises Stopped if the profile has half of its credentials."""
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        config = Config(
            retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=32, user_agent_extra="keytrail"
        )
        try:
            client = self._session.client(name, region_name=region, endpoint_url=self._endpoint_url, config=config)
        except BotoCoreError as error:
            raise Stopped(str(error)) from None
        return Service(client, self._patience)

    def assuming(self, role: str, region: str) -> "Session":
        """The calls of the role's account. The role's session is renewed before it ends. Raises as `Service.ask`."""
        import boto3
        import botocore.session
        from botocore.credentials import RefreshableCredentials

        sts = self.service("sts", region)

        def credentials() -> dict[str, str]:
            given = sts.ask("AssumeRole", RoleArn=role, RoleSessionName="keytrail-record")["Credentials"]
            return {
                "access_key": given["AccessKeyId"],
                "secret_key": given["SecretAccessKey"],
                "token": given["SessionToken"],
                "expiry_time": given["Expiration"].isoformat(),
            }

        inner = botocore.session.Session()
        inner._credentials = RefreshableCredentials.create_from_metadata(credentials(), credentials, "assume-role")
        inner.set_config_variable("region", region)
        return Session(boto3.Session(botocore_session=inner), self._endpoint_url, self._patience)


class Service:
    """The calls of a service in one account and Region. Thread-safe."""

    def __init__(self, client: Any, patience: Patience) -> None:
        """Of a boto3 client."""
        self._client = client
        self._patience = patience

    def ask(self, operation: str, **members: object) -> dict[str, Any]:
        """The answer to a call. Raises Refused if AWS refuses it, Stopped if it can get no answer."""
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError

        for wait in (*PAUSES, None):
            try:
                reply: dict[str, Any] = getattr(self._client, xform_name(operation))(**members)
                return reply
            except ClientError as error:
                code = str(error.response.get("Error", {}).get("Code", ""))
                status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
                if code in _OF_CREDENTIALS:
                    raise Stopped(f"{error}; start again with valid credentials to continue") from None
                if code not in _TEMPORARY and status < 500:
                    raise Refused(code) from None
                reason = str(error)
            except BotoCoreError as error:
                reason = str(error)
                if not _may_pass(error):
                    raise Stopped(reason) from None
            if wait is not None:
                self._patience.pause(wait * random.uniform(0.5, 1))
        raise Stopped(f"{reason}; start again to continue")

    def pages(self, operation: str, part: str, **members: object) -> Iterator[Any]:
        """The items of all pages of KMS's lists. Raises as `ask`."""
        marker: dict[str, object] = {}
        while True:
            reply = self.ask(operation, **members, **marker)
            yield from reply[part]
            if not reply.get("Truncated"):
                return
            marker = {"Marker": reply["NextMarker"]}


def _may_pass(error: Exception) -> bool:
    """Whether a failure of the connection may pass: not where there are no credentials, or nobody listens."""
    from botocore import exceptions

    passing = (
        exceptions.ReadTimeoutError,
        exceptions.ConnectTimeoutError,
        exceptions.ConnectionClosedError,
        exceptions.IncompleteReadError,
        exceptions.ResponseStreamingError,
    )
    return isinstance(error, passing)


def open_session(profile: str | None, region: str | None, endpoint_url: str | None, patience: Patience) -> Session:
    """The calls with a profile's credentials. Raises Boto3Missing, and Stopped if there is no such profile."""
    try:
        import boto3
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise Boto3Missing("keytrail record needs boto3: pip install 'keytrail[record]'") from None
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
        known = session.client("kms", region_name=region or session.region_name or "us-east-1").meta.service_model
    except BotoCoreError as error:
        raise Stopped(str(error)) from None
    if "GetKeyLastUsage" not in known.operation_names:
        raise Boto3Missing(
            f"boto3 {boto3.__version__} does not know GetKeyLastUsage; {OLDEST_BOTO3} is the first that does: "
            "pip install 'keytrail[record]'"
        )
    return Session(session, endpoint_url, patience)


def plain(value: Any) -> Any:
    """A value of boto3 as JSON has it; moments are ISO 8601 in UTC, to the millisecond."""
    if isinstance(value, datetime):
        rounded = value.astimezone(UTC) + timedelta(microseconds=500)
        return rounded.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items() if name != "ResponseMetadata"}
    return [plain(item) for item in value] if isinstance(value, list) else value
