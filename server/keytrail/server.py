"""KeytrailServer: an endpoint that is served from a thread of this process."""

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from keytrail.ca_file import KEPT, CaFile
from keytrail.clock import Clock
from keytrail.crypto import key_pool
from keytrail.endpoint import Endpoint
from keytrail.explain import Question, decide, explain_request
from keytrail.export import export
from keytrail.http.serving import GRACE, Server, listen, listen_for_tls, url_of
from keytrail.invoke import Invocation, invoke
from keytrail.plain_values import encode_json
from keytrail.seeds import to_yaml
from keytrail.server_clock import ServerClock
from keytrail.settings import Settings
from keytrail.snapshot import Snapshot
from keytrail.trail import Calls, RecordedCall, Selection, require_one, selection_of_calls, with_members

if TYPE_CHECKING:
    from keytrail.http.tls import Tls

SeedSource = str | Path | Mapping[str, Any]
"""The path of a seed file or folder, or a seed document."""


class KeytrailServer:
    """A Keytrail endpoint in this process, on a free port of 127.0.0.1; a context manager.

        with KeytrailServer(fixtures=["fixtures/quickstart.yaml"]) as server:
            kms = boto3.client("kms", endpoint_url=server.url, region_name="us-east-1", ...)

    `url` can be read between start and stop; after another start it is the same. With `tls_port=0` the endpoint answers
    HTTPS, too, at `tls_url`. For a server that runs elsewhere, keytrail.client.KeytrailClient has the same methods.
    """

    clock: ServerClock
    """The server's clock: `server.clock.advance(days=30)`."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        fixtures: SeedSource | Iterable[SeedSource] = (),
        folder: str | Path = "",
        **members: Any,
    ) -> None:
        """Load the seeds in `fixtures`: a path, a seed document as a mapping, or several of these.

        Relative paths of seeds start from `folder`, by default the working directory. Further keyword arguments are
        those of Settings, unless there are `settings`. Raises seeds.SeedError if a seed has mistakes, ValueError or
        TypeError for a setting that is not valid.
        """
        self._folder = Path(folder)
        seeds: list[SeedSource] = [fixtures] if isinstance(fixtures, (str, Path, Mapping)) else list(fixtures)
        documents = [encode_json(seed) for seed in seeds if isinstance(seed, Mapping)]
        paths = tuple(str(self._folder / seed) for seed in seeds if not isinstance(seed, Mapping))
        if settings is None:
            members.setdefault("port", 0)
            settings = Settings.from_members(members)
        settings = settings.with_fixtures(*paths)
        self.endpoint = Endpoint(settings, Clock(), documents)
        self.clock = ServerClock(self.endpoint)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._url = ""
        self._port, self._tls_port = settings.port, settings.tls_port
        self._tls: Tls | None = None
        self._tls_url = ""
        self._ca_file: CaFile | None = None

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
    def tls_url(self) -> str:
        """The endpoint_url for clients that speak HTTPS. Raises RuntimeError as `url`, and without `tls_port`."""
        if self._server is None:
            raise RuntimeError("the server does not run: call start(), or use it in a with statement")
        if not self._tls_url:
            raise RuntimeError("the server speaks no TLS: KeytrailServer(tls_port=0)")
        return self._tls_url

    @property
    def ca_file(self) -> str:
        """The path of a PEM file with the authority that clients of `tls_url` have to trust; `stop` removes it.

        With `tls_dir` it is the file there, which stays. Raises RuntimeError as `tls_url`, and LookupError if the
        certificate was given, by `tls_cert`: then whoever made it has its authority.
        """
        authority = self.endpoint.authority if self.tls_url else None
        if authority is None:
            raise LookupError("the certificate was given (tls_cert), so whoever made it has its authority")
        if self.settings.tls_dir:
            return str(Path(self.settings.tls_dir, KEPT))
        if self._ca_file is None:
            self._ca_file = CaFile(authority)
        return self._ca_file.path

    def start(self) -> "KeytrailServer":
        """Begin to answer; nothing happens if it has begun.

        Raises OSError if a port is taken, ValueError if a file of TLS cannot be used.
        """
        if self._server is not None:
            return self
        self.endpoint.open()
        listener = listen(self.settings.host, self._port)
        try:
            tls_listener = listen_for_tls(self.settings, self._tls_port, self._tls)
        except (OSError, ValueError):
            listener.close()
            raise
        if tls_listener is not None:
            self._tls = tls_listener.tls
            self._tls_port = tls_listener.socket.getsockname()[1]
            self._tls_url = tls_listener.url
        self._port = listener.getsockname()[1]
        self._url = url_of(listener)
        self._server = Server(self.endpoint, listener, tls_listener)
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
        if self._ca_file is not None:
            self._ca_file.remove()
            self._ca_file = None
        self.endpoint.close()

    def __enter__(self) -> "KeytrailServer":
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def reset(self, account: str | None = None, *, to: Snapshot | str | None = None) -> None:
        """Go back to the state after the start, or to a snapshot; with an account, only what that account owns.

        Raises LookupError for a snapshot that is forgotten, ValueError for one of another account alone.
        """
        self.endpoint.reset(account, to=to.name if isinstance(to, Snapshot) else to)

    def snapshot(self, name: str | None = None, *, account: str | None = None) -> Snapshot:
        """Keep the present state, for `reset(to=...)`, or until the end of a with statement.

        With an account, only what that account owns goes back. A name is for other processes; a snapshot replaces an
        older one with its name. Of those without a name the newest 100 are kept. Raises ValueError for a name with
        other characters than letters, digits, dots, dashes and underscores, and beyond 100 names.
        """
        return self.endpoint.snapshot(name, account)

    def forget(self, snapshot: Snapshot | str) -> None:
        """Keep a snapshot no longer."""
        self.endpoint.forget(snapshot.name if isinstance(snapshot, Snapshot) else snapshot)

    def load(self, seed: SeedSource) -> dict[str, int]:
        """Load another seed: a document as a mapping, or the path of a file or folder.

        Gives the counts of its keys, aliases and credentials. If it has mistakes, raises seeds.SeedError and loads
        nothing.
        """
        if isinstance(seed, Mapping):
            return self.endpoint.load(encode_json(seed))
        return self.endpoint.load_files(str(self._folder / seed))

    def export(
        self,
        *,
        account: str | None = None,
        region: str | None = None,
        key: str | None = None,
        secrets: bool = False,
        moments: str = "absolute",
    ) -> dict[str, Any]:
        """The endpoint as a seed document, for `load`; or only what belongs to an account, a Region or a key.

        It contains key material. `key`: an id, an ARN or an alias. `secrets`: with secret access keys and session
        tokens. `moments`: `absolute`, or `relative` to now. Raises ValueError for a value that is not valid,
        LookupError if there is no such key.
        """
        written = export(self.endpoint, account=account, region=region, key=key, secrets=secrets, moments=moments)
        return written.document

    def export_yaml(self, **part: Any) -> str:
        """As `export`, with its arguments, but in YAML: comments at its head say what is not in it."""
        written = export(self.endpoint, **part)
        return to_yaml(written.document, written.notes)

    def secret_of(self, access_key_id: str) -> str | None:
        """The secret of an access key that a seed declares, or that STS issued; None for any other."""
        return self.endpoint.callers.secret_of(access_key_id)

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

        Raises TypeError for a name that is not a member of any record, ValueError for an operation or an error code
        that does not exist, trail.IncompleteTrailError if the event of a call is missing.
        """
        events = self.endpoint.select(
            Selection(event_id=eventId, key=keyArn, event_name=eventName, error_code=errorCode)
        )
        return with_members((event.record() for event in events), members)

    def add_fault(self, rule: Mapping[str, Any] | None = None, **members: Any) -> dict[str, Any]:
        """Add a fault rule: `add_fault(Operations="Decrypt", Count=1, Error="KMSInternalException")`.

        Gives it with its Id. If it has mistakes, raises seeds.SeedError and adds nothing.
        """
        return self.endpoint.add_fault(encode_json({**(rule or {}), **members}))

    def faults(self) -> list[dict[str, Any]]:
        """The fault rules, each with the Calls that it was about and its Hits."""
        return self.endpoint.faults.rules()

    def remove_faults(self, rule_id: str | None = None) -> int:
        """Remove a fault rule, or all. Gives how many were removed."""
        with self.endpoint.durably():
            return self.endpoint.faults.remove(rule_id)

    def mark(self) -> int:
        """The present end of the trail, for `calls(after=...)`."""
        return self.endpoint.trail.mark()

    def calls(
        self, operation: str | None = None, *, service: str | None = None, after: int = 0, **filters: Any
    ) -> Calls:
        """The calls, oldest first, each once: `calls("Decrypt", key=..., encryption_context={...})`.

        Filters: key (ARN, id or alias), encryption_context (pairs that it must have), error_code, succeeded, account,
        region, access_key_id, username, source_ip, user_agent (a part of it), request_id, event_id, since, until.
        `service` is kms, cloudtrail, sts or tagging; `after` is a `mark()`. Raises TypeError for an unknown filter;
        ValueError for an operation, a service, an error code or an alias that does not exist;
        trail.IncompleteTrailError if the event of a call is missing.
        """
        return self.endpoint.calls(selection_of_calls(operation, service, filters), after)

    def invoke(
        self,
        operation: str,
        members: Mapping[str, Any] | None = None,
        *,
        via: str,
        principal: str | None = None,
        access_key_id: str | None = None,
        region: str | None = None,
    ) -> dict[str, Any]:
        """A call that a service makes for a caller: `invoke("Decrypt", {...}, principal="arn:...", via="s3")`.

        The caller is a principal (an ARN, or an account) or an access key; without both, the default account. Gives
        what KMS answers, refusals too: `{"status": 200, "requestId": "...", "body": {...}}`, bytes in base64. Raises
        ValueError for a value that is not valid, and ConnectionError if a fault rule cuts the connection.
        """
        invocation = Invocation(
            operation=operation,
            members=members or {},
            via=via,
            principal=principal,
            access_key_id=access_key_id,
            region=region,
        )
        return invoke(self.endpoint, invocation)

    def explain(
        self,
        call: RecordedCall | str | None = None,
        *,
        event_id: str | None = None,
        action: str | None = None,
        principal: str | None = None,
        key_id: str | None = None,
        resource: str | None = None,
        region: str | None = None,
        request: Mapping[str, Any] | None = None,
        context: Mapping[str, str | list[str]] | None = None,
    ) -> dict[str, Any]:
        """Why a call was allowed or denied: `explain(call)`, its request id, or `event_id=`. As GET explain answers.

        With an action, whether it would be, without a call: `explain(action="kms:Decrypt", key_id="alias/orders")`.
        As POST explain answers. Raises LookupError for a call that is not known, ValueError for a value that is not
        valid, and TypeError unless there is exactly one call or action.
        """
        require_one(call, event_id, action)
        if action is None:
            return explain_request(self.endpoint, call if isinstance(call, str | None) else call.request_id, event_id)
        question = Question(
            action=action,
            principal=principal,
            key_id=key_id,
            resource=resource,
            region=region,
            request=request or {},
            context=context or {},
        )
        return decide(self.endpoint, question)
