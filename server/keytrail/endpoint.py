"""Endpoint: all parts of one endpoint, and the operations on the whole of it: load, reset, move the clock, settings."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from keytrail import seeds
from keytrail.authentication.callers import Callers
from keytrail.authentication.sessions import IssuedSessions
from keytrail.authorization.authorizer import Authorizer
from keytrail.authorization.identities import Identities
from keytrail.clock import Clock, ClockSnapshot
from keytrail.dispatch import Dispatcher
from keytrail.domain.arn import is_alias, read_key_identifier
from keytrail.domain.credential import Credential
from keytrail.domain.fault import FaultRule
from keytrail.domain.identity import Identity
from keytrail.domain.organization import Membership
from keytrail.errors import AwsError
from keytrail.event_filters import require_known
from keytrail.faults import Faults
from keytrail.journal import Journal, durably
from keytrail.messages import Later, Request, Response
from keytrail.server_clock import ClockState
from keytrail.settings import Settings
from keytrail.snapshot import Snapshot, Snapshots
from keytrail.store import Store
from keytrail.trail import Calls, Event, Selection, Trail, TrailSnapshot, calls_of

if TYPE_CHECKING:
    from keytrail.data_dir import DataDir, Held, Parts
    from keytrail.trail.log_files import LogFiles


class _Snapshot(NamedTuple):
    """The state of an endpoint, to which `Endpoint.reset` goes back."""

    settings: Settings
    store: Store
    trail: TrailSnapshot
    callers: tuple[Mapping[str, Credential], IssuedSessions]
    identities: tuple[Mapping[str, Identity], Mapping[str, Membership]]
    faults: Mapping[str, FaultRule]
    clock: ClockSnapshot
    account: str | None = None
    """The only account that goes back; None: everything does."""


class Endpoint:
    """One endpoint: its store, trail, callers, clock and faults, and the dispatcher that answers requests with them."""

    def __init__(self, settings: Settings, clock: Clock, documents: Iterable[bytes] = ()) -> None:
        """Load the seed files that the settings name, then the documents.

        With a data folder, they are loaded at its first start, and then the endpoint continues with what is in it.
        Raises seeds.SeedError if one has mistakes, ValueError for a setting that is not valid.
        """
        self.settings = settings
        self.clock = clock
        self._log_files = _log_files(settings)
        self._data_dir = _data_dir(settings)
        state = self._data_dir.read() if self._data_dir is not None and not self._data_dir.is_new else None
        self.store = state.store if state is not None else Store()
        deliver = self._log_files.deliver if self._log_files is not None else None
        self.trail = Trail(settings.max_events, deliver=deliver, max_bytes=settings.max_trail)
        self.callers = Callers(settings.account, strict=settings.strict)
        self.identities = Identities()
        self.authorizer = Authorizer(self.identities)
        self.faults = Faults()
        self.dispatcher = Dispatcher(
            settings, clock, self.store, self.trail, self.callers, self.authorizer, self.faults
        )
        self._effects: Mapping[str, Callable[[Any], None]] = {
            "usage_delay": partial(setattr, self.trail, "usage_delay"),
            "consistency_delay": lambda delay: self.store.set_consistency_delay(delay, clock.now()),
            "request_quotas": self.faults.set_quotas,
        }
        """What to do when a setting changes whose value a part keeps for itself."""
        self.change_settings({name: getattr(settings, name) for name in self._effects})
        self.authority: bytes | None = None
        """In PEM, the certificate of the authority that clients of TLS have to trust, if it is the server's own."""
        self._lock = threading.Lock()
        self._loads = 0
        """How many seeds have been loaded since the start."""
        self._snapshots: Snapshots[_Snapshot] = Snapshots()
        self._initial: _Snapshot | None = None
        """None: it is in the data folder."""
        self.is_continued = state is not None
        """Whether the endpoint continues with what was in its data folder, so that seeds were not loaded."""
        try:
            if self._data_dir is not None:
                self._data_dir.keep(self._parts())
            if self._data_dir is not None and state is not None:
                self._data_dir.continue_with(state)
                self.settle()
            else:
                self._begin(documents)
        except BaseException:
            self.close()
            raise

    def _begin(self, documents: Iterable[bytes]) -> None:
        """Load the seeds, for the first time if there is a data folder."""
        self._load(seeds.read_files(self.settings.fixtures, self.settings, self.clock.now()))
        for document in documents:
            self.load(document)
        self._loads = 0
        self._initial = self._state()._replace(clock=Clock().snapshot())
        if self._data_dir is not None:
            self._data_dir.write_first()

    def load(self, document: bytes, account: str | None = None) -> dict[str, int]:
        """Load a seed document, YAML or JSON; gives the counts of its keys, aliases and credentials.

        `account` replaces the default account. If the document has mistakes, raises seeds.SeedError and loads nothing.
        """
        return self.load_documents([("document", document)], account)

    def load_documents(self, documents: Iterable[tuple[str, bytes]], account: str | None = None) -> dict[str, int]:
        """Load documents, each with its name for messages, together; as `load`."""
        settings = self.settings if account is None else self.settings.in_account(account)
        seed = seeds.read_documents(documents, settings, self.clock.now())
        if account is not None:
            if seed.settings:
                names = [seeds.SETTINGS[name] for name in seed.settings]
                raise seeds.SeedError(
                    f"settings.{name}: is the whole server's; load it without an account" for name in names
                )
            seed.faults = [rule.in_account(account) for rule in seed.faults]
        return self._load(seed)

    def load_files(self, *paths: str) -> dict[str, int]:
        """Load seed files or folders; as `load`."""
        return self._load(seeds.read_files(paths, self.settings, self.clock.now()))

    def _load(self, seed: seeds.Seed) -> dict[str, int]:
        with self.durably(), self._lock:
            self.settle()
            try:
                self.faults.require_room(len(seed.faults))
            except ValueError as error:
                raise seeds.SeedError([f"faults: {error}"]) from None
            seed.require_new(self.store, self.trail)
            seed.add_keys(self.store)
            self.change_settings(seed.settings)
            seed.record_uses(self.trail)
            self.callers.declare(seed.credentials)
            self.identities.declare(seed.identities, seed.memberships)
            self.faults.add(seed.faults)
            self.store.custom_key_stores.external_errors.update(seed.external_errors)
            self._loads += 1
        return {"keys": len(seed.keys), "aliases": len(seed.aliases), "credentials": len(seed.credentials)}

    @contextmanager
    def at_rest(self) -> Iterator[datetime]:
        """A block in which no seed is loaded and nothing is reset; all that is due has happened. Gives the time."""
        with self._lock:
            yield self.settle()

    def close(self) -> None:
        """Write what is due to log files and to the data folder.

        The endpoint can be used further, but if it has a data folder, not be changed before `open`.
        """
        if self._log_files is not None:
            self._log_files.close()
        if self._data_dir is not None:
            self._data_dir.close()

    def open(self) -> None:
        """Take the data folder again, after `close`, and continue with what is in it. Raises ValueError."""
        if self._data_dir is None or self._data_dir.is_open:
            return
        state = self._data_dir.open_again()
        self.store.restore(state.store)
        self.trail.restore(Trail(self.settings.max_events).snapshot())
        self._data_dir.continue_with(state)

    def _parts(self) -> "Parts":
        from keytrail.data_dir import Parts

        return Parts(
            self.store, self.trail, self.callers, self.identities, self.faults, self.clock, self.change_settings
        )

    @property
    def journal(self) -> Journal | None:
        """What has yet to be written to the data folder; None: there is no such folder."""
        return self._data_dir.journal if self._data_dir is not None else None

    def durably(self) -> AbstractContextManager[None]:
        """A block whose changes are written to the data folder together, and are there when it ends.

        Raises KMSInternalException if they cannot be written.
        """
        return durably(self.journal)

    def answers(
        self, answer: Callable[[Request], Response | Later[Response]]
    ) -> Callable[[Request], "Response | Later[Response] | Held"]:
        """What answers as `answer` does, but tells nothing that is not in the data folder yet."""
        if self.journal is None:
            return answer
        from keytrail.data_dir import HeldAnswers

        return HeldAnswers(answer, self.dispatcher.refuse, self.journal).answer

    def select(self, selection: Selection, after: int = 0) -> list[Event]:
        """The selected events of the trail, oldest first, from a mark of the trail on.

        Raises ValueError if the selection names an operation, a service or an error code that does not exist, and
        IncompleteTrailError if the trail lacks a call that may be a selected one.
        """
        require_known(selection)
        self.settle()
        self.trail.require_complete(selection, after)
        return self.trail.select(selection, after)

    def select_of_key(self, selection: Selection, after: int = 0) -> list[Event]:
        """As `select`, but the selection's key may be an alias, which stands for its present target.

        It is the ARN of one, or a name in the selection's account and Region (by default, those of the settings).
        Raises ValueError, too, if there is no such alias.
        """
        if selection.key is not None and is_alias(selection.key):
            parts = selection.key.split(":")
            region = parts[3] if len(parts) > 3 else selection.region or self.settings.region
            account = selection.account or self.settings.account
            named = read_key_identifier(selection.key, account, region, aliases=True)
            try:
                selection = replace(selection, key=self.store.newest.require_named(named).arn)
            except AwsError as error:
                raise ValueError(f"key: {error.message}") from None
        return self.select(selection, after)

    def calls(self, selection: Selection, after: int = 0) -> Calls:
        """The selected calls, as `select_of_key`.

        No service events, and each call once even if several accounts have it.
        """
        selected = self.select_of_key(replace(selection, called=True), after)
        return calls_of(selected, self.trail.select(Selection(called=True), after))

    def change_settings(self, changes: Mapping[str, Any]) -> None:
        """Change settings, by their names, from now on. Raises ValueError for a value that is not valid."""
        self.settings = self.dispatcher.settings = replace(self.settings, **changes)
        if self._data_dir is not None:
            self._data_dir.note_settings(self.settings)
        for name, value in changes.items():
            if name in self._effects:
                try:
                    self._effects[name](value)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None

    def add_fault(self, document: bytes) -> dict[str, Any]:
        """Add a fault rule, a JSON object; gives it with its Id. Raises seeds.SeedError."""
        rule = seeds.read_rule(document, self.settings)
        with self.durably():
            try:
                return self.faults.add([rule])[0]
            except ValueError as error:
                raise seeds.SeedError([str(error)]) from None

    def snapshot(self, name: str | None = None, account: str | None = None) -> Snapshot:
        """Keep the present state under a name, to go back to it with `reset`; with an account, only what that owns.

        It replaces another one with the name. Without a name it gets a number; the newest 100 of these are kept. Raises
        ValueError for a name that is none, and beyond 100 names.
        """
        with self._lock:
            self.settle()
            name = self._snapshots.keep(name, self._state()._replace(account=account))
            return Snapshot(name, self.trail.mark(), self._loads, account, self._end)

    def _end(self, name: str) -> None:
        self.reset(to=name)
        self.forget(name)

    def forget(self, name: str) -> bool:
        """Keep a snapshot no longer; False if it was not kept."""
        return self._snapshots.forget(name)

    def _state(self) -> _Snapshot:
        return _Snapshot(
            self.settings,
            self.store.snapshot(),
            self.trail.snapshot(),
            self.callers.snapshot(),
            self.identities.snapshot(),
            self.faults.snapshot(),
            self.clock.snapshot(),
        )

    def reset(self, account: str | None = None, *, to: str | None = None) -> None:
        """Restore everything to just after the start, or `to` a snapshot; with an account, only what that account owns.

        Keys with all that belongs to them, custom key stores, events, uses, and fault rules are an account's. Access
        keys, identities, sessions of STS, settings, request quotas and the clock are the whole endpoint's. Raises
        LookupError if there is no such snapshot, ValueError if it is one of another account.
        """
        with self.durably(), self._lock:
            state = self._initial_state() if to is None else self._snapshots.get(to)
            if state.account is not None:
                if account not in (None, state.account):
                    raise ValueError(f"snapshot {to} is one of account {state.account} alone")
                account = state.account
            self.store.restore(state.store, account)
            self.trail.restore(state.trail, account)
            self.faults.restore(state.faults, account)
            if account is None:
                self.callers.restore(state.callers)
                self.identities.restore(state.identities)
                self.change_settings({name: getattr(state.settings, name) for name in seeds.SETTINGS})
                before = self.clock.now()
                self.clock.restore(state.clock)
                self._after_move(before, self.clock.now())

    def _initial_state(self) -> _Snapshot:
        """What `reset` goes back to."""
        if self._initial is None:
            assert self._data_dir is not None
            state = self._data_dir.read_initial()
            trail = Trail(self.settings.max_events, max_bytes=self.settings.max_trail)
            state.fill(trail)
            self._initial = _Snapshot(
                replace(self._data_dir.settings, **self._data_dir.changed_settings(state)),
                state.store,
                trail.snapshot(),
                state.callers,
                state.identities,
                {rule.rule_id: rule.rule for rule in state.faults.rules},
                Clock().snapshot(),
            )
        return self._initial

    def clock_state(self) -> ClockState:
        """The time, whether it is frozen, and its speed."""
        return ClockState(self.clock.now(), self.clock.frozen, self.clock.speed)

    def set_clock(
        self, now: datetime | None = None, *, frozen: bool | None = None, speed: float | None = None
    ) -> datetime:
        """Set the time (UTC, if naive), whether it is frozen, or its speed, as Clock.set. Gives the new time."""
        if now is not None and now.tzinfo is None:
            now = now.replace(tzinfo=UTC)
        with self.durably():
            before = self.settle()
            return self._after_move(before, self.clock.set(now, frozen=frozen, speed=speed))

    def reset_clock(self) -> datetime:
        """Go back to the real time, running; gives it."""
        with self.durably():
            before = self.settle()
            self.clock.reset()
            return self._after_move(before, self.clock.now())

    def advance_clock(self, duration: timedelta) -> datetime:
        """Move the time by a duration; gives the new time. Raises OverflowError."""
        with self.durably():
            before = self.settle()
            return self._after_move(before, self.clock.advance(duration))

    def settle(self) -> datetime:
        """Let everything happen that is due by now, and give the time.

        Also called before the clock is moved: what is due would be missed if the clock were set back.
        """
        now = self.clock.now()
        self.dispatcher.settle(now)
        return now

    def _after_move(self, before: datetime, after: datetime) -> datetime:
        if self.journal is not None:
            self.journal.note("part", "clock", self.clock.snapshot())
        if after < before:
            self.trail.clock_set_back()
            self.store.show_all()
        self.dispatcher.settle(after)
        return after


def _data_dir(settings: Settings) -> "DataDir | None":
    if not settings.data_dir:
        return None
    from keytrail.data_dir import DataDir  # imported only if needed, for a quicker start

    return DataDir(settings, tuple(seeds.SETTINGS))


def _log_files(settings: Settings) -> "LogFiles | None":
    if not settings.trail_dir:
        return None
    from keytrail.trail.log_files import LogFiles  # imported only if needed, for a quicker start

    return LogFiles(settings.trail_dir, settings.trail_interval, settings.trail_batch)
