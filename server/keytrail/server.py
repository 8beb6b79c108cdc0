"""KeytrailServer: an endpoint in the caller's own process."""

import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from keytrail.clock import Clock
from keytrail.crypto import key_pool
from keytrail.endpoint import Endpoint
from keytrail.http.serving import GRACE, Server, listen, url_of
from keytrail.settings import Settings, read_duration, read_moment
from keytrail.trail import RECORD_MEMBERS, Calls, Selection

SeedSource = str | Path | Mapping[str, Any]
"""The path of a seed file or folder, or a seed document."""


class KeytrailServer:
    """A Keytrail endpoint in this process, on a free port of 127.0.0.1; a context manager.

        with KeytrailServer(fixtures=["fixtures/quickstart.yaml"]) as server:
            kms = boto3.client("kms", endpoint_url=server.url, region_name="us-east-1", ...)

    `url` is there between start and stop, and the same after another start.
    """

    def __init__(
        self, settings: Settings | None = None, *, fixtures: SeedSource | Iterable[SeedSource] = (), **given: Any
    ) -> None:
        """Load the seeds that `fixtures` names: paths, or seed documents as mappings; one, or several.

        Other keyword arguments are those of Settings. Raises seeds.SeedError if a seed is bad,
        ValueError or TypeError for a bad setting.
        """
        seeds: Iterable[SeedSource] = [fixtures] if isinstance(fixtures, (str, Path, Mapping)) else list(fixtures)
        documents = [msgspec.json.encode(seed) for seed in seeds if isinstance(seed, Mapping)]
        paths = tuple(str(seed) for seed in seeds if not isinstance(seed, Mapping))
        if settings is None:
            given.setdefault("port", 0)
            settings = Settings(**given)
        settings = settings.with_fixtures(*paths)
        self.endpoint = Endpoint(settings, Clock(), documents)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._url = ""
        self._port = settings.port

    @property
    def settings(self) -> Settings:
        """The settings by now: a seed or the control API may have changed some."""
        return self.endpoint.settings

    @property
    def url(self) -> str:
        """What to give as endpoint_url. Raises RuntimeError when the server does not run."""
        if self._server is None:
            raise RuntimeError("the server does not run: call start(), or use it in a with statement")
        return self._url

    @property
    def now(self) -> datetime:
        """The endpoint's time: aware, UTC. `set_clock`, `advance` and `reset_clock` move it."""
        return self.endpoint.clock.now()

    def reset_clock(self) -> datetime:
        """Go back to the real time, running; gives it."""
        return self.endpoint.reset_clock()

    def start(self) -> "KeytrailServer":
        """Begin to answer. Raises OSError if the port is taken."""
        if self._server is not None:
            return self
        listener = listen(self.settings.host, self._port)
        self._port = listener.getsockname()[1]
        self._url = url_of(listener)
        self._server = Server(self.endpoint, listener)
        self._thread = threading.Thread(target=self._server.run, name="keytrail", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Answer what is in flight, and end; what was loaded stays for the next start."""
        if self._server is None or self._thread is None:
            return
        self._server.stop()
        self._thread.join(2 * GRACE)
        key_pool.POOL.stop()
        self._server = self._thread = None
        self.endpoint.close()

    def __enter__(self) -> "KeytrailServer":
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def reset(self, account: str | None = None) -> None:
        """Go back to just after the start; with an account, only what that account owns does."""
        self.endpoint.reset(account)

    def load(self, seed: SeedSource) -> dict[str, int]:
        """Load more: a seed document as a mapping, or the path of a file or folder.

        Gives what it held, counted. Raises seeds.SeedError and loads nothing if it is bad.
        """
        if isinstance(seed, Mapping):
            return self.endpoint.load(msgspec.json.encode(seed))
        return self.endpoint.load_files(str(seed))

    def secret_of(self, access_key_id: str) -> str | None:
        """The secret of an access key that a seed declares, or that STS gave out; None for any other."""
        return self.endpoint.callers.secret_of(access_key_id)

    def set_clock(
        self, now: datetime | str | None = None, *, frozen: bool | None = None, speed: float | None = None
    ) -> datetime:
        """Set the time (a datetime, or ISO 8601), whether it stands still, or its speed; gives the new time.

        A speed is how many seconds go by in a real one; it lets a frozen clock run, unless `frozen` says otherwise.
        Raises ValueError or OverflowError for what no clock can be.
        """
        moment = read_moment(now) if isinstance(now, str) else now
        return self.endpoint.set_clock(moment, frozen=frozen, speed=speed)

    def advance(self, duration: timedelta | str) -> datetime:
        """Move the time by a duration (a timedelta, or ISO 8601); gives the new time."""
        return self.endpoint.advance_clock(read_duration(duration) if isinstance(duration, str) else duration)

    def events(
        self,
        *,
        keyArn: str | None = None,
        eventName: str | None = None,
        errorCode: str | None = None,
        eventId: str | None = None,
        **members: object,
    ) -> list[dict[str, Any]]:
        """The CloudTrail records that match, oldest first: the filters of GET /_keytrail/events, or record members.

        Raises TypeError for a member that no record has.
        """
        unknown = members.keys() - RECORD_MEMBERS
        if unknown:
            raise TypeError(f"no CloudTrail record has a member {', '.join(sorted(unknown))}")
        self.endpoint.settle()
        chosen = self.endpoint.trail.select(
            Selection(event_id=eventId, key=keyArn, event_name=eventName, error_code=errorCode)
        )
        records = (event.record() for event in chosen)
        return [record for record in records if all(record.get(name) == members[name] for name in members)]

    def add_fault(self, rule: Mapping[str, Any] | None = None, **members: Any) -> dict[str, Any]:
        """Add a fault rule: `add_fault(Operations="Decrypt", Count=1, Error="KMSInternalException")`.

        Gives it with its Id. Raises seeds.SeedError, and adds nothing, if it is bad.
        """
        return self.endpoint.add_fault(msgspec.json.encode({**(rule or {}), **members}))

    def faults(self) -> list[dict[str, Any]]:
        """The fault rules, each with the Calls that it was about and its Hits."""
        return self.endpoint.faults.rules()

    def remove_faults(self, rule_id: str | None = None) -> int:
        """Remove a fault rule, or all; gives how many that were."""
        return self.endpoint.faults.remove(rule_id)

    def mark(self) -> int:
        """Where the trail is by now, for `calls(after=...)`."""
        return self.endpoint.trail.mark()

    def calls(
        self, operation: str | None = None, *, service: str | None = None, after: int = 0, **filters: Any
    ) -> Calls:
        """What was called, oldest first, each call once: `calls("Decrypt", key=..., encryption_context={...})`.

        Filters are those of trail.Selection: key (ARN, id or alias), encryption_context (pairs that are in it),
        error_code, succeeded, account, region, access_key_id, username, source_ip, user_agent, since, until.
        `service` is kms, cloudtrail or sts; `after` is a `mark()`. Raises TypeError for a filter that is none,
        NotFoundException for an alias that is none.
        """
        source = f"{service}.amazonaws.com" if service is not None else None
        return self.endpoint.calls(Selection(event_name=operation, event_source=source, **filters), after)
