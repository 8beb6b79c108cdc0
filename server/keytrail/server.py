"""KeytrailServer: an endpoint that is served from a thread of this process."""

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

    `url` can be read between start and stop; after another start it is the same.
    """

    def __init__(
        self, settings: Settings | None = None, *, fixtures: SeedSource | Iterable[SeedSource] = (), **members: Any
    ) -> None:
        """Load the seeds in `fixtures`: a path, a seed document as a mapping, or several of these.

        Further keyword arguments are those of Settings, unless there are `settings`. Raises seeds.SeedError if a seed
        has mistakes, ValueError or TypeError for a setting that is not valid.
        """
        seeds: Iterable[SeedSource] = [fixtures] if isinstance(fixtures, (str, Path, Mapping)) else list(fixtures)
        documents = [msgspec.json.encode(seed) for seed in seeds if isinstance(seed, Mapping)]
        paths = tuple(str(seed) for seed in seeds if not isinstance(seed, Mapping))
        if settings is None:
            members.setdefault("port", 0)
            settings = Settings.from_members(members)
        settings = settings.with_fixtures(*paths)
        self.endpoint = Endpoint(settings, Clock(), documents)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._url = ""
        self._port = settings.port

    @property
    def settings(self) -> Settings:
        """The present settings: a seed or the control API may have changed some."""
        return self.endpoint.settings

    @property
    def url(self) -> str:
        """The endpoint_url for boto3. Raises RuntimeError when the server does not run."""
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
        """Begin to answer; nothing happens if it has begun. Raises OSError if the port is taken."""
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
        """Answer the requests that have arrived, and stop. The state stays for another start."""
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
        """Go back to the state after the start; with an account, only what that account owns."""
        self.endpoint.reset(account)

    def load(self, seed: SeedSource) -> dict[str, int]:
        """Load another seed: a document as a mapping, or the path of a file or folder.

        Gives the counts of its keys, aliases and credentials. If it has mistakes, raises seeds.SeedError and loads
        nothing.
        """
        if isinstance(seed, Mapping):
            return self.endpoint.load(msgspec.json.encode(seed))
        return self.endpoint.load_files(str(seed))

    def secret_of(self, access_key_id: str) -> str | None:
        """The secret of an access key that a seed declares, or that STS issued; None for any other."""
        return self.endpoint.callers.secret_of(access_key_id)

    def set_clock(
        self, now: datetime | str | None = None, *, frozen: bool | None = None, speed: float | None = None
    ) -> datetime:
        """Set the time (a datetime, or ISO 8601), whether it is frozen, or its speed; gives the new time.

        A speed is how many seconds pass in a real second; it makes a frozen clock run, unless `frozen` is true. Raises
        OverflowError for a time out of range, ValueError for text or a speed that is not valid.
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
        """The CloudTrail records that match, oldest first, filtered by members of a record.

        Raises TypeError for a name that is not a member of any record.
        """
        unknown = members.keys() - RECORD_MEMBERS
        if unknown:
            raise TypeError(f"no CloudTrail record has a member {', '.join(sorted(unknown))}")
        self.endpoint.settle()
        events = self.endpoint.trail.select(
            Selection(event_id=eventId, key=keyArn, event_name=eventName, error_code=errorCode)
        )
        records = (event.record() for event in events)
        return [record for record in records if all(record.get(name) == members[name] for name in members)]

    def add_fault(self, rule: Mapping[str, Any] | None = None, **members: Any) -> dict[str, Any]:
        """Add a fault rule: `add_fault(Operations="Decrypt", Count=1, Error="KMSInternalException")`.

        Gives it with its Id. If it has mistakes, raises seeds.SeedError and adds nothing.
        """
        return self.endpoint.add_fault(msgspec.json.encode({**(rule or {}), **members}))

    def faults(self) -> list[dict[str, Any]]:
        """The fault rules, each with the Calls that it was about and its Hits."""
        return self.endpoint.faults.rules()

    def remove_faults(self, rule_id: str | None = None) -> int:
        """Remove a fault rule, or all. Gives how many were removed."""
        return self.endpoint.faults.remove(rule_id)

    def mark(self) -> int:
        """The present end of the trail, for `calls(after=...)`."""
        return self.endpoint.trail.mark()

    def calls(
        self, operation: str | None = None, *, service: str | None = None, after: int = 0, **filters: Any
    ) -> Calls:
        """The calls, oldest first, each once: `calls("Decrypt", key=..., encryption_context={...})`.

        Filters are those of trail.Selection: key (ARN, id or alias), encryption_context (pairs that it must have),
        error_code, succeeded, account, region, access_key_id, username, source_ip, user_agent, since, until.
        `service` is kms, cloudtrail or sts; `after` is a `mark()`. Raises TypeError for an unknown filter,
        NotFoundException for an unknown alias.
        """
        source = f"{service}.amazonaws.com" if service is not None else None
        return self.endpoint.calls(Selection(event_name=operation, event_source=source, **filters), after)
