"""KeytrailClient: a server that runs elsewhere, with the methods of KeytrailServer."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

import msgspec

from keytrail.ca_file import CaFile
from keytrail.client_messages import members_of, text_of
from keytrail.http_client import Answer, HttpClient
from keytrail.plain_values import encode_json
from keytrail.seed_upload import form_of_files
from keytrail.server_clock import ClockState, ServerClock
from keytrail.settings import Settings, read_moment
from keytrail.snapshot import Snapshot, require_name
from keytrail.trail import (
    FILTERS,
    Calls,
    RecordedCall,
    require_one,
    selection_of_calls,
    with_members,
)

SeedSource = str | Path | Mapping[str, Any]
"""The path of a seed file or folder, or a seed document."""


class KeytrailClient:
    """A Keytrail server that runs elsewhere: in a container, or started with `keytrail serve`.

        server = KeytrailClient("http://127.0.0.1:4599")
        server.load("fixtures/quickstart.yaml")

    It has the methods of keytrail.server.KeytrailServer, which raise the same errors; and ConnectionError if no
    Keytrail answers at the URL, PermissionError if it wants another token or has its control API switched off.

    With an account, it is about this account alone, so that several test processes can share a server: seeds belong to
    it by default, a reset resets nothing else, and events, calls and fault rules are those of this account.
    """

    clock: ServerClock
    """The server's clock: `server.clock.advance(days=30)`. All accounts have the same one."""

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        account: str | None = None,
        folder: str | Path = "",
        ca_file: str | Path | None = None,
    ) -> None:
        """Reach the server at a URL; nothing is sent yet. `token`: its KEYTRAIL_CONTROL_TOKEN.

        Relative paths of seeds start from `folder`, by default the working directory. `ca_file` is a PEM file with the
        authority to trust for a URL of HTTPS; by default, those that this machine trusts. Raises ValueError for a URL
        that is not one of HTTP or HTTPS.
        """
        self._http = HttpClient(url, token, str(ca_file) if ca_file is not None else None)
        self.url = self._http.url
        self.account = account
        self._folder = Path(folder)
        self._ca_file: CaFile | None = None
        self.clock = ServerClock(_ClockOfServer(self))

    def wait_until_ready(self, seconds: float = 30) -> None:
        """Wait until the server has loaded its seeds and answers. Raises ConnectionError if that takes longer."""
        end = monotonic() + seconds
        while True:
            try:
                self.ask("GET", "health")
                return
            except ConnectionError:
                if monotonic() > end:
                    raise
                sleep(0.1)

    @property
    def settings(self) -> Settings:
        """The present settings; without the control token. With an account, it is the default account in them."""
        settings = Settings.from_environment(self.ask("GET", "settings")["Environment"])
        return settings if self.account is None else settings.in_account(self.account)

    @property
    def tls_url(self) -> str:
        """The endpoint_url for clients that speak HTTPS: the host of `url`, and the port that the server has for it.

        Raises RuntimeError if the server has none, or did not choose it by itself (KEYTRAIL_TLS_PORT=0).
        """
        if self._http.is_secure:
            return self.url
        port = self.settings.tls_port
        if not port:
            raise RuntimeError(f"the server at {self.url} speaks no TLS: start it with KEYTRAIL_TLS_PORT and a port")
        host = self._http.host
        return f"https://{f'[{host}]' if ':' in host else host}:{port}"

    @property
    def ca_file(self) -> str:
        """The path of a PEM file with the authority that clients of `tls_url` have to trust: the one given, if any.

        Otherwise it is removed when the process ends. Raises LookupError if the server has no authority of its own.
        """
        if self._http.ca_file is not None:
            return self._http.ca_file
        if self._ca_file is None:
            answer = self._http.exchange("GET", "ca.pem", accept="application/x-pem-file")
            self._ca_file = CaFile(answer.body if answer.status == 200 else encode_json(members_of(self.url, answer)))
        return self._ca_file.path

    def reset(self, account: str | None = None, *, to: Snapshot | str | None = None) -> None:
        """Go back to the state after the start, or to a snapshot; with an account, only what that account owns.

        Raises LookupError for a snapshot that is forgotten, ValueError for one of another account alone.
        """
        query = {"account": account or self.account}
        if to is None:
            self.ask("POST", "reset", query)
        else:
            self.ask("PUT", _path_of(to), query)

    def snapshot(self, name: str | None = None, *, account: str | None = None) -> Snapshot:
        """Keep the present state, for `reset(to=...)`, or until the end of a with statement.

        With an account, only what that account owns goes back. A name is for other processes; a snapshot replaces an
        older one with its name. Of those without a name the newest 100 are kept. Raises ValueError for a name with
        other characters than letters, digits, dots, dashes and underscores, and beyond 100 names.
        """
        if name is not None:
            require_name(name)
        path, account = "snapshots" if name is None else _path_of(name), account or self.account
        answer = self.ask("POST", path, {"account": account})
        return Snapshot(answer["Name"], answer["Mark"], answer["Loads"], account, self._end)

    def _end(self, name: str) -> None:
        self.reset(to=name)
        self.forget(name)

    def forget(self, snapshot: Snapshot | str) -> None:
        """Keep a snapshot no longer."""
        with suppress(LookupError):  # it is forgotten already
            self.ask("DELETE", _path_of(snapshot))

    def load(self, seed: SeedSource) -> dict[str, int]:
        """Load another seed: a document as a mapping, or the path of a file or folder of this machine.

        Gives the counts of its keys, aliases and credentials. If it has mistakes, raises seeds.SeedError and loads
        nothing.
        """
        if isinstance(seed, Mapping):
            body, kind = encode_json(seed), "application/json"
        else:
            body, kind = form_of_files(self._folder / seed)
        answer = self.ask("POST", "fixtures", {"account": self.account}, body, kind)
        loaded: dict[str, int] = answer["loaded"]
        return loaded

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
        query = {"account": account, "region": region, "key": key, "secrets": secrets, "moments": moments}
        return members_of(self.url, self._export(query, "application/json"))

    def export_yaml(self, **part: Any) -> str:
        """As `export`, with its arguments, but in YAML: comments at its head say what is not in it."""
        answer = self._export(part, "application/yaml")
        if answer.status != 200 or answer.media_type != "application/yaml":
            members_of(self.url, answer)
            raise ConnectionError(f"what answers at {self.url} has no export: it is an older Keytrail")
        return answer.body.decode()

    def _export(self, part: Mapping[str, Any], media_type: str) -> Answer:
        query = {"account": self.account, **{name: text_of(value) for name, value in part.items() if value is not None}}
        return self._http.exchange("GET", "seed", query, accept=media_type)

    def secret_of(self, access_key_id: str) -> str | None:
        """The secret of an access key that a seed declares, or that STS issued; None for any other."""
        if not access_key_id:
            return None
        try:
            secret: str = self.ask("GET", f"credentials/{quote(access_key_id, safe='')}")["SecretAccessKey"]
        except LookupError:
            return None
        return secret

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
        with_members((), members)  # an unknown member is refused before anything is sent
        filters = {"keyArn": keyArn, "eventName": eventName, "errorCode": errorCode, "eventId": eventId}
        records = self.ask("GET", "events", {"account": self.account, **filters})["Records"]
        return with_members(records, members)

    def add_fault(self, rule: Mapping[str, Any] | None = None, **members: Any) -> dict[str, Any]:
        """Add a fault rule: `add_fault(Operations="Decrypt", Count=1, Error="KMSInternalException")`.

        Gives it with its Id. If it has mistakes, raises seeds.SeedError and adds nothing.
        """
        own = {"Account": self.account} if self.account is not None else {}
        return self.ask("POST", "faults", {}, encode_json({**own, **(rule or {}), **members}))

    def faults(self) -> list[dict[str, Any]]:
        """The fault rules, each with the Calls that it was about and its Hits."""
        rules: list[dict[str, Any]] = self.ask("GET", "faults")["Faults"]
        return [rule for rule in rules if self.account in (None, rule.get("Account"))]

    def remove_faults(self, rule_id: str | None = None) -> int:
        """Remove a fault rule, or all. Gives how many were removed."""
        if rule_id is None and self.account is not None:
            return sum(self.remove_faults(rule["Id"]) for rule in self.faults())
        path = "faults" if rule_id is None else f"faults/{quote(rule_id, safe='')}"
        try:
            removed: int = self.ask("DELETE", path)["Removed"]
        except LookupError:
            return 0
        return removed

    def mark(self) -> int:
        """The present end of the trail, for `calls(after=...)`."""
        mark: int = self.ask("GET", "mark")["Mark"]
        return mark

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
        selection = selection_of_calls(operation, service, filters)
        query = {name: text_of(getattr(selection, field)) for field, name in FILTERS.items()}
        query["account"] = query["account"] or self.account
        query |= {"eventName": selection.event_name, "eventSource": selection.event_source, "after": str(after)}
        answer = self.ask("GET", "calls", query)
        return Calls(msgspec.convert(answer["Calls"], list[RecordedCall]), answer["Others"])

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
        given = {
            "operation": operation,
            "members": members,
            "via": via,
            "principal": principal or (self.account if access_key_id is None else None),
            "accessKeyId": access_key_id,
            "region": region,
        }
        invocation = {name: value for name, value in given.items() if value is not None}
        return self.ask("POST", "invoke", {}, encode_json(invocation))

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
            request_id = call if isinstance(call, str | None) else call.request_id
            return self.ask("GET", "explain", {"requestId": request_id, "eventId": event_id})
        members = {
            "action": action,
            "principal": principal or self.account,
            "keyId": key_id,
            "resource": resource,
            "region": region,
            "request": request,
            "context": context,
        }
        question = {name: value for name, value in members.items() if value is not None}
        return self.ask("POST", "explain", {}, encode_json(question))

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | None] = {},
        body: bytes | None = None,
        kind: str = "application/json",
    ) -> dict[str, Any]:
        """The answer of a route of the control API: `ask("GET", "events", {"eventName": "Decrypt"})`.

        A parameter of the query that is None is left out; `kind` is the media type of the body. Raises the errors of
        the class: LookupError where there is no such thing (404), ValueError for any other refusal.
        """
        return members_of(self.url, self._http.exchange(method, path, query, body, kind))


class _ClockOfServer:
    """The clock of a server, by its control API."""

    def __init__(self, client: KeytrailClient) -> None:
        self._client = client

    def clock_state(self) -> ClockState:
        return _clock_state(self._client.ask("GET", "clock"))

    def set_clock(
        self, now: datetime | None = None, *, frozen: bool | None = None, speed: float | None = None
    ) -> datetime:
        if now is not None:
            now = now.replace(tzinfo=UTC) if now.tzinfo is None else now
        members = {"now": now.isoformat() if now is not None else None, "frozen": frozen, "speed": speed}
        return self._move("PUT", "clock", {name: value for name, value in members.items() if value is not None})

    def advance_clock(self, duration: timedelta) -> datetime:
        return self._move("POST", "clock/advance", {"seconds": duration.total_seconds()})

    def reset_clock(self) -> datetime:
        return self._move("POST", "clock/reset", {})

    def _move(self, method: str, path: str, members: Mapping[str, Any]) -> datetime:
        return _clock_state(self._client.ask(method, path, {}, encode_json(members))).now


def _clock_state(members: Mapping[str, Any]) -> ClockState:
    return ClockState(read_moment(members["now"]), members["frozen"], members["speed"])


def _path_of(snapshot: Snapshot | str) -> str:
    return f"snapshots/{quote(snapshot.name if isinstance(snapshot, Snapshot) else snapshot, safe='')}"
